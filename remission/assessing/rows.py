"""The rows of a spreadsheet of scans as values, with what can be wrong inside a single row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from remission.assessing.cells import BAD, EMPTY, Coded, Numbers, changes, dates, numbers, words
from remission.assessing.columns import MEASUREMENTS
from remission.assessing.ledger import Ledger
from remission.assessing.names import names, patients
from remission.assessing.sheet import Sheet
from remission.response.arrays import Flags
from remission.response.scans import FINDINGS, Kind, Status
from remission.response.target_choice import RULES

KINDS = {kind.text: int(kind) for kind in Kind}
STATUSES = {
    status.text: int(status) for status in (Status.MEASURED, Status.TOO_SMALL, Status.ABSENT, Status.PRESENT, Status.PROGRESSION)
} | {Status.NOT_EVALUABLE.text: int(Status.NOT_EVALUABLE)}
MEASURABLE = RULES["measurable"].value
"""Millimeters from which a lesion is not too small to measure, as in RECIST 1.1."""


@dataclass(frozen=True)
class Rows:
    """Every row of the sheet: `patient` and `lesion` as numbers of names, codes of `Kind` and `Status`, sizes, findings.

    Codes are EMPTY or BAD where there is none; `status` is what the row says after the diameter was consulted, `said` only the cell.
    """

    sheet: Sheet
    patient: Coded
    lesion: Coded
    organ: Coded
    day: Numbers
    kind: NDArray[np.int32]
    said: NDArray[np.int32]
    status: NDArray[np.int32]
    new: Numbers
    diameter: Numbers
    perpendicular: Numbers
    findings: Mapping[str, Numbers]
    doubtful: Flags
    """Rows that were noted for a reason that makes it unclear whose visit or lesion they tell of."""

    @property
    def of_lesion(self) -> Flags:
        """Rows that name a lesion; the others tell of the visit alone."""
        return self.lesion.code != EMPTY


def read_rows(sheet: Sheet, is_dates: bool, two_axes: bool, ledger: Ledger) -> Rows:
    """All columns read and every row checked by itself. `two_axes`: whether measured targets need their perpendicular diameter."""
    rows = _read(sheet, is_dates, ledger)
    _day_given(rows, "date" if is_dates else "day", ledger)
    rows = replace(rows, doubtful=rows.patient.doubtful | rows.lesion.doubtful | ~rows.day.given | _nameless(rows, ledger))
    _kind_given(rows, ledger)
    rows = replace(rows, status=np.where(_unlike_diameter(rows, ledger), BAD, rows.status).astype(np.int32))
    _status_fits_kind(rows, ledger)
    _new_fits_kind(rows, ledger)
    _perpendicular_fits(rows, two_axes, ledger)
    return rows


def _read(sheet: Sheet, is_dates: bool, ledger: Ledger) -> Rows:
    patient = patients(sheet, ledger)
    said = words(sheet, "status", STATUSES, ledger)
    diameter = numbers(sheet, MEASUREMENTS["diameter_mm"], ledger)
    followed = np.where(diameter.given, np.where(diameter.value > 0, Status.MEASURED, Status.ABSENT), Status.NOT_EVALUABLE)
    return Rows(
        sheet,
        patient,
        names(sheet, "lesion", ledger, within=patient),
        names(sheet, "organ", ledger),
        dates(sheet, "date", ledger) if is_dates else numbers(sheet, MEASUREMENTS["day"], ledger),
        words(sheet, "kind", KINDS, ledger),
        said,
        np.where(said == EMPTY, np.where(diameter.bad, BAD, followed), said).astype(np.int32),
        numbers(sheet, MEASUREMENTS["new"], ledger),
        diameter,
        numbers(sheet, MEASUREMENTS["perpendicular_mm"], ledger),
        {
            name: changes(sheet, name, ledger) if MEASUREMENTS[name].holds == "change" else numbers(sheet, MEASUREMENTS[name], ledger)
            for name in FINDINGS
            if sheet.has(name)
        },
        np.zeros(sheet.rows.size, dtype=bool),
    )


def _day_given(rows: Rows, column: str, ledger: Ledger) -> None:
    wrong = ~rows.day.given & ~rows.day.bad
    if rows.sheet.has(column):
        ledger.cells(
            rows.sheet, column, wrong, f"the {column} is empty", "fill it in on every row; unmerge cells that a spreadsheet merged"
        )


def _kind_given(rows: Rows, ledger: Ledger) -> None:
    if rows.sheet.has("kind"):
        ledger.cells(
            rows.sheet,
            "kind",
            rows.of_lesion & (rows.kind == EMPTY) & ~rows.lesion.doubtful,
            "the kind is empty",
            f"write {', '.join(KINDS)}",
        )


def _nameless(rows: Rows, ledger: Ledger) -> Flags:
    """Rows that say something of a lesion without naming it."""
    given = {
        "kind": rows.kind != EMPTY,
        "organ": rows.organ.code != EMPTY,
        "diameter_mm": rows.diameter.given | rows.diameter.bad,
        "status": rows.said != EMPTY,
        "new": rows.new.given & (rows.new.value != 0) | rows.new.bad,
        "perpendicular_mm": rows.perpendicular.given | rows.perpendicular.bad,
    }
    wrong = ~rows.of_lesion & np.logical_or.reduce(list(given.values()))
    if not rows.sheet.has("lesion"):
        return np.zeros_like(wrong)
    message = "the row says something of a lesion without naming it"
    ledger.cells(rows.sheet, "lesion", wrong, message, "fill in `lesion`, or empty the other columns of lesions on this row")
    return wrong


def _unlike_diameter(rows: Rows, ledger: Ledger) -> Flags:
    """Rows whose status contradicts their diameter."""
    found = np.zeros(rows.sheet.rows.size, dtype=bool)
    if not rows.sheet.has("diameter_mm"):
        return found
    said, size, given = rows.said, rows.diameter.value, rows.diameter.given
    unknown = rows.of_lesion & ~rows.diameter.bad
    is_zero, is_size = given & (size == 0), given & (size > 0)
    node = (rows.kind == Kind.TARGET_NODE) | (rows.kind == Kind.NON_TARGET_NODE)
    measured = unknown & (said == Status.MEASURED)

    def refuse(wrong: Flags, message: str, remedy: str) -> None:
        nonlocal found
        found |= wrong
        ledger.cells(rows.sheet, "diameter_mm", wrong, message, remedy)

    write = "write the diameter in mm, or `status` not_evaluable"
    refuse(measured & ~given & node, "the node is measured, yet its short axis is not given", write.replace("diameter", "short axis"))
    refuse(measured & ~given & ~node, "the lesion is measured, yet its diameter is not given", write)
    refuse(measured & is_zero, "the status is measured, yet the diameter is 0", "write `status` absent for a lesion that is gone")
    refuse(unknown & (said == Status.ABSENT) & is_size, "the status is absent, yet there is a diameter", "correct one of them")
    refuse(unknown & (said == Status.NOT_EVALUABLE) & given, "the status is not_evaluable, yet there is a diameter", "empty one of them")
    small = unknown & (said == Status.TOO_SMALL)
    refuse(small & is_zero, "the status is too_small, yet the diameter is 0", "write `status` absent, or empty the diameter")
    large = small & (size >= MEASURABLE)
    refuse(large, f"the status is too_small, yet the diameter is {MEASURABLE:g} mm or more", "write `status` measured")
    shown = unknown & ((said == Status.PRESENT) | (said == Status.PROGRESSION))
    refuse(
        shown & is_zero, "the status says that the lesion is there, yet the diameter is 0", "write `status` absent, or empty the diameter"
    )
    return found


def _status_fits_kind(rows: Rows, ledger: Ledger) -> None:
    """A target with a size is measured: under another word its size would not count."""
    sized = ((rows.kind == Kind.TARGET) | (rows.kind == Kind.TARGET_NODE)) & (rows.diameter.value > 0)
    for status, message in (
        (Status.PRESENT, "the target is only present, yet it has a diameter"),
        (Status.PROGRESSION, "the target progresses by eye, yet it has a diameter"),
    ):
        ledger.cells(rows.sheet, "status", sized & (rows.said == status), message, "write measured and the size, or empty the diameter")


def _new_fits_kind(rows: Rows, ledger: Ledger) -> None:
    if not rows.sheet.has("new"):
        return
    usable = rows.of_lesion & ~rows.new.bad & (rows.kind >= 0)
    marked = rows.new.value == 1
    is_new = rows.kind == Kind.NEW
    ledger.cells(
        rows.sheet, "new", usable & is_new & ~marked, "the kind is new, yet `new` is not 1", "write 1 on every row of a new lesion"
    )
    wrong = usable & ~is_new & marked
    ledger.cells(rows.sheet, "new", wrong, "`new` is 1, yet the kind is not new", "write `kind` new, or 0 for a lesion there at baseline")


def _perpendicular_fits(rows: Rows, two_axes: bool, ledger: Ledger) -> None:
    across, column = rows.perpendicular, "perpendicular_mm"
    usable = rows.of_lesion & ~across.bad & ~rows.diameter.bad
    if not rows.sheet.has(column, "diameter_mm"):
        return
    positive = usable & across.given & (across.value > 0)
    alone = positive & (rows.status != Status.MEASURED) & (rows.status != Status.TOO_SMALL) & (rows.status != BAD) & ~rows.diameter.given
    ledger.cells(rows.sheet, column, alone, "there is a perpendicular diameter without a longest one", "fill in diameter_mm, or empty this")
    gone = positive & (rows.status == Status.ABSENT) & rows.diameter.given
    ledger.cells(rows.sheet, column, gone, "the lesion is absent, yet there is a perpendicular diameter", "correct one of them")
    measured = usable & (rows.status == Status.MEASURED)
    ledger.cells(
        rows.sheet, column, measured & (across.value == 0), "the lesion is measured, yet this diameter is 0", "correct one of them"
    )
    if two_axes:
        target = (rows.kind == Kind.TARGET) | (rows.kind == Kind.TARGET_NODE)
        lacking = measured & target & ~across.given
        ledger.cells(
            rows.sheet, column, lacking, "the second axis of a measured target is not given", "write it in mm, or `status` not_evaluable"
        )


def organs_of(rows: Rows) -> tuple[str, ...]:
    """The names of the organs by their numbers."""
    return tuple(rows.organ.names)
