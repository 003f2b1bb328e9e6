"""What is read along the way: outputs on a grid, running end points, and triggers of unscheduled visits.

All are read from the interpolant of an accepted step, at the three Gauss points and its end.
"""

import numpy as np
from numba import njit

from remission.engine.collocation import NODES, integral_to, primitive
from remission.engine.extinction import EXTINCT, SMALL, mean_at
from remission.engine.pointers import call
from remission.engine.steppers import OPTIONS, interpolate

LOWEST, LOWEST_DAY, HIGHEST, HIGHEST_DAY, AREA, ABOVE_DAY, BELOW_DAY = range(7)
PRECISION = 1e-6
SCRATCH = 5
GOLDEN = 0.6180339887498949


@njit(**OPTIONS)
def state_at(model, member, work, h, x, lesions, n, chance):
    """State at the share x of the step, into `work.point`; lost clones are 0, small ones have their conditional mean."""
    interpolate(member.y, work.step, x, work.point, n)
    if chance:
        phase, small = member.phase, member.small
        for lesion in range(lesions):
            for clone in range(model.cell_state.size):
                index = lesion * model.n_clones + clone
                if phase[index] == SMALL:
                    place = model.n_patient + lesion * model.n_block + model.cell_state[clone]
                    work.point[place] = mean_at(small, work.node_births_deaths, index, h, x)
                elif phase[index] == EXTINCT:
                    work.point[model.n_patient + lesion * model.n_block + model.cell_state[clone]] = 0.0


@njit(**OPTIONS)
def integrals_at(model, q, work, h, x, lesions):
    """Integrals at the share x of the step, into `work.point_integrals`."""
    for k in range(model.n_quadratures + lesions * model.n_lesion_quadratures):
        work.point_integrals[k] = integral_to(q[k], work.node_rates, k, h, x)


@njit(**OPTIONS)
def observe(model, member, work, h, x, lesions, n, chance, target):
    """Outputs at the share x of the step, into `target`."""
    state_at(model, member, work, h, x, lesions, n, chance)
    integrals_at(model, member.q, work, h, x, lesions)
    call(model.out, (work.point, member.p, work.point_integrals, member.flags, target, lesions))


@njit(**OPTIONS)
def observe_nodes(model, member, work, h, lesions, n, chance):
    """Outputs at the three nodes and at the end of the step, into rows 1 to 4 of `work.observed`."""
    for node in range(3):
        observe(model, member, work, h, NODES[node], lesions, n, chance, work.observed[node + 1])
    observe(model, member, work, h, 1.0, lesions, n, chance, work.observed[4])


@njit(**OPTIONS)
def share_of(row, limit):
    """Share of the step of a row of `work.observed`."""
    if row == 0:
        return 0.0
    return limit if row == 4 else NODES[row - 1]


@njit(**OPTIONS)
def _crosses(value, level, sign):
    return sign * (value - level) >= 0.0


@njit(**OPTIONS)
def crossing(model, member, work, h, lesions, n, chance, output, level, sign, low, high):
    """Share of the step, between low and high, at which the output first meets the level."""
    scratch = work.observed[SCRATCH]
    while (high - low) * h > PRECISION and low < 0.5 * (low + high) < high:
        middle = 0.5 * (low + high)
        observe(model, member, work, h, middle, lesions, n, chance, scratch)
        if _crosses(scratch[output], level, sign):
            high = middle
        else:
            low = middle
    return high


@njit(**OPTIONS)
def first_trigger(model, member, watch, m, work, h, lesions, n, chance, limit):
    """Earliest armed trigger met before `limit`: its share of the step and its number, or (2, -1)."""
    found, share = -1, limit
    for k in range(watch.trigger_output.size):
        if watch.armed[m, k] == 0:
            continue
        output, level, sign = watch.trigger_output[k], watch.trigger_level[m, k], watch.trigger_sign[k]
        was, low = watch.met[m, k] == 1, 0.0
        for row in range(1, 5):
            x = share_of(row, 1.0)
            now = _crosses(work.observed[row, output], level, sign)
            if now and not was and low < share:
                x = crossing(model, member, work, h, lesions, n, chance, output, level, sign, low, x)
                if x <= share:
                    found, share = k, x
                break
            was, low = now, x
    return (share, found) if found >= 0 else (2.0, -1)


@njit(**OPTIONS)
def trigger_after_jump(watch, m, observed):
    """Number of the armed trigger that a jump has met, or -1; the conditions are remembered."""
    found = -1
    for k in range(watch.trigger_output.size):
        now = _crosses(observed[watch.trigger_output[k]], watch.trigger_level[m, k], watch.trigger_sign[k])
        if now and watch.met[m, k] == 0 and watch.armed[m, k] == 1 and found < 0:
            found = k
        watch.met[m, k] = 1 if now else 0
    return found


