"""The same values by cheaper operations, node by node, and which values never change during a run.

Small powers become products, one division by a value that divides several times becomes its reciprocal, signs move to where
they cost nothing, and x^(n-1) beside x^n is a division instead of a power. Values of parameters alone are found here, so that
they are computed once per patient and not in every step.
"""

from __future__ import annotations

from collections import Counter

from remission.engine.operations import TINY
from remission.model.derivatives import all_nodes
from remission.model.expression import Graph, Node, is_constant

CHANGING = ("state", "infusion", "established", "amount", "integral", "shift_by", "total_lesion")


def fixed_nodes(roots: list[Node]) -> set[int]:
    """Numbers of the nodes below the roots whose value is that of parameters, sites and traits alone."""
    fixed: set[int] = set()
    for node in all_nodes(*roots) if roots else ():
        if node.op not in CHANGING and all(a.number in fixed for a in node.args):
            fixed.add(node.number)
    return fixed


def stored_nodes(roots: list[Node]) -> list[Node]:
    """The largest fixed expressions that the roots use, each once: what is worth computing beforehand."""
    fixed, found, seen, stack = fixed_nodes(roots), {}, set(), list(reversed(roots))
    while stack:
        node = stack.pop()
        if node.number in seen:
            continue
        seen.add(node.number)
        if node.number not in fixed:
            stack.extend(reversed(node.args))
        elif node.args and not is_mere_sign(node):
            found[node.number] = node
    return list(found.values())


def is_mere_sign(node: Node) -> bool:
    return node.op == "negate" and not node.args[0].args


def cheaper(graph: Graph, roots: list[Node], positive: frozenset[str] = frozenset()) -> list[Node]:
    """The roots of one function, rewritten. positive: parameters that are known to be positive."""
    first = _rewritten(graph, roots, _Signs(graph, positive))
    second = _rewritten(graph, first, _Powers(graph, first))
    return _rewritten(graph, second, _Reciprocals(graph, second))


def _rewritten(graph: Graph, roots: list[Node], rule) -> list[Node]:
    made: dict[int, Node] = {}
    for node in all_nodes(*roots) if roots else ():
        made[node.number] = rule(node, tuple(made[a.number] for a in node.args))
    return [made[root.number] for root in roots]


def rebuilt(graph: Graph, node: Node, args: tuple[Node, ...]) -> Node:
    """The same operation on other arguments; a sum over clones side by side becomes additions."""
    if node.op == "total_clone" and len(args) > 1:
        result = args[0]
        for term in args[1:]:
            result = graph.add(result, term)
        return result
    return graph.rebuild(node, args)


class _Signs:
    """Moves signs outwards and into differences, cancels what divides itself, and takes logarithms by a parameter apart."""

    def __init__(self, graph: Graph, positive: frozenset[str]):
        self.graph, self.positive = graph, positive

    def __call__(self, node: Node, args: tuple[Node, ...]) -> Node:
        if node.op == "log" and args[0].op == "divide" and any(self._is_positive(x) for x in args[0].args):
            return self.subtract(*(self.graph.call("log", x) for x in args[0].args))
        rule = getattr(self, node.op, None)
        return rule(*args) if rule else rebuilt(self.graph, node, args)

    def _is_positive(self, node: Node) -> bool:
        """Whether a value is a positive parameter, whose logarithm is computed once."""
        key = node.data[0] if isinstance(node.data, tuple) else node.data
        return node.op == "parameter" and key in self.positive

    def negate(self, a: Node) -> Node:
        g = self.graph
        return g.subtract(a.args[1], a.args[0]) if a.op == "subtract" else g.negate(a)

    def add(self, a: Node, b: Node) -> Node:
        g = self.graph
        if b.op == "negate":
            return self.subtract(a, b.args[0])
        return g.subtract(b, a.args[0]) if a.op == "negate" else g.add(a, b)

    def subtract(self, a: Node, b: Node) -> Node:
        g = self.graph
        if a is b:
            return g.constant(0.0)
        if b.op == "negate":
            return self.add(a, b.args[0])
        return self.negate(self.add(a.args[0], b)) if a.op == "negate" else g.subtract(a, b)

    def multiply(self, a: Node, b: Node) -> Node:
        g = self.graph
        if a.op == "negate":
            return self.negate(self.multiply(a.args[0], b))
        if b.op == "negate":
            return self.negate(self.multiply(a, b.args[0]))
        for x, y in ((a, b), (b, a)):
            if is_constant(x) and x.data < 0:
                return self.negate(g.multiply(g.constant(-x.data), y))
            if is_constant(x) and y.op == "multiply" and is_constant(y.args[0]):
                return g.multiply(g.constant(x.data * y.args[0].data), y.args[1])
        return g.multiply(b, a) if is_constant(b) else g.multiply(a, b)

    def divide(self, a: Node, b: Node) -> Node:
        g = self.graph
        if a.op == "negate":
            return self.negate(self.divide(a.args[0], b))
        if b.op == "negate":
            return self.negate(self.divide(a, b.args[0]))
        rest = self._without(a, b)
        return g.divide(a, b) if rest is None else rest

    def _without(self, a: Node, b: Node) -> Node | None:
        """a / b where b is a factor of a, else None."""
        g = self.graph
        if a is b:
            return g.constant(1.0)
        if a.op not in ("multiply", "divide") or not b.args:
            return None
        inner = self._without(a.args[0], b)
        if inner is not None:
            return self.multiply(inner, a.args[1]) if a.op == "multiply" else self.divide(inner, a.args[1])
        inner = self._without(a.args[1], b) if a.op == "multiply" else None
        return None if inner is None else self.multiply(a.args[0], inner)


