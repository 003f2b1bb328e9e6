"""Survival curves: Kaplan-Meier, landmarks, medians, restricted means.

In the patients: how many are still free of an event at a time, when some are seen for less long than others. A patient censored at a
time is still at risk at that time. Days, or any other unit, go in and come out unchanged. Curves are step functions held as arrays at
the distinct event times, made with one sort, so a million patients take about a second.

Left out: interval censoring, smoothing. Groups are compared in `comparison.py` and `cox.py`, competing causes are in
`competing_risks.py`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from remission.errors import InputError
from remission.response.arrays import Floats

STANDARD_ERROR = 0.6826894921370859
"""Confidence of an interval of one standard error either side."""
HALF_TOLERANCE = 1e-9
"""A survival this close to one half is one half."""


@dataclass(frozen=True)
class Curve:
    """Share free of the event from each event time on, with Greenwood's sum of d / (n (n - d))."""

    times: Floats
    survival: Floats
    greenwood: Floats
    at_risk: Floats
    events: Floats
    patients: int
    total_events: int
    last_time: float
    """The longest follow-up; beyond it the curve says nothing unless it has reached zero."""


@dataclass(frozen=True)
class Estimate:
    """A number with standard error and confidence limits; `None` where it cannot be said."""

    value: float | None
    error: float | None
    low: float | None
    high: float | None


def kaplan_meier(time: ArrayLike, event: ArrayLike, weights: ArrayLike | None = None, entry: ArrayLike | None = None) -> Curve:
    """The Kaplan-Meier curve of times with event (nonzero) or censoring (0).

    `weights` (positive, any scale) weigh patients; their variance uses the effective numbers of Xie and Liu 2005 (doi:10.1002/sim.2174,
    as in the package adjustedCurves), which are Greenwood's when all weights are equal. It takes the weights as known, and is a little too
    large where they go with the hazard or were estimated from the same patients; `bootstrap.py` does without it. `entry` is the time from
    which a patient was watched (late entry).
    """
    table = risk_table(time, event, weights, entry)
    left = table.at_risk - table.events
    kept = np.where(left > HALF_TOLERANCE * table.at_risk, left / table.at_risk, 0.0)
    return Curve(
        table.times,
        np.cumprod(kept, dtype=np.float64),
        np.cumsum(greenwood_terms(table)),
        table.at_risk,
        table.events,
        table.patients,
        table.total_events,
        table.last_time,
    )


def survival_at(curve: Curve, times: ArrayLike, confidence: float = 0.95, scale: float = 1.0) -> list[Estimate]:
    """Survival at landmarks with Greenwood errors and log-log limits; `None` beyond follow-up.

    `scale` multiplies the variance: patients simulated over patients of the design gives the interval a trial of that size would report.
    Where the curve is 1 both limits are 1; where it is 0 the upper limit is the last one before.
    """
    low, high = bands(curve, confidence, scale)
    found = []
    for when in np.atleast_1d(np.asarray(times, dtype=np.float64)):
        step = int(np.searchsorted(curve.times, when, side="right")) - 1
        if _beyond(curve, when):
            found.append(Estimate(None, None, None, None))
        elif step < 0:
            found.append(Estimate(1.0, 0.0, 1.0, 1.0))
        else:
            error = float(curve.survival[step] * np.sqrt(curve.greenwood[step] * scale))
            found.append(Estimate(float(curve.survival[step]), error, float(low[step]), float(high[step])))
    return found


def bands(curve: Curve, confidence: float = 0.95, scale: float = 1.0) -> tuple[Floats, Floats]:
    """Pointwise log-log confidence limits at the event times, S ** exp(-+ z se / |ln S|)."""
    z = standard_errors(confidence)
    inside = (curve.survival > 0) & (curve.survival < 1)
    log_survival = np.log(np.where(inside, curve.survival, 0.5))
    spread = np.exp(z * np.sqrt(curve.greenwood * scale) / np.abs(log_survival))
    low = np.where(inside, np.exp(log_survival * spread), np.where(curve.survival > 0, 1.0, 0.0))
    high = np.where(inside, np.exp(log_survival / spread), 1.0)
    if curve.survival.size and curve.survival[-1] == 0:
        high[-1] = high[-2] if high.size > 1 else 1.0
    return low, high


def quantile(curve: Curve, share: float = 0.5, confidence: float = 0.95, scale: float = 1.0, average: bool = False) -> Estimate:
    """Time by which a share of patients had the event (default the median), with Brookmeyer-Crowley log-log limits.

    The first time the curve is at most 1 - `share`; `average` takes the middle of the step when the curve equals it exactly, as some
    software does. The error is half the 68 % interval. `None` is not reached.
    """
    goal = 1 - share
    low, high = bands(curve, confidence, scale)
    inner_low, inner_high = bands(curve, STANDARD_ERROR, scale)
    left, right = _crossing(curve, inner_low, goal), _crossing(curve, inner_high, goal)
    return Estimate(
        value=_crossing(curve, curve.survival, goal, average),
        error=None if left is None or right is None else (right - left) / 2,
        low=_crossing(curve, low, goal),
        high=_crossing(curve, high, goal),
    )


