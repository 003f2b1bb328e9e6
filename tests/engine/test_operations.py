"""exp, log, power and Hill: errors against 60-digit arithmetic, what they do at the edges, and the same bits compiled as in Python."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remission.engine import operations
from tests.engine.compiled_text import compiled

MANY = settings(max_examples=400, deadline=None, derandomize=True, database=None)
NUMBERS = {"allow_nan": False, "allow_infinity": False}
UNIT = 1e-16


def exact(function, *arguments: float) -> Decimal:
    """A function of Decimals at exact arguments, in 60 digits."""
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 60, -999999, 999999
        return function(*(Decimal(x) for x in arguments))


def relative(found: float, truth: Decimal) -> float:
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 60, -999999, 999999
        return float(abs((Decimal(found) - truth) / truth))


@MANY
@given(st.floats(-708.0, 700.0, **NUMBERS))
def test_exp_is_within_its_bound(x):
    assert relative(operations.exp(x), exact(Decimal.exp, x)) <= 4.5 * UNIT


@MANY
@given(st.floats(-690.0, 690.0, **NUMBERS), st.floats(-1e-3, 1e-3, **NUMBERS))
def test_log_is_within_its_bound(logarithm, off):
    for x in (float(np.exp(logarithm)), 1.0 + off):
        truth = exact(Decimal.ln, x)
        with localcontext() as context:
            context.prec = 60
            error = float(abs(Decimal(operations.log(x)) - truth))
        assert error <= 2.3 * UNIT * (1.0 + abs(float(truth)))


@MANY
@given(st.floats(1e-12, 1e12, **NUMBERS), st.floats(-8.0, 8.0, **NUMBERS))
def test_power_is_within_its_bound(x, a):
    truth = exact(lambda base, exponent: (exponent * base.ln()).exp(), x, a)
    assert relative(operations.power(x, a), truth) <= 5 * UNIT * (1.0 + abs(a * np.log(x)))


@MANY
@given(st.floats(1e-9, 1e9, **NUMBERS), st.floats(1e-6, 1e6, **NUMBERS), st.floats(0.3, 6.0, **NUMBERS))
def test_hill_is_within_its_bound(x, half, n):
    truth = exact(lambda c, k, m: 1 / (1 + (m * (k.ln() - c.ln())).exp()), x, half, n)
    assert relative(operations.hill(x, half, n), truth) <= 5 * UNIT * (2.0 + n * (abs(np.log(x)) + abs(np.log(half))))


def test_beyond_the_range_the_value_at_its_end_holds():
    assert operations.exp(1e4) == operations.exp(700.0) == operations.exp(np.inf)
    assert operations.exp(-1e4) == operations.exp(-708.0) == operations.exp(-np.inf)
    assert operations.log(0.0) == operations.log(-3.0) == operations.log(1e-300)
    assert operations.power(-2.0, 2.0) == operations.power(0.0, 2.0) < 1e-300
    assert operations.power(-2.0, 0.0) == 1.0
    assert operations.sqrt(-1.0) == 0.0
    assert operations.hill(0.0, 2.0, 3.0) == pytest.approx(0.0, abs=1e-200)


@pytest.mark.parametrize(("name", "arguments"), [("exp", 1), ("log", 1), ("sqrt", 1), ("power", 2), ("hill", 3)])
def test_what_is_not_a_number_stays_none(name, arguments):
    assert np.isnan(getattr(operations, name)(np.nan, *[2.0] * (arguments - 1)))


def test_simple_values_are_exact():
    assert operations.exp(0.0) == 1.0
    assert operations.log(1.0) == 0.0
    assert [operations.log(2.0**k) for k in (-40, -1, 1, 7)] == pytest.approx([k * np.log(2.0) for k in (-40, -1, 1, 7)], rel=3e-16)
    assert operations.power(3.0, 0.0) == 1.0


def test_exp_and_log_rise_where_arguments_do():
    """No bump where the polynomials of neighboring intervals meet."""
    for function, center in (
        (operations.exp, np.log(2.0) / 2),
        (operations.exp, 0.0),
        (operations.log, np.sqrt(0.5)),
        (operations.log, 1.0),
    ):
        x = center + np.arange(-300, 300) * 1e-9
        assert (np.diff([function(value) for value in x]) > 0).all()


TEXT = """
def all_of(x, a, o, L):
    o[0] = exp(x[0])
    o[1] = log(x[0])
    o[2] = power(x[0], a[0])
    o[3] = hill(x[0], a[0], 1.5)
    o[4] = sqrt(x[0])
    o[5] = maximum(x[0], a[0])
    o[6] = minimum(x[0], a[0])
"""


@pytest.mark.parametrize("lanes", [1, 2, 4, 8])
def test_a_vector_computes_what_python_does(lanes):
    """To the last bits that fused multiplication and addition may change."""
    run = compiled(TEXT, "all_of", lanes)
    rng = np.random.default_rng(0)
    for _ in range(20):
        x, a, o = rng.lognormal(0, 5, (1, lanes)), rng.uniform(0.2, 3.0, (1, lanes)), np.zeros((7, lanes))
        run(x, a, o, 1)
        for lane in range(lanes):
            own = float(x[0, lane]), float(a[0, lane])
            expected = [operations.exp(own[0]), operations.log(own[0]), operations.power(*own), operations.hill(*own, 1.5)]
            expected += [operations.sqrt(own[0]), max(own), min(own)]
            np.testing.assert_allclose(o[:, lane], expected, rtol=2e-14, atol=1e-15)


def test_step_control_knows_logarithms_and_powers_roughly():
    numbers = np.exp(np.linspace(-30.0, 30.0, 2001))
    assert max(abs(operations.rough_log2(x) - np.log2(x)) for x in numbers) < 0.01
    assert max(abs(operations.rough_exp2(x) / 2.0**x - 1.0) for x in np.linspace(-20.0, 20.0, 2001)) < 2e-3
