"""Log-rank tests and the Cox model against the 6-MP trial (Freireich 1963) and lifelines."""

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter, CoxTimeVaryingFitter
from lifelines.statistics import logrank_test, multivariate_logrank_test

from remission.errors import InputError
from remission.response.comparison import log_rank
from remission.response.cox import cox, split_at_switch
from tests.response.test_survival import ALL_RELAPSED, PLACEBO, RELAPSED, TREATED

TIME = np.concatenate([TREATED, PLACEBO])
EVENT = np.concatenate([RELAPSED, ALL_RELAPSED])
ON_PLACEBO = np.repeat([0.0, 1.0], 21)


@pytest.fixture
def cohort():
    generator = np.random.default_rng(11)
    age, arm = generator.normal(12, 5, 400), generator.integers(0, 2, 400)
    death = generator.exponential(10 * np.exp(-0.05 * age + 0.5 * arm))
    cut = generator.uniform(2, 20, 400)
    return pd.DataFrame(
        {
            "time": np.round(np.minimum(death, cut), 1) + 0.1,
            "event": death <= cut,
            "age": age,
            "arm": arm,
            "site": generator.integers(0, 4, 400),
        }
    )


def test_placebo_relapses_sooner_than_6_mp_by_the_published_log_rank():
    test = log_rank(TIME, EVENT, ON_PLACEBO)
    assert test.observed[1] == 21
    assert test.expected[1] == pytest.approx(10.7495, abs=1e-4)
    assert test.variance[1, 1] == pytest.approx(6.2570, abs=1e-4)
    assert test.chi2 == pytest.approx(16.793, abs=1e-3)
    assert test.p == pytest.approx(4.17e-5, abs=1e-7)
    assert test.log_hazard_ratio_peto == pytest.approx(1.638, abs=1e-3)


@pytest.mark.parametrize(
    ("ties", "beta", "ratio", "low", "high"), [("efron", 1.5721, 4.817, 2.147, 10.81), ("breslow", 1.5092, 4.523, 2.027, 10.09)]
)
def test_the_hazard_of_relapse_on_placebo_is_the_published_one(ties, beta, ratio, low, high):
    fit = cox(TIME, EVENT, ON_PLACEBO, ties=ties)
    found = fit.hazard_ratio()
    assert fit.converged
    assert fit.coefficients[0] == pytest.approx(beta, abs=1e-4)
    assert (found.value, found.low) == pytest.approx((ratio, low), abs=1e-3)
    assert found.high == pytest.approx(high, abs=6e-3)


def test_log_rank_of_several_groups_and_of_two_agrees_with_lifelines(cohort):
    several = log_rank(cohort.time, cohort.event, cohort.site)
    peer = multivariate_logrank_test(cohort.time, cohort.site, cohort.event)
    assert several.degrees == 3
    assert several.chi2 == pytest.approx(peer.test_statistic, rel=1e-8)
    a, b = cohort[cohort.arm == 0], cohort[cohort.arm == 1]
    two = logrank_test(a.time, b.time, a.event, b.event)
    assert log_rank(cohort.time, cohort.event, cohort.arm).chi2 == pytest.approx(two.test_statistic, rel=1e-8)


def test_a_stratified_log_rank_sums_the_strata(cohort):
    whole = log_rank(cohort.time, cohort.event, cohort.arm, strata=cohort.site)
    parts = [log_rank(part.time, part.event, part.arm) for _, part in cohort.groupby("site")]
    assert whole.expected[1] == pytest.approx(sum(part.expected[1] for part in parts))
    assert whole.variance[1, 1] == pytest.approx(sum(part.variance[1, 1] for part in parts))
    assert whole.chi2 == pytest.approx((whole.observed[1] - whole.expected[1]) ** 2 / whole.variance[1, 1])


def test_a_stratified_log_rank_is_the_sum_of_hypergeometric_tables(cohort):
    excess = variance = 0.0
    for _, part in cohort.groupby("site"):
        for when in part.time[part.event].unique():
            watched, dying = part[part.time >= when], part[(part.time == when) & part.event]
            n, d, share = len(watched), len(dying), watched.arm.mean()
            excess += dying.arm.sum() - d * share
            variance += d * share * (1 - share) * (n - d) / max(n - 1, 1)
    test = log_rank(cohort.time, cohort.event, cohort.arm, strata=cohort.site)
    assert test.chi2 == pytest.approx(excess**2 / variance, rel=1e-9)
    assert test.log_hazard_ratio_peto == pytest.approx(excess / variance, rel=1e-9)


def test_one_group_alone_gives_no_verdict():
    test = log_rank(TREATED, RELAPSED, np.zeros(21))
    assert (test.chi2, test.degrees, test.p) == (0.0, 0, 1.0)


@pytest.mark.parametrize("strata", [None, "site"])
def test_cox_with_covariates_and_strata_agrees_with_lifelines(cohort, strata):
    fit = cox(cohort.time, cohort.event, cohort[["age", "arm"]], strata=None if strata is None else cohort[strata])
    columns = cohort if strata else cohort.drop(columns="site")
    peer = CoxPHFitter().fit(columns, "time", "event", strata=strata)
    np.testing.assert_allclose(fit.coefficients, peer.params_[["age", "arm"]], rtol=1e-5)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), peer.standard_errors_[["age", "arm"]], rtol=1e-5)
    assert fit.log_likelihood == pytest.approx(peer.log_likelihood_, rel=1e-8)


def test_a_covariate_that_switches_on_in_time_agrees_with_lifelines(cohort):
    switch = np.where(cohort.arm == 1, cohort.time * 0.5, np.nan)
    rows = split_at_switch(cohort.time, cohort.event, switch)
    fit = cox(rows.time, rows.event, rows.switched, entry=rows.entry)
    frame = pd.DataFrame({"id": rows.patient, "start": rows.entry, "stop": rows.time, "event": rows.event, "switched": rows.switched})
    peer = CoxTimeVaryingFitter().fit(frame, "event", id_col="id")
    assert fit.coefficients[0] == pytest.approx(float(peer.params_["switched"]), rel=1e-4)


def test_splitting_at_the_switch_keeps_follow_up_and_events(cohort):
    switch = np.where(cohort.arm == 1, 3.0, np.nan)
    rows = split_at_switch(cohort.time, cohort.event, switch)
    assert (rows.time - rows.entry).sum() == pytest.approx(cohort.time.sum())
    assert rows.event.sum() == cohort.event.sum()
    assert np.all(rows.time > rows.entry)


def test_a_switch_that_does_nothing_has_no_effect_although_late_switchers_live_longer():
    generator = np.random.default_rng(2)
    death, switch = generator.exponential(10, 20_000), generator.exponential(10, 20_000)
    rows = split_at_switch(death, np.ones(death.size), switch)
    aware = cox(rows.time, rows.event, rows.switched, entry=rows.entry).hazard_ratio()
    naive = cox(death, np.ones(death.size), switch < death).hazard_ratio()
    assert aware.low < 1 < aware.high
    assert naive.value < 0.6


def test_a_group_without_events_has_no_hazard_ratio():
    fit = cox([1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1])
    assert not fit.converged
    assert fit.hazard_ratio().value is None
    assert fit.p() is None


def test_rows_without_events_or_contrast_say_nothing():
    assert not cox([1, 2, 3], [0, 0, 0], [0, 1, 0]).converged
    assert not cox([1, 2, 3], [1, 1, 0], [1, 1, 1]).converged


def test_an_unknown_rule_for_ties_is_refused():
    with pytest.raises(InputError, match="efron or breslow"):
        cox([1, 2], [1, 1], [0, 1], ties="exact")
