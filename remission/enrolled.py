"""Candidates who are enrolled, as a cohort: what history leaves of them, and cohorts one after another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from remission.engine.compile import compile_system
from remission.engine.ensemble import observe
from remission.engine.layout import Phase
from remission.population import Cohort

if TYPE_CHECKING:
    from remission.history import Past

CHECK_EVERY = 30.4375


def enrolled(system, indices, attempt, values, batch, past, keep) -> Cohort:
    """The candidates of one attempt to `keep` [M], as the end of their story (`past`, or none) left them in the batch."""
    if batch is None:
        empty = np.zeros((0, 0))
        return Cohort("", indices, indices, values, empty, empty, _chart(indices, None, None, None))
    rows = np.flatnonzero(keep)
    chance = np.where(batch.clones.phase[rows, :, None] == Phase.SMALL, batch.clones.small[rows], 0.0)
    small = chance.reshape(len(rows), batch.clones.small[0].size)
    phase = np.concatenate([batch.clones.phase[rows].astype(float), batch.clones.entries[rows].astype(float), small], axis=1)
    return Cohort(
        "", indices[rows], np.full(rows.size, attempt), {key: array[rows] for key, array in values.items()}, batch.y[rows], phase,
        _chart(indices[rows], past, rows, observe(compile_system(system), batch)[rows, system.output_slot("marrow.blast_fraction")]),
    )  # fmt: skip


def _chart(indices, past: Past | None, rows, burden) -> pl.DataFrame:
    if burden is None:
        return pl.DataFrame(schema={"patient": pl.Int64, "prior_lines": pl.Int64, "relapses": pl.Int64, "refractory": pl.Boolean,
                                    "days_since_diagnosis": pl.Float64, "burden": pl.Float64})  # fmt: skip
    lines = past.line[rows] + 1 if past else np.zeros(len(indices), int)
    return pl.DataFrame(
        {
            "patient": indices.astype(np.int64),
            "prior_lines": lines.astype(np.int64),
            "relapses": (past.relapses[rows] if past else lines).astype(np.int64),
            "refractory": past.refractory[rows] if past else np.zeros(len(indices), bool),
            "days_since_diagnosis": past.day[rows] - CHECK_EVERY if past else np.zeros(len(indices)),
            "burden": np.asarray(burden, float),
        }
    )


def joined(parts: Sequence[Cohort], key: str, size: int, used: int | None = None, drawn: int | None = None) -> Cohort:
    """Parts as one cohort in the order of the patients, the first `size` of them; counts of the parts add up where none are given."""
    filled = [part for part in parts if part.size] or parts[:1]
    index = np.concatenate([part.index for part in filled])
    order = np.argsort(index, kind="stable")[:size]
    values = {name: np.concatenate([part.values[name] for part in filled])[order] for name in filled[0].values}
    count = drawn if drawn is not None else sum(part.flow.get("candidates", 0) for part in parts)
    used = int(sum(part.flow.get("patients", 0) for part in parts)) if used is None else used
    flow = {"candidates": count, "patients": used, "enrolled": len(order), "not_reached": used - len(index)}
    flow["effective_sample_size"] = len(order)
    flow["acceptance_rate"] = len(index) / count if count else 0.0
    return Cohort(
        key, index[order], np.concatenate([p.attempt for p in filled])[order], values,
        np.concatenate([p.y for p in filled])[order], np.concatenate([p.phase for p in filled])[order],
        pl.concat([p.chart for p in filled])[order.tolist()], flow,
    )  # fmt: skip
