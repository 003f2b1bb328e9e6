"""Chance in small clones: which are lost, and when those that are not are large again.

Below `n_small` cells a clone in a lesion is a birth and death process with rates that therapy changes in time. With
rho' = death - birth and J' = birth exp(rho) from the moment it became small with n0 cells, it is extinct by now with
probability [1 - 1/(exp(rho) + J)]^n0 (Kendall 1948, Ann. Math. Stat. 19:1), which is exact. It is lost when that
probability passes a uniform number drawn in advance; until then it has its conditional mean, n0 exp(-rho) over the
probability of survival, and it leaves the small state from twice `n_small`. A lost clone stays at exactly 0 unless an
event or a dose puts cells there. Left out: the spread of a survivor's size about its conditional mean.
"""

from math import exp, expm1, log, log1p

import numpy as np
from numba import njit

from remission.engine.collocation import NODES, WEIGHTS, parabola, primitive
from remission.engine.steppers import OPTIONS, interpolate_one
from remission.random import uniform_scalar

ENTRY, RHO, SHIFT, LUCK = 0, 1, 2, 3
EXTINCT, SMALL, ESTABLISHED = 0, 1, 2
LARGEST_PANELS = 64


@njit(**OPTIONS)
def log_extinction(n0, rho, shift):
    """Log of the probability that all of n0 cells have no descendants left."""
    lineages = exp(rho) + shift
    if not (lineages > 1.0):
        return -np.inf
    return n0 * log1p(-1.0 / lineages)


@njit(**OPTIONS)
def conditional_mean(n0, rho, shift):
    """Mean number of cells of a clone that is not extinct."""
    return n0 * exp(-rho) / -expm1(log_extinction(n0, rho, shift))


@njit(**OPTIONS)
def exponents_at(small, rates, clone, h, x):
    """rho and J at the share x of the step, from birth and death rates at its three nodes."""
    birth, death = 2 * clone, 2 * clone + 1
    fastest = 0.0
    for node in range(3):
        fastest = max(fastest, abs(rates[node, death] - rates[node, birth]))
    panels = 1 + int(min(fastest * h * x, LARGEST_PANELS - 1))
    shift, width = small[clone, SHIFT], x / panels
    for panel in range(panels):
        for point in range(3):
            place = width * (panel + NODES[point])
            births = 0.0
            for node in range(3):
                births += parabola(node, place) * rates[node, birth]
            shift += h * width * WEIGHTS[point] * max(births, 0.0) * exp(_rho_at(small, rates, clone, h, place))
    return _rho_at(small, rates, clone, h, x), shift


@njit(**OPTIONS)
def _rho_at(small, rates, clone, h, x):
    rho = small[clone, RHO]
    for node in range(3):
        rho += h * primitive(node, x) * (rates[node, 2 * clone + 1] - rates[node, 2 * clone])
    return rho


@njit(**OPTIONS)
def mean_at(small, rates, clone, h, x):
    """Conditional mean of a small clone at the share x of the step."""
    rho, shift = exponents_at(small, rates, clone, h, x)
    return conditional_mean(small[clone, ENTRY], rho, shift)


@njit(**OPTIONS)
def has_changed(change, small, rates, clone, h, x, n_small):
    """Whether a small clone is lost (change EXTINCT) or large again (change ESTABLISHED) at the share x of the step."""
    rho, shift = exponents_at(small, rates, clone, h, x)
    if change == EXTINCT:
        return log_extinction(small[clone, ENTRY], rho, shift) >= small[clone, LUCK]
    return conditional_mean(small[clone, ENTRY], rho, shift) >= 2.0 * n_small


@njit(**OPTIONS)
def change_inside(change, small, rates, clone, h, limit, n_small, precision):
    """Share of the step at which the change happens, or 2.0 if it does not before `limit`."""
    if not has_changed(change, small, rates, clone, h, limit, n_small):
        return 2.0
    low, high = 0.0, limit
    while (high - low) * h > precision and low < 0.5 * (low + high) < high:
        middle = 0.5 * (low + high)
        if has_changed(change, small, rates, clone, h, middle, n_small):
            high = middle
        else:
            low = middle
    return high


@njit(**OPTIONS)
def entry_inside(y, work, i, h, limit, n_small, precision):
    """Share of the step at which an established clone falls below `n_small`, or 2.0 if it does not before `limit`."""
    if not (interpolate_one(y, work, limit, i) < n_small):
        return 2.0
    low, high = 0.0, limit
    while (high - low) * h > precision and low < 0.5 * (low + high) < high:
        middle = 0.5 * (low + high)
        if interpolate_one(y, work, middle, i) < n_small:
            high = middle
        else:
            low = middle
    return high


@njit(**OPTIONS)
def slot_of(entry, lesion, clone):
    """The number under which this entry of this clone in this lesion draws its luck; the same for any capacity."""
    return (np.uint64(entry) << np.uint64(32)) | (np.uint64(lesion) << np.uint64(16)) | np.uint64(clone)


@njit(**OPTIONS)
def enter(phase, small, entries, flags, index, lesion, clone, cells, seed, patient, process):
    """A clone becomes small with this many cells; its luck is drawn."""
    entries[index] += 1
    small[index, ENTRY], small[index, RHO], small[index, SHIFT] = cells, 0.0, 0.0
    small[index, LUCK] = log(uniform_scalar(seed, patient, process, slot_of(entries[index], lesion, clone)))
    phase[index], flags[index] = SMALL, 0.0


@njit(**OPTIONS)
def settle(phase, small, entries, flags, index, lesion, clone, cells, before, n_small, seed, patient, process):
    """Phase of a clone after a jump of its cells; returns the cells it goes on with.

    Cells taken from a small clone thin its lineages (rho rises by the log of the factor, exactly); cells added to a
    small or lost clone make a new entry with all cells now there.
    """
    if phase[index] == ESTABLISHED:
        if cells >= n_small:
            return cells
        if cells > 0.0:
            enter(phase, small, entries, flags, index, lesion, clone, cells, seed, patient, process)
            return cells
    elif cells > before:
        if cells >= 2.0 * n_small:
            phase[index], flags[index] = ESTABLISHED, 1.0
        else:
            enter(phase, small, entries, flags, index, lesion, clone, cells, seed, patient, process)
        return cells
    elif cells == before or (phase[index] == SMALL and cells > 0.0):
        if phase[index] == SMALL and cells < before:
            small[index, RHO] += log(before / cells)
        return cells
    phase[index], flags[index] = EXTINCT, 0.0
    return 0.0
