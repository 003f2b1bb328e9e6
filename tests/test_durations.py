import pytest

from remission.durations import days
from remission.errors import InputError


@pytest.mark.parametrize(
    ("text", "expected"),
    [("21 d", 21), ("30 min", 30 / 1440), ("3 months", 91.3125), ("5 years", 1826.25), ("2 weeks", 14), (7, 7), ("-4", -4), ("6h", 0.25)],
)
def test_spans_are_read_as_days(text, expected):
    assert days(text) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("text", ["soon", "3 mg", "", True, None, float("nan"), float("inf"), "5 m", [1]])
def test_what_is_no_span_is_refused_with_advice(text):
    with pytest.raises(InputError, match="days"):
        days(text)
