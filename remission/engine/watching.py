"""What is read along the way: outputs on a grid, running end points, and triggers of unscheduled visits.

All are read from the interpolant of an accepted step, at the three Gauss points and its end. In the lane language: what every step
needs is done for all patients of the group at once, what is rare for one (`lane`).
"""

from typing import TYPE_CHECKING

import numpy as np

from remission.engine.clock import (
    AT,
    CURSOR,
    DAY_BEFORE,
    FLAGGED,
    LENGTH,
    LESIONS,
    MEMBER,
    NEXT_SAVE,
    OVER,
    PENDING,
    RECORDED,
    SHARE,
    SMALLS,
)
from remission.engine.clones import cell_place
from remission.engine.collocation import NODES, integral_to, primitive
from remission.engine.extinction import SMALL, mean_at
from remission.engine.operations import LANES, any, isnan, lane_of, maximum, minimum, select, static, unsigned
from remission.engine.steppers import interpolate

if TYPE_CHECKING:
    from remission.engine.generated import CHANCE, N_CLONES, N_LESION_OUTPUTS, N_LESION_QUADRATURES, N_OUTPUTS, N_QUADRATURES, out, watched

LOWEST, LOWEST_DAY, HIGHEST, HIGHEST_DAY, AREA, ABOVE_DAY, BELOW_DAY, RISE_DAY = 0, 1, 2, 3, 4, 5, 6, 7
RECORD_COLUMNS = 8
PRECISION = 1e-6
START_ROW, END_ROW, SCRATCH_ROW, OBSERVED_ROWS = 0, 4, 5, 6
SHARES = np.array([0.0, *NODES, 1.0])
GAP = SHARES[1] / SHARES[2]  # of the parabola's slope at the end of three values
QUARTIC = np.linalg.inv(np.vander(SHARES, increasing=True))


def state_at(work, x, h, n):
    """State at the share x of the step, into `work.point`; lost clones are 0, small ones have their conditional mean."""
    interpolate(work.y, work, x, work.point, n)
    if CHANCE:
        clock = work.clock
        if any(clock[SMALLS] > 0.0):
            clock[AT] = lane_of(x)
            clock[OVER] = lane_of(h)
            for lane in range(LANES):
                if clock[SMALLS, lane] > 0.0:
                    place_small_clones(work, clock[AT, lane], clock[OVER, lane], lane)


def place_small_clones(work, x, h, lane):
    """Put the conditional means of one patient's small clones into `work.point`."""
    lesions, size = int(work.clock[LESIONS, lane]), 2 * work.n_flags
    for lesion in range(lesions):
        for clone in range(N_CLONES):
            index = lesion * N_CLONES + clone
            if work.phase[index, lane] == SMALL:
                mean = mean_at(work.small, work.births_deaths, size, index, h, x, lane)
                work.point[cell_place(lesion, clone), lane] = mean


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
    target = work.observed[row * work.n_observed :]
    watched(work.point, work.p, work.c, work.point_integrals, work.flags, target, most, lesions)


def observe_nodes(work, h, n, most, lesions):
    """Watched outputs at the three nodes and at the end of the step, into rows 1 to 4 of `work.observed`."""
    for node in static(range(3)):
        observe_watched(work, lane_of(NODES[node]), h, n, most, lesions, node + 1)
    observe_watched(work, lane_of(1.0), h, n, most, lesions, END_ROW)


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


# ---- saving on the grid ----------------------------------------------------------------------------------------------
def save_due(watch, state, work, t, h, share, end, accepted, n, most, lesions):
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


def save_now(watch, work, t, n, most, lesions, lane):
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


# ---- triggers --------------------------------------------------------------------------------------------------------
def meets_trigger(watch, work):
    """Which patients meet a trigger in this step that they did not meet before."""
    met = lane_of(0.0) > 1.0
    for k in range(watch.triggers):
        output, sign, level = watch.trigger_output[k], watch.trigger_sign[k], work.trigger_level[k]
        was = work.met[k] == 1.0
        for row in static(range(1, 5)):
            now = crosses(seen(work, row, output), level, sign)
            met = met | (now & ~was & (work.armed[k] > 0.0))
            was = now
    return met


