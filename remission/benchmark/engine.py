"""This package's engine as a contestant."""

from __future__ import annotations

import time
from dataclasses import fields, replace
from typing import Any

import numpy as np

from remission.benchmark.contestant import KEPT, Contestant, Family, Outcome, Setting
from remission.benchmark.problems import SITE, Problem
from remission.engine.batch import Batch
from remission.engine.compile import compile_system
from remission.engine.compiled import Compiled
from remission.engine.ensemble import Options, advance, start, watch
from remission.engine.layout import FAILURES, Doses
from remission.engine.steppers import Method
from remission.model.system import System
from remission.population import pack

METHODS = tuple(Family(method.name, absolute) for method in (Method.RODAS5P, Method.TSIT5) for absolute in (None, 1.0))
END_POINTS = [0, 2, 3, 4]  # lowest, highest, day of the highest, area


def can_choose_lanes() -> bool:
    """Whether the engine can be told how many patients a vector holds."""
    return "lanes" in {field.name for field in fields(Options)}


class Engine(Contestant):
    """The engine with its own absolute tolerance, one cell, or with one that goes with the relative one, as peers have it.

    lanes: patients in a vector, None = the engine's choice.
    """

    families = METHODS

    def __init__(self, problem: Problem, cores: int, lanes: int | None = None):
        super().__init__(problem, cores)
        self.lanes, self._batches = lanes, {}
        self.system = problem.system()
        self.compiled = compile_system(self.system)
        for family in self.families:
            self.run(1, Setting(family, 1e-3))

    def options(self, setting: Setting) -> Options:
        chosen: dict[str, Any] = {} if self.lanes is None else {"lanes": self.lanes}
        return Options(method=Method[setting.family.name], rtol=setting.rtol, threads=self.cores, faults=False, **chosen)

    def run(self, patients: int, setting: Setting) -> Outcome:
        options, problem = self.options(setting), self.problem
        batch = self._batch(patients)
        if problem.end_points:
            batch, save = watch(batch, list(range(self.compiled.n_observed(problem.lesions)))), None
        else:
            save = problem.outputs
        compiled = self._at(setting)
        begin = time.perf_counter()
        result = advance(compiled, batch, problem.days, save, options)
        seconds = time.perf_counter() - begin
        few = min(patients, KEPT)
        ends = result.watch.record[:few][:, :, END_POINTS] if problem.end_points else None
        failed = int(np.isin(result.status, FAILURES).sum())
        steps = float(result.state.accepted.mean())
        states = self._states(few, setting) if problem.end_points else result.saved[:few].copy()
        return Outcome(seconds, patients, states, ends, failed, {"steps": steps})

    def _at(self, setting: Setting) -> Compiled:
        """The system with the absolute tolerance of a setting."""
        if setting.family.absolute is None:
            return self.compiled
        return replace(self.compiled, atol=np.full(self.compiled.atol.size, setting.atol))

    def _states(self, patients: int, setting: Setting) -> np.ndarray:
        """States of a run like the one timed, in which they are kept."""
        days, saved = self.problem.days, self.problem.outputs
        return advance(self._at(setting), self._batch(patients), days, saved, self.options(setting)).saved

    def setup(self, patients: int) -> float:
        """Seconds to make a batch of so many patients from their parameters."""
        parameters = self.problem.parameters(patients)
        begin = time.perf_counter()
        batch_of(self.problem, self.system, self.compiled, parameters)
        return time.perf_counter() - begin

    def _batch(self, patients: int) -> Batch:
        """The first patients at day 0; the last two sizes are kept, so that repeats need not make them again."""
        if patients not in self._batches:
            while len(self._batches) > 1:
                self._batches.pop(next(iter(self._batches)))
            self._batches[patients] = batch_of(self.problem, self.system, self.compiled, self.problem.parameters(patients))
        return self._batches[patients]


class OneLane(Engine):
    """The engine with one patient in a vector."""

    def __init__(self, problem: Problem, cores: int):
        super().__init__(problem, cores, lanes=1)


def batch_of(problem: Problem, system: System, compiled: Compiled, parameters: np.ndarray) -> Batch:
    """Patients at day 0 with their doses, from parameters in the order of the text [M, P]."""
    patients = len(parameters)
    packed = pack(system, by_key(problem, parameters), (SITE,) * problem.lesions, problem.lesions)
    doses = same_doses(problem.doses, patients) if problem.doses.size else None
    return start(compiled, np.arange(patients), packed, problem.lesions, doses)


def by_key(problem: Problem, parameters: np.ndarray) -> dict[str, np.ndarray]:
    """The same parameters by key: [M] of the patient, [M, lesions] of lesions."""
    label, rows = problem.module.label, problem.rows
    own = [name for name, row in rows.items() if row.per == "patient"]
    local = [name for name, row in rows.items() if row.per == "lesion"]
    values = {f"{label}.{name}": parameters[:, i] for i, name in enumerate(own)}
    rest = parameters[:, len(own) :].reshape(len(parameters), problem.lesions, len(local))
    return values | {f"{label}.{name}": rest[:, :, i] for i, name in enumerate(local)}


def same_doses(days: np.ndarray, patients: int) -> Doses:
    """A dose of 1 of the only agent on these days, for every patient."""
    shape = (patients, days.size)

    def filled(value: float | np.ndarray, kind: type[Any]) -> np.ndarray:
        return np.broadcast_to(np.asarray(value, kind), shape).copy()

    whole = np.int64
    return Doses(
        day=filled(days, float),
        agent=filled(0, whole),
        amount=filled(1.0, float),
        duration=filled(0.0, float),
        lesion=filled(-1, whole),
        input=filled(-1, whole),
        next_row=np.zeros(patients, whole),
    )
