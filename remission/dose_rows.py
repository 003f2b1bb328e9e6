"""From the doses of a regimen to the rows the engine gives, and edits of the rows still to come."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from remission.engine.batch import EMPTY, Batch, Dose, pack_doses, redosed
from remission.engine.layout import Doses
from remission.errors import InputError
from remission.model.dosing import DoseTable, expand
from remission.model.regimen import Regimen
from remission.model.system import System
from remission.therapies import get as therapy


def dose_table(system: System, regimen: Regimen, anchors: Mapping[str, np.ndarray], given: Mapping, until: float, **options) -> DoseTable:
    """The doses of every member in the agents' units, numbered as in the system; `given` are covariates."""
    agents = tuple(agent.name for agent in system.agents)
    return expand(in_system(system, regimen), anchors, given, until=until, agents=agents, **options)


def in_system(system: System, regimen: Regimen) -> Regimen:
    """The regimen with every agent under the name it has in the system: products of one modality share it."""
    known = {agent.name for agent in system.agents}
    return regimen.renamed({name: therapy(name).label for name in regimen.agents if name not in known})


def engine_rows(system: System, table: DoseTable) -> Doses:
    """The table as arrays of the engine; infusions name the input of their agent."""
    inputs = np.array([agent.input for agent in system.agents] or [-1])
    agent = np.where(np.isfinite(table.time), table.agent, -1)
    infused = (table.duration > 0) & (agent >= 0)
    without = sorted({system.agents[k].name for k in np.unique(agent[infused]) if inputs[k] < 0})
    if without:
        raise InputError(f"`{without[0]}` cannot be infused: its dose acts at once", remedy="leave out `duration`")
    return Doses(
        day=np.ascontiguousarray(table.time, float),
        agent=np.ascontiguousarray(agent, np.int64),
        amount=np.ascontiguousarray(table.amount, float),
        duration=np.ascontiguousarray(np.where(agent >= 0, table.duration, 0.0), float),
        lesion=np.ascontiguousarray(table.lesion, np.int64),
        input=np.ascontiguousarray(np.where(infused, inputs[np.maximum(agent, 0)], -1), np.int64),
        next_row=np.zeros(len(table.time), np.int64),
    )


def edit_rows(batch: Batch, which: np.ndarray, drop: Collection[int] = (), add: Doses | Sequence[Sequence[Dose]] | None = None) -> Batch:
    """The batch with other rows to come for the members `which` (indices): first those of the agents `drop` are taken away,
    then `add` (one row of arrays, or one sequence, per member) is laid in between; rows of one day keep their order."""
    if not which.size:
        return batch
    added = pack_doses([()] * which.size) if add is None else add if isinstance(add, Doses) else pack_doses(add)
    agent = batch.doses.agent[which]
    return redosed(batch, which, ~np.isin(agent, list(drop)) if drop else np.ones(agent.shape, bool), added)


def add_rows(batch: Batch, which: np.ndarray, rows: Doses | Sequence[Sequence[Dose]]) -> Batch:
    """The batch with further rows for the members `which` (indices); rows of one day keep their order."""
    return edit_rows(batch, which, add=rows)


def drop_rows(batch: Batch, which: np.ndarray, agents: Sequence[int]) -> Batch:
    """The batch without the rows to come of some agents, for the members `which`."""
    return edit_rows(batch, which, drop=agents)


def one_row(day: np.ndarray, agent: int, amount: float = 1.0) -> Doses:
    """One dose at once for each of some members, on days of their own."""
    day = np.asarray(day, float).reshape(-1, 1)
    whole = {name: np.full(day.shape, EMPTY[name]) for name in ("lesion", "input")}
    return Doses(
        day, np.full(day.shape, agent), np.full(day.shape, amount), np.zeros(day.shape), **whole, next_row=np.zeros(len(day), np.int64)
    )


def rows_of(system: System, regimen: Regimen, start: np.ndarray, given: Mapping[str, np.ndarray], until: float) -> Doses:
    """The rows of a regimen that starts on a day of each member's own."""
    free = Regimen.of(replace(row, anchor=None) for row in regimen.rows)
    return engine_rows(system, dose_table(system, free, {"enrollment": start}, given, until))
