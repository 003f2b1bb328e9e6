"""ADaM-like tables: what a statistician's programs expect, by the variable names of CDISC.

| table | one row per | parameters |
|---|---|---|
| ADSL | patient | arm, dates and days of treatment, death and last contact, flags |
| ADTR | lesion and visit, burden and visit | `LDIAM`, `PERP` of lesions; `SDIAM`, `SPROD` (products) or `BLASTS` |
| ADRS | response and visit; patient | `TRGRESP`, `NTRGRESP`, `NEWLIND`, `OVR`; `BOR`, `CBOR`, `RSP`, `CRSP`, `PD`, `DEATH`, `LSTA` |
| ADTTE | time to an event and patient | `PFS`, `OS`, `DOR`, `TTP`, `EFS`, `RFS` |

Days (`ADY`, `STARTDY`, ...) count from time zero, which is day 0 as everywhere in this package; the study day of SDTM, which knows no day
0, is one more from time zero on. `AVAL` of ADTTE is the difference of the two days, without the day some add. Dates (`ADT`, ...) are there
where the measurements are dated. The names of parameters follow those of admiralonco.

Left out: study and site, demographics, controlled terms where the criterion has words of its own, anything that was not measured here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from remission.response.scan_endpoints import DEFINITIONS

NAMES = ("adsl", "adtr", "adrs", "adtte")
Tables = Mapping[str, pl.DataFrame]
RANKS = {"CR": 1, "PR": 2, "SD": 3, "non-CR/non-PD": 4, "PD": 5, "NE": 6}
"""`AVAL` of a response, as admiralonco codes it."""
BURDENS = {
    "mm": ("SDIAM", "Sum of diameters of targets (mm)"),
    "mm2": ("SPROD", "Sum of products of diameters of targets (mm2)"),
    "%": ("BLASTS", "Marrow blasts (%)"),
}
"""Parameter of the burden by its unit."""
COMPLETE, PROGRESSION = ("CR", "iCR", "CMR"), ("PD", "iUPD", "iCPD", "PMD")
GROUPS = {"target": "TARGET", "target-node": "TARGET", "non-target": "NON-TARGET", "non-target-node": "NON-TARGET", "new": "NEW"}


def adam(tables: Tables, facts: Mapping[str, Any] | None = None) -> dict[str, pl.DataFrame]:
    """All four, in order of the patients."""
    unit = (facts or {}).get("unit", "mm")
    return {"adsl": adsl(tables), "adtr": adtr(tables, unit), "adrs": adrs(tables), "adtte": adtte(tables)}


def write(found: Tables, folder: Path, metadata: dict[str, str]) -> None:
    """Each table as Parquet, with what it is for, and as CSV."""
    folder.mkdir(exist_ok=True)
    for name, table in found.items():
        table.write_parquet(folder / f"{name}.parquet", metadata=metadata)
        table.write_csv(folder / f"{name}.csv")


def adsl(tables: Tables) -> pl.DataFrame:
    """Subject level."""
    col = pl.col
    patients = _dated(tables["patients"], TRTSDT="treatment_start", TRTEDT="treatment_end", DTHDT="death", LSTALVDT="last_contact")
    dates = [name for name in ("TRTSDT", "TRTEDT", "DTHDT", "LSTALVDT") if name in patients.columns]
    zero = [col("time_zero").alias("RANDDT")] if "time_zero" in patients.columns else []
    return patients.select(
        *_subject(),
        col("arm").alias("ARM"),
        col("arm").alias("TRT01P"),
        *zero,
        *dates,
        col("treatment_start").alias("TRTSDY"),
        col("treatment_end").alias("TRTEDY"),
        col("baseline_day").alias("BASEDY"),
        col("death").alias("DTHADY"),
        col("last_contact").alias("LSTALVDY"),
        col("new_therapy").alias("NEWTRTDY"),
        col("cycles").alias("NCYCLES"),
        _flag(col("death").is_not_null()).alias("DTHFL"),
        _flag(col("baseline_day").is_not_null()).alias("BASEFL"),
        _flag(col("last_adequate_day").is_not_null() | col("progression_day").is_not_null()).alias("EVALFL"),
        col("best").alias("BOR"),
        col("best_confirmed").alias("CBOR"),
        col("best_change").alias("BESTPCHG"),
        col("refractory_class").alias("REFRCAT"),
        col("refractory_criterion").alias("REFRCRIT"),
    )


def adtr(tables: Tables, unit: str = "mm") -> pl.DataFrame:
    """Tumor measurements: every lesion, and the sum of the targets with its base and nadir."""
    visits, lesions = tables["visits"], tables["lesions"]
    numbers = visits.select("patient", "visit", "baseline", after=_after())
    zero = _zero(tables)
    long = [_lesion_rows(lesions, "size_mm", "LDIAM", "Diameter (mm)")]
    if lesions["perpendicular_mm"].is_not_null().any():
        long.append(
            _lesion_rows(lesions.filter(pl.col("perpendicular_mm").is_not_null()), "perpendicular_mm", "PERP", "Diameter across (mm)")
        )
    rows = pl.concat([_sum_rows(visits, unit), *long], how="diagonal").join(
        numbers, on=["patient", "visit"], how="left", maintain_order="left"
    )
    key = ["patient", "PARAMCD", "TRLNKID"]
    base = rows.filter(pl.col("baseline") & pl.col("AVAL").is_not_null()).select(*key, pl.col("AVAL").alias("BASE"))
    rows = rows.join(base, on=key, how="left", nulls_equal=True, maintain_order="left")
    change, fall = pl.col("AVAL") - pl.col("BASE"), pl.col("AVAL") - pl.col("NADIR")
    after = pl.col("after")
    rows = rows.with_columns(
        CHG=pl.when(after).then(change),
        PCHG=pl.when(after & (pl.col("BASE") > 0)).then(100 * change / pl.col("BASE")),
        CHGNAD=fall,
        PCHGNAD=pl.when(pl.col("NADIR") > 0).then(100 * fall / pl.col("NADIR")),
        ABLFL=_flag(pl.col("baseline")),
    )
    rows = _in_order(rows, tables, "PARAMCD", "TRLNKID")
    return _with_dates(rows, zero).select(
        *_subject(),
        pl.col("arm").alias("TRTP"),
        *("PARAMCD", "PARAM", "AVISIT", "AVISITN", "ADY"),
        *(["ADT"] if zero is not None else []),
        *("AVAL", "AVALC", "BASE", "CHG", "PCHG", "NADIR", "CHGNAD", "PCHGNAD", "ABLFL", "TRLNKID", "TRGRPID", "TRLOC"),
    )


def _sum_rows(visits: pl.DataFrame, unit: str) -> pl.DataFrame:
    code, title = BURDENS[unit]
    return visits.filter(pl.col("sum_mm").is_not_null()).select(
        *("patient", "arm", "visit"),
        *_when(),
        PARAMCD=pl.lit(code),
        PARAM=pl.lit(title),
        AVAL=pl.col("sum_mm"),
        AVALC=pl.lit(None, dtype=pl.String),
        NADIR=pl.col("nadir_mm"),
        TRLNKID=pl.lit(None, dtype=pl.String),
        TRGRPID=pl.lit("TARGET"),
        TRLOC=pl.lit(None, dtype=pl.String),
    )


def _lesion_rows(lesions: pl.DataFrame, column: str, code: str, title: str) -> pl.DataFrame:
    return lesions.select(
        *("patient", "arm", "visit"),
        *_when(),
        PARAMCD=pl.lit(code),
        PARAM=pl.lit(title),
        AVAL=pl.col(column),
        AVALC=pl.col("status").str.to_uppercase().str.replace_all("_", " "),
        NADIR=pl.lit(None, dtype=pl.Float64),
        TRLNKID=pl.col("lesion"),
        TRGRPID=pl.col("kind").replace_strict(GROUPS),
        TRLOC=pl.col("organ"),
    )


def adrs(tables: Tables) -> pl.DataFrame:
    """Responses: at every visit, and over all of them."""
    visits, patients, zero = tables["visits"], tables["patients"], _zero(tables)
    judged = visits.filter(_after())
    parts = [
        _response(judged, "TRGRESP", "Target response", pl.col("target")),
        _response(judged, "NTRGRESP", "Non-target response", pl.col("non_target")),
        _response(judged, "NEWLIND", "New lesion", pl.when("new").then(pl.lit("Y")).otherwise(pl.lit("N"))),
        _response(judged, "OVR", "Overall response by visit", pl.col("overall"), pl.col("rule")),
        _over_all(patients, "BOR", "Best overall response", pl.col("best"), _reached("best", "response_day")),
        _over_all(
            patients,
            "CBOR",
            "Best overall response, confirmed",
            pl.col("best_confirmed"),
            _reached("best_confirmed", "confirmed_response_day"),
        ),
        _over_all(patients, "RSP", "Response", _yes("responded"), pl.col("response_day")),
        _over_all(patients, "CRSP", "Confirmed response", _yes("responded_confirmed"), pl.col("confirmed_response_day")),
        _over_all(patients, "PD", "Progressive disease", _known("progression_day"), pl.col("progression_day")),
        _over_all(patients, "DEATH", "Death", _known("death"), pl.col("death")),
        _over_all(patients, "LSTA", "Last adequate assessment", _known("last_adequate_day"), pl.col("last_adequate_day")),
    ]
    rows = pl.concat(parts, how="diagonal").with_columns(AVAL=pl.col("AVALC").replace_strict(RANKS, default=None, return_dtype=pl.Int64))
    order = pl.Enum(list(dict.fromkeys(rows["PARAMCD"])))
    rows = _in_order(rows.with_columns(place=pl.col("PARAMCD").cast(order)), tables, "place")
    return _with_dates(rows, zero).select(
        *_subject(),
        pl.col("arm").alias("TRTP"),
        *("PARAMCD", "PARAM", "AVISIT", "AVISITN", "ADY"),
        *(["ADT"] if zero is not None else []),
        *("AVAL", "AVALC", "RULE"),
    )


def _response(visits: pl.DataFrame, code: str, title: str, value: pl.Expr, rule: pl.Expr | None = None) -> pl.DataFrame:
    said = pl.lit(None, dtype=pl.String) if rule is None else rule
    rows = visits.select("patient", "arm", "visit", *_when(), PARAMCD=pl.lit(code), PARAM=pl.lit(title), AVALC=value, RULE=said)
    return rows.filter(pl.col("AVALC").is_not_null())


def _over_all(patients: pl.DataFrame, code: str, title: str, value: pl.Expr, day: pl.Expr) -> pl.DataFrame:
    return patients.select("patient", "arm", PARAMCD=pl.lit(code), PARAM=pl.lit(title), AVALC=value, ADY=day)


def _reached(best: str, response: str) -> pl.Expr:
    """The day a best response was first seen, where the patients say it: complete, other responses, progression."""
    return (
        pl.when(pl.col(best).is_in(COMPLETE))
        .then("complete_day")
        .when(pl.col(best).is_in(PROGRESSION))
        .then("progression_day")
        .otherwise(response)
    )


def _yes(column: str) -> pl.Expr:
    return pl.when(pl.col(column)).then(pl.lit("Y")).otherwise(pl.lit("N"))


def _known(column: str) -> pl.Expr:
    return pl.when(pl.col(column).is_not_null()).then(pl.lit("Y")).otherwise(pl.lit("N"))


def adtte(tables: Tables) -> pl.DataFrame:
    """Times to events. `CNSR` is 0 for an event and 1 for censoring; `EVNTDESC` says what ended the row."""
    times, zero = tables["times"], _zero(tables)
    titles = {key: one.title for key, one in DEFINITIONS.items()}
    rows = times.with_columns(
        PARAMCD=pl.col("param").str.to_uppercase(),
        PARAM=pl.col("param").replace_strict(titles, default=pl.col("param")) + pl.lit(" (days)"),
        STARTDY=pl.col("start"),
        ADY=pl.col("start") + pl.col("days"),
        AVAL=pl.col("days"),
        CNSR=(1 - pl.col("event")).cast(pl.Int8),
        EVNTDESC=pl.col("reason").str.to_uppercase(),
    )
    dates = [] if zero is None else ["STARTDT", "ADT"]
    rows = rows if zero is None else _dated(rows.join(zero, on="patient", how="left", maintain_order="left"), STARTDT="STARTDY", ADT="ADY")
    order = pl.Enum(list(dict.fromkeys(rows["PARAMCD"])))
    rows = _in_order(rows.with_columns(place=pl.col("PARAMCD").cast(order)), tables, "place")
    return rows.select(*_subject(), pl.col("arm").alias("TRTP"), "PARAMCD", "PARAM", "STARTDY", "ADY", *dates, "AVAL", "CNSR", "EVNTDESC")


def _subject() -> tuple[pl.Expr, pl.Expr]:
    return pl.col("patient").alias("USUBJID"), pl.col("patient").alias("SUBJID")


def _flag(held: pl.Expr) -> pl.Expr:
    """`Y` or nothing, as flags of ADaM are written."""
    return pl.when(held).then(pl.lit("Y"))


def _when() -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    visit, day = pl.col("visit"), pl.col("day")
    return (pl.lit("Day ") + day.cast(pl.String).str.replace(r"\.0$", "")).alias("AVISIT"), (visit + 1).alias("AVISITN"), day.alias("ADY")


def _after() -> pl.Expr:
    """Whether a visit comes after the baseline of its patient."""
    visit = pl.col("visit")
    return visit > visit.filter(pl.col("baseline")).first().over("patient")


def _zero(tables: Tables) -> pl.DataFrame | None:
    patients = tables["patients"]
    return patients.select("patient", "time_zero") if "time_zero" in patients.columns else None


def _with_dates(rows: pl.DataFrame, zero: pl.DataFrame | None) -> pl.DataFrame:
    return rows if zero is None else _dated(rows.join(zero, on="patient", how="left", maintain_order="left"), ADT="ADY")


def _dated(rows: pl.DataFrame, **days: str) -> pl.DataFrame:
    """Dates beside days, where time zero has a date."""
    if "time_zero" not in rows.columns:
        return rows
    return rows.with_columns(
        (pl.col("time_zero").cast(pl.Date) + pl.duration(days=pl.col(day).cast(pl.Int64))).alias(name) for name, day in days.items()
    )


def _in_order(rows: pl.DataFrame, tables: Tables, *within: str) -> pl.DataFrame:
    """Rows in order of the patients, within a patient by parameter, then by visit."""
    order = tables["patients"].select("patient").with_row_index("patient_number")
    by = ["patient_number", *within, *(["visit"] if "visit" in rows.columns else [])]
    return rows.join(order, on="patient", how="left", maintain_order="left").sort(by, maintain_order=True)
