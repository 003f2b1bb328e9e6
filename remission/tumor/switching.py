"""Cells that change a trait when they divide."""

from __future__ import annotations

from dataclasses import dataclass

from remission.model.module import AbstractModule


@dataclass(frozen=True)
class Switching(AbstractModule):
    """A trait that a malignant cell loses or gains for good: loss of an antigen, or resistance to drugs.

    Each division of a cell of level `origin` gives a cell of level `variant` with a small probability. Before the run
    the tumor has grown for long, so a share of variants is already there; where that share is less than one cell,
    it is the chance that one is there.

    Not represented: cost of the variant, reversion, drugs that raise the rate.
    """

    trait: str = "antigen"
    origin: str = "cd19_positive"
    variant: str = "cd19_negative"

    @property
    def label(self) -> str:
        return f"switching:{self.trait}"

    def equations(self, m) -> None:
        p = m.parameters
        variant, origin = m.trait(self.trait, self.variant), m.trait(self.trait, self.origin)
        m.output("founders", variant * p.founder_share + origin * (1 - p.founder_share), unit="1")

        cells = m.read("cells", per="clone")
        rate = p.per_division * m.read("growth.birth", per="clone")
        m.convert(cells, {(self.trait, self.origin, self.variant): rate})
