"""Running end points: extremes and their days, areas, first crossings and rises, from what each step shows.

Columns of `work.record` for each watched output are those of `codes.Record`. In the lane language; `lane` is one patient of the group.
"""

from typing import TYPE_CHECKING

import numpy as np

from remission.engine.clock import DAY_BEFORE, FLAGGED, LENGTH, SHARE
from remission.engine.codes import ABOVE_DAY, AREA, BELOW_DAY, HIGHEST, HIGHEST_DAY, LOWEST, LOWEST_DAY, RECORD_COLUMNS, RISE_DAY
from remission.engine.collocation import NODES, WEIGHTS, primitive
from remission.engine.operations import LANES, any, isnan, lane_of, maximum, minimum, select, static
from remission.engine.watching import (
    END_ROW,
    SCRATCH_ROW,
    SHARES,
    START_ROW,
    copy_watched,
    crosses,
    crossing,
    observe_closely,
    observe_watched,
    seen,
)

if TYPE_CHECKING:
    from remission.engine.generated import LEVELS

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


def record_step(watch, work, t, h, share, end, accepted, whole, n, most, lesions):
    """Let a step count: area, extremes, first crossings and rises; `whole`: those whose step was not cut."""
    record = work.record
    outer, inner = select(whole, h * WEIGHTS[0], 0.0), select(whole, h * WEIGHTS[1], 0.0)
    for k in range(watch.outputs):
        output, at = watch.output[k], RECORD_COLUMNS * k
        start, first, second = seen(work, START_ROW, output), seen(work, 1, output), seen(work, 2, output)
        third, last = seen(work, 3, output), seen(work, END_ROW, output)
        turning = whole & turns(start, first, second, third, last)
        if any(turning):
            look_at_turns(work, k, output, turning, n, most, lesions)
        record[at + AREA] = record[at + AREA] + (outer * (first + third) + inner * second)
        if LEVELS:
            record_rise(work, k, output, share, accepted, n, most, lesions)
            record_crossings(work, k, output, work.above[k], 1.0, ABOVE_DAY, share, accepted, n, most, lesions)
            record_crossings(work, k, output, work.below[k], -1.0, BELOW_DAY, share, accepted, n, most, lesions)
        top = maximum(maximum(first, second), maximum(third, last))
        bottom = minimum(minimum(first, second), minimum(third, last))
        record_extreme(record, at + HIGHEST, 1.0, top, first, second, last, t, h, end, accepted)
        record_extreme(record, at + LOWEST, -1.0, bottom, first, second, last, t, h, end, accepted)


def record_cut(watch, work, h, share, cut, n, most, lesions):
    """Let a step that was cut short count where all of it is needed, for turns and area; then what lies behind the cut reads as at it."""
    record = work.record
    for k in range(watch.outputs):
        output, at = watch.output[k], RECORD_COLUMNS * k
        start, first, second = seen(work, START_ROW, output), seen(work, 1, output), seen(work, 2, output)
        third, last = seen(work, 3, output), seen(work, END_ROW, output)
        turning = cut & turns(start, first, second, third, last)
        if any(turning):
            look_at_turns(work, k, output, turning, n, most, lesions)
        area = primitive(0, share) * first + primitive(1, share) * second + primitive(2, share) * third
        record[at + AREA] = record[at + AREA] + select(cut, h * area, 0.0)
    observe_watched(work, share, h, n, most, lesions, SCRATCH_ROW)
    copy_watched(watch, work, SCRATCH_ROW, END_ROW, cut)
    for node in static(range(3)):
        copy_watched(watch, work, SCRATCH_ROW, node + 1, cut & (share < NODES[node]))


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


def record_extreme(record, at, sign, best, first, second, last, t, h, end, accepted):
    """The highest (sign +1) or lowest of the values seen of a watched output, and its day."""
    beats = accepted & (sign * best > sign * record[at])
    day, inside = end, beats & (sign * best > sign * last)
    if any(inside):
        node = select(best == first, NODES[0], select(best == second, NODES[1], NODES[2]))
        day = select(inside, t + h * node, day)
    record[at] = select(beats, best, record[at])
    record[at + 1] = select(beats, day, record[at + 1])


def turns(start, first, second, third, last):
    """Whether an output turns inside the step: at the middle of three neighboring values, or between the first or last two where the
    parabola through three says so."""
    one, two, three, four = first - start, second - first, third - second, last - third
    inside = minimum(minimum(one * two, two * three), three * four)
    return minimum(inside, minimum(one * (one * OUTER - two), four * (four * OUTER - three))) < 0.0


def look_at_turns(work, k, output, turning, n, most, lesions):
    """Let the values count at which a watched output turns inside the step."""
    for upward in static(range(2)):
        sign, value_at = 2.0 * upward - 1.0, RECORD_COLUMNS * k + (HIGHEST if upward == 1 else LOWEST)
        beyond = turning & may_pass(work, output, sign, work.record[value_at])
        if any(beyond):
            record_turns(work, output, sign, value_at, beyond, n, most, lesions)


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
    x = summit(work, output, sign, turning, clock[LENGTH])
    observe_closely(work, x, clock[LENGTH], n, most, lesions, SCRATCH_ROW)
    value = seen(work, SCRATCH_ROW, output)
    better = turning & (sign * value > sign * record[value_at]) & (x < clock[SHARE])
    record[value_at] = select(better, value, record[value_at])
    record[value_at + 1] = select(better, clock[DAY_BEFORE] + clock[LENGTH] * x, record[value_at + 1])


def summit(work, output, sign, wanted, h):
    """Share of the step at which the quartic through the five values of an output is highest (sign +1) or lowest, where that is wanted.

    Newton's method on the slope, kept between the neighbors of the best value by halving.
    """
    low, high = around_best(work, output, sign)
    first, second = coefficient(work, output, 1), 2.0 * coefficient(work, output, 2)
    third, fourth = 3.0 * coefficient(work, output, 3), 4.0 * coefficient(work, output, 4)
    x, going, tries = 0.5 * (low + high), wanted & ((high - low) * h > SUMMIT_PRECISION), 0
    while any(going) and tries < MOST_TRIES:
        slope = first + x * (second + x * (third + x * fourth))
        curve = second + x * (2.0 * third + 3.0 * x * fourth)
        rising = sign * slope > 0.0
        low, high = select(going & rising, x, low), select(going & ~rising, x, high)
        guess = x - slope / select(curve == 0.0, 1.0, curve)
        inside = ~(curve == 0.0) & (low < guess) & (guess < high)
        guess = select(inside, guess, 0.5 * (low + high))
        moved = abs(guess - x)
        x = select(going, guess, x)
        going = going & (moved * h > SUMMIT_PRECISION)
        tries = tries + 1
    return x


def around_best(work, output, sign):
    """Shares of the step of the neighbors of the best of the five values of an output."""
    best, low, high = sign * seen(work, START_ROW, output), lane_of(SHARES[0]), lane_of(SHARES[1])
    for row in static(range(1, 5)):
        value = sign * seen(work, row, output)
        better = value > best
        best = select(better, value, best)
        low, high = select(better, SHARES[row - 1], low), select(better, SHARES[min(row + 1, 4)], high)
    return low, high


def coefficient(work, output, power_):
    """Coefficient of a power of x in the quartic through the values in the first five rows."""
    total = QUARTIC[power_, 0] * seen(work, START_ROW, output)
    for row in static(range(1, 5)):
        total = total + QUARTIC[power_, row] * seen(work, row, output)
    return total
