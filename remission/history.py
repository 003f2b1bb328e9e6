"""The past of patients: earlier lines of therapy make the disease refractory or relapsed; nobody is declared so.

A candidate starts at diagnosis and gets the disease's lines one after another. A remission is looked for when a line is judged; one
that ends starts the next line, one that lasts as long as it is watched ends the story, and another candidate is drawn for this
patient, at most fifty. A patient is enrolled who is not in remission after the second or a later line, or relapses for the second or
a later time, with the clones, the blood counts and the burden of the visit that showed it.

Left out: deaths before enrollment are candidates that are drawn again; lines that were chosen by response.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from remission.dose_rows import add_rows, drop_rows, in_system, rows_of
from remission.engine.batch import Batch
from remission.engine.compile import compile_system
from remission.engine.ensemble import Options, observe, simulate, start
from remission.engine.layout import Status
from remission.errors import InputError, Problems
from remission.model.disease import Disease, Line
from remission.model.regimen import Regimen, read_regimen
from remission.model.system import System
from remission.parameters import ParameterSet
from remission.population import FORMAT, Cohort, covariates, pack, within

MOST_ATTEMPTS = 50
PATIENCE = 200
CHECK_EVERY = 30.4375
START_DELAY = 7.0
REMISSION = 0.05
ENROLLED, DROPPED, RUNNING = 1, 2, 0
LUCK = 0x9E3779B97F4A7C15
PAST_LUCK = 0x517CC1B727220A95


def attempt_seed(seed: int, attempt: int) -> int:
    """The seed of a candidate: attempt 0 has the study's own."""
    return (seed ^ (attempt * LUCK)) & 0x7FFFFFFFFFFFFFFF


def past_seed(seed: int) -> int:
    """The seed of events before enrollment. The trial draws its own: who was spared so far is no safer from then on."""
    return (seed ^ PAST_LUCK) & 0x7FFFFFFFFFFFFFFF


@dataclass
class Past:
    """A visit protocol that takes candidates through their lines. Arrays [M], rows in the order of the batch."""

    system: System
    lines: tuple[Line, ...]
    given: dict[str, np.ndarray]
    end: float

    def __post_init__(self):
        members = len(next(iter(self.given.values())))
        self.line = np.zeros(members, int)
        self.started = np.zeros(members)
        self.remission = np.full(members, np.nan)
        self.relapses = np.zeros(members, int)
        self.fate = np.full(members, RUNNING)
        self.refractory = np.zeros(members, bool)
        self.day = np.array([line.judged for line in self.lines] or [0.0])[self.line]
        self.regimens = [_regimen(line) for line in self.lines]
        agents = [agent.name for agent in self.system.agents]
        self.agents = [agents.index(name) for regimen in self.regimens for name in in_system(self.system, regimen).agents]
        self.blast = self.system.output_slot("marrow.blast_fraction")
        self.burden = np.zeros(members)

    def first_rows(self, batch: Batch) -> Batch:
        """The first line, from day 0."""
        return self._give(batch, np.arange(batch.size))

    def _give(self, batch: Batch, which: np.ndarray) -> Batch:
        """The courses of each member's line; those of the line before that are still to come are not given."""
        batch = drop_rows(batch, which, self.agents)
        for number in np.unique(self.line[which]):
            own = which[self.line[which] == number]
            given = {name: values[own] for name, values in self.given.items()}
            batch = add_rows(batch, own, rows_of(self.system, self.regimens[number], self.started[own], given, self.end))
        return batch

    def next_visit(self, batch: Batch) -> np.ndarray:
        return np.where(self.fate == RUNNING, self.day, np.inf)

    def visit(self, batch: Batch, which: np.ndarray, observed: np.ndarray) -> Batch:
        """Judge the line, look for relapse, or end the story."""
        blasts = np.where(which, observed[:, self.blast], np.nan)
        self.burden = np.where(which, blasts, self.burden)
        judged = which & np.isnan(self.remission)
        watched = which & ~judged
        failed = judged & (blasts >= REMISSION)
        relapsed = watched & (blasts >= REMISSION)
        self.remission[judged & ~failed] = batch.t[judged & ~failed]
        self.relapses += relapsed
        self._enroll((failed & (self.line >= 1)) | (relapsed & (self.relapses >= 2)), failed)
        lasted = watched & ~relapsed & (batch.t - self.remission >= self._of("watched"))
        self.fate[lasted] = DROPPED
        self.day[which] = batch.t[which] + CHECK_EVERY
        return self._stop(self._next_line(batch, (failed | relapsed) & (self.fate == RUNNING)))

    def _of(self, field: str) -> np.ndarray:
        return np.array([getattr(line, field) for line in self.lines])[self.line]

    def _enroll(self, eligible: np.ndarray, failed: np.ndarray) -> None:
        self.fate[eligible] = ENROLLED
        self.refractory[eligible & failed] = True

    def _next_line(self, batch: Batch, which: np.ndarray) -> Batch:
        chosen = np.flatnonzero(which)
        last = self.line[chosen] + 1 >= len(self.lines)
        self.fate[chosen[last]] = DROPPED
        chosen = chosen[~last]
        self.line[chosen] += 1
        self.started[chosen] = batch.t[chosen] + START_DELAY
        self.remission[chosen] = np.nan
        self.day[chosen] = self.started[chosen] + self._of("judged")[chosen]
        return self._give(batch, chosen) if chosen.size else batch

    def _stop(self, batch: Batch) -> Batch:
        done = (self.fate != RUNNING) & (batch.status == Status.OK)
        status = np.where(done, int(Status.STOPPED), batch.status)
        return replace(batch, state=batch.state._replace(status=status))


