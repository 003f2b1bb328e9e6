"""What is in the package, by name: diseases, therapies, agents, scenarios and criteria are found in their folders.

A new file in a folder is found by itself; nothing is registered by hand. Names accept `-` for `_`.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

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


@cache
def diseases() -> dict[str, Disease]:
    """Every disease value found in `diseases/`, by name."""
    values = [value for module in _modules(diseases_package) for value in vars(module).values() if isinstance(value, Disease)]
    return {disease.name: disease for disease in sorted(values, key=lambda disease: disease.name)}


@cache
def therapies() -> dict[str, type[AbstractTherapy]]:
    """Every class of therapy found in `therapies/`, by the name regimens use."""
    classes = {value for module in _modules(therapies_package) for value in vars(module).values() if _is_therapy(value, module)}
    return dict(sorted((kind().label.split(":")[0], kind) for kind in classes))


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
    return diseases()[found(name, diseases(), "disease")]


def therapy(name: str) -> AbstractTherapy:
    """The module a regimen names as `modality` or `modality:agent`; `InputError` when either is unknown."""
    modality, _, agent = name.replace("-", "_").partition(":")
    kind = therapies()[found(modality, therapies(), "therapy")]
    if not agent:
        return kind()
    module = kind(agent=agent)
    if module.agent_table is not None and not module.agent_table.exists():
        raise InputError(
            f"`{modality}` knows no agent `{agent}`{nearest(agent, agents())}", value=name, remedy="see `remission list agents`"
        )
    return module


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


def _modules(package: ModuleType) -> list[ModuleType]:
    return [import_module(f"{package.__name__}.{info.name}") for info in pkgutil.iter_modules(package.__path__) if not info.ispkg]


def _is_therapy(value: object, module: ModuleType) -> bool:
    if not inspect.isclass(value) or not issubclass(value, AbstractTherapy) or inspect.isabstract(value):
        return False
    return value.__module__ == module.__name__ and not value.__name__.startswith(("Abstract", "_"))
