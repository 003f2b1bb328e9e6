"""Cumulative incidence of relapse and of death in remission."""

import numpy as np
import pytest
from lifelines import AalenJohansenFitter

from remission.response.competing_risks import aalen_johansen, incidence_at
from remission.response.survival import kaplan_meier, survival_at


@pytest.fixture
def remissions():
    generator = np.random.default_rng(9)
    relapse, death, cut = generator.exponential(12, 400), generator.exponential(40, 400), generator.uniform(1, 30, 400)
    time = np.minimum(np.minimum(relapse, death), cut)
    return time, np.where(time == cut, 0, np.where(time == relapse, 1, 2))


def test_relapse_and_death_in_remission_share_what_event_free_survival_loses(remissions):
    time, cause = remissions
    together = aalen_johansen(time, cause)
    np.testing.assert_allclose(together.share.sum(axis=0), 1 - kaplan_meier(time, cause > 0).survival, rtol=1e-10)


def test_relapse_is_less_than_one_minus_kaplan_meier(remissions):
    time, cause = remissions
    (relapse,) = incidence_at(aalen_johansen(time, cause), 1, [24])
    (censored,) = survival_at(kaplan_meier(time, cause == 1), [24])
    assert relapse.value < 1 - censored.value
    assert relapse.low < relapse.value < relapse.high


@pytest.mark.parametrize("cause", [1, 2])
def test_incidence_and_variance_agree_with_lifelines(remissions, cause):
    time, kind = remissions
    mine = aalen_johansen(time, kind)
    row = mine.causes.index(cause)
    peer = AalenJohansenFitter(calculate_variance=True).fit(time, kind, event_of_interest=cause)
    at = np.searchsorted(peer.cumulative_density_.index.to_numpy(), mine.times)
    np.testing.assert_allclose(mine.share[row], peer.cumulative_density_.to_numpy()[at, 0], rtol=1e-9)
    np.testing.assert_allclose(mine.variance[row], peer.variance_.to_numpy().ravel()[at], rtol=1e-9)


def test_when_nobody_is_censored_the_variance_is_binomial():
    time, cause = np.array([1.0, 1, 2, 3, 4, 4, 5, 6, 7, 8]), np.array([1, 2, 1, 2, 1, 1, 2, 1, 2, 1])
    found = aalen_johansen(time, cause)
    np.testing.assert_allclose(found.variance, found.share * (1 - found.share) / time.size, rtol=1e-9)


def test_a_single_cause_has_the_greenwood_variance(remissions):
    time, cause = remissions
    alone, curve = aalen_johansen(time, cause > 0), kaplan_meier(time, cause > 0)
    np.testing.assert_allclose(alone.variance[0, :-1], (curve.survival**2 * curve.greenwood)[:-1], rtol=1e-8)


def test_a_cause_nobody_had_is_zero_and_beyond_follow_up_nothing_is_said(remissions):
    found = aalen_johansen(*remissions)
    assert incidence_at(found, 7, [12])[0].value == 0
    assert incidence_at(found, 1, [100])[0].value is None


def test_without_any_event_nothing_accumulates():
    found = aalen_johansen([1.0, 2.0], [0, 0])
    assert found.causes == ()
    assert incidence_at(found, 1, [1.5])[0].value == 0
