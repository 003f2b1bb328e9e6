"""Expressions of the lane language: names, arithmetic, arrays, records, calls."""

from __future__ import annotations

import ast
import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir

from remission.engine.language.builtins import BUILTINS
from remission.engine.language.kinds import (
    BYTE,
    DOUBLE,
    KEY,
    LANE,
    LANES_OF,
    MASK,
    NUMBER,
    SHORT,
    TRUTH,
    WHOLE,
    WORD,
    Array,
    Kind,
    LaneArray,
    LanguageError,
    Record,
    joined,
    machine_type,
)
from remission.engine.language.values import Machine, Value, known

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


class Expressions:
    """What `FunctionCompiler` knows of expressions."""

    program: Program
    builder: Any
    machine: Machine
    places: dict[str, tuple[Any, Kind]]
    static: dict[str, Any]
    function: ir.Function

    def fault(self, node: ast.AST, message: str) -> LanguageError:
        raise NotImplementedError

    def truth(self, node: ast.expr):
        raise NotImplementedError

    def stack(self, kind: ir.Type):
        raise NotImplementedError

    def value(self, node: ast.expr) -> Value:
        """Emit an expression."""
        constant = self.constant(node)
        if constant is not None:
            return known(constant)
        handler = getattr(self, f"of_{type(node).__name__}", None)
        if handler is None:
            raise self.fault(node, "no such expression in the lane language")
        return handler(node)

    # ---- what is known while compiling -------------------------------------------------------------------------------
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
            return {ast.USub: operator.neg, ast.Not: operator.not_, ast.UAdd: operator.pos}[type(node.op)](inner)
        if isinstance(node, ast.BinOp) and type(node.op) in SYMBOLS:
            left, right = self.constant(node.left), self.constant(node.right)
            return None if left is None or right is None else FOLDED[SYMBOLS[type(node.op)]](left, right)
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            left, right = self.constant(node.left), self.constant(node.comparators[0])
            return None if left is None or right is None else FOLDED[SYMBOLS[type(node.ops[0])]](left, right)
        if isinstance(node, ast.BoolOp):
            return self._decided_together(node)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            return self._constant_element(node)
        return None

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
        return found.item() if isinstance(found, np.generic) else _plain(found)

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
        index = [self.constant(part) for part in _indices(node)]
        return None if any(part is None for part in index) else table[tuple(index)].item()

    # ---- names and records -------------------------------------------------------------------------------------------
    def of_Name(self, node: ast.Name) -> Value:
        if node.id in self.places:
            place, kind = self.places[node.id]
            return Value(kind, self.builder.load(place))
        found = self.program.names.constants.get(node.id)
        if type(found) is np.uint64:
            return Value(KEY, ir.Constant(WORD, int(found)))
        raise self.fault(node, "unknown name")

    def of_Attribute(self, node: ast.Attribute) -> Value:
        record = self.value(node.value)
        if not isinstance(record.kind, Record):
            raise self.fault(node, "not a record")
        word, kind = record.kind.place(node.attr)
        if isinstance(kind, Array):
            return Value(kind, self.builder.gep(record.held, [ir.Constant(WORD, word)]))
        return Value(kind, self._field(record, word, kind))

    def _field(self, record: Value, word: int, kind: Kind):
        place = self.builder.gep(record.held, [ir.Constant(WORD, word)])
        loaded = self.invariant(self.builder.load(place))
        if kind == NUMBER:
            return self.builder.bitcast(loaded, DOUBLE)
        if kind == TRUTH:
            return self.builder.icmp_unsigned("!=", loaded, ir.Constant(WORD, 0))
        if isinstance(kind, LaneArray):
            return self.builder.inttoptr(loaded, DOUBLE.as_pointer())
        return loaded

    def invariant(self, load):
        """Mark a load as reading what never changes while the kernel runs."""
        load.set_metadata("invariant.load", self.builder.module.add_metadata([]))
        return load

    # ---- arithmetic --------------------------------------------------------------------------------------------------
    def of_BinOp(self, node: ast.BinOp) -> Value:
        if type(node.op) not in SYMBOLS:
            raise self.fault(node, "write powers with `power` or as products")
        return self.combined(SYMBOLS[type(node.op)], self.value(node.left), self.value(node.right))

    def combined(self, op: str, left: Value, right: Value) -> Value:
        kind = joined(left.kind, right.kind)
        if op == "/" and kind in (WHOLE, TRUTH):
            kind = NUMBER
        if kind == TRUTH and op not in "&|^":
            kind = WHOLE
        return Value(kind, self.machine.arithmetic(op, kind, self.machine.held(left, kind), self.machine.held(right, kind)))

    def of_UnaryOp(self, node: ast.UnaryOp) -> Value:
        value = self.value(node.operand)
        if isinstance(node.op, ast.USub):
            return Value(value.kind, self.machine.negative(value.kind, self.machine.held(value)))
        if isinstance(node.op, (ast.Not, ast.Invert)) and value.kind in (TRUTH, MASK):
            return Value(value.kind, self.builder.not_(self.machine.held(value)))
        raise self.fault(node, f"not for a {value.kind}")

    def of_Compare(self, node: ast.Compare) -> Value:
        left, result = self.value(node.left), None
        for op, other in zip(node.ops, node.comparators, strict=True):
            right = self.value(other)
            found = self.compared(SYMBOLS[type(op)], left, right)
            result = found if result is None else self.combined("&", result, found)
            left = right
        assert result is not None
        return result

    def compared(self, op: str, left: Value, right: Value) -> Value:
        kind = joined(left.kind, right.kind)
        held = self.machine.compare(op, kind, self.machine.held(left, kind), self.machine.held(right, kind))
        return Value(MASK if kind == LANE else TRUTH, held)

    def of_BoolOp(self, node: ast.BoolOp) -> Value:
        """`and`, `or` of uniform conditions; what follows is computed only if it can still matter."""
        keep = isinstance(node.op, ast.And)
        place = self.stack(machine_type(TRUTH, 1))
        after = self.function.append_basic_block("known")
        for part in node.values[:-1]:
            held = self.truth(part)
            self.builder.store(held, place)
            go_on = self.function.append_basic_block("next")
            self.builder.cbranch(held, *((go_on, after) if keep else (after, go_on)))
            self.builder.position_at_end(go_on)
        self.builder.store(self.truth(node.values[-1]), place)
        self.builder.branch(after)
        self.builder.position_at_end(after)
        return Value(TRUTH, self.builder.load(place))

    def of_IfExp(self, node: ast.IfExp) -> Value:
        decided = self.constant(node.test)
        if decided is not None:
            return self.value(node.body if decided else node.orelse)
        condition = self.truth(node.test)
        yes, no, after = (self.function.append_basic_block(name) for name in ("yes", "no", "after"))
        self.builder.cbranch(condition, yes, no)
        found = []
        for block, body in ((yes, node.body), (no, node.orelse)):
            self.builder.position_at_end(block)
            found.append((self.value(body), self.builder.block))
        kind = joined(found[0][0].kind, found[1][0].kind)
        place = self.stack(machine_type(kind, self.program.width))
        for value, block in found:
            self.builder.position_at_end(block)
            self.builder.store(self.machine.held(value, kind), place)
            self.builder.branch(after)
        self.builder.position_at_end(after)
        return Value(kind, self.builder.load(place))

    # ---- arrays ------------------------------------------------------------------------------------------------------
    def of_Subscript(self, node: ast.Subscript) -> Value:
        if isinstance(node.value, ast.Name) and node.value.id not in self.places:
            return self._table_element(node)
        array = self.value(node.value)
        if isinstance(array.kind, Array):
            return self._element(array, self._batch_place(array, node))
        if array.kind != LANES_OF:
            raise self.fault(node, "not an array")
        if isinstance(node.slice, ast.Slice):
            return Value(LANES_OF, self.builder.gep(array.held, [self._times_width(self._whole(node.slice.lower))], inbounds=True))
        place, kind = self._lane_place(array, node)
        return Value(kind, self.builder.load(place, align=8))

    def store(self, node: ast.Subscript, value: Value) -> None:
        """a[...] = value"""
        array = self.value(node.value)
        if isinstance(array.kind, Array):
            self._keep_element(array, self._batch_place(array, node), value)
        elif array.kind == LANES_OF:
            place, kind = self._lane_place(array, node)
            self.builder.store(self.machine.held(value, kind), place, align=8)
        else:
            raise self.fault(node, "not an array")

    def _whole(self, node: ast.expr | None):
        if node is None:
            return ir.Constant(WORD, 0)
        value = self.value(node)
        if value.kind not in (WHOLE, TRUTH, KEY):
            raise self.fault(node, f"a {value.kind} as index")
        return self.machine.held(value, WHOLE)

    def _times_width(self, index):
        return self.builder.mul(index, ir.Constant(WORD, self.program.width), flags=("nsw",))

    def _lane_place(self, array: Value, node: ast.Subscript):
        index = _indices(node)
        start = self._times_width(self._whole(index[0]))
        if len(index) == 2:
            lane = self._whole(index[1])
            return self.builder.gep(array.held, [self.builder.add(start, lane, flags=("nsw",))], inbounds=True), NUMBER
        place = self.builder.gep(array.held, [start], inbounds=True)
        return self.builder.bitcast(place, machine_type(LANE, self.program.width).as_pointer()), LANE

    def _batch_place(self, array: Value, node: ast.Subscript):
        assert isinstance(array.kind, Array)
        index = [self._whole(part) for part in _indices(node)]
        if len(index) != array.kind.rank:
            raise self.fault(node, f"{array.kind.rank} indices are needed")
        flat = index[0]
        for axis, further in enumerate(index[1:], start=1):
            size = self.invariant(self.builder.load(self.builder.gep(array.held, [ir.Constant(WORD, axis)])))
            flat = self.builder.add(self.builder.mul(flat, size, flags=("nsw",)), further, flags=("nsw",))
        element = _stored(array.kind)
        base = self.builder.inttoptr(self.invariant(self.builder.load(array.held)), element.as_pointer())
        return self.builder.gep(base, [flat], inbounds=True)

    def _element(self, array: Value, place) -> Value:
        assert isinstance(array.kind, Array)
        loaded, kind = self.builder.load(place), array.kind.element
        if kind == SHORT:
            return Value(WHOLE, self.builder.sext(loaded, WORD))
        return Value(kind, loaded)

    def _keep_element(self, array: Value, place, value: Value) -> None:
        assert isinstance(array.kind, Array)
        if array.kind.element == SHORT:
            self.builder.store(self.builder.trunc(self.machine.held(value, WHOLE), BYTE), place)
        else:
            self.builder.store(self.machine.held(value, array.kind.element), place)

    def _table_element(self, node: ast.Subscript) -> Value:
        assert isinstance(node.value, ast.Name)
        values = self.program.names.constants.get(node.value.id)
        if not isinstance(values, np.ndarray):
            raise self.fault(node, "unknown array")
        index = [self._whole(part) for part in _indices(node)]
        flat = index[0]
        for size, further in zip(values.shape[1:], index[1:], strict=True):
            flat = self.builder.add(self.builder.mul(flat, ir.Constant(WORD, size)), further)
        table = self.program.table(node.value.id)
        loaded = self.builder.load(self.builder.gep(table, [ir.Constant(WORD, 0), flat], inbounds=True))
        return Value(WHOLE if values.dtype.kind in "iu" else NUMBER, loaded)

    # ---- calls -------------------------------------------------------------------------------------------------------
    def of_Call(self, node: ast.Call) -> Value:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if node.keywords:
            raise self.fault(node, "arguments by position only")
        arguments = [self.value(a) for a in node.args]
        if name in BUILTINS:
            return BUILTINS[name](self.machine, *arguments)
        if name not in self.program.names.functions:
            raise self.fault(node, f"no function `{name}`")
        kinds = tuple(value.kind for value in arguments)
        function, returned = self.program.call(name, kinds)
        held = [self.machine.held(value) for value in arguments]
        return Value(returned, self.builder.call(function, held))


def _indices(node: ast.Subscript) -> list[ast.expr]:
    return list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]


def _stored(kind: Array) -> ir.Type:
    return {NUMBER: DOUBLE, WHOLE: WORD, KEY: WORD, SHORT: BYTE}[kind.element]


def _plain(found: Any) -> Any:
    if isinstance(found, bool) or not isinstance(found, int):
        return found
    return int(found)
