"""What every engine of a comparison offers: how its tolerance may be set, and runs of the first patients of a problem."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np

from remission.benchmark.problems import Problem

KEPT = 24  # patients whose states are compared with the reference


@dataclass(frozen=True)
class Family:
    """One way to set a tolerance: a method or other choice by name, and the absolute tolerance as a multiple of the relative one.

    absolute None: the absolute tolerance is the engine's own, one cell.
    """

    name: str
    absolute: float | None = 1.0


@dataclass(frozen=True)
class Setting:
    """A family with its relative tolerance."""

    family: Family
    rtol: float

    @property
    def atol(self) -> float:
        """Absolute tolerance, in millions of cells."""
        return 1e-6 if self.family.absolute is None else self.rtol * self.family.absolute

    def __str__(self) -> str:
        return f"{self.family.name}{' ' if self.family.name else ''}rtol {self.rtol:.1e} atol {self.atol:.1e}"


@dataclass(frozen=True)
class Outcome:
    """One run of some patients.

    seconds: time of the integration, numbers of patients in and states out included. patients: how many. states: of the first `KEPT`
    patients [M, T, S], or None. ends: lowest, highest, its day and area of every state [M, S, 4], where they were asked for.
    failed: patients without a result. facts: what else was counted (steps per patient).
    """

    seconds: float
    patients: int
    states: np.ndarray | None
    ends: np.ndarray | None = None
    failed: int = 0
    facts: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Patients per second."""
        return self.patients / self.seconds


class Contestant(ABC):
    """An engine with one problem loaded; making one compiles whatever has to be compiled.

    families: how its tolerance may be set. batch: number of patients in every run where it cannot be chosen freely, else None.
    before_doses: whether states wanted on the day of a dose are those before it.
    """

    families: tuple[Family, ...]
    batch: int | None = None
    before_doses: bool = True

    def __init__(self, problem: Problem, cores: int):
        self.problem, self.cores = problem, cores

    @abstractmethod
    def run(self, patients: int, setting: Setting) -> Outcome:
        """Integrate the first `patients` on all cores."""

    def close(self) -> None:  # noqa: B027
        """End processes of its own; most have none."""

    def memory(self) -> int:
        """Peak resident memory in bytes, its own processes included."""
        return peak_memory()


def peak_memory() -> int:
    """Peak resident memory of this process in bytes; 0 where the system does not say."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            words = next(line for line in file if line.startswith("VmHWM")).split()
    except (OSError, StopIteration):
        return 0
    return int(words[1]) * 1024
