"""What the folders hold: every module, agent, disease and table, so that a new file is tested without a word here."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import remission
from remission import catalog, diseases, therapies
from remission.diseases.build import build
from remission.model.disease import Disease
from remission.model.module import AbstractModule
from remission.model.regimen import Regimen
from remission.model.system import System
from remission.scenario import read_scenario
from remission.tables import Table, columns

PACKAGE = Path(remission.__file__).parent
FOLDERS = ("tumor", "immune", "therapies", "harms")
MODULE_FILES = sorted(path for folder in FOLDERS for path in (PACKAGE / folder).glob("*.py") if path.name != "__init__.py")
DISEASES = diseases.names()


@cache
def modules() -> tuple[AbstractModule, ...]:
    """One of each class of module, with the choices it has by itself."""
    kinds = []
    for folder in (*FOLDERS, "diseases"):
        package = import_module(f"remission.{folder}")
        for found in iter_modules(package.__path__):
            file = import_module(f"remission.{folder}.{found.name}")
            kinds += [
                v for v in vars(file).values() if isinstance(v, type) and issubclass(v, AbstractModule) and v.__module__ == file.__name__
            ]
    return tuple(kind() for kind in kinds)


def agent_table(agent: str) -> Path:
    return PACKAGE / "therapies" / "agents" / f"{agent}.csv"


def fits(modality: str, agent: str) -> bool:
    """Whether a table speaks only of rows that the modality has."""
    own = therapies.modalities()[modality]().table
    return own.exists() and set(Table.read(agent_table(agent), override=True).rows) <= set(Table.read(own).rows)


def named() -> set[str]:
    """Agents as diseases and scenarios name them."""
    found = {dose["agent"] for name in DISEASES for line in diseases.get(name).history for dose in line.doses}
    found |= {agent for name in DISEASES for r in diseases.get(name).regimens.values() if isinstance(r, Regimen) for agent in r.agents}
    return found | {agent for name in catalog.scenarios() for agent in read_scenario(name).agents}


@cache
def agents() -> tuple[str, ...]:
    """Every agent's table under its modality: the one that names it, claims it by default, or the only one it fits."""
    spoken, made = named(), []
    for agent in catalog.agents():
        open_to = [modality for modality in therapies.modalities() if fits(modality, agent)]
        claimed = [m for m in open_to if f"{m}:{agent}" in spoken or getattr(therapies.modalities()[m](), "agent", "") == agent]
        made += [f"{modality}:{agent}" for modality in claimed or open_to]
    return tuple(made)


@cache
def every_therapy() -> tuple[str, ...]:
    """All agents and the modalities that have none; of products that share a label, the first that a scenario names."""
    with_agents = {name.split(":")[0] for name in agents()}
    names = [*sorted(agents(), key=lambda name: name not in named()), *(m for m in therapies.modalities() if m not in with_agents)]
    return tuple({therapies.get(name).label: name for name in reversed(names)}.values())


@cache
def whole(disease: str) -> System:
    """The disease with every therapy there is."""
    own = {module.label for module in diseases.get(disease).modules}
    return build(disease, [name for name in every_therapy() if therapies.get(name).label not in own])


def sites(disease: Disease) -> tuple[str, ...]:
    return tuple(lesion.site for lesion in disease.lesions)


@cache
def references() -> tuple[str, ...]:
    return tuple(re.findall(r"^@\w+\{([^,\s]+)\s*,", (PACKAGE / "references.bib").read_text(encoding="utf-8"), re.MULTILINE))


@cache
def headers() -> dict[Path, tuple[str, ...]]:
    """The first line of every CSV of the package."""
    paths = sorted(PACKAGE.rglob("*.csv"))
    return {path: tuple(path.read_text(encoding="utf-8").split("\n", 1)[0].strip().split(",")) for path in paths}


def parameter_tables() -> tuple[Path, ...]:
    """Every table of parameters: of modules, agents, diseases, populations and measurement."""
    return tuple(path for path, header in headers().items() if header == columns)


def is_override(path: Path) -> bool:
    """Whether a table is laid over another: it names no row of its own module."""
    return path.parent.name in ("agents", "validation") or path.stem.split(".")[0] in DISEASES
