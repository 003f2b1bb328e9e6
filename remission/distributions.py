"""How a number varies between patients: the laws a parameter table may name.

A law is read from the `distribution` column. `value` is its median (before truncation), `low` and `high` are
hard limits. A draw inverts the truncated distribution function at one uniform number, so that one number in gives
one value out, more luck never means a smaller value, and no draw is thrown away.

    (nothing), fixed        the value itself
    lognormal(sd=) or (cv=) sd on the log scale; a cv is read as sd = sqrt(log(1 + cv^2))
    normal(sd=)             sd in the unit of the value
    logitnormal(sd=)        normal on the logit of the position between low and high; both are needed
    uniform, loguniform     between low and high; both are needed; the value is where spread is off
    beta(a, b)              on 0..1
    choice(x, y, ...)       one of these, equally often; choice(x: 3, y: 1) with weights

Left out: laws with more than one uniform per draw, and laws whose parameters vary between patients.
"""

from __future__ import annotations

import ast
import re
from math import inf, isfinite

from .errors import InputError, nearest
from .laws import Beta, Choice, Fixed, Law, LogitNormal, LogNormal, LogUniform, Normal, Uniform

__all__ = ["Beta", "Choice", "Fixed", "Law", "LogNormal", "LogUniform", "LogitNormal", "Normal", "Uniform", "parse"]


def parse(text: str) -> Law:
    """The law a table cell stands for; `InputError` names the cell and the known laws."""
    found = re.fullmatch(r"\s*([\w-]*)\s*(?:\((.*)\))?\s*", text, flags=re.DOTALL)
    if found is None:
        raise InputError("this is no distribution", value=text, remedy="write for example `lognormal(cv=0.3)`")
    name, inside = found[1].lower(), found[2]
    if not name and inside is None:
        return Fixed()
    if name not in _READERS:
        raise InputError(f"unknown distribution `{found[1]}`{nearest(name, _READERS)}", value=text, remedy=f"known: {', '.join(_READERS)}")
    try:
        return _READERS[name](inside or "")
    except InputError as error:
        raise InputError(error.message, error.place, text.strip(), error.remedy) from error


def _read_plain(law: type[Law]):
    def read(inside: str) -> Law:
        if inside.strip():
            raise InputError(f"`{law.name}` takes nothing in brackets", remedy=f"write `{law.name}` and set low and high")
        return law()

    return read


def _read_spread(law: type[Law]):
    def read(inside: str) -> Law:
        return law(**_named_numbers(inside, law.name, ("sd",)))

    return read


def _read_lognormal(inside: str) -> Law:
    numbers = _named_numbers(inside, "lognormal", ("sd", "cv"), exactly_one=True)
    return LogNormal(numbers["sd"]) if "sd" in numbers else LogNormal.from_cv(numbers["cv"])


def _read_beta(inside: str) -> Law:
    if "=" not in inside and inside.count(",") == 1:
        inside = "a={}, b={}".format(*inside.split(","))
    return Beta(**_named_numbers(inside, "beta", ("a", "b")))


def _read_choice(inside: str) -> Law:
    weight_of: dict[float, float] = {}
    parts = [part.split(":") for part in inside.split(",")]
    for part in parts:
        if len(part) > 2 or len(part) != len(parts[0]):
            raise InputError("choices have weights all or none", remedy="write `choice(0, 1)` or `choice(0: 0.3, 1: 0.7)`")
        value, weight = _number(part[0], "choice"), _number(part[1], "weight") if len(part) == 2 else 1.0
        if weight <= 0:
            raise InputError("a weight must be positive", remedy="drop a choice that never occurs")
        if value in weight_of:
            raise InputError(f"the choice {value:g} stands twice", remedy="give it once, with the sum of the weights")
        weight_of[value] = weight
    total = sum(weight_of.values())
    values = tuple(sorted(weight_of))
    return Choice(values, tuple(weight_of[value] / total for value in values))


_READERS = {
    "fixed": _read_plain(Fixed),
    "lognormal": _read_lognormal,
    "normal": _read_spread(Normal),
    "logitnormal": _read_spread(LogitNormal),
    "uniform": _read_plain(Uniform),
    "loguniform": _read_plain(LogUniform),
    "beta": _read_beta,
    "choice": _read_choice,
}


def _named_numbers(inside: str, law: str, names: tuple[str, ...], exactly_one: bool = False) -> dict[str, float]:
    """Read `sd=0.3` or `a=2, b=5`; each a positive number."""
    numbers: dict[str, float] = {}
    how = f"write `{law}({' or '.join(f'{n}=' for n in names) if exactly_one else ', '.join(f'{n}=' for n in names)})`"
    for part in filter(str.strip, inside.split(",")):
        name, equals, number = (piece.strip() for piece in part.partition("="))
        if not equals or name not in names or name in numbers:
            raise InputError(f"`{part.strip()}` is not understood in `{law}`", remedy=how)
        numbers[name] = _number(number, name)
        if numbers[name] <= 0:
            raise InputError(f"`{name}` must be positive", remedy="leave the distribution empty for a fixed value")
    if len(numbers) != (1 if exactly_one else len(names)):
        raise InputError(f"`{law}` needs {'one of' if exactly_one else ''} {' and '.join(names)}".replace("  ", " "), remedy=how)
    return numbers


def _number(text: str, what: str) -> float:
    try:
        number = float(ast.literal_eval(text.strip()))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        number = inf
    if not isfinite(number):
        raise InputError(f"`{text.strip()}` is no finite number for `{what}`", remedy="write a plain number such as 0.3")
    return number
