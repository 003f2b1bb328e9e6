"""Elements of arrays: lane arrays, arrays of the batch, tables."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir

from remission.engine.language.folding import Folding, indices
from remission.engine.language.kinds import (
    BYTE,
    DOUBLE,
    KEY,
    LANE,
    LANES_OF,
    NUMBER,
    SHORT,
    TRUTH,
    WHOLE,
    WORD,
    Array,
    LanguageError,
    machine_type,
)
from remission.engine.language.values import Machine, Value

if TYPE_CHECKING:
    from remission.engine.language.program import Program


class Arrays(Folding):
    """Loads and stores."""

    program: Program
    builder: Any
    machine: Machine

    def value(self, node: ast.expr) -> Value:
        raise NotImplementedError

    def invariant(self, load):
        """Mark a load as reading what never changes while the kernel runs."""
        load.set_metadata("invariant.load", self.builder.module.add_metadata([]))
        return load

    def of_Subscript(self, node: ast.Subscript) -> Value:
        if isinstance(node.value, ast.Name) and node.value.id not in self.places:
            return self._table_element(node)
        array = self.value(node.value)
        if isinstance(array.kind, Array):
            return self._element(array, self._batch_place(array, node))
        if array.kind != LANES_OF:
            raise self.fault(node, "not an array")
        if isinstance(node.slice, ast.Slice):
            return self._rest(array, node.slice)
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

    def _rest(self, array: Value, part: ast.Slice) -> Value:
        """`a[i:]`"""
        if part.upper is not None or part.step is not None:
            raise LanguageError("of an array only the rest can be taken, `a[i:]`: it has no end of its own")
        return Value(LANES_OF, self.builder.gep(array.held, [self._times_width(self._whole(part.lower))], inbounds=True))

    def _whole(self, node: ast.expr | None):
        if node is None:
            return ir.Constant(WORD, 0)
        value = self.value(node)
        if value.kind not in (WHOLE, TRUTH, KEY):
            raise self.fault(node, f"a {value.kind} as index")
        if value.is_known and value.constant < 0:
            raise self.fault(node, "an index below 0; nothing is counted from the end, as an array does not know its length")
        return self.machine.held(value, WHOLE)

    def _times_width(self, index):
        return self.builder.mul(index, ir.Constant(WORD, self.program.width), flags=("nsw",))

    def _lane_place(self, array: Value, node: ast.Subscript):
        index = indices(node)
        if len(index) > 2:
            raise self.fault(node, "a lane array takes a place, or a place and a lane")
        start = self._times_width(self._whole(index[0]))
        if len(index) == 2:
            lane = self._whole(index[1])
            return self.builder.gep(array.held, [self.builder.add(start, lane, flags=("nsw",))], inbounds=True), NUMBER
        place = self.builder.gep(array.held, [start], inbounds=True)
        return self.builder.bitcast(place, machine_type(LANE, self.program.width).as_pointer()), LANE

    def _batch_place(self, array: Value, node: ast.Subscript):
        assert isinstance(array.kind, Array)
        index = [self._whole(part) for part in indices(node)]
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
        if len(indices(node)) != values.ndim:
            raise self.fault(node, f"{values.ndim} indices are needed")
        index = [self._whole(part) for part in indices(node)]
        flat = index[0]
        for size, further in zip(values.shape[1:], index[1:], strict=True):
            flat = self.builder.add(self.builder.mul(flat, ir.Constant(WORD, size)), further)
        table = self.program.table(node.value.id)
        loaded = self.builder.load(self.builder.gep(table, [ir.Constant(WORD, 0), flat], inbounds=True))
        return Value(WHOLE if values.dtype.kind in "iu" else NUMBER, loaded)


def _stored(kind: Array) -> ir.Type:
    return {NUMBER: DOUBLE, WHOLE: WORD, KEY: WORD, SHORT: BYTE}[kind.element]
