"""Random events against an independent replay: the log of the engine is carried out in a tight solver, which integrates every hazard.

At each logged event the hazard that fired must have reached its threshold there, and at no moment may another have passed its own:
so no event is missed, none is made up, each falls on its day, and the states after all of them are right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest

from remission.engine.batch import Batch, Dose, rows_to_come
from remission.engine.codegen import hazards
from remission.engine.compile import compile_system
from remission.engine.ensemble import Options, advance, hazard_keys, watch
from remission.engine.layout import Record, Status
from remission.engine.steppers import Method
from remission.random import exponential
from tests.engine.test_bits import CAPACITY, MEMBERS, everything, members
from tests.engine.tight import TightSolver

SEED, UNTIL, RTOL = 5, 40.0, 1e-8


@cache
def solver() -> TightSolver:
    return TightSolver(everything(), CAPACITY)


@cache
def jumps() -> tuple:
    """For each hazard what its event makes of x, as (x, p, running, has, clone, lesion)."""
    return tuple(solver().jump(dict(q.jumps), by_clone=q.per == "clone") for q in hazards(everything()))


def threshold(patient: int, hazard: int, lesion: int, clone: int, times: int) -> float:
    """What the accumulated hazard of a patient must reach to fire for the time after `times` firings."""
    quadrature = hazards(everything())[hazard]
    if times and not quadrature.repeats:
        return np.inf
    first = ((lesion + 1) << 40) | ((clone + 1) << 24)
    key = hazard_keys(compile_system(everything()))[hazard]
    return float(sum(exponential(SEED, patient, key, first + k) for k in range(times + 1)))


@dataclass
class Replay:
    """A patient on its way through doses and logged events, with the worst that was found."""

    p: np.ndarray
    has: np.ndarray
    lesions: int
    patient: int
    x: np.ndarray
    early: float = 0.0
    off: float = 0.0

    def __post_init__(self):
        self.fired: dict[tuple[int, int, int], int] = {}

    def entries(self):
        """(hazard, lesion, clone, place in x) of every hazard of the lesions that are there."""
        system = everything()
        for k, q in enumerate(hazards(system)):
            for l in [-1] if q.per == "patient" else range(self.lesions):
                for c in range(system.n_clones) if q.per == "clone" else [-1]:
                    yield k, l, c, solver().n_states + system.quadrature_slot(q.name, max(l, 0), max(c, 0))

    def ahead(self) -> dict[tuple[int, int, int], float]:
        """How far each hazard is beyond its threshold, in days at its present rate; below zero where it has not passed."""
        slope = solver().slope(self.x, 0.0, self.p, np.zeros(1), self.has)
        found = {}
        for k, l, c, place in self.entries():
            level = threshold(self.patient, k, l, c, self.fired.get((k, l, c), 0))
            found[k, l, c] = (self.x[place] - level) / max(slope[place], 1e-9)
        return found

    def event(self, hazard: int, lesion: int, clone: int) -> None:
        key = (hazard, lesion, clone)
        ahead = self.ahead()
        self.off = max(self.off, abs(ahead.pop(key)))
        self.early = max(self.early, *ahead.values())
        self.fired[key] = self.fired.get(key, 0) + 1
        self.x = jumps()[hazard](self.x, self.p, np.zeros(1), self.has, float(clone), lesion)


def replayed(begun: Batch, result: Batch, member: int) -> Replay:
    """The member's doses and events in the order of their days."""
    rows, log = rows_to_come(begun, member), result.events
    count, lesions = int(log.count[member]), int(begun.state.n_lesions[member])
    assert count <= log.day.shape[1]
    todo = [(row.day, 0, row) for row in rows if row.day < result.t[member]]
    todo += [(row.day + row.duration, 1, None) for row in rows if row.duration > 0.0]
    todo += [(log.day[member, i], 1, tuple(log.code[member, i].tolist())) for i in range(count)]
    has = (np.arange(CAPACITY) < lesions).astype(float)
    x = np.concatenate([begun.y[member], np.zeros(solver().size - solver().n_states)])
    own = Replay(numbers_of(begun, member), has, lesions, int(begun.patient[member]), x)
    now, given = 0.0, []
    for day, _, what in sorted([*todo, (result.t[member], 2, None)], key=lambda step: step[:2]):
        day = min(day, result.t[member])
        if day > now:
            running = np.array([sum(r.amount / r.duration for r in given if r.duration > 0.0 and r.day + r.duration > now)])
            own.x, _ = solver()._piece(own.x, own.p, running, has, now, day, np.zeros(0), 1e-11)
            now = day
        if isinstance(what, Dose):
            given.append(what)
            own.x = own.x if what.duration else solver().jumps[what.agent](own.x, own.p, running_none(), has, what.amount, what.lesion)
        elif what is not None:
            own.event(*what)
    own.early = max(own.early, *own.ahead().values())
    return own


