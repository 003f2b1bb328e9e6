"""Whether a published number lies where trials of its size would, how sharp that is, and whether something simpler does as well.

The named reference of a number is the mean of the same number in other trials (weighted by their patients), or no difference for ratios
and slopes. A target is `inside` when the published value lies in the central 95 % of the replicates; it is judged only where the
simulation's own error is below a fifth of the target's standard error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from remission.calibration.scales import scale_of, standard_error, transform
from remission.calibration.targets import Target
from remission.response.predictive import verdict_allowed

NO_DIFFERENCE = {"hazard ratio": 1.0, "difference": 0.0}
TAIL = 0.025
FLOOR = 0.2
"""Smallest standard deviation of replicates in scores, over the target's standard error."""
WORTH = 20
"""Patients that a trial without printed n counts as in a mean."""


@dataclass(frozen=True)
class Score:
    """One target against its replicates; numbers as published, None where they cannot be said."""

    target: Target
    median: float | None
    low: float | None
    high: float | None
    inside: bool | None
    width_ratio: float | None
    discriminates: bool | None
    beats_reference: bool | None
    reference: str | None
    distance: float | None
    reference_distance: float | None
    mcse: float | None
    why_not: str | None = None


def back(value: float, scale: str) -> float:
    """From a scale to the number as published."""
    if scale == "identity":
        return float(value)
    if scale == "log":
        return float(np.exp(value))
    return float(1 / (1 + np.exp(-value))) if scale == "logit" else float(np.exp(-np.exp(value)))


def on_scale(values: np.ndarray, scale: str, size: float) -> np.ndarray:
    """Replicates on the scale; a median that is not reached is later than any other."""
    return np.array([np.inf if np.isinf(v) else transform(v, scale, size) for v in values if not np.isnan(v)])


def reference_of(target: Target, targets: Sequence[Target]) -> tuple[float, str] | None:
    """The number that something simpler would say, and its name."""
    if target.kind in NO_DIFFERENCE:
        return NO_DIFFERENCE[target.kind], "no difference"
    others = [
        one
        for one in targets
        if one.trial != target.trial and one.arm == target.arm and one.endpoint == target.endpoint and one.role != "context"
        and one.month in (target.month, None if target.month is None or target.month < 1 else target.month) and one.kind == target.kind
        and one.scenario == "b-all-car-t"
    ]  # fmt: skip
    same = [one for one in others if one.subgroup == target.subgroup]
    if not same:
        return None
    weights = np.array([one.n or WORTH for one in same])
    return float(np.average([one.value for one in same], weights=weights)), "mean of other trials"


def score(
    target: Target, found: np.ndarray, sampling: np.ndarray, shift: float, size: int, patients: int, reference: tuple[float, str] | None
) -> Score:
    """The verdict on one target from its replicates and those of pure sampling."""
    scale = scale_of(target)
    whole, pure = on_scale(found, scale, size) + shift, on_scale(sampling, scale, size) + shift
    if whole.size < 20:
        return unread(target, "too few replicates give the number")
    low, middle, high = (float(np.quantile(whole, q, method="nearest")) for q in (TAIL, 0.5, 1 - TAIL))
    ends = [_number(low, scale), _number(high, scale)]
    ends = ends[::-1] if scale == "loglog" else ends
    value = transform(target.value, scale, target.n or size)
    error = _spread(pure) * np.sqrt(size / patients) if np.isfinite(_spread(pure)) else None
    allowed = error is not None and verdict_allowed(error, standard_error(target))
    other = None if reference is None else transform(reference[0], scale, size)
    spread = max(_spread(whole), FLOOR * standard_error(target))
    away = None if not np.isfinite(middle) else abs(value - middle) / spread
    reference_away = None if other is None or not np.isfinite(spread) else abs(value - other) / spread
    return Score(
        target=target,
        median=_number(middle, scale),
        low=ends[0],
        high=ends[1],
        inside=bool(low - 1e-9 <= value <= high + 1e-9) if allowed else None,
        width_ratio=_ratio(whole, pure),
        discriminates=None if other is None else not low <= other <= high,
        beats_reference=None if away is None or reference_away is None else bool(away < reference_away),
        reference=None if reference is None else reference[1],
        distance=away,
        reference_distance=reference_away,
        mcse=error,
        why_not=None if allowed else "the simulation's own error is too large for a verdict",
    )


def unread(target: Target, why: str) -> Score:
    """A target that the model or the simulation says nothing about."""
    return Score(target, None, None, None, None, None, None, None, None, None, None, None, why)


def _spread(values: np.ndarray) -> float:
    """Half the width of the central 68 %, a standard deviation that a few medians never reached do not spoil."""
    low, high = np.quantile(values, [0.16, 0.84], method="nearest") if values.size else (np.nan, np.nan)
    return float(high - low) / 2 if np.isfinite(low) and np.isfinite(high) else float("nan")


def _ratio(whole: np.ndarray, pure: np.ndarray) -> float | None:
    if pure.size < 20:
        return None
    ends = [np.quantile(values, [TAIL, 1 - TAIL], method="nearest") for values in (whole, pure)]
    if not np.isfinite(ends).all():
        return None
    (low, high), (first, last) = ends
    return float((high - low) / (last - first)) if last > first else None


def _number(value: float, scale: str) -> float | None:
    return None if not np.isfinite(value) else back(value, scale)


def by_trial(scores: Sequence[Score]) -> list[dict[str, Any]]:
    """One score per trial: the root mean square distance of its numbers from the middle of their replicates, in replicate standard
    deviations (1 is what chance gives), that of the named reference, and how many lie inside."""
    found = []
    for trial in dict.fromkeys(one.target.trial for one in scores):
        mine = [one for one in scores if one.target.trial == trial and one.target.role != "context"]
        judged = [one for one in mine if one.inside is not None]
        away = [one.distance for one in judged if one.distance is not None]
        pairs = [
            (one.distance, one.reference_distance) for one in judged if one.distance is not None and one.reference_distance is not None
        ]
        found.append(
            {
                "trial": trial,
                "targets": len(mine),
                "judged": len(judged),
                "inside": sum(bool(one.inside) for one in judged),
                "score": float(np.sqrt(np.mean(np.square(away)))) if away else None,
                "score_where_referenced": float(np.sqrt(np.mean([a**2 for a, _ in pairs]))) if pairs else None,
                "reference_score": float(np.sqrt(np.mean([r**2 for _, r in pairs]))) if pairs else None,
            }
        )
    return found
