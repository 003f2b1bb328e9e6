"""On which scale a target is compared, and how sure it is there.

Shares are compared as logits, points of survival curves as log minus log, times and ratios as logarithms, so that errors are about normal
and symmetric. The standard error comes from the printed interval; without one from x of n, a binomial of n for shares, or the spread
between patients that `scales.csv` assumes. Points of curves of one trial share patients: their errors are correlated like those of one
Kaplan-Meier curve, sqrt(v(s) / v(t)) for s before t, with v the variance of the logarithm of survival; a curve that censors at transplant
and its twin that does not count as nearly the same patients' curve, and figures of different data cuts share less.

Left out: correlation between different endpoints of one trial (CR and ORR share patients), heterogeneity between trials.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from remission.calibration.targets import Target

TABLE = Path(__file__).with_suffix(".csv")
EDGE = 0.5
"""Patients added where a simulated share is 0 or 1, so that its logit is finite."""
TWINS = 0.9
"""Correlation of a curve with its twin that does not censor at transplant."""
CUTS = 0.6
"""Correlation left between figures of one trial from different data cuts, over that within one cut."""
LOST = 0.75
"""Share of n that a curve without printed interval is worth, after censoring."""
NORMAL = 1.959964
FAR = 3.0
"""Standard errors beyond which a gap counts less."""


@dataclass(frozen=True)
class Scale:
    """How an endpoint is compared where its kind does not say so: scale, spread between patients, smallest standard error."""

    scale: str
    spread: float | None
    floor: float


@cache
def scales() -> dict[str, Scale]:
    """The rows of `scales.csv` by endpoint."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {
            row["endpoint"]: Scale(row["scale"], float(row["spread"]) if row["spread"] else None, float(row["floor"] or 0))
            for row in csv.DictReader(file)
        }


def scale_of(target: Target) -> str:
    """`logit`, `loglog`, `log` or `identity`."""
    if target.kind == "survival":
        return "loglog"
    if target.kind in ("proportion", "cumulative incidence"):
        return "logit"
    if target.endpoint in scales():
        return scales()[target.endpoint].scale
    return "log" if target.kind in ("hazard ratio", "ratio", "median") else "identity"


def transform(value: float, scale: str, n: float | None = None) -> float:
    """A number on its scale; shares of 0 and 1 are drawn in by half a patient of `n`."""
    if scale == "identity":
        return float(value)
    if scale == "log":
        return float(np.log(max(value, 1e-12)))
    inside = EDGE / ((n or 100) + 2 * EDGE)
    share = float(np.clip(value, inside, 1 - inside))
    return float(np.log(share / (1 - share))) if scale == "logit" else float(np.log(-np.log(share)))


def standard_error(target: Target) -> float:
    """The standard error of a target on its scale."""
    scale = scale_of(target)
    floor = scales()[target.endpoint].floor if target.endpoint in scales() and target.kind != "survival" else 0.0
    if target.low is not None and target.high is not None:
        ends = [transform(end, scale, target.n) for end in (target.low, target.high)]
        return max(abs(ends[1] - ends[0]) / (2 * NORMAL), floor)
    return max(_from_size(target, scale), floor)


def _from_size(target: Target, scale: str) -> float:
    n = target.n or 50.0
    if scale in ("logit", "loglog"):
        share = float(np.clip(target.value, EDGE / n, 1 - EDGE / n))
        logit = 1 / np.sqrt(n * share * (1 - share))
        if scale == "logit":
            return float(logit)
        return float(np.sqrt((1 - share) / (n * LOST * share)) / abs(np.log(share)))
    said = scales().get(target.endpoint)
    if said is None or said.spread is None:
        return said.floor if said else 0.3
    if "ratio_responders" in target.endpoint:
        return float(said.spread * np.sqrt(1 / 62 + 1 / 8))
    return float(1.2533 * said.spread / np.sqrt(n))


def covariance(targets: Sequence[Target]) -> np.ndarray:
    """The covariance of targets on their scales, [K, K]."""
    errors = np.array([standard_error(target) for target in targets])
    correlation = np.eye(len(targets))
    for i, one in enumerate(targets):
        for j in range(i):
            correlation[i, j] = correlation[j, i] = _shared(one, targets[j])
    return correlation * np.outer(errors, errors)


def _shared(one: Target, other: Target) -> float:
    """The correlation of two points of curves of one trial; 0 for anything else."""
    family = one.endpoint.removesuffix("_with_transplant")
    if one.kind != "survival" or other.kind != "survival" or one.trial != other.trial or one.arm != other.arm:
        return 0.0
    if other.endpoint.removesuffix("_with_transplant") != family or one.subgroup != other.subgroup:
        return 0.0
    odds = sorted((1 - t.value) / t.value for t in (one, other))
    same = (1.0 if one.endpoint == other.endpoint else TWINS) * (1.0 if one.source == other.source else CUTS)
    return float(min(np.sqrt(odds[0] / odds[1]), 0.95) * same)


def residuals(targets: Sequence[Target], values: Sequence[float | None], patients: float) -> np.ndarray:
    """Simulated minus published on the scales, [K]; a number the simulation cannot give is `FAR` standard errors off.

    Beyond `FAR` standard errors a gap counts by its logarithm, so that one number the model cannot meet does not drag the others.
    """
    found = []
    for target, value in zip(targets, values, strict=True):
        scale, error = scale_of(target), standard_error(target)
        if value is None or not np.isfinite(value):
            gap = FAR
        else:
            gap = (transform(value, scale, patients) - transform(target.value, scale, target.n)) / error
        found.append(error * float(np.sign(gap)) * (abs(gap) if abs(gap) <= FAR else FAR + 2 * np.log1p((abs(gap) - FAR) / 2)))
    return np.array(found)
