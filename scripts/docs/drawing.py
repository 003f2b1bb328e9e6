"""What figure scripts share: one typical patient followed under a regimen, and a plain line drawing."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from remission.dose_rows import add_rows, rows_of
from remission.engine.compile import compile_system
from remission.engine.ensemble import advance, start
from remission.model.regimen import Regimen
from remission.plots.axes import Panel, decades, panel, x_axis, y_axis
from remission.plots.legend import Key, legend
from remission.plots.palette import PAPER, arm_color, arm_dash
from remission.plots.rounding import power_of_ten
from remission.plots.svg import document, path, polyline
from remission.population import covariates, pack
from scripts.docs.model import study

WIDTH, HEIGHT, TICKS = 720.0, 300.0, 6
Line = tuple[np.ndarray, np.ndarray]


def follow(regimen: Regimen, days: ArrayLike, output: str, changes: Mapping[str, float] | None = None) -> Line:
    """Days and an output of the patient without any spread, from the first of `days`; doses anchored anywhere count from day 0.

    `changes` are numbers by key of the parameter. After death the output is not a number.
    """
    system, sites, grid = study().system, study().sites, np.asarray(days, float)
    values = study().parameters.with_values(dict(changes or {})).typical(len(sites), system.n_clones)
    compiled = compile_system(system)
    batch = start(compiled, np.array([0]), pack(system, values, sites, len(sites)), len(sites), day=grid[0])
    rows = rows_of(system, regimen, np.zeros(1), covariates(values), float(grid[-1]))
    saved = advance(compiled, add_rows(batch, np.array([0]), rows), grid[-1] + 1.0, save=grid).saved
    return grid, saved[0, :, system.output_slot(output)]


def lines(drawn: Mapping[str, Line], across: str, up: str, log: bool = True, floor: float | None = None, faint: bool = False) -> None:
    """Write a drawing of lines to the path the script was given. `faint` draws many members of one group without names."""
    keys = [] if faint else [Key(name, arm_color(k), dash=arm_dash(k)) for k, name in enumerate(drawn)]
    parts, used = legend(keys, 4, 2, WIDTH - 8) if keys else ([], 4.0)
    area = _panel(drawn, used, log, floor)
    parts += _axes(area, across, up, log)
    parts += [_line(area, line, k, faint) for k, line in enumerate(drawn.values())]
    said = f"{up} over {across}: {len(drawn)} lines" if faint else f"{up} over {across}: {', '.join(drawn)}"
    target = Path(sys.argv[1] if len(sys.argv) > 1 else Path(sys.argv[0]).with_suffix(".svg").name)
    target.write_text(on_paper(document(parts, WIDTH, used + HEIGHT + 46, up, said)), encoding="utf-8")


def on_paper(svg: str) -> str:
    """The drawing on a white ground, so that its dark letters are read on a dark page too."""
    return svg.replace("</desc>", f'</desc><rect width="100%" height="100%" fill="{PAPER}"/>', 1) + "\n"


def _panel(drawn: Mapping[str, Line], used: float, log: bool, floor: float | None) -> Panel:
    days = np.concatenate([x for x, _ in drawn.values()])
    limits = _limits(np.concatenate([y for _, y in drawn.values()]), log, floor)
    return panel(64, used + 30, WIDTH - 16, used + HEIGHT, (float(days.min()), float(days.max())), limits, log_y=log)


def _axes(area: Panel, across: str, up: str, log: bool) -> list[str]:
    low, high = area.y.low, area.y.high
    every = max(1, round(np.log10(high / low) / TICKS)) if log else 1
    ups = [(v, power_of_ten(v)) for v in decades(low, high)][::every] if log else [(v, f"{v:g}") for v in _steps(low, high)]
    return y_axis(area, ups, up) + x_axis(area, [(v, f"{v:g}") for v in _steps(area.x.low, area.x.high)], across)


def _line(area: Panel, line: Line, number: int, faint: bool) -> str:
    x, y = (values[np.isfinite(line[1])] for values in line)
    data = polyline(area.x.place(x), area.y.place(y))
    if faint:
        return path(data, stroke=arm_color(0), stroke_width=1.2, stroke_opacity=0.35)
    return path(data, stroke=arm_color(number), stroke_width=2, stroke_dasharray=arm_dash(number))


def _limits(values: np.ndarray, log: bool, floor: float | None) -> tuple[float, float]:
    top = float(np.nanmax(values))
    if not log:
        return (0.0 if floor is None else floor), top * 1.05
    low = float(np.nanmin(values[values > 0])) if floor is None else floor
    return 10.0 ** np.floor(np.log10(low)), 10.0 ** np.ceil(np.log10(top))


def _steps(low: float, high: float) -> list[float]:
    """Round numbers that divide the range in about six."""
    rough = (high - low) / TICKS
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(power * k for k in (1, 2, 5, 10) if power * k >= rough * 0.999)
    return [float(v) + 0.0 for v in np.round(np.arange(np.ceil(low / step - 1e-9) * step, high + 1e-9, step), 12)]
