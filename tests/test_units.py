"""Quantities of different kind never mix, and the clinic's spellings are understood."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remission.errors import InputError
from remission.units import factor, is_same_dimension, text_of, unit


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("g", "mg", 1000),
        ("mg/L", "ug/mL", 1),
        ("1/hour", "1/day", 24),
        ("week", "day", 7),
        ("month", "day", 30.4375),
        ("year", "month", 12),
        ("cells", "cell", 1),
        ("cells/uL", "cell/L", 1e6),
        ("J/cm2", "J/m2", 1e4),
        ("mg/m2", "mg/m**2", 1),
        ("J/kg", "Gy", 1),
        ("cGy", "Gy", 0.01),
        ("%", "1", 0.01),
        ("mg/(L*day)", "mg/L/day", 1),
        ("day^-1", "1/day", 1),
        ("mg L", "mg*L", 1),
        ("mIU/mL", "IU/L", 1),
        ("uM", "nmol/L", 1000),
        ("PFU", "pfu", 1),
        ("copies/ug", "copies/mg", 1000),
    ],
)
def test_units_convert_as_a_pharmacist_would(source, target, expected):
    assert factor(source, target) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("text", ["", "1", " 1 ", "dimensionless"])
def test_one_and_nothing_are_dimensionless(text):
    assert unit(text).dimensionless
    assert text_of(text) == "1"


@pytest.mark.parametrize(
    ("a", "b"), [("cell", "1"), ("cell", "copies"), ("PFU", "cell"), ("IU", "mg"), ("mg", "mg/L"), ("cell/day", "1/day")]
)
def test_different_kinds_do_not_mix(a, b):
    assert not is_same_dimension(a, b)
    with pytest.raises(InputError, match="does not convert to") as caught:
        factor(a, b)
    assert f"`{a}`" in str(caught.value)
    assert f"`{b}`" in str(caught.value)


def test_an_unknown_unit_is_named_with_the_nearest_known_one():
    with pytest.raises(InputError, match="`cels` is no known unit, did you mean `cells`"):
        unit("cels/uL")
    with pytest.raises(InputError, match="`hourr` is no known unit, did you mean `hour`"):
        unit("mg/hourr")


@pytest.mark.parametrize("text", ["10 mg", "mg//L", "mg(", "mg+L", "1e9/L", "/", "mg**", "m g $", "2", "mg*3"])
def test_text_that_is_no_unit_is_refused(text):
    with pytest.raises(InputError) as caught:
        unit(text)
    assert text in str(caught.value)


def test_temperatures_with_an_offset_are_refused():
    with pytest.raises(InputError, match="offset"):
        unit("degC")


@settings(deadline=None)
@given(st.text(max_size=12))
def test_any_text_is_a_unit_or_an_input_error(text):
    with suppress(InputError):
        unit(text)


@settings(deadline=None)
@given(st.sampled_from(["mg", "g", "kg", "ug"]), st.sampled_from(["mg", "g", "kg", "ug"]))
def test_there_and_back_is_one(a, b):
    assert factor(a, b) * factor(b, a) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("text", ["mg/L/day", "1/day", "cell/day", "J/cm2", "L/kg", "mg/m2", "PFU/mL", "IU/L", "%", "copies/ug"])
def test_printed_units_read_back_as_the_same_unit(text):
    assert unit(text_of(text)) == unit(text)
