"""Units of the clinic and the laboratory, checked once when a model is built; plain floats run inside.

One pint registry holds the usual units and those biology adds: `cell`, `copies` (of a transgene), `PFU`
(plaque-forming units of a virus) and `IU` (international units), each a dimension of its own, so that
`cell/day` and `1/day` do not mix. `Gy` is the absorbed dose, `month` is 30.4375 days, `U` is the enzyme unit.
Powers may be written as printed in the clinic: `mg/m2`, `J/cm2`.

Left out: temperatures with an offset (degree Celsius) and logarithmic units.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import chain

import pint

from .errors import InputError, nearest

_DEFINITIONS = (
    "cell = [cell]",
    "copies = [copies] = copies = copy",
    "plaque_forming_unit = [infectious_virus] = PFU = pfu",
    "international_unit = [biological_activity] = IU",
)
_NAMES = re.compile(r"[^\W\d]\w*|%")
_POWER = re.compile(r"([A-Za-zµμ%])(\d{1,2})\b")
_TERM = r"\(*\s*(?:1(?=\s*/)|(?:[^\W\d]+|%)(?:(?:\*\*|\^)?\(?-?\d{1,2}(?:\.\d{1,3})?\)?)?)\s*\)*"
_GRAMMAR = re.compile(rf"{_TERM}(?:(?:\s*[*/]\s*|\s+){_TERM})*")
_DIMENSIONLESS = ("", "1", "dimensionless")


def _registry() -> pint.UnitRegistry:
    registry = pint.UnitRegistry(autoconvert_offset_to_baseunit=False, cache_folder=None)
    for definition in _DEFINITIONS:
        registry.define(definition)
    return registry


registry = _registry()


@cache
def unit(text: str) -> pint.Unit:
    """The unit a text stands for; `1` or nothing is dimensionless. `InputError` when it is unknown."""
    text = text.strip()
    if text in _DIMENSIONLESS:
        return registry.Unit("")
    try:
        if not _GRAMMAR.fullmatch(text):
            raise ValueError("not a product of units and powers")
        return _multiplicative(registry.parse_units(_POWER.sub(r"\1**\2", text)), text)
    except pint.UndefinedUnitError as error:
        unknown = _first_unknown(text)
        raise InputError(
            f"`{unknown}` is no known unit{_advice(unknown)}", value=text, remedy="write for example `mg/L`, `cell/uL` or `1`"
        ) from error
    except InputError:
        raise
    except Exception as error:  # pint raises many kinds for text that is no unit at all
        remedy = "write a product of units and powers such as `mg/m2/day`, without a number in front; `1` is dimensionless"
        raise InputError("this is no unit", value=text, remedy=remedy) from error


def is_same_dimension(a: str | pint.Unit, b: str | pint.Unit) -> bool:
    """Whether one unit converts into the other."""
    return _as_unit(a).dimensionality == _as_unit(b).dimensionality


def factor(source: str | pint.Unit, target: str | pint.Unit) -> float:
    """What an amount in `source` is multiplied by to be in `target`; `InputError` when dimensions differ."""
    a, b = _as_unit(source), _as_unit(target)
    if a == b:
        return 1.0
    if a.dimensionality != b.dimensionality:
        message = f"`{_written(source)}` does not convert to `{_written(target)}`: {_dimension(a)} is not {_dimension(b)}"
        raise InputError(message, remedy=f"use a unit of the same dimension as `{_written(target)}`")
    return _factor(a, b)


def text_of(a: str | pint.Unit) -> str:
    """How a unit is printed in tables and messages: `mg/L/day`; `1` when dimensionless."""
    return f"{_as_unit(a):~C}".replace("**", "^") or "1"


def _written(a: str | pint.Unit) -> str:
    """A unit as its author wrote it, or as `text_of` prints it."""
    return a.strip() or "1" if isinstance(a, str) else text_of(a)


@cache
def _factor(source: pint.Unit, target: pint.Unit) -> float:
    return float(registry.Quantity(1.0, source).to(target).magnitude)


def _as_unit(a: str | pint.Unit) -> pint.Unit:
    return unit(a) if isinstance(a, str) else a


def _dimension(a: pint.Unit) -> str:
    return str(a.dimensionality).replace(" ** ", "^") if a.dimensionality else "dimensionless"


def _multiplicative(parsed: pint.Unit, text: str) -> pint.Unit:
    if not registry.Quantity(1, parsed)._is_multiplicative:
        raise InputError("a unit with an offset cannot be used in equations", value=text, remedy="use `kelvin`")
    return parsed


def _first_unknown(text: str) -> str:
    for name in _NAMES.findall(_POWER.sub(r"\1**\2", text)):
        try:
            registry.parse_units(name)
        except pint.UndefinedUnitError:
            return name
    return text


def _advice(name: str) -> str:
    """The nearest unit: common symbols first, then every name the registry knows."""
    return nearest(name, _COMMON) or nearest(name, (known for known in chain(registry) if known.isascii()))


_COMMON = (
    *("day", "hour", "minute", "week", "month", "year"),
    *("kg", "g", "mg", "ug", "ng", "pg", "L", "dL", "mL", "uL", "m", "cm", "mm", "um"),
    *("mol", "nmol", "pmol", "nM", "uM", "pM", "Gy", "J", "mJ", "cell", "cells", "copies", "PFU", "IU", "percent"),
)
