"""From a regimen to the doses each patient gets: one table row per dose, on the patient's own days and in the model's units."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars

from ..errors import InputError, nearest
from .dose_rows import MOST_ROUNDS, Band, Dose
from .dose_units import dose_unit
from .regimen import Regimen

Array = np.ndarray

EVERY_LESION = -1
DEFAULT_ANCHOR = "enrollment"


@dataclass(frozen=True)
class DoseTable:
    """The doses of M patients, R places each, sorted by time and padded with time `inf`.

    `time` and `duration` in days [M, R]; `agent` an index into `agents` [M, R]; `amount` in the agent's unit of `units`
    [M, R]; `lesion` an index, or -1 for the patient or every lesion [M, R]. Doses of one time keep the order of the regimen.
    """

    time: Array
    agent: Array
    amount: Array
    duration: Array
    lesion: Array
    agents: tuple[str, ...]
    units: tuple[str, ...]

    def nonmem(self, identifiers: Sequence[int] | None = None) -> polars.DataFrame:
        """Dose records as NONMEM reads them; CMT counts `agents` from 1, RATE is AMT per day, 0 for a bolus."""
        member, place = np.nonzero(np.isfinite(self.time))
        names = np.arange(1, len(self.time) + 1) if identifiers is None else np.asarray(identifiers)
        amount, duration = self.amount[member, place], self.duration[member, place]
        rate = np.divide(amount, duration, out=np.zeros_like(amount), where=duration > 0)
        return polars.DataFrame(
            {
                "ID": names[member],
                "TIME": self.time[member, place],
                "AMT": amount,
                "RATE": rate,
                "EVID": np.ones(len(member), dtype=np.int64),
                "CMT": self.agent[member, place] + 1,
                "LESION": self.lesion[member, place] + 1,
            }
        )


@dataclass(frozen=True)
class _Column:
    """One dose of one row in every patient, M long."""

    time: Array
    agent: int
    amount: Array
    duration: float
    lesion: int


def expand(
    regimen: Regimen,
    anchors: Mapping[str, Array],
    covariates: Mapping[str, Array | float] | None = None,
    *,
    until: float = math.inf,
    agents: Sequence[str] | None = None,
    lesions: Mapping[str, int] | None = None,
    factors: Mapping[str, Array] | None = None,
    anchor: str = DEFAULT_ANCHOR,
) -> DoseTable:
    """The doses of M patients from one regimen.

    `anchors` holds the day of each anchor per patient [M], `inf` or `nan` where it never comes (then nothing is given);
    `anchor` is the one of rows that name none. `covariates` are arrays [M] or numbers (see `dose_units`). Doses after day
    `until` are left out, and rows without `times` need it. `agents` fixes the numbering of agents (default: the
    regimen's). `lesions` numbers the named lesions. `factors` multiplies the amounts of an agent per patient [M], such
    as the yield of manufacture, before the limits of the weight bands are applied.
    """
    order = tuple(agents) if agents is not None else regimen.agents
    size = len(np.atleast_1d(next(iter(anchors.values())))) if anchors else 0
    columns = [
        column
        for row in regimen.rows
        for column in _columns(row, _anchor_days(row, anchors, anchor, size), covariates or {}, until, order, lesions or {}, factors or {})
    ]
    return _sorted_table(columns, size, order, _units(regimen, order))


def _anchor_days(row: Dose, anchors: Mapping[str, Array], default: str, size: int) -> Array:
    name = row.anchor or default
    if name not in anchors:
        raise InputError(
            f"`{row.agent}` is given from `{name}`, which this protocol lacks{nearest(name, anchors)}", remedy="name the anchor"
        )
    days = np.broadcast_to(np.asarray(anchors[name], dtype=float), (size,))
    return np.where(np.isnan(days), np.inf, days)


def _columns(
    row: Dose,
    start: Array,
    covariates: Mapping[str, Array | float],
    until: float,
    agents: tuple[str, ...],
    lesions: Mapping[str, int],
    factors: Mapping[str, Array],
) -> list[_Column]:
    agent = _index(row.agent, agents)
    amount = _amount(row, covariates, factors.get(row.agent), len(start))
    targets = [_lesion(name, lesions) for name in row.lesions] or [EVERY_LESION]
    rounds = _rounds(row, start, until)
    offsets = [day + number * (row.every or 0.0) for number in range(rounds) for day in row.day]
    times = [np.where(start + offset <= until, start + offset, np.inf) for offset in offsets]
    return [_Column(time, agent, amount, row.duration, target) for time in times if np.isfinite(time).any() for target in targets]


def _rounds(row: Dose, start: Array, until: float) -> int:
    """How many rounds can begin before `until` in any patient."""
    every, finite = row.every or 0.0, start[np.isfinite(start)]
    if row.times is not None and (not math.isfinite(until) or every == 0.0):
        return row.times
    if not math.isfinite(until):
        raise InputError(f"`{row.agent}` is given without end", remedy="say how often with `times`, or until when")
    if not finite.size:
        return 0
    if (until - finite.min()) / every > MOST_ROUNDS:
        remedy = "lengthen `every`, or write an infusion with `duration`"
        raise InputError(f"`{row.agent}` would be given more than {MOST_ROUNDS:,} times", value=f"every {every:g} d", remedy=remedy)
    possible = max(0, math.floor((until - finite.min() - min(row.day)) / every) + 1)
    return possible if row.times is None else min(row.times, possible)


def _amount(row: Dose, covariates: Mapping[str, Array | float], factor: Array | None, size: int) -> Array:
    """Amount per patient [M] in the model's unit, by the patient's weight band and inside its limits."""
    given = np.zeros(size)
    for band in row.bands:
        limited = np.clip(band.amount * (1.0 if factor is None else np.asarray(factor)), band.low, band.high)
        here = limited * dose_unit(band.unit).scale(covariates)
        given = np.where(_in_band(band, row, covariates), here, given)
    return np.broadcast_to(given, (size,))


def _in_band(band: Band, row: Dose, covariates: Mapping[str, Array | float]) -> Array | bool:
    if len(row.bands) == 1:
        return True
    if "weight_kg" not in covariates:
        raise InputError(f"`{row.agent}` is dosed by weight band", remedy="add the covariate `weight_kg`")
    weight = np.asarray(covariates["weight_kg"])
    return (weight > band.above) & (weight <= band.up_to)


def _index(agent: str, agents: tuple[str, ...]) -> int:
    if agent not in agents:
        raise InputError(
            f"`{agent}` is not in the model{nearest(agent, agents)}", remedy=f"the model has {', '.join(agents) or 'no agents'}"
        )
    return agents.index(agent)


def _lesion(name: str, lesions: Mapping[str, int]) -> int:
    if name not in lesions:
        raise InputError(f"there is no lesion `{name}`{nearest(name, lesions)}", remedy=f"lesions: {', '.join(lesions) or 'none named'}")
    return lesions[name]


def _units(regimen: Regimen, agents: tuple[str, ...]) -> tuple[str, ...]:
    """The model's unit of each agent's doses; `InputError` when two rows of an agent resolve to different ones."""
    found: dict[str, str] = {}
    for row in regimen.rows:
        unit = dose_unit(row.bands[0].unit).resolved
        if found.setdefault(row.agent, unit) != unit:
            raise InputError(f"`{row.agent}` is dosed in {found[row.agent]} and in {unit}", remedy="use one kind of unit for an agent")
    return tuple(found.get(agent, "") for agent in agents)


def _sorted_table(columns: list[_Column], size: int, agents: tuple[str, ...], units: tuple[str, ...]) -> DoseTable:
    def stack(values: list[Array], dtype: type) -> Array:
        return np.stack(values, axis=1).astype(dtype) if values else np.zeros((size, 0), dtype=dtype)

    def constant(values: list[float]) -> Array:
        return np.broadcast_to(np.asarray(values), (size, len(values)))

    time = stack([column.time for column in columns], np.float64)
    order = np.argsort(time, axis=1, kind="stable")
    never = np.isinf(np.take_along_axis(time, order, axis=1))

    def ordered(values: Array, empty: float, dtype: type) -> Array:
        return np.ascontiguousarray(np.where(never, empty, np.take_along_axis(values, order, axis=1)).astype(dtype))

    return DoseTable(
        time=ordered(time, np.inf, np.float64),
        agent=ordered(constant([column.agent for column in columns]), 0, np.int64),
        amount=ordered(stack([column.amount for column in columns], np.float64), 0.0, np.float64),
        duration=ordered(constant([column.duration for column in columns]), 0.0, np.float64),
        lesion=ordered(constant([column.lesion for column in columns]), EVERY_LESION, np.int64),
        agents=agents,
        units=units,
    )
