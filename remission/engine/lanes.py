"""The elementary operations that generated text uses. One lane: ordinary floats; the text itself does not know the lane count."""

from __future__ import annotations

import math

from numba import njit

TINY = 1e-300


@njit(inline="always")
def exp(x):
    return math.exp(min(x, 700.0))


@njit(inline="always")
def log(x):
    """Natural logarithm; at or below zero, where a rate law has no value, that of the smallest positive number."""
    return math.log(max(x, TINY))


@njit(inline="always")
def power(x, a):
    """x to the power a for x >= 0; below zero as at zero."""
    return math.exp(a * math.log(max(x, TINY)))


@njit(inline="always")
def sqrt(x):
    return math.sqrt(max(x, 0.0))


@njit(inline="always")
def maximum(a, b):
    return a if a >= b else b


@njit(inline="always")
def minimum(a, b):
    return b if a >= b else a


@njit(inline="always")
def select_lt(left, right, yes, no):
    return yes if left < right else no


@njit(inline="always")
def select_le(left, right, yes, no):
    return yes if left <= right else no
