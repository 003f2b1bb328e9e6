"""Single patients followed through time: what `remission simulate` shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from remission import run_directory
from remission.arms import Course, course_of
from remission.engine.ensemble import Options
from remission.engine.layout import Status
from remission.results.notes import INTENDED_USE
from remission.scenario import Scenario
from remission.trial import RTOL, cohort_of, prepare
from remission.version import VERSION

DAILY = 120
LONGEST_WAIT = 400.0
STEP = 15.0


@dataclass(frozen=True)
class Trajectories:
    """Outputs of single patients over time: long table with arm, patient, day (from enrollment), output, unit, value."""

    scenario: str
    seed: int
    long: pl.DataFrame
    notes: tuple[str, ...]

    def table(self) -> pl.DataFrame:
        """Every output of every patient on every day."""
        return self.long

    def json(self) -> dict[str, Any]:
        """The same as one document: per arm and patient, days and the values of every output."""
        arms: dict[str, Any] = {}
        for (arm, patient), rows in self.long.group_by(["arm", "patient"], maintain_order=True):
            outputs = {name[0]: part["value"].to_list() for name, part in rows.group_by(["output"], maintain_order=True)}
            days = rows.filter(pl.col("output") == rows["output"][0])["day"].to_list()
            arms.setdefault(str(arm), {})[str(patient)] = {"day": days, "outputs": outputs}
        head = {"scenario": self.scenario, "seed": self.seed, "version": VERSION, "intended_use": INTENDED_USE}
        return {**head, "arms": arms, "notes": list(self.notes)}

    def save(self, folder: Path) -> None:
        """Write `trajectories.parquet` into a folder of its own."""
        run_directory.prepare(folder, resume=True)
        self.long.write_parquet(folder / "trajectories.parquet")
        run_directory.write_marker(folder, {"kind": "simulate", "scenario": self.scenario, "seed": self.seed, "notes": list(self.notes)})


def simulate_scenario(
    scenario: Scenario, *, patients: int | None = 1, seed: int | None = None, progress: Callable[..., None] | None = None
) -> Trajectories:
    """The first patients of a scenario in every arm: daily for four months, then every 15 days, until death or the end of follow-up."""
    study = prepare(scenario)
    seed = scenario.seed if seed is None else seed
    cohort = cohort_of(study, patients or 1, seed, None, Options(rtol=RTOL))
    grid = np.concatenate([np.arange(0.0, DAILY), np.arange(DAILY, scenario.protocol.visits[-1] + LONGEST_WAIT, STEP)])
    tables = []
    for number, arm in enumerate(scenario.arms):
        if progress:
            progress(arm.key, number, len(scenario.arms))
        course = course_of(study.system, cohort, arm, scenario.protocol, study.sites, seed, Options(rtol=RTOL), save=grid)
        tables.append(_long(study.system, arm.key, course, grid))
    return Trajectories(scenario.name, seed, pl.concat(tables), ("patients enter on day 0; values after death are left out",))


def _long(system, arm: str, course: Course, grid: np.ndarray) -> pl.DataFrame:
    parts = []
    saved = course.batch.saved
    for m, patient in enumerate(course.batch.patient):
        last = course.batch.t[m] if course.batch.status[m] == Status.STOPPED else course.end[m]
        kept = grid <= last
        for output in system.of("outputs", "patient"):
            value = saved[m, kept, system.output_slot(output.name)]
            parts.append(
                pl.DataFrame(
                    {"arm": arm, "patient": int(patient), "day": grid[kept], "output": output.name, "unit": output.unit, "value": value}
                )
            )
    return pl.concat(parts)
