"""The figures of a report, each with the words that say how to read it."""

import polars as pl

from remission import plots
from remission.plots.figure import Figure
from remission.plots.rounding import count, unit
from remission.report.contents import Contents, sizes
from remission.report.elements import Markup, details, figure, joined, paragraph, tag
from remission.report.estimates import compared, find, short_title

CURVES = {
    "rfs": "Relapse-free survival",
    "efs": "Event-free survival",
    "os": "Overall survival",
    "dor": "Duration of response",
    "pfs": "Progression-free survival",
}
CURVE_CAPTION = (
    "Bands are 95% log-log intervals{band}. Diamonds are published values with their limits where printed: filled where the model was "
    "calibrated on them, hollow where it was not. Point at a mark for its source."
)
FLOW_CAPTION = "Simulated patients. Percentages are of those enrolled in the arm."
FOREST_CAPTION = (
    "Estimate and 95% interval of the simulated patients in each level of what was known before infusion. Squares grow with the number of "
    "patients; the dashed line is the whole arm."
)
PUBLISHED_CAPTION = (
    "Dots are this run, bars the 95% interval of a trial of {size}, diamonds published values with their limits where printed. "
    "Where it was tested, “inside” or “outside” says whether the published value lies in the range predicted for a trial of its own size."
)


def published(given: Contents) -> tuple[str, str, Markup] | None:
    """Every arm that has published shares beside it; None when no arm has."""
    parts = []
    for arm, name in given.arms.items():
        beside = compared(given.targets, given.estimates, arm)
        if beside.height:
            drawing = plots.endpoints_versus_published(beside, f"{name}: beside published values")
            parts += [tag("h3", name), figure(drawing.html())]
    caption = paragraph(PUBLISHED_CAPTION.format(size=sizes(given)))
    return ("published", "Beside published trials", joined([caption, *parts])) if parts else None


def curves(given: Contents, times: pl.DataFrame) -> Markup:
    """Kaplan-Meier curves of the endpoints the run has, bands at the size of the design."""
    scale = {arm: given.estimates[arm]["n"]["enrolled"] / given.designed[arm] for arm in given.arms if given.designed.get(arm)}
    band = f", as a trial of {sizes(given)} would report them" if scale else " of the simulated patients"
    parts = [paragraph(CURVE_CAPTION.format(band=band))]
    for key in CURVES:
        if (times["param"] == key).any():
            drawing = plots.kaplan_meier(times, key, given.arms, given.targets, variance_scale=scale, name=CURVES[key])
            parts += [tag("h3", CURVES[key]), figure(drawing.html())]
    return joined(parts)


def kinetics(given: Contents, table: pl.DataFrame) -> Markup:
    level = table["unit"][0] if "unit" in table.columns else None
    return _figure(
        plots.kinetics_fan(table, given.arms, unit(level)), "Quantiles of simulated patients on each day; both axes are logarithmic."
    )


def flow(given: Contents, flow: pl.DataFrame) -> Markup:
    """The chains of the arms, after a sentence on those seen before any arm."""
    before = flow.filter(~pl.col("arm").is_in(list(given.arms)) & pl.col("reason").is_null())
    said = ", ".join(f"{row['step']} {count(row['n'])}" for row in before.iter_rows(named=True))
    candidates = paragraph(f"Before enrollment: {said}.") if said else ""
    return joined([candidates, _figure(plots.flow_of_patients(flow, given.arms), FLOW_CAPTION)])


def relapse(given: Contents, subjects: pl.DataFrame) -> Markup:
    times = given.tables["tte"]
    caption = "Share of responders by what ended their remission first; where nothing is drawn they are in remission or were censored."
    return _figure(plots.relapse_phenotype(subjects, times, given.arms), caption)


def toxicity(given: Contents, table: pl.DataFrame) -> Markup:
    caption = "Worst grade of each treated patient. The scales read the same simulated course by different rules, so they differ."
    return _figure(plots.toxicity_by_grade(table, given.arms), caption)


def subgroups(given: Contents, table: pl.DataFrame) -> Markup:
    """Forests of the first arm; those of the others folded away."""
    parts = [paragraph(FOREST_CAPTION)]
    for rank, (arm, name) in enumerate(given.arms.items()):
        own = table.filter(pl.col("arm") == arm)
        drawn = [_forest(given, own, arm, endpoint, rank) for endpoint in own["endpoint"].unique(maintain_order=True)]
        if drawn:
            parts.append(details(name, *drawn) if len(parts) > 1 else joined([tag("h3", name), *drawn]))
    return joined(parts)


def _forest(given: Contents, own: pl.DataFrame, arm: str, endpoint: str, rank: int) -> Markup:
    base, _, month = endpoint.rpartition("_")
    key, at = (base, float(month)) if base and month.isdigit() else (endpoint, None)
    everyone = find(given.estimates[arm], key, at)
    name = short_title(key, at)
    drawing = plots.forest(own, arm, endpoint, name, everyone.value if everyone else None, rank)
    return joined([tag("h4", name), figure(drawing.html())])


def _figure(drawing: Figure, caption: str) -> Markup:
    return figure(drawing.html(), caption)
