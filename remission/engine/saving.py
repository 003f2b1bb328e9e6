"""Outputs on a grid of days, read from the step that passes each of them.

In the lane language; `lane` is one patient of the group.
"""

from typing import TYPE_CHECKING

import numpy as np

from remission.engine.clock import CURSOR, LESIONS, MEMBER, NEXT_SAVE, PENDING
from remission.engine.operations import LANES, any, maximum, minimum, select, unsigned
from remission.engine.watching import SCRATCH_ROW, observe

if TYPE_CHECKING:
    from remission.engine.generated import N_LESION_OUTPUTS, N_OUTPUTS, out


def save_due(watch, work, t, h, share, end, accepted, n, most, lesions):
    """Write the outputs of the grid days up to `end`, inside this step, for those whose step was accepted."""
    clock = work.clock
    pending = accepted & (clock[NEXT_SAVE] <= end)
    while any(pending):
        x = minimum(share, maximum(0.0, (clock[NEXT_SAVE] - t) / h))
        clock[PENDING] = select(pending, 1.0, 0.0)
        observe(work, x, h, n, most, lesions, SCRATCH_ROW)
        for lane in range(LANES):
            if clock[PENDING, lane] > 0.0:
                write_saved(watch, work, lane)
        pending = accepted & (clock[NEXT_SAVE] <= end)


def write_saved(watch, work, lane):
    """Copy one patient's scratch row to the grid day it waits for, and look at the next one."""
    clock = work.clock
    m, cursor = int(clock[MEMBER, lane]), int(clock[CURSOR, lane])
    row, count = SCRATCH_ROW * work.n_observed, N_OUTPUTS + int(clock[LESIONS, lane]) * N_LESION_OUTPUTS
    for i in range(count):
        watch.saved[m, cursor, i] = unsigned(work.observed[row + i, lane])
    for i in range(count, N_OUTPUTS + work.capacity * N_LESION_OUTPUTS):
        watch.saved[m, cursor, i] = np.nan
    clock[CURSOR, lane] = cursor + 1
    clock[NEXT_SAVE, lane] = watch.grid[cursor + 1] if cursor + 1 < watch.days else np.inf


def leave_empty(watch, work, m, first, last):
    """Grid days first to last of a patient who was not there."""
    for cursor in range(first, last):
        for i in range(N_OUTPUTS + work.capacity * N_LESION_OUTPUTS):
            watch.saved[m, cursor, i] = np.nan


def save_now(watch, work, t, most, lesions, lane):
    """Write the outputs of grid days that are now, before any dose; days gone by are passed over."""
    clock = work.clock
    cursor = 0
    while cursor < watch.days and watch.grid[cursor] < t:
        cursor = cursor + 1
    leave_empty(watch, work, int(clock[MEMBER, lane]), 0, cursor)
    clock[CURSOR, lane] = cursor
    clock[NEXT_SAVE, lane] = watch.grid[cursor] if cursor < watch.days else np.inf
    if clock[NEXT_SAVE, lane] == t:
        out(work.y, work.p, work.c, work.q, work.flags, work.observed[SCRATCH_ROW * work.n_observed :], most, lesions)
        while clock[NEXT_SAVE, lane] == t:
            write_saved(watch, work, lane)
