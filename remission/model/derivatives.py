"""Exact derivatives of nodes, scope by scope, as the arrow form of the Jacobian needs them.

A sum over clones or lesions and a trait shift are leaves of `partial`; the chain rule through them is written out once, in
`Derivatives`. A derivative with respect to a lesion (clone) state is a lesion (clone) quantity: its value at that lesion (clone).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from remission.errors import ModelError
from remission.model.expression import Graph, Node, is_zero, show

BARRIERS = ("total_clone", "total_lesion", "shift")


def leaves(node: Node, found: dict[int, Node] | None = None) -> dict[int, Node]:
    """The sums and shifts that a node reaches without passing through another one."""
    found, stack, seen = {}, [node], set()
    while stack:
        current = stack.pop()
        if current.number in seen:
            continue
        seen.add(current.number)
        if current.op in BARRIERS:
            found[current.number] = current
        else:
            stack.extend(current.args)
    return found


@dataclass(frozen=True)
class PairTerms:
    """Derivative of a clone quantity by a clone state of the same lesion.

    At row clone r and column clone c: diagonal(r) if r = c, plus left(r) * right(c) for every outer term,
    plus shifted(r) where c is the clone that r comes from by the transition.
    """

    diagonal: Node
    outer: tuple[tuple[Node, Node], ...]
    shifted: tuple[tuple[tuple, Node], ...]


@dataclass
class Derivatives:
    """Derivatives in one graph, remembered by (node, leaf)."""

    graph: Graph
    known: dict = field(default_factory=dict)

    def partial(self, node: Node, leaf: Node) -> Node:
        """Derivative by a leaf, all other symbols, sums and shifts held."""
        if node is leaf:
            return self.graph.constant(1.0)
        if not node.args or node.op in BARRIERS:
            return self.graph.constant(0.0)
        key = (node.number, leaf.number)
        if key not in self.known:
            inner = tuple(self.partial(a, leaf) for a in node.args)
            self.known[key] = self.graph.constant(0.0) if all(map(is_zero, inner)) else self._rule(node, inner)
        return self.known[key]

    def _rule(self, node: Node, d: tuple[Node, ...]) -> Node:
        g, a = self.graph, node.args
        if node.op in ("add", "subtract"):
            return getattr(g, node.op)(*d)
        if node.op == "negate":
            return g.negate(d[0])
        if node.op == "multiply":
            return g.add(g.multiply(d[0], a[1]), g.multiply(a[0], d[1]))
        if node.op == "divide":
            return g.divide(g.subtract(d[0], g.multiply(node, d[1])), a[1])
        if node.op == "power":
            return self._power(node, d)
        if node.op == "exp":
            return g.multiply(node, d[0])
        if node.op == "log":
            return g.divide(d[0], a[0])
        if node.op == "sqrt":
            return g.divide(d[0], g.multiply(g.constant(2.0), node))
        if node.op == "maximum":
            return g.where("lt", a[0], a[1], d[1], d[0])
        if node.op == "minimum":
            return g.where("lt", a[0], a[1], d[0], d[1])
        if node.op == "where":
            return g.where(node.data, a[0], a[1], d[2], d[3])
        raise ModelError(f"no derivative is known for `{node.op}` in `{show(node)}`")

    def _power(self, node: Node, d: tuple[Node, ...]) -> Node:
        g, (base, exponent) = self.graph, node.args
        inner = g.multiply(g.multiply(exponent, g.power(base, g.subtract(exponent, g.constant(1.0)))), d[0])
        return inner if is_zero(d[1]) else g.add(inner, g.multiply(g.multiply(node, g.call("log", base)), d[1]))

    def by(self, node: Node, symbol: Node) -> Node:
        """Derivative of a patient or lesion quantity, or of any quantity by a patient or lesion state."""
        if node.scope == 3 and symbol.scope == 3:
            raise ModelError("the derivative of a clone quantity by a clone state is a pair: use `pair`")
        key = ("by", node.number, symbol.number)
        if key not in self.known:
            result = self.partial(node, symbol)
            for leaf in leaves(node).values():
                outer = self.partial(node, leaf)
                if not is_zero(outer):
                    result = self.graph.add(result, self.graph.multiply(outer, self._through(leaf, symbol)))
            self.known[key] = result
        return self.known[key]

    def _through(self, leaf: Node, symbol: Node) -> Node:
        """Derivative of a sum or shift by a symbol of the same or a wider or narrower scope."""
        inner = leaf.args[0]
        if leaf.op == "shift":
            return self.graph.shift(self.by(inner, symbol), leaf.data[:3], leaf.data[3])
        over = leaf.op[6:]
        own = 3 if over == "clone" else 2
        if symbol.scope < own:
            return self.graph.total(self.by(inner, symbol), over)
        if over == "lesion":
            self._refuse_nested(leaf)
            return self.by(inner, symbol)
        return self._clone_column(inner, symbol)

    def _refuse_nested(self, leaf: Node) -> None:
        if any(inner.op == "total_lesion" for inner in all_nodes(leaf.args[0])):
            raise ModelError(
                f"`{show(leaf)}` sums over lesions something that itself depends at once on a sum over lesions; "
                "let a patient state carry the inner sum, so that lesions couple only through patient states"
            )

    def _clone_column(self, inner: Node, symbol: Node) -> Node:
        """Derivative of a sum over clones by the state of one clone: seen from that clone."""
        g, terms = self.graph, self.pair(inner, symbol)
        result = terms.diagonal
        for left, right in terms.outer:
            result = g.add(result, g.multiply(g.total(left, "clone"), right))
        for transition, value in terms.shifted:
            result = g.add(result, g.shift(value, transition[:3], not transition[3]))
        return result

    def pair(self, node: Node, symbol: Node) -> PairTerms:
        """Derivative of a clone (or narrower) quantity by a clone state of the same lesion, in its three parts."""
        key = ("pair", node.number, symbol.number)
        if key in self.known:
            return self.known[key]
        diagonal, outer, shifted = self.partial(node, symbol), [], []
        for leaf in leaves(node).values():
            slope = self.partial(node, leaf)
            if is_zero(slope):
                continue
            if leaf.op == "shift":
                terms = self.pair(leaf.args[0], symbol)
                if terms.shifted:
                    raise ModelError(f"`{show(leaf)}` shifts a quantity that is itself shifted between clones; convert in one step")
                outer += [
                    (self.graph.multiply(slope, self.graph.shift(left, leaf.data[:3], leaf.data[3])), right) for left, right in terms.outer
                ]
                value = self.graph.multiply(slope, self.graph.shift(terms.diagonal, leaf.data[:3], leaf.data[3]))
                shifted += [] if is_zero(value) else [(leaf.data, value)]
            else:
                column = self._through(leaf, symbol)
                outer += [] if is_zero(column) else [(slope, column)]
        self.known[key] = PairTerms(diagonal, tuple(outer), tuple(shifted))
        return self.known[key]


def all_nodes(*roots: Node) -> list[Node]:
    """Every node the roots depend on, arguments before users."""
    order, seen = [], set()
    stack = [(root, False) for root in reversed(roots)]
    while stack:
        node, expanded = stack.pop()
        if expanded:
            order.append(node)
        elif node.number not in seen:
            seen.add(node.number)
            stack.append((node, True))
            stack.extend((a, False) for a in reversed(node.args) if a.number not in seen)
    return order
