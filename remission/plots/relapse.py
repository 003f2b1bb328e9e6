"""What ends remissions: relapse without CD19, relapse with it, or death in remission, as shares of all responders over time."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from remission.durations import DAYS_PER_MONTH
from remission.plots.axes import SHARE_TICKS, Panel, panel, x_axis, y_axis
from remission.plots.axes import month_ticks as ticks_of_months
from remission.plots.figure import Drawing, Figure, is_phone, without_data
from remission.plots.legend import Key, legend
from remission.plots.palette import FATE_COLORS, QUIET
from remission.plots.rounding import count, counted, percent
from remission.plots.svg import element, ribbon, staircase, text, title, wrapped
from remission.response.competing_risks import Incidence, aalen_johansen

FATES = ("cd19_negative", "cd19_positive", "other", "death")
NAMES = {
    "cd19_negative": "relapse, CD19-negative",
    "cd19_positive": "relapse, CD19-positive",
    "other": "relapse, phenotype unknown",
    "death": "died in remission",
}


@dataclass(frozen=True)
class ArmFates:
    """One arm's responders: cumulative incidence by fate, and how many met each within the months shown."""

    name: str
    incidence: Incidence
    counts: dict[str, int]
    responders: int


def relapse_phenotype(subjects: pl.DataFrame, times: pl.DataFrame, arms: Mapping[str, str], last_month: float = 36.0) -> Figure:
    """Cumulative incidence (Aalen-Johansen) of the ways a remission ends, stacked, one panel per arm.

    `times` gives each responder's remission (`param == "rfs"`: `patient, arm, days, event`), `subjects` the phenotype of the relapse
    (`relapse_day`, `relapse_phenotype`). An event without relapse is a death in remission.
    """
    heading = "How remissions end"
    shown = [fates for key, name in arms.items() if (fates := _fates(subjects, times, key, name, last_month)) is not None]
    if not shown:
        return without_data(heading, "No arm has responders to follow.")

    def draw(width: float) -> Drawing:
        columns = 1 if is_phone(width) else len(shown)
        size, gap, height = (width - 4) / columns, 42.0, 190.0 if is_phone(width) else 250.0
        met = [fate for fate in FATES if any(one.counts[fate] for one in shown)]
        parts, used = legend([Key(NAMES[fate], FATE_COLORS[fate], "area") for fate in met], 4, 2, width - 8)
        block = height + 130
        for place, one in enumerate(shown):
            left, top = 4 + size * (place % columns), used + block * (place // columns)
            parts += _panel_of(one, left, top, size, gap, height, last_month)
        return Drawing(parts, used + block * -(-len(shown) // columns))

    return Figure(heading, _description(shown, last_month), draw)


def _fates(subjects: pl.DataFrame, times: pl.DataFrame, arm: str, name: str, last_month: float) -> ArmFates | None:
    own = times.filter((pl.col("arm") == arm) & (pl.col("param") == "rfs") & pl.col("days").is_not_null())
    if own.is_empty():
        return None
    columns = subjects.filter(pl.col("arm") == arm).select("patient", "relapse_day", "relapse_phenotype")
    joined = own.select("patient", "days", "event").join(columns, on="patient", how="left")
    relapse = pl.col("relapse_day").is_not_null()
    known = pl.col("relapse_phenotype").replace_strict({"cd19_negative": 1, "cd19_positive": 2}, default=3, return_dtype=pl.Int64)
    cause = pl.when(pl.col("event").cast(pl.Int8) == 0).then(0).when(relapse).then(known).otherwise(4)
    found = joined.with_columns(cause.alias("cause"))
    early = found.filter(pl.col("days") <= last_month * DAYS_PER_MONTH)
    counts = {fate: int((early["cause"] == index + 1).sum()) for index, fate in enumerate(FATES)}
    months = found["days"].cast(pl.Float64).to_numpy() / DAYS_PER_MONTH
    return ArmFates(name, aalen_johansen(months, found["cause"].to_numpy()), counts, found.height)


def _panel_of(one: ArmFates, left: float, top: float, size: float, gap: float, height: float, last_month: float) -> list[str]:
    lines = wrapped(one.name, size - gap - 8, 13)
    parts = [text(words, left + gap, top + 18 + 17 * row, 13, font_weight=600) for row, words in enumerate(lines)]
    area = panel(left + gap, top + 22 + 17 * len(lines), left + size - 14, top + 56 + height, (0, last_month), (0, 1))
    months = list(ticks_of_months(last_month, (area.right - area.left) * 1.2))
    parts += y_axis(area, SHARE_TICKS) + _areas(one, area, last_month)
    parts += x_axis(area, [(tick, f"{tick:g}") for tick in months], "months from first remission")
    relapses = one.counts["cd19_negative"] + one.counts["cd19_positive"] + one.counts["other"]
    share = percent(one.counts["cd19_negative"] / relapses) if relapses else "none"
    said = f"{counted(relapses, 'relapse')} of {count(one.responders)}; CD19-negative {share}"
    return [*parts, text(said, area.left, area.bottom + 56, 12, fill=QUIET)]


def _areas(one: ArmFates, area: Panel, last_month: float) -> list[str]:
    inside = one.incidence.times <= last_month
    end = min(last_month, one.incidence.last_time)
    pixels = np.round(area.x.place(np.concatenate([[0.0], one.incidence.times[inside], [end]])) * 2) / 2
    kept = np.append(pixels[1:] != pixels[:-1], True)
    below, parts = np.zeros(int(kept.sum())), []
    for index, fate in enumerate(FATES):
        if index + 1 not in one.incidence.causes:
            continue
        share = one.incidence.share[one.incidence.causes.index(index + 1)][inside]
        above = below + np.concatenate([[0.0], share, share[-1:] if share.size else [0.0]])[kept]
        xs, low = staircase(pixels[kept], area.y.place(below))
        outline = ribbon(xs, low, staircase(pixels[kept], area.y.place(above))[1])
        tip = f"{NAMES[fate]}: {percent(float(above[-1] - below[-1]))} by month {end:g}"
        parts.append(element("path", title(tip), d=outline, fill=FATE_COLORS[fate], fill_opacity=0.85))
        below = above
    return parts


def _description(shown: list[ArmFates], last_month: float) -> str:
    said = []
    for one in shown:
        met = [FATES[cause - 1] for cause in one.incidence.causes]
        said.append(f"{one.name}: {', '.join(_final(one, fate, last_month) for fate in met)}")
    return f"Stacked cumulative incidence by month {last_month:g} among responders. {'; '.join(said)}."


def _final(one: ArmFates, fate: str, last_month: float) -> str:
    cause = FATES.index(fate) + 1
    share = one.incidence.share[one.incidence.causes.index(cause)][one.incidence.times <= last_month]
    return f"{NAMES[fate]} {percent(float(share[-1]) if share.size else 0.0)}"
