"""Rates, times and quantiles with their three uncertainties, and what replicate trials would see."""

import json

import numpy as np
import pytest

from remission.errors import InputError
from remission.response.estimates import MONTH, clopper_pearson, late_quantile, model_interval, quantiles, rate, rate_of, time_estimate
from remission.response.predictive import Predictive, predictive, replicate_patients, summarize, verdict_allowed, width_ratio


@pytest.mark.parametrize(
    ("x", "n", "low", "high"),
    [
        (0, 10, 0.0, 0.3085),
        (0, 20, 0.0, 0.1684),
        (5, 20, 0.0866, 0.4910),
        (10, 20, 0.2720, 0.7280),
        (12, 40, 0.1656, 0.4653),
        (61, 75, 0.7067, 0.8940),
        (40, 50, 0.6628, 0.8997),
        (8, 10, 0.4439, 0.9748),
        (53, 101, 0.4230, 0.6251),
        (83, 101, 0.7330, 0.8908),
        (20, 20, 0.8316, 1.0),
    ],
)
def test_clopper_pearson_limits_are_the_published_ones(x, n, low, high):
    assert clopper_pearson(x, n) == pytest.approx((low, high), abs=1e-4)


def test_61_of_75_is_reported_as_in_the_paper():
    found = rate_of(61, 75)
    assert (round(100 * found.value, 1), *(round(100 * limit, 1) for limit in found.trial)) == (81.3, 70.7, 89.4)


def test_more_responders_than_patients_are_refused():
    with pytest.raises(InputError, match="use 0 to 10"):
        clopper_pearson(11, 10)


def test_a_simulation_of_thousands_keeps_the_interval_of_the_design():
    found = rate(np.arange(4000) < 3280, n_design=79)
    assert found.value == 0.82
    assert found.mcse == pytest.approx(np.sqrt(0.82 * 0.18 / 4000))
    assert found.trial == pytest.approx(clopper_pearson(0.82 * 79, 79))
    assert found.trial[1] - found.trial[0] > 0.15


@pytest.mark.parametrize("x", [0, 50])
def test_a_simulation_without_exceptions_is_not_thought_certain(x):
    assert rate_of(x, 50).mcse > 0


def test_without_patients_a_rate_says_nothing():
    found = rate([])
    assert (found.value, found.mcse, found.trial, found.n) == (None, None, (0.0, 1.0), 0)


def test_the_model_interval_takes_what_is_not_reached_as_latest():
    assert model_interval(None) is None
    assert model_interval([1.0, 2.0, 3.0], confidence=0.5) == (1.5, 2.5)
    assert model_interval([10.0] * 90 + [None] * 10) == (10.0, None)
    assert late_quantile([None, None], 0.5) is None
    assert late_quantile([1.0, 2.0, None], 0.5) == 2.0


@pytest.fixture
def remissions():
    generator = np.random.default_rng(8)
    relapse = np.where(generator.random(4000) < 0.45, np.inf, generator.exponential(250, 4000))
    return np.minimum(relapse, 30 * MONTH), relapse < 30 * MONTH


def test_a_time_has_a_median_in_months_and_rates_within_follow_up(remissions):
    found = time_estimate(*remissions, n_design=65)
    assert list(found.rates) == [6, 12, 24]
    assert found.rates[12].value == pytest.approx(0.45 + 0.55 * np.exp(-12 * MONTH / 250), abs=0.02)
    assert (found.n, found.rates[12].n, found.rates[12].x) == (4000, 4000, None)
    assert found.events == remissions[1].sum()


def test_the_interval_of_a_time_is_that_of_the_design_and_its_error_that_of_the_simulation(remissions):
    small, large = time_estimate(*remissions, n_design=65), time_estimate(*remissions)
    assert small.rates[12].value == large.rates[12].value
    assert small.rates[12].mcse == large.rates[12].mcse
    assert small.rates[12].trial[0] < large.rates[12].trial[0]
    assert small.rates[12].mcse < 0.01 < (small.rates[12].trial[1] - small.rates[12].trial[0]) / 4


