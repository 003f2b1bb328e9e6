"""`patients.csv`: arm, time zero and what befell each patient, on the clock of the measurements.

A patient of the measurements must stand in it; one without any scan is kept, since whoever was enrolled belongs to the denominator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from remission.assessing.cells import EMPTY, Coded, Numbers, dates, looked_up, numbers
from remission.assessing.columns import DAYS, PATIENTS
from remission.assessing.ledger import SHOWN, Ledger
from remission.assessing.names import names, patients
from remission.assessing.places import Index
from remission.assessing.sheet import Sheet
from remission.response.arrays import Flags, Floats
from remission.response.scans import Patients


@dataclass(frozen=True)
class People:
    """What the table says of M patients: those of the measurements first, in their order, then those without scans.

    clock: days by column [M] on the clock of the file; `row` [M] in the table, -1 where there is no table or no row.
    """

    sheet: Sheet | None
    names: Sequence[str]
    row: Index
    arm: NDArray[np.object_]
    time_zero: Floats
    clock: Mapping[str, Floats]
    cycles: Floats

    def patients(self) -> Patients:
        """The patients with days from time zero."""
        days = {column: self.clock[column] - self.time_zero for column in DAYS}
        return Patients(np.array(self.names, dtype=object), self.arm, cycles=self.cycles, **days)


def nobody(measured: Sequence[str], is_dates: bool) -> People:
    """Patients of whom nothing is known but their scans."""
    never = np.full(len(measured), np.nan)
    return People(
        None,
        measured,
        np.full(len(measured), -1),
        np.full(len(measured), "all", dtype=object),
        never if is_dates else np.zeros(len(measured)),
        dict.fromkeys(DAYS, never),
        never,
    )


def read_people(sheet: Sheet, measured: pl.Series, is_dates: bool, ledger: Ledger) -> People:
    """Every patient of both tables; what is wrong in a row, or with a patient who stands in one table only, is noted."""
    written = patients(sheet, ledger)
    everyone = pl.concat([measured, written.entries]).unique(maintain_order=True)
    patient = looked_up(written.code, written.entries.cast(pl.Enum(everyone)).to_physical().to_numpy(), EMPTY).astype(np.int64)
    row = _one_row_each(sheet, patient, len(everyone), ledger)
    clock = {column: _clock(sheet, column, is_dates, ledger) for column in (*DAYS, "time_zero")}
    zero = clock["time_zero"]
    if is_dates and sheet.has("time_zero"):
        ledger.cells(
            sheet, "time_zero", ~zero.given & ~zero.bad, "the date of time zero is empty", "fill it in; dates need a day that counts as 0"
        )
    time_zero = _of_patients(zero, row)
    return People(
        sheet,
        everyone.to_list(),
        row,
        _arms(sheet, row, written.doubtful, ledger),
        time_zero if is_dates else np.where(np.isnan(time_zero), 0.0, time_zero),
        {column: _of_patients(clock[column], row) for column in DAYS},
        _of_patients(numbers(sheet, PATIENTS["cycles"], ledger), row),
    )


def check_everyone(people: People, measurements: Sheet, patient: Coded, is_dates: bool, ledger: Ledger) -> None:
    """Notes patients whose scans cannot be placed: not in the table, or dated without time zero. `patient`: the column of the scans."""
    table = people.sheet
    if table is not None and table.whole and table.has("patient"):
        _, first = np.unique(patient.code, return_index=True)
        first = first[(patient.code[first] >= 0) & ~patient.doubtful[first]]
        lost = first[people.row[patient.code[first]] < 0]
        message = f"this patient does not stand in {table.name}"
        ledger.in_rows(measurements, "patient", lost, message, "add the patient there, or correct the name")
    if is_dates and (table is None or not table.has("time_zero")):
        where = f"{measurements.name}, row 1, column `date`" if table is None else f"{table.name}, row 1"
        message = "there are dates, but no time zero" if table is None else "the column `time_zero` is missing"
        ledger.add(message, where, remedy="give a table of patients with the columns `patient` and `time_zero`, or write days in `day`")


def _clock(sheet: Sheet, column: str, is_dates: bool, ledger: Ledger) -> Numbers:
    return dates(sheet, column, ledger) if is_dates else numbers(sheet, PATIENTS[column], ledger)


def _of_patients(column: Numbers, row: Index) -> Floats:
    return np.where(row >= 0, np.append(column.value, np.nan)[row], np.nan)


def _one_row_each(sheet: Sheet, patient: Index, patients: int, ledger: Ledger) -> Index:
    """The row of every patient, -1 without one; a second row is noted."""
    row = np.full(patients, -1)
    named = np.flatnonzero(patient >= 0)
    row[patient[named][::-1]] = named[::-1]
    again = named[row[patient[named]] != named]
    told = [
        (at, f"the patient stands in row {sheet.rows[row[patient[at]]]} already", sheet.cell(at, "patient"), "keep one row per patient")
        for at in again[:SHOWN].tolist()
    ]
    ledger.told(sheet, "patient", told, again.size)
    return row


def _arms(sheet: Sheet, row: Index, doubtful: Flags, ledger: Ledger) -> NDArray[np.object_]:
    """The arm of every patient; `all` where no arm is given."""
    written = names(sheet, "arm", ledger)
    if not len(written.names):
        return np.full(row.size, "all", dtype=object)
    ledger.cells(
        sheet,
        "arm",
        (written.code == EMPTY) & ~doubtful,
        "the arm is empty, while other patients have one",
        "fill it in, or empty the column",
    )
    arms = np.array([*written.names, "all"], dtype=object)
    return np.where(row >= 0, np.append(arms[written.code], "all")[row], "all")
