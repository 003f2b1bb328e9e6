"""Birth, death and crowding of malignant cells."""

from __future__ import annotations

from dataclasses import dataclass

from remission.model.functions import maximum
from remission.model.module import AbstractModule


@dataclass(frozen=True)
class Growth(AbstractModule):
    """Malignant cells of every clone in every lesion: they divide, die by themselves, crowd each other and are killed.

    Growth is two flows, so that few cells can die out by chance: birth = growth_rate / (1 - turnover) and
    death = turnover * birth. Crowding slows birth until it equals death at the capacity of the site. Therapies add to
    the port `kill`; `growth` and `capacity` scale what their names say.

    `origin` names the site where the disease starts; without it every lesion starts with its cells. The mix of clones at
    the start is what the switching modules say.

    Not represented: quiescent cells, spread of growth rates between the clones of a patient.
    """

    origin: str = ""

    def equations(self, m) -> None:
        p = m.parameters
        cells = m.state("cells", per="clone", unit="cell", initial=self._start(m))
        filled = m.total(cells, over="clone") / (p.capacity * m.port("capacity"))
        undisturbed = p.growth_rate / (1 - p.turnover) * m.port("growth")
        birth = undisturbed * maximum(1 - (1 - p.turnover) * filled, 0.0)
        death = p.turnover * undisturbed

        m.flow(None, cells, birth * cells)
        m.flow(cells, None, (death + m.port("kill")) * cells)
        m.output("birth", birth, unit="1/day")
        m.output("lesion_cells", m.total(cells, over="clone"), unit="cell")
        m.output("burden", m.total(cells, over="lesion"), unit="cell")

    def _start(self, m):
        p = m.parameters
        mix = m.site(self.origin) if self.origin else 1.0
        for trait, _ in m.clones.traits:
            if m.exists(f"switching:{trait}.founders"):
                mix = m.read(f"switching:{trait}.founders", per="clone") * mix
        return p.initial * mix
