"""Normal B cells: the other cells that carry CD19."""

from __future__ import annotations

from dataclasses import dataclass

from remission.model.module import AbstractModule


@dataclass(frozen=True)
class BCells(AbstractModule):
    """B cells of the whole body, fed by the marrow at a constant rate.

    Engineered cells against CD19 kill them through `lymphocyte_loss`; while enough engineered cells live there are no
    B cells (aplasia), and their return tells that persistence was lost.

    Not represented: plasma cells and antibodies, precursors (hematogones).
    """

    def equations(self, m) -> None:
        p = m.parameters
        b_cells = m.state("b_cells", unit="cell", initial=p.initial_share * p.normal)
        m.flow(None, b_cells, p.normal / p.life)
        m.flow(b_cells, None, (1 / p.life + m.port("lymphocyte_loss", "b_cells")) * b_cells)
        m.output("relative", b_cells / p.normal, unit="1")
