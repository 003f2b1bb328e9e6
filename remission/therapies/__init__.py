"""Therapies by the names regimens use: `modality` or `modality:agent`."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from remission.errors import InputError, nearest
from remission.model.module import AbstractTherapy


@cache
def modalities() -> dict[str, type[AbstractTherapy]]:
    """Every class of therapy in this folder, by its modality."""
    modules = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__) if not found.ispkg]
    classes = {
        value for module in modules for value in vars(module).values() if isinstance(value, type) and value.__module__ == module.__name__
    }
    found = {kind().label.split(":")[0]: kind for kind in classes if issubclass(kind, AbstractTherapy)}
    return dict(sorted(found.items()))


def get(name: str) -> AbstractTherapy:
    """The therapy of this name, for example `car_t` or `chemotherapy:fludarabine`; its `label` is its name in a system.

    Raises InputError with the nearest name when there is no such modality or no table of such an agent.
    """
    modality, _, agent = name.replace("-", "_").partition(":")
    if modality not in modalities():
        raise InputError(
            f"unknown therapy `{modality}`{nearest(modality, modalities())}", value=name, remedy=f"known: {', '.join(modalities())}"
        )
    kind = modalities()[modality]
    made = kind(agent=agent) if agent else kind()
    table = made.agent_table
    if table is not None and not table.exists():
        known = [path.stem for path in sorted(table.parent.glob("*.csv"))]
        raise InputError(f"unknown agent `{agent}`{nearest(agent, known)}", value=name, remedy=f"agents with a table: {', '.join(known)}")
    return made
