"""What must hold at the baseline visit: targets have a size there, new lesions are not there yet.

A target that appears later is refused, unless its name marks a fragment of a baseline target that split (`A.1`, `Aa`, `Ab` of `A`) or
baseline targets that merged (`A+B`): then nothing is counted twice, since the lesions it comes from count 0 where they have no row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from remission.assessing.ledger import Ledger
from remission.assessing.places import Places
from remission.assessing.rows import Rows
from remission.assessing.shaping import Shaped
from remission.response.arrays import Codes, Flags
from remission.response.scans import Kind, Status, baseline_visit

FRAGMENT = re.compile(r"(.+?)(?:\.\d+|[a-z])")


@dataclass(frozen=True)
class Baseline:
    """The baseline visit of every patient [M], -1 without visits, and each lesion there [M, L]: status, and whether it has a row."""

    visit: NDArray[np.int64]
    status: Codes
    has_row: Flags
    earlier_row: Flags
    sure: Flags

    @classmethod
    def of(cls, day: NDArray[np.float64], shaped: Shaped, unsure: Flags) -> Baseline:
        """`day` [M, V] from time zero."""
        visit = baseline_visit(day)
        patients = np.arange(day.shape[0])
        up_to = (np.arange(day.shape[1]) <= visit[:, None])[:, :, None]
        there = shaped.row >= 0
        return cls(visit, shaped.status[patients, visit], there[patients, visit], (there & up_to).any(axis=1), ~unsure & (visit >= 0))


def check_baseline(
    rows: Rows, places: Places, shaped: Shaped, day: NDArray[np.float64], unsure: Flags, ledger: Ledger
) -> tuple[Shaped, list[str]]:
    """The arrays with fragments and merged lesions filled in, and the names of these.

    Noted: targets without size at baseline, new lesions that are there at baseline, non-targets that come later.
    """
    baseline = Baseline.of(day, shaped, unsure)
    if not shaped.kind.size:
        return shaped, []
    target = ((shaped.kind == Kind.TARGET) | (shaped.kind == Kind.TARGET_NODE)) & baseline.sure[:, None]
    sized = (baseline.status == Status.MEASURED) | (baseline.status == Status.TOO_SMALL)
    wanting = target & ~(baseline.has_row & sized)
    filled, pieces = _with_pieces(
        shaped, places, baseline, target & ~wanting, target & (~baseline.earlier_row | (baseline.status == Status.ABSENT))
    )
    wanting &= ~pieces
    if rows.sheet.has("diameter_mm"):
        _refuse_targets(rows, shaped, baseline, wanting, ledger)
    _refuse_others(rows, shaped, baseline, ledger)
    return filled, [f"{places.names[at, lesion]} of {rows.patient.names[at]}" for at, lesion in np.argwhere(pieces).tolist()]


def _refuse_targets(rows: Rows, shaped: Shaped, baseline: Baseline, wanting: Flags, ledger: Ledger) -> None:
    at = np.argwhere(wanting)
    patient, lesion = at[:, 0], at[:, 1]
    here = shaped.row[patient, baseline.visit[patient], lesion]
    anywhere = shaped.row[patient, :, lesion]
    first = anywhere[np.arange(len(at)), np.argmax(anywhere >= 0, axis=1)]
    has_row, earlier = here >= 0, baseline.earlier_row[patient, lesion]
    absent = has_row & (baseline.status[patient, lesion] == Status.ABSENT)
    noted = has_row & (rows.diameter.bad[here] | (rows.status[here] < 0))

    def refuse(chosen: Flags, row: NDArray[np.int32], what: str, remedy: str) -> None:
        ledger.in_rows(rows.sheet, "diameter_mm", row[chosen], f"a target {what} the baseline visit", remedy)

    is_new = "write `kind` new and `new` 1"
    refuse(absent, here, "is absent at", f"{is_new} for a lesion that appears later")
    unsized = has_row & ~absent & ~noted
    refuse(unsized, here, "has no size at", "write the diameter (of a node the short axis), or follow it as non-target")
    refuse(~has_row & earlier, first, "has no row at", "add its row there: the baseline is the last visit up to time zero")
    pieces = "or name it after the target it split from (A.1) or those that merged (A+B)"
    refuse(~has_row & ~earlier, first, "is first seen after", f"{is_new}, {pieces}")


def _refuse_others(rows: Rows, shaped: Shaped, baseline: Baseline, ledger: Ledger) -> None:
    """New lesions that are there at baseline, and non-targets that are not but come later."""
    sure = baseline.sure[:, None]
    seen = shaped.status >= Status.TOO_SMALL
    up_to = (np.arange(seen.shape[1]) <= baseline.visit[:, None])[:, :, None]
    early = seen & up_to & ((shaped.kind == Kind.NEW) & sure)[:, None, :]
    column = "new" if rows.sheet.has("new") else "kind"
    message, remedy = "a lesion there at the baseline visit is not new", "write `kind` target or non-target and `new` 0"
    ledger.in_rows(rows.sheet, column, shaped.row[early], message, remedy)
    followed = ((shaped.kind == Kind.NON_TARGET) | (shaped.kind == Kind.NON_TARGET_NODE)) & sure
    comes = followed & baseline.has_row & (baseline.status == Status.ABSENT) & seen.any(axis=1)
    at = np.argwhere(comes)
    here = shaped.row[at[:, 0], baseline.visit[at[:, 0]], at[:, 1]]
    message, remedy = "a non-target is absent at the baseline visit and there later", "write `kind` new and `new` 1 on every row of it"
    ledger.in_rows(rows.sheet, "kind", here, message, remedy)


def _with_pieces(shaped: Shaped, places: Places, baseline: Baseline, accepted: Flags, later: Flags) -> tuple[Shaped, Flags]:
    """Fragments and merged lesions: 0 before their first row; the lesions they come from 0 from there on where they have no row."""
    pieces = np.zeros(later.shape, dtype=bool)
    candidates = np.argwhere(later)
    if not len(candidates):
        return shaped, pieces
    status, there = shaped.status.copy(), shaped.row >= 0
    for patient, lesion in candidates.tolist():
        numbers = {name: number for number, name in enumerate(places.names[patient].tolist()) if name is not None}
        parents = [numbers.get(name, -1) for name in _parents(places.names[patient, lesion])]
        if not parents or not all(parent >= 0 and accepted[patient, parent] for parent in parents):
            continue
        pieces[patient, lesion] = True
        visit = np.arange(there.shape[1])
        first = int(np.argmax(there[patient, :, lesion] & (visit > baseline.visit[patient])))
        status[patient, (visit < first) & ~there[patient, :, lesion], lesion] = Status.ABSENT
        for parent in parents:
            status[patient, (visit >= first) & ~there[patient, :, parent], parent] = Status.ABSENT
    return replace(shaped, status=status), pieces


def _parents(name: str) -> list[str]:
    """The lesions a name says it comes from."""
    if "+" in name:
        return [part.strip() for part in name.split("+")]
    found = FRAGMENT.fullmatch(name)
    return [found[1]] if found else []
