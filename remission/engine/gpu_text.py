"""The lane language for one patient: the same texts with the lanes taken out, so that Python and numba can run them.

`a[i, lane]` becomes `a[i]`, a mask is a truth, `static` loops are loops, and an `if` that constants decide is decided. A record may be
laid flat: its arrays are then parts of one array, and its counts numbers, which spares a thread the passing of addresses. Nothing
else changes: the equations, the methods and the loop over steps are the ones that the CPU runs.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

import numpy as np

from remission.engine.language.kinds import LanguageError
from remission.engine.language.program import Names

LANE = "lane"
QUOTIENT = "quotient"
EXACT = {ast.Add: "exact_sum", ast.Sub: "exact_difference", ast.Mult: "exact_product", ast.Div: QUOTIENT}
DECIDABLE = (
    ast.Constant, ast.Name, ast.Load, ast.Compare, ast.cmpop, ast.BoolOp, ast.boolop, ast.UnaryOp, ast.unaryop, ast.BinOp, ast.operator,
)  # fmt: skip
Wrap = Callable[[FunctionType], Any]


@dataclass(frozen=True)
class Flat:
    """How a record lies in one array: where each of its arrays begins and ends, and its counts."""

    parts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Length of the array."""
        return max((end for _, end in self.parts.values()), default=0)


@dataclass(frozen=True)
class Rewriting:
    """What a text is rewritten with: names known as constants, operations that are calls, and records laid flat."""

    constants: Mapping[str, Any]
    renamed: Mapping[type[ast.operator], str]
    flat: Mapping[str, Flat]


