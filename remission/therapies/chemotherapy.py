"""Cytotoxic drugs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from remission.model.module import AbstractTherapy


@dataclass(frozen=True)
class Chemotherapy(AbstractTherapy):
    """A cytotoxic drug such as fludarabine: it kills malignant cells, lymphocytes and blood precursors alike.

    Exposure follows one compartment. Each kind of cell dies in proportion to the concentration of the active form; in
    malignant cells their sensitivity and the access of the site come in. Lymphodepletion is this drug at its dose.

    Not represented: distribution phases, metabolites with a course of their own, interactions between drugs.
    """

    dose_unit: ClassVar[str] = "mg"
    agent: str = "fludarabine"

    def equations(self, m) -> None:
        p = m.parameters
        amount = m.state("amount", unit="mg", dosed=True)
        m.flow(amount, None, p.clearance / p.volume * amount)
        concentration = p.active_share * amount / p.volume

        exposed = m.port("sensitivity", "chemotherapy") * m.port("access", "small_molecule")
        m.add("kill", p.kill * concentration * exposed, channel="chemotherapy")
        m.add("lymphocyte_loss", p.lymphocyte_kill * concentration)
        m.add("marrow_toxicity", p.marrow_toxicity * concentration)
        m.output("concentration", concentration, unit="mg/L")
        m.output("exposure", m.integral("course", concentration), unit="mg*hour/L")
