"""Object code kept on disk by content, so that a model is compiled once; losing any of it only costs time.

One file an entry, in the folder `compiled` of the cache: a mark, a digest of key and data, the data. An entry is written
beside its place and moved there in one step, and is believed only when its digest fits, so any number of processes may
share the folder, and a run that is stopped leaves it usable. Whatever the disk refuses is left out without a word:
`remission cache` says whether the folder can be written.

Left out: two processes that need the same new entry both make it.
"""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path

from remission.errors import InputError

FOLDER, LIMIT = "REMISSION_CACHE", "REMISSION_CACHE_LIMIT"
DEFAULT_MEGABYTES = 256.0
MARK, DIGEST = b"remission object 1\n", 32
ENTRY, UNFINISHED = ".object", ".part"
STALE_SECONDS = 3600.0


def cache_directory() -> Path:
    """Where things are kept to save time: REMISSION_CACHE, else the user's cache folder."""
    chosen = os.environ.get(FOLDER)
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "remission"


def compiled_directory() -> Path:
    """The part of the cache that holds compiled models."""
    return cache_directory() / "compiled"


def size_limit() -> int:
    """Most bytes of compiled models to keep: REMISSION_CACHE_LIMIT in MB, else 256 MB. InputError where that is no size."""
    text = os.environ.get(LIMIT) or str(DEFAULT_MEGABYTES)
    try:
        megabytes = float(text)
    except ValueError:
        megabytes = math.nan
    if not 0.0 <= megabytes < math.inf:
        raise InputError("the limit of the cache is not a size", LIMIT, text, "give a number of MB, such as 256")
    return int(megabytes * 1e6)


def stored(key: str, make: Callable[[], bytes]) -> bytes:
    """The data of this key: read if it is kept, else made and kept. `key` is a hash of everything the data depends on."""
    data = fetch(key)
    if data is None:
        data = make()
        keep(key, data)
    return data


def fetch(key: str) -> bytes | None:
    """The data of this key, or None where there is none, or what is there is not what was written."""
    path = _place(key)
    try:
        content = path.read_bytes()
    except OSError:
        return None
    data = content[len(MARK) + DIGEST :]
    if content != _sealed(key, data):
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return data


def keep(key: str, data: bytes) -> None:
    """Keep the data of this key, and remove what was used longest ago where the limit is passed."""
    limit, path = size_limit(), _place(key)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, _sealed(key, data))
        _remove_unfinished(path.parent)
        _remove_oldest(path, limit)


def entries() -> list[tuple[Path, os.stat_result]]:
    """The compiled models kept now, the one used longest ago first."""
    found = [(path, status) for path, status in _files(compiled_directory()) if path.suffix == ENTRY]
    return sorted(found, key=lambda item: (item[1].st_mtime_ns, item[0].name))


def clear() -> None:
    """Remove every compiled model, and what stopped processes left half written. OSError where the folder cannot be written."""
    for path, _ in _files(compiled_directory()):
        if path.suffix in (ENTRY, UNFINISHED):
            path.unlink(missing_ok=True)


def _place(key: str) -> Path:
    if not key.isalnum():
        raise ValueError(f"the key `{key}` is not the text of a hash")
    return compiled_directory() / f"{key}{ENTRY}"


def _sealed(key: str, data: bytes) -> bytes:
    return MARK + blake2b(data, digest_size=DIGEST, key=blake2b(key.encode()).digest()).digest() + data


def _write(path: Path, content: bytes) -> None:
    """Put the content in place in one step. Raises OSError, and then leaves nothing behind."""
    handle, unfinished = tempfile.mkstemp(dir=path.parent, suffix=UNFINISHED)
    try:
        with open(handle, "wb") as file:
            file.write(content)
        os.replace(unfinished, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)
        raise


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The files of a folder, without those that another process removes meanwhile."""
    try:
        paths = list(folder.iterdir())
    except OSError:
        return
    for path in paths:
        with contextlib.suppress(OSError):
            yield path, path.stat()


def _remove_unfinished(folder: Path) -> None:
    """Remove what a stopped process left half written."""
    for path, status in _files(folder):
        if path.suffix == UNFINISHED and time.time() - status.st_mtime > STALE_SECONDS:
            path.unlink(missing_ok=True)


def _remove_oldest(written: Path, limit: int) -> None:
    """Remove entries, those used longest ago first and never the one just written, until the rest fits the limit."""
    known = entries()
    size = sum(status.st_size for _, status in known)
    for path, status in known:
        if size <= limit:
            return
        if path != written:
            path.unlink(missing_ok=True)
            size -= status.st_size