def crossing(work, h, n, most, lesions, output, level, sign, low, high, lane):
    """Share of the step, between low and high, at which one patient's output first meets the level."""
    while (high - low) * h > PRECISION and low < 0.5 * (low + high) < high:
        middle = 0.5 * (low + high)
        observe_watched(work, lane_of(middle), work.clock[LENGTH], n, most, lesions, SCRATCH_ROW)
        if crosses(work.observed[SCRATCH_ROW * work.n_observed + output, lane], level, sign):
            high = middle
        else:
            low = middle
    return high


def first_trigger(watch, work, h, n, most, lesions, limit, lane):
    """Earliest armed trigger met before `limit`: its share of the step and its number, or (2, -1)."""
    found, share = -1, limit
    for k in range(watch.triggers):
        if work.armed[k, lane] > 0.0:
            output, level, sign = watch.trigger_output[k], work.trigger_level[k, lane], watch.trigger_sign[k]
            was, low = work.met[k, lane] == 1.0, 0.0
            for row in range(1, 5):
                x = SHARES[row]
                now = crosses(work.observed[row * work.n_observed + output, lane], level, sign)
                if now and not was and low < share:
                    x = crossing(work, h, n, most, lesions, output, level, sign, low, x, lane)
                    if x <= share:
                        found, share = k, x
                    break
                was, low = now, x
    if found < 0:
        share = 2.0
    return share, found


def trigger_after_jump(watch, work, row, lane):
    """Number of the armed trigger that a jump has met, or -1; the conditions are remembered."""
    found = -1
    for k in range(watch.triggers):
        value = work.observed[row * work.n_observed + watch.trigger_output[k], lane]
        now = crosses(value, work.trigger_level[k, lane], watch.trigger_sign[k])
        if now and work.met[k, lane] == 0.0 and work.armed[k, lane] > 0.0 and found < 0:
            found = k
        work.met[k, lane] = 1.0 if now else 0.0
    return found


def remember_triggers(watch, work, accepted):
    """Keep the trigger conditions as they are at the end of the step."""
    for k in range(watch.triggers):
        now = crosses(seen(work, END_ROW, watch.trigger_output[k]), work.trigger_level[k], watch.trigger_sign[k])
        work.met[k] = select(accepted, select(now, 1.0, 0.0), work.met[k])


# ---- running end points ------------------------------------------------------------------------------------------------
def record_value(record, k, value, day, lane):
    """Let one value of watched output k of one patient count."""
    at = RECORD_COLUMNS * k
    if value < record[at + LOWEST, lane]:
        record[at + LOWEST, lane] = value
        record[at + LOWEST_DAY, lane] = day
    if value > record[at + HIGHEST, lane]:
        record[at + HIGHEST, lane] = value
        record[at + HIGHEST_DAY, lane] = day


def record_start(watch, work, row, day, lane):
    """Let the values at the beginning, or after a jump, count."""
    record = work.record
    for k in range(watch.outputs):
        value, at = work.observed[row * work.n_observed + watch.output[k], lane], RECORD_COLUMNS * k
        record_value(record, k, value, day, lane)
        if isnan(record[at + ABOVE_DAY, lane]) and value >= work.above[k, lane]:
            record[at + ABOVE_DAY, lane] = day
        if isnan(record[at + BELOW_DAY, lane]) and value <= work.below[k, lane]:
            record[at + BELOW_DAY, lane] = day
        lowest = record[at + LOWEST, lane]
        if isnan(record[at + RISE_DAY, lane]) and value >= work.rise[k, lane] * lowest and value > lowest:
            record[at + RISE_DAY, lane] = day


def record_step(watch, work, t, h, share, end, accepted, n, most, lesions):
    """Let a step count, up to its share: area, extremes and first crossings."""
    for k in range(watch.outputs):
        output, at, record = watch.output[k], RECORD_COLUMNS * k, work.record
        area = lane_of(0.0)
        for node in static(range(3)):
            area = area + primitive(node, share) * seen(work, node + 1, output)
        record[at + AREA] = record[at + AREA] + select(accepted, h * area, 0.0)
        record_rise(work, k, output, share, accepted, n, most, lesions)
        record_extremes(work, k, output, t, h, share, end, accepted)
        record_crossings(work, k, output, work.above[k], 1.0, ABOVE_DAY, t, h, share, accepted, n, most, lesions)
        record_crossings(work, k, output, work.below[k], -1.0, BELOW_DAY, t, h, share, accepted, n, most, lesions)


