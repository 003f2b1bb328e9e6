"""Expressions of the lane language: names, arithmetic, records, calls; `folding.py` and `arrays.py` have the rest."""

from __future__ import annotations

import ast

import numpy as np
from llvmlite import ir

from remission.engine.language.arrays import Arrays
from remission.engine.language.builtins import BUILTINS
from remission.engine.language.folding import SYMBOLS
from remission.engine.language.kinds import (
    DOUBLE,
    KEY,
    LANE,
    MASK,
    NUMBER,
    TRUTH,
    WHOLE,
    WORD,
    Array,
    Kind,
    LaneArray,
    Record,
    joined,
    machine_type,
)
from remission.engine.language.values import Value, known


class Expressions(Arrays):
    """What `FunctionCompiler` knows of expressions."""

    function: ir.Function
    sure: set[str]

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

    # ---- names and records -------------------------------------------------------------------------------------------
    def of_Name(self, node: ast.Name) -> Value:
        if node.id in self.places:
            if node.id not in self.sure:
                raise self.fault(node, f"`{node.id}` may have no value here; set it on every way that leads here, or before")
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
        if isinstance(node.op, ast.USub) and value.kind not in (TRUTH, MASK):
            return Value(value.kind, self.machine.negative(value.kind, self.machine.held(value)))
        if isinstance(node.op, (ast.Not, ast.Invert)) and value.kind in (TRUTH, MASK):
            return Value(value.kind, self.builder.not_(self.machine.held(value)))
        raise self.fault(node, f"not for a {value.kind}")

    def of_Compare(self, node: ast.Compare) -> Value:
        left, result = self.value(node.left), None
        for op, other in zip(node.ops, node.comparators, strict=True):
            if type(op) not in SYMBOLS:
                raise self.fault(node, "numbers are compared by < <= > >= == !=")
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

    # ---- calls -------------------------------------------------------------------------------------------------------
    def of_Call(self, node: ast.Call) -> Value:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if node.keywords:
            raise self.fault(node, "arguments by position only")
        arguments = [self.value(a) for a in node.args]
        if name in BUILTINS:
            return self._built_in(node, name, arguments)
        if name not in self.program.names.functions:
            raise self.fault(node, f"no function `{name}`")
        kinds = tuple(value.kind for value in arguments)
        function, returned = self.program.call(name, kinds)
        held = [self.machine.held(value) for value in arguments]
        return Value(returned, self.builder.call(function, held))

    def _built_in(self, node: ast.Call, name: str, arguments: list[Value]) -> Value:
        try:
            return BUILTINS[name](self.machine, *arguments)
        except TypeError as error:
            raise self.fault(node, f"`{name}` does not take {len(arguments)} arguments of these kinds") from error
