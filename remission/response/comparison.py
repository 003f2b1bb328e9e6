"""Groups compared in time to an event by the log-rank test.

In the patients: whether those of one arm have the event sooner than those of another. At each event time the group that had it is
compared with what its share of those at risk would give; strata are compared inside themselves and summed.

Left out: weighted tests (Gehan, Fleming and Harrington). Hazard ratios with covariates are in `cox.py`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

from remission.response.arrays import Floats


@dataclass(frozen=True)
class LogRank:
    """Observed and expected events by group (in order of `groups`) and the test; `variance` is [groups, groups]."""

    groups: tuple[object, ...]
    observed: Floats
    expected: Floats
    variance: Floats
    chi2: float
    degrees: int
    p: float

    @property
    def log_hazard_ratio_peto(self) -> float:
        """Peto's (O - E) / V of the last of two groups against the first."""
        return float((self.observed[-1] - self.expected[-1]) / self.variance[-1, -1])


def log_rank(time: ArrayLike, event: ArrayLike, group: ArrayLike, strata: ArrayLike | None = None) -> LogRank:
    """The log-rank test of two or more groups, hypergeometric variance, summed over strata when given."""
    ends, happened = np.asarray(time, dtype=np.float64), np.asarray(event).astype(bool)
    groups, member = np.unique(np.asarray(group), return_inverse=True)
    layer = np.zeros(ends.size, dtype=np.int64) if strata is None else np.unique(np.asarray(strata), return_inverse=True)[1]
    observed, expected = np.zeros(groups.size), np.zeros(groups.size)
    variance = np.zeros((groups.size, groups.size))
    for rows in rows_by_stratum(layer):
        part = _log_rank_sums(ends[rows], happened[rows], member[rows], groups.size)
        observed, expected, variance = observed + part[0], expected + part[1], variance + part[2]
    excess = (observed - expected)[1:]
    inside = variance[1:, 1:]
    degrees = int(np.linalg.matrix_rank(inside)) if inside.size else 0
    statistic = float(excess @ np.linalg.pinv(inside) @ excess) if degrees else 0.0
    p = float(chi2.sf(statistic, degrees)) if degrees else 1.0
    return LogRank(tuple(groups.tolist()), observed, expected, variance, statistic, degrees, p)


def _log_rank_sums(ends: Floats, happened: NDArray[np.bool_], member: NDArray[np.int64], groups: int) -> tuple[Floats, Floats, Floats]:
    """Observed, expected and covariance of one stratum."""
    times = np.unique(ends[happened])
    at_risk, events = np.zeros((groups, times.size)), np.zeros((groups, times.size))
    for group in range(groups):
        mine = member == group
        own = np.sort(ends[mine])
        at_risk[group] = own.size - np.searchsorted(own, times, side="left")
        events[group] = np.bincount(np.searchsorted(times, ends[mine & happened]), minlength=times.size)
    n, d = at_risk.sum(axis=0), events.sum(axis=0)
    share = at_risk / n
    factor = np.where(n > 1, d * (n - d) / np.maximum(n - 1, 1), 0.0)
    variance = np.diag((factor * share).sum(axis=1)) - (factor * share) @ share.T
    return events.sum(axis=1), (d * share).sum(axis=1), variance


def rows_by_stratum(layer: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Row indices of each stratum (numbered layers), in order."""
    order = np.argsort(layer, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(layer[order])) + 1)
