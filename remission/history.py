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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from remission.dose_rows import add_rows, drop_rows, in_system, rows_of
from remission.engine.batch import Batch
from remission.engine.compile import compile_system
from remission.engine.cpu import cores
from remission.engine.ensemble import Options, simulate, start
from remission.engine.kernels import engine_identity
from remission.engine.layout import Status
from remission.enrolled import CHECK_EVERY, enrolled, joined
from remission.errors import InputError, Problems
from remission.model.disease import Disease, Line
from remission.model.regimen import Regimen, read_regimen
from remission.model.system import System
from remission.parameters import ParameterSet
from remission.parts import Progress, Shares, at_a_time, run_parts, spans
from remission.population import FORMAT, Cohort, covariates, pack, within

MOST_ATTEMPTS = 50
PIECE, TOGETHER = 20_000, 5_000
PATIENCE = 200
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


def cohort_key(system: System, parameters: ParameterSet, disease: Disease, seed: int, where: dict, history: str, rtol: float) -> str:
    """What a cohort depends on besides its size: the model, its numbers, the lines, the seed, and how it is integrated."""
    depends = [FORMAT, system.digest, parameters.digest(), repr(disease.history), seed, sorted(where.items()), history]
    depends += [rtol, engine_identity()]
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
    pieces = list(pieces_of(system, parameters, disease, size, seed, where, history, progress, options))
    key = cohort_key(system, parameters, disease, seed, where or {}, history, (options or Options()).rtol)
    return joined(pieces, key, size)


def pieces_of(
    system: System,
    parameters: ParameterSet,
    disease: Disease,
    size: int,
    seed: int,
    where: dict | None = None,
    history: str = "relapsed_or_refractory",
    progress: Callable[[str, float], None] | None = None,
    options: Options | None = None,
) -> Iterator[Cohort]:
    """The cohort of `make_cohort` piece by piece in the order of the patients, so that only one piece is in memory."""
    lines = disease.history if history == "relapsed_or_refractory" else ()
    reached, first = 0, 0
    while reached < size:
        missing = size - reached
        for begin in range(first, first + missing, PIECE):
            indices = np.arange(begin, min(begin + PIECE, first + missing))
            told = None if progress is None else _scaled(progress, begin / max(size, 1), indices.size / max(size, 1))
            piece = _wave(system, parameters, lines, disease, indices, seed, where or {}, told, options)
            reached += piece.size
            yield piece
        first += missing
        _check_reached(reached, first, size, where or {})


def _scaled(progress: Callable[[str, float], None], start: float, share: float) -> Callable[[str, float], None]:
    return lambda stage, done: progress(stage, min(start + share * done, 1.0))


def patients_of(system: System, parameters: ParameterSet, disease: Disease, indices: np.ndarray, seed: int, where: dict, history: str,
                options: Options | None = None) -> Cohort:  # fmt: skip
    """These patients, as far as they are reached; each is the same as in any cohort that holds them."""
    lines = disease.history if history == "relapsed_or_refractory" else ()
    return _wave(system, parameters, lines, disease, indices, seed, where, None, options)


def _check_reached(reached: int, tried: int, size: int, where: dict) -> None:
    """Go on while at least one patient in fifty is reached."""
    if reached < size and tried >= max(size, PATIENCE) and reached < tried / 50:
        limits = ", ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in where.items()) or "nothing"
        raise InputError(
            f"only {reached} of {tried} patients were reached in {MOST_ATTEMPTS} candidates each (limits: {limits})",
            "population.where", remedy="widen the limits, or change `history`",
        )  # fmt: skip


def _wave(system, parameters, lines, disease, indices, seed, where, progress, options) -> Cohort:
    """Candidates for these patients until each is reached or has used its attempts."""
    found, open_ = [], indices
    drawn = 0
    for attempt in range(MOST_ATTEMPTS):
        if not open_.size:
            break
        for cohort, tried in _tried(system, parameters, lines, disease, open_, attempt_seed(seed, attempt), attempt, where, options):
            drawn += tried
            found.append(cohort)
        open_ = np.setdiff1d(open_, np.concatenate([cohort.index for cohort in found]))
        if progress:
            progress("history", 1 - open_.size / indices.size)
    return joined(found, "", indices.size, indices.size, drawn)


def _tried(system, parameters, lines, disease, indices, seed, attempt, where, options) -> list[tuple[Cohort, int]]:
    """One candidate for each of these patients, some thousand patients at a time."""
    rows, settings = spans(indices.size, TOGETHER), options or Options()
    threads = settings.threads or cores()
    side_by_side = at_a_time(len(rows), threads)
    own = replace(settings, threads=1 if side_by_side > 1 else threads)

    def work(number: int, told: Progress) -> tuple[Cohort, int]:
        told("history", 0.0)
        return _attempt(system, parameters, lines, disease, indices[rows[number]], seed, attempt, where, own)

    return run_parts(work, Shares(None, [len(part) for part in rows]), side_by_side)


def _attempt(system, parameters, lines, disease, indices, seed, attempt, where, options) -> tuple[Cohort, int]:
    """One candidate for each of these patients; returns those that are enrolled and how many fitted the covariates."""
    sites = tuple(lesion.site for lesion in disease.lesions)
    values = parameters.draw(seed, indices, lesions=len(sites), clones=system.n_clones)
    fits = within(values, where)
    values, indices = {key: array[fits] for key, array in values.items()}, indices[fits]
    if not indices.size:
        return enrolled(system, indices, attempt, values, None, None, None), 0
    settings = replace(options, seed=past_seed(seed), faults=False)
    batch = start(compile_system(system), indices, pack(system, values, sites, len(sites)), len(sites), options=settings)
    if not lines:
        keep = np.ones(indices.size, bool)
        return enrolled(system, indices, attempt, values, batch, None, keep), indices.size
    horizon = sum(line.judged + line.watched + START_DELAY + 2 * CHECK_EVERY for line in lines)
    past = Past(system, lines, covariates(values), horizon)
    batch = simulate(compile_system(system), past.first_rows(batch), horizon, protocol=past, options=settings)
    return enrolled(system, indices, attempt, values, batch, past, past.fate == ENROLLED), indices.size
