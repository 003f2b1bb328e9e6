"""Linear kinetics with known closed forms: absorption and loss, a transit chain, and two compartments under infusion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from remission.model.module import AbstractTherapy


@dataclass(frozen=True)
class Absorbed(AbstractTherapy):
    """A drug swallowed: absorption, loss, and what has been lost so far."""

    dose_unit: ClassVar[str] = "mg"

    def equations(self, m) -> None:
        p = m.parameters
        gut, blood, lost = m.state("gut", unit="mg", dosed=True), m.state("blood", unit="mg"), m.state("lost", unit="mg")
        m.flow(gut, blood, p.absorption * gut)
        m.flow(blood, lost, p.loss * blood)
        m.output("amount", blood, "mg")
        m.output("gone", lost, "mg")
        m.output("area", m.integral("exposure", blood), "day*mg")


@dataclass(frozen=True)
class Transit(AbstractTherapy):
    """A pulse through five equal compartments, and out."""

    dose_unit: ClassVar[str] = "mg"

    def equations(self, m) -> None:
        rate = m.parameters.absorption
        steps = m.chain("step", 5, rate, unit="mg")
        m.flow(steps[-1], None, rate * steps[-1])
        for i, step in enumerate(steps):
            m.output(f"at_{i + 1}", step, "mg")

    def on_dose(self, m, dose):
        first = m.read("step_1")
        return {first: first + dose}


@dataclass(frozen=True)
class Infused(AbstractTherapy):
    """Two compartments; doses in g, amounts in mg."""

    dose_unit: ClassVar[str] = "g"

    def equations(self, m) -> None:
        p = m.parameters
        blood, tissue = m.state("blood", unit="mg", dosed=True), m.state("tissue", unit="mg")
        m.flow(blood, tissue, p.out_rate * blood)
        m.flow(tissue, blood, p.back_rate * tissue)
        m.flow(blood, None, p.loss * blood)
        m.output("amount", blood, "mg")
        m.output("deep", tissue, "mg")
