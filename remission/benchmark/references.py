"""What is true: LSODA of scipy at tolerances far below those compared, kept in the cache under what it was made from."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import minimize_scalar

from remission.benchmark.contestant import KEPT
from remission.benchmark.problems import Problem
from remission.benchmark.worker import Worker
from remission.engine.cache import cache_directory

RTOL, ATOL = 1e-11, 1e-10
VERSION = 1
GRID = 0.05  # day, where extremes are looked for before they are refined
LIMIT = 3600.0
Rates = Callable[[float, np.ndarray, np.ndarray], np.ndarray]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Reference:
    """States [M, T, S] of the first patients; lowest, highest, its day and area of every state [M, S, 4], or an empty array."""

    states: np.ndarray
    ends: np.ndarray


def compiled_rates(problem: Problem) -> Rates:
    """Rates that return a new array, compiled by numba where it is installed."""
    written = problem.equations.function()
    try:
        from numba import njit

        written = njit(written)
    except ImportError:
        pass
    size = len(problem.equations.states)

    def rates(t: float, y: np.ndarray, p: np.ndarray) -> np.ndarray:
        result = np.empty(size)
        written(t, y, p, result)
        return result

    return rates


def trajectory(
    problem: Problem, rates: Rates, parameters: np.ndarray, start: np.ndarray, rtol: float = RTOL, atol: float = ATOL
) -> np.ndarray:
    """States at the outputs [T, S] by LSODA, restarted at every dose; on the day of a dose, before it. RuntimeError on failure."""
    outputs, y = problem.outputs, start.copy()
    states = np.empty((outputs.size, start.size))
    states[0] = y
    bounds = np.append(problem.doses if problem.doses.size else [0.0], problem.days)
    for low, high in pairwise(bounds):
        for state, amount in problem.equations.jumps if problem.doses.size else ():
            y[state] += parameters[amount]
        inside = (outputs > low + 1e-9) & (outputs <= high + 1e-9)
        days = np.unique(np.append(np.minimum(outputs[inside], high), high))
        found = solve_ivp(rates, (low, high), y, method="LSODA", t_eval=days, rtol=rtol, atol=atol, args=(parameters,))
        if not found.success:
            raise RuntimeError(found.message)
        states[inside] = found.y.T[: inside.sum()]
        y = found.y[:, -1].copy()
    return states


def end_points(problem: Problem, rates: Rates, parameters: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Lowest, highest, day of the highest, and area of every state [S, 4], for a problem without doses."""
    size = start.size

    def extended(t: float, y: np.ndarray, p: np.ndarray) -> np.ndarray:
        return np.concatenate([rates(t, y[:size], p), y[:size]])

    first = np.concatenate([start, np.zeros(size)])
    whole = solve_ivp(
        extended, (0.0, problem.days), first, method="LSODA", rtol=RTOL, atol=ATOL, args=(parameters,), dense_output=True
    )  # fmt: skip
    if not whole.success:
        raise RuntimeError(whole.message)
    days = np.linspace(0.0, problem.days, round(problem.days / GRID) + 1)
    values = whole.sol(days)[:size]
    result = np.empty((size, 4))
    for i in range(size):
        low, _ = _extreme(lambda day, i=i: float(whole.sol(day)[i]), days, values[i])
        high, when = _extreme(lambda day, i=i: -float(whole.sol(day)[i]), days, -values[i])
        result[i] = low, -high, when, whole.y[size + i, -1]
    return result


def _extreme(function: Callable[[float], float], days: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """The smallest value and its day, refined between the neighbors of the smallest value on the grid."""
    at = int(values.argmin())
    if 0 < at < days.size - 1:
        best = minimize_scalar(function, bounds=(days[at - 1], days[at + 1]), method="bounded", options={"xatol": 1e-7})
        if best.fun <= values[at]:
            return float(best.fun), float(best.x)
    return float(values[at]), float(days[at])


class Solver:
    """The reference of single patients, in a process of its own."""

    def __init__(self, problem: Problem):
        self.problem, self.rates = problem, compiled_rates(problem)
        self.parameters = problem.parameters(KEPT)
        self.starts = problem.starts(self.parameters)

    def patient(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        given = (self.problem, self.rates, self.parameters[i], self.starts[i])
        return trajectory(*given), end_points(*given) if self.problem.end_points else np.zeros((0, 4))


def reference(problem: Problem, cores: int, progress: Progress = lambda done, total: None) -> Reference:
    """The reference of a problem, from the cache or made now on all cores."""
    path = cache_directory() / "benchmark" / f"reference_{digest(problem)}.npz"
    try:
        with np.load(path) as kept:
            return Reference(kept["states"], kept["ends"])
    except (OSError, ValueError, KeyError):
        made = _made(problem, cores, progress)
    _keep(path, made)
    return made


def digest(problem: Problem) -> str:
    """What names a reference: everything it is made from."""
    facts = (problem.equations.lines, problem.parameters(KEPT).tobytes(), problem.outputs.tobytes(), problem.doses.tobytes())
    return blake2b(repr((VERSION, RTOL, ATOL, GRID, problem.end_points, facts)).encode(), digest_size=12).hexdigest()


def _made(problem: Problem, cores: int, progress: Progress) -> Reference:
    workers = [Worker(f"{__name__}:Solver", (problem,)) for _ in range(min(cores, KEPT))]
    try:
        for worker in workers:
            worker.start(LIMIT)
        found = []
        for first in range(0, KEPT, len(workers)):
            busy = list(zip(workers, range(first, KEPT), strict=False))
            for worker, patient in busy:
                worker.send("patient", patient)
            found += [worker.receive(LIMIT) for worker, _ in busy]
            progress(len(found), KEPT)
    finally:
        for worker in workers:
            worker.close()
    return Reference(np.array([states for states, _ in found]), np.array([ends for _, ends in found]))


def _keep(path: Path, made: Reference) -> None:
    """Put the file in place in one step; where that fails, the reference is made again next time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(file, states=made.states, ends=made.ends)
        os.replace(temporary, path)
    except OSError:
        pass
