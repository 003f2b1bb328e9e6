"""A parameter that follows from others, written as arithmetic in a table: `=log(2)*volume/half_life`.

Numbers, `+ - * / **`, the functions `log exp sqrt min max` and `where(a < b, x, y)`, and names: of rows of the same
module (`volume`), of any module (`car_t.dose`, `chemotherapy:flag.clearance`) or of a covariate (`age`). A formula is
parsed, never executed as Python, and is evaluated for all patients at once.

Left out: units inside formulas (the unit column of the row is taken as given), conditions with `and` and `or`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, reduce
from graphlib import CycleError, TopologicalSorter

import numpy as np

from .errors import InputError, nearest

_INSTANCE_NAME = re.compile(r"[A-Za-z_]\w*(?::\w+)+\.[A-Za-z_]\w*")
_LONGEST = 1000
_OPERATORS: dict[type, Callable] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}
_COMPARISONS: dict[type, Callable] = {ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal}
_FUNCTIONS: dict[str, Callable] = {
    "log": np.log,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "min": lambda *x: reduce(np.minimum, x),
    "max": lambda *x: reduce(np.maximum, x),
    "where": np.where,
}
_ARGUMENTS = {"log": (1, 1), "exp": (1, 1), "sqrt": (1, 1), "min": (2, 99), "max": (2, 99), "where": (3, 3)}
function_names = frozenset(_FUNCTIONS)


@dataclass(frozen=True)
class Formula:
    """Arithmetic on named quantities: its text (without `=`), the names it reads, and its parsed tree."""

    text: str
    names: tuple[str, ...]
    _tree: ast.expr
    _written: Mapping[str, str]

    def evaluate(self, values: Mapping[str, np.ndarray | float]) -> np.ndarray:
        """The result for arrays that broadcast together, one for each of `names`; nan or infinite where undefined."""
        with np.errstate(all="ignore"):
            return np.asarray(_evaluate(self._tree, lambda name: values[self._written.get(name, name)]), dtype=float)


@cache
def parse_formula(text: str) -> Formula:
    """Read the text after `=`; `InputError` says which part is not understood."""
    if len(text) > _LONGEST:
        raise InputError("the formula is too long", value=text, remedy=f"split it into rows of at most {_LONGEST} characters")
    written: dict[str, str] = {}

    def stand_in(match: re.Match[str]) -> str:
        return next((k for k, v in written.items() if v == match[0]), None) or _note(written, match[0])

    try:
        tree = ast.parse(_INSTANCE_NAME.sub(stand_in, text).strip(), mode="eval").body
        names = tuple(dict.fromkeys(written.get(name, name) for name in _names(tree)))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError("the formula is not understood", value="=" + text, remedy="write arithmetic such as `=log(2)*volume`") from error
    except InputError as error:
        raise InputError(error.message, value="=" + text, remedy=error.remedy) from error
    return Formula(text, names, tree, written)


def in_order(reads: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The keys of formulas so that each comes after those it reads; `InputError` prints a cycle."""
    try:
        order = TopologicalSorter({key: [n for n in names if n in reads] for key, names in reads.items()}).static_order()
        return tuple(order)
    except CycleError as error:
        cycle = " -> ".join(reversed(error.args[1]))
        raise InputError(f"formulas read each other in a circle: {cycle}", remedy="give one of these rows a number") from error


def _note(written: dict[str, str], name: str) -> str:
    stand_in = f"instance_name_{len(written)}__"
    written[stand_in] = name
    return stand_in


def _names(node: ast.AST) -> list[str]:
    """The names a tree reads, refusing every part that is not arithmetic."""
    match node:
        case ast.Constant(value=value) if isinstance(value, int | float) and not isinstance(value, bool):
            return []
        case ast.Name(id=name) if name in _FUNCTIONS:
            raise InputError(f"the function `{name}` is used without brackets", remedy=f"write `{name}(...)`")
        case ast.Name(id=name):
            return [name]
        case ast.Attribute(value=ast.Name(id=module), attr=name):
            return [f"{module}.{name}"]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _names(left) + _names(right)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return _names(operand)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _names_in_call(name, arguments)
    advice = "use `**` for powers" if "^" in ast.unparse(node) else "only + - * / **, log exp sqrt min max where, numbers and names"
    raise InputError(f"`{ast.unparse(node)}` cannot stand in a formula", remedy=advice)


def _names_in_call(name: str, arguments: list[ast.expr]) -> list[str]:
    if name not in _FUNCTIONS:
        raise InputError(f"unknown function `{name}`{nearest(name, _FUNCTIONS)}", remedy=f"known: {', '.join(_FUNCTIONS)}")
    least, most = _ARGUMENTS[name]
    if not least <= len(arguments) <= most:
        raise InputError(f"`{name}` takes {least if least == most else f'at least {least}'} arguments", remedy="check the commas")
    if name != "where":
        return [found for argument in arguments for found in _names(argument)]
    condition, yes, no = arguments
    if not (isinstance(condition, ast.Compare) and len(condition.ops) == 1 and type(condition.ops[0]) in _COMPARISONS):
        raise InputError(f"`{ast.unparse(condition)}` is no condition", remedy="write `where(a < b, x, y)` with one of < <= > >=")
    return [found for part in (condition.left, condition.comparators[0], yes, no) for found in _names(part)]


def _evaluate(node: ast.AST, value_of: Callable[[str], np.ndarray | float]):
    match node:
        case ast.Constant(value=int() | float() as value):
            return np.float64(value)
        case ast.Name(id=name):
            return value_of(name)
        case ast.Attribute(value=ast.Name(id=module), attr=name):
            return value_of(f"{module}.{name}")
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_evaluate(left, value_of), _evaluate(right, value_of))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_evaluate(operand, value_of)
        case ast.UnaryOp(operand=operand):
            return _evaluate(operand, value_of)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _COMPARISONS[type(op)](_evaluate(left, value_of), _evaluate(right, value_of))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _FUNCTIONS[name](*(_evaluate(argument, value_of) for argument in arguments))
    raise AssertionError(f"{ast.dump(node)} passed the check of formulas")
