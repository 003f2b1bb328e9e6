"""A member's result is its own, to the bit: threads, chunks, company, order, shards and room for lesions change nothing.

Tried on a system that has everything at once: lesions in different numbers, clones small enough for chance, founders that
arrive, random events of every scope that jump or end the run, doses, infusions, end points, and triggers.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from remission.engine.batch import SHARED, Batch, Dose, pack_doses, take
from remission.engine.compile import compile_system
from remission.engine.compiled import Compiled
from remission.engine.ensemble import Options, advance, arm, observe, start, watch
from remission.engine.layout import Status
from remission.engine.steppers import Method
from remission.model.disease import Clones
from remission.model.functions import hill
from remission.model.system import System
from remission.population import pack
from tests.model.parts import Part, system

FEW = settings(max_examples=8, deadline=None, derandomize=True, database=None)
CAPACITY, MEMBERS, DAYS = 5, 19, (9.0, 9.0, 21.5, 40.0)
GRID = np.array([0.0, 3.3, 9.0, 9.0, 17.0, 39.9, 40.0])
PATIENT = {"a.out": (0.1, 2.0), "a.kill": (0.05, 0.9), "a.growth": (0.02, 0.3), "a.mutation": (1e-5, 1e-2), "a.haste": (0.5, 50.0)}
LESION = {"a.start": (3.0, 1e5), "a.room": (1e4, 1e8)}


@cache
def everything() -> System:
    """Clones under a drug, a signal that follows them fast, births and deaths by chance, mutants, and events at three scopes."""

    def says(m):
        p, day = m.parameters, m.quantity(1.0, "day")
        drug = m.state("drug", unit="mg", dosed=True)
        signal = m.state("signal", unit="1")
        swelling = m.state("swelling", per="lesion", unit="1")
        cells = m.state("cells", per="clone", unit="cell", initial=p.start * (1 - 0.9 * m.trait("drug", "resistant")))
        many = m.total(cells, "clone")
        m.flow(drug, None, p.out * drug)
        m.flow(None, cells, p.growth * (1 + hill(p.room, many, 1)) * cells)
        m.flow(cells, None, (p.growth + p.kill * hill(drug, m.quantity(5.0, "mg"), 2) * (1 - 0.95 * m.trait("drug", "resistant"))) * cells)
        m.convert(cells, {("drug", "sensitive", "resistant"): p.mutation})
        m.change(signal, p.haste / day * (hill(m.total(cells, "lesion"), m.quantity(1e5, "cell"), 1) - signal))
        m.change(swelling, (hill(many, p.room, 1) - swelling) / day)
        m.hazard("death", 0.02 * signal / day, stop=True)
        m.hazard("wave", 0.1 / day, jumps={signal: 0.5 * signal, drug: 0.7 * drug}, repeats=True)
        m.hazard("burst", 0.05 * (0.1 + swelling) / day, per="lesion", jumps={swelling: swelling + 1}, repeats=True)
        m.hazard("lost", 0.01 / day, per="clone", jumps={cells: 0.05 * cells})
        m.output("burden", m.total(cells, "lesion"), "cell")
        m.output("signal_seen", signal, "1")
        m.output("swelling_seen", swelling, "1")
        m.output("cells_seen", cells, "cell")
        m.output("days", m.integral("ill", signal) / day, "1")

    units = {"a.out": "1/day", "a.kill": "1/day", "a.growth": "1/day", "a.mutation": "1/day", "a.haste": "1"}
    units |= {"a.start": "cell per lesion", "a.room": "cell per lesion"}
    keys = {key.replace(".", "__"): f"1 {unit}" for key, unit in units.items()}
    return system(Part("a", says, None, "mg"), clones=Clones.of(drug=["sensitive", "resistant"]), **keys)


def compiled() -> Compiled:
    return compile_system(everything())


def random_rows(rng: np.random.Generator) -> list[Dose]:
    """Up to six doses, some of them infusions that overlap, some on one day and on days of a visit."""
    days = rng.choice([0.0, 2.0, 2.0, 9.0, 21.5, *rng.uniform(0.0, 40.0, 4)], rng.integers(0, 7))
    return [Dose(float(day), 0, float(rng.uniform(1, 40)), *((3.0, -1, 0) if rng.random() < 0.4 else ())) for day in days]


def members(seed: int, capacity: int = CAPACITY, options: Options | None = None, bare: bool = False) -> Batch:
    """Random members with none to five lesions, watched and armed unless they are `bare`."""
    rng = np.random.default_rng(seed)
    values = {key: np.exp(rng.uniform(*np.log(limits), MEMBERS)) for key, limits in PATIENT.items()}
    values |= {key: np.exp(rng.uniform(*np.log(limits), (MEMBERS, CAPACITY))) for key, limits in LESION.items()}
    lesions, rows = rng.integers(0, CAPACITY + 1, MEMBERS), [random_rows(rng) for _ in range(MEMBERS)]
    wider = {key: np.pad(v, ((0, 0), (0, capacity - CAPACITY)), "edge") if v.ndim == 2 else v for key, v in values.items()}
    packed = pack(everything(), wider, ("marrow",) * capacity, capacity)
    batch = start(compiled(), np.arange(MEMBERS) + 100 * seed, packed, lesions, pack_doses(rows), options=options or Options(seed=seed))
    if bare:
        return batch
    burden, signal = everything().output_slot("a.burden"), everything().output_slot("a.signal_seen")
    batch = watch(batch, [burden, signal], above=[[1e5, 0.2]] * MEMBERS, below=[[10.0, 0.01]] * MEMBERS)
    return arm(batch, [burden, signal], [3e5, 0.05], [True, False], armed=rng.integers(0, 2, (MEMBERS, 2)))


def through(batch: Batch, options: Options) -> tuple[list[Batch], np.ndarray]:
    """The batch after each of some visits, one of them twice and each going on from the last, and what is seen at the end."""
    passed = []
    for day in DAYS:
        batch = advance(compiled(), batch, day, save=GRID, options=options)
        passed.append(batch)
    return passed, observe(compiled(), batch)


def differing(one: Batch, other: Batch, lesions: int = CAPACITY) -> list[str]:
    """Names of the arrays that are not the same to the bit, in the places of so many lesions."""
    found = []
    for group in ("state", "doses", "clones", "events", "watch"):
        for field, a, b in zip(getattr(one, group)._fields, getattr(one, group), getattr(other, group), strict=True):
            if field not in SHARED:
                a, b = (x[tuple(slice(0, min(n, m)) for n, m in zip(a.shape, b.shape, strict=True))] for x in (a, b))
                found += [] if a.tobytes() == b.tobytes() else [f"{group}.{field}"]
    return found


def assert_same(ours, theirs) -> None:
    (passed, seen), (other, others) = ours, theirs
    for one, two in zip(passed, other, strict=True):
        assert differing(one, two) == []
    width = min(seen.shape[1], others.shape[1])
    assert seen[:, :width].tobytes() == others[:, :width].tobytes()


def shown(result: tuple[list[Batch], np.ndarray], which: np.ndarray):
    """Some members of a result."""
    return [take(batch, which) for batch in result[0]], result[1][which]


@FEW
@given(
    seed=st.integers(0, 10**6),
    method=st.sampled_from(list(Method)),
    threads=st.sampled_from([1, 2, 3]),
    chunk=st.integers(1, 20),
    pick=st.integers(0, 2**19 - 1),
)
def test_threads_chunks_company_and_order_never_change_a_bit(seed, method, threads, chunk, pick):
    options = Options(method=method, threads=1, seed=seed, faults=False)
    whole = through(members(seed), options)
    rng = np.random.default_rng(pick)
    some = rng.permutation(MEMBERS)[: rng.integers(1, MEMBERS + 1)]
    assert_same(through(take(members(seed), some), replace(options, threads=threads, chunk=chunk)), shown(whole, some))


@FEW
@given(seed=st.integers(0, 10**6), shards=st.integers(2, 7))
def test_shards_are_the_whole(seed, shards):
    options = Options(seed=seed, threads=2, faults=False)
    whole = through(members(seed), options)
    for shard in range(shards):
        own = np.arange(MEMBERS)[shard::shards]
        assert_same(through(take(members(seed), own), options), shown(whole, own))


@FEW
@given(seed=st.integers(0, 10**6), room=st.integers(1, 4))
def test_room_for_lesions_that_nobody_has_changes_no_bit(seed, room):
    options = Options(seed=seed, faults=False)
    assert_same(through(members(seed), options), through(members(seed, CAPACITY + room), options))


def test_the_members_meet_everything_that_is_claimed():
    """Events of all kinds, clones that are lost, small and large, triggers and crossings do occur in what is compared."""
    fired, phases, stopped, triggered, crossed = np.zeros(len(compiled().hazards), int), set(), 0, 0, 0
    for seed in range(6):
        (*before, last), _ = through(members(seed), Options(seed=seed, faults=False))
        codes = last.events.code[:, :, 0]
        fired += np.array([(codes == k).sum() for k in range(fired.size)])
        phases |= set(np.unique(last.clones.phase).tolist())
        stopped += (last.status == Status.STOPPED).sum()
        triggered += sum((batch.state.trigger >= 0).sum() for batch in (*before, last))
        crossed += np.isfinite(last.watch.record[:, :, 5:]).sum()
        assert np.isin(last.status, (Status.OK, Status.STOPPED)).all()
    assert (fired > 0).all()
    assert phases == {0, 1, 2}
    assert min(stopped, triggered, crossed) > 10
