"""Normal lymphocytes: the space that engineered cells compete for."""

from __future__ import annotations

from dataclasses import dataclass

from remission.model.functions import log, maximum
from remission.model.module import AbstractModule


@dataclass(frozen=True)
class Lymphocytes(AbstractModule):
    """Lymphocytes of the whole body; they regrow to a set point and see engineered cells as part of their number.

    Return after depletion is Gompertzian: fast when few are left. Drugs add to the port `lymphocyte_loss`. `relative` is
    what is left of the normal number; engineered cells expand better where it is small.

    Not represented: subsets, cytokines of lymphopenia (they stand behind the effect on expansion), thymic age.
    """

    def equations(self, m) -> None:
        p = m.parameters
        lymphocytes = m.state("lymphocytes", unit="cell", initial=p.initial)
        together = lymphocytes
        if m.exists("car_t.total"):
            together = together + m.read("car_t.total")
        pressure = log(maximum(together, p.fewest) / p.normal)
        m.change(lymphocytes, -p.recovery_rate * pressure * maximum(lymphocytes, p.fewest))
        m.change(lymphocytes, -m.port("lymphocyte_loss", "host") * lymphocytes)
        m.output("relative", lymphocytes / p.normal, unit="1")
        m.output("count", lymphocytes / p.apparent_volume, unit="cell/uL")
