"""A million simulated patients: the vectorized estimates are those of lifelines, in seconds."""

from time import perf_counter

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test

from remission.response.comparison import log_rank
from remission.response.competing_risks import aalen_johansen
from remission.response.cox import cox
from remission.response.survival import kaplan_meier, quantile, restricted_mean

PATIENTS = 1_000_000
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ensemble():
    generator = np.random.default_rng(31)
    arm, age = generator.integers(0, 2, PATIENTS), generator.normal(size=PATIENTS)
    death, cut = generator.exponential(400 * np.exp(0.3 * arm - 0.1 * age)), generator.uniform(0, 1500, PATIENTS)
    return pd.DataFrame({"days": np.ceil(np.minimum(death, cut)), "event": death <= cut, "arm": arm, "age": age})


def in_seconds(limit, estimate):
    started = perf_counter()
    found = estimate()
    assert perf_counter() - started < limit
    return found


def test_the_curve_of_a_million_patients_is_that_of_lifelines(ensemble):
    for days in (ensemble.days, ensemble.days + np.linspace(0, 0.5, PATIENTS)):
        curve = in_seconds(3, lambda days=days: kaplan_meier(days, ensemble.event))
        peer = KaplanMeierFitter().fit(days, ensemble.event)
        np.testing.assert_allclose(curve.survival, peer.survival_function_at_times(curve.times), rtol=1e-8)
        assert quantile(curve).value == peer.median_survival_time_


def test_the_restricted_mean_of_a_million_patients_is_as_sure_as_a_mean(ensemble):
    found = in_seconds(3, lambda: restricted_mean(kaplan_meier(ensemble.days, ensemble.event), 365))
    assert 0.1 < found.error < 0.2


def test_the_log_rank_test_of_a_million_patients_is_that_of_lifelines(ensemble):
    test = in_seconds(5, lambda: log_rank(ensemble.days, ensemble.event, ensemble.arm))
    one, other = (ensemble[ensemble.arm == arm] for arm in (0, 1))
    assert test.chi2 == pytest.approx(logrank_test(one.days, other.days, one.event, other.event).test_statistic, rel=1e-6)


def test_the_cox_model_of_a_million_patients_finds_their_hazards_and_agrees_with_lifelines_on_a_part(ensemble):
    fit = in_seconds(20, lambda: cox(ensemble.days, ensemble.event, ensemble[["arm", "age"]]))
    np.testing.assert_allclose(fit.coefficients, [-0.3, 0.1], atol=0.01)
    part = ensemble.iloc[:50_000]
    peer = CoxPHFitter().fit(part, "days", "event")
    mine = cox(part.days, part.event, part[["arm", "age"]])
    np.testing.assert_allclose(mine.coefficients, peer.params_[["arm", "age"]], rtol=1e-5)
    np.testing.assert_allclose(np.sqrt(np.diag(mine.covariance)), peer.standard_errors_[["arm", "age"]], rtol=1e-5)


def test_competing_causes_of_a_million_patients_share_what_is_lost(ensemble):
    cause = np.where(ensemble.event, np.where(ensemble.age > 0, 2, 1), 0)
    both = in_seconds(5, lambda: aalen_johansen(ensemble.days, cause))
    np.testing.assert_allclose(both.share.sum(axis=0), 1 - kaplan_meier(ensemble.days, ensemble.event).survival, rtol=1e-8)
