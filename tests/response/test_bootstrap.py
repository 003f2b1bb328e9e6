"""Landmarks, medians and restricted means by bootstrap, weighted or not."""

import numpy as np
import pytest

from remission.errors import InputError
from remission.response.bootstrap import (
    Sample,
    bootstrap_difference,
    bootstrap_quantile,
    bootstrap_restricted_mean,
    bootstrap_survival,
    from_landmark,
)
from remission.response.survival import kaplan_meier, quantile, restricted_mean, survival_at
from tests.response.test_survival import ALL_RELAPSED, PLACEBO, RELAPSED, TREATED


@pytest.fixture
def cohort():
    generator = np.random.default_rng(21)
    death, cut = generator.exponential(10, 300), generator.uniform(2, 25, 300)
    return np.minimum(death, cut), death <= cut, generator.uniform(0.3, 3.0, 300)


def test_the_median_remission_of_the_6_mp_trial_has_the_published_interval_by_bootstrap_too():
    treated, placebo = Sample.of(TREATED, RELAPSED), Sample.of(PLACEBO, ALL_RELAPSED)
    assert [(one.value, one.low, one.high) for one in (bootstrap_quantile(treated), bootstrap_quantile(placebo))] == [
        (23, 13, None),
        (8, 4, 11),
    ]


def test_without_weights_the_bootstrap_spreads_as_greenwood_says(cohort):
    time, event, _ = cohort
    found = bootstrap_survival(Sample.of(time, event), [5, 10, 20], replicates=2000, seed=4)
    for mine, formula in zip(found, survival_at(kaplan_meier(time, event), [5, 10, 20]), strict=True):
        assert mine.value == formula.value
        assert mine.error == pytest.approx(formula.error, rel=0.08)
        assert (mine.low, mine.high) == pytest.approx((formula.low, formula.high), abs=0.02)


def test_weighted_patients_spread_as_xie_and_liu_say(cohort):
    time, event, weight = cohort
    found = bootstrap_survival(Sample.of(time, event, weight), [5, 10], replicates=2000)
    for mine, formula in zip(found, survival_at(kaplan_meier(time, event, weight), [5, 10]), strict=True):
        assert mine.value == formula.value
        assert mine.error == pytest.approx(formula.error, rel=0.1)


def test_the_restricted_mean_spreads_as_its_variance_says_and_not_as_that_of_a_survival_time(cohort):
    time, event, weight = cohort
    for weights in (None, weight):
        found = bootstrap_restricted_mean(Sample.of(time, event, weights), 20, replicates=2000)
        formula = restricted_mean(kaplan_meier(time, event, weights), 20)
        assert found.value == pytest.approx(formula.value)
        assert found.error == pytest.approx(formula.error, rel=0.1)
        assert (found.low, found.high) == pytest.approx((formula.low, formula.high), abs=0.2)


def test_every_replicate_is_the_curve_of_the_patients_drawn(cohort):
    time, event, weight = cohort
    sample = Sample.of(time, event, weight)
    drawn = np.random.default_rng(0).integers(0, 300, 300)
    order = np.lexsort([weight, event, time])
    curve = sample.survival(np.bincount(np.argsort(order)[drawn], minlength=300)[None, :].astype(float))[0]
    peer = kaplan_meier(time[drawn], event[drawn], weight[drawn])
    np.testing.assert_allclose(curve[np.searchsorted(sample.times, peer.times)], peer.survival, rtol=1e-9)


def test_a_difference_between_arms_is_as_wide_as_both_together():
    treated, placebo = Sample.of(TREATED, RELAPSED), Sample.of(PLACEBO, ALL_RELAPSED)
    (gap,) = bootstrap_difference(treated, placebo, [10], replicates=4000)
    (one,), (other,) = survival_at(treated.curve, [10]), survival_at(placebo.curve, [10])
    assert gap.value == pytest.approx(one.value - other.value)
    assert gap.error == pytest.approx(np.hypot(one.error, other.error), rel=0.08)
    assert gap.low > 0


def test_the_same_seed_draws_the_same_and_the_first_replicates_do_not_depend_on_the_rest(cohort):
    time, event, _ = cohort
    sample = Sample.of(time, event)
    assert bootstrap_survival(sample, [5], 200, seed=3) == bootstrap_survival(sample, [5], 200, seed=3)
    assert bootstrap_survival(sample, [5], 200, seed=3) != bootstrap_survival(sample, [5], 200, seed=4)
    few, many = next(sample.curves(10, 3)), next(sample.curves(50, 3))
    np.testing.assert_array_equal(few, many[:10])


def test_the_order_of_patients_is_irrelevant(cohort):
    time, event, weight = cohort
    turned = Sample.of(time[::-1], event[::-1], weight[::-1])
    assert bootstrap_survival(turned, [5], 100) == bootstrap_survival(Sample.of(time, event, weight), [5], 100)


def test_what_the_patients_do_not_say_the_bootstrap_does_not_say():
    sample = Sample.of([1.0, 2, 3, 4], [1, 0, 0, 0])
    assert bootstrap_survival(sample, [9])[0].value is None
    assert bootstrap_quantile(sample).value is None
    nothing = Sample.of([5.0, 6.0], [0, 0])
    assert bootstrap_survival(nothing, [5])[0].value == 1
    assert bootstrap_quantile(nothing).value is None


def test_patients_of_no_weight_and_no_replicates_are_refused():
    with pytest.raises(InputError, match="positive"):
        Sample.of([1.0, 2.0], [1, 1], [1.0, 0.0])
    with pytest.raises(InputError, match="replicates"):
        bootstrap_survival(Sample.of([1.0, 2.0], [1, 1]), [1], replicates=1)


def test_a_landmark_analysis_starts_with_those_still_free_of_the_event():
    later = from_landmark([3.0, 6.0, 9.0, 12.0], [1, 1, 0, 1], 6.0)
    assert (later.index.tolist(), later.days.tolist(), later.event.tolist()) == ([2, 3], [3.0, 6.0], [False, True])


def test_responders_seem_to_live_longer_only_without_a_landmark():
    generator = np.random.default_rng(8)
    death, response = generator.exponential(300, 20_000), generator.uniform(0, 400, 20_000)
    responder = response < death
    naive = quantile(kaplan_meier(death[responder], np.ones(responder.sum()))).value
    others = quantile(kaplan_meier(death[~responder], np.ones((~responder).sum()))).value
    assert naive > 2 * others
    later = from_landmark(death, np.ones(20_000), 100.0)
    early = response[later.index] < 100
    two = [quantile(kaplan_meier(later.days[group], np.ones(group.sum()))).value for group in (early, ~early)]
    assert two[0] == pytest.approx(two[1], rel=0.05)


@pytest.mark.slow
def test_percentile_limits_of_weighted_survival_cover_the_truth_in_95_of_100_trials():
    generator = np.random.default_rng(2)
    inside = 0
    for turn in range(400):
        sick = generator.random(200) < 0.5
        death, cut = generator.exponential(np.where(sick, 5, 15), 200), generator.uniform(5, 20, 200)
        sample = Sample.of(np.minimum(death, cut), death <= cut, np.where(sick, 0.5, 1.5))
        (found,) = bootstrap_survival(sample, [8], 400, seed=turn)
        inside += found.low <= 0.25 * np.exp(-8 / 5) + 0.75 * np.exp(-8 / 15) <= found.high
    assert 0.92 < inside / 400 < 0.975
