"""Random discrete events: which hazard passes its threshold in a step, when, and what is written down.

A hazard accumulates as an integral; it fires when the integral passes a threshold drawn in advance. One event per step
and member; the step is cut where it happens.
"""

from numba import njit

from remission.engine.collocation import integral_to
from remission.engine.steppers import OPTIONS

NEVER, NO_THRESHOLD = 2.0, -1.0


@njit(**OPTIONS)
def live_entries(model, lesions):
    """Hazard entries of the lesions the member has."""
    return model.patient_entries + lesions * model.lesion_entries


@njit(**OPTIONS)
def threshold_of(model, threshold, fired, entry):
    """Threshold the entry waits for; none left for a repeating hazard is `NO_THRESHOLD`, done is infinite."""
    times = fired[entry]
    if times < threshold.shape[1]:
        if times == 0 or model.hazard_repeats[model.entry_hazard[entry]]:
            return threshold[entry, times]
        return float("inf")
    return NO_THRESHOLD if model.hazard_repeats[model.entry_hazard[entry]] else float("inf")


@njit(**OPTIONS)
def hazard_inside(start, node_rates, integral, h, limit, level, precision):
    """Share of the step at which the integral reaches `level`, or `NEVER` if not before `limit`."""
    if not (integral_to(start, node_rates, integral, h, limit) >= level):
        return NEVER
    low, high = 0.0, limit
    while (high - low) * h > precision and low < 0.5 * (low + high) < high:
        middle = 0.5 * (low + high)
        if integral_to(start, node_rates, integral, h, middle) >= level:
            high = middle
        else:
            low = middle
    return high


@njit(**OPTIONS)
def first_hazard(model, q, threshold, fired, node_rates, h, lesions, limit, precision):
    """Earliest hazard before `limit`: its share of the step and its entry."""
    found, share = -1, limit
    for entry in range(live_entries(model, lesions)):
        level = threshold_of(model, threshold, fired, entry)
        if level < 0.0:
            continue
        integral = model.entry_integral[entry]
        x = hazard_inside(q[integral], node_rates, integral, h, share, level, precision)
        if x < share or (found < 0 and x <= share):
            found, share = entry, x
    return (share, found) if found >= 0 else (NEVER, -1)


@njit(**OPTIONS)
def has_thresholds(model, threshold, fired, lesions):
    """Whether every repeating hazard still has a threshold to wait for."""
    left = True
    for entry in range(live_entries(model, lesions)):
        left = left and threshold_of(model, threshold, fired, entry) >= 0.0
    return left


@njit(**OPTIONS)
def write_down(code, day, count, member, hazard, lesion, clone, time):
    """One line of the event log; lines beyond its length are counted only."""
    line = count[member]
    if line < day.shape[1]:
        code[member, line, 0], code[member, line, 1], code[member, line, 2] = hazard, lesion, clone
        day[member, line] = time
    count[member] = line + 1
