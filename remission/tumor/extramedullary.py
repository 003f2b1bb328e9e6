"""Disease outside the marrow: a small site that engineered cells reach badly."""

from __future__ import annotations

from dataclasses import dataclass

from remission.model.module import AbstractModule


@dataclass(frozen=True)
class Extramedullary(AbstractModule):
    """Leukemia outside the marrow (testis, soft tissue, meninges): a sanctuary seeded before the run.

    Cells grow there up to a small capacity. Only a part of circulating engineered cells gets in, so residual disease
    with its antigen may outlive them and relapse there while the marrow stays clear.

    Not represented: single organs, seeding back into the marrow, different access of spinal fluid.
    """

    def equations(self, m) -> None:
        p = m.parameters
        here = m.site("extramedullary")
        m.multiply("access", 1 - here * (1 - p.cell_access), channel="cell")
        m.multiply("access", 1 - here * (1 - p.drug_access), channel="small_molecule")
        m.multiply("capacity", 1 - here * (1 - p.relative_capacity))

        cells = m.read("cells", per="clone")
        m.output("cells", m.total(here * cells, over="lesion"), unit="cell")
