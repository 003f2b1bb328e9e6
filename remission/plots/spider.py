"""The spider: how every patient's burden went on from the baseline, arm by arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from remission.durations import DAYS_PER_MONTH
from remission.plots.axes import Panel, month_ticks, panel, x_axis, y_axis
from remission.plots.figure import Drawing, Figure, is_phone, without_data
from remission.plots.labels import apart
from remission.plots.legend import Key, legend
from remission.plots.palette import INK, PAPER, QUIET
from remission.plots.responses import from_best, response_color
from remission.plots.rounding import counted
from remission.plots.sampling import by_patient, heading_of, spread
from remission.plots.svg import circle, diamond, element, line, path, polyline, text, text_width, title
from remission.plots.waterfall import span_of_changes, ticks_of_changes

MOST = 150
"""Lines in a panel, spread evenly over the patients where there are more."""
NAMED = 14
"""Lines of a panel that can be named at their ends."""


def spider(patients: pl.DataFrame, visits: pl.DataFrame, arms: Mapping[str, str], lines: Sequence[float] = (20.0, -30.0)) -> Figure:
    """One line per patient and one panel per arm: change of the burden from the baseline, percent, by month.

    `patients` has columns `patient, arm, best`, `visits` has `patient, day, change, new, overall`; a new lesion is a hollow diamond, the
    end of a line a dot. `lines` are the changes that count as progression and as response.
    """
    heading = "Change from baseline over time"
    points = visits.filter(pl.col("change").is_not_null())
    followed = points.group_by("patient").len().filter(pl.col("len") > 1)["patient"]
    known = patients.filter(pl.col("patient").is_in(followed.implode()))
    if known.is_empty():
        return without_data(heading, "No patient has a measured burden at the baseline and after it.")
    end = float(points["day"].max()) / DAYS_PER_MONTH  # pyright: ignore[reportArgumentType]
    begin = min(0.0, float(points["day"].min()) / DAYS_PER_MONTH)  # pyright: ignore[reportArgumentType]

    def draw(width: float) -> Drawing:
        words = from_best(known["best"])
        keys = [Key(word, response_color(word)) for word in words] + ([Key("new lesion", INK, "hollow")] if points["new"].any() else [])
        parts, bottom = legend(keys, 4, 2, width - 8)
        for arm, name in arms.items():
            own = known.filter(pl.col("arm") == arm)
            if not own.height:
                continue
            more, bottom = _panel(own, points, name, bottom, width, (begin, end), lines, len(arms) > 1)
            parts += more
        return Drawing(parts, bottom + 10)

    return Figure(heading, _description(known, points, arms), draw)


def _panel(
    own: pl.DataFrame, points: pl.DataFrame, name: str, top: float, width: float, months: tuple[float, float],
    lines: Sequence[float], named: bool,
) -> tuple[list[str], float]:  # fmt: skip
    shown = spread(own, MOST)
    room = 12 if own.height > NAMED else 14 + max(text_width(one, 11) for one in own["patient"])
    top += 44 if named else 26
    area = panel(52, top, width - room, top + (220 if is_phone(width) else 270), months, span_of_changes(points["change"]))
    parts = []
    if named:
        parts.append(text(heading_of(name, own.height, MOST), 4, top - 26, 13, font_weight=600))
    parts += y_axis(area, ticks_of_changes(area.y.high), "change from baseline")
    ticks = month_ticks(months[1], area.right - area.left)
    parts += x_axis(area, [(tick, f"{tick:g}") for tick in ticks], "months")
    parts += _guides(area, lines)
    ends = []
    courses = by_patient(points, shown["patient"])
    for row in shown.iter_rows(named=True):
        more, last = _course(row, courses[row["patient"]], area, faint=own.height > 40)
        parts += more
        ends.append((last, row["patient"]))
    if own.height <= NAMED:
        for y, (_, patient) in zip(apart([last[1] for last, _ in ends], 12, area.top, area.bottom), ends, strict=True):
            parts.append(text(patient, area.right + 6, y + 4, 11, fill=QUIET))
        for y, (last, _) in zip(apart([last[1] for last, _ in ends], 12, area.top, area.bottom), ends, strict=True):
            parts.append(line(last[0] + 4, last[1], area.right + 3, y, stroke=QUIET, width=0.5, stroke_dasharray="1 3"))
    return parts, area.bottom + 44


def _guides(area: Panel, lines: Sequence[float]) -> list[str]:
    parts = [line(area.left, area.y.at(0), area.right, area.y.at(0), stroke=INK, width=0.8)]
    for value in lines:
        y = area.y.at(value)
        parts.append(path(polyline([area.left, area.right], [y, y]), stroke=QUIET, stroke_dasharray="4 3"))
    return parts


def _course(row: dict, points: pl.DataFrame, area: Panel, faint: bool) -> tuple[list[str], tuple[float, float]]:
    """One patient's line with the new lesions on it, and where it ends."""
    color = response_color(row["best"])
    xs, ys = area.x.place(points["day"].to_numpy() / DAYS_PER_MONTH), area.y.place(points["change"].to_numpy())
    tip = f"{row['patient']}: best response {row['best']}, last {points['change'][-1]:+.1f}%"
    course = element(
        "path", title(tip), d=polyline(xs, ys), fill="none", stroke=color, stroke_width=1.1 if faint else 1.9, stroke_linejoin="round",
        stroke_opacity=0.65 if faint else None,
    )  # fmt: skip
    parts = [course, circle(float(xs[-1]), float(ys[-1]), 2 if faint else 3.2, tip, fill=color)]
    appeared = points["new"].arg_true()
    if len(appeared):
        first, day = int(appeared[0]), points["day"][int(appeared[0])]
        x, y = float(xs[first]), float(ys[first])
        parts.append(diamond(x, y, 5, f"{row['patient']}: new lesion, day {day:g}", fill=PAPER, stroke=INK, stroke_width=1.4))
    return parts, (float(xs[-1]), float(ys[-1]))


def _description(known: pl.DataFrame, points: pl.DataFrame, arms: Mapping[str, str]) -> str:
    said = []
    for arm, name in arms.items():
        own = points.filter(pl.col("patient").is_in(known.filter(pl.col("arm") == arm)["patient"].implode()))
        if own.height:
            people = own["patient"].n_unique()
            said.append(f"{name}: {counted(people, 'patient')}, from {own['change'].min():+.0f}% to {own['change'].max():+.0f}%")
    return f"Change of the burden from the baseline over time. {'; '.join(said)}."
