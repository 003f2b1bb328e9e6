"""What is kept on disk to save time: generated models with their machine code, and cohorts. Clearing it only costs time."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from remission.engine.compile import cache_directory
from remission.errors import InputError


@dataclass(frozen=True)
class Kept:
    """The cache as it is: its folder, how many models and cohorts it holds, and their size in bytes."""

    folder: Path
    models: int
    cohorts: int
    size: int

    def __str__(self) -> str:
        return f"{self.folder}: {self.models} models, {self.cohorts} cohorts, {self.size / 1e6:.1f} MB"


def kept() -> Kept:
    """What the cache holds now."""
    folder = cache_directory()
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    cohorts = [path for path in (folder / "cohorts").glob("*") if path.is_dir()]
    models = [path for path in files if path.parent == folder and path.suffix == ".py"]
    return Kept(folder, len(models), len(cohorts), sum(path.stat().st_size for path in files))


def clear() -> Kept:
    """Remove generated models and cohorts; returns what there was."""
    before = kept()
    try:
        for path in before.folder.glob("model_*"):
            path.unlink()
        for name in ("cohorts", "__pycache__"):
            shutil.rmtree(before.folder / name, ignore_errors=True)
    except OSError as error:
        raise InputError(f"the cache cannot be cleared: {error.strerror}", before.folder, remedy="remove the folder by hand") from error
    return before