def record_crossings(work, k, output, level, sign, column, t, h, share, accepted, n, most, lesions):
    """Days of the first value at or beyond a level, for those who have none yet."""
    clock, record, at = work.clock, work.record, RECORD_COLUMNS * k + column
    waiting = accepted & isnan(record[at]) & ~isnan(level)
    hit = waiting & crosses(seen(work, END_ROW, output), level, sign)
    for row in static(range(1, 4)):
        hit = hit | (waiting & (NODES[row - 1] <= share) & crosses(seen(work, row, output), level, sign))
    if any(hit):
        clock[FLAGGED] = select(hit, 1.0, 0.0)
        for lane in range(LANES):
            if clock[FLAGGED, lane] > 0.0:
                own = work.above[k, lane] if sign > 0.0 else work.below[k, lane]
                limit, length, day = clock[SHARE, lane], clock[LENGTH, lane], clock[DAY_BEFORE, lane]
                x = first_crossing(work, length, n, most, lesions, limit, output, own, sign, lane)
                if x <= limit:
                    record[at, lane] = day + length * x


def record_rise(work, k, output, share, accepted, n, most, lesions):
    """Days of the first rise over the lowest value so far, for those who have none yet."""
    clock, record, at = work.clock, work.record, RECORD_COLUMNS * k
    waiting = accepted & isnan(record[at + RISE_DAY]) & ~isnan(work.rise[k])
    lowest, hit = record[at + LOWEST], lane_of(0.0) > 1.0
    for row in static(range(1, 5)):
        value, inside = seen(work, row, output), SHARES[row] <= share if row < END_ROW else share > 0.0
        hit = hit | (waiting & inside & (value >= work.rise[k] * lowest) & (value > lowest))
        lowest = select(inside, minimum(lowest, value), lowest)
    if any(hit):
        clock[FLAGGED] = select(hit, 1.0, 0.0)
        for lane in range(LANES):
            if clock[FLAGGED, lane] > 0.0:
                x = first_rise(work, k, output, clock[LENGTH, lane], clock[SHARE, lane], n, most, lesions, lane)
                if x <= clock[SHARE, lane]:
                    record[at + RISE_DAY, lane] = clock[DAY_BEFORE, lane] + clock[LENGTH, lane] * x


def first_rise(work, k, output, h, limit, n, most, lesions, lane):
    """Share of the step at which one patient's output has first risen over its lowest value, or 2."""
    low, lowest = 0.0, work.record[RECORD_COLUMNS * k + LOWEST, lane]
    for row in range(1, 5):
        x = limit if row == END_ROW else SHARES[row]
        if x <= limit:
            value = work.observed[row * work.n_observed + output, lane]
            level = work.rise[k, lane] * lowest
            if value >= level and value > lowest:
                return crossing(work, h, n, most, lesions, output, level, 1.0, low, x, lane)
            low, lowest = x, min(lowest, value)
    return 2.0


def first_crossing(work, h, n, most, lesions, limit, output, level, sign, lane):
    """Share of the step at which one patient's output first meets a level, or 2."""
    low = 0.0
    for row in range(1, 5):
        x = limit if row == END_ROW else SHARES[row]
        if x <= limit:
            if crosses(work.observed[row * work.n_observed + output, lane], level, sign):
                return crossing(work, h, n, most, lesions, output, level, sign, low, x, lane)
            low = x
    return 2.0


def record_extremes(work, k, output, t, h, share, end, accepted):
    """Highest and lowest of the values seen of a watched output, and its day."""
    for upward in static(range(2)):
        sign, value_at = 2.0 * upward - 1.0, RECORD_COLUMNS * k + (HIGHEST if upward == 1 else LOWEST)
        record, best, day = work.record, seen(work, END_ROW, output), end
        for row in static(range(1, 4)):
            value = seen(work, row, output)
            better = (NODES[row - 1] <= share) & (sign * value > sign * best)
            best = select(better, value, best)
            day = select(better, t + h * NODES[row - 1], day)
        beats = accepted & (sign * best > sign * record[value_at])
        record[value_at] = select(beats, best, record[value_at])
        record[value_at + 1] = select(beats, day, record[value_at + 1])


