"""Small modules for tests of composition: equations given as a function, parameters as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from remission.model.compose import compose
from remission.model.disease import Clones
from remission.model.module import AbstractModule
from remission.model.system import System
from remission.parameters import ParameterSet, Row


@dataclass(frozen=True)
class Part(AbstractModule):
    """A module of any name whose equations are a function of the builder."""

    name: str
    says: Callable = field(compare=False)
    doses: Callable | None = field(default=None, compare=False)
    unit_of_dose: str = ""

    @property
    def label(self) -> str:
        return self.name

    @property
    def dose_unit(self) -> str:
        return self.unit_of_dose

    def equations(self, m) -> None:
        self.says(m)

    def on_dose(self, m, dose):
        return self.doses(m, dose) if self.doses else None


def rows(**keys: str) -> ParameterSet:
    """`rows(growth__rate="0.1 1/day", growth__size="2 cell per lesion")`: `__` is the dot."""
    made = {}
    for key, text in keys.items():
        number, unit, *scope = text.split(" ", 2)
        per = scope[0].removeprefix("per ") if scope else "patient"
        full = key.replace("__", ".")
        made[full] = Row(name=full.split(".")[1], value=float(number), unit=unit, per=per, evidence="assumed", meaning="test")
    return ParameterSet(made)


def system(*modules, clones: Clones | None = None, sites=("marrow",), **parameters: str) -> System:
    return compose("test", modules, clones, sites, rows(**parameters))


def rate(composed: System, name: str) -> str:
    """The rate of a state as printed."""
    return next(line for line in composed.equations() if line.startswith(f"d {name} = ")).partition(" = ")[2]
