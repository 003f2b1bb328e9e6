"""Compiled models on disk: any number of processes share them, damage is noticed, and what the disk refuses costs only time."""

import builtins
import errno
import os
import subprocess
import sys
import time

import pytest

from remission.engine import cache
from remission.errors import InputError

MEGABYTE = 1_000_000


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("REMISSION_CACHE", str(tmp_path))
    monkeypatch.delenv("REMISSION_CACHE_LIMIT", raising=False)
    return tmp_path / "compiled"


def place(folder, key):
    return folder / f"{key}.object"


def never():
    raise AssertionError("made again")


def aged(path, seconds):
    """Let the file seem last used this long ago."""
    then = time.time() - seconds
    os.utime(path, (then, then))


def keys_of(folder):
    return {path.stem for path in folder.iterdir()}


def test_what_was_made_once_is_read_afterwards():
    assert cache.stored("a1", lambda: b"code") == b"code"
    assert cache.stored("a1", never) == b"code"
    assert cache.fetch("a1") == b"code"
    assert cache.fetch("a2") is None


@pytest.mark.parametrize("data", [b"", b"\0" * 3, bytes(range(256)) * 4000])
def test_any_bytes_come_back_as_they_were(data):
    cache.keep("a1", data)
    assert cache.fetch("a1") == data


def test_a_later_entry_of_the_same_key_replaces_the_first(folder):
    cache.keep("a1", b"old")
    cache.keep("a1", b"new")
    assert cache.fetch("a1") == b"new"
    assert keys_of(folder) == {"a1"}


@pytest.mark.parametrize("key", ["", "../a", "a/b", "a.b"])
def test_a_key_that_is_no_hash_is_refused(key):
    with pytest.raises(ValueError, match="is not the text of a hash"):
        cache.keep(key, b"code")


