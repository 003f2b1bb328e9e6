"""Arrays of patients by visits [M, V]: the names of their types, and how one value of a patient is taken from them.

Visits come in order of days. Left out: arrays by lesion, which each criterion reads in its own way.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int8]


def at(values: Floats, visit: NDArray[np.int64]) -> Floats:
    """The value of each patient at one visit [M]; NaN where the visit is -1."""
    if not values.shape[1]:
        return np.full(values.shape[0], np.nan)
    return np.where(visit >= 0, values[np.arange(values.shape[0]), np.maximum(visit, 0)], np.nan)


def first(values: Floats, where: Flags) -> Floats:
    """The first value of each patient where a flag is set [M], NaN where none is."""
    if not values.shape[1]:
        return np.full(values.shape[0], np.nan)
    place = where.argmax(axis=1)
    people = np.arange(values.shape[0])
    return np.where(where[people, place], values[people, place], np.nan)


def last(values: Floats, where: Flags) -> Floats:
    """The last value of each patient where a flag is set [M], NaN where none is."""
    return first(values[:, ::-1], where[:, ::-1])


def earlier(flags: Flags) -> Flags:
    """Whether a flag was set at an earlier visit [M, V]."""
    found = np.zeros_like(flags)
    found[:, 1:] = np.logical_or.accumulate(flags, axis=1)[:, :-1]
    return found
