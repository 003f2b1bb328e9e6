"""What a trial of a given size would have seen: predictive intervals by replicates.

From a large pool of simulated patients, trials of the published size are drawn again and again, each from one posterior draw, and the
published number is compared with where 95 % of them fall. A pool without posterior draws gives pure sampling.

Left out: differences between the trial and the pool in accrual or follow-up; the pool must have been simulated as the trial was run.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remission.response.estimates import CONFIDENCE, late_quantile

Statistic = Callable[[int, NDArray[np.int64]], float | None]


@dataclass(frozen=True)
class Predictive:
    """Values of a statistic over replicate trials, with their central interval; None is not reached."""

    values: tuple[float | None, ...]
    median: float | None
    low: float | None
    high: float | None

    def contains(self, value: float | None) -> bool:
        """Whether a published value lies inside; not reached is later than any time."""
        number, low, high = (np.inf if one is None else one for one in (value, self.low, self.high))
        return bool(self.values) and bool(low <= number <= high)

    @property
    def width(self) -> float | None:
        return None if self.low is None or self.high is None else self.high - self.low


def predictive(
    statistic: Statistic, patients: int, size: int, draws: int = 1, replicates: int = 1000, seed: int = 0, confidence: float = CONFIDENCE
) -> Predictive:
    """Run `statistic(draw, indices)` on replicates of `size` patients drawn with replacement from a pool of `patients`.

    Replicate r uses posterior draw r modulo `draws`, and its patients depend on (seed, r) alone. A statistic that cannot be computed
    returns NaN and is left out; one that is not reached returns None.
    """
    found = [statistic(turn % draws, replicate_patients(patients, size, seed, turn)) for turn in range(replicates)]
    return summarize(found, confidence)


def replicate_patients(patients: int, size: int, seed: int, replicate: int) -> NDArray[np.int64]:
    """The pool indices of one replicate trial."""
    generator = np.random.Generator(np.random.Philox(key=np.array([seed, replicate], dtype=np.uint64)))
    return generator.integers(0, patients, size)


def summarize(values: list[float | None], confidence: float = CONFIDENCE) -> Predictive:
    """Replicate values as a `Predictive`."""
    kept = tuple(value for value in values if value is None or not np.isnan(value))
    if not kept:
        return Predictive((), None, None, None)
    tail = (1 - confidence) / 2
    return Predictive(kept, late_quantile(kept, 0.5), late_quantile(kept, tail), late_quantile(kept, 1 - tail))


def width_ratio(whole: Predictive, sampling: Predictive) -> float | None:
    """How much wider the predictive interval is than pure sampling of one parameter set; at most 1.5 is sharp."""
    if whole.width is None or not sampling.width:
        return None
    return whole.width / sampling.width


def verdict_allowed(mcse: float | None, standard_error: float) -> bool:
    """A verdict needs a Monte-Carlo error below a fifth of the target's own standard error."""
    return mcse is not None and mcse < standard_error / 5
