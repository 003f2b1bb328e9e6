"""Large cohorts, built and stored piece by piece: the same patients as in one piece."""

from dataclasses import replace

import numpy as np
import pytest

from remission import history, trial
from remission.errors import InputError
from remission.stored_cohort import HEAD, StoredCohort
from remission.trial import cohort_of, large_cohort_of, run_study
from tests.bundled_trial import OPTIONS, scenario, study

SIZE, SEED = 17, 3


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Pieces of 7 patients, candidates 3 at a time."""
    monkeypatch.setattr(trial, "cache_directory", lambda: tmp_path)
    monkeypatch.setattr(trial, "PIECE", 7)
    monkeypatch.setattr(history, "PIECE", 7)
    monkeypatch.setattr(history, "TOGETHER", 2)
    return tmp_path / "cohorts"


@pytest.fixture(scope="module")
def in_one_piece(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trial, "cache_directory", lambda: tmp_path_factory.getbasetemp() / "one-piece")
        return cohort_of(study(), SIZE, SEED, options=OPTIONS)


def stored(options=OPTIONS):
    return large_cohort_of(study(), SIZE, SEED, None, options)


def same(one, other):
    assert one.index.tolist() == other.index.tolist()
    assert one.attempt.tolist() == other.attempt.tolist()
    assert one.chart.equals(other.chart)
    assert one.flow == other.flow
    assert np.array_equal(one.y, other.y)
    assert np.array_equal(one.phase, other.phase)
    assert one.values.keys() == other.values.keys()
    assert all(np.array_equal(one.values[key], other.values[key]) for key in one.values)


@pytest.mark.parametrize("threads", [1, 2])
def test_pieces_hold_the_patients_of_the_cohort_in_one_piece(cache, in_one_piece, threads):
    own = stored(replace(OPTIONS, threads=threads))
    assert isinstance(own, StoredCohort)
    assert len(own.sizes) > 2
    same(own.take(np.arange(own.size)), in_one_piece)


def test_any_patients_are_read_in_the_order_asked_for(cache, in_one_piece):
    rows = np.array([16, 0, 8, 3, 9])
    same(stored().take(rows), in_one_piece.take(rows))
    same(stored().only(rows).take(np.array([3, 1])), in_one_piece.take(np.array([3, 0])))


def test_a_stored_cohort_is_built_once_and_again_when_damaged(cache, monkeypatch):
    first = stored()
    with monkeypatch.context() as patch:
        patch.setattr(trial, "pieces_of", None)
        assert stored().sizes == first.sizes
    (first.folder / HEAD).write_text("{}")
    with pytest.raises(InputError, match="no saved cohort"):
        StoredCohort.open(first.folder)
    assert stored().sizes == first.sizes


def test_a_cache_that_cannot_be_written_costs_only_memory(cache, in_one_piece, monkeypatch):
    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr(trial, "store", full)
    same(stored(), in_one_piece)


@pytest.mark.parametrize("pairing", ["counterfactual", "randomized"])
def test_a_trial_of_a_stored_cohort_gives_the_same(cache, monkeypatch, pairing):
    own = replace(study(), scenario=replace(scenario(), pairing=pairing))
    in_pieces = run_study(own, 8, SEED).tables["subjects"]
    monkeypatch.setattr(trial, "PIECE", 1000)
    assert run_study(own, 8, SEED).tables["subjects"].equals(in_pieces)
