"""scipy: `solve_ivp` with LSODA, rates compiled by numba, one process for each core."""

from __future__ import annotations

import numpy as np

from remission.benchmark.contestant import Family, Setting
from remission.benchmark.problems import Problem
from remission.benchmark.references import compiled_rates, trajectory
from remission.benchmark.shards import InProcesses, Shard


class ScipyShard(Shard):
    def __init__(self, problem: Problem):
        super().__init__(problem)
        self.rates = compiled_rates(problem)
        parameters = problem.parameters(1)
        self.prepare(Setting(ScipyLsoda.families[0], 1e-2))
        self.solve(parameters[0], problem.starts(parameters)[0])

    def prepare(self, setting: Setting) -> None:
        self.setting = setting

    def solve(self, parameters: np.ndarray, start: np.ndarray) -> np.ndarray:
        try:
            return trajectory(self.problem, self.rates, parameters, start, self.setting.rtol, self.setting.atol)
        except RuntimeError:
            return np.full((self.problem.outputs.size, start.size), np.nan)


class ScipyLsoda(InProcesses):
    shard = f"{__name__}:ScipyShard"
    families = (Family("LSODA", 1.0), Family("LSODA", 1e-2))
