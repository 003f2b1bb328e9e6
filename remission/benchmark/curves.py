"""How the cost grows: with patients, with lesions, with cores. Only of this engine, and not in a quick run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from remission.benchmark.comparison import ENGINE, Extent, most_patients
from remission.benchmark.contestant import KEPT, Setting
from remission.benchmark.engine import METHODS
from remission.benchmark.entrant import Remote
from remission.benchmark.problems import Problem, two_drugs
from remission.benchmark.search import fitting

PATIENTS = (100, 1_000, 10_000, 100_000, 1_000_000)
LESIONS = (1, 2, 3, 5, 10, 20, 30, 40)
LONGEST = 120.0  # seconds a point of the curve over patients may take; larger ones are left out
RTOL = 1e-5
Progress = Callable[[int, int], None]


def _ready(problem: Problem, cores: int, extent: Extent) -> Remote:
    remote = Remote("engine", ENGINE, problem, cores, extent.limit)
    try:
        remote.start()
    except BaseException:
        remote.close()
        raise
    return remote


def over_patients(problem: Problem, setting: Setting, cores: int, extent: Extent, progress: Progress) -> list[dict[str, Any]]:
    """Rate and peak memory for each number of patients, each in a fresh process."""
    rows: list[dict[str, Any]] = []
    for done, patients in enumerate(PATIENTS, 1):
        if (rows and patients / rows[-1]["patients_per_s"] > LONGEST) or patients > most_patients(problem):
            break
        remote = _ready(problem, cores, extent)
        try:
            before = remote.memory()
            outcome = remote.run(patients, setting)
            row = {"patients": patients, "patients_per_s": outcome.rate, "seconds": outcome.seconds, "failed": outcome.failed}
            rows.append(row | {"memory_mb": remote.memory() / 1e6, "memory_before_mb": before / 1e6})
        finally:
            remote.close()
        progress(done, len(PATIENTS))
    return rows


def over_lesions(cores: int, extent: Extent, progress: Progress) -> list[dict[str, Any]]:
    """CPU time of a patient of QSP-40 with each number of lesions."""
    rows: list[dict[str, Any]] = []
    for done, lesions in enumerate(LESIONS, 1):
        remote = _ready(two_drugs(lesions), cores, extent)
        try:
            rows.append({"lesions": lesions, **_timed(remote, two_drugs(lesions), Setting(METHODS[0], RTOL), cores, extent)})
        finally:
            remote.close()
        progress(done, len(LESIONS))
    return rows


def over_cores(problem: Problem, setting: Setting, cores: int, extent: Extent, progress: Progress) -> list[dict[str, Any]]:
    """Rate with 1, 2, 4, ... cores and all."""
    counts = sorted({min(2**k, cores) for k in range(cores.bit_length() + 1)})
    rows: list[dict[str, Any]] = []
    for done, count in enumerate(counts, 1):
        remote = _ready(problem, count, extent)
        try:
            rows.append({"cores": count, **_timed(remote, problem, setting, count, extent)})
        finally:
            remote.close()
        progress(done, len(counts))
    return rows


def _timed(remote: Remote, problem: Problem, setting: Setting, cores: int, extent: Extent) -> dict[str, Any]:
    """Best of three runs of about the engine's seconds."""
    probe = remote.run(8 * KEPT, setting)
    patients = fitting(probe.rate, extent.engine_seconds, 8 * KEPT, most_patients(problem))
    outcomes = [remote.run(patients, setting) for _ in range(3)]
    rate = max(outcome.rate for outcome in outcomes)
    return {"patients_per_s": rate, "cpu_ms_per_patient": 1e3 * cores / rate, "steps_per_patient": outcomes[-1].facts["steps"]}