@njit(**OPTIONS)
def remember_triggers(watch, m, observed):
    """Keep the trigger conditions as they are at the end of the step."""
    for k in range(watch.trigger_output.size):
        now = _crosses(observed[watch.trigger_output[k]], watch.trigger_level[m, k], watch.trigger_sign[k])
        watch.met[m, k] = 1 if now else 0


@njit(**OPTIONS)
def record_value(watch, m, k, value, day):
    """Let one value of watched output k count."""
    record = watch.record[m, k]
    if value < record[LOWEST]:
        record[LOWEST], record[LOWEST_DAY] = value, day
    if value > record[HIGHEST]:
        record[HIGHEST], record[HIGHEST_DAY] = value, day


@njit(**OPTIONS)
def record_start(watch, m, observed, day):
    """Let the values at the beginning, or after a jump, count."""
    for k in range(watch.output.size):
        value = observed[watch.output[k]]
        record_value(watch, m, k, value, day)
        if np.isnan(watch.record[m, k, ABOVE_DAY]) and value >= watch.above[m, k]:
            watch.record[m, k, ABOVE_DAY] = day
        if np.isnan(watch.record[m, k, BELOW_DAY]) and value <= watch.below[m, k]:
            watch.record[m, k, BELOW_DAY] = day


@njit(**OPTIONS)
def record_step(model, member, watch, m, work, t, h, lesions, n, chance, limit):
    """Let a step count, up to the share `limit`: extremes, area and first crossings."""
    for k in range(watch.output.size):
        output = watch.output[k]
        area = 0.0
        for node in range(3):
            area += primitive(node, limit) * work.observed[node + 1, output]
        watch.record[m, k, AREA] += h * area
        _record_extremes(model, member, watch, m, k, work, t, h, lesions, n, chance, limit)
        for sign in (1.0, -1.0):
            level = watch.above[m, k] if sign > 0.0 else watch.below[m, k]
            column = ABOVE_DAY if sign > 0.0 else BELOW_DAY
            if np.isnan(watch.record[m, k, column]) and not np.isnan(level):
                x = _first_crossing(model, member, work, h, lesions, n, chance, limit, output, level, sign)
                if x <= limit:
                    watch.record[m, k, column] = t + h * x


@njit(**OPTIONS)
def _first_crossing(model, member, work, h, lesions, n, chance, limit, output, level, sign):
    low = 0.0
    for row in range(1, 5):
        x = share_of(row, limit)
        if x <= limit:
            if _crosses(work.observed[row, output], level, sign):
                return crossing(model, member, work, h, lesions, n, chance, output, level, sign, low, x)
            low = x
    return 2.0


@njit(**OPTIONS)
def _record_extremes(model, member, watch, m, k, work, t, h, lesions, n, chance, limit):
    output = watch.output[k]
    for sign in (1.0, -1.0):
        best = 0
        for row in range(1, 5):
            inside = share_of(row, limit) <= limit
            if inside and sign * work.observed[row, output] > sign * work.observed[best, output]:
                best = row
        known = watch.record[m, k, HIGHEST] if sign > 0.0 else watch.record[m, k, LOWEST]
        if sign * work.observed[best, output] > sign * known or 0 < best < 4:
            x, row = share_of(best, limit), best
            if limit == 1.0 and _bends(work.observed, output, sign, best):
                low, high = share_of(max(best - 1, 0), limit), share_of(min(best + 1, 4), limit)
                x, row = _peak(model, member, work, h, lesions, n, chance, output, sign, low, high), SCRATCH
                observe(model, member, work, h, x, lesions, n, chance, work.observed[SCRATCH])
            record_value(watch, m, k, work.observed[row, output], t + h * x)


@njit(**OPTIONS)
def _bends(observed, output, sign, best):
    """Whether the parabola through the three values about the best one has its summit between its neighbors."""
    middle = min(max(best, 1), 3)
    x0, x1, x2 = share_of(middle - 1, 1.0), share_of(middle, 1.0), share_of(middle + 1, 1.0)
    y0, y1, y2 = observed[middle - 1, output], observed[middle, output], observed[middle + 1, output]
    first, second = (y1 - y0) / (x1 - x0), (y2 - y1) / (x2 - x1)
    curvature = sign * (second - first) / (x2 - x0)
    if not (curvature < 0.0):
        return False
    summit = 0.5 * (x0 + x1) - 0.5 * sign * first / curvature
    return share_of(max(best - 1, 0), 1.0) < summit < share_of(min(best + 1, 4), 1.0)


@njit(**OPTIONS)
def _peak(model, member, work, h, lesions, n, chance, output, sign, low, high):
    """Share of the step at which the output is largest (sign +1) or smallest (-1), by golden section."""
    scratch = work.observed[SCRATCH]
    for _ in range(40):
        if (high - low) * h < PRECISION:
            break
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        observe(model, member, work, h, left, lesions, n, chance, scratch)
        value = sign * scratch[output]
        observe(model, member, work, h, right, lesions, n, chance, scratch)
        if value >= sign * scratch[output]:
            high = right
        else:
            low = left
    return 0.5 * (low + high)
