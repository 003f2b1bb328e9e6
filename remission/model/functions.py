"""Functions that equations may use. They take and return quantities of the model; arguments without unit where mathematics asks for it."""

from __future__ import annotations

import math
from numbers import Real

from remission.errors import ModelError
from remission.model.expression import DIMENSIONLESS, Condition, Expression


def _call(name: str, x: Expression) -> Expression:
    if isinstance(x, Real):
        return getattr(math, name)(x)
    pure = x.to(DIMENSIONLESS)
    return Expression(x.graph, x.graph.call(name, pure.node), DIMENSIONLESS)


def exp(x: Expression) -> Expression:
    """e to the power of a number without unit."""
    return _call("exp", x)


def log(x: Expression) -> Expression:
    """Natural logarithm of a positive number without unit."""
    return _call("log", x)


def sqrt(x: Expression) -> Expression:
    """Square root; the unit is halved."""
    if isinstance(x, Real):
        return _call("sqrt", x)
    unit = None if x.unit is None else x.unit**0.5
    return Expression(x.graph, x.graph.call("sqrt", x.node), unit)


def hill(x: Expression, half: Expression, n=1) -> Expression:
    """Saturating effect x^n / (half^n + x^n): 0 without `x`, 1/2 at `half`, 1 far above it."""
    if isinstance(n, Real) and n == 1:
        return x / (half + x)
    ratio = (x / half).to(DIMENSIONLESS) ** n
    return ratio / (1 + ratio)


def where(condition: Condition, yes, no) -> Expression:
    """`yes` while the condition holds, else `no`; both must have one dimension."""
    if not isinstance(condition, Condition):
        raise ModelError("where(condition, a, b) needs a comparison such as `x < y` as its first argument")
    left = condition.left
    a, b = left._with(yes)._aligned(left._with(no))
    node = left.graph.where(condition.relation, left.node, condition.right.node, a.node, b.node)
    return Expression(left.graph, node, a.unit)


def _extreme(name: str, a, b) -> Expression:
    if not isinstance(a, Expression):
        a, b = b, a
    if not isinstance(a, Expression):
        raise ModelError(f"{name}(a, b) needs at least one quantity of the model; use Python's own function on plain numbers")
    first, second = a._aligned(b)
    return Expression(a.graph, a.graph.extreme(name, first.node, second.node), first.unit)


def minimum(a, b) -> Expression:
    """The smaller of two quantities of one dimension."""
    return _extreme("minimum", a, b)


def maximum(a, b) -> Expression:
    """The larger of two quantities of one dimension."""
    return _extreme("maximum", a, b)
