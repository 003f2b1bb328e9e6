"""How many CAR-T cells the blood carries over time: the median patient and the spread around it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from remission.plots.axes import Panel, decades, panel, x_axis, y_axis
from remission.plots.figure import Drawing, Figure, is_phone, without_data
from remission.plots.legend import Key, legend
from remission.plots.palette import QUIET, arm_color
from remission.plots.rounding import number, power_of_ten
from remission.plots.svg import path, polyline, ribbon, text, wrapped

VISITS = ((1, "1"), (3, "3"), (7, "7"), (14, "14"), (28, "28"), (90, "90"), (180, "180"), (365, "1 y"), (730, "2 y"), (1826, "5 y"))
SHOWN_DECADES = 6
QUANTILES = ("q05", "q25", "q50", "q75", "q95")


@dataclass(frozen=True)
class Range:
    """Days and levels the panels share."""

    first: float
    last: float
    low: float
    high: float


def kinetics_fan(kinetics: pl.DataFrame, arms: Mapping[str, str], unit: str = "", detection: float | None = None) -> Figure:
    """Quantiles of the CAR-T level in blood over days after infusion, one panel per arm, both axes logarithmic.

    `kinetics` has columns `arm, day, q05, q25, q50, q75, q95`; levels are in `unit`. Levels below the lowest decade shown (six below the
    peak) are drawn on the floor. `detection`, a level, is drawn as a line.
    """
    heading = "CAR-T cells in blood"
    shown = [(rank, key, name) for rank, (key, name) in enumerate(arms.items()) if _has_levels(kinetics, key)]
    if not shown:
        return without_data(heading, "No arm has CAR-T cells in blood.")
    bounds = _range(kinetics.filter(pl.col("arm").is_in([key for _, key, _ in shown])))

    def draw(width: float) -> Drawing:
        columns = 1 if is_phone(width) else len(shown)
        gap, size = 50.0, (width - 4) / columns
        keys = [
            Key("median", arm_color(shown[0][0])),
            Key("middle half", _tint(0), "area"),
            Key("5th to 95th percentile", _tint(1), "area"),
        ]
        parts, used = legend(keys, 4, 2, width - 8)
        height = 215.0 if columns == 1 else 300.0
        for place, (rank, key, name) in enumerate(shown):
            left, top = 4 + size * (place % columns), used + (height + 96) * (place // columns)
            lines = wrapped(name, size - gap, 13)
            parts += [text(words, left + gap, top + 18 + 17 * row, 13, font_weight=600) for row, words in enumerate(lines)]
            area = _panel(left + gap, top + 44 + 17 * len(lines), left + size - 12, top + 44 + height, bounds)
            parts += _frame(area, unit, first=place % columns == 0)
            parts += _fan(kinetics.filter(pl.col("arm") == key).sort("day"), area, rank, detection)
        rows = -(-len(shown) // columns)
        return Drawing(parts, used + (height + 96) * rows)

    return Figure(heading, _description(kinetics, shown), draw)


def _has_levels(kinetics: pl.DataFrame, arm: str) -> bool:
    own = kinetics.filter((pl.col("arm") == arm) & (pl.col("day") > 0))
    return own.height > 1 and bool((own["q95"].fill_null(0) > 0).any())


def _range(kinetics: pl.DataFrame) -> Range:
    after = kinetics.filter(pl.col("day") > 0)
    top = float(after.select(pl.max("q95")).item())
    levels = after.select(QUANTILES).cast(pl.Float64).fill_null(0.0).to_numpy()
    positive = float(levels[levels > 0].min())
    high = 10.0 ** np.ceil(np.log10(top))
    low = max(10.0 ** np.floor(np.log10(positive)), high / 10.0**SHOWN_DECADES)
    return Range(max(1.0, float(after.select(pl.min("day")).item())), float(after.select(pl.max("day")).item()), low, high)


def _panel(left: float, top: float, right: float, bottom: float, bounds: Range) -> Panel:
    return panel(left, top, right, bottom, (bounds.first, bounds.last), (bounds.low, bounds.high), log_x=True, log_y=True)


def _frame(area: Panel, unit: str, first: bool) -> list[str]:
    inside = [(day, words) for day, words in VISITS if area.x.low <= day <= area.x.high]
    apart = 26.0
    kept: list[tuple[float, str]] = []
    for day, words in inside:
        if not kept or area.x.at(day) - area.x.at(kept[-1][0]) >= apart:
            kept.append((day, words))
    levels = [(level, power_of_ten(level)) for level in decades(area.y.low, area.y.high)]
    return y_axis(area, levels, unit if first else "") + x_axis(area, kept, "days after infusion")


def _fan(own: pl.DataFrame, area: Panel, rank: int, detection: float | None) -> list[str]:
    after = own.filter(pl.col("day") >= area.x.low)
    xs = area.x.place(after["day"].to_numpy())
    levels = {name: _heights(after[name], area) for name in QUANTILES}
    color = arm_color(rank)
    parts = [
        path(ribbon(xs, levels["q05"], levels["q95"]), fill=color, fill_opacity=0.15),
        path(ribbon(xs, levels["q25"], levels["q75"]), fill=color, fill_opacity=0.3),
        path(polyline(xs, levels["q50"]), stroke=color, stroke_width=2.4, stroke_linejoin="round"),
    ]
    if detection is not None and area.y.low < detection < area.y.high:
        y = area.y.at(detection)
        parts.append(path(polyline([area.left, area.right], [y, y]), stroke=QUIET, stroke_dasharray="3 3"))
        parts.append(text("limit of detection", area.right, y - 5, 11, "end", QUIET))
    return parts


def _heights(levels: pl.Series, area: Panel) -> NDArray[np.float64]:
    return area.y.place(levels.cast(pl.Float64).fill_null(0.0).to_numpy())


def _tint(step: int) -> str:
    return ("#b3d5e8", "#d9eaf3")[step]


def _description(kinetics: pl.DataFrame, shown: list[tuple[int, str, str]]) -> str:
    said = []
    for _, key, name in shown:
        top = kinetics.filter(pl.col("arm") == key).sort("q50", descending=True, nulls_last=True).row(0, named=True)
        said.append(f"{name}: the median level peaks at {number(top['q50'])} on day {number(top['day'])}")
    return f"Fan of CAR-T levels in blood over time, quantiles 5, 25, 50, 75 and 95 percent. {'; '.join(said)}."