class OneLane(ast.NodeTransformer):
    """Rewrites one function, whose own names are `own`."""

    def __init__(self, rewriting: Rewriting, own: frozenset[str], is_exact: bool):
        self.constants = {name: value for name, value in rewriting.constants.items() if name not in own}
        self.renamed = {op: name for op, name in rewriting.renamed.items() if is_exact or name == QUOTIENT}
        self.flat = rewriting.flat

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Operations that are functions here become calls."""
        self.generic_visit(node)
        if type(node.op) not in self.renamed:
            return node
        return ast.copy_location(ast.Call(ast.Name(self.renamed[type(node.op)], ast.Load()), [node.left, node.right], []), node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """`record.array` is a part of the array that the record is, and `record.count` a number."""
        self.generic_visit(node)
        found = self.place(node)
        if found is None:
            return node
        if isinstance(found, int):
            return ast.copy_location(ast.Constant(found), node)
        bounds = ast.Slice(ast.Constant(found[0]), ast.Constant(found[1]))
        return ast.copy_location(ast.Subscript(node.value, bounds, node.ctx), node)

    def place(self, node: ast.expr) -> tuple[int, int] | int | None:
        """Where a field of a record laid flat is, or its count."""
        if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in self.flat):
            return None
        flat = self.flat[node.value.id]
        return flat.counts[node.attr] if node.attr in flat.counts else flat.parts[node.attr]

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """`a[i, lane]` is `a[i]`; inside a record laid flat the index counts from the beginning of the part."""
        index = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        index = [self.visit(part) for part in index]
        if len(index) == 2 and isinstance(index[1], ast.Name) and index[1].id == LANE:
            del index[1]
        place = self.place(node.value)
        if isinstance(place, tuple) and isinstance(node.value, ast.Attribute):
            array, inner = node.value.value, _shifted(index[0], place)
        else:
            array, inner = self.visit(node.value), index[0] if len(index) == 1 else ast.Tuple(index, ast.Load())
        return ast.copy_location(ast.Subscript(array, inner, node.ctx), node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        """`~mask` is `not truth`."""
        self.generic_visit(node)
        if isinstance(node.op, ast.Invert):
            node.op = ast.Not()
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Loops need no writing out, and functions of two values serve for more."""
        self.generic_visit(node)
        if not isinstance(node.func, ast.Name):
            return node
        if node.func.id == "static":
            return node.args[0]
        if node.func.id in ("max", "min") and len(node.args) > 2:
            first = node.args[0]
            for other in node.args[1:]:
                first = ast.Call(node.func, [first, other], [])
            return ast.copy_location(first, node)
        return node

    def visit_If(self, node: ast.If) -> Any:
        """A choice that constants decide is made now."""
        decided = self.decided(node.test)
        if decided is None:
            return self.generic_visit(node)
        taken = [self.visit(statement) for statement in (node.body if decided else node.orelse)]
        flat = [part for found in taken for part in (found if isinstance(found, list) else [found])]
        return flat or ast.copy_location(ast.Pass(), node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        """The same inside an expression."""
        decided = self.decided(node.test)
        return self.generic_visit(node) if decided is None else self.visit(node.body if decided else node.orelse)

    def decided(self, test: ast.expr) -> bool | None:
        """Whether a condition holds, if it speaks of nothing but numbers known now."""
        if isinstance(test, ast.BoolOp):
            parts = [self.decided(part) for part in test.values]
            stop = isinstance(test.op, ast.Or)
            return stop if stop in parts else None if None in parts else not stop
        parts = list(ast.walk(test))
        names = [part.id for part in parts if isinstance(part, ast.Name)]
        if not all(isinstance(part, DECIDABLE) for part in parts) or not all(_is_number(self.constants.get(name)) for name in names):
            return None
        return bool(eval(compile(ast.Expression(test), "condition", "eval"), {"__builtins__": {}}, self.constants))


def _shifted(index: ast.expr, place: tuple[int, int]) -> ast.expr:
    """An index, or the beginning of a slice, counted from the beginning of the whole array."""
    if isinstance(index, ast.Slice):
        return ast.Slice(_shifted(index.lower or ast.Constant(0), place), ast.Constant(place[1]))
    if isinstance(index, ast.Constant) and isinstance(index.value, int):
        return ast.Constant(index.value + place[0])
    return ast.BinOp(ast.Constant(place[0]), ast.Add(), index) if place[0] else index


def _is_number(value: Any) -> bool:
    return isinstance(value, (bool, int, float, np.bool_, np.integer, np.floating))


def _own_names(node: ast.FunctionDef) -> frozenset[str]:
    """Names that a function gives a value itself."""
    stored = {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    return frozenset(stored | {argument.arg for argument in node.args.args})


def one_lane(node: ast.FunctionDef, rewriting: Rewriting) -> ast.FunctionDef:
    """One function for one patient; divisions, and all operations inside `exact` functions, are calls if they are `renamed`."""
    plain = deepcopy(node)
    is_exact = any(isinstance(mark, ast.Name) and mark.id == "exact" for mark in plain.decorator_list)
    plain.decorator_list, plain.returns = [], None
    for argument in plain.args.args:
        argument.annotation = None
    return ast.fix_missing_locations(OneLane(rewriting, _own_names(plain), is_exact).visit(plain))


def called_from(node: ast.FunctionDef, known: Iterable[str]) -> set[str]:
    """Which of the known names a function speaks of."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} & set(known)


def _needed(names: Names, entries: Iterable[str], rewriting: Rewriting, builtins: Mapping[str, Any]) -> dict[str, ast.FunctionDef]:
    """The functions that the entries lead to, for one patient."""
    found: dict[str, ast.FunctionDef] = {}
    waiting = list(entries)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        if name not in names.functions:
            raise LanguageError(f"no function `{name}` in the texts")
        found[name] = one_lane(names.functions[name].node, rewriting)
        waiting += sorted(called_from(found[name], names.functions) - set(builtins))
    return found


def one_lane_functions(
    names: Names,
    entries: Iterable[str],
    builtins: Mapping[str, Any],
    wrap: Wrap = lambda function: function,
    flat: Mapping[str, Flat] | None = None,
) -> dict[str, Any]:
    """The functions `entries` of the texts, and all they call, as Python functions for one patient.

    builtins: what every text may call (`select`, `any`, ...), by name; they come before functions of the texts with the same name.
        Where `quotient` is one of them it stands for every division, and `exact_sum`, `exact_difference` and `exact_product` for the
        operations of functions marked `exact`.
    wrap: applied to every function, as a compiler's decorator is.
    flat: records to lay flat, by the name of the argument that holds them.
    LanguageError where a function is not among the texts.
    """
    constants = {"LANES": 1, **names.constants}
    renamed = {op: name for op, name in EXACT.items() if name in builtins}
    needed = _needed(names, entries, Rewriting(constants, renamed, flat or {}), builtins)
    space: dict[str, Any] = {"np": np, **constants, **builtins}
    module = ast.Module(list(needed.values()), [])
    exec(compile(module, "one lane", "exec"), space)
    space.update({name: wrap(space[name]) for name in needed})
    return space
