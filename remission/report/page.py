"""The whole page: sections in the order in which a reader asks, style included, nothing fetched from anywhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import polars as pl

from remission import plots
from remission.plots.figure import Figure
from remission.plots.rounding import count, unit, words
from remission.report import design, headline, provenance
from remission.report.contrasts import contrasts
from remission.report.elements import Markup, definitions, details, figure, joined, paragraph, section, tag
from remission.report.estimates import compared, find, short_title
from remission.report.references import references

CURVES = {
    "rfs": "Relapse-free survival",
    "efs": "Event-free survival",
    "os": "Overall survival",
    "dor": "Duration of response",
    "pfs": "Progression-free survival",
}
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
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
    "Dots are this run, bars the 95% interval of a trial of {size}, diamonds published values with their limits where printed. Where it was "
    "tested, “inside” or “outside” says whether the published value lies in the range predicted for a trial of its own size."
)


@dataclass(frozen=True)
class Contents:
    """A result taken apart once: its document, its tables, the titles of its arms in order."""

    result: Any
    document: Mapping[str, Any]
    tables: Mapping[str, pl.DataFrame]
    arms: dict[str, str]
    designed: Mapping[str, int]

    @property
    def estimates(self) -> Mapping[str, Any]:
        return self.document["arms"]

    @property
    def targets(self) -> pl.DataFrame:
        return self.tables["targets"]

    def table(self, name: str) -> pl.DataFrame | None:
        """A table, or None when the run has none or it is empty."""
        found = self.tables.get(name)
        return None if found is None or found.is_empty() else found


def contents(result: Any, designed: Mapping[str, int] | None = None) -> Contents:
    """Take a result apart; `designed` patients per arm default to the design sizes of the result, if it has any."""
    document = result.json()
    titles = {arm.key: arm.title for arm in result.scenario.arms if arm.key in document["arms"]}
    tables = dict(result.tables)
    tables["targets"] = _whole(tables.get("targets"), TARGET_SCHEMA)
    if "assumed" in tables:
        tables["assumed"] = _whole(tables["assumed"], ASSUMED_SCHEMA)
    sizes = designed or (getattr(result, "facts", None) or {}).get("design_sizes") or {}
    return Contents(result, document, tables, titles, sizes)


def _whole(table: pl.DataFrame | None, schema: Mapping[str, Any]) -> pl.DataFrame:
    """The table with every column of the schema; what it lacks is null."""
    if table is None:
        return pl.DataFrame(schema=schema)
    return table.with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in schema.items() if name not in table.columns)


ASSUMED_SCHEMA = {"value": pl.Float64, **dict.fromkeys(("key", "unit", "source", "meaning"), pl.String)}
TARGET_SCHEMA = {
    **dict.fromkeys(("name", "arm", "endpoint", "source", "role"), pl.String),
    **dict.fromkeys(("month", "value", "low", "high"), pl.Float64),
    "n": pl.Int64,
    "inside": pl.Boolean,
}


def page(given: Contents) -> str:
    """The report as one HTML text."""
    sections = [part for part in _sections(given) if part is not None]
    links = tag("nav", *(tag("a", name, href=f"#{identity}") for identity, name, _ in sections), aria_label="Sections")
    body = [_header(given), links, *(section(identity, name, body) for identity, name, body in sections), _footer(given)]
    head = "".join(
        [
            '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><meta name="generator" content="remission">',
            tag("title", f"{given.result.scenario.title}: virtual trial"),
            f"<style>{(files('remission.report') / 'report.css').read_text(encoding='utf-8')}</style>",
        ]
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body><main>{joined(body)}</main></body></html>\n'


def _notice(words_of_use: str) -> Markup:
    """The research notice, its first sentence set off."""
    first, stop, rest = words_of_use.partition(". ")
    return joined([tag("b", first + stop), rest])


def _header(given: Contents) -> Markup:
    document = given.document
    facts = f"{count(document['patients'])} simulated patients per arm, {words(document['pairing']).lower()}, seed {document['seed']}"
    notice = tag("p", _notice(document["intended_use"]), class_="notice", role="note")
    return tag(
        "header",
        tag("p", "Virtual trial", class_="kicker"),
        tag("h1", given.result.scenario.title),
        paragraph(facts, class_="quiet"),
        notice,
    )


def _footer(given: Contents) -> Markup:
    return tag(
        "footer",
        paragraph(f"Made by remission {given.document['version']}, scenario {given.document['scenario']}, seed {given.document['seed']}."),
    )


def _sections(given: Contents) -> list[tuple[str, str, Markup] | None]:
    return [
        ("endpoints", "Endpoints", _endpoints(given)),
        _published(given),
        ("design", "Design", design.design(given.result.scenario, given.document)),
        _if_table(given, "flow", "Flow of patients", lambda flow: _flow(given, flow)),
        _if_table(given, "tte", "Time to event", lambda times: _curves(given, times)),
        _if_table(given, "kinetics", "CAR-T cells in blood", lambda table: _kinetics(given, table)),
        _if_table(given, "subjects", "Relapse", lambda subjects: _relapse(given, subjects)),
        _if_table(given, "toxicity", "Toxicity", lambda table: _toxicity(given, table)),
        _if_table(given, "subgroups", "Subgroups", lambda table: _subgroups(given, table)),
        ("failures", "Failed members", provenance.failures(given.table("failures"), given.arms, given.document["patients"])),
        ("assumptions", "Assumed parameters", provenance.assumed(given.table("assumed"))),
        ("notes", "Notes and run", joined([provenance.notes(given.document), provenance.run_facts(given.document)])),
        ("references", "Sources", _references(given)),
    ]


def _if_table(given: Contents, name: str, heading: str, draw) -> tuple[str, str, Markup] | None:
    found = given.table(name)
    return None if found is None else (name, heading, draw(found))


def _figure(drawing: Figure, caption: str) -> Markup:
    return figure(drawing.html(), caption)


def _endpoints(given: Contents) -> Markup:
    blocks = []
    for arm, name in given.arms.items():
        targets, own = given.targets.filter(pl.col("arm") == arm), given.estimates[arm]
        block = [headline.endpoint_table(own, targets), headline.other_readings(own)]
        if blocks:
            blocks.append(details(f"{name}: every endpoint", *block))
        else:
            cards, meaning = headline.cards(own, targets), definitions(headline.uncertainties(_sizes(given)))
            blocks = [tag("h3", name), cards, paragraph("Three uncertainties stand apart and are never mixed:"), meaning, *block]
    side_by_side = [headline.at_a_glance(given.estimates, given.arms)] if len(given.arms) > 1 else []
    return joined([*blocks, *side_by_side, contrasts(given.document, given.arms)])


def _published(given: Contents) -> tuple[str, str, Markup] | None:
    parts = []
    for arm, name in given.arms.items():
        beside = compared(given.targets, given.estimates, arm)
        if beside.height:
            drawing = plots.endpoints_versus_published(beside, f"{name}: beside published values")
            parts += [tag("h3", name), figure(drawing.html())]
    return (
        ("published", "Beside published trials", joined([paragraph(PUBLISHED_CAPTION.format(size=_sizes(given))), *parts]))
        if parts
        else None
    )


def _curves(given: Contents, times: pl.DataFrame) -> Markup:
    scale = {arm: given.estimates[arm]["n"]["enrolled"] / given.designed[arm] for arm in given.arms if given.designed.get(arm)}
    band = f", as a trial of {_sizes(given)} would report them" if scale else " of the simulated patients"
    parts = [paragraph(CURVE_CAPTION.format(band=band))]
    for key in CURVES:
        if (times["param"] == key).any():
            drawing = plots.kaplan_meier(times, key, given.arms, given.targets, variance_scale=scale, name=CURVES[key])
            parts += [tag("h3", CURVES[key]), figure(drawing.html())]
    return joined(parts)


def _sizes(given: Contents) -> str:
    """The designed numbers of patients in words."""
    sizes = [given.designed[arm] for arm in given.arms if given.designed.get(arm)]
    if len(set(sizes)) <= 1:
        return f"{count(sizes[0])} patients per arm" if sizes else "as many patients as were simulated"
    return f"{', '.join(count(size) for size in sizes)} patients in the arms"


def _kinetics(given: Contents, table: pl.DataFrame) -> Markup:
    level = table["unit"][0] if "unit" in table.columns else None
    return _figure(
        plots.kinetics_fan(table, given.arms, unit(level)), "Quantiles of simulated patients on each day; both axes are logarithmic."
    )


def _flow(given: Contents, flow: pl.DataFrame) -> Markup:
    """The chains of the arms, after a sentence on those seen before any arm."""
    before = flow.filter(~pl.col("arm").is_in(list(given.arms)) & pl.col("reason").is_null())
    said = ", ".join(f"{row['step']} {count(row['n'])}" for row in before.iter_rows(named=True))
    candidates = paragraph(f"Before enrollment: {said}.") if said else ""
    return joined([candidates, _figure(plots.flow_of_patients(flow, given.arms), FLOW_CAPTION)])


def _relapse(given: Contents, subjects: pl.DataFrame) -> Markup:
    times = given.tables["tte"]
    caption = "Share of responders by what ended their remission first; where nothing is drawn they are in remission or were censored."
    return _figure(plots.relapse_phenotype(subjects, times, given.arms), caption)


def _toxicity(given: Contents, table: pl.DataFrame) -> Markup:
    caption = "Worst grade of each treated patient. The scales read the same simulated course by different rules, so they differ."
    return _figure(plots.toxicity_by_grade(table, given.arms), caption)


def _subgroups(given: Contents, table: pl.DataFrame) -> Markup:
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


def _references(given: Contents) -> Markup:
    assumed = given.table("assumed")
    keys = given.targets["source"].to_list() + (assumed["source"].to_list() if assumed is not None else [])
    return details("Sources named in this report", references(keys))
