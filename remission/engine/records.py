"""Running end points: extremes and their days, areas, first crossings and rises, from what each step shows.

Columns of `work.record` for each watched output are those of `codes.Record`. In the lane language; `lane` is one patient of the group.
"""

import numpy as np

from remission.engine.clock import AT, DAY_BEFORE, FLAGGED, LENGTH, RECORDED, SHARE
from remission.engine.codes import ABOVE_DAY, AREA, BELOW_DAY, HIGHEST, HIGHEST_DAY, LOWEST, LOWEST_DAY, RECORD_COLUMNS, RISE_DAY
from remission.engine.collocation import NODES, primitive
from remission.engine.operations import LANES, any, isnan, lane_of, minimum, select, static
from remission.engine.watching import END_ROW, SCRATCH_ROW, SHARES, START_ROW, crosses, crossing, observe_watched, seen

GAP = SHARES[1] / SHARES[2]
OUTER = (1.0 + GAP) / GAP * (SHARES[2] - SHARES[1]) / SHARES[1]  # a parabola begins to rise as OUTER first - second change
QUARTIC = np.linalg.inv(np.vander(SHARES, increasing=True))
SUMMIT_PRECISION, MOST_TRIES = 1e-6, 60  # day; halvings alone need some thirty


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
    """Let a step count, up to its share: area, extremes, first crossings and rises."""
    record = work.record
    first = select(accepted, h * primitive(0, share), 0.0)
    second = select(accepted, h * primitive(1, share), 0.0)
    third = select(accepted, h * primitive(2, share), 0.0)
    for k in range(watch.outputs):
        output, at = watch.output[k], RECORD_COLUMNS * k
        area = first * seen(work, 1, output) + second * seen(work, 2, output) + third * seen(work, 3, output)
        record[at + AREA] = record[at + AREA] + area
        record_rise(work, k, output, share, accepted, n, most, lesions)
        record_extremes(work, k, output, t, h, share, end, accepted)
        record_crossings(work, k, output, work.above[k], 1.0, ABOVE_DAY, share, accepted, n, most, lesions)
        record_crossings(work, k, output, work.below[k], -1.0, BELOW_DAY, share, accepted, n, most, lesions)


def record_crossings(work, k, output, level, sign, column, share, accepted, n, most, lesions):
    """Days of the first value at or beyond a level, for those who have none yet."""
    clock, record, at = work.clock, work.record, RECORD_COLUMNS * k + column
    waiting = accepted & isnan(record[at]) & ~isnan(level)
    if any(waiting):
        hit = waiting & crosses(seen(work, END_ROW, output), level, sign)
        for row in static(range(1, 4)):
            hit = hit | (waiting & (NODES[row - 1] <= share) & crosses(seen(work, row, output), level, sign))
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
    if any(waiting):
        lowest, hit = record[at + LOWEST], lane_of(0.0) > 1.0
        for row in static(range(1, 5)):
            value, inside = seen(work, row, output), SHARES[row] <= share if row < END_ROW else share > 0.0
            hit = hit | (waiting & inside & (value >= work.rise[k] * lowest) & (value > lowest))
            lowest = select(inside, minimum(lowest, value), lowest)
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
        turning = accepted & turns(work, output)
        if any(turning):
            for upward in static(range(2)):
                sign, value_at = 2.0 * upward - 1.0, RECORD_COLUMNS * k + (HIGHEST if upward == 1 else LOWEST)
                beyond = turning & may_pass(work, output, sign, work.record[value_at])
                if any(beyond):
                    record_turns(work, output, sign, value_at, beyond, n, most, lesions)


def turns(work, output):
    """Whether an output turns inside the step: at the middle of three neighboring values, or between the first or last two where the
    parabola through three says so."""
    first, second = change(work, output, 0), change(work, output, 1)
    third, fourth = change(work, output, 2), change(work, output, 3)
    inside = (first * second < 0.0) | (second * third < 0.0) | (third * fourth < 0.0)
    return inside | (first * (first * OUTER - second) < 0.0) | (fourth * (fourth * OUTER - third) < 0.0)


def may_pass(work, output, sign, known):
    """Whether a turn may pass what is known upward (sign +1) or downward: not if all that the output moves does not reach it."""
    reach = abs(change(work, output, 0)) + abs(change(work, output, 1)) + abs(change(work, output, 2)) + abs(change(work, output, 3))
    return sign * seen(work, START_ROW, output) + reach > sign * known


def change(work, output, row):
    """Difference of an output between one row of `work.observed` and the next."""
    return seen(work, row + 1, output) - seen(work, row, output)


def record_turns(work, output, sign, value_at, turning, n, most, lesions):
    """Look closely at the patients whose output turns inside the step, and let the value at the turn count."""
    clock, record = work.clock, work.record
    clock[FLAGGED] = select(turning, 1.0, 0.0)
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
    """Share of the step at which the quartic through the five values of one patient's output is highest (sign +1) or lowest.

    Newton's method on the slope, kept between the neighbors of the best value by halving.
    """
    observed, size, best = work.observed, work.n_observed, 0
    for row in range(1, 5):
        if sign * observed[row * size + output, lane] > sign * observed[best * size + output, lane]:
            best = row
    first, second = coefficient(observed, size, output, 1, lane), 2.0 * coefficient(observed, size, output, 2, lane)
    third, fourth = 3.0 * coefficient(observed, size, output, 3, lane), 4.0 * coefficient(observed, size, output, 4, lane)
    low, high = SHARES[max(best - 1, 0)], SHARES[min(best + 1, 4)]
    x, moved = 0.5 * (low + high), high - low
    for _ in range(MOST_TRIES):
        if not (moved * h > SUMMIT_PRECISION):
            break
        slope = first + x * (second + x * (third + x * fourth))
        if sign * slope > 0.0:
            low = x
        else:
            high = x
        bend = second + x * (2.0 * third + 3.0 * x * fourth)
        guess = x - slope / bend if bend != 0.0 else 2.0
        if not (low < guess < high):
            guess = 0.5 * (low + high)
        moved = abs(guess - x)
        x = guess
    return x


def coefficient(observed, size, output, power_, lane):
    """Coefficient of a power of x in the quartic through the values in the first five rows."""
    total = QUARTIC[power_, 0] * observed[output, lane]
    for row in static(range(1, 5)):
        total = total + QUARTIC[power_, row] * observed[row * size + output, lane]
    return total
