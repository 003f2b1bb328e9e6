"""Neurotoxicity of T-cell therapy (ICANS)."""

from __future__ import annotations

from dataclasses import dataclass
from math import log as log_of_number

from remission.model.functions import log, maximum, where
from remission.model.module import AbstractModule

LOG_10 = log_of_number(10)
SCALES = ("icans", "ctcae")


@dataclass(frozen=True)
class Neurotoxicity(AbstractModule):
    """Confusion, loss of words, seizures: some days after cytokine release, on a latent severity of its own.

    Cytokine effect reaches the brain with delay; severity is the logarithm (base 10) of what is there, shifted by how
    sensitive the patient is, apart from CRS. `icans` is the ASTCT grade (by ICE, by CAPD under 12 years), `ctcae` the
    grade of the pivotal trials, which count headache and tremor and so find more.

    Not represented: costimulatory domain, disease of the central nervous system, edema of the brain.
    """

    def equations(self, m) -> None:
        p = m.parameters
        inflammation = m.state("inflammation", unit="1")
        m.change(inflammation, (m.read("cytokines.level") - inflammation) / p.delay)
        severity = log(maximum(inflammation, p.faintest)) / LOG_10 + p.susceptibility
        m.output("severity", severity, unit="1")
        for scale in SCALES:
            m.output(scale, self._grade(m, severity, scale), unit="1")

    def _grade(self, m, severity, scale):
        """How many cut points of the scale the severity is above."""
        grade = 0.0
        for level in (1, 2, 3, 4):
            cut = m.parameter(f"{self.label}.{scale}_{level}")
            grade = where(severity > cut, 1.0, 0.0) + grade
        return grade
