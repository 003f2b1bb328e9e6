"""Courses of several cytotoxic drugs together."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import ClassVar

from remission.model.functions import hill
from remission.model.module import AbstractTherapy

LINEAGES = ("host", "b_cells", "engineered")


@dataclass(frozen=True)
class Combination(AbstractTherapy):
    """A course of combination chemotherapy, taken as one: induction, or bridging before an infusion.

    A course is an effect that fades; over its time it kills sensitive malignant cells by `kill` natural logs, and
    lymphocytes and blood precursors with it. It is dosed in courses (1 is the full one). Drugs that a patient had not seen
    before share only a part of the resistance (`cross_resistance`), and some slow division while they last (`hold`).

    Not represented: the single drugs, their order and their side effects beyond blood; host cells against an engineered
    receptor, whose number is the one at lymphodepletion.
    """

    dose_unit: ClassVar[str] = "1"
    agent: str = "induction"

    def equations(self, m) -> None:
        p = m.parameters
        course = m.state("course", unit="1", dosed=True)
        fading = log(2) / p.half_life
        m.flow(course, None, fading * course)

        usual = 1 + p.cross_resistance * (m.port("sensitivity", "chemotherapy") - 1)
        exposed = usual * m.port("access", "small_molecule")
        m.add("kill", p.kill * fading * course * exposed, channel="chemotherapy")
        m.multiply("growth", 1 - p.hold * hill(course, p.half_hold, 2))
        for lineage in LINEAGES:
            m.add("lymphocyte_loss", p.lymphocyte_kill * fading * course, channel=lineage)
        m.add("marrow_toxicity", p.marrow_kill * fading * course)
