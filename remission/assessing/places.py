"""Where every row of a spreadsheet goes: which patient, which of the patient's visits in order of days, which of the patient's lesions.

Rows come in any order. Visits are the different days of a patient; lesions are ordered by name (shorter names first), so that neither
the order of rows nor other patients change anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from remission.assessing.cells import EMPTY
from remission.assessing.rows import Rows
from remission.response.arrays import Flags, Floats

Index = NDArray[np.int64]


@dataclass(frozen=True)
class Places:
    """Indices of the usable rows: `row` [K] in the sheet, `patient`, `visit`, `lesion` [K] (-1 on a row of the visit alone).

    day [M, V] on the clock of the file, NaN after the last visit; names [M, L] of lesions, None after the last one; `unsure` [M]: patients
    with a row that cannot be placed, of whom it is not known what the baseline visit shows.
    """

    row: Index
    patient: Index
    visit: Index
    lesion: Index
    day: Floats
    names: NDArray[Any]
    unsure: Flags

    @property
    def shape(self) -> tuple[int, int, int]:
        """How many patients, visits and lesions there are, the last two at most."""
        return self.day.shape[0], self.day.shape[1], self.names.shape[1]

    @cached_property
    def at_visit(self) -> Index:
        """The visit of every row, counted over all patients."""
        return self.patient * self.shape[1] + self.visit

    @cached_property
    def has_lesion(self) -> Flags:
        return self.lesion >= 0

    @cached_property
    def of_lesion(self) -> Places:
        """The rows of lesions only."""
        if self.has_lesion.all():
            return self
        kept = self.has_lesion
        return Places(self.row[kept], self.patient[kept], self.visit[kept], self.lesion[kept], self.day, self.names, self.unsure)

    @cached_property
    def at_lesion(self) -> Index:
        """The lesion of every row, counted over all patients; only of rows of lesions."""
        return self.patient * self.shape[2] + self.lesion

    @cached_property
    def at_scan(self) -> Index:
        """The lesion at the visit of every row, counted over all; only of rows of lesions."""
        return self.at_visit * self.shape[2] + self.lesion


def places(rows: Rows, patients: int) -> Places:
    """The place of every row that has a patient and a day; `patients` counts those without scans as well."""
    usable = (rows.patient.code >= 0) & rows.day.given
    row = np.flatnonzero(usable)
    whole = row.size == usable.size
    patient = (rows.patient.code if whole else rows.patient.code[row]).astype(np.int64)
    day_of_row = rows.day.value if whole else rows.day.value[row]
    different = pl.Series(day_of_row).unique().sort().to_numpy()
    visit, visits, kept = _ranked(patient, np.searchsorted(different, day_of_row), patients, different.size)
    day = np.full((patients, max(int(visits.max(initial=0)), 1)), np.nan)
    day[kept // max(different.size, 1), _within(kept, different.size, patients)] = different[kept % max(different.size, 1)]
    lost = (rows.patient.code == EMPTY) | rows.patient.doubtful
    unsure = np.full(patients, not rows.sheet.whole or bool(lost.any()))
    unsure[rows.patient.code[rows.doubtful & (rows.patient.code >= 0)]] = True
    lesion, names = _lesions(rows, row, patient, patients)
    return Places(row, patient, visit, lesion, day, names, unsure)


def _lesions(rows: Rows, row: Index, patient: Index, patients: int) -> tuple[Index, NDArray[Any]]:
    written = pl.DataFrame({"name": rows.lesion.entries, "code": np.arange(rows.lesion.entries.len())})
    ordered = written.sort(pl.col("name").str.len_chars(), "name")
    rank = np.empty(written.height + 1, dtype=np.int64)
    rank[ordered["code"].to_numpy()] = np.arange(ordered.height)
    code = rank[rows.lesion.code[row]]
    here = rows.lesion.code[row] >= 0
    within, lesions, kept = _ranked(patient[here], code[here], patients, ordered.height)
    lesion = np.full(row.size, -1, dtype=np.int64)
    lesion[here] = within
    names = np.full((patients, int(lesions.max(initial=0))), None, dtype=object)
    if kept.size:
        names[kept // ordered.height, _within(kept, ordered.height, patients)] = ordered["name"].to_numpy()[kept % ordered.height]
    return lesion, names


def _ranked(patient: Index, code: Index, patients: int, codes: int) -> tuple[Index, Index, Index]:
    """The rank of every code among those of its patient, how many each patient has, and the different pairs as `patient * codes + code`."""
    key = patient * codes + code
    if patients * codes <= 16 * key.size + 1_000_000:
        there = np.zeros(patients * codes, dtype=bool)
        there[key] = True
        kept = np.flatnonzero(there)
        inverse = (np.cumsum(there, dtype=np.int32) - 1)[key]
    else:
        kept, inverse = np.unique(key, return_inverse=True)
    first = np.searchsorted(kept, np.arange(patients + 1) * codes)
    return inverse - first[patient], np.diff(first), kept


def _within(kept: Index, codes: int, patients: int) -> Index:
    """The rank of every different pair within its patient."""
    first = np.searchsorted(kept, np.arange(patients) * codes)
    return np.arange(kept.size) - first[kept // max(codes, 1)]
