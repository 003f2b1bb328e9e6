"""Changing single parameters by hand (`--set KEY=VALUE`): the last layer, checked like the others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from math import isfinite

from .distributions import Fixed, Law, LogitNormal, LogNormal, Normal
from .distributions import parse as parse_law
from .errors import InputError, Problems, nearest
from .formulas import parse_formula
from .layers import in_unit_of
from .tables import Layer, Row, check_row

_NUMBER_AND_REST = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*)", re.DOTALL)


def changed_rows(rows: Mapping[str, Row], values: Mapping[str, float | str], place: str) -> dict[str, Row]:
    """The rows that `values` change, by key; `InputError` lists all that cannot be."""
    problems = Problems()
    changed: dict[str, Row] = {}
    for written, value in values.items():
        with problems.collect(f"{place} {written}"):
            key, aspect = _target(written, rows)
            row = changed.get(key, rows[key])
            new = _CHANGES[aspect](row, value, place)
            said = Layer(place, f"{aspect} {value}".strip(), f"{place} {written}")
            new = replace(new, layers=(*row.layers, said), place="")
            _check_range(new)
            check_row(new)
            changed[key] = replace(new, place=said.place)
    problems.raise_if_any()
    return changed


def _target(written: str, rows: Mapping[str, Row]) -> tuple[str, str]:
    """The key and the aspect (nothing, `median`, `sd`, `cv`, `distribution`) that a text such as `car_t.volume.sd` means."""
    for name in (written, written.replace("-", "_")):
        if name in rows:
            return name, ""
        key, _, aspect = name.rpartition(".")
        if aspect in _CHANGES and key in rows:
            return key, aspect
    close = [*rows, *(f"{key}.{aspect}" for key in rows for aspect in _CHANGES if aspect)] if written.count(".") > 1 else rows
    raise InputError(f"unknown parameter{nearest(written, close)}", remedy="`remission describe car_t` lists the numbers of a therapy")


def _set_value(row: Row, value: float | str, place: str) -> Row:
    """A number or row text in place of the value; the spread goes unless a law is written."""
    if isinstance(value, str) and value.strip().startswith("="):
        parsed = "=" + parse_formula(value.strip()[1:].strip()).text
        return replace(row, value=parsed, distribution=None, low=None, high=None, evidence=None, source=None)
    number, law, unit_text = _read(value)
    above = in_unit_of(row, Row(row.name, number, unit_text, distribution=law))
    return _assumed(replace(row, value=above.value, distribution=above.distribution), place)


def _set_median(row: Row, value: float | str, place: str) -> Row:
    _refuse_formula(row)
    number, law, unit_text = _read(value)
    if not isinstance(law, Fixed):
        raise InputError("a median is a number", value=value, remedy="use the key itself to write a number with a law")
    return _assumed(replace(row, value=in_unit_of(row, Row(row.name, number, unit_text)).value), place)


def _set_sd(row: Row, value: float | str, place: str) -> Row:
    _refuse_formula(row)
    law = row.law
    if not isinstance(law, LogNormal | Normal | LogitNormal):
        raise InputError(f"`{law.name}` has no sd to change", value=value, remedy=_whole_row(row))
    number = _spread(value)
    return _assumed(replace(row, distribution=type(law)(number) if number else Fixed()), place)


def _set_cv(row: Row, value: float | str, place: str) -> Row:
    _refuse_formula(row)
    if not isinstance(row.law, LogNormal):
        raise InputError(f"`{row.law.name}` has no cv to change", value=value, remedy=_whole_row(row))
    number = _spread(value)
    return _assumed(replace(row, distribution=LogNormal.from_cv(number) if number else Fixed()), place)


def _set_distribution(row: Row, value: float | str, place: str) -> Row:
    _refuse_formula(row)
    return _assumed(replace(row, distribution=parse_law(str(value))), place)


_CHANGES = {"": _set_value, "median": _set_median, "sd": _set_sd, "cv": _set_cv, "distribution": _set_distribution}


def _read(value: float | str) -> tuple[float, Law, str | None]:
    """Number, law and unit of `2.5`, `22 hour` or `2.5 lognormal(cv=0.2)`."""
    rest = ""
    if isinstance(value, str):
        found = _NUMBER_AND_REST.fullmatch(value)
        if found is None:
            raise _no_number(value)
        number, rest = float(found[1]), found[2].strip()
    elif isinstance(value, bool):
        raise _no_number(value)
    else:
        try:
            number = float(value)
        except (TypeError, ValueError) as error:
            raise _no_number(value) from error
    if not isfinite(number):
        raise _no_number(value)
    if "(" in rest or rest in ("uniform", "loguniform", "fixed"):
        return number, parse_law(rest), None
    return number, Fixed(), rest or None


def _no_number(value: object) -> InputError:
    return InputError("this is no number", value=value, remedy="write 2.5, `22 hour`, `2.5 lognormal(cv=0.2)` or a formula with `=`")


def _spread(value: float | str) -> float:
    number, law, unit_text = _read(value)
    if number < 0 or unit_text or not isinstance(law, Fixed):
        raise InputError("a spread is a plain number, 0 or more", value=value, remedy="write for example 0.3; 0 switches it off")
    return number


def _assumed(row: Row, place: str) -> Row:
    return replace(row, evidence="assumed", source=place)


def _refuse_formula(row: Row) -> None:
    if row.formula is not None:
        raise InputError("the row is a formula and has no spread of its own", value=row.value, remedy="change the rows that it names")


def _whole_row(row: Row) -> str:
    return f"write the number and its law, such as `{row.number:g} lognormal(sd=0.3)`"


def _check_range(row: Row) -> None:
    low, high = row.limits
    if row.formula is None and not low <= row.number <= high:
        unit_text = "" if row.unit in (None, "", "1") else f" {row.unit}"
        raise InputError("outside the allowed range", value=row.value, remedy=f"choose a number in {low:g}..{high:g}{unit_text}")
