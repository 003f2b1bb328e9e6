"""Simon's two-stage trials of one arm: stop early when too few of the first patients respond.

In the trial: n1 patients are treated; with r1 or fewer responses it stops. Otherwise it goes on to n patients; with r or fewer responses
the therapy is not promising, with more it is. What matters beside the errors is how many patients a therapy that does nothing costs.

Represented: exact binomial probabilities, and a search over all designs. The search ends when no larger trial can be better: the patients
expected under p0 are at least n1 + (1 - PET)(n - n1) with the largest PET that leaves the power in reach. It begins where the best of all
tests has the power.

Left out: more than two stages, stopping for success, estimates after two stages. Simon 1989, doi:10.1016/0197-2456(89)90015-9.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from remission.errors import InputError
from remission.response.arrays import Floats
from remission.response.rules import TOLERANCE

LARGEST = 400
"""Patients beyond which no design is searched for."""


@dataclass(frozen=True)
class TwoStage:
    """Stop after n1 patients with at most r1 responses; not promising after n patients with at most r."""

    r1: int
    n1: int
    r: int
    n: int

    def __post_init__(self) -> None:
        if not (0 <= self.r1 < self.n1 < self.n and self.r1 <= self.r < self.n):
            shown = f"{self.r1}/{self.n1}, {self.r}/{self.n}"
            raise InputError("this is no two-stage design", value=shown, remedy="use 0 <= r1 < n1 < n and r1 <= r < n")

    def promising(self, rate: float) -> float:
        """The probability that a therapy with this response rate is called promising: alpha at p0, power at p1."""
        first = np.arange(self.r1 + 1, self.n1 + 1)
        return float(binom.pmf(first, self.n1, rate) @ binom.sf(self.r - first, self.n - self.n1, rate))

    def early_stop(self, rate: float) -> float:
        """The probability of early termination (PET)."""
        return float(binom.cdf(self.r1, self.n1, rate))

    def expected_patients(self, rate: float) -> float:
        """How many patients the trial treats on average (EN)."""
        return self.n1 + (1 - self.early_stop(rate)) * (self.n - self.n1)


@dataclass(frozen=True)
class Decision:
    """What the design says of a trial so far: `continue`, `stop`, `promising` or `not promising`, and why."""

    word: str
    why: str


def decide(design: TwoStage, patients: int, responses: int, first_stage: int | None = None) -> Decision:
    """What to do after so many patients and responses.

    `first_stage`: responses among the first n1 patients, where more are treated and it is known; else their stage is taken as passed.
    A result that no further patient can change is said at once.
    """
    _possible(design, patients, responses, first_stage)
    seen = f"{responses} of {patients} responded"
    early = responses if patients <= design.n1 else first_stage
    open_places = max(design.n1 - patients, 0)
    if early is not None and early + open_places <= design.r1:
        among = f"{early} of the first {min(patients, design.n1)} responded"
        return Decision("stop", f"{among}; more than {design.r1} of {design.n1} are needed to go on")
    if responses > design.r and (early is None or early > design.r1):
        return Decision("promising", f"{seen}; more than {design.r} of {design.n} are promising")
    if responses + design.n - patients <= design.r:
        return Decision("not promising", f"{seen}; more than {design.r} of {design.n} can no longer be reached")
    if patients < design.n1:
        return Decision("continue", f"{seen}; the first stage has {design.n1} patients and goes on with more than {design.r1} responses")
    return Decision("continue", f"{seen}; the second stage ends at {design.n} patients, promising with more than {design.r} responses")


def optimal(p0: float, p1: float, alpha: float = 0.05, power: float = 0.80) -> TwoStage:
    """The design with the fewest patients expected when the response rate is p0."""
    return _search(p0, p1, alpha, power, smallest=False)


def minimax(p0: float, p1: float, alpha: float = 0.05, power: float = 0.80) -> TwoStage:
    """The design with the smallest number of patients, among these the one with the fewest expected at p0."""
    return _search(p0, p1, alpha, power, smallest=True)


def _search(p0: float, p1: float, alpha: float, power: float, smallest: bool) -> TwoStage:
    if not 0 < p0 < p1 < 1:
        raise InputError("the response rates are not in order", value=f"p0 {p0}, p1 {p1}", remedy="use 0 < p0 < p1 < 1")
    if not (0 < alpha < 1 and 0 < power < 1):
        raise InputError("alpha and power are probabilities", value=f"alpha {alpha}, power {power}", remedy="use 0.05 and 0.80")
    most, pet = _first_stages(p0, p1, power)
    best, fewest = None, np.inf
    for n in _within_reach(p0, p1, alpha, power).tolist():
        n1 = np.arange(1, n)
        bound = n1 + (1 - pet[n1]) * (n - n1)
        if bound.min() >= fewest:
            break
        for size in n1[(bound < fewest) & (most[n1] >= 0)]:
            for design, expected in _feasible(p0, p1, alpha, power, int(size), n, int(most[size])):
                if expected < fewest - TOLERANCE:
                    best, fewest = design, expected
        if smallest and best is not None:
            break
    if best is None:
        raise InputError(f"no design with up to {LARGEST} patients", value=f"p0 {p0}, p1 {p1}", remedy="take rates further apart")
    return best


def _within_reach(p0: float, p1: float, alpha: float, power: float) -> NDArray[np.int64]:
    """The sizes at which the best of all tests (Neyman and Pearson, randomized at its bound) has the power."""
    n = np.arange(2, LARGEST + 1)
    r = binom.isf(alpha, n, p0)
    share = (alpha - binom.sf(r, n, p0)) / binom.pmf(r, n, p0)
    return n[binom.sf(r, n, p1) + share * binom.pmf(r, n, p1) >= power - TOLERANCE]


def _first_stages(p0: float, p1: float, power: float) -> tuple[NDArray[np.int64], Floats]:
    """For every n1 the largest r1 that leaves the power in reach (-1: none), and its PET at p0."""
    n1 = np.arange(LARGEST + 1)
    reachable = binom.sf(n1[:, None], n1, p1) >= power - TOLERANCE
    most = reachable.sum(axis=0) - 1
    return most, binom.cdf(most, n1, p0)


def _feasible(p0: float, p1: float, alpha: float, power: float, n1: int, n: int, most: int) -> Iterator[tuple[TwoStage, float]]:
    """The design with the largest r1 that keeps both errors for these sizes, with the patients it expects at p0; none or one."""
    r = np.arange(n)
    false, true = (_promising(rate, n1, n, most) for rate in (p0, p1))
    fits = (false <= alpha + TOLERANCE) & (true >= power - TOLERANCE) & (r >= np.arange(most + 1)[:, None])
    if fits.any():
        r1 = int(np.flatnonzero(fits.any(axis=1))[-1])
        design = TwoStage(r1, n1, int(fits[r1].argmax()), n)
        yield design, design.expected_patients(p0)


def _promising(rate: float, n1: int, n: int, most: int) -> Floats:
    """The probability of a promising result for every r1 up to `most` (rows) and every r below n (columns)."""
    first = np.arange(n1 + 1)
    beyond = binom.sf(np.arange(-n1, n), n - n1, rate)
    after = beyond[np.arange(n) - first[:, None] + n1]
    joint = binom.pmf(first, n1, rate)[:, None] * after
    return np.cumsum(joint[::-1], axis=0)[::-1][1 : most + 2]


def _possible(design: TwoStage, patients: int, responses: int, first_stage: int | None) -> None:
    if not 0 <= responses <= patients <= design.n:
        raise InputError(
            "these counts do not fit the design", value=f"{responses} of {patients}", remedy=f"responses <= patients <= {design.n}"
        )
    if first_stage is not None and not (
        patients >= design.n1 and max(0, responses - patients + design.n1) <= first_stage <= min(responses, design.n1)
    ):
        raise InputError(
            "the first stage does not fit",
            value=f"{first_stage} of {design.n1}",
            remedy=f"at most {responses}, once {design.n1} are treated",
        )
