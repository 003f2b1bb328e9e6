"""Simulated endpoints beside published ones, with the interval of each."""

import polars as pl

from remission.plots.axes import Panel, panel, x_axis
from remission.plots.figure import Drawing, Figure, is_phone, without_data
from remission.plots.forest import TICKS
from remission.plots.legend import Key, legend
from remission.plots.palette import ARM_COLORS, INK, QUIET, RULE
from remission.plots.rounding import percent, percent_interval, words
from remission.plots.svg import circle, diamond, line, rect, text

ROLES = {
    "calibrate": "Calibrated on",
    "validate": "Validation: never fitted",
    "transport": "Transport: another product or population",
}
COLOR = ARM_COLORS[0]
COLUMNS = ("name", "label", "role", "simulated", "low", "high", "published", "published_low", "published_high", "n", "source", "inside")


def endpoints_versus_published(compared: pl.DataFrame, name: str = "Endpoints beside published values") -> Figure:
    """One row per published share: a dot in a bar for the estimate and its 95 % interval, a diamond on a line for the trial.

    `compared` has the columns `COLUMNS` (shares between 0 and 1; `simulated, low, high` of this run, `inside` true, false or null) and is
    grouped by `role`. A row whose published value lies outside the predicted range says so in words.
    """
    own = compared.filter(pl.col("simulated").is_not_null() & pl.col("published").is_between(0, 1))
    if own.is_empty():
        return without_data(name, "No published share has a counterpart in this run.")
    roles = [role for role in [*ROLES, *own["role"].unique(maintain_order=True).to_list()] if (own["role"] == role).any()]
    roles = list(dict.fromkeys(roles))

    def draw(width: float) -> Drawing:
        phone = is_phone(width)
        left, right, step = (4.0, width - 86, 44.0) if phone else (330.0, width - 180, 28.0)
        keys = [Key("simulated, 95% interval", COLOR, "dot"), Key("published, with its limits", INK, "diamond")]
        parts, y = legend(keys, 4, 2, width - 8)
        placed = []
        for role in roles:
            y += 30
            parts.append(text(ROLES.get(role, words(role)), 4, y, 13, font_weight=600))
            for row in own.filter(pl.col("role") == role).iter_rows(named=True):
                y += step
                placed.append((row, y))
        area = panel(left + 8, 30 + legend(keys, 4, 2, width - 8)[1], right, y + 12, (0, 1), (0, 1))
        rules = [line(area.x.at(value), area.top, area.x.at(value), area.bottom, stroke=RULE) for value, _ in TICKS]
        parts.append(text("simulated | published", width - 4, area.top - 6, 11, "end", QUIET))
        parts = rules + parts + x_axis(area, TICKS if not phone else [TICKS[0], (0.5, "50%"), TICKS[-1]], "share of patients")
        for row, place in placed:
            parts += _row(row, place, area, width)
        return Drawing(parts, y + 58)

    return Figure(name, _description(own), draw)


def _row(row: dict, y: float, area: Panel, width: float) -> list[str]:
    phone, middle = is_phone(width), y - 4
    said = f"{percent(row['simulated'])} | {percent(row['published'])}"
    outside = row["inside"] is False
    parts = [text(row["label"], 12, y - 20 if phone else y, 12 if phone else 13)]
    parts.append(text(said, width - 4, y, 12 if phone else 13, "end", font_weight=700 if outside else None))
    if outside:
        parts.append(
            text("outside", width - 4 if phone else area.right + 14, y - 20 if phone else y, 12, "end" if phone else "start", "#a3361a")
        )
    elif row["inside"] and not phone:
        parts.append(text("inside", area.right + 14, y, 12, fill=QUIET))
    return parts + _simulated(row, middle, area) + _published(row, middle, area)


def _simulated(row: dict, middle: float, area: Panel) -> list[str]:
    parts = []
    if row["low"] is not None and row["high"] is not None:
        start, end = area.x.at(row["low"]), area.x.at(row["high"])
        parts.append(rect(start, middle - 5, end - start, 10, COLOR, fill_opacity=0.28, rx=2))
    tip = f"{row['label']}, simulated: {percent(row['simulated'], 1)} ({percent_interval(row['low'], row['high'])})"
    return [*parts, circle(area.x.at(row["simulated"]), middle, 4.6, tip, fill=COLOR)]


def _published(row: dict, middle: float, area: Panel) -> list[str]:
    parts = []
    if row["published_low"] is not None and row["published_high"] is not None:
        parts.append(line(area.x.at(row["published_low"]), middle, area.x.at(row["published_high"]), middle, stroke=INK, width=1.3))
    size = f", n {row['n']}" if row["n"] else ""
    limits = percent_interval(row["published_low"], row["published_high"])
    tip = f"{row['name']}: {percent(row['published'])} ({limits}){size}, {row['source']}"
    return [*parts, diamond(area.x.at(row["published"]), middle, 5.2, tip, fill=INK, stroke="#fff", stroke_width=1)]


def _description(own: pl.DataFrame) -> str:
    said = [
        f"{row['label']}: simulated {percent(row['simulated'])}, published {percent(row['published'])}" for row in own.iter_rows(named=True)
    ]
    return f"Simulated beside published shares. {'; '.join(said)}."
