"""The laws themselves: how a number that varies between patients is drawn from one uniform number.

`quantile` inverts the distribution function, truncated to `low`..`high`, so that one number in gives one value out, more
luck never means a smaller value, and no draw is thrown away. How a law is written in a table: `distributions.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1, inf, isfinite, log, log1p, sqrt
from typing import ClassVar

import numpy as np
from scipy.special import betainc, betaincinv, expit, logit, ndtr, ndtri

from .errors import InputError

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
