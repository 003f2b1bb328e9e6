"""Contestants without equations: their error and speed are formulas, so that what the measurement makes of them is known."""

from __future__ import annotations

import os
import time

import numpy as np

from remission.benchmark.accuracy import Error
from remission.benchmark.contestant import KEPT, Family, Outcome, Setting
from remission.benchmark.problems import Problem
from remission.benchmark.references import Reference
from remission.benchmark.worker import WorkerError

FAMILY = Family("a")


class Fake:
    """Error = scale * rtol; speed = rate * (rtol / 1e-6) ** 0.1, for every family its own scale and rate."""

    batch = None
    before_doses = True
    setup_seconds = 1.5
    shape: tuple[int, ...] = (1, 1)
    ends = False

    def __init__(self, name="fake", families=((FAMILY, 1.0, 100.0),), fails_after=None, diary=None):
        self.name, self.fails_after, self.diary = name, fails_after, diary if diary is not None else []
        self.numbers = {family: (scale, rate) for family, scale, rate in families}
        self.families = tuple(self.numbers)
        self.runs: list[tuple[int, Setting]] = []

    def start(self) -> None:
        pass

    def run(self, patients: int, setting: Setting) -> Outcome:
        self.runs.append((patients, setting))
        self.diary.append(self.name)
        if self.fails_after is not None and len(self.runs) > self.fails_after:
            raise WorkerError("it broke")
        scale, rate = self.numbers[setting.family]
        states = np.full((min(patients, KEPT), *self.shape), 1 + 2 * scale * setting.rtol)
        ends = np.ones((len(states), self.shape[1], 4)) if self.ends else None
        return Outcome(patients / (rate * (setting.rtol / 1e-6) ** 0.1), patients, states, ends, facts={"steps": 1000.0})

    def memory(self) -> int:
        return 50_000_000

    def batch_seconds(self, patients: int) -> float:
        return 0.25

    def close(self) -> None:
        pass


def judge(outcome: Outcome) -> Error:
    """The error a fake has put into its states."""
    error = (float(outcome.states.max()) - 1) / 2
    return Error(error, error, error)


def flat_reference(problem: Problem, cores: int, progress=None) -> Reference:
    """States that are 1 everywhere: a fake that is `x` too high is wrong by x / 2."""
    shape = (KEPT, problem.outputs.size, len(problem.equations.states))
    return Reference(np.ones(shape), np.ones((KEPT, shape[2], 4)))


class Served:
    """What a worker process can be asked in tests."""

    def __init__(self, number: int):
        self.number = number

    def twice(self) -> int:
        return 2 * self.number

    def noisy(self) -> str:
        print("this is not for the terminal")
        return "quiet"

    def refuse(self) -> None:
        raise ValueError("not today\nnor tomorrow")

    def die(self) -> None:
        os._exit(7)

    def sleep(self) -> None:
        time.sleep(60)
