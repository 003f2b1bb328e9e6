"""Whatever is given after a therapy has failed."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import ClassVar

from remission.model.module import AbstractTherapy


@dataclass(frozen=True)
class LaterLine(AbstractTherapy):
    """Treatment after relapse or no response, as one: inotuzumab, blinatumomab, reinfusion, transplant, trials.

    A course of 1 starts an effect that fades over months and kills malignant cells whatever their antigen; its strength
    differs much between patients, so some live long and most do not. Treatment itself is a hazard while it lasts.

    Not represented: the single drugs and their order. It is there for survival after relapse, not to compare them.
    """

    dose_unit: ClassVar[str] = "1"

    def equations(self, m) -> None:
        p = m.parameters
        course = m.state("course", unit="1", dosed=True)
        m.flow(course, None, log(2) / p.half_life * course)
        m.add("kill", p.kill * course * m.port("access", "small_molecule"), channel="later_line")
        m.add("death_hazard", p.death_rate * course, channel="later_line")
