"""Numbers as they are reported: with what the simulation, a trial and the model leave uncertain.

Three uncertainties that are never mixed. `mcse` is the Monte-Carlo error of the simulated patients and shrinks with their number.
`trial` is the interval a trial of the design's size would report around this value. `model` is the interval over posterior draws of the
parameters. Everything is plain Python and safe for JSON: what is not reached or cannot be said is `None`, never NaN.

Left out: the bias of an estimate, and uncertainty about the form of the model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import beta

from remission.durations import DAYS_PER_MONTH
from remission.errors import InputError
from remission.response.survival import Curve, Estimate, kaplan_meier, number_at_risk, quantile, survival_at

MONTH = DAYS_PER_MONTH
MONTHS = (6, 12, 24, 36, 60)
Interval = tuple[float | None, float | None]
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Rate:
    """A share of patients: `x` of `n`, or a point of a survival curve (then `x` is None)."""

    value: float | None
    mcse: float | None
    trial: Interval
    model: Interval | None
    x: int | None
    n: int

    def json(self) -> dict[str, Any]:
        return {
            "value": self.value,
            "mcse": self.mcse,
            "trial": list(self.trial),
            "model": None if self.model is None else list(self.model),
            "x": self.x,
            "n": self.n,
        }


@dataclass(frozen=True)
class TimeEstimate:
    """A time to an event: median (months, None when not reached) and rates event-free by month, within follow-up only."""

    median: float | None
    mcse: float | None
    trial: Interval
    model: Interval | None
    n: int
    events: int
    rates: Mapping[int, Rate]

    def json(self) -> dict[str, Any]:
        return {
            "median": self.median,
            "mcse": self.mcse,
            "trial": list(self.trial),
            "model": None if self.model is None else list(self.model),
            "n": self.n,
            "events": self.events,
            "rates": {str(month): rate.json() for month, rate in self.rates.items()},
        }


@dataclass(frozen=True)
class Quantiles:
    """The middle and the 5 % and 95 % points of a quantity over patients; all None when nobody has it."""

    median: float | None
    q05: float | None
    q95: float | None

    def json(self) -> dict[str, float | None]:
        return {"median": self.median, "q05": self.q05, "q95": self.q95}


def clopper_pearson(x: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Exact binomial limits; `x` may be a fraction, for the share of a simulation carried to a trial of another size."""
    if not 0 <= x <= n:
        raise InputError("responders must lie between 0 and the patients", place="x", value=x, remedy=f"use 0 to {n}")
    tail = (1 - confidence) / 2
    low = 0.0 if x == 0 else float(beta.ppf(tail, x, n - x + 1))
    high = 1.0 if x == n else float(beta.ppf(1 - tail, x + 1, n - x))
    return low, high


def rate(
    flags: ArrayLike, n_design: float | None = None, model: Sequence[float | None] | None = None, confidence: float = CONFIDENCE
) -> Rate:
    """The share of patients with a flag. `n_design` is the design's number of such patients (default: as simulated).

    The Monte-Carlo error is binomial; where nobody or everybody has the flag it takes half a patient, so that it is never zero.
    `model` holds the share at each posterior draw.
    """
    chosen = np.asarray(flags).astype(bool)
    return rate_of(int(chosen.sum()), int(chosen.size), n_design, model, confidence)


def rate_of(
    x: int, n: int, n_design: float | None = None, model: Sequence[float | None] | None = None, confidence: float = CONFIDENCE
) -> Rate:
    """`rate` from counts; without patients the value is None and a trial could report anything."""
    interval = model_interval(model, confidence)
    if n == 0:
        return Rate(None, None, (0.0, 1.0), interval, 0, 0)
    size = n if n_design is None else n_design
    share = x / n
    safe = share if 0 < x < n else (x + 0.5) / (n + 1)
    return Rate(share, float(np.sqrt(safe * (1 - safe) / n)), clopper_pearson(min(share * size, size), size, confidence), interval, x, n)