def restricted_mean(curve: Curve, until: float, confidence: float = 0.95) -> Estimate:
    """Mean event-free time up to `until`: the area under the curve, variance the sum of A^2 d / (n (n - d)).

    A is the area still to come at each event. `InputError` when the curve is censored before `until`.
    """
    if _beyond(curve, until):
        raise InputError(
            "the restricted mean reaches beyond follow-up", place="until", value=until, remedy=f"use at most {curve.last_time:g}"
        )
    inside = curve.times < until
    edges = np.concatenate([[0.0], curve.times[inside], [until]])
    areas = np.diff(edges) * np.concatenate([[1.0], curve.survival[inside]])
    to_come = np.cumsum(areas[::-1])[::-1][1:]
    variance = float(np.sum(to_come**2 * np.diff(curve.greenwood[inside], prepend=0.0)))
    value, error = float(areas.sum()), float(np.sqrt(variance))
    z = standard_errors(confidence)
    return Estimate(value, error, value - z * error, value + z * error)


def standard_errors(confidence: float) -> float:
    """How many standard errors either side of an estimate hold this confidence, if it is normal."""
    return float(norm.ppf(0.5 + confidence / 2))


def number_at_risk(time: ArrayLike, at: ArrayLike, entry: ArrayLike | None = None) -> NDArray[np.int64]:
    """How many patients are still watched and event-free just before each time, for the row under a plot."""
    ends = np.sort(np.asarray(time, dtype=np.float64))
    when = np.atleast_1d(np.asarray(at, dtype=np.float64))
    watched = ends.size - np.searchsorted(ends, when, side="left")
    if entry is None:
        return watched
    return watched - np.sum(np.asarray(entry, dtype=np.float64)[:, None] >= when, axis=0)


@dataclass(frozen=True)
class RiskTable:
    """Numbers at risk and with event at each distinct event time, weighted and in effective patients."""

    times: Floats
    at_risk: Floats
    events: Floats
    effective_at_risk: Floats
    patients: int
    total_events: int
    last_time: float


def risk_table(time: ArrayLike, event: ArrayLike, weights: ArrayLike | None = None, entry: ArrayLike | None = None) -> RiskTable:
    """Counts by one sort; late entries are at risk after their entry time. Errors: NaN, negative times, unequal lengths."""
    ends, happened = _checked(time, event)
    weight = None if weights is None else _weights(weights, ends.size)
    times, ties = np.unique(ends[happened], return_counts=True)
    at_risk = _watched(ends, weight, times)
    squares = at_risk if weight is None else _watched(ends, weight**2, times)
    if entry is not None:
        starts = np.asarray(entry, dtype=np.float64)
        at_risk = at_risk - _watched(starts, weight, times)
        squares = at_risk if weight is None else squares - _watched(starts, weight**2, times)
    effective = at_risk if weight is None else at_risk**2 / squares
    events = ties.astype(np.float64) if weight is None else events_of(ends, happened, weight, times)
    return RiskTable(times, at_risk, events, effective, ends.size, int(happened.sum()), float(ends.max(initial=0.0)))


def _checked(time: ArrayLike, event: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    ends, happened = np.atleast_1d(np.asarray(time, dtype=np.float64)), np.atleast_1d(np.asarray(event)).astype(bool)
    if ends.shape != happened.shape or ends.ndim != 1:
        raise InputError(
            "times and events differ in length", value=f"{ends.shape} and {happened.shape}", remedy="give one of each per patient"
        )
    if not np.all(ends >= 0):
        raise InputError("a survival time is negative or missing", place="time", remedy="leave out patients without time zero")
    return ends, happened


def _weights(weights: ArrayLike, patients: int) -> Floats:
    weight = np.asarray(weights, dtype=np.float64)
    if weight.shape != (patients,) or not np.all((weight > 0) & np.isfinite(weight)):
        raise InputError("weights must be positive, one per patient", place="weights", remedy="leave out patients of no weight")
    return weight


def _watched(ends: Floats, weight: Floats | None, times: Floats) -> Floats:
    """Weight (without weights, number) of those whose end is at or after each time."""
    if weight is None:
        return (ends.size - np.searchsorted(np.sort(ends), times, side="left")).astype(np.float64)
    order = np.argsort(ends, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(weight[order])])
    return total[-1] - total[np.searchsorted(ends[order], times, side="left")]


def events_of(time: ArrayLike, chosen: NDArray[np.bool_], weights: ArrayLike | None, times: Floats) -> Floats:
    """How many of the `chosen` rows end at each of these event times, or their weight."""
    ends = np.asarray(time, dtype=np.float64)[chosen]
    weight = None if weights is None else np.asarray(weights, dtype=np.float64)[chosen]
    return np.bincount(np.searchsorted(times, ends), weights=weight, minlength=times.size).astype(np.float64)


def greenwood_terms(table: RiskTable) -> Floats:
    """d / (n (n - d)) in effective patients; 0 at the step to zero, where it is not defined and the curve needs none."""
    share = table.events / table.at_risk
    open_ = share < 1 - HALF_TOLERANCE
    return np.where(open_, share / (table.effective_at_risk * np.where(open_, 1 - share, 1.0)), 0.0)


def _beyond(curve: Curve, when: float) -> bool:
    """Whether a time lies after the longest follow-up of a curve that has not reached zero."""
    return when > curve.last_time * (1 + HALF_TOLERANCE) and not (curve.survival.size and curve.survival[-1] == 0)


def _crossing(curve: Curve, values: Floats, goal: float, average: bool = False) -> float | None:
    """First event time at which `values` is at most `goal`, or None."""
    below = np.flatnonzero(values <= goal + HALF_TOLERANCE)
    if not below.size:
        return None
    first = int(below[0])
    if average and abs(values[first] - goal) <= HALF_TOLERANCE and first + 1 < curve.times.size:
        return float((curve.times[first] + curve.times[first + 1]) / 2)
    return float(curve.times[first])
