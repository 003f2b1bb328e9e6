"""A contestant in its own process, as the measurement sees it."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol

from remission.benchmark.contestant import Contestant, Family, Outcome, Setting
from remission.benchmark.problems import Problem
from remission.benchmark.worker import Worker

ENVIRONMENT = {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=true"}


class Entrant(Protocol):
    """What the measurement needs of a contestant; tests give it a fake."""

    name: str
    families: tuple[Family, ...]
    batch: int | None
    before_doses: bool

    def run(self, patients: int, setting: Setting) -> Outcome:
        """Integrate the first patients."""
        ...


class Remote:
    """A contestant whose class is looked up here and whose runs happen in a process of its own."""

    def __init__(self, name: str, made_by: str, problem: Problem, cores: int, limit: float):
        module, _, attribute = made_by.partition(":")
        kind: type[Contestant] = getattr(import_module(module), attribute)
        self.name, self.families, self.before_doses = name, kind.families, kind.before_doses
        self.limit = limit
        self.worker = Worker(made_by, (problem, cores), dict(ENVIRONMENT))
        self.batch: int | None = None

    def start(self) -> None:
        """Make the process and compile; `WorkerError` says why it could not be."""
        self.worker.start(self.limit)

    @property
    def setup_seconds(self) -> float:
        """Seconds to import, to make and to compile; from a cache where the contestant has one."""
        return self.worker.setup_seconds

    def run(self, patients: int, setting: Setting) -> Outcome:
        return self.worker.call("run", patients, setting, limit=self.limit)

    def memory(self) -> int:
        """Peak resident memory of its processes, in bytes."""
        return self.worker.call("memory", limit=self.limit)

    def batch_seconds(self, patients: int) -> float:
        """Seconds in which the engine makes a batch from parameters."""
        return self.worker.call("setup", patients, limit=self.limit)

    def close(self) -> None:
        self.worker.close()
