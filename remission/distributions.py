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
from dataclasses import dataclass
from math import expm1, inf, isfinite, log, log1p, sqrt
from typing import ClassVar

import numpy as np
from scipy.special import betainc, betaincinv, expit, logit, ndtr, ndtri

from .errors import InputError, nearest

_BELOW_ONE = float(np.nextafter(1.0, 0.0))
_ABOVE_ZERO = float(np.nextafter(0.0, 1.0))


@dataclass(frozen=True)
class Law:
    """How a number varies between patients. Final laws below; `quantile` is the only way to draw from one."""

    name: ClassVar[str] = ""

    def check(self, median: float, low: float = -inf, high: float = inf) -> None:
        """Raise `InputError` when this law cannot have this median and these limits."""
        _check_order(median, low, high)

    def quantile(self, u, median, low: float = -inf, high: float = inf) -> np.ndarray:
        """The value below which a share `u` of patients lie, within `low`..`high`.

        `u` is an array in (0, 1), `median` a number or an array that broadcasts with it.
        """
        raise NotImplementedError

    def text(self) -> str:
        """The law as it is written in a table."""
        raise NotImplementedError


@dataclass(frozen=True)
class Fixed(Law):
    """The same in everyone."""

    name: ClassVar[str] = "fixed"

    def quantile(self, u, median, low=-inf, high=inf):
        return np.broadcast_to(np.asarray(median, float), np.broadcast_shapes(np.shape(u), np.shape(median))).copy()

    def text(self):
        return ""


@dataclass(frozen=True)
class LogNormal(Law):
    """The logarithm is normal with standard deviation `sd`; for what is positive and varies by factors."""

    sd: float
    name: ClassVar[str] = "lognormal"

    @classmethod
    def from_cv(cls, cv: float) -> LogNormal:
        """From the coefficient of variation (standard deviation over mean) before truncation."""
        return cls(sqrt(log1p(cv**2)))

    @property
    def cv(self) -> float:
        """Coefficient of variation before truncation."""
        return sqrt(expm1(self.sd**2))

    def check(self, median, low=-inf, high=inf):
        _check_order(median, low, high)
        if median <= 0:
            raise InputError("a lognormal needs a positive median", value=median, remedy="use `normal(sd=)` or a positive value")

    def quantile(self, u, median, low=-inf, high=inf):
        a, b = (ndtr(_log(np.maximum(limit, 0) / median) / self.sd) for limit in _limits(low, high))
        return np.clip(median * np.exp(self.sd * ndtri(_between(u, a, b))), low, high)

    def text(self):
        return f"lognormal(sd={self.sd!r})"


@dataclass(frozen=True)
class Normal(Law):
    """Normal with standard deviation `sd`, in the unit of the value."""

    sd: float
    name: ClassVar[str] = "normal"

    def quantile(self, u, median, low=-inf, high=inf):
        a, b = (ndtr((limit - median) / self.sd) for limit in _limits(low, high))
        return np.clip(median + self.sd * ndtri(_between(u, a, b)), low, high)

    def text(self):
        return f"normal(sd={self.sd!r})"


@dataclass(frozen=True)
class LogitNormal(Law):
    """The logit of the position between `low` and `high` is normal with standard deviation `sd`; for shares."""

    sd: float
    name: ClassVar[str] = "logitnormal"

    def check(self, median, low=-inf, high=inf):
        _check_limits(self.name, low, high)
        _check_order(median, low, high)
        if not low < median < high:
            raise InputError("a logitnormal needs its median strictly between low and high", value=median, remedy="widen low..high")

    def quantile(self, u, median, low=-inf, high=inf):
        position = expit(logit((median - low) / (high - low)) + self.sd * ndtri(u))
        return np.clip(low + (high - low) * position, low, high)

    def text(self):
        return f"logitnormal(sd={self.sd!r})"


@dataclass(frozen=True)
class Uniform(Law):
    """Anything between `low` and `high`, equally often."""

    name: ClassVar[str] = "uniform"

    def check(self, median, low=-inf, high=inf):
        _check_limits(self.name, low, high)
        _check_order(median, low, high)

    def quantile(self, u, median, low=-inf, high=inf):
        return np.clip(low + np.asarray(u) * (high - low), low, high)

    def text(self):
        return "uniform"


@dataclass(frozen=True)
class LogUniform(Law):
    """Anything between `low` and `high`, every factor equally often."""

    name: ClassVar[str] = "loguniform"

    def check(self, median, low=-inf, high=inf):
        _check_limits(self.name, low, high)
        _check_order(median, low, high)
        if low <= 0:
            raise InputError("a loguniform needs a positive low", value=low, remedy="use `uniform` or a positive low")

    def quantile(self, u, median, low=-inf, high=inf):
        return np.clip(low * np.exp(np.asarray(u) * log(high / low)), low, high)

    def text(self):
        return "loguniform"


@dataclass(frozen=True)
class Beta(Law):
    """A share between 0 and 1 with the two shape numbers of a beta distribution."""

    a: float
    b: float
    name: ClassVar[str] = "beta"

    def check(self, median, low=-inf, high=inf):
        _check_order(median, low, high)
        if not 0 <= median <= 1:
            raise InputError("a beta lies between 0 and 1", value=median, remedy="use `logitnormal(sd=)` on low..high")

    def quantile(self, u, median, low=-inf, high=inf):
        a, b = (betainc(self.a, self.b, np.clip(limit, 0, 1)) for limit in _limits(low, high))
        return np.clip(betaincinv(self.a, self.b, _between(u, a, b)), low, high)

    def text(self):
        return f"beta({self.a!r}, {self.b!r})"


@dataclass(frozen=True)
class Choice(Law):
    """One of a few values (ascending), each with its weight (the weights sum to 1)."""

    values: tuple[float, ...]
    weights: tuple[float, ...]
    name: ClassVar[str] = "choice"

    def check(self, median, low=-inf, high=inf):
        _check_order(median, low, high)
        outside = [value for value in self.values if not low <= value <= high]
        if outside:
            raise InputError(f"a choice lies outside {low:g}..{high:g}", value=outside[0], remedy="drop it or widen low..high")
        if median not in self.values:
            raise InputError("the value is not among the choices", value=median, remedy=f"use one of {list(self.values)}")

    def quantile(self, u, median, low=-inf, high=inf):
        upper = np.cumsum(self.weights)[:-1]
        return np.asarray(self.values, float)[np.searchsorted(upper, u, side="right")]

    def text(self):
        return f"choice({', '.join(f'{v!r}: {w!r}' for v, w in zip(self.values, self.weights, strict=True))})"


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


def _check_order(median: float, low: float, high: float) -> None:
    if not low <= high:
        raise InputError(f"low {low:g} is above high {high:g}", remedy="exchange them")
    if not low <= median <= high:
        raise InputError(f"outside the allowed range {low:g}..{high:g}", value=median, remedy="correct the value or widen low..high")


def _check_limits(law: str, low: float, high: float) -> None:
    if not (isfinite(low) and isfinite(high) and low < high):
        raise InputError(f"`{law}` needs low and high, low below high", value=f"{low:g}..{high:g}", remedy="fill both columns")


def _limits(low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(low, float), np.asarray(high, float)


def _log(x):
    """Natural logarithm; minus infinity at zero without a warning."""
    with np.errstate(divide="ignore"):
        return np.log(x)


def _between(u, a, b):
    """The position `u` between two probabilities, kept strictly inside (0, 1)."""
    return np.clip(a + np.asarray(u) * (b - a), _ABOVE_ZERO, _BELOW_ONE)
