"""Small tables of clinical rules: one number per row, with unit, source and meaning.

A rule is a threshold a clinic agreed on, not a property of a patient; it has no spread. Rules live beside the file that
applies them, so a reader can check `leukemia.csv` against the publication without reading Python.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from remission.errors import InputError

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
    with open(path, encoding="utf-8", newline="") as text:
        reader = csv.DictReader(text)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise InputError("the columns are wrong", place=str(path), value=reader.fieldnames, remedy=f"use {','.join(COLUMNS)}")
        rules: dict[str, Rule] = {}
        for row in reader:
            rule = _rule(row, f"{path}, line {reader.line_num}")
            if rule.name in rules:
                raise InputError("the rule is given twice", place=f"{path}, line {reader.line_num}", value=rule.name, remedy="keep one row")
            rules[rule.name] = rule
    return rules


def _rule(row: Mapping[str, str], place: str) -> Rule:
    try:
        value = float(row["value"])
    except (TypeError, ValueError):
        raise InputError("the value is not a number", place=place, value=row["value"], remedy="write a plain number") from None
    return Rule(row["name"], value, row["unit"], row["source"], row["meaning"])
