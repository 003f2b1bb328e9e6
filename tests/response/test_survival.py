"""Survival curves against the 6-MP trial (Freireich 1963), lifelines and closed forms."""

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from lifelines.datasets import load_waltons

from remission.errors import InputError
from remission.response.survival import bands, kaplan_meier, number_at_risk, quantile, restricted_mean, survival_at

TREATED = np.array([6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35], dtype=float)
"""Weeks of remission on 6-MP."""
RELAPSED = np.isin(np.arange(21), [0, 1, 2, 4, 6, 9, 10, 14, 15])
PLACEBO = np.array([1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23], dtype=float)
ALL_RELAPSED = np.ones(21, dtype=bool)
TOLERANCE = 1e-3


@pytest.fixture
def noisy():
    generator = np.random.default_rng(5)
    time = np.round(np.minimum(generator.exponential(10, 300), generator.exponential(15, 300)), 1) + 0.1
    return time, generator.random(300) < 0.6


def test_remission_on_6_mp_follows_the_published_curve():
    curve = kaplan_meier(TREATED, RELAPSED)
    np.testing.assert_array_equal(curve.times, [6, 7, 10, 13, 16, 22, 23])
    np.testing.assert_allclose(curve.survival, [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482], atol=TOLERANCE)


def test_a_patient_censored_at_a_relapse_time_is_still_at_risk_there():
    curve = kaplan_meier(TREATED, RELAPSED)
    assert curve.at_risk[0] == 21
    assert curve.at_risk[2] == 15


def test_six_weeks_on_6_mp_have_the_published_log_log_interval():
    (six,) = survival_at(kaplan_meier(TREATED, RELAPSED), [6])
    assert (six.low, six.high) == pytest.approx((0.6197, 0.9516), abs=TOLERANCE)


@pytest.mark.parametrize(
    ("time", "event", "median", "low", "high"),
    [(TREATED, RELAPSED, 23, 13, None), (PLACEBO, ALL_RELAPSED, 8, 4, 11)],
    ids=["6-MP", "placebo"],
)
def test_median_remission_has_the_brookmeyer_crowley_interval(time, event, median, low, high):
    found = quantile(kaplan_meier(time, event))
    assert (found.value, found.low, found.high) == (median, low, high)


def test_a_median_nobody_reached_is_none():
    found = quantile(kaplan_meier([1, 2, 3, 4], [1, 0, 0, 0]))
    assert found.value is None
    assert found.error is None


def test_a_curve_at_exactly_one_half_is_reached_or_averaged_by_choice():
    curve = kaplan_meier([1, 2, 3, 4], [1, 1, 1, 1])
    assert quantile(curve).value == 2
    assert quantile(curve, average=True).value == 2.5


@pytest.mark.parametrize(("until", "treated", "placebo"), [(20, 16.117, 8.429), (12, 10.783, 7.286), (22, 17.371, 8.619)])
def test_restricted_mean_remission_is_the_published_area(until, treated, placebo):
    assert restricted_mean(kaplan_meier(TREATED, RELAPSED), until).value == pytest.approx(treated, abs=TOLERANCE)
    assert restricted_mean(kaplan_meier(PLACEBO, ALL_RELAPSED), until).value == pytest.approx(placebo, abs=TOLERANCE)


def test_without_censoring_the_restricted_mean_has_the_variance_of_a_mean():
    capped = np.minimum(PLACEBO, 14)
    found = restricted_mean(kaplan_meier(PLACEBO, ALL_RELAPSED), 14)
    assert found.value == pytest.approx(capped.mean(), rel=1e-12)
    assert found.error == pytest.approx(np.sqrt(capped.var() / capped.size), rel=1e-12)


def test_a_restricted_mean_beyond_follow_up_is_refused():
    with pytest.raises(InputError, match="use at most 35"):
        restricted_mean(kaplan_meier(TREATED, RELAPSED), 40)


def test_landmarks_beyond_follow_up_are_not_said():
    assert survival_at(kaplan_meier(TREATED, RELAPSED), [36])[0].value is None


def test_a_curve_that_ended_at_zero_stays_there():
    beyond = survival_at(kaplan_meier(PLACEBO, ALL_RELAPSED), [40])[0]
    assert (beyond.value, beyond.low) == (0.0, 0.0)
    assert 0 < beyond.high < 1


def test_without_events_everybody_survives_to_the_end_of_follow_up():
    (there,) = survival_at(kaplan_meier([5, 6], [0, 0]), [5])
    assert (there.value, there.low, there.high) == (1.0, 1.0, 1.0)


