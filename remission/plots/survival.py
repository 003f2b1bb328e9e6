"""Kaplan-Meier curves with their bands, published points, and the numbers at risk under the axis."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from remission.durations import DAYS_PER_MONTH
from remission.plots.axes import SHARE_TICKS, Panel, month_ticks, panel, x_axis, y_axis
from remission.plots.figure import Drawing, Figure, is_phone, without_data
from remission.plots.legend import Key, legend
from remission.plots.palette import INK, PAPER, QUIET, arm_color, arm_dash
from remission.plots.published import whole_arm
from remission.plots.rounding import count, months, percent, percent_interval, words
from remission.plots.svg import diamond, element, line, path, polyline, ribbon, staircase, text, title, wrapped
from remission.response.survival import Curve, bands, number_at_risk, quantile, survival_at
from remission.response.survival import kaplan_meier as estimate_curve


@dataclass(frozen=True)
class ArmCurve:
    """One arm's curve: `months` is every patient's time, `rank` its place among the arms, which gives it its color."""

    name: str
    rank: int
    months: NDArray[np.float64]
    curve: Curve
    censored: NDArray[np.float64]
    """Months at which watching ended without the event."""


def kaplan_meier(
    times: pl.DataFrame,
    endpoint: str,
    arms: Mapping[str, str],
    published: pl.DataFrame | None = None,
    last_month: float | None = None,
    variance_scale: Mapping[str, float] | None = None,
    name: str | None = None,
    censoring: bool = False,
) -> Figure:
    """Share of patients free of the event over time, one curve per arm.

    `times` has columns `arm, param, days, event`, of which `param == endpoint` is drawn; `arms` maps keys to titles, in the order of
    colors. `published` (columns of the targets) adds values seen at a month, with their limits where printed. The band is the 95 %
    log-log interval of the simulated patients, or, with `variance_scale` (simulated over designed patients per arm), of a trial of
    the designed size. `last_month` cuts the axis. `censoring` marks the times at which watching ended.
    """
    heading = name or words(endpoint)
    curves = _curves(times.filter(pl.col("param") == endpoint), arms)
    if not curves:
        return without_data(heading, f"No patient has a time for {heading.lower()}.")
    end = last_month or max(1.0, float(np.ceil(max(one.months.max() for one in curves))))
    seen = _published(published, endpoint, curves, list(arms), end)
    scales = dict(variance_scale or {})
    by_rank = {one.rank: scales.get(key, 1.0) for key, one in zip(_keys(curves, arms), curves, strict=True)}

    def draw(width: float) -> Drawing:
        keys = [Key(f"{one.name} ({count(one.months.size)})", arm_color(one.rank), dash=arm_dash(one.rank)) for one in curves]
        keys += _published_keys(seen)
        parts, used = legend(keys, 4, 2, width - 8)
        area = panel(46, used + 14, width - 16, used + (300 if is_phone(width) else 390), (0, end), (0, 1))
        ticks = month_ticks(end, area.right - area.left)
        parts += y_axis(area, SHARE_TICKS) + x_axis(area, [(tick, f"{tick:g}") for tick in ticks], "months")
        parts += [_band(one, area, by_rank[one.rank]) for one in curves] + [_curve(one, area) for one in curves]
        parts += [mark for one in curves for mark in _censoring(one, area)] if censoring else []
        parts += _points(seen, area, 5 if is_phone(width) else 9)
        risk, bottom = _at_risk(curves, area, ticks, width)
        return Drawing(parts + risk, bottom)

    return Figure(heading, _description(heading, curves), draw)


def _curves(times: pl.DataFrame, arms: Mapping[str, str]) -> list[ArmCurve]:
    found = []
    for rank, (key, name) in enumerate(arms.items()):
        own = times.filter((pl.col("arm") == key) & pl.col("days").is_not_null())
        if own.height:
            spans = own["days"].cast(pl.Float64).to_numpy() / DAYS_PER_MONTH
            event = own["event"].cast(pl.Int8).to_numpy()
            found.append(ArmCurve(name, rank, spans, estimate_curve(spans, event), np.unique(spans[event == 0])))
    return found


def _keys(curves: list[ArmCurve], arms: Mapping[str, str]) -> list[str]:
    return [list(arms)[one.rank] for one in curves]


def _band(one: ArmCurve, area: Panel, scale: float) -> str:
    """The interval, from where a trial of the designed size expects its first event: before, log-log limits say nothing."""
    low, high = bands(one.curve, scale=scale)
    early = np.cumsum(one.curve.events) < scale
    low, high = np.where(early, one.curve.survival, low), np.where(early, one.curve.survival, high)
    xs, stairs = _thinned(one, np.stack([low, high]), area)
    return path(ribbon(xs, area.y.place(stairs[0]), area.y.place(stairs[1])), fill=arm_color(one.rank), fill_opacity=0.13)


def _curve(one: ArmCurve, area: Panel) -> str:
    xs, stairs = _thinned(one, one.curve.survival[None, :], area)
    line_of_arm = polyline(xs, area.y.place(stairs[0]))
    return element(
        "path",
        title(one.name),
        d=line_of_arm,
        fill="none",
        stroke=arm_color(one.rank),
        stroke_width=2.2,
        stroke_dasharray=arm_dash(one.rank),
        stroke_linejoin="round",
    )


def _censoring(one: ArmCurve, area: Panel) -> list[str]:
    """Short strokes across the curve where patients leave without the event, at most one a pixel."""
    months = one.censored[one.censored <= area.x.high]
    step = np.searchsorted(one.curve.times, months, side="right") - 1
    share = np.where(step < 0, 1.0, one.curve.survival[np.maximum(step, 0)] if one.curve.survival.size else 1.0)
    places = dict(zip(np.round(area.x.place(months)).tolist(), area.y.place(share).tolist(), strict=True))
    return [line(x, y - 5, x, y + 5, stroke=arm_color(one.rank), width=1.4) for x, y in places.items()]


def _thinned(one: ArmCurve, values: NDArray[np.float64], area: Panel) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    """Steps from time zero to the end of follow-up, at most one a pixel: what cannot be seen is not written."""
    times = np.concatenate([[0.0], one.curve.times])
    rows = np.concatenate([np.ones((len(values), 1)), values], axis=1)
    inside = times <= area.x.high
    pixels = np.round(area.x.place(times[inside]))
    last = np.append(pixels[1:] != pixels[:-1], True)
    end = min(one.curve.last_time, area.x.high)
    xs = np.append(pixels[last], area.x.at(end))
    stairs = [np.append(row[inside][last], row[inside][last][-1]) for row in rows]
    return staircase(xs, stairs[0])[0], [staircase(xs, row)[1] for row in stairs]


def _published(published: pl.DataFrame | None, endpoint: str, curves: list[ArmCurve], order: list[str], end: float) -> pl.DataFrame:
    """The published values of whole arms at a month, with the rank of the arm and a place beside others of the same month."""
    if published is None or published.is_empty():
        return pl.DataFrame({"rank": []})
    ranks = pl.DataFrame({"arm": [order[one.rank] for one in curves], "rank": [one.rank for one in curves]})
    own = whole_arm(published).filter(
        (pl.col("endpoint") == endpoint) & pl.col("month").is_not_null() & pl.col("value").is_between(0, 1) & (pl.col("month") <= end)
    )
    beside = pl.int_range(pl.len()).over("month") - (pl.len().over("month") - 1) / 2
    return own.join(ranks, on="arm", maintain_order="left").with_columns(beside.alias("beside"))


def _published_keys(seen: pl.DataFrame) -> list[Key]:
    roles = seen["role"].to_list() if seen.height else []
    filled = [Key("published, calibrated on", INK, "diamond")] if "calibrate" in roles else []
    hollow = [Key("published, not fitted", INK, "hollow")] if any(role != "calibrate" for role in roles) else []
    return filled + hollow


def _points(seen: pl.DataFrame, area: Panel, apart: float) -> list[str]:
    """The published values, those of one month `apart` pixels beside each other."""
    parts = []
    for row in seen.iter_rows(named=True):
        x, y, color = area.x.at(row["month"]) + apart * row["beside"], area.y.at(row["value"]), arm_color(row["rank"])
        if row["low"] is not None and row["high"] is not None:
            parts.append(line(x, area.y.at(row["low"]), x, area.y.at(row["high"]), stroke=color, width=1.4))
        limits = f" ({percent_interval(row['low'], row['high'])})" if row["low"] is not None else ""
        tip = f"{row['name']}, month {row['month']:g}: {percent(row['value'])}{limits}, {row['role']}, {row['source']}"
        fitted = row["role"] == "calibrate"
        outline = PAPER if fitted else color
        parts.append(diamond(x, y, 6 if fitted else 5.2, tip, fill=color if fitted else PAPER, stroke=outline, stroke_width=1.6))
    return parts


def _at_risk(curves: list[ArmCurve], area: Panel, ticks: list[float], width: float) -> tuple[list[str], float]:
    """Patients still watched and free of the event, under the ticks of the axis."""
    size = 11 if is_phone(width) else 12
    y = area.bottom + 62
    parts = [text("Number at risk", 4, y, size, fill=QUIET, font_weight=600)]
    for one in curves:
        for name in wrapped(one.name, width - 8, size):
            y += size + 7
            parts.append(text(name, 4, y, size, fill=arm_color(one.rank)))
        y += size + 5
        left = number_at_risk(one.months, ticks)
        parts += [text(count(number), area.x.at(tick), y, size, "middle") for tick, number in zip(ticks, left, strict=True)]
    return parts, y + 10


def _description(heading: str, curves: list[ArmCurve]) -> str:
    said = []
    for one in curves:
        year = survival_at(one.curve, 12.0)[0].value
        said.append(
            f"{one.name}: {one.months.size} patients, {percent(year)} at 12 months, median {months(quantile(one.curve).value)} months"
        )
    return f"Kaplan-Meier curves of {heading.lower()}. {'; '.join(said)}."
