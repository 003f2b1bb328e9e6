"""What a module is: a frozen value whose equations are ordinary Python, run once with symbols."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True)
class AbstractModule:
    """One idea of biology, therapy or harm. Fields are choices made before the run; numbers live in the table beside the file."""

    dose_unit: ClassVar[str] = ""

    @property
    def label(self) -> str:
        """Name of this instance in states, parameters and regimens; one instance of a label per system."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    @property
    def table(self) -> Path:
        """The parameter table of the module: the CSV with the stem of its file."""
        return Path(inspect.getfile(type(self))).with_suffix(".csv")

    @property
    def agent_table(self) -> Path | None:
        """A second table laid over the first, for one agent of a modality; None when there is none."""
        return None

    def equations(self, m) -> None:
        """Declare states, flows, port contributions, outputs and hazards on the builder `m`."""

    def on_dose(self, m, dose) -> dict | None:
        """The states that jump when a dose is given, as {state: new value}; None adds the dose to the one dosed state."""
        return None

    @property
    def is_agent(self) -> bool:
        """True if regimens may name this module."""
        return bool(self.dose_unit)


@dataclass(frozen=True)
class AbstractTherapy(AbstractModule):
    """A module that regimens name: `modality` or `modality:agent`. `dose_unit` is the unit a dose arrives in."""

    agent: str = ""

    @property
    def label(self) -> str:
        base = super().label
        return f"{base}:{self.agent}" if self.agent else base

    @property
    def agent_table(self) -> Path | None:
        return self.table.parent / "agents" / f"{self.agent}.csv" if self.agent else None
