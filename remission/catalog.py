"""What is in the package, by name: agents, scenarios and criteria are found in their folders, as are diseases and therapies in theirs.

A new file in a folder is found by itself; nothing is registered by hand. Names accept `-` for `_`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from .errors import InputError, nearest

PACKAGE = Path(__file__).parent
CRITERIA = {
    "recist1.1": "recist",
    "irecist": "irecist",
    "rano2010": "rano",
    "rano2": "rano",
    "rano-bm": "rano",
    "lugano": "lugano",
    "leukemia": "leukemia",
}


@cache
def agents() -> tuple[str, ...]:
    """Every agent that has a table of its own, laid over the table of its modality."""
    return tuple(sorted(table.stem for table in (PACKAGE / "therapies" / "agents").glob("*.csv")))


@cache
def scenarios() -> dict[str, Path]:
    """The bundled scenarios, by name."""
    return {path.stem.replace("-", "_"): path for path in sorted((PACKAGE / "scenarios").glob("*.toml"))}


@cache
def criteria() -> tuple[str, ...]:
    """The response criteria that are implemented."""
    return tuple(name for name, module in CRITERIA.items() if find_spec(f"remission.response.{module}"))


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
