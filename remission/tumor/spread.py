"""Malignant cells that settle at another site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from remission.model.module import AbstractModule


@dataclass(frozen=True)
class Spread(AbstractModule):
    """Seeding of one site from another, as an event: a share of every clone at `source` is added at `target`.

    A history names this module like an agent (`spread`, in courses) where a site is seeded: at diagnosis and at each
    relapse. Between these events sites have no traffic. Where the share is less than one cell, it is the chance of one.

    Not represented: cells that leave the source for it, steady traffic, homing.
    """

    dose_unit: ClassVar[str] = "1"
    source: str = "marrow"
    target: str = "extramedullary"

    def on_dose(self, m, dose) -> dict:
        cells = m.read("cells", per="clone")
        arriving = 0.0
        for clone in m.clones.members:
            here = self._is(m, clone)
            arriving = here * m.total(m.site(self.source) * here * cells, over="lesion") + arriving
        return {cells: cells + dose * m.parameters.share * m.site(self.target) * arriving}

    def _is(self, m, clone):
        """1 in this clone, 0 in all others."""
        here = 1.0
        for (trait, _), level in zip(m.clones.traits, clone, strict=True):
            here = m.trait(trait, level) * here
        return here
