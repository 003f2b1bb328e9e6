"""Every patient of an assessment: a line in the list, and a page part with timeline, visits in words and measurements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

import polars as pl

from remission import plots
from remission.plots.rounding import ABSENT, count, counted, number
from remission.plots.rounding import unit as printed_unit
from remission.report.elements import Markup, details, figure, joined, paragraph, table, tag

MOST = 100
"""Patients that have a part of their own in a report."""
FEW = 12
"""Patients up to whom those parts are open."""
MANY = 40
"""Patients from whose number on the list is folded away."""
BURDENS = {"%": "Blasts"}
FINDINGS = {
    "steroid": "Steroid (mg/day)",
    "clinical": "Clinical",
    "flair": "FLAIR",
    "pet_score": "PET score",
    "spleen_cm": "Spleen (cm)",
    "anc": "Neutrophils",
    "platelets": "Platelets",
    "mrd": "MRD",
}
CHANGES = {"clinical": ("better", "stable", "worse"), "flair": ("decreased", "stable", "increased")}
Row = Mapping[str, Any]


def listed(patients: pl.DataFrame, most: int = 200) -> Markup:
    """One line per patient, by arm; folded away where they are many."""
    several, rows = patients["arm"].n_unique() > 1, []
    for (arm,), own in patients.head(most).group_by("arm", maintain_order=True):
        rows += [(f"{arm}",)] if several else []
        rows += [_line(row) for row in own.iter_rows(named=True)]
    headings = ("Patient", "Best", "Confirmed", "Change", "Response", "Progression", "PFS", "DoR", "OS", "Refractory")
    lines = table(headings, rows, class_="stacked patients")
    if patients.height <= MANY:
        return lines
    said = (
        f"The first {count(most)} of {count(patients.height)} patients" if patients.height > most else counted(patients.height, "patient")
    )
    return details(said, lines)


def _line(row: Row) -> tuple[str, ...]:
    return (
        row["patient"],
        row["best"] or ABSENT,
        row["best_confirmed"] or ABSENT,
        change(row["best_change"]),
        _day(row["response_day"]),
        _day(row["progression_day"]),
        *(_time(row, param) for param in ("pfs", "dor", "os")),
        row["refractory_class"],
    )


def change(value: float | None) -> str:
    """A change in percent with its sign."""
    return ABSENT if value is None else f"{value:+.1f}%"


def days(row: Row, param: str) -> str:
    """Days to an event, with a plus where censored."""
    found = row[f"{param}_days"]
    return ABSENT if found is None else f"{found:g}{'' if row[f'{param}_event'] else '+'}"


def _day(value: float | None) -> str:
    return ABSENT if value is None else f"day {value:g}"


def _time(row: Row, param: str) -> Markup:
    """Days, with a plus where censored, and why."""
    if row[f"{param}_days"] is None:
        return Markup(ABSENT)
    return joined([f"{days(row, param)} d ", tag("small", row[f"{param}_reason"])])


def parts(tables: Mapping[str, pl.DataFrame], unit: str, read: Sequence[str]) -> Markup:
    """The parts of the first patients, open where they are few; `read` are the columns that the criterion reads."""
    findings = [name for name in FINDINGS if name in read and name in tables["visits"].columns]
    patients = tables["patients"]
    own = {
        name: _by_patient(tables[name].filter(pl.col("patient").is_in(patients["patient"].head(MOST).implode())))
        for name in ("visits", "lesions")
    }
    shown = []
    for place, row in enumerate(patients.head(MOST).iter_rows(named=True)):
        visits, lesions = own["visits"].get(row["patient"]), own["lesions"].get(row["patient"], tables["lesions"].clear())
        if visits is not None:
            shown.append(_part(patients[place], row, visits, lesions, unit, findings, patients.height <= FEW))
    said = f"The first {count(MOST)} of {count(patients.height)} patients; the others are in the tables of the folder."
    return joined([paragraph(said) if patients.height > MOST else "", *shown])


def _by_patient(rows: pl.DataFrame) -> dict[Any, pl.DataFrame]:
    return {key[0]: own for key, own in rows.partition_by("patient", as_dict=True, maintain_order=True).items()}


def _part(
    person: pl.DataFrame, row: Row, visits: pl.DataFrame, lesions: pl.DataFrame, unit: str, findings: Sequence[str], is_open: bool
) -> Markup:
    drawing = plots.timeline(person, visits, lesions, unit)
    why = joined([tag("b", f"Refractory class: {row['refractory_class']}."), " ", _sentence(row["refractory_why"])])
    source = tag("small", f" {row['refractory_criterion']}")
    body = [figure(drawing.html()), _visits(row, visits, unit, findings), paragraph(why, source), _measurements(lesions)]
    heading = joined([tag("b", row["patient"]), f" {_summary(row, visits)}"])
    if is_open:
        return tag("details", tag("summary", heading), *body, open="open", class_="patient")
    return tag("details", tag("summary", heading), *body, class_="patient")


def _summary(row: Row, visits: pl.DataFrame) -> str:
    said = [*([row["arm"]] if row["arm"] != "all" else []), counted(visits.height, "visit"), f"best {row['best'] or ABSENT}"]
    said += [f"progression day {row['progression_day']:g}"] if row["progression_day"] is not None else []
    return " · ".join(said)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def _visits(row: Row, visits: pl.DataFrame, unit: str, findings: Sequence[str]) -> Markup:
    """Every visit with the rule that decided, in words; columns in which nothing stands are left out."""
    ordered = visits.sort("day")
    kept = [
        column for column in _columns(unit, findings) if column.always or any(column.said(visit) != ABSENT for visit in ordered.to_dicts())
    ]
    rows = [(_when(visit["day"], row.get("time_zero")), *(column.said(visit) for column in kept)) for visit in ordered.to_dicts()]
    return table(("Visit", *(column.heading for column in kept)), rows, class_="stacked visits")


@dataclass(frozen=True)
class Column:
    """A column of the visits: its heading and what stands in it."""

    heading: str
    said: Callable[[Row], str]
    always: bool = True


def _columns(unit: str, findings: Sequence[str]) -> list[Column]:
    burden, said = BURDENS.get(unit, "Sum"), printed_unit(unit)
    lesions = [
        Column("Target", lambda visit: visit["target"] or ABSENT, False),
        Column("Non-target", lambda visit: visit["non_target"] or ABSENT, False),
        Column("New", lambda visit: "yes" if visit["new"] else "no" if visit["target"] or visit["non_target"] else ABSENT, False),
    ]
    return [
        Column(f"{burden} ({said})", lambda visit: number(visit["sum_mm"], 4)),
        Column("From baseline", lambda visit: ABSENT if visit["baseline"] else change(visit["change"]), False),
        Column(f"Lowest before ({said})", lambda visit: number(visit["nadir_mm"], 4), False),
        *lesions,
        *(Column(FINDINGS[name], partial(_finding, name), False) for name in findings),
        Column("Overall", lambda visit: tag("b", visit["overall"])),
        Column("Rule", lambda visit: visit["rule"]),
    ]


def _finding(name: str, visit: Row) -> str:
    """A finding of a visit: a number, or the word behind it."""
    value = visit.get(name)
    if value is None:
        return ABSENT
    return CHANGES[name][int(value) + 1] if name in CHANGES else f"{value:g}"


def _when(day: float, zero: date | None) -> Markup:
    if zero is None:
        return Markup(f"day {day:g}")
    return joined([f"day {day:g}", Markup("<br>"), tag("small", (zero + timedelta(days=int(day))).isoformat())])


def _measurements(lesions: pl.DataFrame) -> Markup:
    """Lesions by visits as they were given."""
    if lesions.is_empty():
        return Markup("")
    days = sorted(lesions["day"].unique().to_list())
    rows = []
    for (name, kind), own in lesions.group_by("lesion", "kind", maintain_order=True):
        organ = own["organ"][0]
        seen = {cell["day"]: _cell(cell) for cell in own.iter_rows(named=True)}
        rows.append(
            (joined([str(name), tag("small", f" {kind}{f', {organ}' if organ else ''}")]), *(seen.get(day, ABSENT) for day in days))
        )
    return details("Measurements", table(("Lesion", *(f"Day {day:g}" for day in days)), rows, class_="stacked"))


def _cell(cell: Row) -> str:
    """What was seen of a lesion: millimeters, or a word."""
    size = "" if cell["diameter_mm"] is None else f"{cell['diameter_mm']:g}"
    size += f" × {cell['perpendicular_mm']:g}" if size and cell["perpendicular_mm"] is not None else ""
    if cell["status"] == "measured":
        return f"{size} mm"
    words = cell["status"].replace("_", " ")
    return f"{words} ({size} mm)" if size else words
