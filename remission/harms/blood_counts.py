"""Neutrophils and platelets in blood."""

from __future__ import annotations

from dataclasses import dataclass

from remission.model.functions import maximum
from remission.model.module import AbstractModule

STAGES = 3


@dataclass(frozen=True)
class BloodCounts(AbstractModule):
    """Blood counts as Friberg's model has them: precursors divide, mature through three stages, circulate and die.

    Low counts speed up division. A few precursors always come from stem cells, so that an emptied marrow recovers. Drugs
    and engineered cells act on precursors through `marrow_toxicity`, as a loss per day; blasts take the room that
    precursors need. Neutrophils below 0.5 per nL are a hazard of fatal infection.

    Not represented: growth factors, transfusion, hemoglobin.
    """

    def equations(self, m) -> None:
        p = m.parameters
        neutrophils = self._lineage(m, "neutrophils", p.neutrophil_baseline, p.neutrophil_transit, p.neutrophil_feedback, p.neutrophil_room)
        self._lineage(m, "platelets", p.platelet_baseline, p.platelet_transit, p.platelet_feedback, p.platelet_room)
        danger = 1 / (1 + (neutrophils / p.dangerous) ** 4)
        m.add("death_hazard", p.infection_death_rate * danger, channel="infection")

    def _lineage(self, m, name, baseline, transit, feedback, room):
        """Precursors, three stages and the circulating cells of one lineage."""
        rate, stem = (STAGES + 1) / transit, m.parameters.stem_share
        precursors = m.state(f"{name}_precursors", unit="Gcell/L", initial=baseline)
        stages = m.chain(f"{name}_stage", STAGES, rate, unit="Gcell/L", initial=baseline)
        circulating = m.state(name, unit="Gcell/L", initial=baseline)

        drive = (baseline / maximum(circulating, 0.001 * baseline)) ** feedback
        occupied = m.read("marrow.blast_fraction") if m.exists("marrow.blast_fraction") else 0.0
        division = (rate - m.port("marrow_toxicity", name)) * drive * (1 - room * occupied)
        m.flow(None, precursors, (1 - stem) * division * precursors + stem * rate * baseline)
        m.flow(precursors, stages[0], rate * precursors)
        m.flow(stages[-1], circulating, rate * stages[-1])
        m.flow(circulating, None, rate * circulating)
        return circulating
