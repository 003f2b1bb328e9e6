"""The published models, the situations they were run in, and how a number is read from a course."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np

from remission.model.compose import compose
from remission.model.system import System

from .barros import Barros, Rechallenge
from .carrgo import Carrgo
from .kimmel import Kimmel
from .leon_triana_leukemia import LeonTrianaLeukemia
from .leon_triana_solid import LeonTrianaSolid
from .stein import Stein

MODELS = {
    "leukemia": (LeonTrianaLeukemia(),),
    "leukemia_flux": (LeonTrianaLeukemia("flux"),),
    "leukemia_per_cell": (LeonTrianaLeukemia("per_cell"),),
    "solid_single": (LeonTrianaSolid(),),
    "solid_dual": (LeonTrianaSolid(dual=True),),
    "stein": (Stein(),),
    "kimmel": (Kimmel(),),
    "carrgo": (Carrgo(),),
    "barros": (Barros(), Rechallenge()),
    "barros_raji": (Barros("raji"),),
}


@dataclass(frozen=True)
class Case:
    """One run: its model, parameters that differ from the table, doses (day, agent, amount), and length in days."""

    model: str
    until: float
    values: dict = field(default_factory=dict)
    doses: tuple = ()


def _growth(rate: float) -> dict:
    return {"kimmel.tumor_growth": rate}


CASES = {
    "leukemia": Case("leukemia", 500),
    **{f"leukemia_{dose}": Case("leukemia", 40, {"leon_triana_leukemia.car_t_start": float(dose)}) for dose in ("1e6", "1e8", "1e9")},
    "solid_single": Case("solid_single", 200),
    "solid_dual": Case("solid_dual", 60),
    "stein": Case("stein", 365, doses=((9.3, "stein", 1.0),)),
    "kimmel": Case("kimmel", 180),
    **{
        f"kimmel_{rate:.2f}": Case("kimmel", until, _growth(rate))
        for rate, until in {0.05: 760, 0.10: 380, 0.15: 255, 0.20: 195, 0.25: 155, 0.30: 130, 0.40: 90, 0.50: 65}.items()
    },
    "hdlm_2": Case("barros", 260, doses=((45.0, "barros", 2e6), (250.0, "rechallenge", 1e6))),
    **{f"hdlm_2_{dose}": Case("barros", 500, doses=((42.0, "barros", float(dose)),)) for dose in ("2e6", "1.5e6", "0.5e6", "0.2e6")},
    # the printed T(7) of 1.045e8 is reached 0.002-0.003 d after day 7: that run gave the dose there, and T(14) is sensitive to it
    "raji": Case("barros_raji", 14, doses=((7.0022, "barros:raji", 1e7),)),
}


@cache
def system_of(model: str) -> System:
    return compose(model, MODELS[model])


@dataclass(frozen=True)
class Published:
    """One published number: what was read, in which stretch of days, the number as printed, and where it was printed."""

    case: str
    output: str
    measure: str
    at: float
    first: float
    last: float
    printed: str
    origin: str

    @property
    def tolerance(self) -> float:
        """1 % (of a day: at least 0.1), and the rounding of the printed number."""
        rounding = 0.5 * 10.0 ** Decimal(self.printed).as_tuple().exponent
        share = 0.01 * abs(float(self.printed))
        return rounding + (max(share, 0.1) if self.measure.endswith("day") else share)


def published() -> list[Published]:
    with Path(__file__).with_name("published.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    number = {"at": 0.0, "first": 0.0, "last": np.inf}
    return [Published(**{**row, **{key: float(row[key] or empty) for key, empty in number.items()}}) for row in rows]


def measure(item: Published, days: np.ndarray, values: np.ndarray) -> float:
    """The number that `item` speaks of, from a course on a fine grid of days."""
    chosen = (days >= item.first) & (days <= item.last)
    t, x = days[chosen], values[chosen]
    if item.measure == "value":
        return float(np.interp(item.at, t, x))
    if item.measure in ("half_life", "doubling"):
        slope = np.log(x[-1] / x[0]) / (t[-1] - t[0])
        return float(np.log(2) / (slope if item.measure == "doubling" else -slope))
    if item.measure in ("above_day", "below_day"):
        there = x > item.at if item.measure == "above_day" else x < item.at
        return float(t[np.argmax(there)]) if there.any() else np.nan
    best = np.argmin(x) if item.measure.startswith("lowest") else np.argmax(x)
    return float(t[best] if item.measure.endswith("_day") else x[best])
