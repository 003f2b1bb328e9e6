"""Group-sequential bounds: how far a test statistic must be when the data of a trial are looked at more than once.

In the trial: at each look the statistic is compared with a bound; the bounds share out the chance of a false alarm. O'Brien and Fleming
ask for much at first and almost nothing at the end, Pocock asks for the same at every look; Lan and DeMets spend the error by the share
of information that is in, so that the looks need not be planned.

Represented: statistics that are jointly normal with independent increments of information. The chance of crossing first at a look is an
integral over all ways not to have crossed before, taken on a grid look by look (Armitage, McPherson, Rowe 1969).

Left out: bounds for futility, estimates and p-values after stopping. O'Brien 1979, doi:10.2307/2530245; Pocock 1977,
doi:10.1093/biomet/64.2.191; Lan 1983, doi:10.1093/biomet/70.3.659.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, e, pi, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import ndtr
from scipy.stats import norm

from remission.errors import InputError
from remission.response.arrays import Floats
from remission.response.rules import TOLERANCE

Shape = Literal["obrien_fleming", "pocock"]
SHAPES = {"obrien_fleming": "O'Brien-Fleming", "pocock": "Pocock"}
FAR = 9.0
"""Standard deviations taken as infinity."""
PANEL = 3.0
"""Width of a panel of the grid, in standard deviations of an increment."""
NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
SMALLEST_STEP = 0.005
"""Share of the information that two looks are apart at least."""


@dataclass(frozen=True)
class Bounds:
    """Bounds of every look, arrays [K].

    fractions: share of the information at the look; z: the bound of the statistic; spent: the chance of having crossed by then without
    an effect. With two sides a statistic of either sign crosses. A bound of 9 is one that cannot be reached.
    """

    title: str
    fractions: Floats
    z: Floats
    spent: Floats
    alpha: float
    sides: int

    def crossing(self, drift: float = 0.0) -> Floats:
        """The chance of crossing first at each look when the statistic of the last look has this mean."""
        return first_crossing(self.z, self.fractions, drift, self.sides)

    def power(self, drift: float) -> float:
        """The chance of crossing at any look."""
        return float(self.crossing(drift).sum())


@dataclass(frozen=True)
class Decision:
    """Whether a statistic crosses the bound of its look, and why."""

    crosses: bool
    bound: float
    why: str


def obrien_fleming(looks: int, alpha: float = 0.05, sides: int = 2) -> Bounds:
    """Classical O'Brien-Fleming bounds of equally spaced looks: C sqrt(K/k) at look k."""
    return _classical("O'Brien-Fleming", lambda t: 1 / np.sqrt(t), looks, alpha, sides)


def pocock(looks: int, alpha: float = 0.05, sides: int = 2) -> Bounds:
    """Classical Pocock bounds of equally spaced looks: the same at every look."""
    return _classical("Pocock", np.ones_like, looks, alpha, sides)


def lan_demets(fractions: ArrayLike, alpha: float = 0.025, sides: int = 1, shape: Shape = "obrien_fleming") -> Bounds:
    """Bounds that spend the error by information; with two sides each spends half of it by the same function."""
    _valid(alpha, sides)
    t = _ascending(fractions)
    spent = sides * spending(t, alpha / sides, shape)
    z, walk = np.empty_like(t), Walk.start(sides)
    for look, share in enumerate(t):
        z[look] = _bound(walk, share, spent[look] - (spent[look - 1] if look else 0.0))
        walk = walk.survive(z[look], share)
    return Bounds(f"Lan-DeMets {SHAPES[shape]}-type", t, z, spent, alpha, sides)


def spending(fractions: ArrayLike, alpha: float, shape: Shape = "obrien_fleming") -> Floats:
    """The error a one-sided test has spent when this share of the information is in."""
    t = np.minimum(np.asarray(fractions, dtype=np.float64), 1.0)
    if shape == "obrien_fleming":
        return 2 * norm.sf(norm.isf(alpha / 2) / np.sqrt(t))
    if shape == "pocock":
        return alpha * np.log(1 + (e - 1) * t)
    raise InputError("there is no such spending function", value=shape, remedy=f"use {' or '.join(SHAPES)}")


def decide(bounds: Bounds, look: int, z: float) -> Decision:
    """Whether a statistic crosses at look 1, 2, ..., K."""
    if not 1 <= look <= bounds.z.size:
        raise InputError("there is no such look", value=look, remedy=f"looks are 1 to {bounds.z.size}")
    bound = float(bounds.z[look - 1])
    crosses = (abs(z) if bounds.sides == 2 else z) >= bound - TOLERANCE
    does = "crosses" if crosses else "does not cross"
    return Decision(crosses, bound, f"{z:.3f} {does} the {bounds.title} bound {bound:.3f} of look {look} of {bounds.z.size}")


