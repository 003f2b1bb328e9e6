"""What counts as wrong, and by how much."""

import numpy as np
import pytest

from remission.benchmark.accuracy import error_of
from remission.benchmark.contestant import Outcome
from remission.benchmark.problems import problem_of
from remission.benchmark.references import Reference
from tests.benchmark.fakes import flat_reference

CART, ENDS, DOSED = problem_of("cart-6"), problem_of("cart-6-endpoints"), problem_of("qsp-40")


def outcome_of(reference, ends=None):
    return Outcome(1.0, 24, reference.states.copy(), ends)


def test_the_error_of_a_patient_is_its_largest_beside_one_plus_the_truth():
    reference = flat_reference(CART, 1)
    outcome = outcome_of(reference)
    outcome.states[:, 5, 2] += 0.2
    outcome.states[0, 9, 1] += 0.5
    error = error_of(CART, reference, outcome, True)
    assert error.median == pytest.approx(0.1)
    assert error.p95 == pytest.approx(0.1)


def test_a_patient_that_failed_counts_as_infinitely_wrong():
    reference = flat_reference(CART, 1)
    outcome = outcome_of(reference)
    outcome.states[:3, -1] = np.nan
    error = error_of(CART, reference, outcome, True)
    assert (error.median, error.p95) == (0.0, np.inf)
    assert error_of(CART, reference, Outcome(1.0, 24, None), True).median == np.inf


def test_days_of_doses_do_not_count_where_states_are_those_after_the_dose():
    reference = flat_reference(DOSED, 1)
    outcome = outcome_of(reference)
    outcome.states[:, ~DOSED.away_from_doses, 0] += 30.0
    assert error_of(DOSED, reference, outcome, before_doses=False).median == 0.0
    assert error_of(DOSED, reference, outcome, before_doses=True).median == pytest.approx(15.0)


def test_end_points_count_besides_states_and_days_are_told_apart():
    reference = flat_reference(ENDS, 1)
    ends = reference.ends.copy()
    ends[:, 3, 3] += 0.4
    ends[:, :, 2] += 0.01
    error = error_of(ENDS, reference, outcome_of(reference, ends), True)
    assert (error.median, error.ends, error.states) == pytest.approx((0.2, 0.2, 0.0))
    assert error.day == pytest.approx(0.01)


def test_only_patients_with_a_reference_count():
    reference = flat_reference(CART, 1)
    few = Reference(reference.states[:2], reference.ends[:2])
    assert error_of(CART, few, outcome_of(reference), True).median == 0.0
