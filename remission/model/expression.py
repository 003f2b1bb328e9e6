"""Expressions: what a module's equations become when they are run once with symbols.

A node is one operation of the system of equations; equal nodes are one object, so shared sub-expressions are written and
differentiated once. Every node has a scope: it is one number per patient, per lesion, or per clone of a lesion.
`Expression` is the node with its unit, and is what a module author holds in the hand.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, field
from functools import lru_cache
from numbers import Real
from typing import Any

from remission import units
from remission.errors import ModelError, UnitError

SCOPES = ("constant", "patient", "lesion", "clone")
BINARY = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
COMPARISONS = {"lt": "<", "le": "<="}
DIMENSIONLESS = units.unit("1")
DAY = units.unit("day")


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """One operation. `data` holds what is not a node: a number, a name, a transition."""

    op: str
    args: tuple[Node, ...]
    data: Any
    scope: int
    number: int

    def __repr__(self) -> str:
        return show(self)


@dataclass
class Graph:
    """The pool of nodes of one build; equal operations on equal arguments are the same node."""

    pool: dict = field(default_factory=dict)

    def node(self, op: str, args: tuple[Node, ...] = (), data: Any = None, scope: int | None = None) -> Node:
        key = (op, tuple(a.number for a in args), data, scope)
        found = self.pool.get(key)
        if found is None:
            reach = max((a.scope for a in args), default=0) if scope is None else scope
            found = Node(op, args, data, reach, len(self.pool))
            self.pool[key] = found
        return found

    def constant(self, value: float) -> Node:
        if not math.isfinite(value):
            raise ModelError(f"the number {value} in an equation is not finite; use a large number, or leave the term out")
        return self.node("constant", (), float(value), 0)

    def _folded(self, function, *values: float) -> Node | None:
        """The constant a function of constants gives; None outside its domain, where the engine's own rule holds."""
        try:
            result = function(*values)
        except (ValueError, ArithmeticError):
            return None
        return self.constant(result) if isinstance(result, float) and math.isfinite(result) else None

    def symbol(self, kind: str, name: str, per: str) -> Node:
        """A state, parameter, flag, indicator or amount: a value the engine hands in."""
        return self.node(kind, (), name, SCOPES.index(per))

    def add(self, a: Node, b: Node) -> Node:
        if is_constant(a) and is_constant(b):
            return self.constant(a.data + b.data)
        if is_zero(a):
            return b
        return a if is_zero(b) else self.node("add", (a, b))

    def subtract(self, a: Node, b: Node) -> Node:
        if is_constant(a) and is_constant(b):
            return self.constant(a.data - b.data)
        if is_zero(b):
            return a
        return self.negate(b) if is_zero(a) else self.node("subtract", (a, b))

    def negate(self, a: Node) -> Node:
        if is_constant(a):
            return self.constant(-a.data)
        return a.args[0] if a.op == "negate" else self.node("negate", (a,))

    def multiply(self, a: Node, b: Node) -> Node:
        if is_constant(a) and is_constant(b):
            return self.constant(a.data * b.data)
        if is_zero(a) or is_zero(b):
            return self.constant(0.0)
        if is_constant(a) and a.data == 1.0:
            return b
        if is_constant(b) and b.data == 1.0:
            return a
        return self.node("multiply", (a, b))

    def divide(self, a: Node, b: Node) -> Node:
        if is_constant(a) and is_constant(b) and b.data != 0.0:
            return self.constant(a.data / b.data)
        if is_zero(a):
            return a
        return a if is_constant(b) and b.data == 1.0 else self.node("divide", (a, b))

    def power(self, a: Node, b: Node) -> Node:
        if is_constant(b) and b.data == 1.0:
            return a
        if is_constant(b) and b.data == 0.0:
            return self.constant(1.0)
        known = self._folded(operator.pow, a.data, b.data) if is_constant(a) and is_constant(b) else None
        return self.node("power", (a, b)) if known is None else known

    def call(self, name: str, a: Node) -> Node:
        known = self._folded(getattr(math, name), a.data) if is_constant(a) else None
        return self.node(name, (a,)) if known is None else known

    def extreme(self, name: str, a: Node, b: Node) -> Node:
        if is_constant(a) and is_constant(b):
            return self.constant(max(a.data, b.data) if name == "maximum" else min(a.data, b.data))
        return a if a is b else self.node(name, (a, b))

    def where(self, relation: str, left: Node, right: Node, yes: Node, no: Node) -> Node:
        if is_constant(left) and is_constant(right):
            holds = left.data < right.data if relation == "lt" else left.data <= right.data
            return yes if holds else no
        return yes if yes is no else self.node("where", (left, right, yes, no), relation)

    def total(self, a: Node, over: str) -> Node:
        """Sum of a clone quantity over the clones of a lesion, or of a lesion quantity over the lesions."""
        if is_zero(a):
            return a
        return self.node(f"total_{over}", (a,), None, 2 if over == "clone" else 1)

    def shift(self, a: Node, transition: tuple[str, str, str], backward: bool = False) -> Node:
        """The value of `a` in the clone that differs by one trait: (trait, from, to); 0 where there is none."""
        return a if is_zero(a) else self.node("shift", (a,), (*transition, backward), 3)

    def rebuild(self, node: Node, args: tuple[Node, ...]) -> Node:
        """The same operation on other arguments, simplified again."""
        if args == node.args:
            return node
        if node.op in BINARY or node.op == "power":
            return getattr(self, node.op)(*args)
        if node.op == "negate":
            return self.negate(*args)
        if node.op in ("maximum", "minimum"):
            return self.extreme(node.op, *args)
        if node.op in ("exp", "log", "sqrt"):
            return self.call(node.op, *args)
        if node.op == "where":
            return self.where(node.data, *args)
        if node.op.startswith("total_"):
            return self.total(args[0], node.op[6:])
        return self.shift(args[0], node.data[:3], node.data[3])


