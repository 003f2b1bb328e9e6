"""The tolerance everybody is compared at."""

import pytest

from remission.benchmark.contestant import KEPT, Family
from remission.benchmark.search import FEW, LOOSEST, TIGHTEST, Trials, best, fitting, loosest
from tests.benchmark.fakes import Fake, judge

EXACT, ROUGH = Family("exact"), Family("rough", 1e-2)


def trials_of(*families, most=10_000):
    return Trials(Fake(families=families), judge, most)


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 0.3, 1.0, 7.0, 1e3, 2e5])
def test_the_tolerance_found_is_fine_and_the_next_looser_one_is_not(scale):
    trials = trials_of((EXACT, scale, 100.0))
    point = loosest(trials, EXACT, 5e-6)
    assert point.error.median <= 5e-6
    looser = point.setting.rtol * 10**0.25
    assert scale * looser > 5e-6 or looser > 10 ** (-LOOSEST / 4) * 1.01


def test_few_runs_find_it():
    trials = trials_of((EXACT, 30.0, 100.0))
    loosest(trials, EXACT, 5e-6)
    assert len(trials.points) <= 8


def test_who_never_gets_there_has_no_tolerance():
    trials = trials_of((EXACT, 1e9, 100.0))
    assert loosest(trials, EXACT, 5e-6) is None
    assert best(trials, 5e-6) is None
    assert min(point.setting.rtol for point in trials.points) == pytest.approx(10 ** (-TIGHTEST / 4))


def test_the_faster_family_is_taken():
    """The rough one is faster at equal tolerance, but has to be a thousand times tighter."""
    assert best(trials_of((EXACT, 1.0, 100.0), (ROUGH, 1000.0, 110.0)), 5e-6).setting.family is EXACT
    assert best(trials_of((EXACT, 1.0, 100.0), (ROUGH, 1000.0, 400.0)), 5e-6).setting.family is ROUGH


def test_a_family_that_does_not_get_there_is_passed_over():
    assert best(trials_of((EXACT, 1e9, 1e6), (ROUGH, 1.0, 1.0)), 5e-6).setting.family is ROUGH


def test_runs_take_the_patients_of_the_reference_and_fit_in_memory_and_the_slowest_take_few():
    slow, common, fast = trials_of((EXACT, 1.0, 1.0)), trials_of((EXACT, 1.0, 10.0)), trials_of((EXACT, 1.0, 1e6), most=2000)
    for trials in (slow, common, fast):
        trials.size_probe()
    assert slow.probe == FEW
    assert common.probe == KEPT
    assert fast.probe == 2000
    assert fitting(12_345.0, 1.0, 24, 10**6) == 10_000


def test_a_slow_contestant_is_searched_in_its_first_family_only():
    trials = trials_of((EXACT, 1.0, 1.0), (ROUGH, 1.0, 100.0))
    assert best(trials, 5e-6).setting.family is EXACT
    assert {point.setting.family for point in trials.points} == {EXACT}
