"""The report of an assessment: one self-contained HTML file, and a small table for the terminal."""

from __future__ import annotations

import io
from importlib.resources import files
from os import PathLike
from pathlib import Path

import polars as pl
from rich import box
from rich.console import Console
from rich.table import Table

from remission.assessing.job import choices_of
from remission.assessing.result import Assessment
from remission.errors import InputError
from remission.plots.rounding import ABSENT, count, counted
from remission.report import assessed_arms, assessed_patients, assessed_rules
from remission.report.elements import Markup, figure, joined, paragraph, section, tag
from remission.report.page import POLICY
from remission.response import criteria
from remission.response.criterion import Criterion
from remission.response.scan_endpoints import DEFINITIONS

CURVES = ("pfs", "rfs", "efs", "os", "dor")
TERMINAL_PATIENTS = 40
WATERFALL = "Largest fall, or smallest rise, of the burden from the baseline before progression; bars take the color of the best response."
LINES = (
    "Dashed lines are the changes that count as response and, above zero, as progression; progression is measured from the lowest burden, "
    "so that a patient may progress below the upper line."
)
SPIDER = "Each line is a patient in the color of the best response, from the baseline to the last visit with a known burden."
SWIMMER = "The color is the response of the last visit. Point at a lane or a mark for its day."
KAPLAN_MEIER = "Bands are 95% log-log intervals; short strokes are patients who were censored."


def html(result: Assessment) -> str:
    """The report of an `Assessment` as one HTML text."""
    criterion = criteria.get(result.criterion)
    parts = [part for part in _sections(result, criterion) if part is not None]
    links = tag("nav", *(tag("a", name, href=f"#{identity}") for identity, name, _ in parts), aria_label="Sections")
    body = [_header(result, criterion), links, *(section(*part) for part in parts), _footer(result)]
    head = "".join(
        [
            '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><meta name="generator" content="remission">',
            tag("title", f"{result.facts['measurements']}: {criterion.title}"),
            f"<style>{(files('remission.report') / 'report.css').read_text(encoding='utf-8')}</style>",
        ]
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body><main>{joined(body)}</main></body></html>\n'


def write(result: Assessment, path: str | PathLike[str]) -> Path:
    """Write the report to `path`; `InputError` when it cannot be written."""
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(html(result), encoding="utf-8")
    except OSError as error:
        remedy = "choose a folder you may write to with `--out`"
        raise InputError(f"the report cannot be written: {error.strerror}", path, remedy=remedy) from error
    return target


def _header(result: Assessment, criterion: Criterion) -> Markup:
    patients = result.tables["patients"]
    arms = f" in {counted(len(result.arms), 'arm')}" if len(result.arms) > 1 else ""
    said = f"{counted(patients.height, 'patient')}{arms}, {counted(result.tables['visits'].height, 'visit')}"
    first, stop, rest = result.intended_use.partition(". ")
    return tag(
        "header",
        tag("p", "Response assessment", class_="kicker"),
        tag("h1", criterion.title),
        paragraph(f"{result.facts['measurements']}: {said}", class_="quiet"),
        tag("p", tag("b", first + stop), rest, class_="notice", role="note"),
    )


def _footer(result: Assessment) -> Markup:
    return tag("footer", paragraph(f"Made by remission {result.facts['version']}, criteria {result.criterion}."))


def _sections(result: Assessment, criterion: Criterion) -> list[tuple[str, str, Markup] | None]:
    unit = result.facts.get("unit", "mm")
    return [
        ("arms", "Response and survival", joined([assessed_arms.arms_table(result.arms), paragraph(_counted(result), class_="quiet")])),
        ("patients", "Patients", assessed_patients.listed(result.tables["patients"])),
        _drawn(result, "waterfall", "Waterfall", WATERFALL),
        _drawn(result, "spider", "Spider", SPIDER),
        _drawn(result, "swimmer", "Swimmer", SWIMMER),
        _curves(result),
        ("visits", "Every visit", assessed_patients.parts(result.tables, unit, (*criterion.needs, *criterion.uses))),
        ("options", "Options in force", assessed_rules.options(result.options, choices_of(criterion))),
        ("rules", "Rules", assessed_rules.rules(criterion)),
        ("notes", "Notes", joined([assessed_rules.notes(list(result.notes)), assessed_rules.facts(result.facts, criterion.name)])),
    ]


def _counted(result: Assessment) -> str:
    confirmed = "Only confirmed responses count" if result.options.get("confirmed") else "Responses count without confirmation"
    return f"{assessed_arms.CAPTION} {confirmed}; patients who could not be evaluated stay in the denominator."


def _drawn(result: Assessment, name: str, heading: str, caption: str) -> tuple[str, str, Markup] | None:
    """A figure with the words that say how to read it; None where it has nothing to show."""
    if name in ("waterfall", "spider") and result.tables["patients"]["best_change"].is_null().all():
        return None
    lined = name != "swimmer" and len(result.lines) > 1
    return name, heading, figure(result.plot(name).html(), f"{caption} {LINES}" if lined else caption)


def _curves(result: Assessment) -> tuple[str, str, Markup]:
    """Kaplan-Meier curves of the endpoints that the arms have."""
    parts = [paragraph(KAPLAN_MEIER)]
    for key in CURVES:
        if all(key in arm for arm in result.arms.values()):
            parts += [tag("h3", DEFINITIONS[key].title), figure(result.plot(key).html())]
    return "survival", "Time to event", joined(parts)


def text_table(result: Assessment, width: int = 120) -> str:
    """Patients and arms for a terminal, in lines of at most `width` letters."""
    patients = result.tables["patients"]
    written = io.StringIO()
    console = Console(file=written, width=width, color_system=None, force_terminal=False, highlight=False, markup=False)
    console.print(_patients_grid(patients, len(result.arms) > 1))
    if patients.height > TERMINAL_PATIENTS:
        console.print(f"The first {TERMINAL_PATIENTS} of {count(patients.height)} patients; --out writes all of them.\n")
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    grid.add_column("endpoint", no_wrap=True)
    for arm in result.arms:
        grid.add_column(arm, justify="right", overflow="fold")
    for row in assessed_arms.text_rows(result.arms):
        grid.add_row(*row)
    console.print(grid)
    console.print("In brackets 95% intervals; a plus is censored. Days count from time zero.")
    for note in result.notes:
        console.print(f"- {note}")
    console.print(result.intended_use)
    return written.getvalue()


def _patients_grid(patients: pl.DataFrame, arms: bool) -> Table:
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    headings = (
        "patient",
        *(["arm"] if arms else []),
        "best",
        "confirmed",
        "change",
        "response",
        "progression",
        "PFS",
        "DoR",
        "OS",
        "refractory",
    )
    for heading in headings:
        grid.add_column(heading, no_wrap=heading in ("patient", "change"), justify="right" if heading == "change" else "left")
    for row in patients.head(TERMINAL_PATIENTS).iter_rows(named=True):
        days = [ABSENT if row[name] is None else f"{row[name]:g}" for name in ("response_day", "progression_day")]
        times = [assessed_patients.days(row, param) for param in ("pfs", "dor", "os")]
        own = [row["arm"]] if arms else []
        said = [row["best"] or ABSENT, row["best_confirmed"] or ABSENT, assessed_patients.change(row["best_change"])]
        grid.add_row(row["patient"], *own, *said, *days, *times, row["refractory_class"])
    return grid
