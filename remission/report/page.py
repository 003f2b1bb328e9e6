"""The whole page: sections in the order in which a reader asks, style included, nothing fetched from anywhere."""

from collections.abc import Callable
from importlib.resources import files

import polars as pl

from remission.plots.rounding import count, words
from remission.report import design, figures, headline, provenance
from remission.report.contents import Contents, sizes
from remission.report.contrasts import contrasts
from remission.report.elements import Markup, definitions, details, joined, paragraph, section, tag
from remission.report.references import references

POLICY = "default-src 'none'; style-src 'unsafe-inline'"


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
        figures.published(given),
        ("design", "Design", design.design(given.result.scenario, given.document)),
        _if_table(given, "flow", "Flow of patients", lambda flow: figures.flow(given, flow)),
        _if_table(given, "tte", "Time to event", lambda times: figures.curves(given, times)),
        _if_table(given, "kinetics", "CAR-T cells in blood", lambda table: figures.kinetics(given, table)),
        _if_table(given, "subjects", "Relapse", lambda subjects: figures.relapse(given, subjects))
        if given.table("tte") is not None
        else None,
        _if_table(given, "toxicity", "Toxicity", lambda table: figures.toxicity(given, table)),
        _if_table(given, "subgroups", "Subgroups", lambda table: figures.subgroups(given, table)),
        ("failures", "Failed members", provenance.failures(given.table("failures"), given.arms, given.document["patients"])),
        ("assumptions", "Assumed parameters", provenance.assumed(given.table("assumed"))),
        ("notes", "Notes and run", joined([provenance.notes(given.document), provenance.run_facts(given.document)])),
        ("references", "Sources", _references(given)),
    ]


def _if_table(given: Contents, name: str, heading: str, draw: Callable[[pl.DataFrame], Markup]) -> tuple[str, str, Markup] | None:
    found = given.table(name)
    return None if found is None else (name, heading, draw(found))


def _endpoints(given: Contents) -> Markup:
    """The first arm in full, the others folded away, then all arms side by side and their differences."""
    blocks = []
    for arm, name in given.arms.items():
        targets, own = given.targets.filter(pl.col("arm") == arm), given.estimates[arm]
        block = [headline.endpoint_table(own, targets), headline.other_readings(own)]
        if blocks:
            blocks.append(details(f"{name}: every endpoint", *block))
        else:
            cards, meaning = headline.cards(own, targets), definitions(headline.uncertainties(sizes(given)))
            blocks = [tag("h3", name), cards, paragraph("Three uncertainties stand apart and are never mixed:"), meaning, *block]
    side_by_side = [headline.at_a_glance(given.estimates, given.arms)] if len(given.arms) > 1 else []
    return joined([*blocks, *side_by_side, contrasts(given.document, given.arms)])


def _references(given: Contents) -> Markup:
    assumed = given.table("assumed")
    keys = given.targets["source"].to_list() + (assumed["source"].to_list() if assumed is not None else [])
    return details("Sources named in this report", references(keys))
