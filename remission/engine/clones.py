"""Keeping the clones of a patient in step with the equations: who counts, who is small, who has changed.

In the lane language; `lane` is one patient of the group.
"""

from typing import TYPE_CHECKING

from remission.engine.clock import ENTERS, IS_LARGE, IS_LOST, NOTHING
from remission.engine.codes import ESTABLISHED, EXTINCT, SMALL
from remission.engine.extinction import (
    ENTRY,
    RHO,
    SHIFT,
    change_inside,
    conditional_mean,
    enter,
    entry_inside,
    exponents_at,
    settle,
)

if TYPE_CHECKING:
    from remission.engine.generated import CELL_STATE, CHANCE, N_BLOCK, N_CLONES, N_PATIENT


def cell_place(lesion, clone):
    """Place in y of the cells of a clone."""
    return N_PATIENT + lesion * N_BLOCK + CELL_STATE[clone]


def set_counts(work, lesions, most, lane):
    """Let the error norm count the states that live: not lesions the patient does not have, nor the cells of clones that
    chance or nothing moves. Returns how many clones are small."""
    counts, smalls = work.counts, 0
    for i in range(N_PATIENT + most * N_BLOCK):
        counts[i, lane] = 1.0 if i < N_PATIENT + lesions * N_BLOCK else 0.0
    if CHANCE:
        for lesion in range(lesions):
            for clone in range(N_CLONES):
                index = lesion * N_CLONES + clone
                if work.flags[index, lane] == 0.0:
                    counts[cell_place(lesion, clone), lane] = 0.0
                if work.phase[index, lane] == SMALL:
                    smalls = smalls + 1
    return smalls


def remember_cells(work, lesions, most, lane):
    """Keep the cells of every clone before a jump; a lesion yet to come has none."""
    if CHANCE:
        for lesion in range(most):
            for clone in range(N_CLONES):
                cells = work.y[cell_place(lesion, clone), lane] if lesion < lesions else 0.0
                work.before[lesion * N_CLONES + clone, lane] = cells


def settle_all(work, clones, settings, m, patient, lesions, lane):
    """Give every clone the phase that follows from its cells after a jump."""
    if CHANCE:
        for lesion in range(lesions):
            for clone in range(N_CLONES):
                place = cell_place(lesion, clone)
                before = work.before[lesion * N_CLONES + clone, lane]
                work.y[place, lane] = settle(work, clones, settings, m, patient, lesion, clone, work.y[place, lane], before, lane)


def first_phases(work, clones, settings, m, patient, lesions, most, lane):
    """Phases at the start: every clone counts as lost before and its cells as newly placed."""
    if CHANCE:
        remember_cells(work, 0, most, lane)
        settle_all(work, clones, settings, m, patient, lesions, lane)
        for lesion in range(lesions):
            for clone in range(N_CLONES):
                if work.y[cell_place(lesion, clone), lane] >= settings.n_small:
                    work.phase[lesion * N_CLONES + clone, lane] = ESTABLISHED
                    work.flags[lesion * N_CLONES + clone, lane] = 1.0
    else:
        for index in range(work.n_flags):
            work.flags[index, lane] = 1.0


def first_change(work, h, lesions, n, limit, n_small, precision, lane):
    """Earliest change of a clone before `limit`: share of the step, kind and clone number, or (2, NOTHING, -1)."""
    share, kind, which = 2.0, NOTHING, -1
    size = 2 * work.n_flags
    for lesion in range(lesions):
        for clone in range(N_CLONES):
            index, within = lesion * N_CLONES + clone, min(share, limit)
            phase = int(work.phase[index, lane])
            if phase == ESTABLISHED:
                x = entry_inside(work.y, work, cell_place(lesion, clone), n, h, within, n_small, precision, lane)
                if x < share:
                    share, kind, which = x, ENTERS, index
            elif phase == SMALL:
                x = change_inside(EXTINCT, work.small, work.births_deaths, size, index, h, within, n_small, precision, lane)
                if x < share:
                    share, kind, which = x, IS_LOST, index
                within = min(share, limit)
                x = change_inside(ESTABLISHED, work.small, work.births_deaths, size, index, h, within, n_small, precision, lane)
                if x < share:
                    share, kind, which = x, IS_LARGE, index
    return share, kind, which


def carry_exponents(work, h, share, lesions, lane):
    """Take rho and J of the small clones to the share of the step that was kept."""
    for index in range(lesions * N_CLONES):
        if work.phase[index, lane] == SMALL:
            rho, shift = exponents_at(work.small, work.births_deaths, 2 * work.n_flags, index, h, share, lane)
            work.small[4 * index + RHO, lane] = rho
            work.small[4 * index + SHIFT, lane] = shift


def apply_change(work, clones, settings, m, patient, kind, index, lane):
    """Carry out a change found by `first_change`, after the state was taken there."""
    lesion, clone = index // N_CLONES, index % N_CLONES
    place = cell_place(lesion, clone)
    if kind == ENTERS:
        cells = max(work.y[place, lane], 0.0)
        enter(work, clones, settings, m, patient, lesion, clone, cells, lane)
        work.y[place, lane] = cells
    elif kind == IS_LOST:
        work.phase[index, lane] = EXTINCT
        work.flags[index, lane] = 0.0
        work.y[place, lane] = 0.0
    else:
        small = work.small
        work.phase[index, lane] = ESTABLISHED
        work.flags[index, lane] = 1.0
        work.y[place, lane] = conditional_mean(small[4 * index + ENTRY, lane], small[4 * index + RHO, lane], small[4 * index + SHIFT, lane])