def is_constant(node: Node) -> bool:
    return node.op == "constant"


def is_zero(node: Node) -> bool:
    return node.op == "constant" and node.data == 0.0


def show(node: Node) -> str:
    """The node as a line of text, for errors and printed equations."""
    inner = [show(a) for a in node.args]
    if node.op == "constant":
        return f"{node.data:g}"
    if node.op in BINARY:
        return f"({inner[0]} {BINARY[node.op]} {inner[1]})"
    if node.op == "negate":
        return f"-{inner[0]}"
    if node.op == "power":
        return f"{inner[0]}**{inner[1]}"
    if node.op == "where":
        return f"where({inner[0]} {COMPARISONS[node.data]} {inner[1]}, {inner[2]}, {inner[3]})"
    if node.op == "total_clone":
        return f"sum over clones({inner[0]})"
    if node.op == "total_lesion":
        return f"sum over lesions({inner[0]})"
    if node.op == "shift":
        return f"{inner[0]} in the clone {node.data[1]}"
    if node.op == "infusion":
        return f"infusion into {node.data}"
    return f"{node.op}({', '.join(inner)})" if inner else str(node.data)


@dataclass(frozen=True)
class Condition:
    """A comparison of two quantities; only `where` takes it."""

    relation: str
    left: Expression
    right: Expression

    def __bool__(self) -> bool:
        raise ModelError(
            f"`{show(self.left.node)} {COMPARISONS[self.relation]} {show(self.right.node)}` depends on the patient, "
            "so Python's `if`, `and`, `or` and `not` cannot decide it; write where(condition, a, b)"
        )


