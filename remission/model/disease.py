"""Words for a disease: lesions at sites, clones as products of traits, and the modules that make its biology."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from remission.errors import ModelError

SITES = (
    "marrow",
    "node",
    "lung",
    "liver",
    "brain",
    "csf",
    "bone",
    "soft_tissue",
    "extramedullary",
    "skin",
    "kidney",
    "adrenal",
    "pleura",
    "peritoneum",
)


@dataclass(frozen=True)
class Lesion:
    """A place where clones live: its site and how the clinic measures it."""

    site: str
    measured_by: str = ""

    def __post_init__(self):
        if self.site not in SITES:
            raise ModelError(f"unknown site `{self.site}`; known sites: {', '.join(SITES)}")


@dataclass(frozen=True)
class Clones:
    """Clones as products of traits: {trait: (level, ...)}; the first trait varies slowest."""

    traits: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __post_init__(self):
        for trait, levels in self.traits:
            if not levels or len(set(levels)) < len(levels):
                raise ModelError(f"the trait `{trait}` has the levels {list(levels)}; give it at least one, each once")

    @classmethod
    def of(cls, **traits) -> Clones:
        """`Clones.of(antigen=["cd19_positive", "cd19_negative"], chemotherapy=["sensitive", "resistant"])`."""
        return cls(tuple((name, tuple(levels)) for name, levels in traits.items()))

    @property
    def members(self) -> tuple[tuple[str, ...], ...]:
        """Every combination of levels, one per clone; a disease without traits has one clone."""
        return tuple(product(*(levels for _, levels in self.traits)))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple("/".join(levels) or "cells" for levels in self.members)

    def indicator(self, trait: str, level: str) -> tuple[float, ...]:
        """1 for clones that have this level of the trait, else 0."""
        position = [name for name, _ in self.traits].index(trait) if self.has(trait, level) else None
        return tuple(float(position is not None and member[position] == level) for member in self.members)

    def has(self, trait: str, level: str) -> bool:
        return any(name == trait and level in levels for name, levels in self.traits)

    def source(self, trait: str, before: str, after: str) -> tuple[int, ...]:
        """For every clone that has level `after`: the clone it comes from; -1 for all others."""
        names = [name for name, _ in self.traits]
        if trait not in names:
            return (-1,) * len(self.members)
        position = names.index(trait)
        return tuple(
            self.members.index((*m[:position], before, *m[position + 1 :])) if m[position] == after and self.has(trait, before) else -1
            for m in self.members
        )


@dataclass(frozen=True)
class Line:
    """A line of therapy before the trial: its doses from the day the line starts, and when it is judged.

    `doses` are rows as in a scenario, with days counted from the start of the line; `judged` the day on which remission is
    looked for; `watched` how long a remission is followed, in days: one that lasts longer ends the history without enrollment.
    """

    name: str
    doses: tuple[dict, ...]
    judged: float
    watched: float


@dataclass(frozen=True)
class Disease:
    """A disease as a value: no equations, only which modules, where, and how the clinic looks at it."""

    name: str
    title: str
    lesions: tuple[Lesion, ...]
    clones: Clones
    modules: tuple
    criteria: str
    visits: str
    table: Path
    history: tuple[Line, ...] = ()
    regimens: dict = field(default_factory=dict, hash=False)
