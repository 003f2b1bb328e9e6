"""The job behind `remission benchmark`: which problems, which peers, how long; everything is told as one result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from remission.benchmark import curves, machine, problems
from remission.benchmark.comparison import Compared, Comparison, Extent, Progress, facts_of
from remission.benchmark.peers import NEVER, PEERS, Peer
from remission.benchmark.peers import QUICK as QUICK_PEERS
from remission.benchmark.problems import Problem, problem_of
from remission.benchmark.references import Reference, reference
from remission.benchmark.result import BenchmarkResult
from remission.benchmark.startup import startup
from remission.benchmark.worker import Worker, WorkerError
from remission.errors import RunError

TARGET = 5e-6
QUICK_EXTENT = Extent(rounds=3, engine_seconds=0.7, peer_seconds=4.0, limit=180.0)
FULL_EXTENT = Extent(rounds=5, engine_seconds=1.0, peer_seconds=6.0, limit=900.0, decades=tuple(k / 2 for k in range(4, -5, -1)))
PEAK = "remission.benchmark.peak:Peak"


def _silent(stage: str, done: int, total: int) -> None:
    pass


@dataclass
class Found:
    """What has been measured so far: facts and comparisons by problem, why peers were missed by problem, and the curves."""

    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    missed: dict[str, dict[str, str]] = field(default_factory=dict)
    curves: dict[str, Any] = field(default_factory=dict)

    def result(self, head: dict[str, Any], left_out: dict[str, str]) -> BenchmarkResult:
        """The same as a result; peers that were in no problem are told once."""
        missing = {**_shared(self.missed, len(self.facts)), **left_out, **NEVER}
        return BenchmarkResult({**head, "problems": dict(self.facts), "not_compared": missing, "curves": dict(self.curves)})


def run_benchmark(
    names: Sequence[str] | None = None,
    quick: bool = False,
    progress: Progress = _silent,
    keep: Callable[[BenchmarkResult], None] = lambda result: None,
) -> BenchmarkResult:
    """Measure this engine beside the peers that are installed, at equal achieved error, on all cores.

    names: problems, all by default (without `multi-160` when quick). quick: only libroadrunner and numbalsoda, three rounds, fewer
    patients, no curves over patients, lesions and cores. keep: takes what there is after each problem, so that a run of most of an hour
    can be stopped. InputError for an unknown problem; RunError when the engine fails.
    """
    wanted = [problem_of(name) for name in dict.fromkeys(names or (problems.QUICK if quick else problems.names_of_problems()))]
    peers = [peer for peer in PEERS if not quick or peer.name in QUICK_PEERS]
    extent, cores = QUICK_EXTENT if quick else FULL_EXTENT, machine.cores()
    head = {
        "date": machine.now(),
        "machine": machine.machine() | {"load_before": machine.load()},
        "versions": machine.versions(),
        "settings": {"quick": quick, "target_error": TARGET, "rounds": extent.rounds},
    }
    left_out = {peer.name: "left out of a quick run" for peer in PEERS if peer not in peers}
    try:
        found = _measured(wanted, peers, extent, cores, not quick, progress, lambda found: keep(found.result(head, left_out)))
    except WorkerError as error:
        raise RunError(f"the engine could not be measured: {error}") from error
    return found.result(head, left_out)


def _measured(
    wanted: list[Problem], peers: list[Peer], extent: Extent, cores: int, grown: bool, progress: Progress, keep: Callable[[Found], None]
) -> Found:
    """Every problem, with its curves where it has some."""
    found = Found()
    starts: dict[str, dict[str, float]] = {}
    compared, peak = Compared(cores, extent), Worker(PEAK, ())
    try:
        peak.start(extent.limit)
        for problem in wanted:
            true = _reference(problem, cores, progress)
            if problem.model not in starts:
                starts[problem.model] = _startup(problem, extent, progress)
            compared.leave(problem.model)
            one = compared.compare(problem, true, peers, TARGET, partial(peak.call, "gigaflops", limit=extent.limit), progress)
            facts = facts_of(one)
            facts["engine"] |= starts[problem.model] | {"cpu_ms_per_patient": 1e3 * cores / facts["engine"]["patients_per_s"]}
            facts["missed"] = found.missed[problem.name] = one.missed
            found.facts[problem.name] = {"title": problem.title, **facts}
            if grown:
                found.curves |= _curves(one, extent, cores, progress)
            keep(found)
    finally:
        compared.leave()
        peak.close()
    return found


def _reference(problem: Problem, cores: int, progress: Progress) -> Reference:
    stage = f"{problem.name}: reference"
    progress(stage, 0, 1)
    return reference(problem, cores, lambda done, total: progress(stage, done, total))


def _startup(problem: Problem, extent: Extent, progress: Progress) -> dict[str, float]:
    stage = f"{problem.name}: start in fresh processes"
    progress(stage, 0, 1)
    found = startup(problem, extent.limit)
    progress(stage, 1, 1)
    return found


def _shared(missed: dict[str, dict[str, str]], problems_run: int) -> dict[str, str]:
    """Peers that have a figure in no problem, and why; those missed in some are told there."""
    found: dict[str, list[str]] = {}
    for own in missed.values():
        for name, why in own.items():
            found.setdefault(name, []).append(why)
    return {name: whys[0] for name, whys in found.items() if len(whys) == problems_run}


def _curves(found: Comparison, extent: Extent, cores: int, progress: Progress) -> dict[str, Any]:
    """Cost over patients, or over lesions and cores, of the problems that are good for it."""
    problem, setting = found.problem, found.engine.point.setting

    def told(name: str):
        return lambda done, total: progress(f"cost over {name}", done, total)

    if problem.name == "cart-6-endpoints":
        return {"patients": curves.over_patients(problem, setting, cores, extent, told("patients"))}
    if problem.name == "qsp-40":
        lesions = curves.over_lesions(cores, extent, told("lesions"))
        return {"lesions": lesions, "cores": curves.over_cores(problem, setting, cores, extent, told("cores"))}
    return {}
