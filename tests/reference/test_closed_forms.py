"""Linear kinetics agree with their closed forms to 1e-8, whatever the dosing."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from math import factorial

import numpy as np
import pytest
from scipy.linalg import expm

from remission.engine.ensemble import DEFAULTS
from remission.engine.steppers import Method
from remission.model.compose import compose

from .cases import system_of
from .direct import Direct
from .linear_kinetics import Absorbed, Infused, Transit
from .runs import dose_rows, drawn_parameters, run

METHODS = [Method.RODAS5P, Method.TSIT5]
EXACT = replace(DEFAULTS, rtol=1e-11, threads=1)
SMALL = 1e-6


@cache
def _system():
    return compose("linear kinetics", (Absorbed(), Transit(), Infused()))


def _course(doses, days, method, name):
    system = _system()
    options = replace(EXACT, method=method)
    batch = run(system, Direct(system).p[None], days[-1], [dose_rows(system, doses)], days, options, atol_factor=SMALL)
    assert batch.status[0] == 0
    return batch.saved[0, :, system.output_slot(name)]


def _close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8 * np.abs(expected).max())


def _bateman(t, dose, ka, k):
    return np.where(t > 0, dose * ka / (ka - k) * (np.exp(-k * t) - np.exp(-ka * t)), 0.0)


@pytest.mark.parametrize("method", METHODS)
def test_absorbed_drug_follows_bateman_over_repeated_doses(method):
    days = np.linspace(0, 12, 97)
    doses = [(0.0, "absorbed", 100.0), (2.3, "absorbed", 50.0), (7.0, "absorbed", 100.0)]
    expected = sum(_bateman(days - day, amount, 1.7, 0.4) for day, _, amount in doses)
    _close(_course(doses, days, method, "absorbed.amount"), expected)


@pytest.mark.parametrize("method", METHODS)
def test_area_under_the_curve_is_dose_over_loss(method):
    days = np.array([0.0, 3.0, 100.0])
    area = _course([(0.0, "absorbed", 100.0)], days, method, "absorbed.area")
    expected = 100 / 0.4 - _bateman(days, 100.0, 1.7, 0.4) / 0.4 - 100 * np.exp(-1.7 * days) / 0.4
    _close(area, expected)
    assert area[-1] == pytest.approx(250.0, rel=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_a_pulse_leaves_a_transit_chain_as_an_erlang_law(method):
    days = np.linspace(0, 10, 41)[1:]
    for i in (1, 3, 5):
        expected = 80 * (1.7 * days) ** (i - 1) / factorial(i - 1) * np.exp(-1.7 * days)
        _close(_course([(0.0, "transit", 80.0)], days, method, f"transit.at_{i}"), expected)


@pytest.mark.parametrize("method", METHODS)
def test_infusion_in_grams_into_two_compartments_in_milligrams(method):
    days, start, length = np.linspace(0, 8, 65), 1.0, 2.5
    matrix = np.array([[-(0.48 + 0.4), 0.3], [0.48, -0.3]])
    source = np.linalg.solve(matrix, np.array([1500.0 / length, 0.0]))

    def amounts(t):
        during = min(max(t - start, 0.0), length)
        at_end = expm(matrix * during) @ source - source
        return expm(matrix * max(t - start - length, 0.0)) @ at_end

    expected = np.array([amounts(t) for t in days])
    for name, column in (("infused.amount", 0), ("infused.deep", 1)):
        _close(_course([(start, "infused", 1.5, length)], days, method, name), expected[:, column])


def test_what_is_given_is_somewhere_or_lost():
    days = np.linspace(0.1, 30, 50)
    doses = [(0.0, "absorbed", 100.0)]
    blood, lost = (_course(doses, days, Method.RODAS5P, f"absorbed.{name}") for name in ("amount", "gone"))
    np.testing.assert_allclose(blood + lost + 100 * np.exp(-1.7 * days), 100.0, rtol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_each_patient_changes_phase_at_the_own_day_of_the_peak(method):
    system, patients, days = system_of("stein"), np.arange(40), np.linspace(0.0, 120.0, 241)
    parameters, drawn = drawn_parameters(system, 3, patients)
    peak_day, peak = drawn["stein.peak_day"], drawn["stein.peak"]
    assert np.ptp(peak_day) > 5
    doses = [dose_rows(system, [(day, "stein", 1.0)]) for day in peak_day]
    batch = run(system, parameters, 120.0, doses, days, replace(EXACT, method=method), atol_factor=SMALL)
    after = np.maximum(days - peak_day[:, None], 0.0)
    rising = peak[:, None] / 3900 * np.exp(np.log(3900) * days / peak_day[:, None])
    falling = peak[:, None] * ((1 - 0.0079) * np.exp(-0.16 * after) + 0.0079 * np.exp(-0.0032 * after))
    expected = np.where(days < peak_day[:, None], rising, falling)
    np.testing.assert_allclose(batch.saved[:, :, system.output_slot("stein.R")], expected, rtol=1e-8)