def _regimen(line: Line) -> Regimen:
    problems = Problems()
    regimen = read_regimen(line.doses, f"history `{line.name}`", problems)
    problems.raise_if_any()
    return regimen


def cohort_key(system: System, parameters: ParameterSet, disease: Disease, seed: int, where: dict, history: str) -> str:
    """What a cohort depends on besides its size: the model, its numbers, the lines and the seed."""
    depends = [FORMAT, system.digest, parameters.digest(), repr(disease.history), seed, sorted(where.items()), history]
    said = json.dumps(depends, default=str)
    return hashlib.blake2b(said.encode(), digest_size=12).hexdigest()


def make_cohort(
    system: System,
    parameters: ParameterSet,
    disease: Disease,
    size: int,
    seed: int,
    where: dict | None = None,
    history: str = "relapsed_or_refractory",
    progress: Callable[[str, float], None] | None = None,
    options: Options | None = None,
) -> Cohort:
    """The first `size` patients that are reached. Patient i is the same for any size, order and shard.

    `InputError` when nearly nobody is reached, as with limits in `where` that hardly a candidate meets.
    """
    lines = disease.history if history == "relapsed_or_refractory" else ()
    parts, first = [], 0
    while sum(part.size for part in parts) < size:
        missing = size - sum(part.size for part in parts)
        indices = np.arange(first, first + missing)
        first += missing
        done = (first - missing) / max(size, 1)
        parts.append(_wave(system, parameters, lines, disease, indices, seed, where or {}, progress, done, options))
        _check_reached(sum(part.size for part in parts), first, size, where or {})
    key = cohort_key(system, parameters, disease, seed, where or {}, history)
    return _joined(parts, key, size, first)


def patients_of(system: System, parameters: ParameterSet, disease: Disease, indices: np.ndarray, seed: int, where: dict, history: str,
                options: Options | None = None) -> Cohort:  # fmt: skip
    """These patients, as far as they are reached; each is the same as in any cohort that holds them."""
    lines = disease.history if history == "relapsed_or_refractory" else ()
    return _wave(system, parameters, lines, disease, indices, seed, where, None, 0.0, options)


def _check_reached(reached: int, tried: int, size: int, where: dict) -> None:
    """Go on while at least one patient in fifty is reached."""
    if reached < size and tried >= max(size, PATIENCE) and reached < tried / 50:
        limits = ", ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in where.items()) or "nothing"
        raise InputError(
            f"only {reached} of {tried} patients were reached in {MOST_ATTEMPTS} candidates each (limits: {limits})",
            "population.where", remedy="widen the limits, or change `history`",
        )  # fmt: skip


def _wave(system, parameters, lines, disease, indices, seed, where, progress, done, options) -> Cohort:
    """Candidates for these patients until each is reached or has used its attempts."""
    found, open_ = [], indices
    drawn = 0
    for attempt in range(MOST_ATTEMPTS):
        if not open_.size:
            break
        cohort, tried = _attempt(system, parameters, lines, disease, open_, attempt_seed(seed, attempt), attempt, where, options)
        drawn += tried
        found.append(cohort)
        open_ = np.setdiff1d(open_, cohort.index)
        if progress:
            progress("history", done + (1 - done) * (1 - open_.size / indices.size))
    return _joined(found, "", indices.size, indices.size, drawn)


