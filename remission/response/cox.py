"""The Cox proportional hazards model, with covariates that switch on in time.

In the patients: by what factor the hazard of an event differs between them. A covariate that switches on (B-cell recovery, transplant) is
split into rows before and after, so that nobody counts as switched before the switch.

Left out: robust variances, frailty, covariates as functions of time other than by rows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from remission.errors import InputError
from remission.response.arrays import Floats
from remission.response.comparison import rows_by_stratum
from remission.response.survival import Estimate, standard_errors

LARGEST_SPREAD = 25.0
"""Log hazards of rows this far apart mean that a coefficient runs to infinity: one group had no events."""


@dataclass(frozen=True)
class CoxFit:
    """Log hazard ratios with their covariance. `converged` is false when one runs to infinity or the rows say nothing about it."""

    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    converged: bool

    def hazard_ratio(self, covariate: int = 0, confidence: float = 0.95) -> Estimate:
        """One hazard ratio with its limits; the error is that of its logarithm. All None when the fit did not converge."""
        if not self.converged:
            return Estimate(None, None, None, None)
        log_ratio, error = float(self.coefficients[covariate]), float(np.sqrt(self.covariance[covariate, covariate]))
        margin = standard_errors(confidence) * error
        return Estimate(float(np.exp(log_ratio)), error, float(np.exp(log_ratio - margin)), float(np.exp(log_ratio + margin)))

    def p(self, covariate: int = 0) -> float | None:
        """Wald test of one coefficient, two-sided; None when the fit did not converge."""
        if not self.converged:
            return None
        return float(2 * norm.sf(abs(self.coefficients[covariate]) / np.sqrt(self.covariance[covariate, covariate])))


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
    beta, settled = np.zeros(design.width), False
    value, score, information = design.likelihood(beta)
    for _ in range(steps):
        move, (value, score, information) = _uphill(design, beta, value, np.linalg.pinv(information, hermitian=True) @ score)
        beta = beta + move
        settled = bool(np.abs(move).max(initial=0.0) < 1e-9)
        if settled or design.spread(beta) > LARGEST_SPREAD:
            break
    informative = int(np.linalg.matrix_rank(information, hermitian=True)) == design.width
    return CoxFit(beta, np.asarray(np.linalg.pinv(information, hermitian=True), dtype=np.float64), float(value), settled and informative)


def _uphill(design: "_Design", beta: Floats, value: float, move: Floats) -> tuple[Floats, tuple[float, Floats, Floats]]:
    """Newton's move, halved until the likelihood does not fall."""
    trial = design.likelihood(beta + move)
    while not trial[0] >= value - 1e-9 * abs(value) - 1e-12 and np.abs(move).max() > 1e-12:
        move = move / 2
        trial = design.likelihood(beta + move)
    return move, trial


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
        logs = self.x @ beta
        risk = np.exp(logs - logs.max())
        terms = np.column_stack([risk, risk[:, None] * self.x, _squares(self.x) * risk[:, None]])
        ties = np.zeros((self.leave.size, terms.shape[1]))
        np.add.at(ties, self.tied, terms[self.dead])
        sums = self._at_risk(terms)[self.tied] - self.fraction[:, None] * ties[self.tied]
        width = beta.size
        total = np.maximum(sums[:, :1], np.finfo(np.float64).tiny)
        mean = sums[:, 1 : width + 1] / total
        second = (sums[:, width + 1 :] / total).sum(axis=0).reshape(width, width)
        value = float((logs[self.dead] - logs.max()).sum() - np.log(total).sum())
        return value, (self.x[self.dead] - mean).sum(axis=0), second - mean.T @ mean

    def _at_risk(self, terms: Floats) -> Floats:
        """Sums over the rows watched at each event time."""
        watched = _sums_from(terms, self.leave)
        return watched if self.by_entry is None else watched - _sums_from(terms[self.by_entry], self.late)


@dataclass(frozen=True)
class _Design:
    """The rows of a fit, centered, by stratum; `width` covariates."""

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
            _stratum(ends[r], happened[r], x[r], None if starts is None else starts[r], efron)
            for r in rows_by_stratum(layer)
            if happened[r].any()
        ]
        return _Design(tuple(parts), x.shape[1])

    def spread(self, beta: Floats) -> float:
        """How far apart the log hazards of two rows lie."""
        return max((float(np.ptp(stratum.x @ beta)) for stratum in self.strata), default=0.0)

    def likelihood(self, beta: Floats) -> tuple[float, Floats, Floats]:
        """Log partial likelihood, score and information, summed over the strata."""
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


def _squares(x: Floats) -> Floats:
    return (x[:, :, None] * x[:, None, :]).reshape(x.shape[0], -1)


def _sums_from(terms: Floats, first: NDArray[np.int64]) -> Floats:
    """Column sums of the rows from each position on, summed from the end so that small risk sets keep their digits."""
    total = np.concatenate([np.cumsum(terms[::-1], axis=0)[::-1], np.zeros((1, terms.shape[1]))])
    return total[first]
