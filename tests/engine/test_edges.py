"""The corners of a run: nothing to do, everything at once, too much, too long, not a number; one odd member never harms another."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from remission.engine.batch import Batch, Dose, pack_doses, rows_to_come
from remission.engine.compile import compile_system
from remission.engine.ensemble import Options, advance, start, watch
from remission.engine.layout import Status
from remission.engine.steppers import Method
from remission.errors import InputError
from tests.engine.random_members import drawn
from tests.engine.structures import STRUCTURES, one_part

pytestmark = pytest.mark.slow

OPTIONS = Options(rtol=1e-10, threads=1, faults=False)
both_methods = pytest.mark.parametrize("method", list(Method))


@cache
def decay():
    """A drug that leaves at a rate of its own, with its area: amounts are known in closed form."""

    def says(m):
        drug = m.state("drug", unit="mg", dosed=True)
        m.flow(drug, None, m.parameters.out * drug)
        m.output("seen", drug, "mg")
        m.output("area", m.integral("whole", drug), "mg*day")

    return compile_system(one_part(says, {"a.out": "1/day"}))


def patients(rows, out=(0.5,), options: Options = OPTIONS, day: float = 0.0) -> Batch:
    """One member for each rate `out`, all with the same dose rows."""
    system, members = decay(), len(out)
    packed = np.zeros((members, system.n_parameters(1)))
    packed[:, 0] = out
    return start(system, np.arange(members), packed, 0, pack_doses([list(rows)] * members), day=day, options=options)


def left(rows, day: float, out: float = 0.5) -> float:
    """Closed form of what is left of all rows before this day."""
    total = 0.0
    for row in rows:
        if row.duration == 0.0:
            total += row.amount * np.exp(-out * (day - row.day)) if row.day < day else 0.0
        elif row.day < day:
            end = min(day, row.day + row.duration)
            total += row.amount / row.duration / out * (np.exp(-out * (day - end)) - np.exp(-out * (day - row.day)))
    return total


def bolus(day: float, amount: float) -> Dose:
    return Dose(day, 0, amount)


def infusion(day: float, amount: float, duration: float) -> Dose:
    return Dose(day, 0, amount, duration, -1, 0)


# ---- time -----------------------------------------------------------------------------------------------------------------------
@both_methods
@pytest.mark.parametrize("day", [0.0, 2.0])
def test_no_time_is_no_change(method, day):
    """Not even the doses of that day: they belong to the time after it."""
    options = replace(OPTIONS, method=method)
    batch = advance(decay(), patients([bolus(0.0, 10.0), bolus(2.0, 5.0)], options=options), day, options=options)
    again = advance(decay(), batch, day, save=np.array([day]), options=options)
    np.testing.assert_array_equal(again.y, batch.y)
    assert again.t[0] == day
    assert again.saved[0, 0, 0] == batch.y[0, 0] == pytest.approx(left([bolus(0.0, 10.0)] if day else [], day))
    assert rows_to_come(again, 0)[0].day == day


def test_a_day_gone_by_leaves_the_member_as_it_is():
    batch = advance(decay(), patients([bolus(0.0, 10.0)]), 5.0, options=OPTIONS)
    again = advance(decay(), batch, np.array([3.0]), options=OPTIONS)
    assert again.t[0] == 5.0
    np.testing.assert_array_equal(again.y, batch.y)
    assert again.state.accepted[0] == batch.state.accepted[0]


@pytest.mark.parametrize("day", [1e-300, 1e-16, 1e-12, 1e-6])
def test_an_instant_is_enough_for_a_dose(day):
    result = advance(decay(), patients([bolus(0.0, 10.0)]), day, options=OPTIONS)
    assert result.t[0] == day
    assert result.y[0, 0] == pytest.approx(10.0)


@both_methods
def test_a_million_years_end(method):
    """The drug is long gone; the explicit method is held at its limit of stability, and says so if it is not let through."""
    options = replace(OPTIONS, method=method, max_steps=2000)
    result = advance(decay(), patients([bolus(0.0, 10.0)], options=options), 3.65e8, options=options)
    if method == Method.RODAS5P:
        assert result.status[0] == Status.OK
        assert result.t[0] == 3.65e8
        assert abs(result.y[0, 0]) < 1e-6
    else:
        assert result.status[0] == Status.STEPS_EXHAUSTED
        assert result.t[0] < 3.65e8


def test_days_may_lie_before_zero():
    rows = [bolus(-7.0, 10.0), infusion(-3.0, 6.0, 5.0)]
    result = advance(decay(), patients(rows, day=-7.0), 1.0, save=np.array([-7.0, -3.5, 0.0, 1.0]), options=OPTIONS)
    np.testing.assert_allclose(result.saved[0, 1:, 0], [left(rows, day) for day in (-3.5, 0.0, 1.0)], rtol=1e-7)
    assert result.saved[0, 0, 0] == 0.0


def test_members_have_ends_of_their_own():
    batch = patients([bolus(0.0, 10.0)], out=(0.5, 0.5, 0.5, 0.5))
    result = advance(decay(), batch, np.array([0.0, 1.0, 2.5, 100.0]), options=OPTIONS)
    assert result.t.tolist() == [0.0, 1.0, 2.5, 100.0]
    np.testing.assert_allclose(result.y[:, 0], [0.0, *(left([bolus(0.0, 10.0)], day) for day in (1.0, 2.5, 100.0))], rtol=1e-7, atol=1e-9)


# ---- doses ----------------------------------------------------------------------------------------------------------------------
def test_doses_of_one_day_add_up_in_any_order():
    rows = [bolus(1.0, 10.0), infusion(1.0, 6.0, 2.0), bolus(1.0, 5.0), infusion(1.0, 3.0, 2.0), infusion(1.0, 4.0, 1.0)]
    ends = [advance(decay(), patients(own), 6.0, options=OPTIONS).y[0, 0] for own in (rows, rows[::-1])]
    assert ends[0] == pytest.approx(left(rows, 6.0), rel=1e-8)
    assert ends[0] == ends[1]


def test_a_dose_on_day_zero_counts_and_one_on_the_last_day_does_not():
    rows = [bolus(0.0, 10.0), bolus(4.0, 100.0), infusion(4.0, 100.0, 1.0)]
    first = advance(decay(), patients(rows), 4.0, save=np.array([0.0, 4.0]), options=OPTIONS)
    assert first.saved[0, 0, 0] == 0.0
    assert first.saved[0, 1, 0] == first.y[0, 0] == pytest.approx(left(rows[:1], 4.0))
    assert rows_to_come(first, 0) == rows[1:]
    second = advance(decay(), first, 5.0, options=OPTIONS)
    assert second.y[0, 0] == pytest.approx(left(rows, 5.0), rel=1e-8)


@both_methods
@pytest.mark.parametrize("stop", [2.0, 3.0, 3.5, 5.0, 7.0])
def test_an_infusion_may_start_end_or_go_on_at_a_stop(method, stop):
    """Infusions from 2 to 5 and from 3 to 7, with a visit at their starts, ends and in between."""
    rows, options = [infusion(2.0, 6.0, 3.0), infusion(3.0, 8.0, 4.0)], replace(OPTIONS, method=method)
    batch = advance(decay(), patients(rows, options=options), stop, options=options)
    assert batch.y[0, 0] == pytest.approx(left(rows, stop), rel=1e-8, abs=1e-12)
    assert advance(decay(), batch, 10.0, options=options).y[0, 0] == pytest.approx(left(rows, 10.0), rel=1e-8)


def test_what_an_infusion_brings_is_its_amount():
    """Whatever its length: the area is the amount over the rate of loss."""
    for duration in (1e-6, 0.01, 1.0, 30.0):
        batch = advance(decay(), patients([infusion(1.0, 7.0, duration)]), 120.0, options=OPTIONS)
        assert batch.state.q[0, 0] == pytest.approx(7.0 / 0.5, rel=1e-7), duration


def test_thousands_of_doses_and_overlapping_infusions():
    rows = [bolus(0.003 * k, 0.01) for k in range(3000)] + [infusion(0.0101 * k, 0.02, 1.7) for k in range(1000)]
    result = advance(decay(), patients(rows), 15.0, options=OPTIONS)
    assert result.status[0] == Status.OK
    assert result.y[0, 0] == pytest.approx(left(rows, 15.0), rel=1e-6)
    assert result.state.p[0, -1] == 0.0


def test_a_dose_of_nothing_is_a_stop_and_no_more():
    whole = advance(decay(), patients([bolus(0.0, 10.0)]), 6.0, options=OPTIONS)
    broken = advance(decay(), patients([bolus(0.0, 10.0), *(bolus(0.7 * k, 0.0) for k in range(1, 8))]), 6.0, options=OPTIONS)
    assert broken.y[0, 0] == pytest.approx(whole.y[0, 0], rel=1e-8)


# ---- days to save ---------------------------------------------------------------------------------------------------------------
def test_days_to_save_may_be_none_dense_or_twice_the_same():
    rows = [bolus(0.0, 10.0), bolus(2.0, 5.0)]
    plain = advance(decay(), patients(rows), 6.0, options=OPTIONS)
    for days in (np.zeros(0), np.repeat([0.0, 2.0, 2.5, 6.0], 3), np.linspace(0.0, 6.0, 20_001)):
        result = advance(decay(), patients(rows), 6.0, save=days, options=OPTIONS)
        np.testing.assert_array_equal(result.y, plain.y)
        np.testing.assert_array_equal(result.state.accepted, plain.state.accepted)
        np.testing.assert_allclose(result.saved[0, :, 0], [left(rows, day) for day in days], atol=1e-6)


def test_days_outside_the_run_are_not_saved():
    batch = advance(decay(), patients([bolus(0.0, 10.0)]), 2.0, options=OPTIONS)
    result = advance(decay(), batch, 4.0, save=np.array([-1.0, 0.0, 1.999, 2.0, 4.0, 4.0000001, 9.0]), options=OPTIONS)
    assert np.isnan(result.saved[0, :, 0]).tolist() == [True, True, True, False, False, True, True]


@pytest.mark.parametrize("days", [[2.0, 1.0], [0.0, np.nan], [0.0, np.inf]])
def test_days_that_are_not_sorted_numbers_are_refused(days):
    with pytest.raises(InputError, match="sorted finite"):
        advance(decay(), patients([]), 6.0, save=np.array(days), options=OPTIONS)


# ---- numbers that are none, and limits ------------------------------------------------------------------------------------------
@both_methods
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["parameter", "state", "amount", "rate"])
def test_what_is_not_a_number_marks_its_member_and_no_other(method, value, where):
    rows, out, options = [bolus(1.0, 10.0), infusion(2.0, 4.0, 1.0)], np.linspace(0.2, 0.9, 11), replace(OPTIONS, method=method)
    healthy = advance(decay(), patients(rows, out, options), 6.0, save=np.array([3.0]), options=options)
    batch = patients(rows, np.where(np.arange(11) == 4, value, out) if where == "parameter" else out, options)
    if where == "state":
        batch.state.y[4, 0] = value
    if where in ("amount", "rate"):
        batch.doses.amount[4, 0 if where == "amount" else 1] = value
    result = advance(decay(), batch, 6.0, save=np.array([3.0]), options=options)
    others = np.arange(11) != 4
    assert result.status[4] == Status.NON_FINITE
    assert (result.status[others] == Status.OK).all()
    np.testing.assert_array_equal(result.y[others], healthy.y[others])
    np.testing.assert_array_equal(result.saved[others], healthy.saved[others])


def test_rates_at_their_bounds():
    """A drug that never leaves, one that leaves at once, and what lies between."""
    out = np.array([0.0, 1e-300, 1e-12, 1.0, 1e6, 1e9])
    result = advance(decay(), patients([bolus(0.0, 10.0)], out), 1.0, options=OPTIONS)
    assert (result.status == Status.OK).all()
    np.testing.assert_allclose(result.y[:, 0], 10.0 * np.exp(-out), rtol=1e-8, atol=1e-6)


@pytest.mark.parametrize("name", sorted(STRUCTURES))
def test_coefficients_of_zero_are_survived(name):
    """Each coefficient of a structure set to zero in turn: the run ends, and only a member without a value may fail."""
    one = drawn(name)
    options = Options(n_small=0.0, faults=False, max_steps=20_000)
    keys = sorted(one.values)
    zeroed = replace(one, values={key: one.values[key].copy() for key in keys})
    for m, key in zip(range(one.size), keys, strict=False):
        zeroed.values[key][m] = 0.0
    result = advance(one.compiled, zeroed.batch(options), one.structure.days, options=options)
    ended = np.isin(result.status, (Status.OK, Status.NON_FINITE, Status.STEPS_EXHAUSTED))
    assert ended.all()
    assert np.isfinite(result.y[result.status == Status.OK]).all()
    assert (result.status[len(keys) :] == Status.OK).all()


def test_a_member_out_of_steps_stands_where_it_got_to():
    few = replace(OPTIONS, max_steps=4)
    result = advance(decay(), patients([bolus(0.0, 10.0)], out=(0.5, 0.0), options=few), 50.0, options=few)
    assert result.status.tolist() == [Status.STEPS_EXHAUSTED, Status.OK]
    assert 0.0 < result.t[0] < 50.0
    assert result.y[0, 0] == pytest.approx(left([bolus(0.0, 10.0)], result.t[0]), rel=1e-6)
    assert advance(decay(), result, 60.0, options=OPTIONS).t.tolist() == [result.t[0], 60.0]


# ---- what is refused ------------------------------------------------------------------------------------------------------------
def test_rows_of_another_number_of_members_are_refused():
    batch = patients([bolus(0.0, 10.0)], out=(0.5, 0.5, 0.5))
    with pytest.raises(InputError, match="members"):
        advance(decay(), replace(batch, doses=pack_doses([[bolus(0.0, 10.0)]])), 5.0, options=OPTIONS)


@pytest.mark.parametrize("row", [bolus(np.nan, 1.0), infusion(1.0, 1.0, np.nan)])
def test_a_row_without_a_day_or_a_duration_is_refused(row):
    """It would hold back every row after it."""
    with pytest.raises(InputError, match="no day or no duration"):
        advance(decay(), patients([row, bolus(2.0, 10.0)]), 5.0, options=OPTIONS)


def test_arrays_of_another_kind_are_refused():
    batch = patients([bolus(0.0, 10.0)])
    with pytest.raises(InputError, match="float64"):
        advance(decay(), replace(batch, state=batch.state._replace(y=batch.y.astype(np.float32))), 5.0, options=OPTIONS)


def test_an_output_that_does_not_exist_cannot_be_watched():
    with pytest.raises(InputError, match="no such output"):
        advance(decay(), watch(patients([]), [99]), 5.0, options=OPTIONS)


@pytest.mark.parametrize("duration", [1e-300, 1e-17, 1e-16])
def test_an_infusion_too_short_for_the_clock_is_a_dose_at_once(duration):
    short, whole = (advance(decay(), patients([row]), 9.0, options=OPTIONS) for row in (infusion(5.0, 10.0, duration), bolus(5.0, 10.0)))
    np.testing.assert_array_equal(short.y, whole.y)


def test_a_member_without_a_day_is_not_finite():
    batch = patients([bolus(0.0, 10.0)], out=(0.5, 0.5))
    batch.state.t[1] = np.nan
    assert advance(decay(), batch, 5.0, options=OPTIONS).status.tolist() == [Status.OK, Status.NON_FINITE]
