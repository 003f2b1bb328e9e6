"""What every text of the lane language may call, for one CUDA thread; and the same for CUDA's simulator, which is Python.

Bits of numbers come from libdevice. Inside functions marked `exact` every operation is rounded by itself, so that the draws of
`luck` have the same bits as on the CPU; elsewhere products and sums may be fused.
"""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import numpy as np

from remission.engine.language import plain

cuda: Any = import_module("numba.cuda")
ONE_HALF_ROOT, MAGIC_EXPONENT = plain.ONE_HALF_ROOT, plain.MAGIC_EXPONENT


def select(condition, yes, no):
    """yes where the condition holds, else no."""
    return yes if condition else no


def holds(condition):
    """Whether the condition holds for the patient."""
    return condition


def same(value):
    """The number itself."""
    return value


def larger(a, b):
    """The first if it is larger, else the second, also where one is not a number."""
    return a if a > b else b


def smaller(a, b):
    """The first if it is smaller, else the second, also where one is not a number."""
    return a if a < b else b


def root_of(value):
    """Square root; nan below zero."""
    return math.sqrt(value)


def is_nan(value):
    """Whether a number is none."""
    return value != value


def scale_of(shifted):
    """2 to the power n, from the number n + 1.5 * 2^52."""
    return cuda.libdevice.longlong_as_double((cuda.libdevice.double_as_longlong(shifted) + 1023) << 52)


def mantissa_of(value):
    """m in [sqrt(1/2), sqrt 2) with value = m 2^e."""
    bits = cuda.libdevice.double_as_longlong(value)
    return cuda.libdevice.longlong_as_double(bits - (((bits - ONE_HALF_ROOT) >> 52) << 52))


def exponent_of(value):
    """The number e + 1.5 * 2^52, e as in `mantissa_of`."""
    bits = cuda.libdevice.double_as_longlong(value)
    return cuda.libdevice.longlong_as_double(((bits - ONE_HALF_ROOT) >> 52) + MAGIC_EXPONENT)


def exact_sum(a, b):
    """a + b, rounded by itself."""
    return cuda.libdevice.dadd_rn(a, b)


def exact_difference(a, b):
    """a - b, rounded by itself."""
    return cuda.libdevice.dadd_rn(a, -b)


def exact_product(a, b):
    """a b, rounded by itself."""
    return cuda.libdevice.dmul_rn(a, b)


DEVICE = (root_of, scale_of, mantissa_of, exponent_of, exact_sum, exact_difference, exact_product)
COMMON = {"select": select, "any": holds, "lane_of": same, "max": larger, "min": smaller, "isnan": is_nan}


def device_builtins() -> dict[str, Any]:
    """The built-in operations as device functions, compiled with the kernel that calls them."""
    own = {**COMMON, **{function.__name__: function for function in DEVICE}}
    return {**{name: cuda.jit(device=True)(function) for name, function in own.items()}, "key": np.uint64}


def _quotient(a, b):
    """a / b by the rules of IEEE 754, also where b is 0."""
    return np.float64(a) / b


def simulated_builtins() -> dict[str, Any]:
    """The same as Python."""
    bits = {name: getattr(plain, name) for name in ("root_of", "scale_of", "mantissa_of", "exponent_of")}
    return {**COMMON, **bits, "key": np.uint64, "quotient": _quotient}
