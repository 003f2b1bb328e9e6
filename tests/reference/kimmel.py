"""Kimmel, Locke, Altrock 2021 (doi:10.1098/rspb.2021.0229): normal and CAR-T cells share room, CAR-T cells kill lymphoma."""

from __future__ import annotations

from dataclasses import dataclass

from remission.model.functions import hill, log
from remission.model.module import AbstractModule


@dataclass(frozen=True)
class Kimmel(AbstractModule):
    """The deterministic model after lymphodepletion; whether the tumor is cured follows from its growth rate."""

    def equations(self, m) -> None:
        p = m.parameters
        normal = m.state("normal", unit="cell/uL", initial=p.normal_start)
        car_t = m.state("car_t", unit="cell/uL", initial=p.car_t_start)
        tumor = m.state("tumor", unit="cell", initial=p.volume_start * p.density)
        together = normal + car_t
        empty = (together - p.normal_ceiling) ** 2
        growth = p.growth + p.boost * empty / (p.shape * together**2 + empty)
        m.change(normal, -p.normal_growth * normal * log(together / p.normal_ceiling))
        m.change(car_t, -growth * car_t * log(together / p.car_t_ceiling))
        m.flow(None, tumor, p.tumor_growth * tumor)
        m.flow(tumor, None, p.kill * tumor * hill(car_t, p.half_kill))
        m.output("N", normal, "cell/uL")
        m.output("C", car_t, "cell/uL")
        m.output("B", tumor, "cell")
        m.output("relative", tumor / (p.volume_start * p.density), "1")
