"""The cache: it says what it holds, and clearing it removes that and nothing else."""

import json
import os

import pytest

from remission import cache
from remission.cli import run
from remission.engine import cache as compiled_models


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("REMISSION_CACHE", str(tmp_path))
    monkeypatch.delenv("REMISSION_CACHE_LIMIT", raising=False)
    compiled_models.keep("a1", b"x" * 2_000_000)
    compiled_models.keep("a2", b"x" * 2_000_000)
    (tmp_path / "cohorts" / "a-10").mkdir(parents=True)
    (tmp_path / "cohorts" / "a-10" / "cohort.json").write_text("{}")
    (tmp_path / "cohorts" / ".part-1").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "compiled" / "notes.txt").write_text("mine")
    return tmp_path


def test_the_cache_says_what_it_holds(folder):
    found = cache.kept()
    assert (found.compiled.number, found.cohorts.number) == (2, 1)
    assert found.compiled.size == pytest.approx(4e6, rel=1e-3)
    assert (found.cohorts.size, found.writable, found.limit) == (2, True, 256_000_000)
    assert str(found) == f"{folder}: 2 compiled models (4.0 MB), 1 cohort (0.0 MB)"


def test_clearing_removes_models_and_cohorts_and_leaves_other_files(folder, capsys):
    assert run(["cache", "--clear"]) == 0
    found = cache.kept()
    assert (found.compiled.number, found.cohorts.number, found.size) == (0, 0, 0)
    assert not list((folder / "cohorts").iterdir())
    assert (folder / "notes.txt").exists()
    assert (folder / "compiled" / "notes.txt").exists()
    assert capsys.readouterr().out == f"removed {folder}: 2 compiled models (4.0 MB), 1 cohort (0.0 MB)\n"


@pytest.mark.parametrize("options", [[], ["--clear"]])
def test_the_command_prints_one_json_document(folder, capsys, options):
    assert run(["cache", "--json", *options]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["folder"] == str(folder)
    assert document["removed"] is bool(options)
    assert document["writable"] is True
    assert document["limit_megabytes"] == 256.0
    assert document["compiled"] == {"number": 2, "megabytes": pytest.approx(4.0, rel=1e-3)}
    assert document["cohorts"]["number"] == 1


def test_a_cache_that_does_not_exist_is_empty(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("REMISSION_CACHE", str(tmp_path / "none"))
    assert cache.kept().size == 0
    assert cache.kept().writable
    assert run(["cache"]) == 0
    assert run(["cache", "--clear"]) == 0
    assert not (tmp_path / "none").exists()


def test_a_folder_that_cannot_be_written_is_told(folder, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "cannot be written" in str(cache.kept())
    monkeypatch.setenv("REMISSION_CACHE", str(folder / "notes.txt" / "cache"))
    assert not cache.kept().writable


def test_a_cache_that_cannot_be_cleared_says_so_with_the_way_out(folder, monkeypatch, capsys):
    def refused(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(cache.compiled_models, "clear", refused)
    assert run(["cache", "--clear"]) == 2
    assert "the cache cannot be cleared: Permission denied; remove the folder by hand" in capsys.readouterr().err
