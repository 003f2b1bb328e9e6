"""One problem: everybody's tolerance for the target error, then the interleaved rounds, then memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from remission.benchmark.accuracy import Error, error_of
from remission.benchmark.contestant import KEPT, Outcome
from remission.benchmark.engine import OneLane, can_choose_lanes
from remission.benchmark.entrant import Remote
from remission.benchmark.peers import Peer
from remission.benchmark.precision import work_and_precision
from remission.benchmark.problems import Problem
from remission.benchmark.references import Reference
from remission.benchmark.rounds import Measured, Rounds, Turn, run_rounds
from remission.benchmark.search import Point, Trials, best, fitting
from remission.benchmark.worker import WorkerError

ENGINE = f"{OneLane.__module__}:Engine"
ONE_LANE = f"{OneLane.__module__}:OneLane"
LARGEST_OUTPUT = 256e6  # bytes of states that one run may return
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Extent:
    """How much is measured: rounds, seconds of a run of the engine and of a peer, the longest a single
    call may take, and the tolerances of the work-precision figure, in decades from the tolerance compared.
    """

    rounds: int
    engine_seconds: float
    peer_seconds: float
    limit: float
    decades: tuple[float, ...] = (2.0, 1.0, 0.0, -1.0, -2.0)


@dataclass
class Entered:
    """A contestant that takes part: its process, its runs so far, and the point it enters the rounds with."""

    remote: Remote
    trials: Trials
    point: Point


@dataclass
class Comparison:
    """What one problem gave. missed: peers without a figure, and why."""

    problem: Problem
    engine: Entered
    entered: dict[str, Entered] = field(default_factory=dict)
    missed: dict[str, str] = field(default_factory=dict)
    rounds: Rounds = field(default_factory=lambda: Rounds(Measured(), {}, [], []))
    memory: dict[str, int] = field(default_factory=dict)
    batch_seconds: float = 0.0
    points: list[Point] = field(default_factory=list)

    def error(self, name: str | None = None) -> Error:
        """The error a contestant entered the rounds with."""
        return (self.engine if name is None else self.entered[name]).point.error


def judge_of(problem: Problem, reference: Reference, before_doses: bool) -> Callable[[Outcome], Error]:
    return lambda outcome: error_of(problem, reference, outcome, before_doses)


def most_patients(problem: Problem) -> int:
    """Patients whose states fit in the memory given to one run."""
    if problem.end_points:
        return 1_000_000
    return max(KEPT, int(LARGEST_OUTPUT / (8 * problem.outputs.size * len(problem.equations.states))))


class Compared:
    """The processes of one model, kept from problem to problem so that peers compile once."""

    def __init__(self, cores: int, extent: Extent):
        self.cores, self.extent = cores, extent
        self.peers: dict[tuple[str, str], Entered | str] = {}
        self.own: list[Remote] = []

    def compare(
        self, problem: Problem, reference: Reference, peers: list[Peer], target: float, peak: Callable[[], float], progress: Progress
    ) -> Comparison:
        """All of it for one problem; `WorkerError` when the engine itself cannot be measured."""
        stage, steps = f"{problem.name}: tolerances", len(peers) + 1
        progress(stage, 0, steps)
        result = Comparison(problem, self._engine(problem, reference, target))
        progress(stage, 1, steps)
        for done, peer in enumerate(peers, 2):
            found = self._peer(peer, problem, reference, target)
            if isinstance(found, str):
                result.missed[peer.name] = found
            else:
                result.entered[peer.name] = found
            progress(stage, done, steps)
        own, turns = self._turns(result)
        self._rounds(result, own, turns, peak, progress)
        self._precision(result, own, turns, progress)
        self._finish(result)
        return result

    def _engine(self, problem: Problem, reference: Reference, target: float) -> Entered:
        remote = self._started(Remote("engine", ENGINE, problem, self.cores, self.extent.limit))
        entered = _searched(remote, problem, reference, target)
        if isinstance(entered, str):
            raise WorkerError(entered)
        return entered

    def _started(self, remote: Remote) -> Remote:
        self.own.append(remote)
        remote.start()
        return remote

    def _peer(self, peer: Peer, problem: Problem, reference: Reference, target: float) -> Entered | str:
        """The peer in its process, or why there is none; what it is asked is the same for all problems of a model."""
        key = (peer.name, problem.model)
        if key not in self.peers:
            if peer.missing:
                self.peers[key] = f"not installed ({', '.join(peer.missing)}); {peer.advice}"
            else:
                remote = Remote(peer.name, peer.made_by, problem, self.cores, self.extent.limit)
                try:
                    remote.start()
                    self.peers[key] = _searched(remote, problem, reference, target)
                except WorkerError as error:
                    self.peers[key] = str(error)
                if isinstance(self.peers[key], str):
                    remote.close()
        return self.peers[key]

    def _turns(self, result: Comparison) -> tuple[Turn, list[Turn]]:
        """The runs of the engine and of each peer in the rounds."""
        problem, extent = result.problem, self.extent
        own = self._turn(result.engine, extent.engine_seconds, problem)
        return own, [self._turn(entered, extent.peer_seconds, problem) for entered in result.entered.values()]

    def _rounds(self, result: Comparison, own: Turn, turns: list[Turn], peak: Callable[[], float], progress: Progress) -> None:
        problem, others = result.problem, list(turns)
        if can_choose_lanes():
            remote = self._started(Remote("one-lane", ONE_LANE, problem, self.cores, self.extent.limit))
            others.append(Turn(remote, own.setting, max(KEPT, own.patients // 4)))
        stage = f"{problem.name}: rounds"
        progress(stage, 0, self.extent.rounds)
        result.rounds = run_rounds(
            own, others, self.extent.rounds, peak, self._work(problem, own), lambda done, total: progress(stage, done, total)
        )  # fmt: skip

    def _precision(self, result: Comparison, own: Turn, turns: list[Turn], progress: Progress) -> None:
        """Points of the figure; those of slow peers are the runs of their search."""
        entered = (result.engine, *result.entered.values())
        quick = [(turn, one.trials.judge) for turn, one in zip([own, *turns], entered, strict=True) if not one.trials.slow]
        stage = f"{result.problem.name}: work and precision"
        points = work_and_precision(quick, self.extent.decades, KEPT, lambda done, total: progress(stage, done, total))
        result.points = points + [point for one in entered if one.trials.slow for point in one.trials.points]

    def _turn(self, entered: Entered, seconds: float, problem: Problem) -> Turn:
        """The run of a contestant in the rounds; patients in multiples of the cores."""
        wanted = fitting(entered.point.rate, seconds, 2 * self.cores, most_patients(problem))
        return Turn(entered.remote, entered.point.setting, entered.remote.batch or -(-wanted // self.cores) * self.cores)

    def _work(self, problem: Problem, own: Turn) -> Callable[[Outcome], float] | None:
        """Billions of operations per patient and core, where the operations of a step are known."""
        each = dict(problem.operations).get(own.setting.family.name)
        return None if each is None else lambda outcome: outcome.facts["steps"] * each / self.cores / 1e9

    def _finish(self, result: Comparison) -> None:
        """Memory, and the time to make a batch."""
        for entered in (result.engine, *result.entered.values()):
            try:
                result.memory[entered.remote.name] = entered.remote.memory()
            except WorkerError:
                continue
        last = result.rounds.engine.last
        result.batch_seconds = result.engine.remote.batch_seconds(last.patients) if last else 0.0

    def leave(self, model: str | None = None) -> None:
        """End the processes of the engine, and those of peers with another model than the next one."""
        for remote in self.own:
            remote.close()
        self.own.clear()
        for key, entered in list(self.peers.items()):
            if key[1] != model and not isinstance(entered, str):
                entered.remote.close()
                del self.peers[key]


def _searched(remote: Remote, problem: Problem, reference: Reference, target: float) -> Entered | str:
    trials = Trials(remote, judge_of(problem, reference, remote.before_doses), most_patients(problem))
    found = best(trials, target)
    if found is None:
        least = min((point.error.median for point in trials.points), default=float("inf"))
        return f"does not reach the error asked for; the least was {least:.1e}"
    return Entered(remote, trials, found)


def facts_of(result: Comparison) -> dict[str, Any]:
    """What a comparison says, as the document of the command line has it."""
    return {"engine": _engine_facts(result), "peers": _peer_facts(result), "work_precision": _points(result)}


def _engine_facts(result: Comparison) -> dict[str, Any]:
    rounds, point = result.rounds, result.engine.point
    last, error = rounds.engine.last, point.error
    facts: dict[str, Any] = {
        "patients_per_s": rounds.engine.rate,
        "error_median": error.median,
        "error_p95": error.p95,
        "peak_share": _middle(rounds.shares),
        "peak_gflops": _middle(rounds.peaks),
        "setting": str(point.setting),
        "patients": last.patients if last else 0,
        "steps_per_patient": last.facts["steps"] if last else None,
        "failed": last.failed if last else 0,
        "setup_s": result.batch_seconds,
        "memory_mb": result.memory.get("engine", 0) / 1e6,
        "rates": rounds.engine.rates,
    }
    if error.ends is not None:
        facts |= {"error_end_points": error.ends, "error_states": error.states, "error_day_p95": error.day}
    lane = rounds.peers.get("one-lane")
    if lane is not None and lane.rates:
        facts["one_lane"] = {"patients_per_s": lane.rate, "ratio": lane.ratio, "ratios": lane.ratios}
    return facts


def _peer_facts(result: Comparison) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name, entered in result.entered.items():
        found, error = result.rounds.peers[name], entered.point.error
        if not found.rates:
            result.missed[name] = found.why or "no round"
            continue
        facts[name] = {
            "patients_per_s": found.rate,
            "error_median": error.median,
            "error_p95": error.p95,
            "ratio": found.ratio,
            "ratios": found.ratios,
            "setting": str(entered.point.setting),
            "patients": found.last.patients if found.last else 0,
            "failed": found.last.failed if found.last else 0,
            "setup_s": entered.remote.setup_seconds,
            "memory_mb": result.memory.get(name, 0) / 1e6,
        } | ({"stopped": found.why} if found.why else {})
    return facts


def _points(result: Comparison) -> list[dict[str, Any]]:
    """Error and rate at every tolerance, for the figure."""
    return [
        {
            "name": point.name,
            "family": point.setting.family.name,
            "absolute": point.setting.family.absolute,
            "rtol": point.setting.rtol,
            "atol": point.setting.atol,
            "error_median": point.error.median,
            "patients_per_s": point.rate,
        }
        for point in result.points
    ]


def _middle(values: list[float]) -> float | None:
    return sorted(values)[len(values) // 2] if values else None
