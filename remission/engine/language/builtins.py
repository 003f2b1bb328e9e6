"""What every text may call without its being written in the language: choices, conversions, and the bits of numbers."""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from remission.engine.language.kinds import (
    KEY,
    LANE,
    MASK,
    NUMBER,
    TRUTH,
    WHOLE,
    LanguageError,
    Scalar,
    joined,
)
from remission.engine.language.values import Machine, Value

ONE_HALF_ROOT = 0x3FE6A09E667F3BCD
MAGIC_EXPONENT = 0x4338000000000000
BIAS, MANTISSA_BITS = 1023, 52


def _real(machine: Machine, value: Value) -> tuple[Scalar, object]:
    """A number or lane, as such."""
    kind = LANE if value.kind == LANE else NUMBER
    return kind, machine.held(value, kind)


def _select(machine: Machine, condition: Value, yes: Value, no: Value) -> Value:
    kind = joined(yes.kind, no.kind)
    if condition.kind == MASK:
        kind = joined(kind, MASK if kind in (MASK, TRUTH) else LANE)
    if condition.kind not in (MASK, TRUTH):
        raise LanguageError(f"a choice by a {condition.kind}")
    held = machine.builder.select(machine.held(condition), machine.held(yes, kind), machine.held(no, kind))
    return Value(kind, held)


def _any(machine: Machine, mask: Value) -> Value:
    if mask.kind == TRUTH:
        return mask
    if machine.width == 1:
        return Value(TRUTH, machine.held(mask, MASK))
    bits = machine.builder.bitcast(machine.held(mask, MASK), ir.IntType(machine.width))
    return Value(TRUTH, machine.builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0)))


def _root(machine: Machine, value: Value) -> Value:
    kind, held = _real(machine, value)
    return Value(kind, machine.intrinsic("sqrt", kind, held))


def _absolute(machine: Machine, value: Value) -> Value:
    if value.kind == WHOLE:
        held = machine.held(value)
        negative = machine.builder.icmp_signed("<", held, ir.Constant(held.type, 0))
        return Value(WHOLE, machine.builder.select(negative, machine.builder.neg(held), held))
    kind, held = _real(machine, value)
    return Value(kind, machine.intrinsic("fabs", kind, held))


def _extreme(op: str) -> Callable[..., Value]:
    """The largest or smallest; as in Python, a value takes the place of an earlier one only where it is beyond it."""

    def choose(machine: Machine, *values: Value) -> Value:
        best = values[0]
        for other in values[1:]:
            kind = joined(best.kind, other.kind)
            left, right = machine.held(best, kind), machine.held(other, kind)
            best = Value(kind, machine.builder.select(machine.compare(op, kind, right, left), right, left))
        return best

    return choose


def _int(machine: Machine, value: Value) -> Value:
    if value.kind == NUMBER:
        return Value(WHOLE, machine.builder.fptosi(machine.held(value), ir.IntType(64)))
    return Value(WHOLE, machine.held(value, WHOLE))


def _float(machine: Machine, value: Value) -> Value:
    return Value(NUMBER, machine.held(value, NUMBER))


def _key(machine: Machine, value: Value) -> Value:
    return Value(KEY, machine.held(value, KEY))


def _lane(machine: Machine, value: Value) -> Value:
    return Value(LANE, machine.held(value, LANE))


def _is_nan(machine: Machine, value: Value) -> Value:
    kind, held = _real(machine, value)
    return Value(MASK if kind == LANE else TRUTH, machine.builder.fcmp_unordered("uno", held, held))


def _scale_of(machine: Machine, shifted: Value) -> Value:
    """2 to the power n, from the number n + 1.5 * 2^52."""
    kind, held = _real(machine, shifted)
    whole = machine.builder.add(machine.bits(kind, held), machine.bits_constant(kind, BIAS))
    return Value(kind, machine.from_bits(kind, machine.builder.shl(whole, machine.bits_constant(kind, MANTISSA_BITS))))


def _exponent_bits(machine: Machine, kind, bits):
    below = machine.builder.sub(bits, machine.bits_constant(kind, ONE_HALF_ROOT))
    return machine.builder.ashr(below, machine.bits_constant(kind, MANTISSA_BITS))


def _mantissa(machine: Machine, value: Value) -> Value:
    """m in [sqrt(1/2), sqrt 2) with value = m 2^e."""
    kind, held = _real(machine, value)
    bits = machine.bits(kind, held)
    shift = machine.builder.shl(_exponent_bits(machine, kind, bits), machine.bits_constant(kind, MANTISSA_BITS))
    return Value(kind, machine.from_bits(kind, machine.builder.sub(bits, shift)))


def _exponent(machine: Machine, value: Value) -> Value:
    """The number e + 1.5 * 2^52, e as in `mantissa_of`."""
    kind, held = _real(machine, value)
    whole = _exponent_bits(machine, kind, machine.bits(kind, held))
    return Value(kind, machine.from_bits(kind, machine.builder.add(whole, machine.bits_constant(kind, MAGIC_EXPONENT))))


BUILTINS: dict[str, Callable[..., Value]] = {
    "select": _select,
    "any": _any,
    "root_of": _root,
    "abs": _absolute,
    "max": _extreme(">"),
    "min": _extreme("<"),
    "int": _int,
    "float": _float,
    "float64": _float,
    "uint64": _key,
    "key": _key,
    "lane_of": _lane,
    "isnan": _is_nan,
    "scale_of": _scale_of,
    "mantissa_of": _mantissa,
    "exponent_of": _exponent,
}
