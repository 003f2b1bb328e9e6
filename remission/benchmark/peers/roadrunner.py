"""libroadrunner: the text as Antimony, then SBML, compiled by its LLVM; CVODE (BDF), doses as events, one process for each core."""

from __future__ import annotations

from importlib import import_module

import numpy as np

from remission.benchmark.contestant import Family, Setting
from remission.benchmark.problems import Problem
from remission.benchmark.shards import InProcesses, Shard

MOST_STEPS = 1_000_000


def sbml(problem: Problem) -> str:
    """The problem as SBML."""
    antimony = import_module("antimony")
    if antimony.loadAntimonyString(problem.equations.antimony(problem.dose_every)) < 0:
        raise RuntimeError(antimony.getLastError())
    return antimony.getSBMLString(problem.name.replace("-", "_"))


class RoadRunnerShard(Shard):
    """One simulator. All numbers of a patient are set in two calls; events bring every dose but the first."""

    def __init__(self, problem: Problem):
        roadrunner = import_module("roadrunner")
        super().__init__(problem)
        roadrunner.Logger.disableLogging()
        equations = problem.equations
        self.runner = roadrunner.RoadRunner(sbml(problem))
        self.runner.timeCourseSelections = list(equations.states)
        known = {name: i for i, name in enumerate(self.runner.model.getGlobalParameterIds())}
        self.places = [known[name] for name in (*equations.parameters, *equations.states)]
        self.clock = [known["next_dose"]] if problem.dose_every else []
        self.jumps = equations.jumps if problem.dose_every else ()

    def prepare(self, setting: Setting) -> None:
        integrator = self.runner.integrator
        integrator.relative_tolerance, integrator.absolute_tolerance = setting.rtol, setting.atol
        integrator.stiff, integrator.maximum_num_steps = True, MOST_STEPS

    def solve(self, parameters: np.ndarray, start: np.ndarray) -> np.ndarray:
        problem, first = self.problem, start.copy()
        for state, amount in self.jumps:
            first[state] += parameters[amount]
        self.runner.reset()
        self.runner.model.setGlobalParameterValues(self.places, np.concatenate([parameters, first]))
        if self.clock:
            self.runner.model.setGlobalParameterValues(self.clock, [problem.dose_every])
        try:
            return np.array(self.runner.simulate(0, problem.days, problem.outputs.size))
        except RuntimeError:
            return np.full((problem.outputs.size, start.size), np.nan)


class RoadRunner(InProcesses):
    shard = f"{__name__}:RoadRunnerShard"
    families = (Family("CVODE", 1e-3), Family("CVODE", 1.0), Family("CVODE", 1e-4))
    before_doses = False
