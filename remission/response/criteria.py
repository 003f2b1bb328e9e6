"""The criteria by name: one file each, found when it is asked for."""

from __future__ import annotations

from importlib import import_module

from remission.errors import InputError, nearest
from remission.response.criterion import Criterion

MODULES = {
    "recist1.1": "recist",
    "irecist": "irecist",
    "rano2010": "rano_2010",
    "rano2": "rano_2",
    "rano-bm": "rano_bm",
    "lugano": "lugano",
    "leukemia": "leukemia_visits",
}
"""The file of each criterion, by the name that the command line knows."""


def names() -> tuple[str, ...]:
    """Every criterion there is."""
    return tuple(MODULES)


def get(name: str) -> Criterion:
    """The criterion of that name, upper or lower case; `InputError` with the nearest name."""
    folded = name.strip().lower().replace("_", "-")
    if folded not in MODULES:
        raise InputError(f"there is no criterion `{name}`{nearest(folded, MODULES)}", "--criteria", remedy=f"use {', '.join(MODULES)}")
    return import_module(f"remission.response.{MODULES[folded]}").CRITERION
