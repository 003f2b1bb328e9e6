"""The calibrated point and every posterior draw on other patients: headline numbers, estimates of all arms, and their spread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from remission.arm_run import ArmRun, joined, load_part, save_part
from remission.calibration.evaluation import CELLS_ARM, Evaluator
from remission.calibration.free_parameters import Free
from remission.calibration.headlines import WINDOWS, headlines, inside
from remission.calibration.scales import residuals
from remission.calibration.steps import plain
from remission.calibration.summaries import HIGH_DOSE, LOW_DOSE, quantities, reason_missing
from remission.calibration.targets import Target
from remission.engine.ensemble import Options
from remission.results.posterior import flat
from remission.results.summary import arm_summary
from remission.trial import RTOL, Study, cohort_of

BLOCK = 500
OTHERS = 1
"""Added to the seed of the fit: patients of the report and of the draws are others."""
FEW = 4000
"""Patients of the report in the arms other than the calibrated one."""
Told = Callable[[str, float], None]


@dataclass(frozen=True)
class OverDraws:
    """Draws [D, P] (the first is the calibrated point) to be run in every arm of the study on other patients."""

    study: Study
    evaluator: Evaluator
    free: Sequence[Free]
    points: np.ndarray
    targets: Sequence[Target]
    sizes: Any
    folder: Path

    @property
    def arms(self) -> list[str]:
        return [arm.key for arm in self.study.scenario.arms]

    def _others(self, told: Told) -> Evaluator:
        seed, size = self.sizes.seed + OTHERS, max(self.sizes.report, self.sizes.draw_patients)
        cohort = cohort_of(self.study, size, seed, told, Options(rtol=RTOL, threads=self.sizes.threads))
        return replace(self.evaluator, cohort=cohort, seed=seed)

    def report(self, targets: Sequence[Target], told: Told) -> dict[str, Any]:
        """The calibrated point on `report` other patients: every target that is read, and the headline."""
        other = self._others(told)
        runs = other.run(self.points[0], [CELLS_ARM], slice(0, self.sizes.report))
        told("report", 0.6)
        rest = [key for key in (*self.arms, LOW_DOSE, HIGH_DOSE) if key != CELLS_ARM]
        few = slice(0, min(self.sizes.report, FEW))
        found = other.run(self.points[0], rest, few)
        told("report", 1.0)
        pairs = {CELLS_ARM: other_rows(runs[CELLS_ARM], few), **found}
        mine = [one for one in targets if reason_missing(one) is None and one.scenario == "b-all-car-t"]
        return {
            "patients": self.sizes.report,
            "patients_of_other_arms": found[rest[0]].size,
            "targets": dict(zip([one.name for one in mine], quantities(mine, {**found, **runs}), strict=True)),
            "headlines": headlines({**found, **runs}) | lost(headlines(pairs)),
        }

    def run(self, told: Told) -> dict[str, Any]:
        """All draws, block after block of patients, so that a stopped job leaves whole blocks; whatever is there is summed up."""
        size = self.sizes.draw_patients
        other = self._others(told)
        blocks = [slice(first, min(first + BLOCK, size)) for first in range(0, size, BLOCK)]
        for number, block in enumerate(blocks):
            for d in range(len(self.points)):
                self._block(other, d, number, block)
                told("posterior draws", (number * len(self.points) + d + 1) / (len(blocks) * len(self.points)))
        return self.summed(len(blocks), told)

    def _path(self, d: int, number: int, arm: str) -> Path:
        return self.folder / "draws" / f"{d:03d}-{number:02d}-{arm}.npz"

    def _block(self, other: Evaluator, d: int, number: int, rows: slice) -> None:
        """One block of patients of one draw in all arms; the doses beside them on the first block only."""
        arms = [*self.arms, *((LOW_DOSE, HIGH_DOSE) if number == 0 else ())]
        missing = [arm for arm in arms if not self._path(d, number, arm).exists()]
        if not missing:
            return
        (self.folder / "draws").mkdir(parents=True, exist_ok=True)
        for arm, run in other.run(self.points[d], missing, rows).items():
            save_part(run, self._path(d, number, arm))

    def runs(self, d: int, blocks: int) -> dict[str, ArmRun]:
        """The arms of one draw from its blocks."""
        arms = {arm.key: (arm.title, arm.note) for arm in self.study.scenario.arms}
        found = {}
        for key in (*arms, LOW_DOSE, HIGH_DOSE):
            title, note = arms.get(key, arms[CELLS_ARM])
            paths = [self._path(d, number, key) for number in range(blocks)]
            found[key] = joined([load_part(path, key, title, note) for path in paths if path.exists()])
        return found

    def summed(self, blocks: int, told: Told = lambda stage, done: None) -> dict[str, Any]:
        """Estimates by arm and path over draws, headlines and residuals of the calibrated point and of every draw, and the share of
        draws inside each window."""
        documents: dict[str, list[dict[str, Any]]] = {arm: [] for arm in self.arms}
        lines, gaps = [], []
        for d in range(len(self.points)):
            runs = self.runs(d, blocks)
            for arm in self.arms:
                documents[arm].append(flat(arm_summary(runs[arm], self.study.scenario.endpoints)))
            lines.append(headlines(runs))
            values = quantities(self.targets, runs)
            gaps.append(residuals(self.targets, values, runs[CELLS_ARM].size))
            told("estimates over draws", (d + 1) / len(self.points))
        by_name = {window.name: [line[window.name] for line in lines] for window in WINDOWS}
        return {
            "patients": min(blocks * BLOCK, self.sizes.draw_patients),
            "model_draws": {arm: gathered(found[1:]) for arm, found in documents.items()},
            "headlines": plain(by_name),
            "inside": inside({name: values[1:] for name, values in by_name.items()}),
            "residuals": np.array(gaps),
        }


def gathered(documents: Sequence[dict[str, Any]]) -> dict[str, list[float | None]]:
    """Values over draws by path; a path that a draw lacks is None there."""
    names = dict.fromkeys(name for document in documents for name in document)
    return {name: plain([rounded(document.get(name)) for document in documents]) for name in names}


def rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.5g}")


def lost(lines: dict[str, float]) -> dict[str, float]:
    """Headlines that compare arms, read on patients who are in both."""
    return {name: value for name, value in lines.items() if "lost" in name or "dose" in name}


def other_rows(run: ArmRun, rows: slice) -> ArmRun:
    from remission.results.members import taken

    return taken(run, np.arange(run.size)[rows])
