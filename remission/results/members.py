"""Members of an arm that count: those the solver followed to the end, and some of them.

A member whose solver failed has no outcome. It stays in the number enrolled and in the table of failures, and is left out of every
estimate.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from remission.arm_run import ArmRun
from remission.engine.layout import FAILURES, Status
from remission.response.leukemia import Response

FAILED = tuple(Status(code).name.lower() for code in FAILURES)


def failed(run: ArmRun) -> np.ndarray:
    """Which members ended in a failure of the solver, [N]."""
    return np.isin(run.status, [int(code) for code in FAILURES])


def analyzed(run: ArmRun) -> ArmRun:
    """The arm without failed members."""
    lost = failed(run)
    return taken(run, np.flatnonzero(~lost)) if lost.any() else run


def taken(run: ArmRun, rows: np.ndarray) -> ArmRun:
    """The arm with some of its members, in the given order."""
    records = replace(run.records, **{field.name: getattr(run.records, field.name)[rows] for field in fields(run.records)})
    kept = ("key", "title", "note", "records", "level_day")
    values = {field.name: _rows(getattr(run, field.name), rows) for field in fields(run) if field.name not in kept}
    return replace(run, records=records, **values)


def _rows(value: Any, rows: np.ndarray) -> Any:
    """Rows of an array, or of every array in a mapping."""
    return {key: _rows(inner, rows) for key, inner in value.items()} if isinstance(value, dict) else np.asarray(value)[rows]


def flag(values: np.ndarray) -> np.ndarray:
    """Yes or no, [N]; not read (NaN) is no."""
    return np.nan_to_num(np.asarray(values, dtype=np.float64)) != 0


def responders(run: ArmRun) -> np.ndarray:
    """Treated members with a kept CR or CRi, [N]."""
    return flag(run.treated) & (run.response >= Response.CRI)


def complete(run: ArmRun) -> np.ndarray:
    """Treated members with a kept CR, [N]."""
    return flag(run.treated) & (run.response == Response.CR)


def has_cells(run: ArmRun) -> bool:
    """Whether anybody in the arm received engineered cells."""
    return bool((np.nan_to_num(run.dose) > 0).any())
