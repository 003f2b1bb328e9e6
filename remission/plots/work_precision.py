"""Work and precision: patients per second against achieved error, one line for each solver."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from remission.plots.axes import decades, panel, x_axis, y_axis
from remission.plots.figure import Drawing, Figure, is_phone, without_data
from remission.plots.legend import Key, legend
from remission.plots.palette import QUIET, arm_color, arm_dash
from remission.plots.rounding import number, power_of_ten
from remission.plots.svg import circle, path, polyline, text

Curve = list[tuple[float, float]]


def work_precision(points: Sequence[Mapping[str, Any]], problem: str, names: Mapping[str, str], target: float) -> Figure:
    """The fastest runs of each contestant at each error, from points with `name`, `error_median` and `patients_per_s`.

    names: what contestants are called; target: the error all are compared at, drawn as a line. Runs that are both slower and less
    exact than another of the same contestant are left out.
    """
    title = f"Work and precision, {problem}"
    curves = {name: curve for name in dict.fromkeys(str(p["name"]) for p in points) if (curve := best_of(points, name))}
    if not curves:
        return without_data(title, "No run has a result.")

    def draw(width: float) -> Drawing:
        ranked = list(enumerate(curves.items()))
        keys = [Key(_short(names.get(name, name)), arm_color(rank), dash=arm_dash(rank)) for rank, (name, _) in ranked]
        parts, used = legend(keys, 4, 2, width - 8)
        height = 260.0 if is_phone(width) else 360.0
        errors = [error for curve in curves.values() for error, _ in curve] + [target]
        rates = [rate for curve in curves.values() for _, rate in curve]
        area = panel(58, used + 34, width - 16, used + 34 + height, _decades(errors), _decades(rates), log_x=True, log_y=True)
        across = decades(area.x.low, area.x.high)
        across = across[:: 1 + len(across) // (5 if is_phone(width) else 10)]
        parts += y_axis(area, [(rate, power_of_ten(rate)) for rate in decades(area.y.low, area.y.high)], "patients per second")
        parts += x_axis(area, [(error, power_of_ten(error)) for error in across], "median error (more exact to the left)")
        x = area.x.at(target)
        parts.append(path(polyline([x, x], [area.top, area.bottom]), stroke=QUIET, stroke_dasharray="3 3"))
        parts.append(text("compared here", x + 5, area.top + 12, 11, fill=QUIET))
        for rank, (_, curve) in ranked:
            xs, ys = area.x.place([error for error, _ in curve]), area.y.place([rate for _, rate in curve])
            parts.append(path(polyline(xs, ys), stroke=arm_color(rank), stroke_width=2.4, stroke_dasharray=arm_dash(rank)))
            tips = [f"{number(rate)} patients/s at an error of {error:.1e}" for error, rate in curve]
            parts += [circle(float(a), float(b), 3.5, tip, fill=arm_color(rank)) for a, b, tip in zip(xs, ys, tips, strict=True)]
        return Drawing(parts, used + 34 + height + 48)

    said = "; ".join(f"{names.get(name, name)}: {len(curve)} runs, fastest {number(curve[-1][1])}/s" for name, curve in curves.items())
    return Figure(title, f"Patients per second against median error. {said}.", draw)


def best_of(points: Sequence[Mapping[str, Any]], name: str) -> Curve:
    """(error, rate) of the runs of one contestant that no other of its runs beats in both, most exact first."""
    runs = [(p["error_median"], p["patients_per_s"]) for p in points if p["name"] == name]
    kept: Curve = []
    for error, rate in sorted((e, r) for e, r in runs if e is not None and math.isfinite(e) and 0 < e < 1):
        if not kept or rate > kept[-1][1]:
            kept.append((float(error), float(rate)))
    return kept


def _decades(values: list[float]) -> tuple[float, float]:
    """The whole decades around some values."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return 10.0**low, 10.0 ** max(high, low + 1)


def _short(title: str) -> str:
    return title.split(",")[0]
