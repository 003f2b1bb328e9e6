"""The columns that a spreadsheet of scans and one of patients may have, with what they hold and how far a value may go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from remission.response.rules import read_rows

HEADER = ("table", "name", "holds", "low", "high", "unit", "meaning")


@dataclass(frozen=True)
class Column:
    """One column: `holds` is name, word, number, count, flag, change, date or clock (a day or a date, as the scans have it)."""

    name: str
    holds: str
    low: float
    high: float
    unit: str
    meaning: str


def _read(table: str) -> Mapping[str, Column]:
    rows = [row for _, row in read_rows(Path(__file__).with_name("columns.csv"), HEADER) if row["table"] == table]
    return {
        row["name"]: Column(
            row["name"], row["holds"], float(row["low"] or "-inf"), float(row["high"] or "inf"), row["unit"], row["meaning"]
        )
        for row in rows
    }


MEASUREMENTS = _read("measurements")
PATIENTS = _read("patients")
OF_A_LESION = ("lesion", "organ", "kind", "diameter_mm", "status", "new", "perpendicular_mm")
"""Columns that say something of a lesion; all others say something of the visit."""
DAYS = ("treatment_start", "treatment_end", "radiation_end", "new_therapy", "last_contact", "death")
"""Columns of a patient that are days beside time zero."""
CHANGES = {
    **dict.fromkeys(("-1", "improved", "decreased", "better"), -1.0),
    **dict.fromkeys(("0", "stable", "unchanged"), 0.0),
    **dict.fromkeys(("1", "worse", "deteriorated", "increased", "progression"), 1.0),
}
"""How `clinical` and `flair` may be written."""
