"""Luck that belongs to a patient, not to a run.

Every random number is a pure function of (seed, patient, process, slot): the seed of the study, the index of the
patient, the process that needs luck (a parameter, a hazard, a dropout, ...) and how many numbers that process
has used before (or which lesion or clone it is for). So a patient keeps the same luck in any batch, order, shard,
thread and device, and in every arm of a counterfactual trial; the first n patients of a large cohort are
the cohort of size n.

The generator is Philox4x32 with 10 rounds, which is counter based: key and counter in, 128 random bits out.

Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11 (2011),
doi:10.1145/2063384.2063405. Its published known answers are in the tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from math import frexp
from typing import TypeAlias

import numpy as np
from numba import njit, vectorize

Keys: TypeAlias = int | np.integer | np.ndarray | Sequence[int]

_U = np.uint64
_WORD = _U(0xFFFFFFFF)
_SHIFT_WORD = _U(32)
_MULTIPLIER_0, _MULTIPLIER_1 = _U(0xD2511F53), _U(0xCD9E8D57)
_WEYL_0, _WEYL_1 = _U(0x9E3779B9), _U(0xBB67AE85)
_MIX_STEP, _MIX_1, _MIX_2 = _U(0x9E3779B97F4A7C15), _U(0xBF58476D1CE4E5B9), _U(0x94D049BB133111EB)
_SHIFT_27, _SHIFT_30, _SHIFT_31 = _U(27), _U(30), _U(31)
_SHIFT_TO_52_BITS = _U(12)
_ULP_OF_52_BITS = 2.0**-52
_ROOT_HALF = 0.7071067811865476
_LOG2_HIGH, _LOG2_LOW = 0.6931471803691238, 1.9082149292705877e-10
_LOG_SERIES = (
    0.14796105510224017,
    0.15314035826947248,
    0.1818356486706799,
    0.22222198563476092,
    0.2857142874247499,
    0.3999999999941432,
    0.6666666666666734,
)  # of engine.operations, last first


@cache
def process_key(name: str) -> np.uint64:
    """The 64-bit number of a process, from its name (`parameter:car_t.kill_capacity`, `death`, ...).

    It is a hash of the name alone, so that a new process never changes the luck of the others.
    """
    return _U(int.from_bytes(blake2b(name.encode("utf-8"), digest_size=8).digest(), "little"))


@njit(cache=True)
def philox(c0, c1, c2, c3, k0, k1):
    """Philox4x32-10: four 32-bit counter words and two 32-bit key words (all held in uint64) to four words."""
    for _ in range(10):
        product_0, product_1 = _MULTIPLIER_0 * c0, _MULTIPLIER_1 * c2
        high_0, low_0 = product_0 >> _SHIFT_WORD, product_0 & _WORD
        high_1, low_1 = product_1 >> _SHIFT_WORD, product_1 & _WORD
        c0, c1, c2, c3 = high_1 ^ c1 ^ k0, low_1, high_0 ^ c3 ^ k1, low_0
        k0, k1 = (k0 + _WEYL_0) & _WORD, (k1 + _WEYL_1) & _WORD
    return c0, c1, c2, c3


@njit(cache=True)
def _mixed(x):
    """A one-to-one scramble of 64 bits (the finalizer of SplitMix64), so that near seeds give far keys."""
    x = x + _MIX_STEP
    x = (x ^ (x >> _SHIFT_30)) * _MIX_1
    x = (x ^ (x >> _SHIFT_27)) * _MIX_2
    return x ^ (x >> _SHIFT_31)


@njit(cache=True)
def uniform_scalar(seed, patient, process, slot):
    """One number in the open interval (0, 1), from four uint64; for use inside compiled code.

    Seed and process make the key, patient and slot the counter. The upper 52 of 64 bits are used and the
    number is the middle of its cell, so neither 0 nor 1 can occur and every value is exact in float64.
    """
    key = _mixed(_mixed(seed) ^ process)
    w0, w1, _, _ = philox(slot & _WORD, slot >> _SHIFT_WORD, patient & _WORD, patient >> _SHIFT_WORD, key & _WORD, key >> _SHIFT_WORD)
    bits = ((w1 << _SHIFT_WORD) | w0) >> _SHIFT_TO_52_BITS
    return (np.float64(bits) + 0.5) * _ULP_OF_52_BITS


@njit(cache=True)
def _log(x):
    """Natural logarithm by the series of `engine.luck`, every operation rounded by itself: the same bits everywhere."""
    m, n = frexp(x)
    if m < _ROOT_HALF:
        m, n = 2.0 * m, n - 1
    s = (m - 1.0) / (m + 1.0)
    z, q = s * s, 0.0
    for coefficient in _LOG_SERIES:
        q = coefficient + z * q
    return n * _LOG2_HIGH + (s * (z * q) + (s + s) + n * _LOG2_LOW)


@njit(cache=True)
def exponential_scalar(seed, patient, process, slot):
    """One exponential number of mean 1, from four uint64; a threshold that an accumulated hazard has to pass."""
    return -_log(uniform_scalar(seed, patient, process, slot))


_SIGNATURE = ["float64(uint64, uint64, uint64, uint64)"]


@cache
def _uniform_ufunc():
    return vectorize(_SIGNATURE, cache=True)(_uniform_element)


@cache
def _exponential_ufunc():
    return vectorize(_SIGNATURE, cache=True)(_exponential_element)


def _uniform_element(seed, patient, process, slot):
    return uniform_scalar(seed, patient, process, slot)


def _exponential_element(seed, patient, process, slot):
    return exponential_scalar(seed, patient, process, slot)


def uniform(seed: Keys, patient: Keys, process: Keys | str, slot: Keys = 0) -> np.ndarray:
    """Numbers in the open interval (0, 1).

    `seed`, `patient`, `process` and `slot` are whole numbers or arrays of them that broadcast together;
    `process` may also be the name of the process. The shape is the broadcast shape. Negative numbers stand for
    their 64-bit pattern.
    """
    return _uniform_ufunc()(*_as_keys(seed, patient, process, slot))


def exponential(seed: Keys, patient: Keys, process: Keys | str, slot: Keys = 0) -> np.ndarray:
    """Exponential numbers of mean 1, keyed and shaped as in `uniform`."""
    return _exponential_ufunc()(*_as_keys(seed, patient, process, slot))


def _as_keys(seed, patient, process, slot) -> list[np.ndarray]:
    process = process_key(process) if isinstance(process, str) else process
    return [_as_words(x) for x in (seed, patient, process, slot)]


def _as_words(x) -> np.ndarray:
    """Whole numbers as uint64; anything with a fraction is refused rather than cut."""
    if isinstance(x, int) and not isinstance(x, bool):
        return np.asarray(x & 0xFFFFFFFFFFFFFFFF, dtype=np.uint64)
    array = np.asarray(x)
    if array.dtype.kind not in "iu":
        raise TypeError(f"seed, patient, process and slot are whole numbers, not {array.dtype} ({x!r})")
    return array.astype(np.uint64)
