"""Survival estimates by bootstrap: landmarks, medians and restricted means of weighted patients, and their differences between groups.

In the patients: had others like them been enrolled, the estimate would have come out a little different; how different is learned by
enrolling the same patients again, drawn with replacement. That needs no formula for the variance, so it also serves where patients carry
weights (standardized or matched populations) or where the watching starts at a landmark.

Represented: patients alike in time, event and weight are one cell. A replicate is a multinomial draw of the cells, keyed by (seed,
replicate), so that it depends on neither the number nor the grouping of replicates; curves of many replicates are computed at once. Limits
are percentiles of the replicates. Weights are taken as known.
Left out: weights estimated anew in every replicate, bias-corrected and accelerated limits, clustered patients.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remission.errors import InputError
from remission.response.arrays import Floats
from remission.response.survival import HALF_TOLERANCE, Curve, Estimate, kaplan_meier, quantile, restricted_mean, survival_at

REPLICATES = 1000
AT_ONCE = 4_000_000
"""Numbers held in memory per array of replicates."""


@dataclass(frozen=True)
class Sample:
    """Patients of one group as cells sorted by time: `count` patients share a time, an event and a weight.

    `step` [event times] is the first cell at each event time, `dying` the cells with event and `at` the event time of each of those.
    """

    time: Floats
    weight: Floats
    count: NDArray[np.int64]
    times: Floats
    step: NDArray[np.int64]
    dying: NDArray[np.int64]
    at: NDArray[np.int64]
    curve: Curve

    @classmethod
    def of(cls, time: ArrayLike, event: ArrayLike, weights: ArrayLike | None = None) -> "Sample":
        """A group; weights are positive, on any scale."""
        curve = kaplan_meier(time, event, weights)
        ends, happened = np.asarray(time, dtype=np.float64), np.asarray(event).astype(bool)
        weight = np.ones(ends.size) if weights is None else np.asarray(weights, dtype=np.float64)
        cells, count = np.unique(np.stack([ends, happened, weight]), axis=1, return_counts=True)
        dying = np.flatnonzero(cells[1])
        step = np.searchsorted(cells[0], curve.times, side="left")
        return cls(cells[0], cells[2], count, curve.times, step, dying, np.searchsorted(curve.times, cells[0][dying]), curve)

    def survival(self, drawn: Floats) -> Floats:
        """Kaplan-Meier curves at the event times [replicates, times] of patients drawn [replicates, cells]."""
        weighed = drawn * self.weight
        from_here = np.cumsum(weighed[:, ::-1], axis=1)[:, ::-1]
        at_risk = from_here[:, self.step]
        events = np.add.reduceat(weighed[:, self.dying], np.searchsorted(self.at, np.arange(self.times.size)), axis=1)
        left = at_risk - events
        kept = np.where(left > HALF_TOLERANCE * np.maximum(at_risk, 1e-300), left / np.maximum(at_risk, 1e-300), 0.0)
        return np.cumprod(np.where(at_risk > 0, kept, 1.0), axis=1, dtype=np.float64)

    def curves(self, replicates: int, seed: int) -> Iterator[Floats]:
        """Curves of all replicates, some at a time."""
        share, patients = self.count / self.count.sum(), int(self.count.sum())
        block = max(1, AT_ONCE // max(1, self.count.size))
        for first in range(0, replicates, block):
            turns = range(first, min(first + block, replicates))
            yield self.survival(np.stack([_generator(seed, turn).multinomial(patients, share) for turn in turns]).astype(np.float64))


def bootstrap_survival(
    sample: Sample, at: ArrayLike, replicates: int = REPLICATES, seed: int = 0, confidence: float = 0.95
) -> list[Estimate]:
    """Survival at landmarks; `None` beyond follow-up."""
    when = np.atleast_1d(np.asarray(at, dtype=np.float64))
    found = _replicated(sample, lambda curves: _at(sample, curves, when), replicates, seed)
    return [_estimate(one.value, found[:, place], confidence) for place, one in enumerate(survival_at(sample.curve, when))]


def bootstrap_quantile(
    sample: Sample, share: float = 0.5, replicates: int = REPLICATES, seed: int = 0, confidence: float = 0.95
) -> Estimate:
    """Time by which a share of the patients had the event (default the median); a replicate that does not reach it is later than any."""
    found = _replicated(sample, lambda curves: _crossing(sample, curves, 1 - share)[:, None], replicates, seed)
    return _estimate(quantile(sample.curve, share).value, found[:, 0], confidence)


def bootstrap_restricted_mean(
    sample: Sample, until: float, replicates: int = REPLICATES, seed: int = 0, confidence: float = 0.95
) -> Estimate:
    """Mean event-free time up to `until`."""
    whole = restricted_mean(sample.curve, until).value
    found = _replicated(sample, lambda curves: _area(sample, curves, until)[:, None], replicates, seed)
    return _estimate(whole, found[:, 0], confidence)


def bootstrap_difference(
    first: Sample, second: Sample, at: ArrayLike, replicates: int = REPLICATES, seed: int = 0, confidence: float = 0.95
) -> list[Estimate]:
    """Survival of the first group minus the second at landmarks; the groups are drawn apart, as in a randomized trial."""
    when = np.atleast_1d(np.asarray(at, dtype=np.float64))
    gap = _replicated(first, lambda curves: _at(first, curves, when), replicates, seed)
    gap -= _replicated(second, lambda curves: _at(second, curves, when), replicates, _other(seed))
    whole = zip(survival_at(first.curve, when), survival_at(second.curve, when), strict=True)
    values = [None if one.value is None or other.value is None else one.value - other.value for one, other in whole]
    return [_estimate(value, gap[:, place], confidence) for place, value in enumerate(values)]


@dataclass(frozen=True)
class FromLandmark:
    """Those still watched and free of the event at a landmark: their place among all patients, and their days from it."""

    index: NDArray[np.int64]
    days: Floats
    event: NDArray[np.bool_]


def from_landmark(time: ArrayLike, event: ArrayLike, landmark: float) -> FromLandmark:
    """The rows of a landmark analysis: groups defined by what happened up to the landmark are compared from there on.

    So nobody counts as a responder for the time before the response. Who had the event or was censored up to the landmark is left out.
    """
    ends, happened = np.asarray(time, dtype=np.float64), np.asarray(event).astype(bool)
    index = np.flatnonzero(ends > landmark)
    return FromLandmark(index, ends[index] - landmark, happened[index])


def _replicated(sample: Sample, statistic: Callable[[Floats], Floats], replicates: int, seed: int) -> Floats:
    """A statistic of every replicate [replicates, values]."""
    if replicates < 2:
        raise InputError("a bootstrap needs replicates", place="replicates", value=replicates, remedy="use 1000")
    return np.concatenate([statistic(curves) for curves in sample.curves(replicates, seed)])


def _at(sample: Sample, curves: Floats, when: Floats) -> Floats:
    """Curves at days [replicates, days]."""
    whole = np.concatenate([np.ones((curves.shape[0], 1)), curves], axis=1)
    return whole[:, np.searchsorted(sample.times, when, side="right")]


def _crossing(sample: Sample, curves: Floats, goal: float) -> Floats:
    """The first event time at which each curve is at most the goal, infinite where none is."""
    below = curves <= goal + HALF_TOLERANCE
    reached = below.any(axis=1) if curves.shape[1] else np.zeros(curves.shape[0], dtype=bool)
    return np.where(reached, sample.times[below.argmax(axis=1)], np.inf) if curves.shape[1] else np.full(curves.shape[0], np.inf)


def _area(sample: Sample, curves: Floats, until: float) -> Floats:
    """The area under each curve up to a day."""
    inside = sample.times < until
    widths = np.diff(np.concatenate([[0.0], sample.times[inside], [until]]))
    return widths[0] + curves[:, inside] @ widths[1:]


def _estimate(value: float | None, found: Floats, confidence: float) -> Estimate:
    """Value of the sample, spread and percentiles of the replicates; `None` where the sample says nothing or a limit is not reached."""
    if value is None:
        return Estimate(None, None, None, None)
    tail = (1 - confidence) / 2
    low, high = (float(limit) for limit in np.quantile(found, [tail, 1 - tail], method="inverted_cdf"))
    reached = found[np.isfinite(found)]
    error = float(reached.std(ddof=1)) if reached.size == found.size else None
    return Estimate(value, error, low if np.isfinite(low) else None, high if np.isfinite(high) else None)


def _generator(seed: int, replicate: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=np.array([seed, replicate], dtype=np.uint64)))


def _other(seed: int) -> int:
    """A seed for the second group, apart from those a person would choose."""
    return (seed + 0x9E3779B97F4A7C15) % 2**64
