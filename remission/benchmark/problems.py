"""The problems of the benchmark: equations, parameters and their spread, doses, and the days at which states are wanted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from remission.benchmark import cart_6, equations, qsp_40
from remission.benchmark.equations import Equations
from remission.distributions import LogNormal
from remission.errors import InputError, nearest
from remission.model.compose import compose
from remission.model.module import AbstractModule
from remission.model.system import System
from remission.parameters import Row, Table

SEED = 1
SITE = "marrow"
LARGER = (2.0, 4.0, 1.0)  # of lesions 1, 2, 3, and again from 4 on


@dataclass(frozen=True)
class Problem:
    """One problem.

    every: days between wanted states; days: how long; dose_every: days between doses from day 0 on, None = no doses.
    end_points: only extremes, their days and areas are wanted, no states. operations: floating-point operations of one step by
    method, fixed here so that shares of the peak stay comparable; counted from the generated source with exp 30, log 34, pow 66.
    """

    name: str
    title: str
    module: AbstractModule
    text: str
    lesions: int
    days: float
    every: float
    operations: tuple[tuple[str, float], ...] = ()
    dose_every: float | None = None
    end_points: bool = False

    @property
    def model(self) -> str:
        """What has to be compiled; problems that differ only in what is wanted share it."""
        return f"{type(self.module).__name__}-{self.lesions}"

    @cached_property
    def outputs(self) -> np.ndarray:
        """Days at which states are wanted, from 0 to the end."""
        return np.linspace(0.0, self.days, round(self.days / self.every) + 1)

    @cached_property
    def doses(self) -> np.ndarray:
        """Days of doses; none at the end."""
        return np.zeros(0) if self.dose_every is None else np.arange(0.0, self.days, self.dose_every)

    @cached_property
    def away_from_doses(self) -> np.ndarray:
        """Which outputs are not at a dose, where before and after differ."""
        return np.abs(self.outputs[:, None] - self.doses[None, :]).min(axis=1, initial=np.inf) > 1e-9

    @cached_property
    def rows(self) -> dict[str, Row]:
        """Rows of the table: parameters of the patient, then those of a lesion, by name."""
        return dict(Table.read(self.module.table).rows)

    @cached_property
    def equations(self) -> Equations:
        """The text that peers are made from."""
        names = tuple(f"{name}_#" if row.per == "lesion" else name for name, row in self.rows.items())
        return equations.read(self.name, self.text, names, self.lesions)

    def system(self) -> System:
        """The same equations as a system of this package."""
        return compose(self.name, [self.module], sites=(SITE,))

    def parameters(self, patients: int) -> np.ndarray:
        """Parameters [M, P] of the first patients, log-normal; patient i is the same for any number of patients."""
        medians = [(row.number, row) for row in self.rows.values() if row.per == "patient"]
        for lesion in range(self.lesions):
            medians += [(_of_lesion(row, lesion), row) for row in self.rows.values() if row.per == "lesion"]
        normal = np.random.default_rng(SEED).standard_normal((patients, len(medians)))
        spread = np.array([_sd(row) for _, row in medians])
        return np.array([median for median, _ in medians]) * np.exp(spread * normal)

    def starts(self, parameters: np.ndarray) -> np.ndarray:
        """States at day 0 [M, S], before the first dose."""
        return self.equations.initial(parameters)


def _of_lesion(row: Row, lesion: int) -> float:
    return row.number * (LARGER[lesion % len(LARGER)] if row.name == "size" else 1.0)


def _sd(row: Row) -> float:
    """Standard deviation on the log scale."""
    if not isinstance(row.law, LogNormal):
        raise InputError("parameters of a benchmark are log-normal", row.place, row.law.text())
    return row.law.sd


def _cart(name: str, title: str, end_points: bool) -> Problem:
    operations = (("TSIT5", 864.0), ("RODAS5P", 1588.0))
    return Problem(name, title, cart_6.Cart6(), cart_6.TEXT, 1, 365.0, 1.0, operations, end_points=end_points)


def two_drugs(lesions: int, name: str = "", title: str = "", operations: tuple[tuple[str, float], ...] = ()) -> Problem:
    """QSP-40 with any number of lesions."""
    return Problem(name or f"qsp-{lesions}-lesions", title, qsp_40.Qsp40(), qsp_40.TEXT, lesions, 728.0, 7.0, operations, 21.0)


@cache
def _all() -> dict[str, Problem]:
    made = (
        two_drugs(6, "qsp-40", "40 states, two years, 35 doses of two drugs, all states every week", (("RODAS5P", 16300.0),)),
        _cart("cart-6", "6 states, one year, all states every day", False),
        _cart("cart-6-endpoints", "6 states, one year, only lowest, highest, day of the highest and area of every state", True),
        two_drugs(30, "multi-160", "160 states (10 and 30 lesions of 5), two years, 35 doses of two drugs, all states every week"),
    )
    return {problem.name: problem for problem in made}


QUICK = ("qsp-40", "cart-6", "cart-6-endpoints")


def names_of_problems() -> tuple[str, ...]:
    return tuple(_all())


def problem_of(name: str) -> Problem:
    """The problem of this name; `InputError` names those there are."""
    known = _all()
    if name not in known:
        raise InputError(f"unknown problem `{name}`{nearest(name, known)}", "--problem", remedy=f"problems are {', '.join(known)}")
    return known[name]
