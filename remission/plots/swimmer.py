"""The swimmer: one lane per patient, colored by the response last seen, with what happened on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from remission.durations import DAYS_PER_MONTH
from remission.plots.axes import Panel, month_ticks, panel, x_axis
from remission.plots.figure import Drawing, Figure, is_phone, without_data
from remission.plots.legend import Key, legend
from remission.plots.marks import arrow, cross
from remission.plots.palette import INK, PAPER, QUIET, RULE
from remission.plots.responses import from_best, response_color
from remission.plots.rounding import counted
from remission.plots.sampling import by_patient, heading_of, spread
from remission.plots.svg import diamond, line, rect, text, text_width

MOST = 40
"""Lanes of an arm, spread evenly over the patients where there are more."""
LANE, BAR = 20.0, 11.0
DARK = "#3a4250"


def swimmer(patients: pl.DataFrame, visits: pl.DataFrame, arms: Mapping[str, str]) -> Figure:
    """Lanes by arm, longest first: the response of each visit until the next, treatment under it, and marks of what happened.

    `patients` has columns `patient, arm, best, response_day, new_therapy, death, last_contact, treatment_start, treatment_end`; `visits`
    has `patient, day, overall`. A lane ends with death (cross), or with an arrow where the patient was last known alive.
    """
    heading = "Patients over time"
    ends = visits.group_by("patient", maintain_order=True).agg(pl.col("day").min().alias("first"), pl.col("day").max().alias("last"))
    known = patients.join(ends, on="patient", how="inner", maintain_order="left")
    if known.is_empty():
        return without_data(heading, "No patient has a visit.")
    known = known.with_columns(end=pl.max_horizontal("last", "last_contact", "death", "new_therapy").fill_null(0.0))
    known = known.with_columns(end=pl.when(pl.col("death").is_not_null()).then("death").otherwise("end"))
    known = known.sort("end", descending=True, maintain_order=True)
    last = float(known["end"].max()) / DAYS_PER_MONTH  # pyright: ignore[reportArgumentType]
    first = min(0.0, float(known["first"].min()) / DAYS_PER_MONTH)  # pyright: ignore[reportArgumentType]
    words = from_best(visits["overall"])

    def draw(width: float) -> Drawing:
        keys = [Key(word, response_color(word), "area") for word in words]
        parts, bottom = legend([*keys, *_mark_keys(known)], 4, 2, width - 8)
        for arm, name in arms.items():
            own = known.filter(pl.col("arm") == arm)
            if own.height:
                more, bottom = _arm(own, visits, name if len(arms) > 1 else "", bottom, width, (first, max(last, 0.1)))
                parts += more
        return Drawing(parts, bottom + 10)

    return Figure(heading, _description(known, arms), draw)


def _mark_keys(known: pl.DataFrame) -> list[Key]:
    """Keys of the marks that occur."""
    marks = [
        ("response_day", "first response", "hollow"),
        ("new_therapy", "new therapy", "bar"),
        ("death", "death", "cross"),
        ("treatment_end", "treatment", "under"),
    ]
    keys = [Key(words, INK if mark != "under" else DARK, mark) for column, words, mark in marks if known[column].is_not_null().any()]
    return keys + ([Key("alive, still followed", INK, "arrow")] if known["death"].is_null().any() else [])


def _arm(
    own: pl.DataFrame, visits: pl.DataFrame, name: str, top: float, width: float, months: tuple[float, float]
) -> tuple[list[str], float]:
    shown = spread(own, MOST)
    phone = is_phone(width)
    size = 11 if phone else 12
    left = 12 + max(text_width(one, size) for one in shown["patient"])
    parts = []
    if name:
        top += 24
        parts.append(text(heading_of(name, own.height, MOST), 4, top, 13, font_weight=600))
    top += 10
    area = panel(min(left, width / 3), top, width - 24, top + LANE * shown.height, months, (0, 1))
    ticks = month_ticks(months[1], area.right - area.left)
    parts += [line(area.x.at(tick), area.top, area.x.at(tick), area.bottom, stroke=RULE) for tick in ticks]
    courses = by_patient(visits, shown["patient"])
    for place, row in enumerate(shown.iter_rows(named=True)):
        y = top + LANE * place + (LANE - BAR) / 2
        parts.append(text(row["patient"], area.left - 8, y + BAR - 1.5, size, "end"))
        parts += _lane(row, courses[row["patient"]].to_dicts(), y, area)
    return parts + x_axis(area, [(tick, f"{tick:g}") for tick in ticks], "months"), area.bottom + 44


def _lane(row: dict[str, Any], visits: list[dict[str, Any]], y: float, area: Panel) -> list[str]:
    def at(day: float) -> float:
        return area.x.at(day / DAYS_PER_MONTH)

    stops = [visit["day"] for visit in visits[1:]] + [max(row["end"], visits[-1]["day"])]
    parts = []
    for visit, stop in zip(visits, stops, strict=True):
        tip = f"{row['patient']}, day {visit['day']:g}: {visit['overall']}"
        parts.append(rect(at(visit["day"]), y, max(at(stop) - at(visit["day"]), 1.5), BAR, response_color(visit["overall"]), tip))
    parts.append(rect(at(visits[0]["day"]), y, at(stops[-1]) - at(visits[0]["day"]), BAR, "none", stroke=QUIET, stroke_width=0.5))
    start, stop = row["treatment_start"], row["treatment_end"]
    if stop is not None:
        begin = at(0.0 if start is None else start)
        parts.append(rect(begin, y + BAR + 1.5, max(at(stop) - begin, 1.5), 2.5, DARK, f"{row['patient']}: treatment to day {stop:g}"))
    middle = y + BAR / 2
    if row["response_day"] is not None:
        tip = f"{row['patient']}: first response, day {row['response_day']:g}"
        parts.append(diamond(at(row["response_day"]), middle, 5, tip, fill=PAPER, stroke=INK, stroke_width=1.4))
    if row["new_therapy"] is not None:
        tip = f"{row['patient']}: new therapy, day {row['new_therapy']:g}"
        parts.append(rect(at(row["new_therapy"]) - 1.5, y - 3, 3, BAR + 6, INK, tip))
    x = at(stops[-1])
    parts.append(cross(x, middle, 5, f"{row['patient']}: death, day {row['death']:g}") if row["death"] is not None else arrow(x, middle))
    return parts


def _description(known: pl.DataFrame, arms: Mapping[str, str]) -> str:
    said = []
    for arm, name in arms.items():
        own = known.filter(pl.col("arm") == arm)
        if own.height:
            died = int(own["death"].is_not_null().sum())
            said.append(f"{name}: {counted(own.height, 'patient')}, longest {own['end'].max():g} days, {counted(died, 'death')}")
    return f"One lane per patient, colored by the response last seen. {'; '.join(said)}."
