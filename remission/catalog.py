"""What is in the package, by name: agents and scenarios are found in their folders, as are diseases, therapies and criteria in theirs.

A new file in a folder is found by itself; nothing is registered by hand. Names accept `-` for `_`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from .errors import InputError, nearest
from .response import criteria as response_criteria

PACKAGE = Path(__file__).parent
CRITERIA = response_criteria.names()
EXAMPLES = {"scans_example": ("assessing/example_measurements.csv", "assessing/example_patients.csv")}
"""Bundled files that are no scenario, by the name they are copied under."""


@cache
def agents() -> tuple[str, ...]:
    """Every agent that has a table of its own, laid over the table of its modality."""
    return tuple(sorted(table.stem for table in (PACKAGE / "therapies" / "agents").glob("*.csv")))


@cache
def scenarios() -> dict[str, Path]:
    """The bundled scenarios, by name."""
    return {path.stem.replace("-", "_"): path for path in sorted((PACKAGE / "scenarios").glob("*.toml"))}


def criteria() -> tuple[str, ...]:
    """The response criteria, by the names of the command line."""
    return CRITERIA


def copies(name: str) -> tuple[Path, ...]:
    """The files that `remission copy` hands out under a name: a bundled scenario, or an example."""
    known = {**{key: (path,) for key, path in scenarios().items()}, **{key: _inside(paths) for key, paths in EXAMPLES.items()}}
    return known[found(name, known, "bundled scenario or example")]


def _inside(paths: Iterable[str]) -> tuple[Path, ...]:
    return tuple(PACKAGE / path for path in paths)


def scenario_path(name: str) -> Path:
    """The file of a scenario: a path that exists, or the name of a bundled one; `InputError` for neither."""
    if Path(name).is_file() or Path(name).suffix == ".toml" or "/" in name:
        return Path(name)
    return scenarios()[found(name, scenarios(), "scenario")]


def found(name: str, known: Iterable[str], kind: str) -> str:
    """`name` as it is known, with `_` for `-`; `InputError` with the nearest known one."""
    names = tuple(known)
    folded = name.strip().replace("-", "_")
    if folded not in names:
        listing = ", ".join(names) or "none yet"
        raise InputError(f"there is no {kind} `{name}`{nearest(name, names)}", remedy=f"known: {listing}")
    return folded
