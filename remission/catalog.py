"""What is in the package, by name: diseases, therapies, agents, scenarios and criteria are found in their folders.

A new file in a folder is found by itself; nothing is registered by hand. Names accept `-` for `_`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from . import diseases as diseases_package
from . import therapies as therapies_package
from .errors import InputError, nearest
from .model.disease import Disease
from .model.module import AbstractTherapy

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


def diseases() -> dict[str, Disease]:
    """Every disease, by name."""
    return {name: diseases_package.get(name) for name in diseases_package.names()}


def therapies() -> dict[str, type[AbstractTherapy]]:
    """Every class of therapy, by its modality."""
    return therapies_package.modalities()


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


def disease(name: str) -> Disease:
    """The disease of that name; `InputError` with the nearest one."""
    return diseases_package.get(name)


def therapy(name: str) -> AbstractTherapy:
    """The module a regimen names as `modality` or `modality:agent`; `InputError` when either is unknown."""
    return therapies_package.get(name)


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
