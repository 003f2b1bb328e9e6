"""The folder a run writes to: its own, and never somebody else's.

A folder is usable when it is new, empty, or holds `run.json` of an earlier run of this program. Nothing in any other
folder is touched.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from .errors import InputError
from .version import VERSION

MARKER = "run.json"
PROGRAM = "remission"


def default_directory(scenario: str, seed: int) -> Path:
    """Where a run goes when nothing is said: `runs/<scenario>-<seed>`."""
    return Path("runs") / f"{scenario.replace('_', '-')}-{seed}"


def check(directory: Path) -> None:
    """Raise `InputError` unless the folder is new, empty or an earlier run's, and can be written; changes nothing."""
    if directory.exists() and not directory.is_dir():
        raise InputError("the output is a file, not a folder", directory, remedy="name a new folder with `--out`")
    if directory.is_dir() and any(directory.iterdir()) and not is_run(directory):
        raise InputError("the folder holds other things than a run", directory, remedy="name a new or empty folder with `--out`")
    _check_writable(directory)


def prepare(directory: Path, resume: bool = False) -> None:
    """Make the folder ready: an earlier run in it is removed, or kept with `resume`. Call it when the input has been checked."""
    check(directory)
    if directory.is_dir() and not resume:
        _empty(directory)
    directory.mkdir(parents=True, exist_ok=True)
    if not is_run(directory):
        write_marker(directory, {})


def write_marker(directory: Path, facts: dict[str, object]) -> None:
    """Write `run.json`: what made this folder, and `facts` about the run."""
    content = {"program": PROGRAM, "version": VERSION, **facts}
    (directory / MARKER).write_text(json.dumps(content, indent=1), encoding="utf-8")


def read_marker(directory: Path) -> dict[str, object]:
    """What `run.json` says, or nothing when there is none of this program."""
    try:
        content = json.loads((directory / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) and content.get("program") == PROGRAM else {}


def is_run(directory: Path) -> bool:
    """Whether the folder holds a run of this program."""
    return bool(read_marker(directory))


def _empty(directory: Path) -> None:
    for entry in directory.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _check_writable(directory: Path) -> None:
    nearest = directory.absolute()
    try:
        while not nearest.exists():
            nearest = nearest.parent
        with tempfile.TemporaryFile(dir=nearest):
            return
    except OSError as error:
        raise InputError(f"the folder cannot be written: {error.strerror}", directory, remedy="name another with `--out`") from error