def time_estimate(
    days: ArrayLike,
    event: ArrayLike,
    months: Sequence[int] = MONTHS,
    n_design: float | None = None,
    model: Mapping[str, Sequence[float | None]] | None = None,
    confidence: float = CONFIDENCE,
) -> TimeEstimate:
    """Median and landmarks of a time to an event given in days, by Kaplan-Meier; patients without time zero are left out beforehand.

    The `trial` intervals are the log-log ones at `n_design` patients followed like those simulated. `model` holds values over posterior
    draws under `median` (months) and each month's number as text, None where not reached.
    """
    curve = kaplan_meier(days, event)
    over = {} if model is None else model
    scale = 1.0 if not n_design or not curve.patients else curve.patients / n_design
    middle = quantile(curve, 0.5, confidence, scale)
    return TimeEstimate(
        median=_in_months(middle.value),
        mcse=_in_months(quantile(curve, 0.5, confidence).error),
        trial=(_in_months(middle.low), _in_months(middle.high)),
        model=model_interval(over.get("median"), confidence),
        n=curve.patients,
        events=curve.total_events,
        rates=_landmarks(curve, days, months, scale, over, confidence),
    )


def landmark_rate(
    at_design: Estimate, simulated: Estimate, patients: int, watched: int, scale: float = 1.0, model: Interval | None = None
) -> Rate:
    """A point of a survival or incidence curve as a `Rate`: limits at the design's size, error at the simulated size.

    Where the curve is still 0 or 1, Greenwood's formula would claim certainty; the patients still `watched` (or those of the design,
    watched / scale) stand in as a binomial sample.
    """
    if at_design.value in (0.0, 1.0) and watched:
        plain = rate_of(int(at_design.value) * watched, watched, watched / scale)
        return Rate(at_design.value, plain.mcse, plain.trial, model, None, patients)
    return Rate(at_design.value, simulated.error, (at_design.low, at_design.high), model, None, patients)


def quantiles(values: ArrayLike) -> Quantiles:
    """Median, 5 % and 95 % points of the finite values."""
    numbers = np.asarray(values, dtype=np.float64)
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        return Quantiles(None, None, None)
    median, low, high = (float(q) for q in np.quantile(numbers, [0.5, 0.05, 0.95]))
    return Quantiles(median, low, high)


def model_interval(values: Sequence[float | None] | None, confidence: float = CONFIDENCE) -> Interval | None:
    """The central interval over posterior draws; a draw of None is not reached, later than any time."""
    if values is None or not len(values):
        return None
    tail = (1 - confidence) / 2
    return late_quantile(values, tail), late_quantile(values, 1 - tail)


def late_quantile(values: Sequence[float | None], share: float) -> float | None:
    """A quantile (linear between order statistics) of values of which None is infinitely late."""
    numbers = np.sort([np.inf if value is None else float(value) for value in values])
    position = share * (numbers.size - 1)
    low, high = numbers[int(np.floor(position))], numbers[int(np.ceil(position))]
    if position % 1 == 0:
        return float(low) if np.isfinite(low) else None
    return float(low + (high - low) * (position % 1)) if np.isfinite(high) else None


def _landmarks(
    curve: Curve, days: ArrayLike, months: Sequence[int], scale: float, over: Mapping[str, Sequence[float | None]], confidence: float
) -> dict[int, Rate]:
    when = [month * MONTH for month in months]
    design, simulated = survival_at(curve, when, confidence, scale), survival_at(curve, when, confidence)
    watched = np.where([one.value == 0 for one in design], curve.at_risk[-1:] if curve.at_risk.size else 0, number_at_risk(days, when))
    points = zip(months, design, simulated, watched.tolist(), strict=True)
    return {
        month: landmark_rate(at_design, here, curve.patients, left, scale, model_interval(over.get(str(month)), confidence))
        for month, at_design, here, left in points
        if at_design.value is not None
    }


def _in_months(days: float | None) -> float | None:
    return None if days is None else days / MONTH
