"""What every criterion does alike."""

import numpy as np
import pytest

from remission.errors import InputError
from remission.response import criteria
from remission.response.scans import Scans


@pytest.mark.parametrize("name", criteria.names())
def test_patients_without_any_place_for_a_visit_are_refused(name):
    with pytest.raises(InputError, match="no visits"):
        criteria.get(name).judge(Scans.of_sizes(np.zeros(0), np.zeros((3, 0))))


@pytest.mark.parametrize("name", criteria.names())
def test_nobody_gives_no_answer(name):
    judged, best = criteria.get(name).judge(Scans.of_sizes(np.array([0.0, 56.0]), np.zeros((0, 2))))
    assert judged.overall.shape == (0, 2)
    assert best.best.shape == (0,)


@pytest.mark.parametrize("name", criteria.names())
def test_an_unknown_option_is_refused_with_the_nearest_known_one(name):
    with pytest.raises(InputError, match="confirmation_days"):
        criteria.get(name).judge(Scans.of_sizes(np.zeros(1), np.ones((1, 1))), {"confirmation_dayz": 3})


def test_an_unknown_criterion_is_refused_with_the_nearest_known_one():
    with pytest.raises(InputError, match=r"recist1\.1"):
        criteria.get("recist")
