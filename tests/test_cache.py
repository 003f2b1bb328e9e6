"""The cache: it says what it holds, and clearing it removes that and nothing else."""

import pytest

from remission import cache
from remission.cli import run


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("REMISSION_CACHE", str(tmp_path))
    (tmp_path / "model_1.py").write_text("pass")
    (tmp_path / "cohorts" / "a-10").mkdir(parents=True)
    (tmp_path / "cohorts" / "a-10" / "cohort.json").write_text("{}")
    (tmp_path / "notes.txt").write_text("mine")
    return tmp_path


def test_the_cache_says_what_it_holds(folder):
    found = cache.kept()
    assert (found.models, found.cohorts) == (1, 1)
    assert found.size > 0


def test_clearing_removes_models_and_cohorts_and_leaves_other_files(folder, capsys):
    assert run(["cache", "--clear"]) == 0
    assert cache.kept().models == 0
    assert cache.kept().cohorts == 0
    assert (folder / "notes.txt").exists()
    assert "1 models, 1 cohorts" in capsys.readouterr().out


def test_a_cache_that_does_not_exist_is_empty(tmp_path, monkeypatch):
    monkeypatch.setenv("REMISSION_CACHE", str(tmp_path / "none"))
    assert cache.kept().size == 0
    assert run(["cache"]) == 0
