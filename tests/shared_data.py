"""Data sets that are shared beside the repository, not inside it; tests on them are skipped where they are missing."""

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("REMISSION_SHARED", Path(__file__).parents[2] / "shared")) / "data"


def shared(*parts: str) -> Path:
    """A file of the shared data, or a skipped test."""
    path = FOLDER.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{path} is not here; set REMISSION_SHARED to the folder of the shared data")
    return path
