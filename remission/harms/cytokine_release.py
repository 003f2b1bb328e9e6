"""Cytokine release syndrome (CRS)."""

from __future__ import annotations

from dataclasses import dataclass
from math import log as log_of_number

from remission.model.functions import hill, log, maximum, where
from remission.model.module import AbstractModule

LOG_10 = log_of_number(10)
SCALES = ("penn", "lee", "astct")


@dataclass(frozen=True)
class CytokineRelease(AbstractModule):
    """Fever, low pressure and lack of oxygen in the days after T-cell infusion, as one latent severity.

    Signs follow the cytokine effect within hours as it rises and fade over days as it falls. Severity is the logarithm
    (base 10) of the signs, shifted by how sensitive the patient is. Each scale
    (Penn, Lee 2014, ASTCT) cuts it at its own points, so the same patient may have different grades; the outputs
    `penn`, `lee` and `astct` are the grades of the moment. CRS kills rarely and holds back the marrow.

    Not represented: organs, fever before grading, events of other cause.
    """

    def equations(self, m) -> None:
        p = m.parameters
        effect = m.read("cytokines.effect")
        signs = m.state("signs", unit="1")
        rising, falling = maximum(effect - signs, 0.0), maximum(signs - effect, 0.0)
        m.change(signs, p.onset * rising - log_of_number(2) / p.fading * falling)
        severity = log(maximum(signs, p.faintest)) / LOG_10 + p.susceptibility
        m.output("severity", severity, unit="1")
        for scale in SCALES:
            m.output(scale, self._grade(m, severity, scale), unit="1")
        m.add("death_hazard", p.death_rate * hill(effect, p.deadly, 4), channel="cytokine_release")
        m.add("marrow_toxicity", p.marrow_suppression * effect / (1 + effect))

    def _grade(self, m, severity, scale):
        """How many cut points of the scale the severity is above."""
        grade = where(severity > m.parameters.fever, 1.0, 0.0)
        for level in (2, 3, 4):
            cut = m.parameter(f"{self.label}.{scale}_{level}")
            grade = grade + where(severity > cut, 1.0, 0.0)
        return grade
