"""Chance in small clones: which are lost, and when those that are not are large again.

Below `n_small` cells a clone in a lesion is a birth and death process with rates that therapy changes in time. With
rho' = death - birth and J' = birth exp(rho) from the moment it became small with n0 cells, it is extinct by now with
probability [1 - 1/(exp(rho) + J)]^n0 (Kendall 1948, Ann. Math. Stat. 19:1), which is exact. It is lost when that
probability passes a uniform number drawn in advance; until then it has its conditional mean, n0 exp(-rho) over the
probability of survival, and it leaves the small state from twice `n_small`. A lost clone stays at exactly 0 unless an
event or a dose puts cells there. Left out: the spread of a survivor's size about its conditional mean.

Written in the lane language for one patient of the group (`lane`): small clones are rare, and each goes its own way. The clone of
number lesion * N_CLONES + clone has n0, rho, J and the log of its uniform in rows 4 * number + (ENTRY, RHO, SHIFT, LUCK) of `small`, and
birth and death per cell and day in rows node * size + 2 * number + (0, 1) of `rates`. Phases are those of `codes.Phase`.
"""

from typing import TYPE_CHECKING

import numpy as np

from remission.engine.codes import ESTABLISHED, EXTINCT, SMALL
from remission.engine.collocation import NODES, WEIGHTS, parabola, primitive
from remission.engine.luck import log_exactly, uniform_scalar
from remission.engine.operations import exp, key, log, static
from remission.engine.steppers import interpolate_one

if TYPE_CHECKING:
    from remission.engine.generated import N_CLONES

ENTRY, RHO, SHIFT, LUCK = 0, 1, 2, 3
LARGEST_PANELS = 64


def log_of_one_plus(x):
    """log(1 + x), accurate for small x."""
    whole = 1.0 + x
    return x if whole == 1.0 else log(whole) * x / (whole - 1.0)


def exp_minus_one(x):
    """exp(x) - 1, accurate for small x."""
    if abs(x) < 1e-5:
        return x * (1.0 + 0.5 * x * (1.0 + x / 3.0))
    return exp(x) - 1.0


def log_extinction(n0, rho, shift):
    """Log of the probability that all of n0 cells have no descendants left."""
    lineages = exp(rho) + shift
    if not (lineages > 1.0):
        return -np.inf
    return n0 * log_of_one_plus(-1.0 / lineages)


def conditional_mean(n0, rho, shift):
    """Mean number of cells of a clone that is not extinct."""
    lost = log_extinction(n0, rho, shift)
    return n0 * exp(-rho) if lost == -np.inf else n0 * exp(-rho) / -exp_minus_one(lost)


def rho_at(small, rates, size, clone, h, x, lane):
    """Integral of death minus birth per cell, from the entry to the share x of the step."""
    rho = small[4 * clone + RHO, lane]
    for node in static(range(3)):
        loss = rates[node * size + 2 * clone + 1, lane] - rates[node * size + 2 * clone, lane]
        rho = rho + h * primitive(node, x) * loss
    return rho


def exponents_at(small, rates, size, clone, h, x, lane):
    """rho and J at the share x of the step; the integral of J takes more panels of three points where rho changes fast."""
    fastest = 0.0
    for node in static(range(3)):
        loss = rates[node * size + 2 * clone + 1, lane] - rates[node * size + 2 * clone, lane]
        fastest = max(fastest, abs(loss))
    panels = 1 + int(min(fastest * h * x, LARGEST_PANELS - 1.0))
    shift, width = small[4 * clone + SHIFT, lane], x / panels
    for panel in range(panels):
        for point in range(3):
            place = width * (panel + NODES[point])
            births = 0.0
            for node in static(range(3)):
                births = births + parabola(node, place) * rates[node * size + 2 * clone, lane]
            lived = exp(rho_at(small, rates, size, clone, h, place, lane))
            shift = shift + h * width * WEIGHTS[point] * max(births, 0.0) * lived
    return rho_at(small, rates, size, clone, h, x, lane), shift


