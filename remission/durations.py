"""Spans of time as people write them: `21 d`, `30 min`, `3 months`, `5 years`, or a number of days.

A month is 30.4375 days, a year 12 of them. Calendar dates are left out: the clock of a run starts at enrollment.
"""

from __future__ import annotations

import re

from . import units
from .errors import InputError

DAYS_PER_MONTH = 30.4375
LONGEST = 1e9  # days

_SPAN = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\d\s].*?)?\s*")
_REMEDY = "write a number of days or a text such as `21 d`, `30 min`, `3 months`"


def days(value: object) -> float:
    """The number of days in a span; `InputError` when it is no finite span of time."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise InputError("this is no span of time", value=value, remedy=_REMEDY)
    span = _days_of_text(value) if isinstance(value, str) else value
    if not abs(span) <= LONGEST:
        raise InputError("a span of time must be finite", value=value, remedy=_REMEDY)
    return float(span)


def months(span: float) -> float:
    """Days as months of 30.4375 days."""
    return span / DAYS_PER_MONTH


def _days_of_text(text: str) -> float:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise InputError("this is no span of time", value=text, remedy=_REMEDY)
    number, unit = match.groups()
    return float(number) * (_days_per(unit, text) if unit else 1.0)


def _days_per(unit: str, text: str) -> float:
    try:
        return units.factor(unit, "day")
    except InputError as error:
        raise InputError(f"`{unit}` is no unit of time", value=text, remedy=_REMEDY) from error
