"""No members, one, a hundred thousand; and members with none to ten lesions in one batch."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from remission.engine.batch import Batch, pack_doses, rows_to_come
from remission.engine.ensemble import Options, advance, arm, observe, start, watch
from remission.engine.layout import Record, Status
from remission.population import pack
from tests.engine.random_members import drawn
from tests.engine.test_edges import OPTIONS, bolus, decay, infusion, patients

pytestmark = pytest.mark.slow


# ---- many members and none -------------------------------------------------------------------------------------------------------
def test_nobody_is_no_problem():
    nobody = start(decay(), np.zeros(0, int), np.zeros((0, decay().n_parameters(1))), 0, options=OPTIONS)
    watched = arm(watch(nobody, [0]), [0], [1.0], [True])
    result = advance(decay(), watched, 5.0, save=np.arange(3.0), options=OPTIONS)
    assert result.saved.shape == (0, 3, 2)
    assert observe(decay(), result).shape == (0, 2)


def test_one_member_is_the_same_as_among_many():
    rows, out = [bolus(0.0, 10.0), infusion(1.0, 5.0, 2.0)], np.linspace(0.2, 0.9, 33)
    many = advance(decay(), patients(rows, out), 6.0, options=OPTIONS)
    for m in (0, 7, 32):
        alone = advance(decay(), patients(rows, out[m : m + 1]), 6.0, options=OPTIONS)
        np.testing.assert_array_equal(alone.y[0], many.y[m])


def crowd(members: int) -> Batch:
    system = decay()
    packed = np.zeros((members, system.n_parameters(1)))
    packed[:, 0] = np.linspace(0.1, 1.0, members)
    days, amounts = np.zeros((members, 2)), np.full((members, 2), 10.0)
    days[:, 1] = 3.0
    whole = np.zeros((members, 2), np.int64)
    rows = pack_doses([[]])._replace(
        day=days, agent=whole, amount=amounts, duration=np.zeros((members, 2)), lesion=whole - 1, input=whole - 1,
        next_row=np.zeros(members, np.int64),
    )  # fmt: skip
    return watch(start(system, np.arange(members), packed, 0, rows, options=Options()), [0], below=0.5)


def peak_memory(members: int) -> tuple[float, Batch]:
    """Bytes per member that a run takes at most, beyond the batch that it is given."""
    batch = crowd(members)
    tracemalloc.start()
    result = advance(decay(), batch, 30.0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / members, result


def crowd_is_right(result: Batch) -> None:
    out = result.state.p[:, 0]
    assert (result.status == Status.OK).all()
    np.testing.assert_allclose(result.y[:, 0], 10 * np.exp(-30 * out) + 10 * np.exp(-27 * out), rtol=1e-3, atol=1e-5)
    peak = np.maximum(10.0, 10 * np.exp(-3 * out) + 10)
    np.testing.assert_allclose(result.watch.record[:, 0, Record.HIGHEST], peak, rtol=1e-4)


def test_a_hundred_thousand_members_take_no_more_memory_each_than_ten_thousand():
    few, _ = peak_memory(10_000)
    many, result = peak_memory(100_000)
    crowd_is_right(result)
    assert many < 1.2 * few


@pytest.mark.slow
def test_a_million_members_take_no_more_memory_each_than_ten_thousand():
    few, _ = peak_memory(10_000)
    many, result = peak_memory(1_000_000)
    crowd_is_right(result)
    assert many < 1.2 * few


# ---- lesions --------------------------------------------------------------------------------------------------------------------
def arrow_members(lesions, capacity: int, options: Options) -> Batch:
    """Members of the arrow structure that differ in nothing but the number of their lesions."""
    one = drawn("arrow")
    system, n = one.compiled, len(lesions)
    longer = {key: np.concatenate([v, v], axis=1)[:, :capacity] if v.ndim == 2 else v for key, v in one.values.items()}
    first = {key: np.repeat(v[:1], n, axis=0) for key, v in longer.items()}
    packed = pack(one.structure.system, first, tuple(("marrow", "brain")[l % 2] for l in range(capacity)), capacity)
    rows = pack_doses([one.rows[0]] * n)
    return start(system, np.zeros(n, int), packed, np.asarray(lesions), rows, options=options)


def test_members_with_none_to_ten_lesions_share_a_batch():
    """Each ends as if it ran alone with room for its own lesions and no more."""
    options, lesions, system = Options(rtol=1e-7, faults=False), np.arange(11), drawn("arrow").compiled
    together = advance(system, arrow_members(lesions, 10, options), 20.0, save=np.array([5.0]), options=options)
    assert (together.status == Status.OK).all()
    for count in lesions:
        alone = advance(system, arrow_members([count], max(count, 1), options), 20.0, save=np.array([5.0]), options=options)
        states, outputs = system.n_states(count), system.n_observed(count)
        np.testing.assert_array_equal(together.y[count, :states], alone.y[0, :states])
        np.testing.assert_array_equal(together.saved[count, 0, :outputs], alone.saved[0, 0, :outputs])
        assert np.isnan(together.saved[count, 0, outputs:]).all()
        assert (together.y[count, states:] == 0.0).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, -1e300])
def test_numbers_of_lesions_that_are_not_there_do_not_matter(value):
    options, system = Options(faults=False), drawn("arrow").compiled
    batch = arrow_members([0, 1, 2, 3], 6, options)
    changed = batch.state.p.copy()
    for m, count in enumerate([0, 1, 2, 3]):
        changed[m, system.n_parameters(count) :] = value
    lesions = np.array([0, 1, 2, 3])
    other = start(system, np.zeros(4, int), changed, lesions, pack_doses([rows_to_come(batch, 0)] * 4), options=options)
    one, two = (advance(system, start_, 20.0, save=np.array([5.0]), options=options) for start_ in (batch, other))
    np.testing.assert_array_equal(one.y, two.y)
    np.testing.assert_array_equal(one.saved, two.saved)
    assert (two.status == Status.OK).all()
