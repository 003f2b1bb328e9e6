"""A person's own spreadsheet of scans, read to `Scans` or refused with every problem at once.

Cells are read as they stand: nothing is trimmed, filled in, converted or guessed. What could mean two things is refused, with file, row
(as a spreadsheet program numbers it, the header is row 1), column and the way out; what is clear but worth knowing becomes a note.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from remission.assessing.at_baseline import check_baseline
from remission.assessing.columns import MEASUREMENTS, OF_A_LESION, PATIENTS
from remission.assessing.ledger import Ledger
from remission.assessing.lives import check_lives
from remission.assessing.notes import notes_of
from remission.assessing.options import read_options
from remission.assessing.people import check_everyone, nobody, read_people
from remission.assessing.places import Places, places
from remission.assessing.rows import organs_of, read_rows
from remission.assessing.shaping import shaped
from remission.assessing.sheet import Sheet
from remission.assessing.sheets import Source, read_sheet
from remission.response.criterion import Criterion
from remission.response.scans import Scans

SIZES = ("diameter_mm", "perpendicular_mm")
ONE_AXIS = {"dimension": "1d", "missing_perpendicular": "round", "single_axis": "round"}
"""Options, with the choice under which one axis of a target is enough."""

__all__ = ["Read", "read_options", "read_scans"]


@dataclass(frozen=True)
class Read:
    """What was read: scans in the order in which patients first appear, then patients without any; names of organs by their numbers.

    dates: whether the file has dates instead of days; time_zero [M]: the day that counts as 0 on the clock of the file, dates as
    datetime64[D] (NaT unknown), else numbers.
    """

    scans: Scans
    organs: tuple[str, ...]
    notes: tuple[str, ...]
    dates: bool
    time_zero: NDArray[Any]


def read_scans(
    measurements: Source,
    patients: Source | None = None,
    criterion: Criterion | None = None,
    options: Mapping[str, object] | None = None,
) -> Read:
    """Measurements, and patients beside them, as files (CSV, Excel, Parquet) or polars tables; `InputError` lists all that is wrong.

    With a criterion, columns it needs must be there, and measured targets have both axes where it multiplies them under the `options`.
    """
    ledger = Ledger()
    sheet = read_sheet(measurements, "measurements", MEASUREMENTS, ledger)
    table = None if patients is None else read_sheet(patients, "patients", PATIENTS, ledger)
    if sheet is not None:
        _check_columns(sheet, criterion, ledger)
    if table is not None and not table.has("patient"):
        ledger.add(
            "the column `patient` is missing", f"{table.name}, row 1, column `patient`", remedy=f"the columns are {', '.join(PATIENTS)}"
        )
    if sheet is None:
        if table is not None:
            read_people(table, pl.Series(dtype=pl.String), _looks_dated(table), ledger)
        ledger.raise_if_any()
        raise AssertionError("a sheet that cannot be read was not refused")
    return _read(sheet, table, criterion, _two_axes(sheet, criterion, options or {}), ledger)


def _looks_dated(table: Sheet) -> bool:
    """Whether a table of patients has dates, where the measurements do not say."""
    zero = table.table["time_zero"] if table.has("time_zero") else pl.Series(dtype=pl.Null)
    return zero.dtype == pl.String and bool(zero.str.contains(r"^\d{4}-").any())


def _read(sheet: Sheet, table: Sheet | None, criterion: Criterion | None, two_axes: bool, ledger: Ledger) -> Read:
    is_dates = sheet.has("date") and not sheet.has("day")
    rows = read_rows(sheet, is_dates, two_axes, ledger)
    measured = rows.patient
    people = nobody(measured.names, is_dates) if table is None else read_people(table, measured.entries, is_dates, ledger)
    check_everyone(people, sheet, rows.patient, is_dates, ledger)
    where = places(rows, len(people.names))
    arrays = shaped(rows, where, ledger)
    day = where.day - people.time_zero[:, None]
    check_lives(people, where.day, _rows_of_last(where), sheet, ledger)
    arrays, pieces = check_baseline(rows, where, arrays, day, where.unsure | np.isnan(people.time_zero), ledger)
    ledger.raise_if_any()
    scans = Scans(
        people.patients(),
        day,
        arrays.kind,
        arrays.status,
        arrays.diameter,
        arrays.perpendicular,
        arrays.organ,
        arrays.findings,
        where.names,
    )
    zero = people.time_zero.astype("datetime64[D]") if is_dates else people.time_zero
    return Read(scans, organs_of(rows), notes_of(scans, rows, arrays, people, pieces, criterion), is_dates, zero)


def _rows_of_last(where: Places) -> NDArray[np.int64]:
    """A row of the last visit of every patient."""
    last = np.isfinite(where.day).sum(axis=1) - 1
    row = np.full(where.day.shape[0], 0)
    is_last = where.visit == last[where.patient]
    row[where.patient[is_last]] = where.row[is_last]
    return row


def _two_axes(sheet: Sheet, criterion: Criterion | None, options: Mapping[str, object]) -> bool:
    """Whether a measured target with one axis only is a mistake: the criterion multiplies axes, and the file has both."""
    if criterion is None or not sheet.has("perpendicular_mm") or any(options.get(name) == one for name, one in ONE_AXIS.items()):
        return False
    given = sheet.table["perpendicular_mm"].null_count() < sheet.rows.size
    return "perpendicular_mm" in criterion.needs or (criterion.two_axes and given)


def _has_targets(sheet: Sheet) -> bool:
    """Whether a lesion is, or may be, a target: sizes are not asked of others."""
    return not sheet.has("kind") or sheet.table["kind"].is_null().all() or bool(sheet.table["kind"].str.starts_with("target").any())


def _check_columns(sheet: Sheet, criterion: Criterion | None, ledger: Ledger) -> None:
    """Notes columns that are missing: those every file has, those a row of a lesion needs, and those the criterion needs."""
    here = f"{sheet.name}, row 1"
    if sheet.has("day", "date"):
        ledger.add("there are both `day` and `date`", f"{here}, column `date`", remedy="keep one of them")
    needed = ["patient"]
    if any(sheet.has(column) for column in OF_A_LESION):
        needed += ["lesion", "kind"]
        if not sheet.has("diameter_mm") and not sheet.has("status"):
            needed.append("diameter_mm")
    needed += [] if criterion is None else [column for column in criterion.needs if column not in SIZES or _has_targets(sheet)]
    for column in dict.fromkeys(needed):
        if not sheet.has(column):
            whose = f", which {criterion.name} needs," if criterion is not None and column in criterion.needs else ""
            remedy = f"add it; the columns are {', '.join(MEASUREMENTS)}"
            ledger.add(f"the column `{column}`{whose} is missing", f"{here}, column `{column}`", remedy=remedy)
    if not sheet.has("day") and not sheet.has("date"):
        remedy = "add `day` with days from time zero, or `date` with dates YYYY-MM-DD"
        ledger.add("the column `day` is missing", f"{here}, column `day`", remedy=remedy)
