"""How sensitive malignant cells are to drugs."""

from __future__ import annotations

from dataclasses import dataclass

from remission.model.module import AbstractModule


@dataclass(frozen=True)
class Resistance(AbstractModule):
    """Sensitivity of malignant cells to a class of drugs, and the rest of it in cells that became resistant.

    Enters the port `sensitivity` of the class. Patients differ in both numbers; after several lines of therapy the
    resistant cells are what is left, so their rest decides whether salvage works.

    Not represented: mechanisms by drug, tolerance that passes.
    """

    trait: str = "chemotherapy"

    def equations(self, m) -> None:
        p = m.parameters
        resistant = m.trait(self.trait, "resistant")
        m.multiply("sensitivity", p.sensitivity * (1 - resistant * (1 - p.rest)), channel=self.trait)
