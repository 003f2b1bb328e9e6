"""Random discrete events: which hazard passes its threshold in a step, when, and what is written down.

A hazard accumulates as an integral; it fires when the integral passes a threshold, an exponential draw keyed by seed, patient,
hazard, lesion, clone and number of firings, so that it depends on nothing else. One event per step
and patient; the step is cut where it happens. In the lane language.
"""

import numpy as np

from remission.engine.collocation import integral_of_one
from remission.engine.luck import draw_of, exponential_scalar

NEVER = 2.0


def live_entries(model, lesions):
    """Hazard entries of the lesions the patient has."""
    return model.patient_entries + lesions * model.lesion_entries


def next_threshold(model, work, events, settings, m, patient, entry, hazard, lesion, clone, lane):
    """A hazard has fired: a repeating one waits for a further exponential draw of its own, any other for nothing."""
    events.fired[m, entry] = events.fired[m, entry] + 1
    threshold = np.inf
    if model.hazard_repeats[hazard] != 0:
        draw = draw_of(lesion, clone, events.fired[m, entry])
        waited = exponential_scalar(settings.seed, patient, model.hazard_key[hazard], draw)
        threshold = events.threshold[m, entry] + waited
    events.threshold[m, entry] = threshold
    work.threshold[entry, lane] = threshold


def hazard_inside(start, node_rates, integral, size, h, limit, level, precision, lane):
    """Share of the step at which the integral reaches `level`, or `NEVER` if not before `limit`."""
    if not (integral_of_one(start, node_rates, integral, size, h, limit, lane) >= level):
        return NEVER
    low, high = 0.0, limit
    while (high - low) * h > precision and low < 0.5 * (low + high) < high:
        middle = 0.5 * (low + high)
        if integral_of_one(start, node_rates, integral, size, h, middle, lane) >= level:
            high = middle
        else:
            low = middle
    return high


def first_hazard(model, work, h, lesions, limit, precision, lane):
    """Earliest hazard before `limit`: its share of the step and its entry."""
    found, share = -1, limit
    for entry in range(live_entries(model, lesions)):
        integral = model.entry_integral[entry]
        start, level = work.q[integral, lane], work.threshold[entry, lane]
        x = hazard_inside(start, work.node_rates, integral, work.n_integrals, h, share, level, precision, lane)
        if x < share or (found < 0 and x <= share):
            found, share = entry, x
    if found < 0:
        share = NEVER
    return share, found


def write_down(events, m, hazard, lesion, clone, day):
    """One line of the event log; lines beyond its length are counted only."""
    line = events.count[m]
    if line < events.lines:
        events.code[m, line, 0] = hazard
        events.code[m, line, 1] = lesion
        events.code[m, line, 2] = clone
        events.day[m, line] = day
    events.count[m] = line + 1
