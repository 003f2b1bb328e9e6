"""Transplantation of blood stem cells from a donor."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import ClassVar

from remission.model.functions import where
from remission.model.module import AbstractTherapy


@dataclass(frozen=True)
class Transplant(AbstractTherapy):
    """Allogeneic transplantation in remission: conditioning empties the marrow, and the graft fights leukemia and host.

    A dose of any number of stem cells starts conditioning, which kills leukemia, lymphocytes and engineered cells for
    some days, and alloreactivity, which fades over months: it kills malignant cells at every site whatever their
    antigen, and is the hazard of death from the transplant. When it is given is decided by the protocol.

    Not represented: donor, engraftment failure, relapse with loss of HLA, return of B cells from the graft.
    """

    dose_unit: ClassVar[str] = "cell"

    def equations(self, m) -> None:
        p = m.parameters
        conditioning, alloreactivity = m.state("conditioning", unit="1"), m.state("alloreactivity", unit="1")
        fading = log(2) / p.conditioning_half_life * conditioning
        m.flow(conditioning, None, fading)
        m.flow(alloreactivity, None, log(2) / p.alloreactivity_half_life * alloreactivity)

        m.add("kill", p.conditioning_kill * fading, channel="conditioning")
        m.add("kill", p.graft_kill * alloreactivity, channel="graft")
        m.add("lymphocyte_loss", p.lymphocyte_kill * fading)
        m.add("marrow_toxicity", p.marrow_kill * fading)
        m.add("death_hazard", p.death_rate * alloreactivity, channel="transplant")

    def on_dose(self, m, dose) -> dict:
        states = [m.read("conditioning"), m.read("alloreactivity")]
        return {state: where(dose > 0, 1.0, state) for state in states}
