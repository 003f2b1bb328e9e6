"""What the compiler knows while it compiles: numbers and truths that follow from constants, as Python computes them."""

from __future__ import annotations

import ast
import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from remission.engine.language.kinds import Kind, LanguageError

if TYPE_CHECKING:
    from remission.engine.language.program import Program

SYMBOLS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.LShift: "<<",
    ast.RShift: ">>", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
FOLDED = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "<<": operator.lshift, ">>": operator.rshift, "&": operator.and_, "|": operator.or_,
    "^": operator.xor, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq,
    "!=": operator.ne,
}  # fmt: skip
NUMBERS = {"inf": math.inf, "nan": math.nan, "pi": math.pi}
SIGNS = {ast.USub: operator.neg, ast.Not: operator.not_, ast.UAdd: operator.pos}


class Folding:
    """The constants of a program, and what is computed of them at once."""

    program: Program
    places: dict[str, tuple[Any, Kind]]
    static: dict[str, Any]

    def fault(self, node: ast.AST, message: str) -> LanguageError:
        """An error that names the text, the function, the line and the expression."""
        raise NotImplementedError

    def constant(self, node: ast.expr) -> Any:
        """The number or truth an expression is known to have, else None."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, (bool, int, float)) else None
        if isinstance(node, ast.Name):
            return self._named_constant(node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("np", "math"):
            return NUMBERS.get(node.attr)
        if isinstance(node, ast.UnaryOp):
            inner = self.constant(node.operand)
            if inner is None:
                return None
            return SIGNS[type(node.op)](inner) if type(node.op) in SIGNS else None
        if isinstance(node, ast.BinOp) and type(node.op) in SYMBOLS:
            left, right = self.constant(node.left), self.constant(node.right)
            return None if left is None or right is None else self._folded(node, node.op, left, right)
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in SYMBOLS:
            left, right = self.constant(node.left), self.constant(node.comparators[0])
            return None if left is None or right is None else self._folded(node, node.ops[0], left, right)
        if isinstance(node, ast.BoolOp):
            return self._decided_together(node)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            return self._constant_element(node)
        return None

    def _folded(self, node: ast.expr, op: ast.AST, left: Any, right: Any) -> Any:
        try:
            return FOLDED[SYMBOLS[type(op)]](left, right)
        except (ArithmeticError, ValueError, TypeError) as error:
            raise self.fault(node, f"constants cannot be combined ({error})") from error

    def _named_constant(self, name: str) -> Any:
        if name in self.static:
            return self.static[name]
        if name in self.places:
            return None
        if name == "LANES":
            return self.program.width
        found = self.program.names.constants.get(name)
        if type(found) is np.uint64 or found is None or isinstance(found, np.ndarray):
            return None
        return found.item() if isinstance(found, np.generic) else found

    def _decided_together(self, node: ast.BoolOp) -> Any:
        """`and` and `or` are known when all parts are, or when a known part decides."""
        parts, stops = [self.constant(part) for part in node.values], isinstance(node.op, ast.Or)
        if any(part is not None and bool(part) is stops for part in parts):
            return stops
        return None if any(part is None for part in parts) else not stops

    def _constant_element(self, node: ast.Subscript) -> Any:
        name = node.value.id if isinstance(node.value, ast.Name) else ""
        table = self.program.names.constants.get(name)
        if name in self.places or not isinstance(table, np.ndarray):
            return None
        index = [self.constant(part) for part in indices(node)]
        if any(part is None for part in index):
            return None
        inside = len(index) == table.ndim and all(0 <= part < size for part, size in zip(index, table.shape, strict=True))
        if not inside:
            raise self.fault(node, f"the table has the shape {table.shape}")
        return table[tuple(index)].item()


def indices(node: ast.Subscript) -> list[ast.expr]:
    """The parts of what stands in brackets."""
    return list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
