"""A point of the free numbers against the targets; an arm that a changed number leaves alone is not run again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from remission.arm_run import ArmRun
from remission.calibration.evaluation import CELLS_ARM, Evaluator
from remission.calibration.scales import residuals
from remission.calibration.summaries import HIGH_DOSE, LOW_DOSE, SLOPES, quantities
from remission.calibration.targets import Target

REMEMBERED = 4


@dataclass
class Judged:
    """The quantities of targets at points, remembered by arm for the last few points."""

    evaluator: Evaluator
    targets: Sequence[Target]
    memory: dict[tuple, dict[str, float]] = field(default_factory=dict)

    def values(self, x: np.ndarray, patients: int) -> list[float]:
        """Simulated numbers beside the targets, on the first `patients`."""
        found: dict[str, float] = {}
        for arm in dict.fromkeys(target.arm for target in self.targets):
            found |= self._arm(x, patients, arm)
        return [found[target.name] for target in self.targets]

    def residuals(self, x: np.ndarray, patients: int) -> np.ndarray:
        return residuals(self.targets, self.values(x, patients), patients)

    def _arm(self, x: np.ndarray, patients: int, arm: str) -> dict[str, float]:
        felt = tuple(float(value) for one, value in zip(self.evaluator.free, x, strict=True) if arm in one.arms)
        key = (arm, patients, felt)
        if key not in self.memory:
            mine = [target for target in self.targets if target.arm == arm]
            runs = self.evaluator.run(x, arms_for(mine, arm), slice(0, patients))
            self.memory[key] = {target.name: value for target, value in zip(mine, quantities(mine, runs), strict=True)}
            self._forget(arm, patients)
        return self.memory[key]

    def _forget(self, arm: str, patients: int) -> None:
        same = [key for key in self.memory if key[:2] == (arm, patients)]
        for key in same[1:-REMEMBERED]:
            del self.memory[key]


def arms_for(targets: Sequence[Target], arm: str) -> list[str]:
    """The arms whose runs these targets of one arm read."""
    doses = [LOW_DOSE, HIGH_DOSE] if arm == CELLS_ARM and any(target.endpoint in SLOPES for target in targets) else []
    return [arm, *doses]


def sizes_of(runs: dict[str, ArmRun]) -> dict[str, int]:
    return {key: run.size for key, run in runs.items()}
