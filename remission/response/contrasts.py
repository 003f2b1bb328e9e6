"""Two arms compared: differences of rates and of restricted mean times.

In the patients: how many more respond, or how much longer they stay well, in one arm than in the other. Where the same virtual patients
were run in both arms (counterfactual pairing) the difference is a mean over patients, with a Monte-Carlo error and no p-value; where the
arms hold different patients (randomized pairing) a trial's interval belongs to it.

Left out: paired differences of censored times, and p-values of rates.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from remission.errors import InputError
from remission.response.estimates import CONFIDENCE, Interval
from remission.response.survival import Curve, restricted_mean, standard_errors


@dataclass(frozen=True)
class Difference:
    """First arm minus second. `trial` is None for paired arms, where no trial could have seen it."""

    value: float | None
    mcse: float | None
    trial: Interval | None
    paired: bool

    def json(self) -> dict[str, Any]:
        trial = None if self.trial is None else list(self.trial)
        return {"value": self.value, "mcse": self.mcse, "trial": trial, "paired": self.paired}


def paired_rate_difference(first: ArrayLike, second: ArrayLike) -> Difference:
    """Difference of shares when entry i of both arms is the same patient with the same luck."""
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape:
        raise InputError(
            "paired arms differ in size", value=f"{one.shape} and {other.shape}", remedy="give the same patients in the same order"
        )
    if one.size < 2:
        return Difference(None, None, None, True)
    gap = one - other
    return Difference(float(gap.mean()), float(gap.std(ddof=1) / np.sqrt(gap.size)), None, True)


def rate_difference(
    first: ArrayLike, second: ArrayLike, n_design: tuple[float, float] | None = None, confidence: float = CONFIDENCE
) -> Difference:
    """Difference of shares of different patients, with Newcombe's hybrid score interval (1998, from memory) at the design's sizes."""
    flags = [np.asarray(arm).astype(bool) for arm in (first, second)]
    if not all(arm.size for arm in flags):
        return Difference(None, None, None, False)
    sizes = n_design or (flags[0].size, flags[1].size)
    shares = [float(arm.mean()) for arm in flags]
    (low_1, high_1), (low_2, high_2) = (_wilson(share, size, confidence) for share, size in zip(shares, sizes, strict=True))
    value = shares[0] - shares[1]
    low = value - float(np.hypot(shares[0] - low_1, high_2 - shares[1]))
    high = value + float(np.hypot(high_1 - shares[0], shares[1] - low_2))
    error = np.sqrt(sum(share * (1 - share) / arm.size for share, arm in zip(shares, flags, strict=True)))
    return Difference(value, float(error), (low, high), False)


def restricted_mean_difference(
    first: Curve, second: Curve, until: float, scale: tuple[float, float] = (1.0, 1.0), confidence: float = CONFIDENCE
) -> Difference:
    """Difference of restricted mean times of different patients; `scale` is simulated over designed patients in each arm."""
    one, other = restricted_mean(first, until), restricted_mean(second, until)
    value = _value(one.value) - _value(other.value)
    spread = [_value(arm.error) ** 2 for arm in (one, other)]
    margin = standard_errors(confidence) * float(np.sqrt(spread[0] * scale[0] + spread[1] * scale[1]))
    return Difference(value, float(np.sqrt(sum(spread))), (value - margin, value + margin), False)


def _wilson(share: float, n: float, confidence: float) -> tuple[float, float]:
    z = standard_errors(confidence)
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * float(np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)))
    return middle - half, middle + half


def _value(number: float | None) -> float:
    return float("nan") if number is None else number
