"""What a generated function is to compute and where to keep it: the input of `emit.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from remission.engine.places import Places
from remission.model.expression import Node

Store = Callable[[str], str]


@dataclass
class Sink:
    """Something to compute and store: a value, or for pairs of clones the product of two values.

    first: a value of the patient that the last loop over lesions needs. `store` may give several lines.
    """

    scope: int
    node: Node
    store: Store
    right: Node | None = None
    first: bool = False


@dataclass
class Function:
    """The body of one generated function, built from sinks.

    masked: patients of one vector may have different numbers of lesions. late: stores come after everything is computed, as
    is needed where the function changes what it reads. gathered: all that lesions store is stored in one loop, the last.
    only_lesion: a lesion is left alone unless it is the one named. opening: lines at the start of the first loop over lesions.
    before, closing: lines before the last loop and at its end.
    """

    places: Places
    masked: bool = True
    late: bool = False
    gathered: bool = False
    only_lesion: bool = False
    opening: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    closing: list[str] = field(default_factory=list)
    sinks: list[Sink] = field(default_factory=list)

    def patient(self, node: Node, store: Store, first: bool = False) -> None:
        self.sinks.append(Sink(1, node, store, first=first))

    def lesion(self, node: Node, store: Store) -> None:
        self.sinks.append(Sink(2, node, store))

    def clone(self, node: Node, store: Store) -> None:
        self.sinks.append(Sink(3, node, store))

    def pair(self, left: Node, right: Node, store: Store) -> None:
        """For every row clone `j` and column clone `k`: left at j times right at k."""
        self.sinks.append(Sink(4, left, store, right))

    def nodes(self) -> list[Node]:
        return [n for s in self.sinks for n in (s.node, s.right) if n is not None]
