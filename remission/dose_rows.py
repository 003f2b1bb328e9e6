"""From the doses of a regimen to the rows the engine gives, and edits of the rows still to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from remission.engine.batch import Batch, Dose, rows_to_come, with_rows_to_come
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


def add_rows(batch: Batch, which: np.ndarray, rows: Sequence[Sequence[Dose]]) -> Batch:
    """The batch with further rows for the members `which` (indices); rows of one day keep their order."""
    changes = {int(m): [*rows_to_come(batch, int(m)), *own] for m, own in zip(which, rows, strict=True) if own}
    return with_rows_to_come(batch, changes) if changes else batch


def drop_rows(batch: Batch, which: np.ndarray, agents: Sequence[int]) -> Batch:
    """The batch without the rows to come of some agents, for the members `which`."""
    dropped = set(agents)
    changes = {int(m): [row for row in rows_to_come(batch, int(m)) if row.agent not in dropped] for m in which}
    return with_rows_to_come(batch, changes) if changes else batch


def rows_of(system: System, regimen: Regimen, start: np.ndarray, given: Mapping[str, np.ndarray], until: float) -> list[list[Dose]]:
    """The rows of a regimen that starts on a day of each member's own: [member][row]."""
    if not len(start):
        return []
    free = Regimen.of(replace(row, anchor=None) for row in regimen.rows)
    rows = engine_rows(system, dose_table(system, free, {"enrollment": start}, given, until))
    made = []
    for m in range(len(start)):
        last = int(np.isfinite(rows.day[m]).sum())
        columns = (getattr(rows, name)[m, :last].tolist() for name in Dose._fields)
        made.append([Dose(*row) for row in zip(*columns, strict=True)])
    return made
