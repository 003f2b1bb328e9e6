"""Scales, ticks and the frame of a panel."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remission.plots.palette import INK, QUIET, RULE
from remission.plots.svg import line, text


@dataclass(frozen=True)
class Scale:
    """From values to pixels, linear or logarithmic; values beyond the ends are drawn at the ends, all at the start where both are one."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def place(self, values: ArrayLike) -> NDArray[np.float64]:
        given = np.clip(np.asarray(values, dtype=float), self.low, self.high)
        low, high = self.low, self.high
        if self.logarithmic:
            given, low, high = np.log(given), math.log(low), math.log(high)
        return self.start + (given - low) / ((high - low) or 1.0) * (self.end - self.start)

    def at(self, value: float) -> float:
        return float(self.place(value))


@dataclass(frozen=True)
class Panel:
    """A plotting area: its edges in pixels and its two scales."""

    left: float
    top: float
    right: float
    bottom: float
    x: Scale
    y: Scale


def panel(
    left: float,
    top: float,
    right: float,
    bottom: float,
    x: tuple[float, float],
    y: tuple[float, float],
    log_x: bool = False,
    log_y: bool = False,
) -> Panel:
    """A panel whose scales run over the ranges `x` (left to right) and `y` (bottom to top)."""
    across, up = Scale(x[0], x[1], left, right, log_x), Scale(y[0], y[1], bottom, top, log_y)
    return Panel(left, top, right, bottom, across, up)


def x_axis(area: Panel, ticks: list[tuple[float, str]], label: str, size: float = 12) -> list[str]:
    """Baseline, short ticks, their words and the name of the axis below."""
    parts = [line(area.left, area.bottom, area.right, area.bottom, stroke=INK)]
    for value, words in ticks:
        place = area.x.at(value)
        parts += [line(place, area.bottom, place, area.bottom + 5), text(words, place, area.bottom + 18, size, "middle")]
    return [*parts, text(label, (area.left + area.right) / 2, area.bottom + 36, size, "middle", QUIET)]


def y_axis(area: Panel, ticks: list[tuple[float, str]], label: str = "", size: float = 12) -> list[str]:
    """Light rules across the panel, words at their left, and the name of the axis above."""
    parts = []
    for value, words in ticks:
        place = area.y.at(value)
        parts += [line(area.left, place, area.right, place, stroke=RULE), text(words, area.left - 8, place + 4, size, "end")]
    return [*parts, *([text(label, area.left - 8 if area.left < 40 else area.left, area.top - 12, size, fill=QUIET)] if label else [])]


SHARE_TICKS = [(value / 100, f"{value}%") for value in (0, 25, 50, 75, 100)]


def decades(low: float, high: float) -> list[float]:
    """Whole powers of ten inside a range."""
    return [10.0**power for power in range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1)]


def month_ticks(last: float, width: float) -> list[float]:
    """Months worth a tick: every 3, 6, 12 or more, at least 48 pixels apart."""
    steps = [step for step in (1, 3, 6, 12, 24, 60) if width / max(last / step, 1e-9) >= 48]
    step = steps[0] if steps else 60
    return list(np.arange(0, last + 1e-9, step))
