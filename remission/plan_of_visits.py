"""When patients of an arm are seen: assessments of the disease, safety checks, and quiet days on which only blood is kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

AFTER_CELLS = (*range(15), 21, 28)
AFTER_CYCLES = (7, 14, 21, 28, 35, 42, 49, 56)
CONTRACTION, FOLLOW_CELLS, NEUROTOXICITY_OVER = 21.0, 40.0, 56.0


@dataclass(frozen=True)
class Plan:
    """Days from the anchor, in order; `marrow` marks assessments, `safety` safety checks; a day with neither is quiet."""

    day: np.ndarray
    marrow: np.ndarray
    safety: np.ndarray

    @property
    def first_assessment(self) -> float:
        """Day of the first look at the marrow after the anchor."""
        return float(min(self.day[self.marrow & (self.day > 0)], default=np.inf))

    @property
    def end(self) -> float:
        return float(self.day[-1])


def plan_of(visits: tuple[float, ...], safety: tuple[float, ...], cells: bool) -> Plan:
    """The plan of an arm: `safety` as in the protocol, else daily to day 14, then days 21 and 28 after cells, else weekly for
    two cycles. The day of infusion is always seen, before the cells; without cells day 0 is the enrollment and no visit."""
    checks = {float(day) for day in (safety or (AFTER_CELLS if cells else AFTER_CYCLES))}
    assessments = {float(day) for day in visits}
    quiet = {0.0, CONTRACTION, FOLLOW_CELLS, NEUROTOXICITY_OVER}
    seen = checks | assessments | quiet if cells else (checks | assessments) - {0.0}
    days = np.array(sorted(seen))
    return Plan(days, np.isin(days, sorted(assessments)), np.isin(days, sorted(checks)))
