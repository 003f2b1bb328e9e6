"""One-lane texts compiled by numba for the CPU: how numba, and so CUDA, types them, at the speed of machine code."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from remission.engine import gpu_operations
from remission.engine.gpu_operations import COMMON, MAGIC_EXPONENT, ONE_HALF_ROOT


@intrinsic
def whole_of(context, value):
    return types.int64(types.float64), lambda _, builder, __, arguments: builder.bitcast(arguments[0], ir.IntType(64))


@intrinsic
def number_of(context, bits):
    return types.float64(types.int64), lambda _, builder, __, arguments: builder.bitcast(arguments[0], ir.DoubleType())


def scale_of(shifted):
    return number_of((whole_of(shifted) + 1023) << 52)


def mantissa_of(value):
    bits = whole_of(value)
    return number_of(bits - (((bits - ONE_HALF_ROOT) >> 52) << 52))


def exponent_of(value):
    return number_of(((whole_of(value) - ONE_HALF_ROOT) >> 52) + MAGIC_EXPONENT)


def compiled(function):
    return njit(error_model="numpy")(function)


@cache
def numba_builtins() -> dict[str, Any]:
    """Arguments `wrap` and `builtins` of `one_lane_functions`."""
    own = {**COMMON, "root_of": gpu_operations.root_of}
    own |= {function.__name__: function for function in (scale_of, mantissa_of, exponent_of)}
    return {"wrap": compiled, "builtins": {**{name: compiled(function) for name, function in own.items()}, "key": np.uint64}}
