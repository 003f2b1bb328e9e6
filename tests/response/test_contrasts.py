"""Differences between arms, of the same and of different patients."""

import numpy as np
import pytest
from lifelines.datasets import load_waltons
from scipy.stats import norm

from remission.errors import InputError
from remission.response.contrasts import paired_rate_difference, rate_difference, restricted_mean_difference
from remission.response.survival import kaplan_meier
from tests.response.test_survival import ALL_RELAPSED, PLACEBO, RELAPSED, TREATED


def test_the_same_patients_in_both_arms_give_a_smaller_error_than_different_ones():
    luck = np.random.default_rng(2).random(4000)
    with_depletion, without = luck < 0.8, luck < 0.75
    paired, apart = paired_rate_difference(with_depletion, without), rate_difference(with_depletion, without)
    assert paired.value == pytest.approx(apart.value)
    assert paired.mcse < apart.mcse / 2
    assert paired.trial is None


def test_the_interval_of_a_difference_of_rates_is_the_published_one():
    found = rate_difference(np.arange(70) < 56, np.arange(80) < 48)
    assert found.value == pytest.approx(0.2)
    assert found.trial == pytest.approx((0.0524, 0.3339), abs=1e-4)


def test_patients_on_6_mp_stay_in_remission_7_7_weeks_longer_in_the_first_20():
    found = restricted_mean_difference(kaplan_meier(TREATED, RELAPSED), kaplan_meier(PLACEBO, ALL_RELAPSED), 20)
    assert found.value == pytest.approx(7.688, abs=1e-3)
    assert found.trial[0] > 0


@pytest.mark.parametrize(("until", "gap"), [(20, 16.117 - 8.429), (12, 10.783 - 7.286), (22, 17.371 - 8.619)])
def test_the_gain_in_restricted_mean_remission_is_that_of_the_published_areas(until, gap):
    found = restricted_mean_difference(kaplan_meier(TREATED, RELAPSED), kaplan_meier(PLACEBO, ALL_RELAPSED), until)
    assert found.value == pytest.approx(gap, abs=1e-3)


def test_the_restricted_means_of_walton_flies_do_not_differ_by_survrm2():
    """p 0.145 at tau 10 by survRM2, where a variance of survival times gives 0.81 (issue 1682 of lifelines)."""
    flies = load_waltons()
    mutant, control = (
        kaplan_meier(part["T"], part["E"]) for _, part in sorted(flies.groupby("group"), key=lambda item: item[0] != "miR-137")
    )
    found = restricted_mean_difference(mutant, control, 10)
    assert found.value < 0
    assert 2 * norm.sf(abs(found.value / found.mcse)) == pytest.approx(0.145, abs=1e-3)


def test_an_empty_arm_has_no_difference_and_unequal_pairs_are_refused():
    assert rate_difference([], [True]).value is None
    assert paired_rate_difference([], []).value is None
    with pytest.raises(InputError, match="differ in size"):
        paired_rate_difference([True], [True, False])
