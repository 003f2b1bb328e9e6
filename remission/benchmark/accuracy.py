"""How far a run is from the reference, patient by patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from remission.benchmark.contestant import Outcome
from remission.benchmark.problems import Problem
from remission.benchmark.references import Reference

LOWEST, HIGHEST, DAY, AREA = range(4)
VALUES = [LOWEST, HIGHEST, AREA]


@dataclass(frozen=True)
class Error:
    """Median and 95th percentile over patients of the largest error of each; what failed counts as infinite.

    An error is |found - true| / (1 + |true|), over states and days, and over lowest, highest and area where those were asked for.
    day: 95th percentile over patients of the error of the day of the highest value, in days, median over states.
    """

    median: float
    p95: float
    states: float
    ends: float | None = None
    day: float | None = None


def error_of(problem: Problem, reference: Reference, outcome: Outcome, before_doses: bool) -> Error:
    """The error of the patients whose states were kept; days of doses count only where states are those before the dose."""
    if outcome.states is None or not len(outcome.states):
        return Error(np.inf, np.inf, np.inf)
    patients = min(len(outcome.states), len(reference.states))
    days = np.ones(problem.outputs.size, bool) if before_doses else problem.away_from_doses
    states = _largest(outcome.states[:patients][:, days], reference.states[:patients][:, days])
    if outcome.ends is None:
        return Error(float(np.median(states)), _p95(states), float(np.median(states)))
    found, true = outcome.ends[:patients], reference.ends[:patients]
    ends = _largest(found[:, :, VALUES], true[:, :, VALUES])
    both = np.maximum(states, ends)
    late = np.median(np.abs(found[:, :, DAY] - true[:, :, DAY]), axis=1)
    return Error(float(np.median(both)), _p95(both), float(np.median(states)), float(np.median(ends)), _p95(late))


def _largest(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Largest error of each patient."""
    error = (np.abs(found - true) / (1.0 + np.abs(true))).reshape(len(true), -1).max(axis=1)
    return np.where(np.isfinite(error), error, np.inf)


def _p95(errors: np.ndarray) -> float:
    """The 95th percentile; infinite when one of those it lies between is."""
    with np.errstate(invalid="ignore"):
        value = float(np.quantile(errors, 0.95))
    return value if np.isfinite(value) else np.inf
