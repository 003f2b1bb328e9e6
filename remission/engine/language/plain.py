"""The built-in operations of the lane language as plain Python for one patient, so that every text also runs as it stands."""

from __future__ import annotations

import math
import struct
from typing import Any

LANES = 1
ONE_HALF_ROOT = 0x3FE6A09E667F3BCD
MAGIC_EXPONENT = 0x4338000000000000


def static(loop: range) -> range:
    """A loop that the compiler writes out."""
    return loop


def exact(function: Any) -> Any:
    """Marks a function whose every operation is rounded by itself: nothing is fused or reordered in it."""
    return function


def select(condition: bool, yes: Any, no: Any) -> Any:
    """yes where the condition holds, else no; both are computed."""
    return yes if condition else no


def any(condition: bool) -> bool:  # the word of the language
    """Whether the condition holds for any patient of the group."""
    return bool(condition)


def lane_of(value: float) -> float:
    """The same number for every patient of the group."""
    return value


def root_of(value: float) -> float:
    """Square root; nan below zero."""
    return math.sqrt(value) if value >= 0.0 else math.nan


def isnan(value: float) -> bool:
    """Whether a number is none."""
    return value != value


def key(value: int) -> int:
    """A whole number as 64 unsigned bits."""
    return value & 0xFFFFFFFFFFFFFFFF


def _bits(value: float) -> int:
    return struct.unpack("<q", struct.pack("<d", value))[0]


def _number(bits: int) -> float:
    return struct.unpack("<d", struct.pack("<Q", bits & 0xFFFFFFFFFFFFFFFF))[0]


def scale_of(shifted: float) -> float:
    """2 to the power n, from the number n + 1.5 * 2^52."""
    return _number((_bits(shifted) + 1023) << 52)


def mantissa_of(value: float) -> float:
    """m in [sqrt(1/2), sqrt 2) with value = m 2^e."""
    bits = _bits(value)
    return _number(bits - (((bits - ONE_HALF_ROOT) >> 52) << 52))


def exponent_of(value: float) -> float:
    """The number e + 1.5 * 2^52, e as in `mantissa_of`."""
    return _number(((_bits(value) - ONE_HALF_ROOT) >> 52) + MAGIC_EXPONENT)
