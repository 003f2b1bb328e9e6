"""Barros 2021 CARTmath (doi:10.3390/cancers13122941): effectors, memory and tumor in mice, with rechallenge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from remission.model.module import AbstractTherapy


@dataclass(frozen=True)
class Barros(AbstractTherapy):
    """HDLM-2 by the table beside this file; the agent `raji` lays its own numbers over it. A dose is CAR-T cells."""

    dose_unit: ClassVar[str] = "cell"

    def equations(self, m) -> None:
        p = m.parameters
        effector = m.state("effector", unit="cell", dosed=True)
        memory = m.state("memory", unit="cell")
        tumor = m.state("tumor", unit="cell", initial=p.tumor_start)
        m.flow(None, effector, p.division * effector)
        m.flow(effector, None, (p.loss + p.inhibition * tumor) * effector)
        m.flow(memory, effector, p.recall * tumor * memory)
        m.change(memory, p.memory_formation * effector)
        m.flow(memory, None, p.memory_loss * memory)
        m.change(tumor, p.growth * tumor * (1 - p.crowding * tumor))
        m.flow(tumor, None, p.kill * effector * tumor)
        m.output("CT", effector, "cell")
        m.output("CM", memory, "cell")
        m.output("T", tumor, "cell")


@dataclass(frozen=True)
class Rechallenge(AbstractTherapy):
    """Tumor cells given again to a mouse; no parameters."""

    dose_unit: ClassVar[str] = "cell"

    def on_dose(self, m, dose):
        tumor = m.read("barros.tumor")
        return {tumor: tumor + dose}
