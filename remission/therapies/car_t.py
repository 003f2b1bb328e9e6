"""T cells engineered with a chimeric antigen receptor (CAR)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from remission.model.functions import hill, maximum
from remission.model.module import AbstractTherapy


@dataclass(frozen=True)
class CarT(AbstractTherapy):
    """Autologous T cells against an antigen, given once; they expand on it, contract, and persist as memory.

    Infused cells settle, and some become effectors. Effectors multiply while they see antigen on malignant or B cells,
    less so where normal lymphocytes fill the space; less than one no longer divides. Without antigen some turn to
    memory, with it some become exhausted. Memory cells go back to work when antigen returns. Effectors and memory kill
    in the lesions they reach; one cell kills at most `kill_capacity` targets a day, whatever they are, and rarely meets
    one when targets are few.

    What the cells meet: ports `antigen`, `access` (cell), `t_cell_activity` (engineered), `lymphocyte_loss`
    (engineered), `steroid`. What they cause: `kill`, loss of B cells, `cytokine_release`, `marrow_toxicity`.

    Not represented: CD4 and CD8 cells, antibodies against the receptor, distribution between organs other than by access.
    """

    dose_unit: ClassVar[str] = "cell"
    antigen: str = "cd19"

    @property
    def label(self) -> str:
        """One CAR-T product per system, so that others may read `car_t` whatever the product."""
        return "car_t"

    def equations(self, m) -> None:
        p = m.parameters
        infused = m.state("infused", unit="cell", dosed=True)
        effector, memory, exhausted = (m.state(name, unit="cell") for name in ("effector", "memory", "exhausted"))
        engaged = self._engaged(m)
        brake = 1 / (1 + m.port("steroid") / p.half_steroid)
        lost = m.port("lymphocyte_loss", "engineered")

        m.flow(infused, None, (1 - p.engraftment) * p.settling * infused)
        m.flow(infused, effector, p.engraftment * p.settling * infused)
        room = self._space(m) * (1 - (effector + memory) / p.ceiling)
        dividing = maximum(effector - p.last_cell, 0.0)
        m.flow(None, effector, p.expansion * brake * engaged * room * dividing)
        m.flow(effector, memory, p.memory_formation * (1 - engaged) * effector)
        m.flow(effector, exhausted, p.exhaustion * engaged * effector)
        m.flow(memory, effector, p.recall * engaged * memory)
        for state, loss in ((effector, p.effector_loss), (memory, p.memory_loss), (exhausted, p.exhausted_loss)):
            m.flow(state, None, (loss + lost) * state)

        hunters = brake * (effector + p.memory_weight * memory)
        released = self._kill_malignant(m, hunters) + self._kill_b_cells(m, hunters)
        m.add("cytokine_release", released / p.cytokine_reference, channel="il6")
        m.add("marrow_toxicity", p.marrow_suppression * hill(hunters, p.half_suppression))
        self._outputs(m, effector + memory + exhausted)

    def _engaged(self, m):
        """Share of effectors that see antigen."""
        p = m.parameters
        seen = m.total(m.port("antigen", self.antigen) * m.read("cells", per="clone"), over="lesion")
        return hill(seen + p.b_cell_weight * m.read("b_cells"), p.half_stimulus)

    def _space(self, m):
        """How freely effectors multiply: 1 after deep lymphodepletion, less beside normal lymphocytes."""
        return maximum(1 - m.parameters.competition * m.read("lymphocytes.relative"), 0.0)

    def _rate(self, m, hunters, targets, half):
        """Kill per target and day: by search while hunters are few, by capacity while targets are many."""
        p = m.parameters
        return hunters / ((half + hunters) / p.fastest_kill + targets / p.kill_capacity)

    def _kill_malignant(self, m, hunters):
        p = m.parameters
        antigen, cells = m.port("antigen", self.antigen), m.read("cells", per="clone")
        present = hunters * m.port("access", "cell") * m.port("t_cell_activity", "engineered")
        targets = m.total(antigen * cells, over="clone") + m.site("marrow") * m.read("b_cells")
        rate = antigen * self._rate(m, present, targets, p.half_kill)
        m.add("kill", rate, channel="car_t")
        return m.total(rate * cells, over="lesion")

    def _kill_b_cells(self, m, hunters):
        p = m.parameters
        b_cells = m.read("b_cells")
        marrow = m.site("marrow") * m.port("antigen", self.antigen) * m.read("cells", per="clone")
        rate = self._rate(m, hunters, m.total(marrow, over="lesion") + b_cells, p.half_kill_b_cells)
        m.add("lymphocyte_loss", rate, channel="b_cells")
        return rate * b_cells

    def _outputs(self, m, total) -> None:
        p = m.parameters
        alive = maximum(total, 0.0)
        m.output("total", alive, unit="cell")
        m.output("blood_level", alive / p.apparent_volume, unit="cell/uL")