def _attempt(system, parameters, lines, disease, indices, seed, attempt, where, options) -> tuple[Cohort, int]:
    """One candidate for each of these patients; returns those that are enrolled and how many fitted the covariates."""
    sites = tuple(lesion.site for lesion in disease.lesions)
    values = parameters.draw(seed, indices, lesions=len(sites), clones=system.n_clones)
    fits = within(values, where)
    values, indices = {key: array[fits] for key, array in values.items()}, indices[fits]
    if not indices.size:
        return _cohort(system, indices, attempt, values, None, None, None), 0
    settings = replace(options or Options(), seed=past_seed(seed), faults=False)
    batch = start(compile_system(system), indices, pack(system, values, sites, len(sites)), len(sites), options=settings)
    if not lines:
        keep = np.ones(indices.size, bool)
        return _cohort(system, indices, attempt, values, batch, None, keep), indices.size
    horizon = sum(line.judged + line.watched + START_DELAY + 2 * CHECK_EVERY for line in lines)
    past = Past(system, lines, covariates(values), horizon)
    batch = simulate(compile_system(system), past.first_rows(batch), horizon, protocol=past, options=settings)
    return _cohort(system, indices, attempt, values, batch, past, past.fate == ENROLLED), indices.size


def _cohort(system, indices, attempt, values, batch, past, keep) -> Cohort:
    if batch is None:
        empty = np.zeros((0, 0))
        return Cohort("", indices, indices, values, empty, empty, _chart(indices, None, None, None))
    rows = np.flatnonzero(keep)
    small = batch.clones.small[rows].reshape(len(rows), batch.clones.small[0].size)
    phase = np.concatenate([batch.clones.phase[rows].astype(float), batch.clones.entries[rows].astype(float), small], axis=1)
    return Cohort(
        "", indices[rows], np.full(rows.size, attempt), {key: array[rows] for key, array in values.items()}, batch.y[rows], phase,
        _chart(indices[rows], past, rows, observe(compile_system(system), batch)[rows, system.output_slot("marrow.blast_fraction")]),
    )  # fmt: skip


def _chart(indices, past: Past | None, rows, burden) -> pl.DataFrame:
    if burden is None:
        return pl.DataFrame(schema={"patient": pl.Int64, "prior_lines": pl.Int64, "relapses": pl.Int64, "refractory": pl.Boolean,
                                    "days_since_diagnosis": pl.Float64, "burden": pl.Float64})  # fmt: skip
    lines = past.line[rows] + 1 if past else np.zeros(len(indices), int)
    return pl.DataFrame(
        {
            "patient": indices.astype(np.int64),
            "prior_lines": lines.astype(np.int64),
            "relapses": (past.relapses[rows] if past else lines).astype(np.int64),
            "refractory": past.refractory[rows] if past else np.zeros(len(indices), bool),
            "days_since_diagnosis": past.day[rows] - CHECK_EVERY if past else np.zeros(len(indices)),
            "burden": np.asarray(burden, float),
        }
    )


def _joined(parts: list[Cohort], key: str, size: int, used: int, drawn: int | None = None) -> Cohort:
    """Parts as one cohort in the order of the patients, the first `size` of them."""
    filled = [part for part in parts if part.size] or parts[:1]
    index = np.concatenate([part.index for part in filled])
    order = np.argsort(index, kind="stable")[:size]
    values = {name: np.concatenate([part.values[name] for part in filled])[order] for name in filled[0].values}
    count = drawn if drawn is not None else sum(part.flow.get("candidates", 0) for part in parts)
    flow = {"candidates": count, "patients": used, "enrolled": len(order), "not_reached": used - len(index)}
    flow["effective_sample_size"] = len(order)
    flow["acceptance_rate"] = len(index) / count if count else 0.0
    return Cohort(
        key, index[order], np.concatenate([p.attempt for p in filled])[order], values,
        np.concatenate([p.y for p in filled])[order], np.concatenate([p.phase for p in filled])[order],
        pl.concat([p.chart for p in filled])[order.tolist()], flow,
    )  # fmt: skip
