"""Malignant cells that circulate."""

from __future__ import annotations

from dataclasses import dataclass

from remission.model.functions import hill
from remission.model.module import AbstractModule


@dataclass(frozen=True)
class Blood(AbstractModule):
    """Blasts in the blood: few spill over while the marrow has room, many when it is full.

    The share that circulates rises with the marrow burden and saturates. Blood holds no population of its own; what is
    seen there relapses in the marrow.

    Not represented: leukapheresis, margination, blasts of extramedullary sites.
    """

    def equations(self, m) -> None:
        p = m.parameters
        blasts = m.read("marrow.blasts")
        spilled = p.spill * hill(blasts, p.half_spill) * blasts
        m.output("circulating_blasts", spilled / p.volume, unit="cell/L")
