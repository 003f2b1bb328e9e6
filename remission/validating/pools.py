"""Simulated patients that replicates of trials are drawn from: every posterior draw in the arms that targets speak of.

Draw d is followed in a block of patients of its own part of one cohort, in all arms with the same luck. The first draw is the
calibrated point and stands for pure sampling; it is followed in all patients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from remission.arm_run import ArmRun
from remission.calibration.evaluation import Evaluator
from remission.calibration.free_parameters import Free, point
from remission.calibration.over_draws import OverDraws
from remission.calibration.summaries import HIGH_DOSE, LOW_DOSE
from remission.engine.ensemble import Options
from remission.results.members import analyzed
from remission.trial import RTOL, Study, cohort_of

Runs = Mapping[str, ArmRun]
SEED = 77
DOSE_PATIENTS = 200


@dataclass(frozen=True)
class Pools:
    """`center` are the arms at the calibrated point, `draws` those of each posterior draw; failed members are left out."""

    center: Runs = field(repr=False)
    draws: Sequence[Runs] = field(repr=False)

    @property
    def patients(self) -> int:
        return max(run.size for run in self.center.values())


def simulated(
    study: Study, free: Sequence[Free], draws: Sequence[Mapping[str, float]], arms: Sequence[str], patients: int, block: int,
    told: Callable[[str, float], None], threads: int | None = None,
) -> Pools:  # fmt: skip
    """Pools from fresh patients: `patients` in all, `block` of them for each draw."""
    cohort = cohort_of(study, patients, SEED, told, Options(rtol=RTOL, threads=threads))
    evaluator = Evaluator(study, cohort, free, SEED, dose_patients=DOSE_PATIENTS, threads=threads)
    found = []
    for number, values in enumerate(draws):
        rows = slice(None) if number == 0 else _block(number - 1, patients, block)
        found.append(_analyzed(evaluator.run(point(free, values), arms, rows)))
        told("pools", (number + 1) / len(draws))
    return Pools(found[0], found[1:] or found)


def _block(number: int, patients: int, block: int) -> np.ndarray:
    return (np.arange(block) + number * block) % patients


def stored(over: OverDraws) -> Pools:
    """Pools from the runs that a calibration kept in its folder."""
    blocks = 1 + max(int(path.name.split("-")[1]) for path in (Path(over.folder) / "draws").glob("*.npz"))
    found = [_analyzed(over.runs(d, blocks)) for d in range(len(over.points))]
    return Pools(found[0], found[1:])


def _analyzed(runs: Runs) -> dict[str, ArmRun]:
    return {key: analyzed(run) for key, run in runs.items()}


def dose_arms(arms: Sequence[str]) -> list[str]:
    """The arms with those of other doses."""
    return [*arms, LOW_DOSE, HIGH_DOSE]
