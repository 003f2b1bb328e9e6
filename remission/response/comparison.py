"""Groups compared in time to an event: log-rank tests and the Cox proportional hazards model.

In the patients: whether those of one arm have the event sooner than those of another, and by what factor their hazard differs. A
covariate that switches on in time (B-cell recovery, transplant) is split into rows before and after, so that nobody counts as switched
before the switch.

Left out: robust variances, frailty, covariates as functions of time other than by rows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2, norm

from remission.errors import InputError

Floats = NDArray[np.float64]
LARGEST_EFFECT = 15.0
"""A log hazard ratio beyond this is running to infinity: one group had no events."""


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
    for rows in _slices(layer):
        part = _log_rank_sums(ends[rows], happened[rows], member[rows], groups.size)
        observed, expected, variance = observed + part[0], expected + part[1], variance + part[2]
    excess = (observed - expected)[1:]
    inside = variance[1:, 1:]
    degrees = int(np.linalg.matrix_rank(inside)) if inside.size else 0
    statistic = float(excess @ np.linalg.pinv(inside) @ excess) if degrees else 0.0
    p = float(chi2.sf(statistic, degrees)) if degrees else 1.0
    return LogRank(tuple(groups.tolist()), observed, expected, variance, statistic, degrees, p)


@dataclass(frozen=True)
class CoxFit:
    """Log hazard ratios with their covariance. `converged` is false when one runs to infinity or the rows say nothing about it."""

    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    converged: bool

    @property
    def hazard_ratios(self) -> Floats:
        return np.exp(self.coefficients)

    @property
    def p(self) -> Floats:
        """Wald tests, two-sided."""
        return 2 * norm.sf(np.abs(self.coefficients) / np.sqrt(np.diag(self.covariance)))

    def interval(self, confidence: float = 0.95) -> Floats:
        """Limits of the hazard ratios, [covariates, 2]."""
        margin = norm.ppf(0.5 + confidence / 2) * np.sqrt(np.diag(self.covariance))
        return np.exp(np.stack([self.coefficients - margin, self.coefficients + margin], axis=1))


def cox(
    time: ArrayLike,
    event: ArrayLike,
    covariates: ArrayLike,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    ties: str = "efron",
    steps: int = 50,
) -> CoxFit:
    """Fit a Cox model by Newton's method; `covariates` are [rows] or [rows, covariates].

    `entry` is the start of each row's interval (entry, time]; `ties` is `efron` or `breslow`; strata have their own baseline hazards.
    """
    if ties not in ("efron", "breslow"):
        raise InputError("the rule for ties is unknown", place="ties", value=ties, remedy="use efron or breslow")
    design = _Design.of(time, event, covariates, entry, strata, ties == "efron")
    beta = np.zeros(design.width)
    value, score, information = design.likelihood(beta)
    for _ in range(steps):
        move = np.linalg.pinv(information, hermitian=True) @ score
        trial = design.likelihood(beta + move)
        while not trial[0] >= value - 1e-9 * abs(value) - 1e-12 and np.abs(move).max() > 1e-12:
            move = move / 2
            trial = design.likelihood(beta + move)
        beta = beta + move
        settled = np.abs(move).max(initial=0.0) < 1e-9
        value, score, information = trial
        if settled or np.abs(beta).max() > LARGEST_EFFECT:
            break
    known = bool(np.linalg.matrix_rank(information, hermitian=True) == design.width) and bool(np.abs(beta).max() <= LARGEST_EFFECT)
    return CoxFit(beta, np.linalg.pinv(information, hermitian=True), float(value), known and bool(settled))


@dataclass(frozen=True)
class SwitchedRows:
    """Rows (entry, time] of patients whose covariate is 0 before the switch and 1 after; `patient` is the index of the source."""

    entry: Floats
    time: Floats
    event: NDArray[np.bool_]
    switched: Floats
    patient: NDArray[np.int64]


def split_at_switch(time: ArrayLike, event: ArrayLike, switch: ArrayLike) -> SwitchedRows:
    """Two rows for each patient whose switch (same clock as `time`, NaN: never) comes before the end, one for the others."""
    ends, happened = np.asarray(time, dtype=np.float64), np.asarray(event).astype(bool)
    at = np.nan_to_num(np.asarray(switch, dtype=np.float64), nan=np.inf)
    early, late = np.flatnonzero(at > 0), np.flatnonzero(at < ends)
    return SwitchedRows(
        entry=np.concatenate([np.zeros(early.size), np.maximum(at[late], 0.0)]),
        time=np.concatenate([np.minimum(at, ends)[early], ends[late]]),
        event=np.concatenate([(happened & (at >= ends))[early], happened[late]]),
        switched=np.concatenate([np.zeros(early.size), np.ones(late.size)]),
        patient=np.concatenate([early, late]),
    )


@dataclass(frozen=True)
class _Stratum:
    """Rows of one stratum sorted by end, and for each death its event time and its share of the tied deaths to take off."""

    x: Floats
    by_entry: NDArray[np.int64] | None
    leave: NDArray[np.int64]
    """Per event time, the number of rows that end before it."""
    late: NDArray[np.int64]
    """Per event time, the number of rows (in order of entry) that begin before it."""
    dead: NDArray[np.int64]
    tied: NDArray[np.int64]
    fraction: Floats

    def likelihood(self, beta: Floats) -> tuple[float, Floats, Floats]:
        """Log partial likelihood, score and information."""
        risk = np.exp(self.x @ beta)
        terms = np.column_stack([risk, risk[:, None] * self.x, _squares(self.x) * risk[:, None]])
        ties = np.zeros((self.leave.size, terms.shape[1]))
        np.add.at(ties, self.tied, terms[self.dead])
        sums = self._at_risk(terms)[self.tied] - self.fraction[:, None] * ties[self.tied]
        width = beta.size
        mean = sums[:, 1 : width + 1] / sums[:, :1]
        second = (sums[:, width + 1 :] / sums[:, :1]).sum(axis=0).reshape(width, width)
        value = float((self.x[self.dead] @ beta).sum() - np.log(sums[:, 0]).sum())
        return value, (self.x[self.dead] - mean).sum(axis=0), second - mean.T @ mean

    def _at_risk(self, terms: Floats) -> Floats:
        """Sums over the rows watched at each event time."""
        watched = _sums_from(terms, self.leave)
        return watched if self.by_entry is None else watched - _sums_from(terms[self.by_entry], self.late)


@dataclass(frozen=True)
class _Design:
    strata: tuple[_Stratum, ...]
    width: int

    @staticmethod
    def of(
        time: ArrayLike, event: ArrayLike, covariates: ArrayLike, entry: ArrayLike | None, strata: ArrayLike | None, efron: bool
    ) -> "_Design":
        ends, happened = np.asarray(time, dtype=np.float64), np.asarray(event).astype(bool)
        x = np.asarray(covariates, dtype=np.float64).reshape(ends.size, -1)
        x = x - x.mean(axis=0)
        starts = None if entry is None else np.asarray(entry, dtype=np.float64)
        layer = np.zeros(ends.size, dtype=np.int64) if strata is None else np.unique(np.asarray(strata), return_inverse=True)[1]
        parts = [
            _stratum(ends[r], happened[r], x[r], None if starts is None else starts[r], efron) for r in _slices(layer) if happened[r].any()
        ]
        return _Design(tuple(parts), x.shape[1])

    def likelihood(self, beta: Floats) -> tuple[float, Floats, Floats]:
        value, score, information = 0.0, np.zeros(self.width), np.zeros((self.width, self.width))
        for stratum in self.strata:
            part = stratum.likelihood(beta)
            value, score, information = value + part[0], score + part[1], information + part[2]
        return value, score, information


def _stratum(ends: Floats, happened: NDArray[np.bool_], x: Floats, starts: Floats | None, efron: bool) -> _Stratum:
    order = np.argsort(ends, kind="stable")
    ends, happened, x = ends[order], happened[order], x[order]
    times, tied, count = np.unique(ends[happened], return_inverse=True, return_counts=True)
    rank = np.arange(tied.size) - np.concatenate([[0], np.cumsum(count)[:-1]])[tied]
    by_entry = late = None
    if starts is not None:
        starts = starts[order]
        by_entry = np.argsort(starts, kind="stable")
        late = np.searchsorted(starts[by_entry], times, side="left")
    return _Stratum(
        x=x,
        by_entry=by_entry,
        leave=np.searchsorted(ends, times, side="left"),
        late=np.zeros(times.size, dtype=np.int64) if late is None else late,
        dead=np.flatnonzero(happened),
        tied=tied,
        fraction=rank / count[tied] if efron else np.zeros(tied.size),
    )


def _slices(layer: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    order = np.argsort(layer, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(layer[order])) + 1)


def _squares(x: Floats) -> Floats:
    return (x[:, :, None] * x[:, None, :]).reshape(x.shape[0], -1)


def _sums_from(terms: Floats, first: NDArray[np.int64]) -> Floats:
    """Column sums of the rows from each position on, summed from the end so that small risk sets keep their digits."""
    total = np.concatenate([np.cumsum(terms[::-1], axis=0)[::-1], np.zeros((1, terms.shape[1]))])
    return total[first]


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