class Expression:
    """A quantity of the model with its unit; ordinary arithmetic builds new ones.

    Units are checked as the line runs: sums need one dimension (scales are converted), functions need none.
    `unit` is None only while declarations are being collected, when the unit of a quantity may not be known yet.
    """

    __slots__ = ("graph", "node", "unit")

    def __init__(self, graph: Graph, node: Node, unit):
        self.graph, self.node, self.unit = graph, node, unit

    def __repr__(self) -> str:
        return f"{show(self.node)} [{'?' if self.unit is None else units.text_of(self.unit)}]"

    def __bool__(self) -> bool:
        raise ModelError(f"`{show(self.node)}` depends on the patient, so Python's `if` cannot decide it; write where(condition, a, b)")

    def __float__(self):
        raise ModelError(f"`{show(self.node)}` is not yet a number, so functions of `math` cannot take it; use remission.model.functions")

    def _with(self, other) -> Expression:
        if isinstance(other, Expression):
            return other
        if isinstance(other, Real):
            return Expression(self.graph, self.graph.constant(float(other)), DIMENSIONLESS)
        raise ModelError(
            f"`{other!r}` cannot stand in an equation; use numbers, parameters, states and functions of remission.model.functions"
        )

    def to(self, unit) -> Expression:
        """The same quantity in another unit of its dimension."""
        if self.unit is None or unit is None or self.unit == unit:
            return self
        factor = _factor(self.unit, unit, self.node)
        node = self.node if factor == 1.0 else self.graph.multiply(self.graph.constant(factor), self.node)
        return Expression(self.graph, node, unit)

    def _aligned(self, other) -> tuple[Expression, Expression]:
        other = self._with(other)
        if is_zero(self.node) and self.unit is not None:
            return Expression(self.graph, self.node, other.unit), other
        if is_zero(other.node):
            return self, Expression(self.graph, other.node, self.unit)
        return self, other.to(self.unit)

    def __add__(self, other):
        a, b = self._aligned(other)
        return Expression(self.graph, self.graph.add(a.node, b.node), _either(a, b))

    def __radd__(self, other):
        return self._with(other) + self

    def __sub__(self, other):
        a, b = self._aligned(other)
        return Expression(self.graph, self.graph.subtract(a.node, b.node), _either(a, b))

    def __rsub__(self, other):
        return self._with(other) - self

    def __neg__(self):
        return Expression(self.graph, self.graph.negate(self.node), self.unit)

    def __mul__(self, other):
        other = self._with(other)
        return Expression(self.graph, self.graph.multiply(self.node, other.node), _product(self.unit, other.unit))

    def __rmul__(self, other):
        return self._with(other) * self

    def __truediv__(self, other):
        other = self._with(other)
        return Expression(self.graph, self.graph.divide(self.node, other.node), _ratio(self.unit, other.unit))

    def __rtruediv__(self, other):
        return self._with(other) / self

    def __pow__(self, other):
        exponent = self._with(other).to(DIMENSIONLESS)
        unit = self.unit
        if unit is not None and unit != DIMENSIONLESS:
            if not is_constant(exponent.node):
                raise UnitError(
                    f"`{show(self.node)}` has the unit {units.text_of(unit)}; only a number without unit can be raised to a "
                    "varying power: divide it by a reference first"
                )
            unit = unit**exponent.node.data
        return Expression(self.graph, self.graph.power(self.node, exponent.node), unit)

    def __rpow__(self, other):
        return self._with(other) ** self

    def __lt__(self, other):
        return Condition("lt", *self._aligned(other))

    def __le__(self, other):
        return Condition("le", *self._aligned(other))

    def __gt__(self, other):
        a, b = self._aligned(other)
        return Condition("lt", b, a)

    def __ge__(self, other):
        a, b = self._aligned(other)
        return Condition("le", b, a)

    def __eq__(self, other):
        raise ModelError(f"`{show(self.node)} == ...` is never true for a continuous quantity; compare with < or > inside where(...)")

    def __hash__(self):
        return hash((self.node.number, self.node.op))


@lru_cache(maxsize=4096)
def _unit_factor(source, target) -> float:
    return units.factor(source, target)


def _factor(source, target, node: Node) -> float:
    if not units.is_same_dimension(source, target):
        raise UnitError(
            f"`{show(node)}` is in {units.text_of(source)}, but the equation needs {units.text_of(target)}; "
            "multiply or divide by the quantity that links them, or change the unit in the table"
        )
    return _unit_factor(source, target)


@lru_cache(maxsize=4096)
def _unit_product(a, b):
    return a * b


@lru_cache(maxsize=4096)
def _unit_ratio(a, b):
    return a / b


def _product(a, b):
    return None if a is None or b is None else _unit_product(a, b)


def _ratio(a, b):
    return None if a is None or b is None else _unit_ratio(a, b)


def _either(a: Expression, b: Expression):
    return None if a.unit is None or b.unit is None else a.unit