class _Powers:
    """Powers with a small whole exponent, and a power one below another of the same base."""

    def __init__(self, graph: Graph, roots: list[Node]):
        self.graph = graph
        self.known = {(n.args[0].number, self._exponent(n.args[1])) for n in all_nodes(*roots) if n.op == "power"} if roots else set()

    def _exponent(self, node: Node):
        """What tells exponents apart: a constant rounded, (number, -1) for one less than a node."""
        if is_constant(node):
            return round(node.data, 12)
        if node.op == "subtract" and is_constant(node.args[1]) and node.args[1].data == 1.0:
            return node.args[0].number, -1
        return node.number, 0

    def __call__(self, node: Node, args: tuple[Node, ...]) -> Node:
        if node.op != "power":
            return rebuilt(self.graph, node, args)
        g, (base, exponent) = self.graph, args
        if is_constant(exponent):
            special = self._small(base, exponent.data)
            if special is not None:
                return special
        above = self._above(node)
        if above is None:
            return g.power(base, exponent)
        return g.divide(g.power(base, above), g.extreme("maximum", base, g.constant(TINY)))

    def _small(self, base: Node, exponent: float) -> Node | None:
        g = self.graph
        if exponent in (2.0, 3.0, 4.0):
            square = g.multiply(base, base)
            return {2.0: square, 3.0: g.multiply(square, base), 4.0: g.multiply(square, square)}[exponent]
        if exponent in (-1.0, -2.0):
            return g.divide(g.constant(1.0), base if exponent == -1.0 else g.multiply(base, base))
        return g.call("sqrt", base) if exponent == 0.5 else None

    def _above(self, node: Node) -> Node | None:
        """The exponent one above, if that power of the same base is needed anyway."""
        base, exponent = node.args
        if is_constant(exponent):
            key = round(exponent.data + 1.0, 12)
            return self.graph.constant(key) if (base.number, key) in self.known else None
        if exponent.op != "subtract" or self._exponent(exponent)[1] == 0:
            return None
        above = exponent.args[0]
        return above if (base.number, (above.number, 0)) in self.known else None


class _Reciprocals:
    """Divisions by what never changes, or by what divides several times, become products."""

    def __init__(self, graph: Graph, roots: list[Node]):
        self.graph, self.fixed = graph, fixed_nodes(roots)
        self.times = Counter(n.args[1].number for n in all_nodes(*roots) if n.op == "divide") if roots else Counter()

    def __call__(self, node: Node, args: tuple[Node, ...]) -> Node:
        g = self.graph
        if node.op != "divide":
            return rebuilt(g, node, args)
        (a, b), below = args, node.args[1]
        if is_constant(b) and b.data != 0.0:
            return g.multiply(a, g.constant(1.0 / b.data))
        once = below.number not in self.fixed and self.times[below.number] < 2
        if once or (node.number in self.fixed and node.args[0].number in self.fixed):
            return g.divide(a, b)
        return g.multiply(a, g.divide(g.constant(1.0), b))
