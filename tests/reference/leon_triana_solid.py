"""León-Triana 2021 (doi:10.3390/cancers13040703): CAR-T cells against a solid tumor, with one target or boosted on CD19."""

from __future__ import annotations

from dataclasses import dataclass

from remission.model.functions import hill
from remission.model.module import AbstractModule


@dataclass(frozen=True)
class LeonTrianaSolid(AbstractModule):
    """CAR-T cells in the tumor and the tumor; with `dual`, CAR-T cells outside it multiply on B cells and migrate in."""

    dual: bool = False

    def equations(self, m) -> None:
        p = m.parameters
        inside = m.state("inside", unit="cell", initial=0.0 if self.dual else p.single_dose)
        tumor = m.state("tumor", unit="cell", initial=p.dual_tumor if self.dual else p.single_tumor)
        m.flow(None, inside, p.expansion * hill(tumor, p.half_stimulus) * inside)
        suppression = p.dual_suppression if self.dual else p.single_suppression
        m.flow(inside, None, suppression * inside * tumor / (p.half_suppression + inside) + inside / p.car_t_life)
        m.flow(None, tumor, p.growth * tumor)
        m.flow(tumor, None, p.kill * inside * tumor)
        m.output("C", inside, "cell")
        m.output("T", tumor, "cell")
        if self.dual:
            self._boost(m, inside)

    def _boost(self, m, inside) -> None:
        p = m.parameters
        outside = m.state("outside", unit="cell", initial=p.dual_dose)
        b_cells = m.state("b_cells_in_blood", unit="cell", initial=p.b_cells_start)
        m.flow(None, outside, p.expansion * hill(b_cells, p.half_stimulus) * outside)
        m.flow(outside, None, outside / p.car_t_life)
        m.flow(outside, inside, p.migration * outside)
        m.flow(b_cells, None, p.b_cell_kill * b_cells * outside + b_cells / p.b_cell_life)
        m.output("D", outside, "cell")
        m.output("B", b_cells, "cell")
