"""Doses, infusions and rates: closed forms are met, restarts are exact, and nothing depends on who is run beside whom."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from remission.engine.batch import Dose, pack_doses, put, rows_to_come, take, with_rows_to_come
from remission.engine.ensemble import Options, advance, observe, start
from remission.engine.layout import Status
from remission.engine.steppers import Method
from remission.errors import InputError
from tests.engine.systems import binding, two_compartments

RATES = np.array([0.5, 0.3, 0.2])
FLOW = np.array([[-(RATES[0] + RATES[1]), RATES[2]], [RATES[1], -RATES[2]]])
TIGHT = Options(rtol=1e-11, threads=1)


def patients(rows, number=1, scale=None):
    """Members with the same rates, or rates that grow from member to member, and the same dose rows."""
    parameters = np.tile([*RATES, 0.0], (number, 1))
    if scale is not None:
        parameters[:, :3] *= np.asarray(scale)[:, None]
    return start(two_compartments(), np.arange(number), parameters, 0, pack_doses([rows] * number))


def amounts(rows, day):
    """Closed form: boluses and infusions through the matrix exponential."""
    state = np.zeros(2)
    for dose in rows:
        if dose.duration == 0.0:
            state += expm(FLOW * (day - dose.day)) @ [dose.amount, 0.0]
        else:
            end = min(day, dose.day + dose.duration)
            steady = np.linalg.solve(FLOW, [dose.amount / dose.duration, 0.0])
            state += expm(FLOW * (day - end)) @ (expm(FLOW * (end - dose.day)) - np.eye(2)) @ steady
    return state


REGIMEN = [Dose(0.0, 0, 10.0), Dose(3.0, 0, 4.0), Dose(3.0, 0, 6.0), Dose(5.0, 0, 8.0, 2.0, input=0), Dose(6.0, 0, 3.0, 4.0, input=0)]


@pytest.mark.parametrize("method", list(Method))
def test_boluses_and_overlapping_infusions_match_the_closed_form(method):
    result = advance(two_compartments(), patients(REGIMEN), 20.0, options=Options(method=method, rtol=1e-11, threads=1))
    np.testing.assert_allclose(result.y[0], amounts(REGIMEN, 20.0), rtol=1e-8)


def test_when_all_infusions_are_over_the_rate_is_exactly_zero():
    rows = [Dose(0.1 * k, 0, 0.7, 0.3, input=0) for k in range(10)]
    assert advance(two_compartments(), patients(rows), 5.0).state.p[0, 3] == 0.0


def test_outputs_between_the_steps_match_the_closed_form():
    days = np.linspace(0.0, 20.0, 81)
    result = advance(two_compartments(), patients(REGIMEN[:1]), 20.0, save=days, options=Options(rtol=1e-9))
    exact = np.array([amounts(REGIMEN[:1], day) for day in days])
    exact[0] = 0.0
    np.testing.assert_allclose(result.saved[0, :, :2], exact, atol=1e-6)


def test_the_running_integral_is_the_area_under_the_curve():
    result = advance(two_compartments(), patients(REGIMEN[:1]), 200.0, options=TIGHT)
    assert result.state.q[0, 0] == pytest.approx(10.0 / RATES[0], rel=1e-8)


def test_a_visit_on_a_dosing_day_sees_the_patient_before_the_dose():
    result = advance(two_compartments(), patients(REGIMEN), 3.0, save=np.array([0.0, 3.0]), options=TIGHT)
    assert result.saved[0, 0, 0] == 0.0
    np.testing.assert_allclose(result.saved[0, 1, :2], amounts(REGIMEN[:1], 3.0), rtol=1e-8)
    np.testing.assert_array_equal(observe(two_compartments(), result)[0], result.saved[0, 1])


def test_a_dose_on_the_last_day_is_left_for_later():
    result = advance(two_compartments(), patients([Dose(0.0, 0, 1.0), Dose(2.0, 0, 5.0)]), 2.0)
    assert [dose.amount for dose in rows_to_come(result, 0)] == [5.0]


def test_stopping_on_the_way_changes_nothing_but_noise():
    system, options = two_compartments(), Options(rtol=1e-8)
    whole = advance(system, patients(REGIMEN), 20.0, options=options)
    stops = patients(REGIMEN)
    for day in (0.0, 2.0, 3.0, 3.0, 6.5, 10.0, 20.0):
        stops = advance(system, stops, day, options=options)
    np.testing.assert_allclose(stops.y, whole.y, rtol=1e-6)


def test_visits_cost_few_steps():
    system, once, often = binding(), None, None
    parameters = [[1000.0, 10.0, 0.02]]
    once = advance(system, start(system, [0], parameters, 0), 1000.0)
    often = start(system, [0], parameters, 0)
    for day in np.linspace(0.0, 1000.0, 21)[1:]:
        often = advance(system, often, day)
    assert often.state.accepted[0] <= once.state.accepted[0] + 2 * 20


def test_thousands_of_doses_are_given():
    rows = [Dose(0.01 * k, 0, 1.0) for k in range(3000)]
    result = advance(two_compartments(), patients(rows), 40.0, options=Options(rtol=1e-8))
    np.testing.assert_allclose(result.y[0], amounts(rows, 40.0), rtol=1e-5)


def test_rows_to_come_may_be_replaced_and_running_infusions_run_on():
    rows = [Dose(0.0, 0, 8.0, 4.0, input=0), Dose(6.0, 0, 100.0)]
    halfway = advance(two_compartments(), patients(rows), 2.0, options=TIGHT)
    changed = with_rows_to_come(halfway, {0: [Dose(7.0, 0, 1.0)]})
    result = advance(two_compartments(), changed, 10.0, options=TIGHT)
    np.testing.assert_allclose(result.y[0], amounts([rows[0], Dose(7.0, 0, 1.0)], 10.0), rtol=1e-8)
    assert rows_to_come(halfway, 0) == [rows[1]]


def error_after_equal_steps(method, steps, rates, day=4.0):
    """Largest error after so many equal steps, each ending at a stop; the tolerance never shortens them."""
    batch = start(binding(), [0], [rates], 0)
    batch.state.h[:] = day / steps
    for stop in day * np.arange(1, steps + 1) / steps:
        batch = advance(binding(), batch, stop, options=Options(method=method, rtol=1e3, threads=1))
    assert batch.state.accepted[0] == steps
    return np.abs(batch.y[0] - reference(rates, day)).max()


@pytest.mark.parametrize("method", list(Method))
def test_the_method_has_its_order(method):
    """Halving the steps divides the error by 32 or a little more (Tsit5's leading term is nearly zero on this problem)."""
    errors = [error_after_equal_steps(method, steps, [1.0, 0.5, 0.3]) for steps in (64, 128)]
    assert 4.7 < np.log2(errors[0] / errors[1]) < 6.2


def reference(rates, day):
    on, off, out = rates

    def flow(_, y):
        net = on * y[0] * y[1] - off * y[2]
        return [-net - out * y[0], -net, net]

    return solve_ivp(flow, (0.0, day), [1.0, 2.0, 0.0], method="DOP853" if on < 10.0 else "Radau", rtol=3e-14, atol=1e-15).y[:, -1]


def test_stiff_binding_matches_an_independent_solver():
    rates = [1e5, 1e2, 0.5]
    result = advance(binding(), start(binding(), [0], [rates], 0), 30.0)
    np.testing.assert_allclose(result.y[0], reference(rates, 30.0), rtol=2e-4, atol=1e-8)
    assert result.state.accepted[0] < 150


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**16), threads=st.sampled_from([1, 2]), chunk=st.integers(1, 7), number=st.integers(1, 9))
def test_threads_chunks_and_order_never_change_a_bit(seed, threads, chunk, number):
    rng = np.random.default_rng(seed)
    order = rng.permutation(9)[:number]
    scale = np.linspace(0.5, 3.0, 9)
    whole = advance(two_compartments(), patients(REGIMEN, 9, scale), 12.0, options=Options(threads=1))
    part = take(patients(REGIMEN, 9, scale), order)
    result = advance(two_compartments(), part, 12.0, options=Options(threads=threads, chunk=chunk))
    np.testing.assert_array_equal(result.y, whole.y[order])
    np.testing.assert_array_equal(result.state.h, whole.state.h[order])


