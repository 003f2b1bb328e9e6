"""What cannot have happened to a patient: days of a life in the wrong order, and scans after a death."""

from __future__ import annotations

import numpy as np

from remission.assessing.ledger import SHOWN, Ledger
from remission.assessing.people import People
from remission.assessing.places import Index
from remission.assessing.sheet import Sheet
from remission.response.arrays import Flags, Floats

BEFORE = (
    ("death", "time_zero", "the death lies before time zero"),
    ("treatment_end", "treatment_start", "the treatment ends before it starts"),
    ("new_therapy", "treatment_start", "the new therapy starts before the treatment"),
    ("new_therapy", "time_zero", "the new therapy starts before time zero"),
)
AFTER = (
    ("treatment_start", "death", "the treatment starts after the death"),
    ("treatment_end", "death", "the treatment ends after the death"),
    ("radiation_end", "death", "the radiotherapy ends after the death"),
    ("new_therapy", "death", "the new therapy starts after the death"),
    ("last_contact", "death", "the last contact is after the death"),
)
"""A column, another one, and what it means when the first lies before (or after) the other."""
AT_LEAST = {"death": "correct the death, or the day of the scan", "last_contact": "the last contact is at least the last scan"}
"""Days that no scan may follow, with the way out."""


def check_lives(people: People, day: Floats, row_of_last: Index, measurements: Sheet, ledger: Ledger) -> None:
    """Notes what cannot be; a day that is noted for one reason is not noted for others that follow from it.

    `day` [M, V] of the visits on the clock of the file, `row_of_last` [M] the row of the last one.
    """
    if people.sheet is None:
        return
    clock = {**people.clock, "time_zero": people.time_zero}
    noted = {column: np.zeros(len(people.names), dtype=bool) for column in clock}
    for column, other, message in BEFORE:
        _in_order(people, column, other, clock[column] < clock[other], message, noted, ledger)
    _before_a_scan(people, day, row_of_last, measurements, noted, ledger)
    for column, other, message in AFTER:
        _in_order(people, column, other, clock[column] > clock[other], message, noted, ledger)


def _in_order(people: People, column: str, other: str, wrong: Flags, message: str, noted: dict[str, Flags], ledger: Ledger) -> None:
    assert people.sheet is not None
    rows = people.row[wrong & ~noted[other] & ~noted[column] & (people.row >= 0)]
    ledger.in_rows(people.sheet, column, rows, f"{message} (column `{other}`)", "correct one of the two")
    noted[column] |= wrong


def _before_a_scan(people: People, day: Floats, row_of_last: Index, measurements: Sheet, noted: dict[str, Flags], ledger: Ledger) -> None:
    sheet, last = people.sheet, np.fmax.reduce(day, axis=1)
    assert sheet is not None
    for column, remedy in AT_LEAST.items():
        early = (people.row >= 0) & (people.clock[column] < last) & ~noted[column]
        noted[column] |= early
        at = np.flatnonzero(early)
        at = at[np.argsort(people.row[at])]
        scans = [f"{measurements.name}, row {measurements.rows[row_of_last[one]]}" for one in at[:SHOWN].tolist()]
        rows = people.row[at[:SHOWN]].tolist()
        told = [(row, f"this lies before a scan ({scan})", sheet.cell(row, column), remedy) for row, scan in zip(rows, scans, strict=True)]
        ledger.told(sheet, column, told, at.size)
