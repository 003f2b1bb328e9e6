"""Random discrete events: which hazard passes its threshold in a step, when, and what is written down.

A hazard accumulates as an integral; it fires when the integral passes a threshold, an exponential draw keyed by seed, patient,
hazard, lesion, clone and number of firings, so that it depends on nothing else. One event per step
and member; the step is cut where it happens.
"""

import numpy as np
from numba import njit

from remission.engine.collocation import integral_to
from remission.engine.steppers import OPTIONS
from remission.random import exponential_scalar

NEVER = 2.0


@njit(**OPTIONS)
def live_entries(model, lesions):
    """Hazard entries of the lesions the member has."""
    return model.patient_entries + lesions * model.lesion_entries


@njit(**OPTIONS)
def draw_of(lesion, clone, times):
    """The number under which the threshold after `times` firings is drawn; lesion or clone -1 where the scope has none."""
    return (np.uint64(lesion + 1) << np.uint64(40)) | (np.uint64(clone + 1) << np.uint64(24)) | np.uint64(times)


@njit(**OPTIONS)
def next_threshold(model, events, m, entry, hazard, lesion, clone, seed, patient):
    """A hazard has fired: a repeating one waits for a further exponential draw of its own, any other for nothing."""
    events.fired[m, entry] += 1
    if model.hazard_repeats[hazard]:
        draw = draw_of(lesion, clone, events.fired[m, entry])
        events.threshold[m, entry] += exponential_scalar(seed, patient, model.hazard_key[hazard], draw)
    else:
        events.threshold[m, entry] = np.inf


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
def first_hazard(model, q, threshold, node_rates, h, lesions, limit, precision):
    """Earliest hazard before `limit`: its share of the step and its entry."""
    found, share = -1, limit
    for entry in range(live_entries(model, lesions)):
        integral = model.entry_integral[entry]
        x = hazard_inside(q[integral], node_rates, integral, h, share, threshold[entry], precision)
        if x < share or (found < 0 and x <= share):
            found, share = entry, x
    return (share, found) if found >= 0 else (NEVER, -1)


@njit(**OPTIONS)
def write_down(code, day, count, member, hazard, lesion, clone, time):
    """One line of the event log; lines beyond its length are counted only."""
    line = count[member]
    if line < day.shape[1]:
        code[member, line, 0], code[member, line, 1], code[member, line, 2] = hazard, lesion, clone
        day[member, line] = time
    count[member] = line + 1
