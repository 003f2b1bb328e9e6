"""The bone marrow: what a marrow sample shows, and what a full marrow does."""

from __future__ import annotations

from dataclasses import dataclass

from remission.model.functions import maximum
from remission.model.module import AbstractModule


@dataclass(frozen=True)
class Marrow(AbstractModule):
    """Bone marrow with leukemia: blasts push normal cells aside, and a full marrow kills in time.

    The blast fraction is blasts over all nucleated cells; normal cells give way in proportion to the space that blasts
    take. Death from leukemia has a hazard that rises with the third power of the burden.

    Not represented: patchy marrow, fibrosis, error of the sample (that belongs to the measurement).
    """

    def equations(self, m) -> None:
        p = m.parameters
        blasts = m.total(m.site("marrow") * m.read("cells", per="clone"), over="lesion")
        normal = p.normal_cells * maximum(1 - blasts / p.space, 0.0)
        m.output("blasts", blasts, unit="cell")
        m.output("blast_fraction", blasts / (blasts + normal), unit="1")
        m.add("death_hazard", p.death_rate * (blasts / p.space) ** 3, channel="leukemia")
        m.add("symptoms", blasts / (blasts + p.symptomatic), channel="leukemia")
