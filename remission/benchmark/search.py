"""The loosest tolerance that reaches the error asked for, and how many patients make a run long enough to time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from remission.benchmark.accuracy import Error
from remission.benchmark.contestant import KEPT, Family, Outcome, Setting
from remission.benchmark.entrant import Entrant

PER_DECADE = 4
LOOSEST, TIGHTEST, FIRST = 8, 44, 22  # quarters of a decade below 1
PROBE_SECONDS = 0.5
SLOW = 8.0  # seconds for the patients of the reference; a slower contestant is searched in its first family, half as finely, on FEW
FEW = 8
TRIALS = 2
Judge = Callable[[Outcome], Error]


@dataclass(frozen=True)
class Point:
    """One run: who, how, how wrong and how fast."""

    name: str
    setting: Setting
    error: Error
    rate: float
    patients: int


@dataclass
class Trials:
    """Runs of one contestant at many tolerances; every run is kept as a point."""

    entrant: Entrant
    judge: Judge
    most: int
    points: list[Point] = field(default_factory=list)
    seen: dict[tuple[Family, int], Point] = field(default_factory=dict)
    probe: int = KEPT
    slow: bool = False

    def at(self, family: Family, step: int) -> Point:
        """The point at so many quarters of a decade below 1."""
        if (family, step) not in self.seen:
            self.seen[family, step] = self.measured(Setting(family, 10.0 ** (-step / PER_DECADE)), self.probe)
        return self.seen[family, step]

    def measured(self, setting: Setting, patients: int) -> Point:
        """A run at a setting."""
        outcome = self.entrant.run(patients, setting)
        point = Point(self.entrant.name, setting, self.judge(outcome), outcome.rate, outcome.patients)
        self.points.append(point)
        return point

    def size_probe(self) -> None:
        """Choose how many patients the runs of the search take: about half a second, at least those of the reference."""
        first = self.entrant.run(self.entrant.batch or FEW, Setting(self.entrant.families[0], 1e-5))
        self.slow = KEPT / first.rate > SLOW
        self.probe = self.entrant.batch or FEW if self.slow else fitting(first.rate, PROBE_SECONDS, KEPT, self.most)


def fitting(rate: float, seconds: float, least: int, most: int) -> int:
    """Patients that take about so many seconds, in steps of a tenth so that repeats have equal numbers."""
    wanted = int(np.clip(rate * seconds, least, max(least, most)))
    step = max(1, 10 ** (len(str(wanted)) - 1))
    return wanted if wanted <= 10 * least else wanted // step * step


def loosest(trials: Trials, family: Family, target: float) -> Point | None:
    """The loosest tolerance of a family whose median error is at most the target, or None where none is."""

    def fine(step: int) -> bool:
        return trials.at(family, step).error.median <= target

    found = _bracket(fine)
    if found is None:
        return None
    good, bad = found
    while good - bad > (2 if trials.slow else 1):
        middle = (good + bad) // 2
        good, bad = (middle, bad) if fine(middle) else (good, middle)
    return trials.at(family, good)


def _bracket(fine: Callable[[int], bool]) -> tuple[int, int] | None:
    """A step that is fine and a looser one that is not, by strides that double; None where even the tightest is not fine."""
    first, inside, stride = fine(FIRST), FIRST, 2
    while True:
        outer = min(max(inside - stride if first else inside + stride, LOOSEST), TIGHTEST)
        if outer == inside:
            return (inside, inside - 1) if first else None
        if fine(outer) != first:
            return (inside, outer) if first else (outer, inside)
        inside, stride = outer, 2 * stride


def best(trials: Trials, target: float) -> Point | None:
    """The fastest family at its loosest tolerance for the target; None where no family tried reaches it."""
    trials.size_probe()
    families = trials.entrant.families[:1] if trials.slow else trials.entrant.families
    found = [point for family in families if (point := loosest(trials, family, target)) is not None]
    if len(found) < 2:
        return found[0] if found else None
    rates = {point.setting: 0.0 for point in found}
    for _ in range(TRIALS):
        for point in found:
            rates[point.setting] = max(rates[point.setting], trials.measured(point.setting, trials.probe).rate)
    return max(found, key=lambda point: rates[point.setting])
