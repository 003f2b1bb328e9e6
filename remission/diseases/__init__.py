"""Diseases by name."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from remission.errors import InputError, nearest
from remission.model.disease import Disease


@cache
def names() -> tuple[str, ...]:
    """The names of all diseases in this folder."""
    return tuple(sorted(_diseases()))


def get(name: str) -> Disease:
    """The disease of this name (`-` counts as `_`); InputError with the nearest name when there is none."""
    wanted = name.replace("-", "_")
    if wanted not in names():
        raise InputError(f"unknown disease `{name}`{nearest(wanted, names())}", value=name, remedy=f"known: {', '.join(names())}")
    return _diseases()[wanted]


@cache
def _diseases() -> dict[str, Disease]:
    modules = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__) if not found.ispkg]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Disease)]
    return {disease.name: disease for disease in found}
