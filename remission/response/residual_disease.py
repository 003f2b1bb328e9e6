"""Measurable residual disease: leukemia that flow cytometry sees and the microscope does not.

In the patient: the share of nucleated marrow cells that are leukemic, read from a finite number of cells. Below 1e-4 it is called
negative; a population of at least 20 events is detectable, so a reading may be negative and detectable at once.

Left out: loss of the marker the antibody panel looks for, and sequencing with its deeper limit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, pdtr

from remission.response.arrays import Flags, Floats
from remission.response.rules import TOLERANCE, Rule, read_rules

RULES: Mapping[str, Rule] = read_rules(Path(__file__).with_suffix(".csv"))
"""Limit, cells acquired and smallest population."""


CLOSE = 1e-9
"""How close to the probability of no event a share may come before it is searched for like any other."""


@dataclass(frozen=True)
class ResidualDisease:
    """A reading of measurable residual disease; `negative` and `detectable` may both hold (below the limit, yet seen)."""

    negative: Flags
    detectable: Flags
    evaluable: Flags
    """False where too few cells were acquired to exclude disease at the limit, or nothing was read."""


def judge_residual_disease(fraction: ArrayLike, acquired: ArrayLike | None = None, rules: Mapping[str, Rule] = RULES) -> ResidualDisease:
    """MRD by its limit (1e-4) and what the reading can see: a population of 20 events among the cells acquired.

    A fraction that equals the limit is positive. NaN was not read.
    """
    read = np.asarray(fraction, dtype=np.float64)
    seen = rules["cluster"].value / np.asarray(rules["events"].value if acquired is None else acquired, dtype=np.float64)
    limit = rules["limit"].value
    positive = read >= limit * (1 - TOLERANCE)
    evaluable = np.isfinite(read) & (positive | (seen <= limit * (1 + TOLERANCE)))
    return ResidualDisease(evaluable & ~positive, np.isfinite(read) & (read >= seen * (1 - TOLERANCE)), evaluable)


def read_residual_disease(true_fraction: ArrayLike, uniform: ArrayLike, acquired: float | None = None) -> Floats:
    """The blast fraction a flow cytometer reads: leukemic events are Poisson among the cells acquired, drawn from `uniform` in (0, 1)."""
    cells = RULES["events"].value if acquired is None else acquired
    return poisson_quantile(uniform, np.asarray(true_fraction, dtype=np.float64) * cells) / cells


def poisson_quantile(share: ArrayLike, mean: ArrayLike) -> Floats:
    """The smallest count whose Poisson probability of not being passed is at least `share`, as `scipy.stats.poisson.ppf` gives it.

    Most patients have so few cells that the count is 0, which one exponential tells; only the others are searched for.
    """
    share, mean = np.broadcast_arrays(np.asarray(share, dtype=np.float64), np.asarray(mean, dtype=np.float64))
    count = np.where(np.isnan(share + mean), np.nan, np.where(share >= 1, np.inf, 0.0))
    searched = (share < 1) & (share > np.exp(-mean) * (1 - CLOSE))
    count[searched] = _searched_count(share[searched], mean[searched])
    return count


def _searched_count(share: Floats, mean: Floats) -> Floats:
    """The count, by single steps from a first guess (normal, with its skewness), each judged by the distribution itself."""
    normal = ndtri(share)
    count = np.maximum(np.floor(mean + np.sqrt(mean) * normal + (normal**2 - 1) / 6), 0.0)
    below = pdtr(count, mean) < share
    rising, falling = np.flatnonzero(below), np.flatnonzero(~below)
    while rising.size:
        count[rising] += 1
        rising = rising[pdtr(count[rising], mean[rising]) < share[rising]]
    while falling.size:
        falling = falling[(count[falling] > 0) & (pdtr(count[falling] - 1, mean[falling]) >= share[falling])]
        count[falling] -= 1
    return count
