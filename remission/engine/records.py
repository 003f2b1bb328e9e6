"""Running end points: extremes and their days, areas, first crossings and rises, from what each step shows.

Columns of `work.record` for each watched output are those of `codes.Record`. In the lane language; `lane` is one patient of the group.
"""

import numpy as np

from remission.engine.clock import AT, DAY_BEFORE, FLAGGED, LENGTH, RECORDED, SHARE
from remission.engine.codes import ABOVE_DAY, AREA, BELOW_DAY, HIGHEST, HIGHEST_DAY, LOWEST, LOWEST_DAY, RECORD_COLUMNS, RISE_DAY
from remission.engine.collocation import NODES, primitive
from remission.engine.operations import LANES, any, isnan, lane_of, minimum, select, static
from remission.engine.watching import END_ROW, SCRATCH_ROW, SHARES, START_ROW, crosses, crossing, observe_watched, seen

GAP = SHARES[1] / SHARES[2]  # of the parabola's slope at the end of three values
QUARTIC = np.linalg.inv(np.vander(SHARES, increasing=True))
SUMMIT_PRECISION = 1e-6  # day


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
        record_crossings(work, k, output, work.above[k], 1.0, ABOVE_DAY, share, accepted, n, most, lesions)
        record_crossings(work, k, output, work.below[k], -1.0, BELOW_DAY, share, accepted, n, most, lesions)


def record_crossings(work, k, output, level, sign, column, share, accepted, n, most, lesions):
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
    while (high - low) * h > SUMMIT_PRECISION and low < 0.5 * (low + high) < high:
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
