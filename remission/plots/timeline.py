"""One patient: the burden and every lesion over time, the response of each visit, and what happened beside the scans."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from remission.plots.axes import Panel, panel, x_axis, y_axis
from remission.plots.figure import Drawing, Figure, is_phone
from remission.plots.labels import apart
from remission.plots.legend import Key, legend
from remission.plots.marks import cross
from remission.plots.palette import ARM_COLORS, INK, PAPER, QUIET, RULE, ink_on
from remission.plots.responses import from_best, response_color
from remission.plots.rounding import counted, number
from remission.plots.rounding import unit as printed_unit
from remission.plots.svg import circle, diamond, line, path, polyline, rect, text, text_width

BURDENS = {"mm": "sum of targets", "mm2": "sum of products", "%": "marrow blasts"}
CHIP = 18.0
LESION = "#8c95a3"
FOLLOWED = ("target", "target-node")


def timeline(patient: pl.DataFrame, visits: pl.DataFrame, lesions: pl.DataFrame, unit: str = "mm") -> Figure:
    """Above, the response of every visit; then the burden (thick) and the targets it is made of (thin), by day; below, what happened.

    `patient` is one row of the patients, `visits` and `lesions` are that patient's rows of the tables of an assessment. `unit` is that of
    the burden.
    """
    person = patient.to_dicts()[0]
    seen = visits.sort("day").to_dicts()
    heading = f"Patient {person['patient']}"
    days = [visit["day"] for visit in seen]
    happened = _events(person)
    every = [*days, *(day for day, _ in happened), 0.0]
    ends = (min(every), max(every) if max(every) > min(every) else min(every) + 1)

    def draw(width: float) -> Drawing:
        phone = is_phone(width)
        keys, parts = _keys(seen, lesions, unit), []
        more, used = legend(keys, 4, 2, width - 8)
        parts += more
        names = _courses(lesions)
        room = 10 + max((text_width(name, 11) for name in names), default=0) if names and unit == "mm" else 14
        left, right = 46.0, width - min(max(room, 18), width / 3)
        top = used + 14
        area = panel(left, top + CHIP + 26, right, top + CHIP + 26 + _height(seen, phone), ends, (0, _highest(seen, lesions, unit)))
        parts += _chips(seen, area, top, width)
        if _has_burden(seen):
            parts += y_axis(
                area,
                _ticks(area.y.high),
                f"{BURDENS.get(unit, 'burden')} ({printed_unit(unit)})" if not phone else printed_unit(unit),
            )
            parts += _lesion_lines(lesions, area, unit) + _burden(seen, area, unit)
        parts += x_axis(area, [(day, f"{day:g}") for day in _day_ticks(*ends, area.right - area.left)], "days from time zero")
        below, bottom = _happenings(person, happened, area, area.bottom + 52, width)
        return Drawing(parts + below, bottom + 8)

    return Figure(heading, _description(person, seen), draw)


def _has_burden(seen: list[dict[str, Any]]) -> bool:
    return any(visit["sum_mm"] is not None for visit in seen)


def _height(seen: list[dict[str, Any]], phone: bool) -> float:
    return (170.0 if phone else 220.0) if _has_burden(seen) else 8.0


def _highest(seen: list[dict[str, Any]], lesions: pl.DataFrame, unit: str) -> float:
    sums = [visit["sum_mm"] for visit in seen if visit["sum_mm"] is not None]
    sizes = lesions.filter(pl.col("kind").is_in(FOLLOWED))["size_mm"].drop_nulls().to_list() if unit == "mm" else []
    return max([*sums, *sizes, 1.0]) * 1.08


def _ticks(highest: float) -> list[tuple[float, str]]:
    """Round steps, four or five of them."""
    rough = highest / 4
    size = 10.0 ** np.floor(np.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough * 0.8)
    return [(float(value), number(float(value), 4)) for value in np.arange(0, highest + 1e-9, step)]


def _day_ticks(first: float, last: float, width: float) -> list[float]:
    """Days worth a tick: multiples of a week, four weeks or more, at least 52 pixels apart."""
    span = max(last - first, 1e-9)
    steps = [step for step in (1, 7, 14, 28, 56, 84, 168, 336, 728, 1820, 3640, 18200) if width * step / span >= 52]
    step = steps[0] if steps else span
    return [float(day) + 0.0 for day in np.arange(np.ceil(first / step) * step, last + 1e-9, step)]


def _keys(seen: list[dict[str, Any]], lesions: pl.DataFrame, unit: str) -> list[Key]:
    keys = [Key(word, response_color(word), "area") for word in from_best(visit["overall"] for visit in seen) if word != "baseline"]
    if _has_burden(seen):
        keys.append(Key(BURDENS.get(unit, "burden"), INK))
        if unit == "mm" and _courses(lesions):
            keys.append(Key("each target", LESION))
    return keys + ([Key("new lesion", INK, "hollow")] if any(visit["new"] for visit in seen) else [])


def _courses(lesions: pl.DataFrame) -> list[str]:
    own = lesions.filter(pl.col("kind").is_in(FOLLOWED) & pl.col("size_mm").is_not_null())
    return own["lesion"].unique(maintain_order=True).to_list()


def _chips(seen: list[dict[str, Any]], area: Panel, top: float, width: float) -> list[str]:
    """The responses in a row at the days of their visits, written where there is room."""
    parts, free = [], -1e9
    for visit in seen:
        x = area.x.at(visit["day"])
        said = "BL" if visit["overall"] == "baseline" else visit["overall"]
        fill = response_color(visit["overall"])
        size = text_width(said, 11) + 10
        tip = f"day {visit['day']:g}: {visit['overall']}. {visit['rule']}"
        parts.append(line(x, top + CHIP, x, area.bottom, stroke=RULE))
        start = min(max(x - size / 2, 2.0), width - 2 - size)
        if start > free + 2:
            parts.append(rect(start, top, size, CHIP, fill, tip, rx=3, stroke=QUIET, stroke_width=0.4))
            parts.append(text(said, start + size / 2, top + 13, 11, "middle", ink_on(fill), font_weight=600, pointer_events="none"))
            free = start + size
        else:
            parts.append(rect(x - 2, top + 4, 4, CHIP - 4, fill, tip, stroke=QUIET, stroke_width=0.4))
            free = max(free, x + 2)
    return parts


def _burden(seen: list[dict[str, Any]], area: Panel, unit: str) -> list[str]:
    known = [visit for visit in seen if visit["sum_mm"] is not None]
    xs, ys = area.x.place([visit["day"] for visit in known]), area.y.place([visit["sum_mm"] for visit in known])
    parts = [path(polyline(xs, ys), stroke=INK, stroke_width=2.4, stroke_linejoin="round")] if len(known) > 1 else []
    for x, y, visit in zip(xs.tolist(), ys.tolist(), known, strict=True):
        change = "" if visit["change"] is None else f", {visit['change']:+.1f}% from baseline"
        tip = f"day {visit['day']:g}: {number(visit['sum_mm'], 4)} {printed_unit(unit)}{change}"
        parts.append(circle(x, y, 4, tip, fill=INK))
    return parts + _new_lesions(seen, area)


def _new_lesions(seen: list[dict[str, Any]], area: Panel) -> list[str]:
    """A hollow diamond at the visit at which a new lesion is first seen."""
    first = next((visit for visit in seen if visit["new"]), None)
    if first is None:
        return []
    y = area.top - 10
    return [diamond(area.x.at(first["day"]), y, 5.5, f"day {first['day']:g}: new lesion", fill=PAPER, stroke=INK, stroke_width=1.5)]


def _lesion_lines(lesions: pl.DataFrame, area: Panel, unit: str) -> list[str]:
    """Each target by itself, named at its end; where the burden is no length they share no axis and are left to the table."""
    if unit != "mm":
        return []
    parts, ends = [], []
    own = lesions.filter(pl.col("kind").is_in(FOLLOWED))
    for name in _courses(lesions):
        rows = own.filter((pl.col("lesion") == name) & pl.col("size_mm").is_not_null()).sort("day")
        xs, ys = area.x.place(rows["day"].to_numpy()), area.y.place(rows["size_mm"].to_numpy())
        parts.append(path(polyline(xs, ys), stroke=LESION, stroke_width=1.2))
        parts += [
            circle(float(x), float(y), 2.2, f"{name}, day {day:g}: {size:g} mm", fill=LESION)
            for x, y, day, size in zip(xs, ys, rows["day"], rows["size_mm"], strict=True)
        ]
        ends.append((float(xs[-1]), float(ys[-1]), name))
    places = apart([y for _, y, _ in ends], 12, area.top, area.bottom)
    return parts + [text(name, area.right + 6, y + 4, 11, fill=QUIET) for y, (_, _, name) in zip(places, ends, strict=True)]


def _events(person: dict[str, Any]) -> list[tuple[float, str]]:
    """What happened beside the scans, in order of days."""
    names = {
        "treatment_start": "treatment starts",
        "treatment_end": "treatment ends",
        "radiation_end": "radiation ends",
        "response_day": "first response",
        "progression_day": "progression",
        "new_therapy": "new therapy",
        "last_contact": "last contact",
        "death": "death",
    }
    happened = [(person[key], words) for key, words in names.items() if person.get(key) is not None]
    if person.get("death") is not None:
        happened = [(day, words) for day, words in happened if words != "last contact"]
    return sorted(happened, key=lambda one: one[0])


def _happenings(person: dict[str, Any], happened: list[tuple[float, str]], area: Panel, y: float, width: float) -> tuple[list[str], float]:
    """The bar of the treatment and a mark with words for each event, one line each."""
    parts = []
    stop = person.get("treatment_end")
    if stop is not None or person.get("treatment_start") is not None:
        begin, end = area.x.at(person.get("treatment_start") or 0.0), area.x.at(area.x.high if stop is None else stop)
        parts.append(rect(begin, y, max(end - begin, 2), 7, ARM_COLORS[0], "treatment", fill_opacity=0.55))
        parts.append(text("treatment", max(begin, 4), y + 19, 11, fill=QUIET))
        y += 28
    for day, words in happened:
        if words.startswith("treatment"):
            continue
        x, said = area.x.at(day), f"{words}, day {day:g}"
        parts.append(cross(x, y, 4.5) if words == "death" else circle(x, y, 4, fill=PAPER, stroke=INK, stroke_width=1.5))
        beside = text_width(said, 12)
        if x + 12 + beside <= width - 4:
            parts.append(text(said, x + 12, y + 4, 12))
        else:
            parts.append(text(said, x - 12, y + 4, 12, "end"))
        y += 18
    return parts, y


def _description(person: dict[str, Any], seen: list[dict[str, Any]]) -> str:
    said = ", ".join(f"day {visit['day']:g} {visit['overall']}" for visit in seen)
    return f"Patient {person['patient']}, {counted(len(seen), 'visit')}: {said}. Best response {person['best']}."
