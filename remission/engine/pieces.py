"""Ensembles of any size in the memory of one piece: members are made, run and read piece by piece, and only what is asked for stays.

A member's result does not depend on the piece it is in, so that the size of the pieces changes nothing but memory.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from remission.engine.batch import Batch
from remission.engine.compiled import Compiled
from remission.engine.ensemble import DEFAULTS, Options, VisitProtocol, simulate
from remission.engine.layout import Record

PIECE = 16_384
Kept = dict[str, np.ndarray]


def end_points(batch: Batch) -> Kept:
    """What is kept of a piece by default: status, last day, the hazard that ended each member, and its running end points."""
    record = {f"record.{column.name.lower()}": batch.watch.record[:, :, column] for column in Record}
    return {"status": batch.status, "day": batch.t, "fatal": batch.state.fatal} | record


def run_in_pieces(
    system: Compiled,
    size: int,
    members: Callable[[np.ndarray], Batch],
    until: float,
    keep: Callable[[Batch], Kept] = end_points,
    protocol: Callable[[np.ndarray], VisitProtocol] | None = None,
    options: Options = DEFAULTS,
    piece: int = PIECE,
    progress: Callable[[int, int], None] | None = None,
) -> Kept:
    """Take `size` members to the day `until`; arrays [size, ...] of what `keep` reads off each piece.

    members: a function of member numbers [n] that makes their batch, with what is to be watched. protocol: likewise, their clinic.
    progress: called with the number of members done and of all.
    """
    kept: Kept = {}
    for first in range(0, max(size, 1), piece):
        numbers = np.arange(first, min(first + piece, size))
        clinic = None if protocol is None else protocol(numbers)
        part = keep(simulate(system, members(numbers), until, protocol=clinic, options=options))
        for name, array in part.items():
            if name not in kept:
                kept[name] = np.empty((size, *array.shape[1:]), array.dtype)
            kept[name][numbers] = array
        if progress is not None:
            progress(int(numbers.size and numbers[-1] + 1), size)
    return kept
