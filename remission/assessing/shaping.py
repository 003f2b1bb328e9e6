"""Rows to arrays of patients by visits by lesions, with the checks that only two rows together can fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remission.assessing.cells import BAD
from remission.assessing.ledger import Ledger
from remission.assessing.places import Index, Places
from remission.assessing.rows import Rows
from remission.response.arrays import Codes, Flags, Floats
from remission.response.scans import NO_LESION, Status

LARGEST = 400_000_000
"""Places of lesions at visits that are kept in memory, padding included."""


@dataclass(frozen=True)
class Shaped:
    """The arrays of `Scans`, with `row` [M, V, L], the first row of the sheet that speaks of a lesion at a visit, -1 where none does."""

    kind: Codes
    organ: NDArray[np.int32]
    status: Codes
    diameter: Floats
    perpendicular: Floats | None
    findings: dict[str, Floats]
    row: NDArray[np.int32]
    repeated: Index
    """Rows that say what an earlier row says."""


def shaped(rows: Rows, places: Places, ledger: Ledger) -> Shaped:
    """All arrays; lesions that change their kind or organ, and rows that disagree, are noted."""
    of_lesion = places.of_lesion
    patients, visits, lesions = places.shape
    if patients * visits * lesions > LARGEST:
        ledger.add(
            f"{patients:,} patients with up to {visits} visits and {lesions} lesions do not fit into memory",
            rows.sheet.name,
            remedy="split the file by patients",
        )
        ledger.raise_if_any()
    kind = _of_lesions(rows, of_lesion, rows.kind, "kind", ledger).astype(np.int8)
    organ = _of_lesions(rows, of_lesion, np.where(rows.organ.doubtful, NO_LESION, rows.organ.code), "organ", ledger)
    row = np.full(patients * visits * lesions, -1, dtype=np.int32)
    at = of_lesion.at_scan
    row[at[::-1]] = of_lesion.row[::-1]
    again = row[at] != of_lesion.row
    repeated = _repeated(rows, of_lesion.row[again], row[at[again]], ledger)
    at, source = (at[~again], of_lesion.row[~again]) if again.any() else (at, of_lesion.row)
    scans = (patients, visits, lesions)

    def placed(values: Any, empty: float, dtype: Any) -> Any:
        full = np.full(row.size, empty, dtype=dtype)
        full[at] = values if source.size == values.size else values[source]
        return full.reshape(scans)

    return Shaped(
        kind,
        organ,
        placed(np.maximum(rows.status, Status.NOT_EVALUABLE), Status.NOT_EVALUABLE, np.int8),
        placed(np.where(rows.diameter.value > 0, rows.diameter.value, np.nan), np.nan, np.float64),
        placed(rows.perpendicular.value, np.nan, np.float64) if rows.sheet.has("perpendicular_mm") else None,
        _findings(rows, places, ledger),
        row.reshape(scans),
        repeated,
    )


def _of_lesions(rows: Rows, places: Places, codes: NDArray[np.int32], column: str, ledger: Ledger) -> NDArray[np.int32]:
    """A code of every lesion [M, L], the same on all rows that give it."""
    patients, _, lesions = places.shape
    found = np.full(patients * lesions, NO_LESION, dtype=np.int32)
    code = codes[places.row]
    given = code >= 0
    where = places.at_lesion if given.all() else places.at_lesion[given]
    found[where[::-1]] = (code if given.all() else code[given])[::-1]
    differs = given & (code != found[places.at_lesion])
    if differs.any():
        first = np.full(found.size, -1, dtype=np.int64)
        first[where[::-1]] = places.row[given][::-1]
        found[places.at_lesion[differs]] = NO_LESION
        ledger.against(
            rows.sheet,
            column,
            places.row[differs],
            first[places.at_lesion[differs]],
            f"the lesion has another {column} than in",
            "write the same on every row of the lesion",
        )
    return found.reshape(patients, lesions)


def _repeated(rows: Rows, again: Index, first: NDArray[np.int32], ledger: Ledger) -> Index:
    """Rows of a lesion at a visit that has one already: noted where they differ, else returned."""
    if not again.size:
        return again
    differs = np.zeros(again.size, dtype=bool)

    def refuse(column: str, wrong: Flags) -> None:
        nonlocal differs
        wrong = wrong & ~differs
        differs |= wrong
        message = f"the same lesion has another {column} at the same visit in"
        ledger.against(rows.sheet, column, again[wrong], first[wrong], message, "keep one row of a lesion per visit")

    for column, values in (("diameter_mm", rows.diameter), ("perpendicular_mm", rows.perpendicular)):
        if rows.sheet.has(column):
            refuse(column, _unlike(values.value[again], values.value[first]) & ~values.bad[again] & ~values.bad[first])
    status = rows.status
    if rows.sheet.has("status"):
        refuse("status", (status[again] != status[first]) & (status[again] != BAD) & (status[first] != BAD))
    return again[~differs]


def _unlike(one: Floats, other: Floats) -> Flags:
    return (one != other) & ~(np.isnan(one) & np.isnan(other))


def _findings(rows: Rows, places: Places, ledger: Ledger) -> dict[str, Floats]:
    """What was found at each visit [M, V] by column; rows of one visit must not disagree."""
    patients, visits, _ = places.shape
    found = {}
    for name, column in rows.findings.items():
        values = np.full(patients * visits, np.nan)
        given = column.given[places.row]
        value, at, row = column.value[places.row][given], places.at_visit[given], places.row[given]
        values[at[::-1]] = value[::-1]
        differs = value != values[at]
        if differs.any():
            first = np.full(values.size, -1, dtype=np.int64)
            first[at[::-1]] = row[::-1]
            message = f"the same visit has another {name} in"
            ledger.against(rows.sheet, name, row[differs], first[at[differs]], message, "write one value per visit, on one row or on all")
        found[name] = values.reshape(patients, visits)
    return found