def test_curve_and_limits_agree_with_lifelines(noisy):
    time, event = noisy
    curve = kaplan_meier(time, event)
    peer = KaplanMeierFitter().fit(time, event)
    np.testing.assert_allclose(curve.survival, peer.survival_function_at_times(curve.times), rtol=1e-10)
    limits = peer.confidence_interval_survival_function_
    for column, mine in zip(limits.columns, bands(curve), strict=True):
        theirs = limits[column].to_numpy()[np.searchsorted(limits.index.to_numpy(), curve.times)]
        np.testing.assert_allclose(mine[:-1], theirs[:-1], rtol=1e-6)


def test_late_entries_are_at_risk_only_after_entry(noisy):
    time, event = noisy
    entry = time * 0.4
    curve = kaplan_meier(time, event, entry=entry)
    peer = KaplanMeierFitter().fit(time, event, entry=entry)
    np.testing.assert_allclose(curve.survival, peer.survival_function_at_times(curve.times), rtol=1e-10)
    np.testing.assert_array_equal(curve.at_risk, number_at_risk(time, curve.times, entry))


def test_equal_weights_change_nothing_and_whole_weights_repeat_patients(noisy):
    time, event = noisy
    plain = kaplan_meier(time, event)
    sevenfold = kaplan_meier(time, event, weights=np.full(time.size, 7.0))
    np.testing.assert_allclose(sevenfold.survival, plain.survival, rtol=1e-12)
    np.testing.assert_allclose(sevenfold.greenwood, plain.greenwood, rtol=1e-10)
    copies = np.arange(time.size) % 3 + 1
    weighted = kaplan_meier(time, event, weights=copies)
    repeated = kaplan_meier(np.repeat(time, copies), np.repeat(event, copies))
    np.testing.assert_allclose(weighted.survival, repeated.survival, rtol=1e-12)
    assert weighted.greenwood[-2] > repeated.greenwood[-2]


def test_weighted_variance_is_that_of_xie_and_liu_written_out(noisy):
    """V = S^2 sum d / (M (Y - d)) with M = Y^2 / sum of squared weights at risk, as in the package adjustedCurves (`surv_iptw_km`)."""
    time, event = noisy
    weight = np.random.default_rng(4).uniform(0.2, 5, time.size)
    curve, survival, total = kaplan_meier(time, event, weight), 1.0, 0.0
    for place, when in enumerate(np.unique(time[event])[:-1]):
        watched, dying = weight[time >= when], weight[(time == when) & event]
        survival *= 1 - dying.sum() / watched.sum()
        total += dying.sum() / (watched.sum() ** 2 / (watched**2).sum() * (watched.sum() - dying.sum()))
        assert (curve.survival[place], curve.greenwood[place]) == pytest.approx((survival, total), rel=1e-9)


def test_the_restricted_mean_of_walton_flies_has_the_variance_of_survrm2():
    """survRM2 on the data `waltons` of lifelines, tau 10, as printed in issue 1682 and pull request 1526 of lifelines."""
    flies = load_waltons()
    mutant = flies[flies.group == "miR-137"]
    found = restricted_mean(kaplan_meier(mutant["T"], mutant["E"]), 10)
    assert found.value == pytest.approx(9.794, abs=1e-3)
    assert found.error == pytest.approx(0.123, abs=1e-3)
    assert found.error**2 == pytest.approx(0.0152, abs=1e-4)


def test_weights_must_be_positive(noisy):
    time, event = noisy
    for wrong in (0.0, -1.0, np.nan):
        with pytest.raises(InputError, match="positive"):
            kaplan_meier(time, event, np.where(np.arange(time.size) == 3, wrong, 1.0))


def test_a_larger_design_narrows_the_interval_around_the_same_value():
    curve = kaplan_meier(TREATED, RELAPSED)
    (here,), (large,) = survival_at(curve, [13]), survival_at(curve, [13], scale=21 / 210)
    assert large.value == here.value
    assert here.low < large.low < large.high < here.high


def test_times_that_are_missing_or_negative_are_refused():
    with pytest.raises(InputError, match="negative or missing"):
        kaplan_meier([1, np.nan], [1, 0])
    with pytest.raises(InputError, match="differ in length"):
        kaplan_meier([1, 2], [1])


@pytest.mark.slow
def test_log_log_limits_cover_the_truth_in_95_of_100_trials():
    generator = np.random.default_rng(1)
    inside = 0
    for _ in range(2000):
        death, cut = generator.exponential(10, 60), generator.uniform(5, 20, 60)
        (found,) = survival_at(kaplan_meier(np.minimum(death, cut), death <= cut), [8])
        inside += found.low <= np.exp(-0.8) <= found.high
    assert 0.93 < inside / 2000 < 0.97
