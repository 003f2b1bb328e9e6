"""Subgroups: the estimate in each level of each variable, beside the estimate in everyone."""

from dataclasses import dataclass

import polars as pl

from remission.plots.axes import Panel, panel, x_axis
from remission.plots.figure import Drawing, Figure, is_phone, without_data
from remission.plots.palette import INK, QUIET, RULE, arm_color
from remission.plots.rounding import count, percent, percent_interval, words
from remission.plots.svg import line, rect, text, wrapped

LINE = 14.0
TICKS = [(value / 100, f"{value}%") for value in (0, 20, 40, 60, 80, 100)]


@dataclass(frozen=True)
class Layout:
    """Where labels, marks and numbers stand at a width."""

    plot_left: float
    plot_right: float
    step: float
    size: float


def forest(
    subgroups: pl.DataFrame, arm: str, endpoint: str, name: str | None = None, everyone: float | None = None, rank: int = 0
) -> Figure:
    """One row per level: a square at the share, its area growing with the patients, and a line for the interval.

    `subgroups` has columns `arm, variable, level, n, x, value, low, high, endpoint`; `everyone` is the share in the whole arm, drawn
    as a dashed line. Levels without patients say so.
    """
    heading = f"{name or words(endpoint)} by subgroup"
    own = subgroups.filter((pl.col("arm") == arm) & (pl.col("endpoint") == endpoint))
    if own.is_empty():
        return without_data(heading, "No subgroup was read in this arm.")
    largest = max(1.0, *own["n"].cast(pl.Float64).to_list())
    variables = own["variable"].unique(maintain_order=True).to_list()

    def draw(width: float) -> Drawing:
        layout = _layout(width)
        y, rows = 14.0, []
        parts = [text("with / all" if _is_counted(own) and not is_phone(width) else "patients", width - 4, y, 11, "end", QUIET)]
        for variable in variables:
            y += 26
            parts.append(text(words(variable), 4, y, 13, font_weight=600))
            for row in own.filter(pl.col("variable") == variable).iter_rows(named=True):
                y += layout.step
                rows.append((row, y))
                y += LINE * (len(_label(row, layout)) - 1)
        area = panel(layout.plot_left, 22, layout.plot_right, y + 14, (0, 1), (0, 1))
        parts += _reference(area, _ticks(width), everyone) + x_axis(area, _ticks(width), name or words(endpoint))
        for row, place in rows:
            parts += _row(row, place, area, layout, width, largest, arm_color(rank))
        return Drawing(parts, y + 62)

    return Figure(heading, _description(own, heading), draw)


def _layout(width: float) -> Layout:
    if is_phone(width):
        return Layout(132, width - 124, 26, 11.5)
    return Layout(270, width - 240, 26, 13)


def _ticks(width: float) -> list[tuple[float, str]]:
    return [TICKS[0], (0.5, "50%"), TICKS[-1]] if is_phone(width) else TICKS


def _is_counted(own: pl.DataFrame) -> bool:
    return bool(own["x"].is_not_null().any())


def _reference(area: Panel, ticks: list[tuple[float, str]], everyone: float | None) -> list[str]:
    parts = [line(area.x.at(value), area.top, area.x.at(value), area.bottom, stroke=RULE) for value, _ in ticks]
    if everyone is None:
        return parts
    x = area.x.at(everyone)
    return [*parts, line(x, area.top, x, area.bottom, stroke=INK, stroke_dasharray="4 3"), text("all", x, area.top - 6, 11, "middle")]


def _label(row: dict, layout: Layout) -> list[str]:
    return wrapped(str(row["level"]), layout.plot_left - 24, layout.size)


def _row(row: dict, y: float, area: Panel, layout: Layout, width: float, largest: float, color: str) -> list[str]:
    parts = [text(words_, 16, y + LINE * place, layout.size) for place, words_ in enumerate(_label(row, layout))]
    if row["value"] is None:
        return [*parts, text("no patients" if not row["n"] else "not reached", area.left + 4, y, layout.size, fill=QUIET)]
    middle, x = y - 4, area.x.at(row["value"])
    if row["low"] is not None and row["high"] is not None:
        parts.append(line(area.x.at(row["low"]), middle, area.x.at(row["high"]), middle, stroke=color, width=2))
    side = 5 + 7 * (row["n"] / largest) ** 0.5
    said = f"{percent(row['value'])} ({percent_interval(row['low'], row['high'])})"
    tip = f"{row['variable']}, {row['level']}: {said}, {count(row['n'])} patients"
    parts.append(rect(x - side / 2, middle - side / 2, side, side, color, tip))
    if not is_phone(width):
        numbers = f"{count(row['x'])} / {count(row['n'])}" if row["x"] is not None else count(row["n"])
        return [*parts, text(said, area.right + 14, y, 13), text(numbers, width - 4, y, 12, "end", QUIET)]
    return [*parts, text(said, area.right + 8, y, 11), text(count(row["n"]), width - 4, y, 11, "end", QUIET)]


def _description(own: pl.DataFrame, heading: str) -> str:
    said = [f"{row['variable']} {row['level']}: {percent(row['value'])} of {row['n']}" for row in own.iter_rows(named=True)]
    return f"{heading}. {'; '.join(said)}."
