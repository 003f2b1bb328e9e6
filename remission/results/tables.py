"""The tables of a trial, one row per patient, per time to an event, per day, per grade or per step.

Long and tidy, in the columns that figures and reports read. Days are on the clock of enrollment unless the name says otherwise;
`tmax_day`, `crs_onset_day`, `b_cell_recovery_day` and `persistence_day` count from infusion. Empty cells are null.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from remission.arm_run import ArmRun
from remission.engine.layout import Status
from remission.response.endpoints import Reason, time_to_event
from remission.response.leukemia import Response
from remission.results.members import FAILED, analyzed, complete, failed, flag, has_cells, responders
from remission.results.names import HARMS

LEVEL_UNIT = "cell/uL"
QUANTILES = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}
BURDEN_EDGES, BURDEN_GROUPS = (0.05, 0.2, 0.5), ("below 5 %", "5-20 %", "20-50 %", "50 % or more")
MOST_GRADE = 5
REASONS = {
    "steps_exhausted": "the solver ran out of steps",
    "non_finite": "a state became infinite or not a number",
    "out_of_domain": "a state left its domain",
}
STATUSES = {int(code): code.name.lower() for code in Status}


def subjects(run: ArmRun) -> pl.DataFrame:
    """One row per enrolled patient."""
    records, length = run.records, run.response.size
    days = {name: _seen(records, getattr(records, name)) for name in ("response_day", "relapse_day", "death_day", "transplant_day")}
    table = pl.DataFrame(
        {
            "patient": records.patient,
            "arm": np.full(length, run.key),
            "enrolled": np.ones(length, dtype=bool),
            "treated": flag(run.treated),
            "evaluable": flag(run.evaluable),
            "infusion_day": records.infusion_day,
            **_at_start(run),
            "best_response": best_response(run),
            "mrd_negative": run.residual_negative,
            **days,
            "relapse_phenotype": np.where(np.isfinite(days["relapse_day"]), _phenotype(run), ""),
            "relapse_site": run.relapse_site.astype(str),
            "death_cause": np.where(np.isfinite(days["death_day"]), run.cause.astype(str), ""),
            "new_therapy_day": _seen(records, records.new_therapy_day),
            "last_contact_day": records.last_contact_day,
            **_after_infusion(run),
            "not_treated": run.not_treated.astype(str),
            "status": _words(run.status, STATUSES),
        }
    )
    floats = [name for name, kind in table.schema.items() if kind.is_float()]
    texts = ("burden_group", "relapse_phenotype", "relapse_site", "death_cause", "not_treated")
    return table.with_columns(pl.col(floats).fill_nan(None), pl.col(texts).replace("", None))


def best_response(run: ArmRun) -> np.ndarray:
    """CR, CRi, NR, NE (treated, never judged) or not infused."""
    judged = np.where(run.response == Response.NOT_EVALUABLE, "NE", "NR")
    words = np.where(complete(run), "CR", np.where(responders(run), "CRi", judged))
    return np.where(flag(run.treated), words, "not infused")


def burden_group(burden: np.ndarray) -> np.ndarray:
    """Marrow blasts below 5 %, 5-20 %, 20-50 %, 50 % or more; empty where not read."""
    names = np.array(BURDEN_GROUPS)[np.searchsorted(BURDEN_EDGES, np.nan_to_num(burden), side="right")]
    return np.where(np.isfinite(burden), names, "")


def times(run: ArmRun, params: Sequence[str]) -> pl.DataFrame:
    """One row per patient and endpoint: days from its start, event (0 or 1) and why the row ends."""
    own = analyzed(run)
    reasons = {int(reason): reason.text for reason in Reason}
    parts = []
    for param in params:
        rows = time_to_event(own.records, param)
        columns = {"patient": rows.patient, "days": rows.days, "event": rows.event.astype(np.int8)}
        table = pl.DataFrame(columns | {"reason": _words(rows.reason, reasons)})
        parts.append(table.select("patient", arm=pl.lit(run.key), param=pl.lit(param), days="days", event="event", reason="reason"))
    return pl.concat(parts)


def kinetics(run: ArmRun) -> pl.DataFrame:
    """Quantiles over treated patients of the level of engineered cells in blood, by day from infusion."""
    own = analyzed(run)
    level = own.level[flag(own.treated)] if has_cells(own) else np.empty((0, 0))
    rows = []
    for day, column in zip(run.level_day, level.T, strict=False):
        known = column[np.isfinite(column)]
        if known.size:
            rows.append((run.key, float(day), *np.quantile(known, list(QUANTILES.values())).tolist(), LEVEL_UNIT, int(known.size)))
    kinds = {"arm": pl.String, "day": pl.Float64, **dict.fromkeys(QUANTILES, pl.Float64), "unit": pl.String, "n": pl.Int64}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def toxicity(run: ArmRun) -> pl.DataFrame:
    """How many treated patients had each grade as their worst, by harm and scale (`crs_astct`)."""
    own = analyzed(run)
    treated, rows = flag(own.treated), []
    for name, grades in grade_columns(own).items():
        worst = np.nan_to_num(grades[treated]).astype(np.int64)
        if not worst.any() and not has_cells(own):
            continue
        counts = np.bincount(worst, minlength=MOST_GRADE + 1)
        rows += [(run.key, name, grade, int(n), n / max(worst.size, 1)) for grade, n in enumerate(counts.tolist())]
    kinds = {"arm": pl.String, "scale": pl.String, "grade": pl.Int64, "n": pl.Int64, "share": pl.Float64}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def grade_columns(run: ArmRun) -> dict[str, np.ndarray]:
    """Worst grades [N] by `harm_scale`."""
    return {f"{HARMS.get(harm, harm)}_{scale}": grades for harm, scales in run.grades.items() for scale, grades in scales.items()}


def failures(runs: Iterable[ArmRun]) -> pl.DataFrame:
    """Members whose solver failed."""
    rows = [
        (int(patient), run.key, STATUSES[int(status)], REASONS[STATUSES[int(status)]])
        for run in runs
        for patient, status in zip(run.records.patient[failed(run)], run.status[failed(run)], strict=True)
    ]
    return pl.DataFrame(rows, schema={"patient": pl.Int64, "arm": pl.String, "status": pl.String, "reason": pl.String}, orient="row")


def _at_start(run: ArmRun) -> dict[str, np.ndarray]:
    """What was known of a patient before treatment."""
    covariates = {name: np.asarray(values) for name, values in run.covariates.items()}
    unknown = np.full(run.response.size, np.nan)
    first = {name: covariates.pop(name, unknown) for name in ("age", "weight_kg")}
    enrolled = covariates.pop("burden_enrolled", run.burden)
    measured = {"burden_enrolled": enrolled, "burden": run.burden, "burden_group": burden_group(run.burden)}
    return first | measured | {"dose_cells": run.dose, "fludarabine_exposure": run.exposure} | covariates


def _after_infusion(run: ArmRun) -> dict[str, np.ndarray]:
    """Cells, harms and recovery, days from infusion."""
    return {
        "cmax": run.cmax,
        "tmax_day": run.tmax,
        "persistence_day": run.persistence,
        "b_cell_recovery_day": run.b_cell_recovery,
        **grade_columns(run),
        "crs_onset_day": run.crs_onset,
        "crs_duration_day": run.crs_end - run.crs_onset,
        "tocilizumab": flag(run.tocilizumab),
        "steroid": flag(run.steroid),
    }


def _phenotype(run: ArmRun) -> np.ndarray:
    return np.array(["", "cd19_positive", "cd19_negative"])[run.records.relapse_cd19_negative.astype(np.int64) + 1]


def _seen(records, day: np.ndarray) -> np.ndarray:
    """A day somebody saw, else NaN."""
    return np.where(day <= records.last_contact_day, day, np.nan)


def _words(codes: np.ndarray, words: dict[int, str]) -> pl.Series:
    """Codes as text, made without a Python loop over patients."""
    return pl.Series(np.asarray(codes).astype(np.int64)).replace_strict(words, return_dtype=pl.String)


def is_analyzed() -> pl.Expr:
    """Rows of `subjects` whose solver did not fail."""
    return ~pl.col("status").is_in(list(FAILED))