# ---- damage ----------------------------------------------------------------------------------------------------------
DAMAGE = {
    "emptied": lambda content: b"",
    "cut in the head": lambda content: content[:20],
    "cut in the data": lambda content: content[:-1],
    "longer": lambda content: content + b"\0",
    "one bit of the data": lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    "one bit of the digest": lambda content: content[:25] + bytes([content[25] ^ 1]) + content[26:],
    "other file": lambda content: b"something else entirely, and long enough to be an entry of the cache",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_entry_is_absent_and_written_again(folder, damage):
    cache.keep("a1", b"code" * 100)
    place(folder, "a1").write_bytes(damage(place(folder, "a1").read_bytes()))
    assert cache.fetch("a1") is None
    assert cache.stored("a1", lambda: b"code" * 100) == b"code" * 100
    assert cache.stored("a1", never) == b"code" * 100


def test_an_entry_under_the_name_of_another_is_absent(folder):
    cache.keep("a1", b"code")
    os.rename(place(folder, "a1"), place(folder, "a2"))
    assert cache.fetch("a2") is None


# ---- many processes --------------------------------------------------------------------------------------------------
HAMMER = """
import random, sys
from remission.engine import cache
random.seed(int(sys.argv[1]))
for turn in range(400):
    key = f"k{random.randrange(6)}"
    data = (key * 9).encode() * 2000
    chance = random.random()
    if chance < 0.02:
        cache.clear()
    elif chance < 0.1:
        (cache.compiled_directory() / f"{key}.object").write_bytes(b"torn")
    elif chance < 0.4:
        cache.keep(key, data)
    elif cache.stored(key, lambda: data) != data:
        sys.exit(1)
"""


def test_four_processes_on_the_same_keys_never_read_what_was_not_written(folder, monkeypatch):
    """They write, read, damage, clear and remove the oldest at the same time; the limit holds only some of the entries."""
    monkeypatch.setenv("REMISSION_CACHE_LIMIT", "0.1")
    folder.mkdir()
    workers = [subprocess.Popen([sys.executable, "-c", HAMMER, str(i)], stderr=subprocess.PIPE, text=True) for i in range(4)]
    told = [worker.communicate(timeout=120)[1] for worker in workers]
    assert [(worker.returncode, text) for worker, text in zip(workers, told, strict=True)] == [(0, "")] * 4
    assert all(path.suffix == ".object" for path in folder.iterdir())
    cache.keep("k0", b"last")
    assert cache.fetch("k0") == b"last"


# ---- stopped runs ----------------------------------------------------------------------------------------------------
def test_a_run_stopped_while_it_writes_leaves_nothing_half_written(folder, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    cache.keep("a1", b"code")
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", stopped)
        with pytest.raises(KeyboardInterrupt):
            cache.keep("a2", b"code")
    assert keys_of(folder) == {"a1"}
    assert cache.fetch("a1") == b"code"


def test_what_was_left_half_written_long_ago_is_removed(folder):
    folder.mkdir()
    old, recent = folder / "old.part", folder / "recent.part"
    for path in (old, recent):
        path.write_bytes(b"half")
    aged(old, 3700)
    cache.keep("a1", b"code")
    assert not old.exists()
    assert recent.exists()


# ---- a disk that refuses ---------------------------------------------------------------------------------------------
def refuse(number):
    def refused(*_, **__):
        raise OSError(number, os.strerror(number))

    return refused


@pytest.mark.parametrize("function", ["open", "replace", "mkdir"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_is_full_or_cannot_be_written_costs_only_time(folder, monkeypatch, capfd, function, number):
    made = []
    with monkeypatch.context() as patch:
        patch.setattr(builtins if function == "open" else os, function, refuse(number))
        for _ in range(2):
            assert cache.stored("a1", lambda: made.append(1) or b"code") == b"code"
    assert len(made) == 2
    assert capfd.readouterr() == ("", "")
    assert not folder.exists() or not list(folder.iterdir())
    assert cache.stored("a1", lambda: b"code") == cache.stored("a1", never)


def test_a_disk_that_fills_up_in_the_middle_of_an_entry_keeps_the_old_one(folder, monkeypatch):
    cache.keep("a1", b"old")
    whole = builtins.open

    def small(handle, mode):
        file = whole(handle, mode)
        file.write(b"as much as fits")
        file.close()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(builtins, "open", small)
        cache.keep("a1", b"new")
    assert cache.fetch("a1") == b"old"
    assert keys_of(folder) == {"a1"}


def test_a_filled_cache_that_is_read_only_is_read(folder, monkeypatch):
    cache.keep("a1", b"code")
    folder.chmod(0o555)
    for function in ("utime", "replace", "mkdir"):  # root is never refused
        monkeypatch.setattr(os, function, refuse(errno.EROFS))
    assert cache.stored("a1", never) == b"code"
    assert cache.stored("a2", lambda: b"other") == b"other"
    folder.chmod(0o755)
    assert keys_of(folder) == {"a1"}


def test_where_no_folder_can_be_made_nothing_is_kept(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("REMISSION_CACHE", str(tmp_path / "file" / "cache"))
    assert cache.stored("a1", lambda: b"code") == b"code"
    assert cache.fetch("a1") is None
    assert cache.entries() == []


# ---- size ------------------------------------------------------------------------------------------------------------
def test_entries_used_longest_ago_go_first(folder, monkeypatch):
    monkeypatch.setenv("REMISSION_CACHE_LIMIT", "3.5")
    for age, key in enumerate("cba"):
        cache.keep(key, b"x" * MEGABYTE)
        aged(place(folder, key), 100 - age)
    assert cache.fetch("c") is not None  # used just now
    cache.keep("d", b"x" * MEGABYTE)
    assert keys_of(folder) == {"a", "c", "d"}


def test_the_size_stays_below_its_limit(folder, monkeypatch):
    monkeypatch.setenv("REMISSION_CACHE_LIMIT", "1")
    for number in range(30):
        cache.keep(f"k{number}", b"x" * 90_000)
        assert sum(path.stat().st_size for path in folder.iterdir()) <= MEGABYTE
    assert len(keys_of(folder)) == 11


@pytest.mark.parametrize("limit", ["0", "0.5"])
def test_the_entry_just_written_stays_whatever_the_limit(folder, monkeypatch, limit):
    cache.keep("a1", b"x" * MEGABYTE)
    monkeypatch.setenv("REMISSION_CACHE_LIMIT", limit)
    cache.keep("a2", b"x" * MEGABYTE)
    aged(place(folder, "a2"), 1000)
    assert keys_of(folder) == {"a2"}
    cache.keep("a2", b"y" * MEGABYTE)
    assert keys_of(folder) == {"a2"}


def test_files_that_another_process_removes_meanwhile_do_no_harm(folder, monkeypatch):
    for key in ("a1", "a2", "a3"):
        cache.keep(key, b"x" * 1000)
    known = cache.entries()
    place(folder, "a1").unlink()
    monkeypatch.setattr(cache, "entries", lambda: known)
    monkeypatch.setenv("REMISSION_CACHE_LIMIT", "0.001")
    cache.keep("a3", b"x" * 1000)
    assert keys_of(folder) == {"a3"}


def test_the_limit_is_256_megabytes_unless_another_is_named(monkeypatch):
    assert cache.size_limit() == 256 * MEGABYTE
    monkeypatch.setenv("REMISSION_CACHE_LIMIT", "1.5")
    assert cache.size_limit() == 1_500_000


@pytest.mark.parametrize("text", ["much", "-1", "nan", "inf"])
def test_a_limit_that_is_no_size_is_named_with_the_remedy(monkeypatch, text):
    monkeypatch.setenv("REMISSION_CACHE_LIMIT", text)
    with pytest.raises(InputError, match="REMISSION_CACHE_LIMIT: the limit of the cache is not a size .*; give a number of MB"):
        cache.keep("a1", b"code")


def test_the_folder_is_the_one_named_or_that_of_the_user(monkeypatch, tmp_path):
    assert cache.cache_directory() == tmp_path
    monkeypatch.delenv("REMISSION_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))
    assert cache.cache_directory() == tmp_path / "mine" / "remission"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.cache_directory() == tmp_path / ".cache" / "remission"
