"""Quantities in equations: units are kept, misuse is refused with advice, numbers are folded as the engine computes them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from remission import units
from remission.errors import ModelError, UnitError
from remission.model.expression import Expression, Graph, show
from remission.model.functions import exp, hill, log, maximum, minimum, sqrt, where


@pytest.fixture
def graph():
    return Graph()


@pytest.fixture
def quantity(graph):
    return lambda name, unit="1", per="patient": Expression(graph, graph.symbol("parameter", name, per), units.unit(unit))


def test_unequal_dimensions_are_refused_and_both_units_named(quantity):
    with pytest.raises(UnitError, match=r"`volume` is in l, .*needs mg"):
        quantity("dose", "mg") + quantity("volume", "L")
    with pytest.raises(UnitError, match="cell"):
        quantity("cells", "cell") - quantity("rate", "1/day")
    with pytest.raises(UnitError, match="in mg, .*needs d"):
        _ = quantity("half_life", "day") < quantity("dose", "mg")


def test_a_bare_number_has_no_unit(quantity):
    with pytest.raises(UnitError):
        quantity("dose", "mg") + 1
    assert (quantity("share") + 1).unit == units.unit("1")


def test_zero_fits_any_unit(quantity):
    dose = quantity("dose", "mg")
    assert (dose + 0).node is dose.node
    assert sum([dose], 0).unit == units.unit("mg")


def test_scales_of_one_dimension_are_converted(quantity):
    total = quantity("a", "g") + quantity("b", "mg")
    assert show(total.node) == "(a + (0.001 * b))"
    assert total.unit == units.unit("g")
    assert show(quantity("slow", "1/day").to(units.unit("1/hour")).node).startswith("(0.04166")


def test_products_and_powers_carry_units(quantity):
    area = quantity("length", "mm") ** 2
    assert area.unit == units.unit("mm**2")
    assert sqrt(area).unit == units.unit("mm")
    assert (quantity("dose", "mg") / quantity("volume", "L")).unit == units.unit("mg/L")
    assert (2 / quantity("half_life", "day")).unit == units.unit("1/day")


def test_functions_want_numbers_without_unit(quantity):
    for function in (exp, log):
        with pytest.raises(UnitError):
            function(quantity("dose", "mg"))
    assert exp(quantity("dose", "mg") / quantity("other", "g")).unit == units.unit("1")


def test_a_varying_power_of_a_quantity_with_unit_is_refused(quantity):
    with pytest.raises(UnitError, match="divide it by a reference"):
        quantity("dose", "mg") ** quantity("shape")
    assert (2 ** quantity("shape")).unit == units.unit("1")


@pytest.mark.parametrize(
    "misuse",
    [
        lambda x, y: x if x > y else y,
        lambda x, y: x > y and y > x,
        lambda x, y: not x,
        lambda x, y: y if x else 0,
        lambda x, y: 0 < x < y,
        lambda x, y: max(x, y),
    ],
)
def test_python_decisions_on_quantities_are_refused_with_advice(quantity, misuse):
    with pytest.raises(ModelError, match="where"):
        misuse(quantity("x"), quantity("y"))


def test_equality_of_quantities_is_refused(quantity):
    with pytest.raises(ModelError, match="never true for a continuous quantity"):
        _ = quantity("x") == quantity("y")
    with pytest.raises(ModelError):
        _ = quantity("x") != 0


@pytest.mark.parametrize("foreign", ["text", None, [1.0], np.ones(2)])
def test_what_is_no_quantity_is_refused(quantity, foreign):
    with pytest.raises((ModelError, TypeError)):
        quantity("x") + foreign


def test_functions_of_other_libraries_are_refused_with_advice(quantity):
    for function in (math.exp, math.sqrt, float):
        with pytest.raises(ModelError, match="remission.model.functions"):
            function(quantity("x"))


def test_numbers_of_numpy_are_numbers(quantity):
    x = quantity("x")
    for number in (np.float64(2.0), np.float32(2.0), np.int64(2)):
        assert (x * number).node is (x * 2).node
        assert (number * x).node is (2 * x).node


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_refused(quantity, number):
    with pytest.raises(ModelError, match="finite"):
        quantity("x") + number


def test_functions_take_plain_numbers_too(quantity):
    assert exp(1.0) == pytest.approx(math.e)
    assert sqrt(4) == 2.0
    assert log(math.e) == pytest.approx(1.0)
    assert show((quantity("x") * exp(0)).node) == "x"


def test_where_wants_a_comparison_and_one_dimension(quantity):
    with pytest.raises(ModelError, match="comparison"):
        where(True, quantity("x"), 0)
    with pytest.raises(UnitError):
        where(quantity("x") < 1, quantity("dose", "mg"), quantity("volume", "L"))
    assert where(quantity("x") < 1, quantity("dose", "mg"), 0).unit == units.unit("mg")


def test_hill_and_extremes_keep_units(quantity):
    dose, half = quantity("dose", "mg"), quantity("half", "g")
    assert hill(dose, half).to(units.unit("1")).unit == units.unit("1")
    assert hill(dose, half, 2).unit == units.unit("1")
    assert hill(dose, half, quantity("steepness")).unit == units.unit("1")
    assert minimum(dose, half).unit == units.unit("mg")
    assert maximum(0, dose).unit == units.unit("mg")
    with pytest.raises(UnitError):
        minimum(dose, quantity("volume", "L"))
    with pytest.raises(ModelError):
        maximum(1, 2)


def test_equal_operations_are_one_node(quantity):
    x, y = quantity("x"), quantity("y")
    assert (x * y + x).node is (x * y + x).node
    assert (x * 1).node is x.node
    assert (x**1).node is x.node
    assert (x**0).node.data == 1.0
    assert (0 - (0 - x)).node is x.node
    assert (0 * x).node.data == 0.0


def test_constants_out_of_domain_are_left_to_the_engine(graph):
    """`log(0)`, `exp(1000)` and the like have a defined value there; folding must not raise or differ."""
    constant = lambda x: Expression(graph, graph.constant(x), units.unit("1"))  # noqa: E731
    for unusual in (log(constant(0.0)), exp(constant(1000.0)), sqrt(constant(-1.0)), constant(0.0) ** -1, constant(-2.0) ** 0.5):
        assert unusual.node.op != "constant"
    assert exp(constant(2.0)).node.data == math.exp(2.0)
