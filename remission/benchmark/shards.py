"""Peers that use one core: one process for each core, each with every so manieth patient."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from remission.benchmark.contestant import KEPT, Contestant, Outcome, Setting, peak_memory
from remission.benchmark.problems import Problem
from remission.benchmark.worker import Worker

LIMIT = 3600.0


class Shard:
    """One core's part of a peer: `solve` takes one patient."""

    def __init__(self, problem: Problem):
        self.problem = problem

    @abstractmethod
    def prepare(self, setting: Setting) -> None:
        """Make ready for a tolerance; not timed."""

    @abstractmethod
    def solve(self, parameters: np.ndarray, start: np.ndarray) -> np.ndarray:
        """States at the outputs [T, S]; nan where the solver failed."""

    def run(self, first: int, every: int, patients: int, setting: Setting) -> tuple[float, list[tuple[int, np.ndarray]], int]:
        """Seconds, states of those among the first `KEPT`, and how many failed, for patients first, first + every, ..."""
        from time import perf_counter

        own = range(first, patients, every)
        parameters = self.problem.parameters(patients)
        starts = self.problem.starts(parameters)
        self.prepare(setting)
        begin = perf_counter()
        states = [self.solve(parameters[i], starts[i]) for i in own]
        seconds = perf_counter() - begin
        kept = [(i, found) for i, found in zip(own, states, strict=True) if i < KEPT]
        return seconds, kept, sum(bool(np.isnan(found).any()) for found in states)

    def memory(self) -> int:
        return peak_memory()


class InProcesses(Contestant):
    """A peer whose shards run in processes of their own, one for each core; their time is that of the slowest."""

    shard: str  # `module:name` of the Shard

    def __init__(self, problem: Problem, cores: int):
        super().__init__(problem, cores)
        self.workers = [Worker(self.shard, (problem,), {"OMP_NUM_THREADS": "1"}) for _ in range(cores)]
        for worker in self.workers:
            worker.start(LIMIT)

    def run(self, patients: int, setting: Setting) -> Outcome:
        for i, worker in enumerate(self.workers):
            worker.send("run", i, len(self.workers), patients, setting)
        parts = [worker.receive(LIMIT) for worker in self.workers]
        states = [found for _, found in sorted((pair for _, kept, _ in parts for pair in kept), key=lambda pair: pair[0])]
        return Outcome(max(part[0] for part in parts), patients, np.array(states), failed=sum(part[2] for part in parts))

    def close(self) -> None:
        for worker in self.workers:
            worker.close()

    def memory(self) -> int:
        return peak_memory() + sum(worker.call("memory", limit=LIMIT) for worker in self.workers)
