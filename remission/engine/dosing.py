"""Giving the doses of one patient: jumps at once, infusions as rates that return to exactly zero. In the lane language."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from remission.engine.generated import FIRST_INPUT, N_INPUTS, dose


def set_infusions(doses, work, m, t, lane):
    """Set the infusion rates from the rows running at t; returns the day the first of them ends and whether a rate changed.

    The rates are summed anew from the running rows, so that overlapping infusions leave nothing behind.
    """
    ends, changed = np.inf, False
    for number in range(N_INPUTS):
        rate = 0.0
        for row in range(doses.next_row[m]):
            day = doses.day[m, row]
            end = day + doses.duration[m, row]
            if end > day and doses.input[m, row] == number and t < end:
                rate = rate + doses.amount[m, row] / (end - day)
                ends = min(ends, end)
        changed = changed or rate != work.p[FIRST_INPUT + number, lane]
        work.p[FIRST_INPUT + number, lane] = rate
    return ends, changed


def next_day(doses, m):
    """Day of the next row, or infinity."""
    row = doses.next_row[m]
    return doses.day[m, row] if row < doses.rows else np.inf


def give_due(doses, work, m, t, lesions, lane):
    """Give every row due at t, in the order of the rows; an infusion too short for the clock is a dose at once."""
    while next_day(doses, m) <= t:
        row, day = doses.next_row[m], next_day(doses, m)
        if not (day + doses.duration[m, row] > day):
            amount, lesion = doses.amount[m, row], doses.lesion[m, row]
            dose(doses.agent[m, row], amount, lesion, work.y, work.p, work.c, work.flags, lesions, lane)
        doses.next_row[m] = row + 1
