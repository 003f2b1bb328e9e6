"""What calibration leaves uncertain: a normal posterior around the best point, its draws, and the directions the data leave open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from remission.calibration.fit import Fit, Problem
from remission.calibration.free_parameters import Free

OPEN = 0.5
"""A direction is open when its variance keeps at least this share of the prior's."""
CONFLICT = 3.0
"""Prior standard deviations from its middle at which a number is in conflict with its prior."""


@dataclass(frozen=True)
class Posterior:
    """A normal law on the transformed scale: `mean` [P], `covariance` [P, P]; the prior's middle and spread beside it."""

    mean: np.ndarray
    covariance: np.ndarray
    center: np.ndarray
    spread: np.ndarray

    @property
    def contraction(self) -> np.ndarray:
        """1 - posterior variance over prior variance, [P]: 0 the data say nothing, 1 they say all."""
        return 1 - np.diag(self.covariance) / self.spread**2

    @property
    def shift(self) -> np.ndarray:
        """How far the best point lies from the prior's middle, in prior standard deviations, [P]."""
        return (self.mean - self.center) / self.spread


def laplace(problem: Problem, fit: Fit) -> Posterior:
    """The normal law whose precision is that of targets and prior at the best point."""
    white = problem.whitened(fit.jacobian)
    precision = white.T @ white + np.diag(problem.spread**-2)
    covariance = np.linalg.inv(precision)
    return Posterior(fit.x, (covariance + covariance.T) / 2, problem.center, problem.spread)


def draws(posterior: Posterior, count: int, seed: int) -> np.ndarray:
    """Points [count, P]: the first is the best point, the others are drawn."""
    generator = np.random.Generator(np.random.Philox(key=np.array([seed, 0xD12A], dtype=np.uint64)))
    root = np.linalg.cholesky(posterior.covariance)
    uniforms = generator.random((count - 1, posterior.mean.size))
    return np.vstack([posterior.mean, posterior.mean + norm.ppf(uniforms) @ root.T])


def directions(posterior: Posterior) -> tuple[np.ndarray, np.ndarray]:
    """Share of prior variance kept, falling, [P], and unit directions in prior standard deviations, [P, P] (columns)."""
    scaled = posterior.covariance / np.outer(posterior.spread, posterior.spread)
    values, vectors = np.linalg.eigh(scaled)
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(values.size)])
    return values[::-1], (vectors * signs)[:, ::-1]


def described(direction: np.ndarray, free: Sequence[Free], least: float = 0.25) -> str:
    """The numbers that a direction moves most, with sign and weight."""
    order = np.argsort(-np.abs(direction))
    return ", ".join(
        f"{'+' if direction[i] > 0 else '-'}{abs(direction[i]):.2f} {free[i].key}" for i in order if abs(direction[i]) >= least
    )


def conflicts(posterior: Posterior, free: Sequence[Free]) -> list[str]:
    """Keys of numbers that the data pull away from their prior."""
    return [one.key for one, shift in zip(free, posterior.shift, strict=True) if abs(shift) > CONFLICT]


def log_weights(problem: Problem, posterior: Posterior, points: np.ndarray, residuals: np.ndarray) -> np.ndarray:
    """Logarithms of target over normal law at points [M, P] with residuals [M, K], largest 0; for importance weights."""
    true = np.array([-0.5 * problem.cost(r, x) for r, x in zip(residuals, points, strict=True)])
    away = points - posterior.mean
    assumed = -0.5 * np.einsum("mi,ij,mj->m", away, np.linalg.inv(posterior.covariance), away)
    return (true - assumed) - np.max(true - assumed)


def effective_size(weights: np.ndarray) -> float:
    """The number of equal draws that weighted ones are worth."""
    return float(weights.sum() ** 2 / np.sum(weights**2))
