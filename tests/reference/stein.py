"""Stein 2019 (doi:10.1002/psp4.12388): cellular kinetics of tisagenlecleucel, expansion and then two slopes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from remission.model.functions import log
from remission.model.module import AbstractTherapy


@dataclass(frozen=True)
class Stein(AbstractTherapy):
    """Effectors grow until the peak, then die or become memory. The change of phase is a dose row at the patient's own Tmax."""

    dose_unit: ClassVar[str] = "1"

    def equations(self, m) -> None:
        p = m.parameters
        effector = m.state("effector", unit="copies/ug", initial=p.peak / p.fold)
        memory = m.state("memory", unit="copies/ug")
        past_peak = m.state("past_peak", initial=0.0)
        to_memory = p.memory_share * (p.early_loss - p.late_loss)
        m.flow(None, effector, (1 - past_peak) * log(p.fold) / p.peak_day * effector)
        m.flow(effector, memory, past_peak * to_memory * effector)
        m.flow(effector, None, past_peak * (p.early_loss - to_memory) * effector)
        m.flow(memory, None, p.late_loss * memory)
        m.output("E", effector, "copies/ug")
        m.output("R", effector + memory, "copies/ug")
        m.output("area", m.integral("exposure", effector + memory), "day*copies/ug")

    def on_dose(self, m, dose):
        return {m.read("past_peak"): dose}
