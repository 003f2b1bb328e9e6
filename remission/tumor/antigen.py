"""The surface antigen that engineered cells and antibodies see."""

from __future__ import annotations

from dataclasses import dataclass

from remission.model.module import AbstractModule


@dataclass(frozen=True)
class Antigen(AbstractModule):
    """An antigen such as CD19 on malignant cells: full on clones that have it, a rest on clones that lost it.

    The level (0 to 1) enters the port `antigen` under the name of the antigen; therapies read it there. The share of
    negative cells among all malignant cells tells the phenotype of a relapse.

    Not represented: cells of continuous density, masking, down-modulation that recovers.
    """

    antigen: str = "cd19"

    def equations(self, m) -> None:
        p = m.parameters
        negative = m.trait("antigen", f"{self.antigen}_negative")
        m.multiply("antigen", p.level * (1 - negative * (1 - p.rest)), channel=self.antigen)

        cells = m.read("cells", per="clone")
        lost = m.total(negative * cells, over="lesion")
        everything = m.total(cells, over="lesion")
        m.output(f"{self.antigen}_negative_fraction", lost / (everything + p.one_cell), unit="1")
