"""A system without loops over clones: every clone's symbols are lesion symbols of their own, and traits are numbers.

What a trait leaves out of a clone then costs nothing there, and no value is computed twice. The text grows with the number
of clones, and the Jacobian with its square, so that this is for few clones.
"""

from __future__ import annotations

from dataclasses import dataclass

from remission.model.derivatives import Derivatives, all_nodes
from remission.model.expression import Node, is_zero
from remission.model.system import System

CLONE, LESION = 3, 2


@dataclass
class Unrolled:
    """Nodes of a system in terms of lesion and patient symbols."""

    system: System

    def __post_init__(self):
        self.made: dict[int, tuple[Node, ...]] = {}

    def of(self, root: Node) -> tuple[Node, ...]:
        """The value in every clone; one value for what is not per clone."""
        for node in all_nodes(root):
            if node.number not in self.made:
                clones = range(self.system.n_clones) if node.scope == CLONE else (0,)
                self.made[node.number] = tuple(self._one(node, c) for c in clones)
        return self.made[root.number]

    def everywhere(self, root: Node, per: str) -> tuple[Node, ...]:
        """The value of a quantity that is declared per patient, lesion or clone, in every clone where it is per clone."""
        values = self.of(root)
        return values * self.system.n_clones if per == "clone" and len(values) == 1 else values

    def _at(self, node: Node, clone: int) -> Node:
        return self.made[node.number][clone if node.scope == CLONE else 0]

    def _one(self, node: Node, clone: int) -> Node:
        g, clones = self.system.graph, self.system.clones
        if node.op == "trait":
            return g.constant(clones.indicator(*node.data.split("=", 1))[clone])
        if node.op == "total_clone":
            return self._total([self._at(node.args[0], c) for c in range(self.system.n_clones)])
        if node.op == "shift":
            trait, before, after, backward = node.data
            source = clones.source(trait, after, before) if backward else clones.source(trait, before, after)
            return g.constant(0.0) if source[clone] < 0 else self._at(node.args[0], source[clone])
        if not node.args:
            return self.symbol(node, clone) if node.scope == CLONE else node
        return g.rebuild(node, tuple(self._at(a, clone) for a in node.args))

    def symbol(self, node: Node, clone: int) -> Node:
        """One clone's state, parameter, flag or integral."""
        return self.system.graph.node(node.op, (), (node.data, clone), LESION)

    def _total(self, terms: list[Node]) -> Node:
        """A sum over clones with its terms side by side."""
        terms = [term for term in terms if not is_zero(term)]
        if len(terms) < 2:
            return terms[0] if terms else self.system.graph.constant(0.0)
        return self.system.graph.node("total_clone", tuple(terms), None, LESION)


class UnrolledDerivatives(Derivatives):
    """Derivatives where a sum over clones has its terms side by side."""

    def _through(self, leaf: Node, symbol: Node) -> Node:
        if leaf.op != "total_clone":
            return super()._through(leaf, symbol)
        result = self.graph.constant(0.0)
        for term in leaf.args:
            result = self.graph.add(result, self.by(term, symbol))
        return result


def symbols_below(roots: list[Node]) -> dict[int, set[int]]:
    """For every node below the roots, the numbers of the state symbols it depends on."""
    found: dict[int, set[int]] = {}
    for node in all_nodes(*roots):
        if node.op == "state":
            found[node.number] = {node.number}
        else:
            found[node.number] = set().union(*(found[a.number] for a in node.args)) if node.args else set()
    return found