def running_none() -> np.ndarray:
    return np.zeros(1)


def numbers_of(batch: Batch, member: int) -> np.ndarray:
    """The member's parameters in the order of the tight solver."""
    system, p = everything(), np.zeros(len(solver().places))
    for (kind, name, l, _), i in solver().places.items():
        if kind == "site":
            p[i] = 1.0
            continue
        per, at = system.parameter_slots[name]
        p[i] = batch.state.p[member, at if per == "patient" else system.n_patient_parameters + l * system.n_lesion_parameters + at]
    return p


@pytest.mark.parametrize("method", [Method.RODAS5P, pytest.param(Method.TSIT5, marks=pytest.mark.slow)])
def test_every_event_of_the_log_is_due_and_none_is_missing(method):
    options = Options(method=method, rtol=RTOL, n_small=0.0, seed=SEED, faults=False)
    begun = members(SEED, options=options, bare=True)
    result = advance(compile_system(everything()), begun, UNTIL, options=options)
    assert np.isin(result.status, (Status.OK, Status.STOPPED)).all()
    assert result.events.count.sum() > 100
    for m in range(MEMBERS):
        own = replayed(begun, result, m)
        assert own.off < 3e-6, m
        assert own.early < 3e-6, m
        states = own.x[: solver().n_states]
        floor = np.where(np.arange(states.size) < 2, 1e-8, 1e-2)
        np.testing.assert_array_less(np.abs(result.y[m] - states), 1e3 * (floor + RTOL * np.abs(states)), err_msg=str(m))


def test_seeds_of_the_log_differ_from_patient_to_patient():
    """Two patients with the same numbers have luck of their own."""
    options = Options(rtol=RTOL, n_small=0.0, seed=SEED, faults=False)
    begun = members(SEED, options=options, bare=True)
    same = replace(
        begun, state=begun.state._replace(p=np.repeat(begun.state.p[:1], MEMBERS, 0), c=np.repeat(begun.state.c[:1], MEMBERS, 0))
    )
    result = advance(compile_system(everything()), same, UNTIL, options=options)
    first = result.events.day[:, 0][result.events.count > 0]
    assert np.unique(first).size == first.size > 10


def test_extremes_and_areas_miss_nothing_between_events():
    """Steps are cut by events, changes of clones, doses and visits; the running end points are those of the same course looked at every
    quarter of an hour, and lie on it."""
    options = Options(seed=SEED, faults=False)
    burden, signal = (everything().output_slot(name) for name in ("a.burden", "a.signal_seen"))
    batch, days = watch(members(SEED, options=options, bare=True), [burden, signal]), np.linspace(0.0, UNTIL, 3841)
    result = advance(compile_system(everything()), batch, UNTIL, save=days, options=options)
    assert result.events.count.sum() > 100
    for k, output in enumerate((burden, signal)):
        seen, record = result.saved[:, :, output], result.watch.record[:, k]
        highest, lowest = np.nanmax(seen, axis=1), np.nanmin(seen, axis=1)
        spread = 2e-2 * np.nanmax(np.abs(np.diff(seen, axis=1)), axis=1) + 1e-12 * highest + 1e-12
        assert (record[:, Record.HIGHEST] >= highest - spread).all()
        assert (record[:, Record.LOWEST] <= lowest + spread).all()
        for column, extreme in ((Record.HIGHEST, np.nanmax), (Record.LOWEST, np.nanmin)):
            for m in range(MEMBERS):
                near = np.abs(days - record[m, column + 1]) <= 0.021
                around = seen[m, near]
                assert record[m, column] == pytest.approx(extreme(around), rel=0.3, abs=1e-2), (k, m)
        area = np.nansum(0.5 * (seen[:, 1:] + seen[:, :-1]) * np.diff(days), axis=1)
        np.testing.assert_allclose(record[:, Record.AREA], area, rtol=2e-2, atol=1e-2)
