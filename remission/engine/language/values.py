"""Values while a text is being compiled, and the machine operations on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from remission.engine.language.kinds import (
    BIT,
    DOUBLE,
    KEY,
    LANE,
    MASK,
    NUMBER,
    TRUTH,
    WHOLE,
    WORD,
    Kind,
    LanguageError,
    machine_type,
)

FAST = ("contract", "nsz", "arcp")


@dataclass(frozen=True)
class Value:
    """A value: known now (`constant`), or held by an LLVM value."""

    kind: Kind
    held: Any = None
    constant: Any = None

    @property
    def is_known(self) -> bool:
        return self.held is None


def known(constant: Any) -> Value:
    """A number or truth that is known when the text is compiled."""
    if isinstance(constant, bool):
        return Value(TRUTH, constant=constant)
    if isinstance(constant, float):
        return Value(NUMBER, constant=constant)
    if isinstance(constant, int):
        return Value(WHOLE, constant=constant)
    raise LanguageError(f"a constant of type {type(constant).__name__}")


class Machine:
    """Emits operations at the present place of a builder, for a number of lanes."""

    def __init__(self, builder: Any, width: int, exact: bool = False):
        self.builder, self.width = builder, width
        self.flags = () if exact else FAST
        self.lane, self.mask = machine_type(LANE, width), machine_type(MASK, width)
        self.words = WORD if width == 1 else ir.VectorType(WORD, width)

    # ---- conversions -----------------------------------------------------------------------------------------------
    def held(self, value: Value, kind: Kind | None = None) -> Any:
        """The LLVM value, of this kind."""
        kind = value.kind if kind is None else kind
        if value.is_known:
            return self._constant(value.constant, kind)
        if value.kind == kind:
            return value.held
        return self._converted(value, kind)

    def _constant(self, constant, kind: Kind):
        if kind == LANE and self.width > 1:
            return ir.Constant(self.lane, [float(constant)] * self.width)
        if kind == MASK and self.width > 1:
            return ir.Constant(self.mask, [int(constant)] * self.width)
        if kind in (NUMBER, LANE):
            return ir.Constant(DOUBLE, float(constant))
        if kind in (WHOLE, KEY):
            return ir.Constant(WORD, int(constant) & 0xFFFFFFFFFFFFFFFF if kind == KEY else int(constant))
        if kind in (TRUTH, MASK):
            return ir.Constant(BIT, int(bool(constant)))
        raise LanguageError(f"a constant where a {kind} is needed")

    def _converted(self, value: Value, kind: Kind):
        b, held = self.builder, value.held
        if value.kind == TRUTH and kind in (WHOLE, KEY):
            return b.zext(held, WORD)
        if value.kind == TRUTH and kind == MASK:
            return self.spread(held, self.mask)
        if value.kind in (TRUTH, WHOLE, KEY) and kind == NUMBER:
            return b.sitofp(held, DOUBLE) if value.kind == WHOLE else b.uitofp(held, DOUBLE)
        if value.kind in (TRUTH, WHOLE, KEY, NUMBER) and kind == LANE:
            return self.spread(self.held(value, NUMBER), self.lane)
        if {value.kind, kind} == {WHOLE, KEY}:
            return held
        raise LanguageError(f"a {value.kind} where a {kind} is needed")

    def spread(self, held, vector):
        """The same value in every lane."""
        if self.width == 1:
            return held
        zero = ir.Constant(ir.IntType(32), 0)
        first = self.builder.insert_element(ir.Constant(vector, ir.Undefined), held, zero)
        places = ir.Constant(ir.VectorType(ir.IntType(32), self.width), [0] * self.width)
        return self.builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), places)

    # ---- arithmetic ------------------------------------------------------------------------------------------------
    def arithmetic(self, op: str, kind: Kind, left, right):
        """left op right, both held as `kind`."""
        b = self.builder
        if kind in (LANE, NUMBER):
            names = {"+": b.fadd, "-": b.fsub, "*": b.fmul, "/": b.fdiv}
            if op not in names:
                raise LanguageError(f"`{op}` between numbers")
            return names[op](left, right, flags=self.flags)
        whole = {"+": b.add, "-": b.sub, "*": b.mul, "&": b.and_, "|": b.or_, "^": b.xor, "<<": b.shl}
        signed = {"//": b.sdiv, "%": b.srem, ">>": b.ashr} if kind == WHOLE else {"//": b.udiv, "%": b.urem, ">>": b.lshr}
        names = {**whole, **signed} if kind in (WHOLE, KEY) else {"&": b.and_, "|": b.or_, "^": b.xor}
        if op not in names:
            raise LanguageError(f"`{op}` between values of kind {kind}")
        return names[op](left, right)

    def negative(self, kind: Kind, held):
        return self.builder.fneg(held, flags=self.flags) if kind in (LANE, NUMBER) else self.builder.neg(held)

    def compare(self, op: str, kind: Kind, left, right):
        """Truth, or mask for lanes; a comparison with a number that is not one is false except for `!=`."""
        b = self.builder
        if kind in (LANE, NUMBER):
            return b.fcmp_unordered(op, left, right) if op == "!=" else b.fcmp_ordered(op, left, right)
        return b.icmp_unsigned(op, left, right) if kind == KEY else b.icmp_signed(op, left, right)

    def intrinsic(self, name: str, kind: Kind, *held):
        """A function that LLVM knows, such as sqrt or fabs, on numbers or lanes."""
        own = machine_type(kind, self.width)
        suffix = "f64" if kind == NUMBER or self.width == 1 else f"v{self.width}f64"
        function = function_of(self.builder.module, f"llvm.{name}.{suffix}", ir.FunctionType(own, [own] * len(held)))
        return self.builder.call(function, held)

    # ---- bits of numbers: what exp and log are made of ---------------------------------------------------------------
    def bits(self, kind: Kind, held):
        return self.builder.bitcast(held, WORD if kind == NUMBER else self.words)

    def from_bits(self, kind: Kind, held):
        return self.builder.bitcast(held, machine_type(kind, self.width))

    def bits_constant(self, kind: Kind, value: int):
        return ir.Constant(WORD, value) if kind == NUMBER or self.width == 1 else ir.Constant(self.words, [value] * self.width)


def function_of(module: ir.Module, name: str, kind: ir.FunctionType) -> ir.Function:
    """A function of the module by name, declared if it is not there."""
    found = module.globals.get(name)
    return found if isinstance(found, ir.Function) else ir.Function(module, kind, name)
