"""Parameter tables: one CSV beside each module.

Every number has a name, a unit, a scope, a spread, an evidence word and a source. Tables are read strictly and all
problems of a file are reported together. How later tables change single rows: `layers.py`.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf, isnan
from pathlib import Path
from typing import NamedTuple

from .distributions import Fixed, Law
from .distributions import parse as parse_law
from .errors import InputError, Problems, nearest
from .formulas import function_names, parse_formula
from .spreadsheets import check_header, read_csv, shown_path
from .units import unit

columns = ("name", "value", "unit", "per", "distribution", "low", "high", "evidence", "source", "meaning")
evidence_words = ("measured", "fitted", "calibrated", "computed", "assumed")
scopes = ("patient", "lesion", "clone")

_NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)
_KEY = re.compile(r"(?:[A-Za-z]\w*(?::\w+)*\.)?[A-Za-z]\w*", re.ASCII)


class Layer(NamedTuple):
    """One table a row went through: its name, the value written there (empty = inherited), and where."""

    name: str
    value: str
    place: str


@dataclass(frozen=True)
class Row:
    """One parameter.

    `value` is the median, or a text that starts with `=` for a formula. `None` in any field means "not said here": the
    layer below decides, and without one there are no limits and no spread. `low` and `high` are hard limits.
    """

    name: str
    value: float | str | None = None
    unit: str | None = None
    per: str | None = None
    distribution: Law | None = None
    low: float | None = None
    high: float | None = None
    evidence: str | None = None
    source: str | None = None
    meaning: str | None = None
    place: str = ""
    layers: tuple[Layer, ...] = ()

    @property
    def formula(self) -> str | None:
        """The text after `=`, or `None` when the row has a number."""
        return self.value[1:] if isinstance(self.value, str) else None

    @property
    def number(self) -> float:
        """The median of a row that has one; `InputError` for a formula or a row without a value."""
        if self.value is None or isinstance(self.value, str):
            raise InputError(f"`{self.name}` has no number", self.place or None, self.value, "ask for `formula`")
        return self.value

    @property
    def law(self) -> Law:
        """How the number varies; `Fixed` when nothing is said."""
        return Fixed() if self.distribution is None else self.distribution

    @property
    def limits(self) -> tuple[float, float]:
        """The lowest and highest value allowed, infinite when nothing is said."""
        return -inf if self.low is None else self.low, inf if self.high is None else self.high

    @property
    def value_text(self) -> str:
        """The value as written in a table."""
        return "" if self.value is None else self.value if isinstance(self.value, str) else f"{self.value!r}"


@dataclass(frozen=True)
class Table:
    """The rows of one CSV file, by the name written there."""

    rows: Mapping[str, Row]
    place: str

    @classmethod
    def read(cls, path: str | Path, override: bool = False) -> Table:
        """Read a table; `InputError` lists everything that is wrong with it.

        A module's own table has all columns and bare names. With `override` the names may be full keys
        (`module.name`), only the column `name` has to be there, and an empty cell means "as before".
        """
        place = shown_path(path)
        problems = Problems()
        rows: dict[str, Row] = {}
        for number, cells in _cells(Path(path), place, override, problems):
            here = f"{place} row {number}"
            row = _row(cells, here, override, problems)
            if row.name in rows:
                problems.add("the name stands twice", here, row.name, f"keep one; the other is {rows[row.name].place}")
            rows[row.name] = row
        problems.raise_if_any()
        return cls(rows, place)

    def of_module(self, module: str, layer_name: str = "module") -> dict[str, Row]:
        """The rows as the first layer of a module: full keys `module.name`."""
        return {f"{module}.{name}": replace(row, layers=(said_in(row, layer_name),)) for name, row in self.rows.items()}


def split_key(key: str) -> tuple[str, str]:
    """`car_t.volume` is (`car_t`, `volume`); a bare name has the module ``."""
    module, _, name = key.rpartition(".")
    return module, name


def check_row(row: Row) -> None:
    """Raise `InputError` for what is wrong with a complete row: gaps, words, order, law."""
    problems = Problems()
    for column in ("value", "unit", "per", "meaning"):
        if getattr(row, column) in (None, "") and not (column == "unit" and row.unit == ""):
            problems.add(f"`{row.name}` has no {column}", row.place, remedy=f"fill the column `{column}`")
    if row.formula is not None:
        _check_formula_row(row, problems)
    elif row.value is not None:
        _check_number_row(row, problems)
    problems.raise_if_any()


def _check_formula_row(row: Row, problems: Problems) -> None:
    remedy = "give the spread to the rows it names, or write a number"
    if not isinstance(row.law, Fixed):
        problems.add(f"`{row.name}` is a formula and cannot have a distribution", row.place, row.law.text(), remedy)
    if row.low is not None or row.high is not None:
        problems.add(f"`{row.name}` is a formula and cannot have limits", row.place, remedy="use min() and max() in the formula")


def _check_number_row(row: Row, problems: Problems) -> None:
    with problems.collect(f"{row.place}: `{row.name}`" if row.place else f"`{row.name}`"):
        row.law.check(row.number, *row.limits)
    if row.evidence is None:
        problems.add(f"`{row.name}` has no evidence", row.place, remedy=f"write one of {', '.join(evidence_words)}")
    elif row.evidence in ("measured", "fitted") and not row.source:
        problems.add(f"`{row.name}` is {row.evidence} but has no source", row.place, remedy="name the source, or write `assumed`")


def _cells(path: Path, place: str, override: bool, problems: Problems) -> Iterator[tuple[int, dict[str, str]]]:
    """Row number (as a spreadsheet counts) and cells by column; blank lines are left out, broken ones noted."""
    lines = read_csv(path, place)
    header = lines[0][1] if lines else []
    check_header(header, columns, ("name",) if override else columns, place)
    for number, cells in lines[1:]:
        if len(cells) == len(header):
            yield number, dict(zip(header, cells, strict=True))
        else:
            remedy = "put a text that has a comma in double quotes"
            problems.add(f"{len(cells)} cells where the header has {len(header)}", f"{place} row {number}", cells[0], remedy)


def _row(cells: Mapping[str, str], place: str, override: bool, problems: Problems) -> Row:
    """One row from its cells; problems are noted, the broken cell reads as not said."""
    texts = {column: cells.get(column, "") for column in columns}
    found = len(problems)
    with problems.collect(place):
        _check_name(texts["name"], _KEY if override else _NAME)
    readers = {"value": _value, "unit": _unit, "per": _word_of(scopes), "distribution": parse_law, "evidence": _word_of(evidence_words)}
    fields: dict = {column: texts[column] or None for column in ("source", "meaning")}
    for column, read in (readers | {"low": _limit, "high": _limit}).items():
        with problems.collect(f"{place}: `{texts['name']}` {column}"):
            fields[column] = read(texts[column]) if texts[column] else None
    row = Row(name=texts["name"], place=place, **fields)
    if not override and len(problems) == found:
        with problems.collect():
            check_row(row)
    return row


def _check_name(name: str, pattern: re.Pattern[str]) -> None:
    bare = split_key(name)[1]
    if not pattern.fullmatch(name):
        raise InputError("this is no name", value=name, remedy="use letters, digits and `_`, such as `half_life`")
    if bare in function_names or keyword.iskeyword(bare):
        raise InputError("the name has another meaning in formulas", value=name, remedy="choose a longer name")


def _value(text: str) -> float | str:
    if text.startswith("="):
        return "=" + parse_formula(text[1:].strip()).text
    return _finite(text)


def _unit(text: str) -> str:
    unit(text)
    return text


def _limit(text: str) -> float:
    number = -inf if text == "-inf" else inf if text == "inf" else _finite(text)
    return number


def _finite(text: str) -> float:
    """A plain decimal number."""
    try:
        number = float(text) if "_" not in text else inf
    except ValueError:
        number = inf
    if isnan(number) or number in (inf, -inf):
        raise InputError("this is no finite number", value=text, remedy="write for example 0.3 or 2.5e6, with a decimal point")
    return number


def _word_of(words: tuple[str, ...]):
    def read(text: str) -> str:
        if text not in words:
            raise InputError(f"unknown word{nearest(text, words)}", value=text, remedy=f"write one of {', '.join(words)}")
        return text

    return read


def said_in(row: Row, layer_name: str) -> Layer:
    """What one table says about a row, to be remembered."""
    return Layer(layer_name, row.value_text, row.place)
