"""What is kept on disk to save time: compiled models and cohorts. Clearing it only costs time."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from remission.engine import cache as compiled_models
from remission.engine.cache import cache_directory, entries, size_limit
from remission.errors import InputError


@dataclass(frozen=True)
class Share:
    """One kind of thing in the cache: how many there are, and their size in bytes."""

    number: int
    size: int

    @property
    def megabytes(self) -> float:
        return self.size / 1e6


@dataclass(frozen=True)
class Kept:
    """The cache as it is: its folder, whether it can be written, what it holds, and the most bytes of compiled models it keeps."""

    folder: Path
    writable: bool
    compiled: Share
    cohorts: Share
    limit: int

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self.compiled.size + self.cohorts.size

    def __str__(self) -> str:
        held = f"{_told(self.compiled, 'compiled model')}, {_told(self.cohorts, 'cohort')}"
        note = "" if self.writable else "; the folder cannot be written, so every run compiles again what is not in it"
        return f"{self.folder}: {held}{note}"

    def json(self) -> dict:
        """The same as one document; sizes in MB."""
        shares = {"compiled": self.compiled, "cohorts": self.cohorts}
        parts = {name: {"number": share.number, "megabytes": share.megabytes} for name, share in shares.items()}
        return {"folder": str(self.folder), "writable": self.writable, "limit_megabytes": self.limit / 1e6, **parts}


def _told(share: Share, name: str) -> str:
    return f"{share.number} {name}{'' if share.number == 1 else 's'} ({share.megabytes:.1f} MB)"


def kept() -> Kept:
    """What the cache holds now."""
    folder, compiled, cohorts = cache_directory(), entries(), _cohorts()
    return Kept(
        folder=folder,
        writable=_writable(folder),
        compiled=Share(len(compiled), sum(status.st_size for _, status in compiled)),
        cohorts=Share(len(cohorts), sum(_size(path) for path in cohorts)),
        limit=size_limit(),
    )


def clear() -> Kept:
    """Remove compiled models and cohorts, and nothing else; returns what there was."""
    before = kept()
    try:
        compiled_models.clear()
        for path in _folders(cache_directory() / "cohorts"):
            _remove(path)
    except OSError as error:
        raise InputError(f"the cache cannot be cleared: {error.strerror}", before.folder, remedy="remove the folder by hand") from error
    return before


def _cohorts() -> list[Path]:
    return [path for path in _folders(cache_directory() / "cohorts") if not path.name.startswith(".")]


def _folders(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []


def _size(folder: Path) -> int:
    """Bytes of all files below a folder; one that another process removes meanwhile counts nothing."""
    size = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            size += path.stat().st_size if path.is_file() else 0
    return size


def _remove(folder: Path) -> None:
    """Remove a folder, unless another process did."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)


def _writable(folder: Path) -> bool:
    """Whether files can be made in the folder, or the folder be made where it is missing."""
    nearest = next((path for path in (folder, *folder.parents) if path.exists()), None)
    return nearest is not None and nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
