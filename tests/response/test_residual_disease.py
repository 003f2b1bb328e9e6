"""Residual disease below the microscope: limit, detection and reading error."""

import numpy as np
from scipy.stats import poisson

from remission.response.residual_disease import judge_residual_disease, poisson_quantile, read_residual_disease


def test_45_leukemic_cells_of_500_000_are_negative_at_1e_4_yet_detectable():
    reading = judge_residual_disease(45 / 500_000)
    assert reading.negative
    assert reading.detectable


def test_residual_disease_at_the_limit_is_positive():
    assert not judge_residual_disease(1e-4).negative


def test_too_few_cells_cannot_exclude_disease_but_can_show_it():
    blind = judge_residual_disease([0.0, 1e-2], acquired=1e5)
    np.testing.assert_array_equal(blind.evaluable, [False, True])
    np.testing.assert_array_equal(blind.negative, [False, False])


def test_what_was_not_read_is_not_negative():
    reading = judge_residual_disease(np.nan)
    assert not reading.evaluable
    assert not reading.negative


def test_a_reading_scatters_as_counts_do():
    uniform = (np.arange(20_000) + 0.5) / 20_000
    read = read_residual_disease(1e-4, uniform)
    assert abs(read.mean() - 1e-4) < 1e-7
    assert abs(read.std() - np.sqrt(50) / 5e5) < 1e-7
    assert read_residual_disease(0.0, 0.999) == 0


def test_a_reading_has_the_count_of_the_poisson_law_for_any_number_of_cells():
    rng = np.random.default_rng(1)
    mean = np.concatenate([np.zeros(100), 10 ** rng.uniform(-6, 5.5, 5000)])
    share = rng.uniform(size=mean.size)
    np.testing.assert_array_equal(poisson_quantile(share, mean), poisson.ppf(share, mean))


def test_what_was_not_read_has_no_count():
    assert np.isnan(poisson_quantile([0.5, np.nan], [np.nan, 1.0])).all()
