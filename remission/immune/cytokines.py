"""Cytokines set free when engineered cells kill."""

from __future__ import annotations

from dataclasses import dataclass

from remission.model.module import AbstractModule


@dataclass(frozen=True)
class Cytokines(AbstractModule):
    """Interleukin-6 and its kin in blood, as one level without unit, and the effect that reaches tissue.

    The level follows the port `cytokine_release`. Block of the receptor lowers the effect, not the level; steroids
    lower the effect as well. A level of 1 is the release from 1e10 cells killed per quarter day.

    Not represented: single mediators, macrophages as a population, levels in pg/mL.
    """

    blockers: tuple[str, ...] = ("supportive:tocilizumab",)

    def equations(self, m) -> None:
        p = m.parameters
        level = m.state("level", unit="1", initial=0)
        m.flow(None, level, m.port("cytokine_release", "il6"))
        m.flow(level, None, p.elimination * level)
        m.output("effect", self._signal(m, level) / (1 + m.port("steroid") / p.half_steroid), unit="1")

    def _signal(self, m, level):
        for blocker in self.blockers:
            if m.exists(f"{blocker}.receptor_block"):
                level = level * (1 - m.read(f"{blocker}.receptor_block"))
        return level
