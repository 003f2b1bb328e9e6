"""The waterfall: every patient's largest change of the burden, from most growth to most shrinkage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from remission.plots.axes import Panel, panel, y_axis
from remission.plots.figure import Drawing, Figure, is_phone, without_data
from remission.plots.legend import Key, legend
from remission.plots.palette import INK, QUIET, arm_color
from remission.plots.responses import from_best, response_color
from remission.plots.rounding import count, counted
from remission.plots.sampling import spread
from remission.plots.svg import line, path, polyline, rect, text, text_width

HIGHEST = 100.0
"""Percent of growth beyond which a bar is cut."""
MOST = 300
"""Bars, spread evenly over the patients where there are more."""
NAMED = 9.0
"""Pixels of a bar from which its patient is named under it."""
GAP = 0.18


def waterfall(patients: pl.DataFrame, arms: Mapping[str, str], lines: Sequence[float] = (20.0, -30.0)) -> Figure:
    """One bar per patient: the best change of the burden from the baseline, percent, before progression.

    `patients` has columns `patient, arm, best, best_change`; `arms` maps names to titles. `lines` are the changes that count as
    progression and as response. Patients without a burden after the baseline are counted in words.
    """
    drawn = patients.filter(pl.col("best_change").is_not_null()).sort("best_change", descending=True, maintain_order=True)
    heading = "Best change from baseline"
    missing = patients.height - drawn.height
    if drawn.is_empty():
        return without_data(heading, "No patient has a measured burden at the baseline and after it.")

    def draw(width: float) -> Drawing:
        bars = spread(drawn, MOST)
        parts, used = legend(_keys(drawn, arms), 4, 2, width - 8)
        top = used + 28
        area = panel(52, top, width - 44, top + (230 if is_phone(width) else 300), (0, bars.height), span_of_changes(drawn["best_change"]))
        parts += y_axis(area, ticks_of_changes(area.y.high), "change from baseline")
        parts += _guides(area, lines) + _bars(bars, area)
        parts.append(line(area.left, area.y.at(0), area.right, area.y.at(0), stroke=INK))
        below, bottom = _names(bars, area, arms)
        parts += below
        for said in _left_out(drawn.height, missing):
            bottom += 20
            parts.append(text(said, 4, bottom, 12, fill=QUIET))
        return Drawing(parts, bottom + 12)

    return Figure(heading, _description(drawn, missing), draw)


def _left_out(drawn: int, missing: int) -> list[str]:
    said = [f"{MOST} of {count(drawn)} patients drawn, spread evenly"] if drawn > MOST else []
    return said + ([f"{counted(missing, 'patient')} without a sum after baseline: not drawn"] if missing else [])


def _keys(drawn: pl.DataFrame, arms: Mapping[str, str]) -> list[Key]:
    keys = [Key(word, response_color(word), "area") for word in from_best(drawn["best"])]
    return keys + ([Key(title, arm_color(rank), "dot") for rank, title in enumerate(arms.values())] if len(arms) > 1 else [])


def span_of_changes(changes: pl.Series) -> tuple[float, float]:
    """From -100 % (nothing left) to the most growth there is: at least to 50 %, at most to `HIGHEST`."""
    most = float(changes.max())  # pyright: ignore[reportArgumentType]
    return -100.0, 50.0 if most <= 50 else HIGHEST


def ticks_of_changes(high: float) -> list[tuple[float, str]]:
    """Every 50 % from -100 % up."""
    return [(float(value), f"{value:+d}%" if value else "0") for value in range(-100, int(high) + 1, 50)]


def _guides(area: Panel, lines: Sequence[float]) -> list[str]:
    parts = []
    for value in lines:
        if area.y.low <= value <= area.y.high:
            y = area.y.at(value)
            parts.append(path(polyline([area.left, area.right], [y, y]), stroke=QUIET, stroke_dasharray="4 3"))
            parts.append(text(f"{value:+g}%", area.right + 6, y + 4, 11, fill=QUIET))
    return parts


def _bars(drawn: pl.DataFrame, area: Panel) -> list[str]:
    step, zero, parts = (area.right - area.left) / drawn.height, area.y.at(0), []
    gap = GAP * step if step > 3 else 0.0
    for place, row in enumerate(drawn.iter_rows(named=True)):
        end = area.y.at(row["best_change"])
        cut = f" (bar cut at {HIGHEST:g}%)" if row["best_change"] > HIGHEST else ""
        tip = f"{row['patient']}, {row['arm']}: {row['best_change']:+.1f}%{cut}, best response {row['best']}"
        start = area.left + place * step + gap / 2
        flat = abs(end - zero) < 1.5
        y, height = (zero - 0.75, 1.5) if flat else (min(end, zero), abs(end - zero))
        parts.append(rect(start, y, step - gap, height, response_color(row["best"]), tip))
        if cut and step > 12:
            parts.append(text(f"{row['best_change']:+.0f}%", start + (step - gap) / 2, end - 4, 10, "middle"))
    return parts


def _names(drawn: pl.DataFrame, area: Panel, arms: Mapping[str, str]) -> tuple[list[str], float]:
    """Under the bars: a dot in the color of the arm, and the patient, where there is room."""
    step, parts, bottom = (area.right - area.left) / drawn.height, [], area.bottom
    order = {arm: rank for rank, arm in enumerate(arms)}
    if len(arms) > 1:
        bottom += 14
        for place, arm in enumerate(drawn["arm"]):
            x = area.left + place * step
            size = min(step * (1 - GAP), 10)
            parts.append(rect(x + (step - size) / 2, bottom - 8, size, 8, arm_color(order.get(arm, 0)), rx=min(size / 2, 4)))
    if step < NAMED:
        return parts, bottom
    longest = max(text_width(name, 11) for name in drawn["patient"])
    flat = longest < step - 4
    for place, name in enumerate(drawn["patient"]):
        x = area.left + (place + 0.5) * step
        turned = {} if flat else {"transform": f"rotate(-90 {x + 4:.1f} {bottom + 8:.1f})"}
        parts.append(text(name, x if flat else x + 4, bottom + (16 if flat else 8), 11, "middle" if flat else "end", **turned))
    return parts, bottom + (18 if flat else longest + 10)


def _description(drawn: pl.DataFrame, missing: int) -> str:
    shrunk = int((drawn["best_change"] < 0).sum())
    said = f"Best change from baseline of {counted(drawn.height, 'patient')}: {shrunk} with shrinkage"
    said += f", from {drawn['best_change'].max():+.1f}% to {drawn['best_change'].min():+.1f}%"
    return f"{said}. {counted(missing, 'patient')} without a sum after baseline." if missing else f"{said}."
