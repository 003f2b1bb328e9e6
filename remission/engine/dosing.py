"""Giving the doses of one member: jumps at once, infusions as rates that return to exactly zero."""

import numpy as np
from numba import njit

from remission.engine.pointers import call
from remission.engine.steppers import OPTIONS


@njit(**OPTIONS)
def set_infusions(model, doses, member, p, t):
    """Set the infusion rates from the rows running at t; returns the day the first of them ends and whether a rate changed.

    The rates are summed anew from the running rows, so that overlapping infusions leave nothing behind.
    """
    ends, changed = np.inf, False
    for number in range(model.n_inputs):
        rate = 0.0
        for row in range(doses.next_row[member]):
            end = doses.day[member, row] + doses.duration[member, row]
            if doses.duration[member, row] > 0.0 and doses.input[member, row] == number and t < end:
                rate += doses.amount[member, row] / doses.duration[member, row]
                ends = min(ends, end)
        changed = changed or rate != p[model.first_input + number]
        p[model.first_input + number] = rate
    return ends, changed


@njit(**OPTIONS)
def next_day(doses, member):
    """Day of the next row, or infinity."""
    row = doses.next_row[member]
    return doses.day[member, row] if row < doses.day.shape[1] else np.inf


@njit(**OPTIONS)
def give_due(model, doses, member, y, p, flags, t, lesions):
    """Give every row due at t, in the order of the rows; returns how many."""
    given = 0
    while next_day(doses, member) <= t:
        row = doses.next_row[member]
        if not (doses.duration[member, row] > 0.0):
            agent, lesion = doses.agent[member, row], doses.lesion[member, row]
            call(model.dose, (agent, doses.amount[member, row], lesion, y, p, flags, lesions))
        doses.next_row[member] = row + 1
        given += 1
    return given
