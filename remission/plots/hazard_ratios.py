"""Hazard ratios by group: a square at the ratio, a line for its interval, on a logarithmic axis with one in the middle."""

import math

import polars as pl

from remission.plots.axes import Panel, panel, x_axis
from remission.plots.figure import Drawing, Figure, is_phone, without_data
from remission.plots.palette import INK, PAPER, QUIET, RULE, arm_color
from remission.plots.rounding import ABSENT, count
from remission.plots.svg import line, rect, text, text_width, wrapped

STEP, LINE = 25.0, 14.0
HALVINGS = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
TICKS = (0.125, 0.25, 0.5, 0.7, 1.0, 1.4, 2.0, 4.0, 8.0)


def hazard_ratios(rows: pl.DataFrame, first: str, second: str, name: str = "Hazard ratios") -> Figure:
    """One row per group under the heading of its endpoint; the ratio is that of arm `first` against arm `second`.

    `rows` has columns `endpoint, group, n, events, ratio, low, high`; a ratio that is null could not be estimated and says so. The area
    of a square grows with the events.
    """
    known = rows.drop_nulls(["ratio", "low", "high"])
    if known.is_empty():
        return without_data(name, "No hazard ratio could be estimated.")
    ends = _ends(known)
    largest = max(1, int(known["events"].max()))  # type: ignore[arg-type]

    def draw(width: float) -> Drawing:
        left, right, size = (128.0, width - 122, 11.5) if is_phone(width) else (290.0, width - 250, 13.0)
        ticks = [(tick, f"{tick:g}") for tick in (HALVINGS if is_phone(width) else TICKS) if ends[0] <= tick <= ends[1]]
        parts, headings, placed, y = [text("ratio (95% interval)", right + 14, 14, 11, fill=QUIET)], [], [], 14.0
        if not is_phone(width):
            parts.append(text("events / patients", width - 4, 14, 11, "end", QUIET))
        for endpoint in rows["endpoint"].unique(maintain_order=True):
            y += 28
            headings.append(rect(4, y - size, text_width(endpoint, size) + 6, size + 4, PAPER))
            headings.append(text(endpoint, 4, y, size, font_weight=600))
            for row in rows.filter(pl.col("endpoint") == endpoint).iter_rows(named=True):
                y += STEP
                placed.append((row, y))
                y += LINE * (len(wrapped(row["group"], left - 26, size)) - 1)
        area = panel(left, 22, right, y + 14, ends, (0, 1), log_x=True)
        parts += [line(area.x.at(tick), area.top, area.x.at(tick), area.bottom, stroke=RULE) for tick, _ in ticks]
        parts += [line(area.x.at(1), area.top, area.x.at(1), area.bottom, stroke=INK, stroke_dasharray="4 3")]
        parts += [*x_axis(area, ticks, ""), *headings]
        parts += _sides(area, first, second, size if is_phone(width) else 12.0)
        for row, place in placed:
            parts += _row(row, place, area, width, size, largest)
        return Drawing(parts, y + 62)

    return Figure(name, _description(rows, first, second), draw)


def _ends(known: pl.DataFrame) -> tuple[float, float]:
    """Round ends of the axis, alike on both sides of one in ratio, that hold the squares and most of the lines."""
    ratios = [abs(math.log(value)) for column in ("ratio", "low", "high") for value in known[column] if value > 0]
    widest = min(max(ratios), math.log(8))
    end = next(tick for tick in TICKS if tick > 1 and math.log(tick) >= widest - 1e-9)
    return 1 / end, end


def _sides(area: Panel, first: str, second: str, size: float) -> list[str]:
    """Which arm does better on which side, under the axis."""
    y, middle = area.bottom + 36, area.x.at(1)
    return [text(f"← {first} better", middle - 10, y, size, "end", QUIET), text(f"{second} better →", middle + 10, y, size, fill=QUIET)]


def _row(row: dict, y: float, area: Panel, width: float, size: float, largest: int) -> list[str]:
    parts = [text(said, 16, y + LINE * place, size) for place, said in enumerate(wrapped(row["group"], area.left - 26, size))]
    if not is_phone(width):
        parts.append(text(f"{count(row['events'])} / {count(row['n'])}", width - 4, y, 12, "end", QUIET))
    if row["ratio"] is None:
        return [*parts, text("not estimable", area.left + 4, y, size, fill=QUIET)]
    middle, color = y - 4, arm_color(0)
    low, high = row["low"], row["high"]
    parts.append(line(area.x.at(low), middle, area.x.at(high), middle, stroke=color, width=2))
    side = 4 + 8 * (row["events"] / largest) ** 0.5
    said = f"{row['ratio']:.2f} ({low:.2f}–{high:.2f})" if low is not None else ABSENT
    tip = f"{row['endpoint']}, {row['group']}: {said}, {count(row['events'])} events in {count(row['n'])} patients"
    parts.append(rect(area.x.at(row["ratio"]) - side / 2, middle - side / 2, side, side, color, tip))
    return [*parts, text(said, area.right + 14, y, size)]


def _description(rows: pl.DataFrame, first: str, second: str) -> str:
    said = [
        f"{row['endpoint']}, {row['group']}: "
        + ("not estimable" if row["ratio"] is None else f"{row['ratio']:.2f} ({row['low']:.2f} to {row['high']:.2f})")
        for row in rows.iter_rows(named=True)
    ]
    return f"Hazard ratios of {first} against {second}. {'; '.join(said)}."
