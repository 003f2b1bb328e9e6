"""Weighted least squares with a prior, by Gauss-Newton steps under Levenberg's and Marquardt's damping.

The cost is -2 log posterior up to a constant: whitened residuals of the targets plus (x - prior)^2 / spread^2. The simulation answers with
counts of patients, so derivatives are finite differences over a good part of a prior spread, with common random numbers: the same
patients and luck on both sides, whose difference is then small noise. Between full derivatives Broyden's update uses each step taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Residuals = Callable[[np.ndarray], np.ndarray]
STEP = 0.5
"""Finite difference over the prior spread."""
MOST_STEP = 0.35
LARGEST_MOVE = 1.5
"""Prior spreads that one step may move a number."""


@dataclass(frozen=True)
class Problem:
    """What is minimized: residuals of targets (not whitened) with their covariance, and a normal prior.

    `residuals(x)` uses all patients; `quick(x)` the patients that derivatives use; `touched[k, i]` is false where number i is known
    to leave target k alone.
    """

    residuals: Residuals
    quick: Residuals
    covariance: np.ndarray
    center: np.ndarray
    spread: np.ndarray

    def whitened(self, residuals: np.ndarray) -> np.ndarray:
        return np.linalg.solve(np.linalg.cholesky(self.covariance), residuals)

    def cost(self, residuals: np.ndarray, x: np.ndarray) -> float:
        return float(np.sum(self.whitened(residuals) ** 2) + np.sum(((x - self.center) / self.spread) ** 2))


@dataclass(frozen=True)
class Fit:
    """Where the search ended: the point, residuals there, their derivatives [K, P], the cost, and the costs on the way."""

    x: np.ndarray
    residuals: np.ndarray
    jacobian: np.ndarray
    cost: float
    costs: tuple[float, ...]


def derivatives(problem: Problem, x: np.ndarray, told: Callable[[int], None] = lambda i: None) -> np.ndarray:
    """Finite differences [K, P], towards the prior's middle, where the numbers are plausible."""
    base = problem.quick(x)
    found = np.zeros((base.size, x.size))
    for i in range(x.size):
        step = min(STEP * problem.spread[i], MOST_STEP) * (1.0 if x[i] <= problem.center[i] else -1.0)
        moved = x.copy()
        moved[i] += step
        found[:, i] = (problem.quick(moved) - base) / step
        told(i)
    return found


def broyden(jacobian: np.ndarray, move: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Derivatives that agree with the last step and differ least from those before."""
    return jacobian + np.outer(change - jacobian @ move, move) / (move @ move)


def step(problem: Problem, jacobian: np.ndarray, residuals: np.ndarray, x: np.ndarray, damping: float) -> np.ndarray:
    """The damped Gauss-Newton step, at most `LARGEST_MOVE` prior spreads in any number."""
    white = problem.whitened(jacobian)
    precision = np.diag(problem.spread**-2)
    gradient = white.T @ problem.whitened(residuals) + (x - problem.center) / problem.spread**2
    move = -np.linalg.solve(white.T @ white + (1 + damping) * precision, gradient)
    return move / max(1.0, float(np.abs(move / problem.spread).max()) / LARGEST_MOVE)


def minimize(
    problem: Problem, x: np.ndarray, rounds: int, steps: int, enough: float = 0.5, told: Callable[[str, float], None] = lambda s, c: None
) -> Fit:
    """`rounds` full derivatives with `steps` damped steps after each; ends when a whole round gains less than `enough`."""
    residuals = problem.residuals(x)
    cost = problem.cost(residuals, x)
    costs, damping = [cost], 1.0
    jacobian = np.zeros((residuals.size, x.size))
    for turn in range(rounds):
        before = cost
        jacobian = derivatives(problem, x, lambda i, turn=turn, size=x.size: told(f"derivatives {turn + 1}", (i + 1) / size))
        for _ in range(steps):
            move = step(problem, jacobian, residuals, x, damping)
            trial = problem.residuals(x + move)
            found = problem.cost(trial, x + move)
            jacobian = broyden(jacobian, move, trial - residuals)
            damping = damping / 4 if found < cost else damping * 4
            if found < cost:
                x, residuals, cost = x + move, trial, found
            costs.append(found)
            told("cost", found)
        if before - cost < enough:
            break
    return Fit(x, residuals, jacobian, cost, tuple(costs))
