"""One parameter in many patients: shapes by scope, and the draw itself.

A row per patient uses slot 0 of its process, a row per lesion the slot of the lesion, a row per clone a slot made of
lesion and clone: so further patients, lesions and clones change nobody's numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from .distributions import Fixed
from .errors import InputError
from .random import uniform
from .tables import Row, scopes

_CLONE_BITS = 32


def process(key: str) -> str:
    """The name of the process that draws a parameter."""
    return f"parameter:{key}"


def shape_of(row: Row, shape: tuple[int, int, int]) -> tuple[int, ...]:
    """The leading part of (patients, lesions, clones) that a row of this scope has."""
    return shape[: scopes.index(row.per) + 1]


def drawn(key: str, row: Row, seed: int, indices: np.ndarray, shape: tuple[int, int, int], coupled: Mapping[str, np.ndarray]) -> np.ndarray:
    wanted = shape_of(row, shape)
    if isinstance(row.law, Fixed):
        return np.full(wanted, row.number)
    u = coupled.get(key)
    if u is None:
        u = uniform(seed, indices.reshape((-1,) + (1,) * (len(wanted) - 1)), process(key), _slots(wanted))
    return np.ascontiguousarray(row.law.quantile(u, row.number, *row.limits))


def _slots(wanted: tuple[int, ...]) -> np.ndarray:
    """The slot of each lesion, or of each clone in each lesion; more lesions or clones change no slot."""
    if len(wanted) == 1:
        return np.zeros(1, np.uint64)
    slots = np.arange(wanted[1], dtype=np.uint64)
    if len(wanted) == 2:
        return slots
    return (slots[:, None] << np.uint64(_CLONE_BITS)) | np.arange(wanted[2], dtype=np.uint64)


def patient_indices(patients: Iterable[int] | np.ndarray) -> np.ndarray:
    """Indices of patients as uint64; `InputError` for anything that is no whole number from 0."""
    indices = np.asarray(patients if isinstance(patients, np.ndarray) else list(patients))
    if indices.ndim != 1 or (indices.size and (indices.dtype.kind not in "iu" or indices.min() < 0)):
        raise InputError("patients are whole indices from 0", value=repr(patients)[:60], remedy="give for example np.arange(100)")
    return indices.astype(np.uint64)


def spread_over(value: ArrayLike, wanted: tuple[int, ...]) -> np.ndarray:
    """A number or an array of a leading part of the shape, repeated over the rest of it."""
    try:
        array = np.asarray(value, dtype=float)
        array = array.reshape(array.shape + (1,) * max(0, len(wanted) - array.ndim)) if array.ndim else array
        return np.array(np.broadcast_to(array, wanted))
    except (TypeError, ValueError) as error:
        raise InputError("the numbers do not fit", value=f"shape {np.shape(value)}", remedy=f"the shape is {wanted}") from error
