"""From a point of the free numbers to what all arms say: the same patients, with the same luck, every time.

The cohort is made once, at the first point. Its patients keep the quantiles of every parameter and the state in which history left
them, so that a change of a free number changes nothing else (common random numbers); states that start in proportion to a free number
are scaled with it. A number that acts before enrollment (`history`) makes these patients anew. Response at other doses is read on the
first patients, from a shorter run inside the label's limits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isclose

import numpy as np

from remission.arm_run import ArmRun, joined
from remission.arms import run_arm
from remission.calibration.free_parameters import HISTORY, Free, overrides
from remission.calibration.summaries import HIGH_DOSE, LOW_DOSE
from remission.engine.ensemble import Options
from remission.history import attempt_seed, patients_of
from remission.parameters import ParameterSet
from remission.population import Cohort
from remission.response.estimates import MONTH
from remission.scenario import ArmSpec
from remission.trial import PART, RTOL, Study

CELLS_ARM = "car_t"
YIELD = "supply.cell_yield"
TENFOLD = {LOW_DOSE: 0.1, HIGH_DOSE: 10.0}
REMEMBERED = 3
SHORT = 125.0
"""Days of a run that reads response only."""
Told = Callable[[str, float], None]


@dataclass(frozen=True)
class Evaluator:
    """What a point is judged on: a study, its cohort, the seed, which arms, and to which month they are followed."""

    study: Study
    cohort: Cohort
    free: Sequence[Free]
    seed: int
    months: float = 60.0
    dose_patients: int = 800
    threads: int | None = None
    fixed: Mapping[str, float | str] = field(default_factory=dict)
    memory: dict[tuple, Cohort] = field(default_factory=dict, repr=False, compare=False)

    def parameters(self, x: np.ndarray) -> ParameterSet:
        """The numbers of the study at a point."""
        return self.study.parameters.with_values({**self.fixed, **overrides(self.free, x)}, "calibration")

    def patients(self, x: np.ndarray, rows: np.ndarray | slice = slice(None)) -> Cohort:
        """Some of the patients as a point makes them."""
        cohort = self._enrolled(x, np.arange(self.cohort.size)[rows])
        values = redrawn(self.study, self.parameters(x), cohort, self.seed)
        return replace(cohort, values=values, y=self._scaled(cohort, values))

    def _enrolled(self, x: np.ndarray, rows: np.ndarray) -> Cohort:
        """The patients of these rows; made anew where a number of history is not that of the cohort. The last few are remembered."""
        values = overrides(self.free, x)
        moved = {one.key: values[one.key] for one in self.free if one.state == HISTORY}
        cohort = self.cohort.take(rows)
        if all(isclose(value, self._present(key)) for key, value in moved.items()):
            return cohort
        key = (self.seed, tuple(moved.values()), cohort.index.tobytes())
        if key not in self.memory:
            for old in list(self.memory)[: 1 - REMEMBERED]:
                del self.memory[old]
            numbers, population = self.study.parameters.with_values(moved, "calibration"), self.study.scenario.population
            self.memory[key] = patients_of(
                self.study.system, numbers, self.study.disease, cohort.index, self.seed, dict(population.where), population.history,
                Options(rtol=RTOL, threads=self.threads),
            )  # fmt: skip
        return self.memory[key]

    def _present(self, key: str) -> float:
        """A number with its aspect as the study has it."""
        name, _, aspect = key.rpartition(".")
        row = self.study.parameters.rows[name]
        return row.number if aspect == "median" else getattr(row.law, "sd", float("nan"))

    def _scaled(self, cohort: Cohort, values: Mapping[str, np.ndarray]) -> np.ndarray:
        y = cohort.y.copy()
        for one in self.free:
            if one.state and one.state != HISTORY:
                y[:, self.study.system.state_slot(one.state)] *= values[one.parameter] / cohort.values[one.parameter]
        return y

    def run(self, x: np.ndarray, arms: Sequence[str], rows: np.ndarray | slice = slice(None)) -> dict[str, ArmRun]:
        """Arms at a point, by key; the arms of other doses are asked for by `LOW_DOSE` and `HIGH_DOSE`."""
        cohort = self.patients(x, rows)
        return {key: self._arm(cohort, key) for key in arms}

    def _arm(self, cohort: Cohort, key: str) -> ArmRun:
        study = self.study
        if key in TENFOLD:
            cohort = cohort.take(np.arange(min(self.dose_patients, cohort.size)))
            values = {**cohort.values, YIELD: cohort.values[YIELD] * TENFOLD[key]}
            return in_parts(study, replace(cohort, values=values), study.scenario.only([CELLS_ARM]).arms[0], self.seed, SHORT, self.threads)
        return in_parts(study, cohort, study.scenario.only([key]).arms[0], self.seed, self.months * MONTH + 1, self.threads)


def redrawn(study: Study, parameters: ParameterSet, cohort: Cohort, seed: int) -> dict[str, np.ndarray]:
    """The patients' numbers under other hyper-parameters, each at its own quantile; a patient's luck is that of its attempt."""
    values = {key: np.empty_like(array) for key, array in cohort.values.items()}
    lesions, clones = len(study.sites), study.system.n_clones
    for attempt in np.unique(cohort.attempt):
        mine = np.flatnonzero(cohort.attempt == attempt)
        drawn = parameters.draw(attempt_seed(seed, int(attempt)), cohort.index[mine], lesions=lesions, clones=clones)
        for key, array in drawn.items():
            values[key][mine] = array
    return values


def in_parts(study: Study, cohort: Cohort, arm: ArmSpec, seed: int, until: float, threads: int | None = None) -> ArmRun:
    """One arm of a cohort, followed to a day after its anchor, in parts."""
    protocol = study.scenario.protocol
    protocol = replace(protocol, visits=tuple(day for day in protocol.visits if day <= until))
    options = Options(rtol=RTOL, threads=threads)
    parts = [np.arange(first, min(first + PART, cohort.size)) for first in range(0, cohort.size, PART)]
    return joined([run_arm(study.system, cohort.take(rows), arm, protocol, study.sites, seed, options) for rows in parts])
