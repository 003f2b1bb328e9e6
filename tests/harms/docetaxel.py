"""Docetaxel as published, to test blood counts with numbers from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from remission.model.module import AbstractModule


@dataclass(frozen=True)
class Docetaxel(AbstractModule):
    """Three compartments, and an effect on precursors in proportion to the concentration."""

    dose_unit: ClassVar[str] = "mg"

    def equations(self, m) -> None:
        p = m.parameters
        central = m.state("central", unit="mg", dosed=True)
        shallow, deep = m.state("shallow", unit="mg"), m.state("deep", unit="mg")
        m.flow(central, None, p.clearance / p.volume * central)
        m.flow(central, shallow, p.k12 * central)
        m.flow(shallow, central, p.k21 * shallow)
        m.flow(central, deep, p.k13 * central)
        m.flow(deep, central, p.k31 * deep)
        m.add("marrow_toxicity", p.slope * central / p.volume * p.transit_rate)