def mean_at(small, rates, size, clone, h, x, lane):
    """Conditional mean of a small clone at the share x of the step."""
    rho, shift = exponents_at(small, rates, size, clone, h, x, lane)
    return conditional_mean(small[4 * clone + ENTRY, lane], rho, shift)


def has_changed(change, small, rates, size, clone, h, x, n_small, lane):
    """Whether a small clone is lost (change EXTINCT) or large again (change ESTABLISHED) at the share x of the step."""
    rho, shift = exponents_at(small, rates, size, clone, h, x, lane)
    n0 = small[4 * clone + ENTRY, lane]
    if change == EXTINCT:
        return log_extinction(n0, rho, shift) >= small[4 * clone + LUCK, lane]
    return conditional_mean(n0, rho, shift) >= 2.0 * n_small


def change_inside(change, small, rates, size, clone, h, limit, n_small, precision, lane):
    """Share of the step at which the change happens, or 2.0 if it does not before `limit`."""
    if not has_changed(change, small, rates, size, clone, h, limit, n_small, lane):
        return 2.0
    low, high = 0.0, limit
    while (high - low) * h > precision and low < 0.5 * (low + high) < high:
        middle = 0.5 * (low + high)
        if has_changed(change, small, rates, size, clone, h, middle, n_small, lane):
            high = middle
        else:
            low = middle
    return high


def entry_inside(y, work, i, n, h, limit, n_small, precision, lane):
    """Share of the step at which an established clone falls below `n_small`, or 2.0 if it does not before `limit`."""
    if not (interpolate_one(y, work, limit, i, n, lane) < n_small):
        return 2.0
    low, high = 0.0, limit
    while (high - low) * h > precision and low < 0.5 * (low + high) < high:
        middle = 0.5 * (low + high)
        if interpolate_one(y, work, middle, i, n, lane) < n_small:
            high = middle
        else:
            low = middle
    return high


def slot_of(entry, lesion, clone):
    """The number under which this entry of this clone in this lesion draws its luck; the same for any capacity."""
    return (key(entry) << key(32)) | (key(lesion) << key(16)) | key(clone)


def enter(work, clones, settings, m, patient, lesion, clone, cells, lane):
    """A clone becomes small with this many cells; its luck is drawn."""
    index = lesion * N_CLONES + clone
    clones.entries[m, index] = clones.entries[m, index] + 1
    small = work.small
    small[4 * index + ENTRY, lane] = cells
    small[4 * index + RHO, lane] = 0.0
    small[4 * index + SHIFT, lane] = 0.0
    draw = uniform_scalar(settings.seed, patient, settings.process, slot_of(clones.entries[m, index], lesion, clone))
    small[4 * index + LUCK, lane] = log_exactly(draw)
    work.phase[index, lane] = SMALL
    work.flags[index, lane] = 0.0


def settle(work, clones, settings, m, patient, lesion, clone, cells, before, lane):
    """Phase of a clone after a jump of its cells; returns the cells it goes on with.

    Cells taken from a small clone thin its lineages (rho rises by the log of the factor, exactly); cells added to a
    small or lost clone make a new entry with all cells now there.
    """
    index = lesion * N_CLONES + clone
    phase = int(work.phase[index, lane])
    if phase == ESTABLISHED:
        if cells >= settings.n_small:
            return cells
        if cells > 0.0:
            enter(work, clones, settings, m, patient, lesion, clone, cells, lane)
            return cells
    elif cells > before:
        if cells >= 2.0 * settings.n_small:
            work.phase[index, lane] = ESTABLISHED
            work.flags[index, lane] = 1.0
        else:
            enter(work, clones, settings, m, patient, lesion, clone, cells, lane)
        return cells
    elif cells == before or (phase == SMALL and cells > 0.0):
        if phase == SMALL and cells < before:
            work.small[4 * index + RHO, lane] = work.small[4 * index + RHO, lane] + log(before / cells)
        return cells
    work.phase[index, lane] = EXTINCT
    work.flags[index, lane] = 0.0
    return 0.0
