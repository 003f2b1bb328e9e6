"""The elementary operations of generated text: exp, log, power, Hill and choices, for one patient or a vector of them.

Written in the lane language, without branches, so that a vector costs little more than a number. Bounds are measured in
`tests/engine/test_operations.py` against 60-digit arithmetic, for arguments in the stated range:

    exp(x)       relative error <= 4.5e-16 for -708 <= x <= 700; beyond, the value at the end of the range
    log(x)       error <= 2.3e-16 + 2.3e-16 |log x| for x >= 1e-300; below, where a rate law has no value, log(1e-300)
    power(x, a)  relative error <= 5e-16 (1 + |a log x|) for x >= 0; below zero as at zero
    hill(x,k,n)  relative error <= 5e-16 (2 + |n log(x/k)|) for x >= 0, k > 0

What is not a number stays none; an infinite argument of `exp` counts as the end of the range, of `log` as not a number.
"""

from __future__ import annotations

from remission.engine.language.plain import (
    LANES,
    any,
    exact,
    exponent_of,
    isnan,
    key,
    lane_of,
    mantissa_of,
    root_of,
    scale_of,
    select,
    static,
)

__all__ = [
    "LANES",
    "any",
    "exp",
    "hill",
    "isnan",
    "key",
    "lane_of",
    "log",
    "maximum",
    "minimum",
    "power",
    "rough_exp2",
    "rough_log2",
    "select",
    "select_le",
    "select_lt",
    "sqrt",
    "static",
    "unsigned",
]

TINY = 1e-300
SHIFTER = 6755399441055744.0  # 1.5 * 2^52: adding it rounds to the nearest whole number
LOG2_OF_E = 1.4426950408889634
LOG2_HIGH, LOG2_LOW = 0.6931471803691238, 1.9082149292705877e-10

# exp(r) = 1 + r + sum EXP_k r^k for |r| <= log(2)/2, and log((1+s)/(1-s)) = 2 s + s sum LOG_k s^(2k) for the mantissas of `log`:
# best approximations by the exchange of Remez in 50-digit arithmetic, relative errors 3.7e-18 and 1.3e-18
EXP_2, EXP_3 = 0.5000000000000011, 0.16666666666666413
EXP_4, EXP_5 = 0.041666666666530155, 0.008333333333494461
EXP_6, EXP_7 = 0.0013888888943630114, 0.00019841269506578688
EXP_8, EXP_9 = 2.480149309890655e-05, 2.7557586373840165e-06
EXP_10, EXP_11 = 2.763024837921144e-07, 2.5000061602835666e-08
LOG_1, LOG_2 = 0.6666666666666734, 0.3999999999941432
LOG_3, LOG_4 = 0.2857142874247499, 0.22222198563476092
LOG_5, LOG_6 = 0.1818356486706799, 0.15314035826947248
LOG_7 = 0.14796105510224017


def exp(x):
    """e to the power x."""
    x = select(x < -708.0, -708.0, x)
    x = select(x > 700.0, 700.0, x)
    shifted = x * LOG2_OF_E + SHIFTER
    n = shifted - SHIFTER
    r = (x - n * LOG2_HIGH) - n * LOG2_LOW
    r2 = r * r
    r4 = r2 * r2
    p01 = r + 1.0
    p23 = r * EXP_3 + EXP_2
    p45 = r * EXP_5 + EXP_4
    p67 = r * EXP_7 + EXP_6
    p89 = r * EXP_9 + EXP_8
    high = (p89 + r2 * (r * EXP_11 + EXP_10)) * r4 + (p67 * r2 + p45)
    return (high * r4 + (p23 * r2 + p01)) * scale_of(shifted)


def log(x):
    """Natural logarithm."""
    x = select(x < TINY, TINY, x)
    n = exponent_of(x) - SHIFTER
    m = mantissa_of(x)
    s = (m - 1.0) / (m + 1.0)
    s2 = s * s
    s4 = s2 * s2
    low = s4 * (s4 * (s4 * LOG_7 + LOG_5) + LOG_3) + LOG_1
    high = s4 * (s4 * LOG_6 + LOG_4) + LOG_2
    q = s2 * (s2 * high + low)
    return n * LOG2_HIGH + (s * q + (s + s) + n * LOG2_LOW) + 0.0 * x


@exact
def unsigned(x):
    """The number itself, zero without a sign: whether a sum of nothing is 0 or -0 may depend on the company a patient keeps."""
    return x + 0.0


def rough_log2(x):
    """Logarithm to base 2 within 0.01, for the control of steps."""
    f = mantissa_of(x) - 1.0
    return (exponent_of(x) - SHIFTER) + f * (LOG2_OF_E - f * (0.72 - f * 0.4))


def rough_exp2(x):
    """2 to the power x within 0.2 %, for |x| < 1000, for the control of steps."""
    shifted = x + SHIFTER
    r = x - (shifted - SHIFTER)
    return (1.0 + r * (0.6931 + r * (0.2402 + r * 0.0555))) * scale_of(shifted)


def power(x, a):
    """x to the power a."""
    return exp(a * log(x))


def hill(x, k, n):
    """x^n / (k^n + x^n), the share of receptors bound at concentration x."""
    return 1.0 / (1.0 + exp(n * (log(k) - log(x))))


def sqrt(x):
    """Square root; below zero as at zero."""
    return root_of(select(x < 0.0, 0.0, x))


def maximum(a, b):
    """The larger of two numbers."""
    return select(a > b, a, b)


def minimum(a, b):
    """The smaller of two numbers."""
    return select(a < b, a, b)


def select_lt(left, right, yes, no):
    """yes where left < right, else no."""
    return select(left < right, yes, no)


def select_le(left, right, yes, no):
    """yes where left <= right, else no."""
    return select(left <= right, yes, no)
