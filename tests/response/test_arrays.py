"""One value of a patient is taken from the visits."""

import numpy as np

from remission.response.arrays import at, earlier, first, last

DAYS = np.array([[0.0, 56.0, 112.0], [0.0, 28.0, np.nan]])
SEEN = np.array([[False, True, True], [False, False, False]])


def test_the_first_and_the_last_visit_that_showed_something():
    np.testing.assert_array_equal(first(DAYS, SEEN), [56.0, np.nan])
    np.testing.assert_array_equal(last(DAYS, SEEN), [112.0, np.nan])


def test_the_value_at_one_visit_and_none_without_it():
    np.testing.assert_array_equal(at(DAYS, np.array([2, -1])), [112.0, np.nan])


def test_a_visit_is_not_earlier_than_itself():
    assert earlier(SEEN).tolist() == [[False, False, True], [False, False, False]]


def test_patients_without_any_visit_have_no_value():
    nothing = np.empty((2, 0))
    for found in (first(nothing, nothing > 0), last(nothing, nothing > 0), at(nothing, np.array([-1, -1]))):
        assert np.isnan(found).tolist() == [True, True]
