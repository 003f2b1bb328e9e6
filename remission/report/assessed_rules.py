"""What decided: the options in force, the rules of the criterion, each with its source, and what made the assessment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from remission.plots.rounding import count
from remission.report.elements import Markup, bullets, definitions, details, joined, paragraph, table, tag
from remission.response.choices import Choice, written
from remission.response.criterion import Criterion


def options(values: Mapping[str, Any], choices: Mapping[str, Choice]) -> Markup:
    """Every option with its value and source; those that were changed first."""
    changed = [name for name in values if name in choices and values[name] != choices[name].default]
    same = [name for name in values if name in choices and name not in changed]
    headings = ("Option", "Value", "Meaning", "Source")
    if not changed:
        return joined(
            [paragraph("Every option has its default."), details("Options and their sources", _options(headings, same, values, choices))]
        )
    said = f"{count(len(changed))} changed, {count(len(same))} with their defaults."
    parts = [paragraph(said), _options(headings, changed, values, choices)]
    return joined([*parts, details("Options with their defaults", _options(headings, same, values, choices))])


def _options(headings: tuple[str, ...], names: list[str], values: Mapping[str, Any], choices: Mapping[str, Choice]) -> Markup:
    rows = [
        (tag("code", name), _value(values[name], choices[name]), choices[name].meaning, choices[name].source or "none") for name in names
    ]
    return table(headings, rows, class_="stacked sourced")


def _value(value: Any, choice: Choice) -> Markup:
    said = tag("b", f"{written(value)}{f' {choice.unit}' if choice.unit not in ('', '1') else ''}")
    return said if value == choice.default else joined([said, tag("small", f" default {written(choice.default)}")])


def rules(criterion: Criterion) -> Markup:
    """The thresholds of the criterion."""
    rows = [
        (tag("code", rule.name), f"{rule.value:g}{f' {rule.unit}' if rule.unit != '1' else ''}", rule.meaning, rule.source)
        for rule in criterion.rules.values()
    ]
    return table(("Rule", "Number", "Meaning", "Source"), rows, class_="stacked sourced")


def notes(given: list[str]) -> Markup:
    """What a reader should know, one line each."""
    return bullets(given) if given else paragraph("None.")


def facts(found: Mapping[str, Any], criterion: str) -> Markup:
    """What it takes to make the same assessment again."""
    said = [("Measurements", str(found["measurements"]))]
    said += [("Patients", str(found["patients_file"]))] if found.get("patients_file") else []
    said += [("Criteria", criterion), ("Visits", count(found.get("visits"))), ("Version", f"remission {found['version']}")]
    return definitions(said)
