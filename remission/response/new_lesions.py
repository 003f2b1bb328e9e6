"""New lesions as iRECIST follows them: measured apart from the targets, or followed by eye.

In the patient: a lesion that was not there at the baseline is not yet proof that the tumor grows under immunotherapy; inflamed tissue may
only have become visible. So it is measured at its first scan and watched.

Represented: up to five new lesions, two per organ, the largest first, are new targets when they have 10 mm (nodes 15 mm) where they are
first seen; their sum is kept apart from that of the targets. The others are new non-targets. What a lesion is followed as does not change.
A new lesion is taken for a node when its perpendicular diameter is the longer one, or when its organ held nodes only at the baseline.

Left out: equivocal new lesions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remission.response.arrays import Flags, Floats
from remission.response.recist import summed
from remission.response.rules import TOLERANCE, Rule
from remission.response.scans import NODES, Kind, Scans, Status
from remission.response.target_choice import ALL_NODES

UNKNOWN = -1
"""The organ of a lesion where none is given."""


@dataclass(frozen=True)
class NewLesions:
    """The new lesions of each patient at each visit, arrays [M, V]; mm.

    there: one is seen; missed: none is seen, but one that was there was not evaluated; sum: of new targets, NaN when one was not measured
    or there is none; measured: of those that were; joined: a new target was added; worse: a new non-target was recorded as progressing
    after it was first seen. targets [M, L]: which lesions are new targets.
    """

    there: Flags
    missed: Flags
    sum: Floats
    measured: Floats
    joined: Flags
    worse: Flags
    targets: Flags


def extent(scans: Scans, too_small: float) -> Floats:
    """What is known of each lesion's size [M, V, L], mm, also of lesions followed by eye: 0 when absent, NaN when not known."""
    small = np.where((scans.status == Status.TOO_SMALL) & np.isnan(scans.diameter), too_small, scans.diameter)
    return np.where(scans.status == Status.ABSENT, 0.0, np.where(scans.seen, small, np.nan))


def new_lesions(scans: Scans, size: Floats, rules: Mapping[str, Rule]) -> NewLesions:
    """The new lesions after the baseline; `size` is their `extent`."""
    new = scans.is_kind(Kind.NEW)
    if not new.any():
        return _none(scans)
    seen = scans.seen & new[:, None, :] & scans.later[:, :, None]
    known = np.logical_or.accumulate(seen, axis=1)
    first = known.copy()
    first[:, 1:] &= ~known[:, :-1]
    targets = _targets(scans, size, first, rules)
    measured = np.where(known & targets[:, None, :], size, 0.0)
    total = np.where((known & targets[:, None, :]).any(axis=2), summed(measured), np.nan)
    return NewLesions(
        there=np.asarray(seen.any(axis=2)),
        missed=~seen.any(axis=2) & (_last_seen(scans, seen) & (scans.status == Status.NOT_EVALUABLE)).any(axis=2),
        sum=total,
        measured=summed(np.nan_to_num(measured)),
        joined=np.asarray((first & targets[:, None, :]).any(axis=2)),
        worse=((scans.status == Status.PROGRESSION) & known & ~first & ~targets[:, None, :]).any(axis=2),
        targets=targets,
    )


def _none(scans: Scans) -> NewLesions:
    no = np.broadcast_to(np.False_, scans.day.shape)
    unknown = np.broadcast_to(np.float64(np.nan), scans.day.shape)
    nothing = np.broadcast_to(np.float64(0), scans.day.shape)
    return NewLesions(no, no, unknown, nothing, no, no, np.zeros(scans.kind.shape, dtype=bool))


def _last_seen(scans: Scans, seen: Flags) -> Flags:
    """Whether a lesion was there when it was last evaluated, at this visit or before [M, V, L]."""
    found = seen.copy()
    skipped = (scans.status == Status.NOT_EVALUABLE) | ~scans.held[:, :, None]
    for visit in range(1, seen.shape[1]):
        found[:, visit] |= found[:, visit - 1] & skipped[:, visit]
    return found


def _targets(scans: Scans, size: Floats, first: Flags, rules: Mapping[str, Rule]) -> Flags:
    """Which lesions become new targets [M, L]: large enough where first seen, the largest first, as many as are allowed."""
    nodes = _nodes(scans, first)
    organ = np.where(nodes, ALL_NODES, UNKNOWN if scans.organ is None else scans.organ)
    smallest = np.where(nodes, rules["new_target_node"].value, rules["new_target"].value)
    fit = first & (size >= smallest[:, None, :] - TOLERANCE)
    chosen = np.zeros(scans.kind.shape, dtype=bool)
    for visit in np.flatnonzero(fit.any(axis=(0, 2))):
        rows = np.flatnonzero(fit[:, visit].any(axis=1))
        for lesion in _by_size(size[rows, visit], fit[rows, visit]):
            _choose(chosen, organ, rows, lesion, fit[rows, visit, lesion], rules)
    return chosen


def _by_size(size: Floats, fit: Flags) -> NDArray[np.intp]:
    """The lesions of each patient in the order of choice [L, rows]: the fit ones, the largest first."""
    return np.argsort(np.where(fit, -size, np.inf), axis=1, kind="stable").T


def _choose(
    chosen: Flags, organ: NDArray[np.int64], rows: NDArray[np.intp], lesion: NDArray[np.intp], fit: Flags, rules: Mapping[str, Rule]
) -> None:
    """One more new target for each of these patients, if there is room."""
    room = chosen[rows].sum(axis=1) < rules["new_targets"].value
    here = organ[rows]
    beside = (chosen[rows] & (here == organ[rows, lesion][:, None]) & (here != UNKNOWN)).sum(axis=1)
    room &= beside < rules["new_targets_per_organ"].value
    chosen[rows, lesion] |= fit & room


def _nodes(scans: Scans, first: Flags) -> Flags:
    """Which new lesions are lymph nodes [M, L], by the axis measured when first seen or an organ that held only nodes at the baseline."""
    found = np.zeros(scans.kind.shape, dtype=bool)
    if scans.perpendicular is not None:
        found |= (first & (scans.perpendicular > scans.diameter)).any(axis=1)
    if scans.organ is not None:
        same = (scans.organ[:, :, None] == scans.organ[:, None, :]) & (scans.organ >= 0)[:, :, None]
        nodes = scans.is_kind(*NODES)
        others = scans.is_kind(Kind.TARGET, Kind.NON_TARGET)
        found |= (same & nodes[:, None, :]).any(axis=2) & ~(same & others[:, None, :]).any(axis=2)
    return found & scans.is_kind(Kind.NEW)