def test_the_error_of_a_median_is_that_of_repeated_simulations():
    generator = np.random.default_rng(6)
    medians = [np.median(generator.exponential(300, 800)) / MONTH for _ in range(400)]
    errors = [time_estimate(generator.exponential(300, 800), np.ones(800)).mcse for _ in range(40)]
    assert np.mean(errors) == pytest.approx(np.std(medians), rel=0.15)


def test_a_median_nobody_reached_is_null_and_everything_is_plain_json():
    found = time_estimate([400.0, 500.0, 800.0], [1, 0, 0], model={"median": [12.0, None], "12": [0.5, 0.6]})
    text = json.dumps(found.json(), allow_nan=False)
    assert json.loads(text)["median"] is None
    assert found.model[1] is None
    assert json.loads(text)["rates"]["12"]["model"] == pytest.approx([0.5025, 0.5975])
    json.dumps(rate([True, False]).json(), allow_nan=False)


def test_a_curve_without_events_yet_is_not_thought_certain():
    found = time_estimate([400.0, 500.0, 800.0], [1, 0, 0], n_design=30).rates[6]
    assert found.value == 1.0
    assert found.mcse > 0
    assert found.trial == pytest.approx(clopper_pearson(30, 30))


def test_a_rate_at_the_last_day_of_follow_up_is_said():
    assert 60 in time_estimate([60 * MONTH - 1e-9, 100.0], [0, 1]).rates


def test_a_time_without_patients_is_empty():
    found = time_estimate([], [])
    assert (found.median, found.n, found.events, found.rates) == (None, 0, 0, {})


def test_quantiles_leave_out_who_has_no_value():
    found = quantiles([1.0, 2.0, 3.0, np.nan, np.inf])
    assert found.json() == {"median": 2.0, "q05": pytest.approx(1.1), "q95": pytest.approx(2.9)}
    assert quantiles([np.nan]).json() == {"median": None, "q05": None, "q95": None}


def test_replicates_of_79_patients_scatter_as_a_binomial():
    response = np.arange(10_000) < 8200
    found = predictive(lambda draw, chosen: float(response[chosen].mean()), 10_000, 79, replicates=2000, seed=3)
    assert found.contains(65 / 79)
    assert not found.contains(0.5)
    assert found.median == pytest.approx(0.82, abs=0.01)
    assert found.width == pytest.approx(4 * np.sqrt(0.82 * 0.18 / 79), rel=0.1)


def test_a_replicate_depends_on_seed_and_number_alone():
    np.testing.assert_array_equal(replicate_patients(1000, 79, 3, 5), replicate_patients(1000, 79, 3, 5))
    assert not np.array_equal(replicate_patients(1000, 79, 3, 5), replicate_patients(1000, 79, 3, 6))
    np.testing.assert_array_equal(replicate_patients(1000, 79, 3, 5)[:20], replicate_patients(1000, 20, 3, 5))


def test_posterior_draws_widen_the_predictive_interval():
    shares = [0.6, 0.7, 0.8, 0.9]
    pool = (np.arange(5000) + 0.5) / 5000
    whole = predictive(lambda draw, chosen: float(np.mean(pool[chosen] < shares[draw])), 5000, 79, draws=4, replicates=800)
    sampling = predictive(lambda draw, chosen: float(np.mean(pool[chosen] < 0.75)), 5000, 79, replicates=800)
    assert width_ratio(whole, sampling) > 1.5


def test_not_reached_is_later_than_any_time_and_what_cannot_be_computed_is_left_out():
    found = summarize([10.0, 12.0, None, None, float("nan")])
    assert (len(found.values), found.high, found.width) == (4, None, None)
    assert found.contains(None)
    assert not found.contains(5.0)
    assert width_ratio(found, found) is None
    assert summarize([]) == Predictive((), None, None, None)
    assert not summarize([]).contains(None)


def test_a_verdict_needs_a_small_monte_carlo_error():
    assert verdict_allowed(0.005, 0.04)
    assert not verdict_allowed(0.01, 0.04)
    assert not verdict_allowed(None, 0.04)
