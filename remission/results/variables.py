"""What patients may be grouped by, and when each of these is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from remission.errors import InputError, nearest
from remission.results.tables import BURDEN_EDGES, BURDEN_GROUPS

LOW_EXPOSURE = 13.8
"""Fludarabine exposure (mg h/L) below which more patients relapsed; Fabrizio 2022 (fabrizio2022)."""
Cut = Callable[[np.ndarray], tuple[list[str], np.ndarray]]
LANDMARK_OPTION = 'give a landmark in days from infusion, such as `.by(..., landmark="28 d")`'


@dataclass(frozen=True)
class Variable:
    """What patients are grouped by: a column of `subjects`, how it is cut into levels, and when it is known.

    `known` is the anchor of the earliest clock it may be used with, or "later". `since` is the column with the day (from infusion) on
    which a later variable is known, in patients who have it; without it not even a landmark helps.
    """

    name: str
    column: str
    cut: Cut
    known: str = "enrollment_day"
    since: str | None = None


def edges(limits: Sequence[float], labels: Sequence[str]) -> Cut:
    """Levels between fixed limits; the upper level holds the limit."""
    return lambda values: (list(labels), np.where(np.isfinite(values), np.searchsorted(limits, values, side="right"), -1))


def thirds(values: np.ndarray) -> tuple[list[str], np.ndarray]:
    """The lowest, middle and highest third of those who have the quantity at all (above 0)."""
    has = np.isfinite(values) & (values > 0)
    if not has.any():
        return [], np.full(values.size, -1)
    limits = np.quantile(values[has], [1 / 3, 2 / 3])
    return ["lowest third", "middle third", "highest third"], np.where(has, np.searchsorted(limits, values, side="left"), -1)


def groups(values: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Levels are the words that occur, or whole grades."""
    known = np.array([value is not None and value == value for value in values])
    words, codes = np.unique(values[known].astype(str), return_inverse=True)
    found = np.full(len(values), -1)
    found[known] = codes
    return words.tolist(), found


BURDEN = edges(BURDEN_EDGES, BURDEN_GROUPS)
AGE = edges((10, 18), ("below 10 years", "10-17 years", "18 years or more"))
GRADES = edges((1, 3), ("no event", "grade 1-2", "grade 3 or worse"))
EXPOSURE = edges((LOW_EXPOSURE,), (f"below {LOW_EXPOSURE} mg h/L", f"{LOW_EXPOSURE} mg h/L or more"))
HAPPENED = edges((0,), ("not yet", "by the landmark"))
BASELINE = {
    "burden": Variable("burden", "burden", BURDEN, "infusion_day"),
    "dose": Variable("dose", "dose_cells", thirds, "infusion_day"),
    "fludarabine_exposure": Variable("fludarabine_exposure", "fludarabine_exposure", EXPOSURE, "infusion_day"),
    "age": Variable("age", "age", AGE),
}
LATER = {
    "cmax": Variable("cmax", "cmax", thirds, "later", "tmax_day"),
    "tmax_day": Variable("tmax_day", "tmax_day", thirds, "later", "tmax_day"),
    "crs_astct": Variable("crs_astct", "crs_astct", GRADES, "later", "crs_end_day"),
    "crs_lee": Variable("crs_lee", "crs_lee", GRADES, "later", "crs_end_day"),
    "crs_penn": Variable("crs_penn", "crs_penn", GRADES, "later", "crs_end_day"),
    "b_cell_recovery": Variable("b_cell_recovery", "b_cell_recovery_day", HAPPENED, "later", "b_cell_recovery_day"),
    "response": Variable("response", "response_since_infusion", HAPPENED, "later", "response_since_infusion"),
}
NEVER_BASELINE = (
    *(
        "treated",
        "evaluable",
        "best_response",
        "infusion_day",
        "response_day",
        "relapse_day",
        "relapse_phenotype",
        "relapse_site",
        "death_day",
        "status",
    ),
    *(
        "death_cause",
        "transplant_day",
        "new_therapy_day",
        "last_contact_day",
        "persistence_day",
        "icans_astct",
        "neuro_ctcae",
        "mrd_negative",
    ),
    *("crs_onset_day", "crs_duration_day", "tocilizumab", "steroid", "not_treated", "b_cell_recovery_day"),
)
DERIVED = ("crs_end_day", "response_since_infusion")
"""Columns that `lookup` adds."""
NOT_GROUPS = ("patient", "arm", "enrolled", "burden_group", "dose_cells")


def variable(subjects: pl.DataFrame, key: str) -> Variable:
    """The variable of that name: one listed here, or a covariate of the patients; `InputError` names what there is."""
    columns = subjects.columns
    listed = BASELINE.get(key) or LATER.get(key)
    if listed is not None and (listed.column in columns or listed.column in DERIVED):
        return listed
    if key in NEVER_BASELINE:
        return Variable(key, key, groups, "later")
    if key in columns and key not in NOT_GROUPS:
        return Variable(key, key, thirds if subjects[key].dtype.is_float() else groups)
    covariates = [name for name in columns if name not in (*NEVER_BASELINE, *NOT_GROUPS)]
    known = list(dict.fromkeys([*BASELINE, *LATER, *covariates]))
    raise InputError(f"patients have no `{key}`{nearest(key, known)}", "by", key, f"use {', '.join(known)}")


def landmark_remedy(chosen: Variable) -> str:
    """How a variable that is known late may be used."""
    return LANDMARK_OPTION if chosen.since else "it carries no day on which it is known, so no landmark helps; use another variable"