def test_no_members_are_no_problem():
    assert advance(two_compartments(), patients([], 0), 10.0, save=np.arange(3.0)).saved.shape == (0, 3, 3)


def test_advance_leaves_the_batch_it_was_given_alone():
    batch = patients(REGIMEN, 2)
    before = batch.y.copy()
    advance(two_compartments(), batch, 10.0)
    np.testing.assert_array_equal(batch.y, before)
    assert (batch.doses.next_row == 0).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_member_that_is_not_finite_is_marked_and_the_others_go_on(value):
    batch = patients(REGIMEN, 3)
    batch.state.p[1, 0] = value
    result = advance(two_compartments(), batch, 10.0)
    assert result.status.tolist() == [Status.OK, Status.NON_FINITE, Status.OK]


def test_a_dose_that_is_not_finite_is_marked():
    assert advance(two_compartments(), patients([Dose(1.0, 0, np.nan)]), 5.0).status[0] == Status.NON_FINITE


def test_a_fault_can_be_asked_for_by_patient(monkeypatch):
    monkeypatch.setenv("REMISSION_FAULT", "member=2")
    assert advance(two_compartments(), patients(REGIMEN, 4), 10.0).status.tolist() == [0, 0, Status.NON_FINITE, 0]


def test_too_many_steps_are_counted_as_a_failure():
    result = advance(two_compartments(), patients(REGIMEN), 20.0, options=Options(max_steps=3))
    assert result.status[0] == Status.STEPS_EXHAUSTED


def test_a_stop_that_is_not_a_day_is_refused():
    with pytest.raises(InputError, match="not a finite day"):
        advance(two_compartments(), patients(REGIMEN), np.nan)


def test_parameters_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="wrong length"):
        start(two_compartments(), [0], np.zeros((1, 7)), 0)


def test_members_can_be_taken_out_and_put_back():
    batch = advance(two_compartments(), patients(REGIMEN, 4, [1.0, 2.0, 3.0, 4.0]), 5.0)
    mask = np.array([False, True, False, True])
    together = put(batch, mask, take(batch, mask))
    np.testing.assert_array_equal(together.y, batch.y)
