"""AMICI: the SBML of the text as generated C++, compiled once into a folder of its own; CVODES, doses as events, one process a core."""

from __future__ import annotations

import tempfile
from importlib import import_module
from pathlib import Path

import numpy as np

from remission.benchmark.contestant import Family, Setting
from remission.benchmark.peers.roadrunner import sbml
from remission.benchmark.problems import Problem
from remission.benchmark.references import digest
from remission.benchmark.shards import InProcesses, Shard
from remission.engine.cache import cache_directory

MOST_STEPS = 1_000_000


def _model(problem: Problem, folder: Path):
    """The compiled model in `folder`, made there when it is not yet."""
    amici, _ = import_module("amici"), import_module("amici.sim.sundials")  # a compiled model needs both
    name = f"benchmark_{problem.name.replace('-', '_')}"
    if not any(folder.rglob("*.so")):
        importer = import_module("amici.importers.sbml").SbmlImporter
        with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
            file.write(sbml(problem))
            file.flush()
            importer(file.name).sbml2amici(name, str(folder), verbose=False, generate_sensitivity_code=False)
    return amici.import_model_module(name, str(folder)).get_model()


class AmiciShard(Shard):
    """One model and its solver."""

    def __init__(self, problem: Problem):
        super().__init__(problem)
        self.model = _model(problem, cache_directory() / "benchmark" / f"amici_{digest(problem)}")
        self.simulate = import_module("amici.sim.sundials").run_simulation
        self.model.set_timepoints(problem.outputs)
        names = list(self.model.get_free_parameter_ids())
        states = list(self.model.get_state_ids())
        equations = problem.equations
        self.parameters = np.array(self.model.get_free_parameters())
        self.places = [(names.index(name), i) for i, name in enumerate(equations.parameters) if name in names]
        self.order = [states.index(name) for name in equations.states]
        self.clock = states.index("next_dose") if "next_dose" in states else None
        self.jumps = equations.jumps if problem.dose_every else ()
        self.size = len(states)

    def prepare(self, setting: Setting) -> None:
        self.solver = self.model.create_solver()
        self.solver.set_relative_tolerance(setting.rtol)
        self.solver.set_absolute_tolerance(setting.atol)
        self.solver.set_max_steps(MOST_STEPS)

    def solve(self, parameters: np.ndarray, start: np.ndarray) -> np.ndarray:
        for own, given in self.places:
            self.parameters[own] = parameters[given]
        first = np.zeros(self.size)
        first[self.order] = start
        for state, amount in self.jumps:
            first[self.order[state]] += parameters[amount]
        if self.clock is not None:
            first[self.clock] = self.problem.dose_every
        self.model.set_free_parameters(self.parameters)
        self.model.set_initial_state(first)
        found = self.simulate(self.model, self.solver)
        states = np.array(found.x)[:, self.order]
        return states if found.status == 0 else np.full_like(states, np.nan)


class Amici(InProcesses):
    shard = f"{__name__}:AmiciShard"
    families = (Family("CVODES", 1e-3), Family("CVODES", 1.0))
    before_doses = False

    def __init__(self, problem: Problem, cores: int):
        _model(problem, cache_directory() / "benchmark" / f"amici_{digest(problem)}")  # once, before the processes load it
        super().__init__(problem, cores)