def look_for_turns(watch, work, accepted, n, most, lesions):
    """Where a watched output turns inside a step, let the value at the turn count; done before a cut step loses its last value."""
    for k in range(watch.outputs):
        output = watch.output[k]
        for upward in static(range(2)):
            sign, value_at = 2.0 * upward - 1.0, RECORD_COLUMNS * k + (HIGHEST if upward == 1 else LOWEST)
            turns = accepted & turns_beyond(work, output, sign, work.record[value_at])
            if any(turns):
                record_turns(work, output, sign, value_at, turns, n, most, lesions)


def turns_beyond(work, output, sign, known):
    """Whether an output turns inside the step, close enough to what is known to pass it between two of the values seen.

    `sign` is +1 for a highest value, -1 for a lowest. The output turns at the middle of three neighboring values, or between the
    first or last two where the parabola through three says so.
    """
    first, second = rise(work, output, sign, 0), rise(work, output, sign, 1)
    third, fourth = rise(work, output, sign, 2), rise(work, output, sign, 3)
    inside = ((first > 0.0) & (second < 0.0)) | ((second > 0.0) & (third < 0.0)) | ((third > 0.0) & (fourth < 0.0))
    at_start = (first < 0.0) & (first * (1.0 + GAP) - second * GAP > 0.0)
    at_end = (fourth > 0.0) & (fourth * (1.0 + GAP) - third * GAP < 0.0)
    range_ = abs(first) * SHARES[1] + abs(second) * (SHARES[2] - SHARES[1])
    range_ = range_ + abs(third) * (SHARES[2] - SHARES[1]) + abs(fourth) * SHARES[1]
    return (inside | at_start | at_end) & (sign * seen(work, START_ROW, output) + range_ > sign * known)


def rise(work, output, sign, row):
    """Slope of an output, upward as `sign` says, from one row of `work.observed` to the next."""
    return (seen(work, row + 1, output) - seen(work, row, output)) * (sign / (SHARES[row + 1] - SHARES[row]))


def record_turns(work, output, sign, value_at, turns, n, most, lesions):
    """Look closely at the patients whose output turns inside the step, and let the value at the turn count."""
    clock, record = work.clock, work.record
    clock[FLAGGED] = select(turns, 1.0, 0.0)
    for lane in range(LANES):
        if clock[FLAGGED, lane] > 0.0:
            clock[AT, lane] = summit(work, output, sign, clock[LENGTH, lane], lane)
        else:
            clock[AT, lane] = 1.0
    clock[RECORDED] = clock[AT]
    observe_watched(work, clock[RECORDED], clock[LENGTH], n, most, lesions, SCRATCH_ROW)
    for lane in range(LANES):
        if clock[FLAGGED, lane] > 0.0:
            value = work.observed[SCRATCH_ROW * work.n_observed + output, lane]
            if sign * value > sign * record[value_at, lane] and clock[RECORDED, lane] < clock[SHARE, lane]:
                record[value_at, lane] = value
                record[value_at + 1, lane] = clock[DAY_BEFORE, lane] + clock[LENGTH, lane] * clock[RECORDED, lane]


def summit(work, output, sign, h, lane):
    """Share of the step at which the quartic through the five values of one patient's output is highest (sign +1) or lowest."""
    size, best = work.n_observed, 0
    for row in range(1, 5):
        if sign * work.observed[row * size + output, lane] > sign * work.observed[best * size + output, lane]:
            best = row
    low, high = SHARES[max(best - 1, 0)], SHARES[min(best + 1, 4)]
    while (high - low) * h > PRECISION and low < 0.5 * (low + high) < high:
        middle = 0.5 * (low + high)
        if sign * slope_of_quartic(work.observed, size, output, middle, lane) > 0.0:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def slope_of_quartic(observed, size, output, x, lane):
    """Derivative at x of the quartic through the values in the first five rows."""
    total = 0.0
    for power_ in static(range(1, 5)):
        factor_ = 0.0
        for row in static(range(5)):
            factor_ = factor_ + QUARTIC[power_, row] * observed[row * size + output, lane]
        raised = 1.0
        for _ in static(range(power_ - 1)):
            raised = raised * x
        total = total + power_ * factor_ * raised
    return total
