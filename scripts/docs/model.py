"""The trial whose parts the pages describe: its study, and what each module declared."""

from __future__ import annotations

from functools import cache

from remission.diseases.build import all_modules
from remission.model.builder import Declarations
from remission.model.compose import _declare
from remission.model.module import AbstractModule
from remission.scenario import Scenario, read_scenario
from remission.therapies import get as therapy
from remission.trial import ALWAYS, Study, prepare

SCENARIO = "b-all-car-t"


@cache
def scenario() -> Scenario:
    """The bundled trial."""
    return read_scenario(SCENARIO)


@cache
def study() -> Study:
    """The bundled trial as one system with its numbers."""
    return prepare(scenario())


@cache
def modules() -> dict[str, AbstractModule]:
    """Every module of that system by its label."""
    disease = study().disease
    names = {agent.name for agent in study().system.agents} | set(ALWAYS)
    own = {module.label for module in disease.modules}
    given = {therapy(name).label: name for name in [*scenario().agents, *ALWAYS]}
    past = {dose["agent"] for line in disease.history for dose in line.doses}
    wanted = [given.get(name, name) for name in sorted(names | past) if name not in own]
    return {module.label: module for module in all_modules(disease, wanted)}


@cache
def declared() -> Declarations:
    """What the modules said, with ports and readings still under their names."""
    system = study().system
    ordered = sorted(modules().values(), key=lambda module: module.label)
    return _declare(ordered, study().parameters.rows, system.clones, system.sites)
