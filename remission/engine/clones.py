"""Keeping the clones of a member in step with its equations: who counts, who is small, who has changed."""

from numba import njit

from remission.engine.extinction import (
    ENTRY,
    ESTABLISHED,
    EXTINCT,
    RHO,
    SHIFT,
    SMALL,
    change_inside,
    conditional_mean,
    enter,
    entry_inside,
    exponents_at,
    settle,
)
from remission.engine.steppers import OPTIONS

NOTHING, HAZARD, TRIGGER, ENTERS, IS_LOST, IS_LARGE = 0, 1, 2, 3, 4, 5


@njit(**OPTIONS)
def cell_place(model, lesion, clone):
    """Place in y of the cells of a clone."""
    return model.n_patient + lesion * model.n_block + model.cell_state[clone]


@njit(**OPTIONS)
def set_counts(model, flags, counts, lesions, n):
    """Let the error norm count the states that live: not the cells of clones that chance or nothing moves."""
    for i in range(n):
        counts[i] = 1.0
    for lesion in range(lesions):
        for clone in range(model.cell_state.size):
            if flags[lesion * model.n_clones + clone] == 0.0:
                counts[cell_place(model, lesion, clone)] = 0.0


@njit(**OPTIONS)
def remember_cells(model, y, before, lesions):
    """Keep the cells of every clone before a jump; a lesion yet to come has none."""
    for index in range(before.size):
        before[index] = 0.0
    for lesion in range(lesions):
        for clone in range(model.cell_state.size):
            before[lesion * model.n_clones + clone] = y[cell_place(model, lesion, clone)]


@njit(**OPTIONS)
def settle_all(model, clones, m, y, flags, before, lesions, settings, patient):
    """Give every clone the phase that follows from its cells after a jump."""
    for lesion in range(lesions):
        for clone in range(model.cell_state.size):
            index, place = lesion * model.n_clones + clone, cell_place(model, lesion, clone)
            y[place] = settle(
                clones.phase[m],
                clones.small[m],
                clones.entries[m],
                flags,
                index,
                lesion,
                clone,
                y[place],
                before[index],
                settings.n_small,
                settings.seed,
                patient,
                settings.process,
            )


@njit(**OPTIONS)
def first_phases(model, clones, m, y, flags, lesions, settings, patient, nothing):
    """Phases at the start: every clone counts as lost before and its cells as newly placed."""
    if model.cell_state.size == 0:
        for index in range(flags.size):
            flags[index] = 1.0
    else:
        settle_all(model, clones, m, y, flags, nothing, lesions, settings, patient)
        for lesion in range(lesions):
            for clone in range(model.cell_state.size):
                index = lesion * model.n_clones + clone
                if y[cell_place(model, lesion, clone)] >= settings.n_small:
                    clones.phase[m, index], flags[index] = ESTABLISHED, 1.0


@njit(**OPTIONS)
def first_change(model, clones, m, y, work, h, lesions, limit, n_small, precision):
    """Earliest change of a clone before `limit`: share of the step, kind and clone number, or (2, NOTHING, -1)."""
    share, kind, which = 2.0, NOTHING, -1
    phase, small, rates = clones.phase[m], clones.small[m], work.node_births_deaths
    for lesion in range(lesions):
        for clone in range(model.cell_state.size):
            index, within = lesion * model.n_clones + clone, min(share, limit)
            if phase[index] == ESTABLISHED:
                place = cell_place(model, lesion, clone)
                x = entry_inside(y, work.step, place, h, within, n_small, precision)
                if x < share:
                    share, kind, which = x, ENTERS, index
            elif phase[index] == SMALL:
                x = change_inside(EXTINCT, small, rates, index, h, within, n_small, precision)
                if x < share:
                    share, kind, which = x, IS_LOST, index
                x = change_inside(ESTABLISHED, small, rates, index, h, min(share, limit), n_small, precision)
                if x < share:
                    share, kind, which = x, IS_LARGE, index
    return share, kind, which


@njit(**OPTIONS)
def carry_exponents(model, clones, m, work, h, share, lesions):
    """Take rho and J of the small clones to the share of the step that was kept."""
    small = clones.small[m]
    for lesion in range(lesions):
        for clone in range(model.cell_state.size):
            index = lesion * model.n_clones + clone
            if clones.phase[m, index] == SMALL:
                rho, shift = exponents_at(small, work.node_births_deaths, index, h, share)
                small[index, RHO], small[index, SHIFT] = rho, shift


@njit(**OPTIONS)
def apply_change(model, clones, m, y, flags, kind, index, settings, patient):
    """Carry out a change found by `first_change`, after the state was taken there."""
    lesion, clone = index // model.n_clones, index % model.n_clones
    place, small = cell_place(model, lesion, clone), clones.small[m]
    if kind == ENTERS:
        cells, arrays = max(y[place], 0.0), (clones.phase[m], small, clones.entries[m])
        enter(*arrays, flags, index, lesion, clone, cells, settings.seed, patient, settings.process)
        y[place] = cells
    elif kind == IS_LOST:
        clones.phase[m, index], flags[index], y[place] = EXTINCT, 0.0, 0.0
    else:
        clones.phase[m, index], flags[index] = ESTABLISHED, 1.0
        y[place] = conditional_mean(small[index, ENTRY], small[index, RHO], small[index, SHIFT])
