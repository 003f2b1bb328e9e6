"""León-Triana 2021 (doi:10.1016/j.cnsns.2020.105570): CAR-T cells, leukemia and B cells as predator and two prey."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from remission.model.module import AbstractModule


@dataclass(frozen=True)
class LeonTrianaLeukemia(AbstractModule):
    """Equation 4 of the paper; with `progenitors`, equation 3, whose stimulus is a flux as encoded or acts per CAR-T cell."""

    progenitors: Literal["", "flux", "per_cell"] = ""

    def equations(self, m) -> None:
        p = m.parameters
        car_t = m.state("car_t", unit="cell", initial=p.car_t_start)
        leukemia = m.state("leukemia", unit="cell", initial=p.leukemia_start)
        b_cells = m.state("b_cells_in_blood", unit="cell", initial=p.b_cells_start)
        stimulation = p.yield_per_kill * p.kill
        m.flow(None, car_t, stimulation * (leukemia + b_cells) * car_t)
        m.flow(car_t, None, car_t / p.car_t_life)
        m.flow(None, leukemia, p.growth * leukemia)
        m.flow(leukemia, None, p.kill * leukemia * car_t)
        m.flow(b_cells, None, p.kill * b_cells * car_t + b_cells / p.b_cell_life)
        if self.progenitors:
            immature = p.immature_start / (1 + car_t / p.half_feedback)
            per_cell = car_t if self.progenitors == "per_cell" else m.quantity(1.0, "cell")
            m.flow(None, car_t, stimulation * p.immature_weight * immature * per_cell)
            m.flow(None, b_cells, immature / p.immature_life)
        for name, state in (("C", car_t), ("L", leukemia), ("B", b_cells)):
            m.output(name, state, "cell")
