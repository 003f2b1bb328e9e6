"""Host T cells against the engineered receptor."""

from __future__ import annotations

from dataclasses import dataclass

from remission.model.functions import hill
from remission.model.module import AbstractModule


@dataclass(frozen=True)
class Rejection(AbstractModule):
    """Host lymphocytes that recognize the foreign part of the receptor, expand on it and kill engineered cells.

    Few at the start; lymphodepletion lowers them further, so that after good depletion most patients never reach
    the number that matters while engineered cells are there. They add to the loss of `engineered` lymphocytes. Before
    they meet engineered cells they neither grow nor die by themselves, so the whole exposure to drugs counts; once they
    have met them they are short-lived.

    Not represented: antibodies, memory of an earlier product.
    """

    def equations(self, m) -> None:
        p = m.parameters
        rejecting = m.state("rejecting", unit="cell", initial=p.initial)
        present = m.read("car_t.total") if m.exists("car_t.total") else 0 * p.few
        driven = p.expansion * hill(present, p.half_stimulus) * (1 - rejecting / p.most)
        fading = p.contraction * hill(present, p.few) + m.port("lymphocyte_loss", "rejecting")
        m.flow(None, rejecting, driven * rejecting)
        m.flow(rejecting, None, fading * rejecting)
        m.add("lymphocyte_loss", p.strength * hill(rejecting, p.half_effect), channel="engineered")
