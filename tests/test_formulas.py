"""A formula in a table is arithmetic and nothing else."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remission.errors import InputError
from remission.formulas import in_order, parse_formula


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("log(2)*volume/half_life", np.log(2) * 6 / 22),
        ("2**3**0.5", 2**3**0.5),
        ("-volume + +1", -5),
        ("min(volume, half_life, 7)", 6),
        ("max(1, sqrt(16))", 4),
        ("where(volume < 7, 1, exp(0) + 1)", 1),
        ("where(volume >= 7, 1, exp(0) + 1)", 2),
        ("car_t.dose * 2", 20),
        ("chemotherapy:flag.clearance - chemotherapy:flag.clearance/2 + car_t.dose", 11.5),
        ("1e3", 1000),
        (" volume ", 6),
    ],
)
def test_arithmetic_gives_what_a_calculator_gives(text, expected):
    values = {"volume": 6.0, "half_life": 22.0, "car_t.dose": 10.0, "chemotherapy:flag.clearance": 3.0}
    formula = parse_formula(text)
    assert set(formula.names) <= set(values)
    assert formula.evaluate(values) == pytest.approx(expected)


def test_all_patients_are_evaluated_at_once():
    result = parse_formula("where(a > 1, a*b, 0)").evaluate({"a": np.array([[1.0], [2.0]]), "b": np.array([1.0, 2.0, 3.0])})
    assert result.tolist() == [[0, 0, 0], [2, 4, 6]]


def test_undefined_results_are_not_numbers_and_raise_nothing():
    values = parse_formula("log(a)/a").evaluate({"a": np.array([-1.0, 0.0, 1.0])})
    assert np.isfinite(values).tolist() == [False, False, True]


def test_each_name_is_read_once():
    assert parse_formula("a + b*a + car_t.a").names == ("a", "b", "car_t.a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not understood"),
        ("a +", "not understood"),
        ("a b", "not understood"),
        ("a ^ 2", "use `**` for powers"),
        ("a // 2", "cannot stand in a formula"),
        ("a % 2", "cannot stand in a formula"),
        ("a < b", "cannot stand in a formula"),
        ("True", "cannot stand in a formula"),
        ("'text'", "cannot stand in a formula"),
        ("1j", "cannot stand in a formula"),
        ("a[0]", "cannot stand in a formula"),
        ("lambda: 1", "cannot stand in a formula"),
        ("[a]", "cannot stand in a formula"),
        ("a.b.c", "cannot stand in a formula"),
        ("__import__('os')", "unknown function `__import__`"),
        ("a.b()", "cannot stand in a formula"),
        ("logg(a)", "unknown function `logg`, did you mean `log`"),
        ("log", "used without brackets"),
        ("log(a, b)", "`log` takes 1 arguments"),
        ("min(a)", "`min` takes at least 2 arguments"),
        ("log(x=a)", "cannot stand in a formula"),
        ("where(a, b, c)", "`a` is no condition"),
        ("where(a < b < c, 1, 2)", "is no condition"),
        ("where(a == b, 1, 2)", "is no condition"),
        ("where(a < b and b < c, 1, 2)", "is no condition"),
        ("a if b else c", "cannot stand in a formula"),
        ("a + " * 500 + "1", "too long"),
        ("(" * 400 + "1" + ")" * 400, "not understood"),
    ],
)
def test_what_is_no_arithmetic_is_refused_with_advice(text, message):
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        parse_formula(text)
    assert caught.value.remedy
    assert caught.value.value is not None


@settings(deadline=None)
@given(st.text(alphabet="ab1.:+-*/()<,^ log\x00é", max_size=30))
def test_any_text_is_a_formula_or_an_input_error(text):
    try:
        formula = parse_formula(text)
    except InputError:
        return
    formula.evaluate(dict.fromkeys(formula.names, 1.0))


def test_formulas_are_ordered_by_what_they_read():
    order = in_order({"c": ("b", "x"), "a": (), "b": ("a",)})
    assert order.index("a") < order.index("b") < order.index("c")


def test_a_circle_is_printed_in_reading_order():
    with pytest.raises(InputError, match="in a circle: ") as caught:
        in_order({"a": ("b",), "b": ("c",), "c": ("a",), "d": ("a",)})
    cycle = str(caught.value).split("circle: ")[1].split(";")[0].split(" -> ")
    reads = {"a": "b", "b": "c", "c": "a"}
    assert len(cycle) == 4
    assert all(reads[here] == there for here, there in pairwise(cycle))
