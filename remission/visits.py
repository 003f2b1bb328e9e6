"""A visit plan as a protocol prints it, read into days: `day 28, month 3, then every 3 months to 5 years`."""

from __future__ import annotations

import re
from itertools import pairwise

from .durations import days
from .errors import InputError

MOST_VISITS = 5_000

_NUMBERED = re.compile(r"(day|week|month|year)s?\s+([+-]?\d+\.?\d*)")
_REPEATED = re.compile(r"(?:(daily|weekly|monthly|yearly)|every\s+(.+?))(?:\s+(to|until|till|for)\s+(.+))?")
_NAMED = {"daily": "1 day", "weekly": "1 week", "monthly": "1 month", "yearly": "1 year"}
_REMEDY = "write such as `day 28, month 3, then every 3 months to 5 years`"


def read_visits(plan: object, end: float | None = None) -> tuple[float, ...]:
    """The days of a plan, in order; `end` closes a repetition that names no end of its own.

    A plan is a text of parts between commas, or a list of spans. A part is `day 28` (or week, month, year), a span, or
    `every SPAN to SPAN`, which goes on from the part before it (or from day 0). `InputError` when a part is not
    understood, days do not rise, or a repetition never ends.
    """
    parts = [part.strip() for part in plan.split(",")] if isinstance(plan, str) else plan
    if not isinstance(parts, list | tuple) or not parts:
        raise InputError("this is no visit plan", value=plan, remedy=_REMEDY)
    found: list[float] = []
    for part in parts:
        found.extend(_days_of(part, found[-1] if found else 0.0, end))
    return _checked(found, plan)


def _days_of(part: object, last: float, end: float | None) -> list[float]:
    if not isinstance(part, str):
        return [days(part)]
    words = re.sub(r"^(then|and)\s+", "", part.strip().lower())
    if repeated := _REPEATED.fullmatch(words):
        return _repetition(repeated, last, end, part)
    return [_day(words, part)]


def _day(words: str, part: str) -> float:
    numbered = _NUMBERED.fullmatch(words)
    try:
        return days(f"{numbered[2]} {numbered[1]}" if numbered else words)
    except InputError as error:
        raise InputError("this part of the visit plan is not understood", value=part, remedy=_REMEDY) from error


def _repetition(match: re.Match[str], last: float, end: float | None, part: str) -> list[float]:
    named, every, _, until = match.groups()
    interval = _day(_NAMED[named] if named else every, part)
    stop = _day(until, part) if until else end
    if stop is None:
        raise InputError("the visits never end", value=part, remedy="say until when, such as `every 3 months to 5 years`")
    if interval <= 0 or (stop - last) / interval > MOST_VISITS:
        raise InputError("the visits are too close together", value=part, remedy=f"at most {MOST_VISITS} visits fit a plan")
    count = int((stop - last) / interval + 1e-9)
    return [last + (number + 1) * interval for number in range(count)]


def _checked(found: list[float], plan: object) -> tuple[float, ...]:
    if not found:
        raise InputError("the plan has no visit", value=plan, remedy=_REMEDY)
    if found[0] < 0:
        raise InputError("a visit comes before day 0", value=plan, remedy="count days from the anchor of the protocol")
    for before, after in pairwise(found):
        if after <= before:
            raise InputError(f"day {after:g} does not follow day {before:g}", value=plan, remedy="order the visits, without doubles")
    return tuple(found)
