"""Host T cells against the engineered receptor."""

from __future__ import annotations

from dataclasses import dataclass

from remission.model.functions import hill, maximum
from remission.model.module import AbstractModule


@dataclass(frozen=True)
class Rejection(AbstractModule):
    """Host lymphocytes that recognize the foreign part of the receptor, expand on it and kill engineered cells.

    Few at the start; lymphodepletion lowers them further, so that after good depletion most patients never reach
    the number that matters while engineered cells are there. They add to the loss of `engineered` lymphocytes. Without
    stimulus an expanded number falls back to where it began; a depleted one stays low, so the whole exposure counts.

    Not represented: antibodies, memory of an earlier product.
    """

    def equations(self, m) -> None:
        p = m.parameters
        rejecting = m.state("rejecting", unit="cell", initial=p.initial)
        seen = hill(m.read("car_t.total"), p.half_stimulus) if m.exists("car_t.total") else 0.0
        m.flow(None, rejecting, p.expansion * seen * (1 - rejecting / p.most) * rejecting)
        m.flow(rejecting, None, p.contraction * maximum(rejecting - p.initial, 0.0) + m.port("lymphocyte_loss", "rejecting") * rejecting)
        m.add("lymphocyte_loss", p.strength * hill(rejecting, p.half_effect), channel="engineered")
