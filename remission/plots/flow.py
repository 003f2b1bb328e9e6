"""Flow of patients: how many enter each step of the trial, and why others leave before it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from remission.plots.figure import Drawing, Figure, is_phone, without_data
from remission.plots.palette import FAINT, INK, QUIET, RULE, arm_color
from remission.plots.rounding import count, percent, words
from remission.plots.svg import line, path, rect, text, wrapped

BOX, GAP, LINE = 46.0, 22.0, 17.0


@dataclass
class Step:
    """Patients who reached a step, and those who left after it, by reason."""

    name: str
    n: int
    losses: list[tuple[str, int]] = field(default_factory=list)


def flow_of_patients(flow: pl.DataFrame, arms: Mapping[str, str]) -> Figure:
    """A chain of boxes per arm, side by side at a desk and below each other on a phone.

    `flow` has columns `arm, step, n, reason`, in the order of the trial: a row without reason counts those who reached the step, a
    row with a reason those who left after the step before it.
    """
    heading = "Flow of patients"
    shown = [(rank, name, _steps(flow.filter(pl.col("arm") == key))) for rank, (key, name) in enumerate(arms.items())]
    shown = [(rank, name, steps) for rank, name, steps in shown if steps]
    if not shown:
        return without_data(heading, "No flow of patients was recorded.")

    def draw(width: float) -> Drawing:
        columns = 1 if is_phone(width) else len(shown)
        size = (width - 4) / columns
        parts, bottom, top = [], 0.0, 4.0
        for place, (rank, name, steps) in enumerate(shown):
            left = 4 + size * (place % columns)
            drawn, end = _chain(steps, name, arm_color(rank), left, top, size - 16)
            parts, bottom = parts + drawn, max(bottom, end)
            top = end + 16 if columns == 1 else 4.0
        return Drawing(parts, bottom + 6)

    return Figure(heading, _description(shown), draw)


def _steps(own: pl.DataFrame) -> list[Step]:
    steps: list[Step] = []
    for row in own.iter_rows(named=True):
        if not row["reason"]:
            steps.append(Step(words(str(row["step"])), int(row["n"])))
        elif steps and row["n"]:
            steps[-1].losses.append((words(str(row["reason"])), int(row["n"])))
    return steps


def _chain(steps: list[Step], name: str, color: str, left: float, top: float, size: float) -> tuple[list[str], float]:
    parts, y = [], top
    for words_ in wrapped(name, size, 14):
        y += 18
        parts.append(text(words_, left, y, 14, font_weight=600))
    y += 10
    for place, step in enumerate(steps):
        parts += _box(step, steps[0].n, color, left, y, size)
        y += BOX
        if place + 1 < len(steps) or step.losses:
            drawn, end = _losses(step, left, y, size, last=place + 1 == len(steps))
            parts, y = parts + drawn, end
    return parts, y


def _box(step: Step, first: int, color: str, left: float, y: float, size: float) -> list[str]:
    share = "" if step.n == first or not first else f"  ({percent(step.n / first)})"
    return [
        rect(left, y, size, BOX, "#ffffff", stroke=RULE, stroke_width=1.2, rx=5),
        rect(left, y, 4, BOX, color, rx=2),
        text(step.name, left + 14, y + 19, 13, fill=QUIET),
        text(f"{count(step.n)}{share}", left + 14, y + 38, 15, font_weight=600),
    ]


def _losses(step: Step, left: float, y: float, size: float, last: bool) -> tuple[list[str], float]:
    """The way down to the next box, with a side box of those who left."""
    stem = left + 28
    side, inner = stem + 20, left + size - (stem + 20)
    lines = [part for reason, n in step.losses for part in _hanging(f"{reason}: {count(n)}", inner - 16)]
    height = 14 + LINE * len(lines) if lines else 0.0
    end = y + (height + 2 * 9 if lines else GAP)
    parts = []
    if not last:
        parts += [line(stem, y, stem, end - 5, stroke=INK), path(f"M{stem - 4:.1f} {end - 7:.1f}l4 7l4 -7z", fill=INK)]
    if lines:
        middle = y + 9 + height / 2
        parts += [line(stem, middle, side, middle, stroke=INK), rect(side, y + 9, inner, height, FAINT, rx=4)]
        parts += [text(words_, side + 8, y + 9 + 19 + LINE * row, 12) for row, words_ in enumerate(lines)]
        if last:
            parts.append(line(stem, y, stem, middle, stroke=INK))
    return parts, end


def _hanging(words_: str, width: float) -> list[str]:
    return wrapped(words_, width, 12)


def _description(shown: list[tuple[int, str, list[Step]]]) -> str:
    said = []
    for _, name, steps in shown:
        said.append(f"{name}: " + ", ".join(f"{step.name.lower()} {step.n}" for step in steps))
    return f"Flow of patients. {'; '.join(said)}."
