"""What the priors alone expect of every target, before any fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import norm

from remission.calibration.free_parameters import prior_center, prior_spread
from remission.calibration.judged import Judged
from remission.calibration.scales import scale_of, standard_error, transform


def prior_predictive(judged: Judged, count: int, patients: int, seed: int, told: Callable[[str, float], None]) -> list[dict[str, Any]]:
    """By target, the range that prior draws give (with the target's own error), and whether the published value lies in it."""
    free = judged.evaluator.free
    generator = np.random.Generator(np.random.Philox(key=np.array([seed, 0x9E10], dtype=np.uint64)))
    points = prior_center(free) + norm.ppf(generator.random((count, len(free)))) * prior_spread(free)
    found = []
    for number, x in enumerate(points):
        found.append(judged.values(x, patients))
        told("prior predictive", (number + 1) / count)
    return [_range(target, [values[k] for values in found], patients) for k, target in enumerate(judged.targets)]


def _range(target, values: list[float], patients: int) -> dict[str, Any]:
    """Middle and 95 % range on the target's scale: the spread of the draws and the target's error together."""
    scale, finite = scale_of(target), [value for value in values if np.isfinite(value)]
    if len(finite) < 2:
        return {"name": target.name, "published": target.value, "median": None, "inside": None}
    seen = np.array([transform(value, scale, patients) for value in finite])
    spread = float(np.hypot(seen.std(ddof=1), standard_error(target)))
    away = (transform(target.value, scale, target.n) - float(np.median(seen))) / spread
    quantiles = [float(q) for q in np.quantile(finite, [0.05, 0.5, 0.95])]
    return {"name": target.name, "published": target.value, "median": quantiles[1], "q05": quantiles[0], "q95": quantiles[2],
            "standard_deviations": float(away), "inside": bool(abs(away) <= 1.96)}  # fmt: skip
