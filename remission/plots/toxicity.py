"""The worst grade of each harm, as shares of the treated patients, for every scale that was read."""

from collections.abc import Mapping

import polars as pl

from remission.plots.figure import Drawing, Figure, is_phone, without_data
from remission.plots.legend import Key, legend
from remission.plots.palette import GRADE_COLORS, QUIET, ink_on
from remission.plots.rounding import percent
from remission.plots.svg import rect, text, text_width, wrapped

SCALES = {
    "crs_astct": "Cytokine release, ASTCT",
    "crs_lee": "Cytokine release, Lee",
    "crs_penn": "Cytokine release, Penn",
    "icans_astct": "Neurotoxicity, ICANS (ASTCT)",
    "neuro_ctcae": "Neurotoxicity, CTCAE",
}
BAR, STEP = 22.0, 30.0


def toxicity_by_grade(toxicity: pl.DataFrame, arms: Mapping[str, str]) -> Figure:
    """Stacked bars of worst grades 0 to 5, per arm and scale, with the share of grade 3 or worse beside each.

    `toxicity` has columns `arm, scale, grade, n, share`; scales are drawn in the order in which they are known, then as they come.
    """
    heading = "Worst grade by scale"
    shown = [(key, name) for key, name in arms.items() if (toxicity["arm"] == key).any()]
    if not shown:
        return without_data(heading, "No arm has graded toxicity.")
    present = toxicity["scale"].unique(maintain_order=True).to_list()
    scales = [scale for scale in SCALES if scale in present] + [scale for scale in present if scale not in SCALES]

    def draw(width: float) -> Drawing:
        met = set(toxicity.filter(pl.col("share") > 0)["grade"].to_list())
        grades = [(grade, color) for grade, color in enumerate(GRADE_COLORS) if grade in met]
        keys = [Key("no event" if grade == 0 else f"grade {grade}", color, "area") for grade, color in grades]
        parts, y = legend(keys, 4, 2, width - 8)
        for key, name in shown:
            rows = toxicity.filter(pl.col("arm") == key)
            more, y = _arm(rows, name, [scale for scale in scales if (rows["scale"] == scale).any()], y, width)
            parts += more
        return Drawing(parts, y + 8)

    return Figure(heading, _description(toxicity, shown, scales), draw)


def _arm(rows: pl.DataFrame, name: str, scales: list[str], y: float, width: float) -> tuple[list[str], float]:
    phone = is_phone(width)
    left, right = (4.0, width - 74) if phone else (230.0, width - 90)
    parts = []
    for words in wrapped(name, right - 4, 13):
        y += 20
        parts.append(text(words, 4, y, 13, font_weight=600))
    parts.append(text("grade 3+", width - 4, y, 12, "end", QUIET))
    y += 10
    for scale in scales:
        label = SCALES.get(scale, scale.replace("_", " "))
        y += 18 if phone else 0
        parts.append(text(label, 4, y - 4 if phone else y + 16, 12 if phone else 13))
        parts += _bar(rows.filter(pl.col("scale") == scale), label, left, right, y)
        parts.append(text(percent(_severe(rows, scale)), width - 4, y + 16, 13, "end", font_weight=600))
        y += STEP
    return parts, y + 6


def _bar(rows: pl.DataFrame, label: str, left: float, right: float, y: float) -> list[str]:
    parts, x = [], left
    shares = {int(row["grade"]): row for row in rows.iter_rows(named=True)}
    for grade, fill in enumerate(GRADE_COLORS):
        row = shares.get(grade)
        if row is None or not row["share"]:
            continue
        size = (right - left) * row["share"]
        tip = f"{label}, {'no event' if grade == 0 else f'grade {grade}'}: {percent(row['share'], 1)} ({row['n']:,})"
        parts.append(rect(x, y, size, BAR, fill, tip, stroke="#fff", stroke_width=0.7))
        words = percent(row["share"])
        if size > text_width(words, 11) + 6:
            parts.append(text(words, x + size / 2, y + 15, 11, "middle", ink_on(fill), pointer_events="none"))
        x += size
    return parts


def _severe(rows: pl.DataFrame, scale: str) -> float:
    return float(rows.filter((pl.col("scale") == scale) & (pl.col("grade") >= 3))["share"].sum())


def _description(toxicity: pl.DataFrame, shown: list[tuple[str, str]], scales: list[str]) -> str:
    said = []
    for key, name in shown:
        rows = toxicity.filter(pl.col("arm") == key)
        listed = [f"{SCALES.get(scale, scale)} {percent(_severe(rows, scale))}" for scale in scales if (rows["scale"] == scale).any()]
        said.append(f"{name}: {', '.join(listed)}")
    return f"Stacked bars of worst grade. Share with grade 3 or worse: {'; '.join(said)}."
