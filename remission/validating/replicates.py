"""One trial, again and again: as many patients as it had, from one posterior draw each time, watched as long as it watched.

The statistic of a replicate is read on few patients of a small pool; the pool's own chance is taken out with a control: the same
statistic of the calibrated point is known on many more patients, and its difference on the pool's patients shifts all replicates.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from remission.arm_run import ArmRun
from remission.calibration.scales import scale_of, transform
from remission.calibration.subgroups import SUBGROUPS
from remission.calibration.summaries import SLOPES, quantity
from remission.calibration.targets import FOLDER, Target
from remission.response.estimates import MONTH
from remission.results.members import taken
from remission.validating.pools import Pools, Runs

REPLICATES = 256
AMONG_ENROLLED = ("enrolled", "eligible", "harvested")
ITT = ("orr_itt", "pfs", "transplant")


@dataclass(frozen=True)
class FollowUp:
    """How long patients of a trial were watched from infusion: evenly between two numbers of months."""

    shortest: float
    longest: float


@cache
def follow_ups(disease: str) -> dict[tuple[str, str], FollowUp]:
    """Follow-up by trial and source from `DISEASE.designs.csv`; trials that are not there were watched to the month they print."""
    path = Path(FOLDER) / f"{disease}.designs.csv"
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {(row["trial"], row["source"]): FollowUp(float(row["shortest"]), float(row["longest"])) for row in csv.DictReader(file)}


def cut(run: ArmRun, months: np.ndarray) -> ArmRun:
    """The arm as a data cut sees it, so many months after each infusion (or enrollment, without one)."""
    records = run.records
    start = np.where(np.isfinite(records.infusion_day), records.infusion_day, records.enrollment_day)
    end = start + months * MONTH
    return replace(
        run,
        records=replace(
            records,
            last_contact_day=np.minimum(records.last_contact_day, end),
            last_assessment_day=np.fmin(records.last_assessment_day, end),
        ),
    )


def members(target: Target, run: ArmRun) -> np.ndarray:
    """Who a trial counts in its n: treated, enrolled, or a subgroup; replicates have n of these. A ratio compares a subgroup with the
    others, so that its n are all treated."""
    if (target.endpoint in ITT and target.arm == "salvage_chemotherapy") or target.endpoint.endswith("_itt"):
        return np.arange(run.size)
    if target.subgroup in AMONG_ENROLLED:
        return np.arange(run.size)
    treated = np.asarray(run.treated, bool)
    if target.kind == "hazard ratio":
        return np.flatnonzero(treated)
    return np.flatnonzero(treated & SUBGROUPS[target.subgroup](run))


def replicate(target: Target, runs: Runs, size: int, follow: FollowUp | None, generator: np.random.Generator) -> float:
    """The statistic in one trial of `size` patients."""
    if target.endpoint in SLOPES:
        return _slope(target, runs, size, generator)
    run = runs[target.arm]
    pool = members(target, run)
    if not pool.size:
        return float("nan")
    rows = generator.choice(pool, size, replace=size > pool.size)
    part = taken(run, rows)
    if follow is not None:
        part = cut(part, generator.uniform(follow.shortest, max(follow.longest, (target.month or 0) + 1), size))
    return quantity(target, {target.arm: part})


def _slope(target: Target, runs: Runs, size: int, generator: np.random.Generator) -> float:
    """A change by dose between two halves of a trial, one at each dose."""
    arms = [key for key in runs if key.endswith("_dose")]
    if not arms:
        return float("nan")
    rows = generator.integers(0, runs[arms[0]].size, size)
    return quantity(target, {key: taken(runs[key], rows) for key in arms} | {target.arm: runs[target.arm]})


def values(target: Target, draws: Sequence[Runs], size: int, follow: FollowUp | None, count: int, seed: int) -> np.ndarray:
    """The statistic over replicates, [count]; replicate r uses draw r modulo their number."""
    generator = np.random.Generator(np.random.Philox(key=np.array([seed, 0x7121A1], dtype=np.uint64)))
    return np.array([replicate(target, draws[r % len(draws)], size, follow, generator) for r in range(count)])


def control(target: Target, pools: Pools, known: Mapping[str, float | None]) -> float:
    """What the pool's patients are off at the calibrated point, on the target's scale; 0 where it is not known on more patients."""
    more = known.get(target.name)
    here = quantity(target, pools.center)
    if more is None or not np.isfinite(here) or target.endpoint in SLOPES:
        return 0.0
    scale = scale_of(target)
    return transform(more, scale, 1e6) - transform(here, scale, 1e6)