def first_crossing(z: ArrayLike, fractions: ArrayLike, drift: float = 0.0, sides: int = 1) -> Floats:
    """The chance of crossing first at each look [K]; `drift` is the mean of the statistic when all information is in."""
    bounds, t = np.asarray(z, dtype=np.float64), _ascending(fractions)
    if bounds.shape != t.shape:
        raise InputError("bounds and looks differ in number", value=f"{bounds.size} and {t.size}", remedy="give one bound for every look")
    walk, chance = Walk.start(sides, drift), np.empty_like(t)
    for look, share in enumerate(t):
        chance[look] = walk.crosses(bounds[look], share)
        walk = walk.survive(bounds[look], share)
    return chance


@dataclass(frozen=True)
class Walk:
    """Statistics that have not crossed yet, on the scale z sqrt(fraction): where they are (`nodes`) and how likely (`mass`)."""

    share: float
    nodes: Floats
    mass: Floats
    sides: int
    drift: float

    @classmethod
    def start(cls, sides: int, drift: float = 0.0) -> Walk:
        """Before the first look: everything at 0."""
        return cls(0.0, np.zeros(1), np.ones(1), sides, drift)

    def crosses(self, bound: float, share: float) -> float:
        """The chance of crossing the bound `bound` of the statistic when this share of the information is in."""
        mean, spread = self._step(share)
        upper = bound * np.sqrt(share)
        beyond = ndtr((mean - upper) / spread)
        if self.sides == 2:
            beyond = beyond + ndtr((-upper - mean) / spread)
        return float(self.mass @ beyond)

    def survive(self, bound: float, share: float) -> Walk:
        """Those that do not cross."""
        mean, spread = self._step(share)
        upper = min(bound, FAR) * np.sqrt(share)
        lower = -upper if self.sides == 2 else min(self.drift * share - FAR * np.sqrt(share), upper - spread)
        nodes, weights = _grid(lower, upper, spread)
        density = np.exp(-(((nodes[:, None] - mean) / spread) ** 2) / 2) @ self.mass / (spread * sqrt(2 * pi))
        return Walk(share, nodes, weights * density, self.sides, self.drift)

    def _step(self, share: float) -> tuple[Floats, float]:
        step = share - self.share
        return self.nodes + self.drift * step, float(np.sqrt(step))


def _bound(walk: Walk, share: float, step: float) -> float:
    """The bound that is crossed with the chance `step`; `FAR` where the step is too small to be crossed at all."""
    if walk.crosses(FAR, share) >= step:
        return FAR
    return _root(lambda bound: walk.crosses(bound, share) - step)


def _root(miss: Callable[[float], float]) -> float:
    found: Any = brentq(miss, 0.0, FAR, xtol=1e-10)
    return float(found)


def _grid(lower: float, upper: float, spread: float) -> tuple[Floats, Floats]:
    """Nodes and weights between two bounds: panels a few increments wide, each after Gauss and Legendre."""
    edges = np.linspace(lower, upper, ceil((upper - lower) / (PANEL * spread)) + 1)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (NODES + 1)).ravel(), (half * WEIGHTS).ravel()


def _classical(title: str, shape: Callable[[Floats], Floats], looks: int, alpha: float, sides: int) -> Bounds:
    _valid(alpha, sides)
    if looks < 1:
        raise InputError("a trial is looked at at least once", value=looks, remedy="use 1 or more looks")
    t = np.arange(1, looks + 1) / looks
    form = shape(t)
    constant = _root(lambda c: float(first_crossing(c * form, t, sides=sides).sum()) - alpha)
    z = constant * form
    return Bounds(title, t, z, np.cumsum(first_crossing(z, t, sides=sides)), alpha, sides)


def _ascending(fractions: ArrayLike) -> Floats:
    t = np.atleast_1d(np.asarray(fractions, dtype=np.float64))
    if t.ndim != 1 or not t.size or not np.all(np.diff(t, prepend=0.0) >= SMALLEST_STEP) or t[-1] > 1 + TOLERANCE:
        remedy = f"give shares of the information that rise by at least {SMALLEST_STEP} and end at 1 or below"
        raise InputError("these are no looks", value=t.tolist(), remedy=remedy)
    return t


def _valid(alpha: float, sides: int) -> None:
    if not 0 < alpha < 1 or sides not in (1, 2):
        raise InputError("the error is not valid", value=f"alpha {alpha}, sides {sides}", remedy="use 0 < alpha < 1 and sides 1 or 2")
