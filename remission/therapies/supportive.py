"""Drugs against the side effects of T-cell therapy."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import ClassVar

from remission.model.functions import hill
from remission.model.module import AbstractTherapy


@dataclass(frozen=True)
class Supportive(AbstractTherapy):
    """Tocilizumab, which blocks the receptor of interleukin-6, or a steroid such as dexamethasone.

    Exposure follows one compartment. The block saturates with concentration; cytokines read it. What is eliminated per
    day of a steroid enters the port `steroid` in mg of dexamethasone, so that a daily dose counts as its amount.

    Not represented: saturable elimination of the antibody, rise of free interleukin-6 under block.
    """

    dose_unit: ClassVar[str] = "mg"
    agent: str = "tocilizumab"

    def equations(self, m) -> None:
        p = m.parameters
        amount = m.state("amount", unit="mg", dosed=True)
        eliminated = log(2) / p.half_life * amount
        m.flow(amount, None, eliminated)
        m.output("receptor_block", p.most_block * hill(amount / p.volume, p.half_block), unit="1")
        m.add("steroid", p.dexamethasone_equivalent * eliminated, channel="dexamethasone")
