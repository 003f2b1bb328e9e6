"""Sahoo 2020 CARRGO (doi:10.1098/rsif.2019.0734), Brummer 2022 with dexamethasone (doi:10.1371/journal.pcbi.1009504)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from remission.model.module import AbstractTherapy


@dataclass(frozen=True)
class Carrgo(AbstractTherapy):
    """Glioma cells and CAR-T cells in a well, by cell index; a dose is dexamethasone, which speeds the loss of both."""

    dose_unit: ClassVar[str] = "1"

    def equations(self, m) -> None:
        p = m.parameters
        tumor = m.state("tumor", initial=p.tumor_start)
        car_t = m.state("car_t", initial=p.car_t_start)
        steroid = m.state("steroid", dosed=True)
        m.flow(steroid, None, 0.6931471805599453 / p.steroid_half_life * steroid)
        m.change(tumor, p.growth * tumor * (1 - tumor * p.crowding))
        m.flow(tumor, None, (p.kill * car_t + p.steroid_on_tumor * steroid) * tumor)
        m.change(car_t, p.response * tumor * car_t)
        m.flow(car_t, None, (p.loss + p.steroid_on_car_t * steroid) * car_t)
        m.output("X", tumor, "1")
        m.output("Y", car_t, "1")
        m.output("steroid_level", steroid, "1")
