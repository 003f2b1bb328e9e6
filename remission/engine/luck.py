"""Draws inside the kernel, in the lane language: the uniforms of `remission.random`, bit for bit, and their logarithms.

Uniforms are whole-number arithmetic; the logarithm of a draw is computed without fused operations, so that a threshold drawn here has
the same bits on every processor that follows IEEE 754. It may differ from `remission.random.exponential`, which draws first thresholds,
in the last bit.
"""

import numpy as np

from remission.engine.language.plain import exact, exponent_of, mantissa_of
from remission.engine.operations import LOG2_HIGH, LOG2_LOW, LOG_1, LOG_2, LOG_3, LOG_4, LOG_5, LOG_6, LOG_7, SHIFTER, key

WORD_32, HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
TURN_0, TURN_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL_0, WEYL_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
MIX_STEP, MIX_1, MIX_2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
BY_27, BY_30, BY_31, TO_52_BITS = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(12)
UNIT_OF_52_BITS = 2.0**-52


def mixed(x):
    """A one-to-one scramble of 64 bits (the finalizer of SplitMix64)."""
    x = x + MIX_STEP
    x = (x ^ (x >> BY_30)) * MIX_1
    x = (x ^ (x >> BY_27)) * MIX_2
    return x ^ (x >> BY_31)


def philox_bits(c0, c1, c2, c3, k0, k1):
    """The first two words of Philox4x32-10 as one of 64 bits."""
    for _ in range(10):
        product_0, product_1 = TURN_0 * c0, TURN_1 * c2
        high_0, low_0 = product_0 >> HALF, product_0 & WORD_32
        high_1, low_1 = product_1 >> HALF, product_1 & WORD_32
        c0, c1, c2, c3 = high_1 ^ c1 ^ k0, low_1, high_0 ^ c3 ^ k1, low_0
        k0, k1 = (k0 + WEYL_0) & WORD_32, (k1 + WEYL_1) & WORD_32
    return (c1 << HALF) | c0


@exact
def uniform_scalar(seed, patient, process, slot):
    """One number in the open interval (0, 1), keyed by four words of 64 bits; as `remission.random.uniform`."""
    k = mixed(mixed(seed) ^ process)
    bits = philox_bits(slot & WORD_32, slot >> HALF, patient & WORD_32, patient >> HALF, k & WORD_32, k >> HALF)
    return (np.float64(bits >> TO_52_BITS) + 0.5) * UNIT_OF_52_BITS


@exact
def log_exactly(x):
    """Natural logarithm of a number between 1e-300 and 1e300, every operation rounded by itself."""
    n = exponent_of(x) - SHIFTER
    m = mantissa_of(x)
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    q = z * (LOG_1 + z * (LOG_2 + z * (LOG_3 + z * (LOG_4 + z * (LOG_5 + z * (LOG_6 + z * LOG_7))))))
    return n * LOG2_HIGH + (s * q + (s + s) + n * LOG2_LOW)


def exponential_scalar(seed, patient, process, slot):
    """One exponential number of mean 1; a threshold that an accumulated hazard has to pass."""
    return -log_exactly(uniform_scalar(seed, patient, process, slot))


def draw_of(lesion, clone, times):
    """The number under which a threshold after `times` firings is drawn; lesion or clone -1 where the scope has none."""
    return (key(lesion + 1) << key(40)) | (key(clone + 1) << key(24)) | key(times)
