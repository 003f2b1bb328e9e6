"""Which numbers of the population a calibration may move, how far, and on which scale.

A table `DISEASE.free.csv` beside the targets has one row a number: `key` is a parameter with its aspect (`car_t.kill_capacity.sd`),
`prior` and `spread` are the middle of the prior and its standard deviation on the transformed scale, `low` and `high` hard limits,
`transform` is `log`, `logit` (between low and high) or `identity`. `state` names a state that starts in proportion to the parameter and
was carried through history, or is `history` for a number that acts before enrollment and makes the cohort anew; `arms` says which arms
feel the number. Every other number of history is not free: the cohort stays the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from remission.errors import InputError
from remission.spreadsheets import read_records

COLUMNS = ("key", "prior", "spread", "low", "high", "transform", "state", "arms", "source", "why")
TRANSFORMS = ("log", "logit", "identity")
HISTORY = "history"
ASPECTS = ("median", "sd")


@dataclass(frozen=True)
class Free:
    """One free number; `prior`, `low` and `high` as in the patient, `spread` on the transformed scale."""

    key: str
    prior: float
    spread: float
    low: float
    high: float
    transform: str
    state: str
    arms: tuple[str, ...]
    source: str
    why: str

    @property
    def parameter(self) -> str:
        """The parameter without its aspect."""
        return self.key.rpartition(".")[0]

    @property
    def aspect(self) -> str:
        return self.key.rpartition(".")[2]

    def inward(self, value: float) -> float:
        """A number of the patient on the transformed scale."""
        if self.transform == "log":
            return float(np.log(value))
        if self.transform == "logit":
            share = (value - self.low) / (self.high - self.low)
            return float(np.log(share / (1 - share)))
        return float(value)

    def outward(self, x: float) -> float:
        """A point of the transformed scale as a number of the patient, held inside the limits."""
        if self.transform == "log":
            return float(np.clip(np.exp(x), self.low, self.high))
        if self.transform == "logit":
            return float(self.low + (self.high - self.low) / (1 + np.exp(-x)))
        return float(np.clip(x, self.low, self.high))


def read_free(path: Path) -> tuple[Free, ...]:
    """The rows of a table of free numbers; all problems at once."""
    return tuple(read_records(path, "free numbers", COLUMNS, "a calibration needs one beside its targets", _free))


def _free(row: dict[str, str]) -> Free:
    try:
        numbers = {name: float(row[name]) for name in ("prior", "spread", "low", "high")}
    except ValueError as error:
        raise InputError("prior, spread, low and high are numbers", value=row["key"], remedy="write all four") from error
    if row["transform"] not in TRANSFORMS:
        raise InputError("the transform is unknown", value=row["transform"], remedy=f"use one of {', '.join(TRANSFORMS)}")
    if row["key"].rpartition(".")[2] not in ASPECTS:
        raise InputError("a free number is a median or an sd", value=row["key"], remedy="end the key with `.median` or `.sd`")
    if not numbers["low"] < numbers["prior"] < numbers["high"] or numbers["spread"] <= 0:
        raise InputError("the prior lies outside its limits, or has no spread", value=row["key"], remedy="low < prior < high, spread > 0")
    arms = tuple(row["arms"].split())
    return Free(row["key"], **numbers, transform=row["transform"], state=row["state"], arms=arms, source=row["source"], why=row["why"])


def prior_center(free: Sequence[Free]) -> np.ndarray:
    return np.array([one.inward(one.prior) for one in free])


def prior_spread(free: Sequence[Free]) -> np.ndarray:
    return np.array([one.spread for one in free])


def overrides(free: Sequence[Free], x: np.ndarray) -> dict[str, float]:
    """A point as values by key, for `ParameterSet.with_values` and `--set`."""
    return {one.key: one.outward(float(value)) for one, value in zip(free, x, strict=True)}


def point(free: Sequence[Free], values: Mapping[str, float]) -> np.ndarray:
    """Values by key as a point; a key that is not given sits at its prior."""
    return np.array([one.inward(values.get(one.key, one.prior)) for one in free])
