"""The options of a criterion: choices a protocol makes, each with its default and source.

Where publications leave something open, or disagree, the choice has a name here and a row in `<criterion>.options.csv`
(`name,default,choices,unit,source,meaning`); `choices` is `true|false`, words with `|` between them, or `number`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from remission.errors import InputError, Problems, nearest
from remission.response.rules import read_rows

COLUMNS = ("name", "default", "choices", "unit", "source", "meaning")
FLAG = "true|false"


@dataclass(frozen=True)
class Choice:
    """One option of a criterion: what may be chosen, what is chosen unless said otherwise, and who says so."""

    name: str
    default: Any
    choices: str
    unit: str
    source: str
    meaning: str

    def read(self, value: object) -> Any:
        """A value as this option takes it; `InputError` says what it takes."""
        if self.choices == "number":
            if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value < 0:
                raise InputError(
                    "this must be a number of at least 0", value=value, remedy=f"write a number without quotes{_in(self.unit)}"
                )
            return float(value)
        if self.choices == FLAG:
            if not isinstance(value, bool):
                raise InputError("this must be true or false", value=value, remedy="write true or false, without quotes")
            return value
        words = self.choices.split("|")
        if not isinstance(value, str) or value.strip() not in words:
            advice = nearest(value, words) if isinstance(value, str) else ""
            raise InputError(f"this is not a choice{advice}", value=value, remedy=f"use {' or '.join(words)}")
        return value.strip()


def read_choices(path: Path) -> Mapping[str, Choice]:
    """The options of one table by name; `InputError` names the row of a doubled name or a default that is no choice."""
    found: dict[str, Choice] = {}
    for place, row in read_rows(path, COLUMNS):
        if row["name"] in found:
            raise InputError("the option is given twice", place=place, value=row["name"], remedy="keep one row")
        try:
            default = Choice(**row).read(_typed(row["default"], row["choices"]))
        except InputError as error:
            raise error.at(place) from None
        found[row["name"]] = Choice(**{**row, "default": default})
    return found


def settled(choices: Mapping[str, Choice], given: Mapping[str, object] | None = None, place: str = "options") -> dict[str, Any]:
    """Every option with its value: what was given, else the default; all unknown names and wrong values at once."""
    problems = Problems()
    values = {name: choice.default for name, choice in choices.items()}
    for name, value in (given or {}).items():
        folded = str(name).strip().replace("-", "_")
        if folded not in choices:
            problems.add(f"unknown option{nearest(folded, choices)}", f"{place}: `{name}`", remedy=f"known: {', '.join(choices) or 'none'}")
            continue
        with problems.collect(f"{place}: `{name}`"):
            values[folded] = choices[folded].read(value)
    problems.raise_if_any()
    return values


def written(value: object) -> str:
    """The value of an option as people write it: true, 42, fda."""
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def _in(unit: str) -> str:
    return f", in {'days' if unit in ('d', 'day') else unit}" if unit not in ("", "1") else ""


def _typed(text: str, choices: str) -> object:
    if choices == "number":
        try:
            return float(text)
        except ValueError:
            return text
    return {"true": True, "false": False}.get(text, text) if choices == FLAG else text
