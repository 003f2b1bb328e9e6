"""Group-sequential bounds against published constants, multivariate normal integrals and simulated trials."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from remission.errors import InputError
from remission.response.group_sequential import decide, first_crossing, lan_demets, obrien_fleming, pocock, spending


@pytest.mark.parametrize(
    ("looks", "published"),
    [
        (2, [2.797, 1.977]),
        (3, [3.471, 2.454, 2.004]),
        (4, [4.049, 2.863, 2.337, 2.024]),
        (5, [4.562, 3.226, 2.634, 2.281, 2.040]),
    ],
)
def test_obrien_fleming_bounds_are_as_published(looks, published):
    assert obrien_fleming(looks).z == pytest.approx(published, abs=1e-3)


@pytest.mark.parametrize(("looks", "published"), [(2, 2.178), (3, 2.289), (4, 2.361), (5, 2.413)])
def test_pocock_bounds_are_as_published(looks, published):
    assert pocock(looks).z == pytest.approx([published] * looks, abs=1e-3)


def test_spending_as_obrien_and_fleming_at_half_the_information_is_as_published():
    bounds = lan_demets([0.5, 1.0], alpha=0.025)
    assert bounds.spent[0] == pytest.approx(0.001525, abs=1e-6)
    assert bounds.z == pytest.approx([2.963, 1.969], abs=1e-3)


def test_spending_on_both_sides_at_four_looks_is_as_published():
    """Bounds that the program of Reboussin, DeMets, Kim and Lan prints for 0.05 and four equal looks."""
    bounds = lan_demets([0.25, 0.5, 0.75, 1.0], alpha=0.05, sides=2)
    assert bounds.z == pytest.approx([4.333, 2.963, 2.359, 2.014], abs=1e-3)


@pytest.mark.parametrize("shape", ["obrien_fleming", "pocock"])
def test_all_of_the_error_is_spent_when_all_information_is_in(shape):
    assert spending(1.0, 0.025, shape) == pytest.approx(0.025, abs=1e-12)
    assert spending(1.2, 0.025, shape) == pytest.approx(0.025, abs=1e-12)
    assert np.all(np.diff(spending(np.linspace(0.01, 1, 50), 0.025, shape)) > 0)


@pytest.mark.parametrize(
    "bounds",
    [
        obrien_fleming(5),
        pocock(5),
        obrien_fleming(3, alpha=0.01, sides=1),
        lan_demets([0.2, 0.6, 0.7, 1.0]),
        lan_demets([0.3, 1.0], 0.05, 2, "pocock"),
    ],
    ids=lambda bounds: bounds.title,
)
def test_without_an_effect_the_chance_of_crossing_is_the_error_spent(bounds):
    assert np.cumsum(bounds.crossing()) == pytest.approx(bounds.spent, abs=1e-8)
    assert bounds.spent[-1] == pytest.approx(bounds.alpha, abs=1e-8)


@pytest.mark.parametrize("drift", [0.0, 2.5])
def test_one_sided_crossing_agrees_with_the_multivariate_normal_integral(drift):
    t = np.array([0.3, 0.55, 1.0])
    bounds = lan_demets(t)
    covariance: Any = np.sqrt(np.minimum.outer(t, t) / np.maximum.outer(t, t))
    for looks in (1, 2, 3):
        inside = multivariate_normal.cdf(bounds.z[:looks], drift * np.sqrt(t[:looks]), covariance[:looks, :looks], rng=1)
        assert bounds.crossing(drift)[:looks].sum() == pytest.approx(1 - inside, abs=1e-5)


def test_two_sided_crossing_agrees_with_the_multivariate_normal_integral():
    t = np.arange(1, 4) / 3
    bounds = obrien_fleming(3)
    covariance: Any = np.sqrt(np.minimum.outer(t, t) / np.maximum.outer(t, t))
    inside = multivariate_normal.cdf(bounds.z, np.zeros(3), covariance, lower_limit=-bounds.z, rng=1)
    assert bounds.crossing().sum() == pytest.approx(1 - inside, abs=1e-5)


@pytest.mark.parametrize(("drift", "sides"), [(0.0, 2), (3.0, 2), (2.0, 1)])
def test_crossing_agrees_with_simulated_trials(drift, sides):
    t = np.array([0.2, 0.5, 0.8, 1.0])
    bounds = lan_demets(t, alpha=0.05, sides=sides, shape="pocock")
    step = np.diff(t, prepend=0.0)
    paths = np.cumsum(drift * step + np.sqrt(step) * np.random.default_rng(3).standard_normal((200_000, 4)), axis=1) / np.sqrt(t)
    beyond = (np.abs(paths) if sides == 2 else paths) >= bounds.z
    first = np.where(beyond.any(axis=1), beyond.argmax(axis=1), -1)
    counted = np.array([(first == look).mean() for look in range(4)])
    assert bounds.crossing(drift) == pytest.approx(counted, abs=4 * 0.5 / np.sqrt(200_000))


def test_one_look_is_the_ordinary_test():
    assert obrien_fleming(1).z == pytest.approx([1.959964], abs=1e-6)
    assert lan_demets([1.0]).z == pytest.approx([1.959964], abs=1e-6)
    assert pocock(1, alpha=0.025, sides=1).power(float(norm.isf(0.025) + norm.isf(0.2))) == pytest.approx(0.8, abs=1e-9)


def test_a_bound_that_is_set_at_one_look_does_not_depend_on_looks_to_come():
    assert lan_demets([0.3, 0.6, 1.0]).z[:2] == pytest.approx(lan_demets([0.3, 0.6, 0.8, 1.0]).z[:2], abs=1e-9)


def test_bounds_fall_with_information_after_obrien_and_fleming():
    assert np.all(np.diff(obrien_fleming(6).z) < 0)
    assert np.all(np.diff(lan_demets(np.arange(1, 7) / 6).z) < 0)


def test_more_looks_make_the_last_bound_higher_and_the_power_lower():
    few, many = pocock(2), pocock(5)
    assert many.z[-1] > few.z[-1] > 1.96
    assert many.power(3.0) < few.power(3.0)


def test_a_bound_that_cannot_be_reached_is_nine():
    bounds = lan_demets(np.arange(1, 101) / 100)
    assert bounds.z[0] == 9.0
    assert bounds.crossing().sum() == pytest.approx(0.025, abs=1e-8)


def test_an_interim_statistic_of_2_9_crosses_at_the_second_of_four_looks():
    """Worked example 52."""
    found = decide(obrien_fleming(4), 2, 2.9)
    assert found.crosses
    assert found.bound == pytest.approx(2.863, abs=1e-3)
    assert "2.863" in found.why


@pytest.mark.parametrize(("z", "sides", "crosses"), [(2.85, 2, False), (-2.9, 2, True), (-2.9, 1, False)])
def test_a_negative_statistic_crosses_only_with_two_sides(z, sides, crosses):
    bounds = obrien_fleming(4, alpha=0.025 * sides, sides=sides)
    assert decide(bounds, 2, z).crosses is crosses


def test_a_statistic_exactly_at_the_bound_crosses():
    bounds = pocock(3)
    assert decide(bounds, 1, float(bounds.z[0])).crosses


@pytest.mark.parametrize("look", [0, 5])
def test_a_look_that_was_not_planned_is_refused(look):
    with pytest.raises(InputError, match="look"):
        decide(obrien_fleming(4), look, 2.0)


@pytest.mark.parametrize("fractions", [[], [0.5, 0.5, 1.0], [0.6, 0.4, 1.0], [0.0, 1.0], [0.5, 1.2], [np.nan, 1.0], [0.5, 0.501]])
def test_looks_that_do_not_rise_to_one_are_refused(fractions):
    with pytest.raises(InputError, match="looks"):
        lan_demets(fractions)


@pytest.mark.parametrize(("alpha", "sides"), [(0.0, 1), (1.0, 1), (0.05, 3)])
def test_errors_that_are_no_probabilities_are_refused(alpha, sides):
    with pytest.raises(InputError, match="error"):
        pocock(3, alpha, sides)


def test_as_many_bounds_as_looks_are_needed():
    with pytest.raises(InputError, match="differ"):
        first_crossing([2.0, 2.0], [0.5, 0.7, 1.0])


def test_an_unknown_spending_function_is_refused():
    with pytest.raises(InputError, match="pocock"):
        spending(0.5, 0.025, "linear")  # pyright: ignore[reportArgumentType]
