"""Interleaved rounds."""

import pytest

from remission.benchmark.contestant import Family, Setting
from remission.benchmark.precision import work_and_precision
from remission.benchmark.rounds import REPEATS, Turn, run_rounds
from tests.benchmark.fakes import Fake, judge

FAMILY = Family("a")
SETTING = Setting(FAMILY, 1e-6)


def turn(name, rate, diary=None, fails_after=None, patients=100):
    return Turn(Fake(name, ((FAMILY, 1.0, rate),), fails_after, diary), SETTING, patients)


def test_the_engine_runs_before_and_after_every_peer():
    diary = []
    engine, peers = turn("e", 1000.0, diary), [turn("p", 10.0, diary), turn("q", 20.0, diary)]
    run_rounds(engine, peers, rounds=2)
    one = ["e"] * REPEATS + ["p"] + ["e"] * REPEATS + ["q"] + ["e"] * REPEATS
    assert diary == one * 2


def test_ratios_are_those_inside_a_round():
    found = run_rounds(turn("e", 1000.0), [turn("p", 10.0), turn("q", 40.0)], rounds=5)
    assert found.engine.rate == pytest.approx(1000.0)
    assert found.peers["p"].ratios == pytest.approx([100.0] * 5)
    assert found.peers["q"].ratio == pytest.approx(25.0)


def test_a_peer_that_breaks_is_left_out_and_says_why():
    found = run_rounds(turn("e", 1000.0), [turn("p", 10.0, fails_after=1), turn("q", 10.0)], rounds=3)
    assert found.peers["p"].why == "it broke"
    assert (len(found.peers["p"].rates), len(found.peers["q"].rates)) == (1, 3)


def test_the_share_of_the_peak_is_taken_in_the_same_round():
    peaks = iter([50.0, 100.0])
    found = run_rounds(turn("e", 1000.0), [], 2, lambda: next(peaks), lambda outcome: outcome.facts["steps"] * 1e-5)
    assert found.shares == pytest.approx([0.2, 0.1])


def test_work_and_precision_go_round_all_contestants_at_each_tolerance():
    diary = []
    turns = [(turn("e", 1000.0, diary), judge), (turn("p", 10.0, diary, fails_after=2), judge)]
    points = work_and_precision(turns, (1.0, 0.0, -1.0, -9.0), least=24)
    assert diary == ["e", "p"] * 3
    assert [point.error.median for point in points if point.name == "p"] == pytest.approx([1e-5, 1e-6])
