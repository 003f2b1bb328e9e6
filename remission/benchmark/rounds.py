"""Interleaved rounds: this engine before and after each peer, so that a busy minute of the machine meets both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import mean, median

from remission.benchmark.contestant import Outcome, Setting
from remission.benchmark.entrant import Entrant
from remission.benchmark.worker import WorkerError

REPEATS = 3


@dataclass(frozen=True)
class Turn:
    """Who runs, at which tolerance, with how many patients."""

    entrant: Entrant
    setting: Setting
    patients: int


@dataclass
class Measured:
    """Patients per second in every round, the ratio of the engine to it in the same round, the last run, and why it stopped."""

    rates: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    last: Outcome | None = None
    why: str | None = None

    @property
    def rate(self) -> float:
        return median(self.rates)

    @property
    def ratio(self) -> float:
        """Median over rounds of the ratio inside a round."""
        return median(self.ratios)


@dataclass(frozen=True)
class Rounds:
    """What the rounds gave: the engine, each peer by name, and the peak of one core in each round, in billions of operations."""

    engine: Measured
    peers: dict[str, Measured]
    peaks: list[float]
    shares: list[float]


def run_rounds(
    engine: Turn,
    peers: list[Turn],
    rounds: int,
    peak: Callable[[], float] | None = None,
    work: Callable[[Outcome], float] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Rounds:
    """Rounds of engine, peer, engine, next peer, ..., engine.

    work: billions of operations per patient and core of a run, for the share of the peak that is measured in the same round.
    A peer that fails is left out from then on, and its result says why.
    """
    own, others, peaks, shares = Measured(), {turn.entrant.name: Measured() for turn in peers}, [], []
    for number in range(rounds):
        before = _timed(engine, own)
        in_round = [before]
        for turn in peers:
            found = others[turn.entrant.name]
            if found.why is None:
                rate = _tried(turn, found)
                after = _timed(engine, own)
                in_round.append(after)
                if rate is not None:
                    found.rates.append(rate)
                    found.ratios.append(mean((before, after)) / rate)
                before = after
        own.rates.append(median(in_round))
        if peak is not None:
            peaks.append(peak())
            if work is not None and own.last is not None:
                shares.append(own.rates[-1] * work(own.last) / peaks[-1])
        progress(number + 1, rounds)
    return Rounds(own, others, peaks, shares)


def _timed(turn: Turn, found: Measured) -> float:
    """Median rate of a few runs."""
    outcomes = [turn.entrant.run(turn.patients, turn.setting) for _ in range(REPEATS)]
    found.last = outcomes[-1]
    return median(outcome.rate for outcome in outcomes)


def _tried(turn: Turn, found: Measured) -> float | None:
    try:
        found.last = turn.entrant.run(turn.patients, turn.setting)
    except WorkerError as error:
        found.why = str(error)
        return None
    return found.last.rate
