"""What an accepted step shows inside: states, integrals and outputs at any share of it, for all patients of the group at once.

Rows of `work.observed`, each as long as all outputs: the watched outputs at the beginning of the step (START_ROW), at the three Gauss
points, and at its end (END_ROW), whose shares of the step are SHARES; and one row of scratch, which holds all outputs where a day is
saved. In the lane language; `lane` is one patient of the group.
"""

from typing import TYPE_CHECKING

import numpy as np

from remission.engine.clock import AT, LENGTH, LESIONS, OVER, SMALLS
from remission.engine.clones import cell_place
from remission.engine.codes import SMALL
from remission.engine.collocation import NODES, integral_to
from remission.engine.extinction import mean_at
from remission.engine.operations import LANES, any, lane_of, select, static
from remission.engine.steppers import bend, interpolate, interpolate_once

if TYPE_CHECKING:
    from remission.engine.generated import CHANCE, N_CLONES, N_LESION_QUADRATURES, N_QUADRATURES, out, watched


START_ROW, END_ROW, SCRATCH_ROW, OBSERVED_ROWS = 0, 4, 5, 6
SHARES = np.array([0.0, *NODES, 1.0])
CROSSING_PRECISION = 1e-6  # day


def state_at(work, x, h, n):
    """State at the share x of the step, into `work.point`; lost clones are 0, small ones have their conditional mean."""
    interpolate(work.y, work, x, work.point, n)
    if CHANCE:
        set_small_clones(work, work.point, x, h)


def set_small_clones(work, point, x, h):
    """Put the conditional means of small clones, at the share x of the step, into a state."""
    clock = work.clock
    if any(clock[SMALLS] > 0.0):
        clock[AT] = lane_of(x)
        clock[OVER] = lane_of(h)
        for lane in range(LANES):
            if clock[SMALLS, lane] > 0.0:
                place_small_clones(work, point, clock[AT, lane], clock[OVER, lane], lane)


def place_small_clones(work, point, x, h, lane):
    """The same for one patient."""
    lesions, size = int(work.clock[LESIONS, lane]), 2 * work.n_flags
    for lesion in range(lesions):
        for clone in range(N_CLONES):
            index = lesion * N_CLONES + clone
            if work.phase[index, lane] == SMALL:
                mean = mean_at(work.small, work.births_deaths, size, index, h, x, lane)
                point[cell_place(lesion, clone), lane] = mean


def integrals_at(work, x, h, most):
    """Integrals at the share x of the step, into `work.point_integrals`."""
    for k in range(N_QUADRATURES + most * N_LESION_QUADRATURES):
        work.point_integrals[k] = integral_to(work.q[k], work.node_rates, k, work.n_integrals, h, x)


def observe(work, x, h, n, most, lesions, row):
    """All outputs at the share x of the step, into a row of `work.observed`."""
    state_at(work, x, h, n)
    integrals_at(work, x, h, most)
    out(work.point, work.p, work.c, work.point_integrals, work.flags, work.observed[row * work.n_observed :], most, lesions)


def observe_watched(work, x, h, n, most, lesions, row):
    """The outputs that are watched, at the share x of the step, into a row of `work.observed`."""
    state_at(work, x, h, n)
    integrals_at(work, x, h, most)
    watch_state(work, work.point, most, lesions, row)


def observe_closely(work, x, h, n, most, lesions, row):
    """The same for a single look, which does not need the interpolant of the step."""
    if CHANCE:
        state_at(work, x, h, n)
    else:
        interpolate_once(work.y, work, x, h, work.point, n)
    integrals_at(work, x, h, most)
    watch_state(work, work.point, most, lesions, row)


def observe_nodes(work, h, n, most, lesions):
    """Watched outputs at the three nodes and at the end of the step, into rows 1 to 4 of `work.observed`."""
    for node in static(range(3)):
        state = work.nodes[node * n :]
        if CHANCE:
            set_small_clones(work, state, lane_of(NODES[node]), h)
        integrals_at(work, lane_of(NODES[node]), h, most)
        watch_state(work, state, most, lesions, node + 1)
    if CHANCE:
        observe_watched(work, lane_of(1.0), h, n, most, lesions, END_ROW)
    else:
        integrals_at(work, lane_of(1.0), h, most)
        watch_state(work, work.end, most, lesions, END_ROW)


def watch_state(work, y, most, lesions, row):
    """The outputs that are watched, of a state and of `work.point_integrals`, into a row of `work.observed`."""
    watched(y, work.p, work.c, work.point_integrals, work.flags, work.observed[row * work.n_observed :], most, lesions)


def seen(work, row, output):
    """A watched output in a row of `work.observed`."""
    return work.observed[row * work.n_observed + output]


def copy_watched(watch, work, source, target, which):
    """Copy the watched outputs of some patients from one row of `work.observed` to another."""
    observed, size = work.observed, work.n_observed
    for k in range(watch.outputs):
        o = watch.output[k]
        observed[target * size + o] = select(which, observed[source * size + o], observed[target * size + o])
    for k in range(watch.triggers):
        o = watch.trigger_output[k]
        observed[target * size + o] = select(which, observed[source * size + o], observed[target * size + o])


def crosses(value, level, sign):
    """Whether a value has met a level, from below (sign +1) or above (-1)."""
    return sign * (value - level) >= 0.0


def crossing(work, h, n, most, lesions, output, level, sign, low, high, lane):
    """Share of the step, between low and high, at which one patient's output first meets the level."""
    bend(work, n)
    while (high - low) * h > CROSSING_PRECISION and low < 0.5 * (low + high) < high:
        middle = 0.5 * (low + high)
        observe_watched(work, lane_of(middle), work.clock[LENGTH], n, most, lesions, SCRATCH_ROW)
        if crosses(work.observed[SCRATCH_ROW * work.n_observed + output, lane], level, sign):
            high = middle
        else:
            low = middle
    return high
