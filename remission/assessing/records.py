"""The tables an assessment is kept in: one row per patient, per visit, per lesion seen at a visit, and per time to an event.

Long and tidy, in words; what was not known or did not happen is null. Days count from time zero. Figures, reports, the JSON document and
the ADaM-like tables are all read from these four.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from remission.assessing.words import labels, percent_change, sentences
from remission.response.arrays import at
from remission.response.cases import Classes
from remission.response.criterion import Criterion
from remission.response.judged import RESPONSES, Best, Judged, Response
from remission.response.scan_endpoints import Rows
from remission.response.scans import FINDINGS, Kind, Scans, Status

CONTROL = (*RESPONSES, Response.SD, Response.NON_CR_NON_PD)
"""What counts as disease control."""
PER_PATIENT = ("pfs", "dor", "os")
"""Times to an event that stand in the row of a patient, and in the document."""
SHOWN_DIGITS = 6
"""Decimals of sums and percentages in tables; decisions use all of them."""


@dataclass(frozen=True)
class Found:
    """All that was found, as arrays: what `tables_of` writes down."""

    criterion: Criterion
    scans: Scans
    judged: Judged
    best: Best
    times: Mapping[str, Rows]
    classes: Classes
    organs: Sequence[str]
    time_zero: NDArray[Any] | None
    """Dates of time zero, where the measurements are dated."""
    too_small: float = np.nan
    """Size in mm of a lesion that is too small to measure, where the criterion has one."""


def tables_of(found: Found) -> dict[str, pl.DataFrame]:
    """The four tables."""
    times = times_of(found)
    return {"patients": patients_of(found, times), "visits": visits_of(found), "lesions": lesions_of(found), "times": times}


def patients_of(found: Found, times: pl.DataFrame) -> pl.DataFrame:
    """One row per patient: what was reached and when, and what is known beside the scans."""
    scans = found.scans
    table = pl.DataFrame(
        {
            **_named(found, np.arange(scans.day.shape[0])),
            **_dates(found),
            "baseline_day": at(scans.day, scans.baseline),
            "visits_held": scans.held.sum(axis=1),
            **_reached(found),
            **{name: getattr(scans.patients, name) for name in _EVENTS},
        }
    )
    for param in PER_PATIENT:
        own = times.filter(pl.col("param") == param)
        columns = [pl.col("days").alias(f"{param}_days"), pl.col("event").cast(pl.Boolean).alias(f"{param}_event")]
        own = own.select("patient", *columns, pl.col("reason").alias(f"{param}_reason"))
        table = table.join(own, on="patient", how="left", maintain_order="left")
    table = table.with_columns(
        _texts(found.classes.word).alias("refractory_class"),
        _texts(found.classes.why).alias("refractory_why"),
        refractory_criterion=pl.lit(str(found.classes.criterion)),
    )
    return _rounded(_without_nan(table), "best_change")


def _reached(found: Found) -> dict[str, Any]:
    """Best responses, what they count as, and their days."""
    best, written = found.best, found.criterion.written_best
    days = ("response_day", "confirmed_response_day", "complete_day", "progression_day", "last_adequate_day")
    return {
        "best": _texts(written(found.judged, best.best)),
        "best_confirmed": _texts(written(found.judged, best.best_confirmed)),
        "responded": np.isin(best.best, RESPONSES),
        "responded_confirmed": np.isin(best.best_confirmed, RESPONSES),
        "complete": best.best == Response.CR,
        "complete_confirmed": best.best_confirmed == Response.CR,
        "controlled": np.isin(best.best, CONTROL),
        "controlled_confirmed": np.isin(best.best_confirmed, CONTROL),
        "best_change": best.best_change,
        **{name: getattr(best, name) for name in days},
    }


_EVENTS = ("treatment_start", "treatment_end", "radiation_end", "cycles", "new_therapy", "last_contact", "death")


def visits_of(found: Found) -> pl.DataFrame:
    """One row per visit that was held: the responses, the rule that decided in words, and the findings."""
    scans, judged = found.scans, found.judged
    held = scans.held
    patient, visit = np.nonzero(held)
    own = found.criterion.target_labels or found.criterion.labels
    burden, lowest = judged.sum[held], judged.nadir[held]
    table = pl.DataFrame(
        {
            **_named(found, patient),
            "visit": visit,
            "day": scans.day[held],
            "sum_mm": burden,
            "nadir_mm": lowest,
            "change": percent_change(burden, at(judged.sum, judged.baseline)[patient]),
            "change_from_nadir": percent_change(burden, lowest),
            "target": pl.Series(labels(judged.target[held], own), dtype=pl.String),
            "non_target": pl.Series(labels(judged.non_target[held], own), dtype=pl.String),
            "new": judged.new[held],
            "overall": _texts(found.criterion.written(judged)[held]),
            "baseline": visit == scans.baseline[patient],
            "rule": pl.Series(sentences(judged, held), dtype=pl.String),
            **{name: scans.findings[name][held] for name in FINDINGS if name in scans.findings},
        }
    )
    return _rounded(_without_nan(table), "sum_mm", "nadir_mm", "change", "change_from_nadir")


def lesions_of(found: Found) -> pl.DataFrame:
    """One row per lesion and visit, sizes as given and as they enter a sum; a new lesion begins where it is first seen."""
    scans = found.scans
    looked = scans.status != Status.NOT_EVALUABLE
    listed = (scans.kind >= 0)[:, None, :] & scans.held[:, :, None] & (looked | (scans.kind != Kind.NEW)[:, None, :])
    patient, visit, lesion = np.nonzero(listed)
    organs = pl.Series([*found.organs, None], dtype=pl.String)
    organ = np.full(patient.size, -1) if scans.organ is None else scans.organ[patient, lesion]
    perpendicular = np.full(patient.size, np.nan) if scans.perpendicular is None else scans.perpendicular[listed]
    table = pl.DataFrame(
        {
            **_named(found, patient),
            "visit": visit,
            "day": scans.day[patient, visit],
            "lesion": _lesion_names(scans, patient, lesion),
            "kind": _enumerated(scans.kind[patient, lesion], [one.text for one in Kind]),
            "organ": organs.gather(np.where(organ < 0, len(found.organs), organ)),
            "status": _enumerated(scans.status[listed], [one.text for one in Status]),
            "diameter_mm": scans.diameter[listed],
            "perpendicular_mm": perpendicular,
            "size_mm": scans.sizes(found.too_small)[listed],
        }
    )
    return _without_nan(table)


def times_of(found: Found) -> pl.DataFrame:
    """One row per patient and time to an event: its start, days from there, event (1) or censoring (0), and why it ends."""
    parts = []
    for param, rows in found.times.items():
        columns = {"start": rows.start, "days": rows.days, "event": np.asarray(rows.event).astype(np.int8)}
        table = pl.DataFrame({**_named(found, rows.index), **columns, "reason": _texts(rows.reason)})
        parts.append(table.select("patient", "arm", pl.lit(param).alias("param"), "start", "days", "event", "reason"))
    return pl.concat(parts)


def _named(found: Found, rows: NDArray[np.int64]) -> dict[str, pl.Series]:
    """The names and arms of the patients in these rows."""
    people = found.scans.patients
    return {name: pl.Series(getattr(people, name).astype(str), dtype=pl.String).gather(rows) for name in ("patient", "arm")}


def _dates(found: Found) -> dict[str, pl.Series]:
    if found.time_zero is None:
        return {}
    return {"time_zero": pl.Series(found.time_zero.astype("datetime64[D]"))}


def _lesion_names(scans: Scans, patient: NDArray[np.int64], lesion: NDArray[np.int64]) -> pl.Series:
    if scans.lesions is None:
        return pl.Series([f"lesion {place + 1}" for place in range(scans.kind.shape[1])], dtype=pl.String).gather(lesion)
    names = pl.Series(["" if name is None else str(name) for name in scans.lesions.ravel().tolist()], dtype=pl.String)
    return names.gather(patient * scans.lesions.shape[1] + lesion)


def _enumerated(codes: NDArray[Any], words: list[str]) -> pl.Series:
    return pl.Series(words, dtype=pl.String).gather(codes.astype(np.int64))


def _texts(words: Sequence[str] | NDArray[Any]) -> pl.Series:
    return pl.Series(np.asarray(words, dtype=object).tolist(), dtype=pl.String)


def _without_nan(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(pl.col(pl.Float32, pl.Float64).fill_nan(None))


def _rounded(table: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Binary dust such as 82.60000000000001 is not written."""
    return table.with_columns(pl.col(*columns).round(SHOWN_DIGITS))
