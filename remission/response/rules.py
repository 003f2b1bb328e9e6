"""Small tables of clinical rules: one number per row, with unit, source and meaning.

A rule is a threshold a clinic agreed on, not a property of a patient; it has no spread. Rules live beside the file that
applies them, so a reader can check `leukemia.csv` against the publication without reading Python.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from remission.errors import InputError
from remission.response.arrays import Flags, Floats

COLUMNS = ("name", "value", "unit", "source", "meaning")
TOLERANCE = 1e-9
"""Decimal tolerance of every comparison with a threshold: 5.0 % exactly is at least 5 %."""


@dataclass(frozen=True)
class Rule:
    """One threshold of a criterion."""

    name: str
    value: float
    unit: str
    source: str
    meaning: str


def read_rules(path: Path) -> Mapping[str, Rule]:
    """The rules of one table by name; `InputError` names the row of a missing, doubled or non-numeric rule."""
    rules: dict[str, Rule] = {}
    for place, row in read_rows(path, COLUMNS):
        if row["name"] in rules:
            raise InputError("the rule is given twice", place=place, value=row["name"], remedy="keep one row")
        rules[row["name"]] = Rule(row["name"], number(row, "value", place), row["unit"], row["source"], row["meaning"])
    return rules


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The rows of a table with exactly these columns, each with its place for error messages."""
    with open(path, encoding="utf-8", newline="") as text:
        reader = csv.DictReader(text, restval="")
        if tuple(reader.fieldnames or ()) != tuple(columns):
            raise InputError("the columns are wrong", place=str(path), value=reader.fieldnames, remedy=f"use {','.join(columns)}")
        for row in reader:
            if None in row:
                raise InputError(
                    "the row has too many cells", f"{path}, line {reader.line_num}", remedy="put a text that has a comma in double quotes"
                )
            yield f"{path}, line {reader.line_num}", row


def number(row: Mapping[str, str], column: str, place: str) -> float:
    """A cell as a number, or an `InputError` that names the row and column."""
    try:
        return float(row[column])
    except ValueError:
        raise InputError("this is not a number", place=f"{place}, {column}", value=row[column], remedy="write a plain number") from None


def at_least(value: Floats, limit: Floats | float) -> Flags:
    """Whether a value reaches a limit; what is not known does not."""
    return value >= limit - TOLERANCE


def more_than(value: Floats, limit: Floats | float) -> Flags:
    """Whether a value passes a limit; what is not known does not."""
    return value > limit + TOLERANCE
