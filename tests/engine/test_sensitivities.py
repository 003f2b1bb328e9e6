"""Derivatives run by the engine: closed forms are met, finite differences agree, and the courses themselves do not change."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remission.diseases.build import build
from remission.engine.batch import Dose, pack_doses
from remission.engine.compile import compile_system
from remission.engine.ensemble import Options, simulate, start
from remission.engine.layout import Status
from remission.engine.sensitivities import SMOOTH, Sensitivities, formula_slopes, run_with_sensitivities
from remission.engine.steppers import Method
from remission.errors import InputError
from remission.model.sensitivities import with_sensitivities
from remission.model.system import System
from remission.population import pack
from tests.engine.made_up_systems import random_system
from tests.model.sensitive_systems import closed_forms, tumor
from tests.reference.direct import Direct

pytestmark = pytest.mark.slow

TIGHT = replace(SMOOTH, rtol=1e-9, threads=1)
DAYS = np.linspace(0.0, 20.0, 21)


# ---- closed forms --------------------------------------------------------------------------------------------------------
@cache
def _closed(method: Method = Method.RODAS5P) -> Sensitivities:
    """Drug of 100 mg at once on day 0, and 100 mg over two days from day 5."""
    system, rows = closed_forms(), [Dose(0.0, 0, 100.0), Dose(5.0, 0, 100.0, 2.0, input=0)]
    p = pack(system, system.parameters.typical(), ("marrow",), 1)
    names, options = [output.name for output in system.outputs], replace(TIGHT, rtol=1e-11, method=method)
    return run_with_sensitivities(system, list(system.parameter_slots), names, np.arange(1), p, 1, 20.0, DAYS, pack_doses([rows]), options)


def _slope(found: Sensitivities, output: str, parameter: str) -> np.ndarray:
    column = [name for name, _, _ in found.columns].index(output)
    return found.slopes[0, :, column, found.parameters.index(parameter)]


def _close(found, expected) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("method", list(Method))
def test_decay_and_its_area(method):
    found, x0, k, t = _closed(method), 2.0, 0.3, DAYS
    left = np.exp(-k * t)
    _close(_slope(found, "decay.left", "decay.start"), left)
    _close(_slope(found, "decay.left", "decay.rate"), -x0 * t * left)
    _close(_slope(found, "decay.area", "decay.start"), (1 - left) / k)
    _close(_slope(found, "decay.area", "decay.rate"), x0 * (t * left / k - (1 - left) / k**2))


def test_one_compartment_after_a_bolus_and_during_and_after_an_infusion():
    found, t = _closed(), DAYS
    share, clearance, volume = 0.7, 5.0, 20.0
    k = clearance / volume
    during, after = np.clip(t - 5.0, 0.0, 2.0), np.clip(t - 7.0, 0.0, None)
    bolus = 100.0 * np.exp(-k * t) * (t > 0)
    bolus_by_k = -t * bolus
    infused = 50.0 / k * (1 - np.exp(-k * during)) * np.exp(-k * after)
    slope = 50.0 * (during * np.exp(-k * during) / k - (1 - np.exp(-k * during)) / k**2)
    infused_by_k = slope * np.exp(-k * after) - after * infused
    level, by_k = share * (bolus + infused) / volume, share * (bolus_by_k + infused_by_k) / volume
    _close(_slope(found, "drug.level", "drug.share"), level / share)
    _close(_slope(found, "drug.level", "drug.clearance"), by_k / volume)
    _close(_slope(found, "drug.level", "drug.volume"), -level / volume - by_k * k / volume)


def test_logistic_growth():
    found, n, room, e = _closed(), 1e6, 1e9, np.exp(0.25 * DAYS)
    below = room + n * (e - 1)
    _close(_slope(found, "crowded.seen", "crowded.rate"), n * room * DAYS * e * (room - n) / below**2)
    _close(_slope(found, "crowded.seen", "crowded.start"), e * room**2 / below**2)
    _close(_slope(found, "crowded.seen", "crowded.room"), n**2 * e * (e - 1) / below**2)


@pytest.mark.slow
def test_random_events_happen_only_when_asked_for():
    assert _closed().status[0] == Status.OK
    system = closed_forms()
    p = pack(system, system.parameters.draw(1, np.arange(20)), ("marrow",), 1)
    found = run_with_sensitivities(system, ["decay.start"], ["decay.left"], np.arange(20), p, 1, 20.0, DAYS, options=TIGHT, events=True)
    assert (found.status == Status.STOPPED).sum() > 10
    there = np.isfinite(found.slopes[:, :, 0, 0])
    np.testing.assert_array_equal(there, np.isfinite(found.values[:, :, 0]))
    expected = np.broadcast_to(np.exp(-0.3 * DAYS), there.shape)
    np.testing.assert_allclose(found.slopes[:, :, 0, 0][there], expected[there], rtol=1e-5)


def test_parameters_of_other_parts_have_slope_zero():
    assert not _slope(_closed(), "decay.left", "drug.volume").any()


# ---- Jacobian ------------------------------------------------------------------------------------------------------------
@settings(max_examples=15, deadline=None, derandomize=True, database=None)
@given(st.integers(0, 10**6))
def test_the_jacobian_holds_second_derivatives(seed):
    system, rng = random_system(seed), np.random.default_rng(seed)
    keys = list(system.parameter_slots)
    direct = Direct(with_sensitivities(system, [keys[seed % len(keys)]]), 2)
    y = rng.uniform(0.3, 2.0, direct.size)
    found, h = direct.jacobian(y), 1e-6
    moved = [(direct.rates(y + h * unit) - direct.rates(y - h * unit)) / (2 * h) for unit in np.eye(direct.size)]
    np.testing.assert_allclose(found, np.stack(moved, axis=1), rtol=1e-5, atol=1e-6 * np.abs(found).max())


# ---- finite differences --------------------------------------------------------------------------------------------------
def _course(system: System, values: dict, sites, rows, days, options: Options = TIGHT) -> np.ndarray:
    """All outputs [M, T, O] of the system without sensitivities."""
    compiled, members = compile_system(system), len(next(iter(values.values())))
    p = pack(system, values, sites, len(sites))
    batch = start(compiled, np.arange(members), p, len(sites), pack_doses([rows] * members), options=options)
    return simulate(compiled, batch, days[-1], save=days, options=options).saved


def _differences(system: System, values: dict, key: str, sites, rows, days, step: float = 1e-4) -> np.ndarray:
    """Central differences of all outputs by the common value of a parameter."""
    change = step * np.abs(values[key]).mean()
    above, below = (_course(system, {**values, key: values[key] + side * change}, sites, rows, days) for side in (1.0, -1.0))
    return (above - below) / (2 * change)


def _compare(system: System, keys, outputs, values: dict, sites, rows, days, tolerance: float) -> None:
    """Slopes agree with differences, relative to the largest of each patient and output; values with those of the plain system."""
    members = len(next(iter(values.values())))
    p, doses = pack(system, values, sites, len(sites)), pack_doses([rows] * members)
    found = run_with_sensitivities(system, keys, outputs, np.arange(members), p, len(sites), days[-1], days, doses, TIGHT)
    assert not found.status.any()
    slots, plain = [system.output_slot(*column) for column in found.columns], _course(system, values, sites, rows, days)
    _near(found.values, plain[:, :, slots], 1e-6)
    for k, key in enumerate(keys):
        _near(found.slopes[:, :, :, k], _differences(system, values, key, sites, rows, days)[:, :, slots], tolerance)


def _near(found: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    size = np.abs(expected).max(axis=1, keepdims=True)
    assert (np.abs(found - expected) <= tolerance * size).all(), (np.abs(found - expected) / size).max(axis=(0, 1))


def _unequal(system: System) -> dict:
    """Two patients whose lesions start at different size and whose clones differ."""
    values = system.parameters.draw(0, np.arange(2), 2, 2)
    values["tumor.start"] = np.array([[1e7, 3e7], [2e7, 1e6]])
    values["tumor.hardness"] = values["tumor.hardness"] * np.array([[[1.0, 1.0], [1.2, 1.0]], [[0.9, 1.0], [1.0, 1.1]]])
    return values


RADIATION, DRUG = 0, 1
TREATED = [
    Dose(0.0, DRUG, 10.0),
    Dose(3.0, DRUG, 30.0, 1.0, input=0),
    Dose(7.0, RADIATION, 2.0),
    Dose(7.0, RADIATION, 1.0, lesion=1),
    Dose(14.0, DRUG, 10.0),
    Dose(20.0, RADIATION, 3.0),
]


@pytest.mark.slow
def test_lesions_and_clones_under_drug_and_radiation_agree_with_differences():
    system, outputs = tumor(), ["tumor.burden", "tumor.blood", "tumor.size"]
    keys = ["radiation.beta", "tumor.shape", "tumor.growth", "tumor.calm", "tumor.mutation", "tumor.room", "tumor.start", "tumor.hardness"]
    _compare(system, keys, outputs, _unequal(system), ("marrow", "brain"), TREATED, np.linspace(0.0, 40.0, 21), 2e-5)


@pytest.mark.slow
def test_a_step_of_all_parameters_together_moves_outputs_by_the_sum_of_their_slopes():
    system, values, sites, days = tumor(), _unequal(tumor()), ("marrow", "brain"), np.linspace(0.0, 40.0, 21)
    keys, doses = list(system.parameter_slots), pack_doses([TREATED] * 2)
    found = run_with_sensitivities(
        system, keys, ["tumor.burden"], np.arange(2), pack(system, values, sites, 2), 2, 40.0, days, doses, TIGHT
    )
    step = {
        key: 1e-5 * x * np.abs(values[key]).mean() for key, x in zip(keys, np.random.default_rng(4).normal(size=len(keys)), strict=True)
    }
    ends = [_course(system, {key: values[key] + side * step.get(key, 0.0) for key in values}, sites, TREATED, days) for side in (1, -1)]
    together = found.along({"step": {key: 1e5 * size for key, size in step.items()}})
    slot = system.output_slot("tumor.burden")
    _near(together.slopes[:, :, 0, 0], 5e4 * (ends[0] - ends[1])[:, :, slot], 1e-4)


@pytest.mark.slow
def test_b_all_agrees_with_differences():
    drugs = ("chemotherapy:fludarabine", "chemotherapy:cyclophosphamide")
    system = build("b_all", ("car_t:tisagenlecleucel", *drugs))
    agent = {a.name: i for i, a in enumerate(system.agents)}
    rows = [Dose(float(day), agent[drugs[0]], 40.0, 0.02, input=system.agents[agent[drugs[0]]].input) for day in range(4)]
    rows += [Dose(float(day), agent[drugs[1]], 700.0, 0.04, input=system.agents[agent[drugs[1]]].input) for day in range(2)]
    rows += [Dose(6.0, next(i for name, i in agent.items() if name.startswith("car_t")), 1e8)]
    values = system.parameters.draw(1, np.arange(2), 2, system.n_clones)
    values["growth.initial"] = 0.1 * values["growth.initial"]
    keys = ["car_t.expansion", "car_t.fastest_kill", "growth.growth_rate", "lymphocytes.recovery_rate", "chemotherapy:fludarabine.kill"]
    outputs = ["marrow.blasts", "car_t.blood_level", "b_cells.relative"]
    _compare(system, keys, outputs, values, ("marrow", "extramedullary"), rows, np.linspace(0.0, 21.0, 22), 1e-5)


# ---- formulas of the tables ----------------------------------------------------------------------------------------------
def test_slopes_by_rows_that_act_through_formulas_chain():
    parameters = closed_forms().parameters.with_values({"decay.rate": "=0.6/drug.volume*decay.start", "crowded.rate": "=decay.rate**2"})
    values = parameters.draw(0, np.arange(3))
    slopes = formula_slopes(parameters, "drug.volume", values, ["decay.rate", "crowded.rate", "drug.volume", "crowded.room"])
    assert set(slopes) == {"decay.rate", "crowded.rate", "drug.volume"}
    rate = 0.6 / 20.0 * 2.0
    np.testing.assert_allclose(slopes["decay.rate"], -rate / 20.0, rtol=1e-9)
    np.testing.assert_allclose(slopes["crowded.rate"], -2 * rate**2 / 20.0, rtol=1e-9)
    np.testing.assert_allclose(slopes["drug.volume"], 1.0)
    found = _closed().along({"drug.volume": {key: slope[0] for key, slope in slopes.items()}})
    chained = _slope(_closed(), "decay.left", "decay.rate") * -rate / 20.0
    np.testing.assert_allclose(_slope(found, "decay.left", "drug.volume"), chained, rtol=1e-8)


def test_a_slope_that_differs_between_lesions_is_refused():
    parameters = tumor().parameters.with_values({"tumor.room": "=tumor.start*tumor.half"})
    values = parameters.draw(0, np.arange(1), 2, 2)
    values["tumor.start"] = np.array([[1e7, 2e7]])
    with pytest.raises(InputError, match="differs between lesions"):
        formula_slopes(parameters, "tumor.half", values, ["tumor.room"])


def test_chaining_through_a_parameter_that_was_not_asked_for_is_refused():
    with pytest.raises(InputError, match="acts through `tumor.kill`"):
        _closed().along({"drug.volume": {"tumor.kill": 1.0}})
