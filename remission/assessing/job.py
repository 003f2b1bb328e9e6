"""`remission assess`: read measurements, judge them, follow every patient to the end points, and write down what was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from remission.assessing import reading
from remission.assessing.arms import arm_estimates
from remission.assessing.records import Found, tables_of
from remission.assessing.result import Assessment
from remission.assessing.sheets import Source
from remission.response import criteria as known_criteria
from remission.response import refractory, scan_endpoints
from remission.response.choices import Choice, settled, written
from remission.response.criterion import Criterion
from remission.version import VERSION

Progress = Callable[[str, int, int], None]
UNCONFIRMED = "unconfirmed"
"""How a source says that nobody has looked a rule up."""


def assess(
    measurements: Source,
    criteria: str | Criterion,
    patients: Source | None = None,
    options: Mapping[str, object] | str | Path | None = None,
    progress: Progress | None = None,
) -> Assessment:
    """Judge measurements by a named criterion: every visit with the rule that decided, best responses, times to events, refractory class.

    measurements: a CSV, Excel or Parquet file, or a polars table of the same columns. patients: the table of arms and dates beside it.
    options: values by name, or a TOML file of them; what is not named has its default. `InputError` lists every problem at once.
    """
    told = progress or (lambda stage, done, total: None)
    criterion = criteria if isinstance(criteria, Criterion) else known_criteria.get(criteria)
    values = in_force(criterion, options)
    told("reading", 0, 1)
    read = reading.read_scans(measurements, patients, criterion, values)
    told("reading", 1, 1)
    found = _judged(criterion, read, values)
    told("judging", 1, 1)
    tables = tables_of(found)
    return Assessment(
        criterion.name,
        values,
        tables,
        arm_estimates(tables, criterion, bool(values["confirmed"])),
        [*read.notes, *_notes(criterion, values, options)],
        _facts(measurements, patients, found),
    )


def choices_of(criterion: Criterion) -> dict[str, Choice]:
    """Every option there is under a criterion, by name: its own, those of the end points and those of refractory disease."""
    return {**criterion.choices, **scan_endpoints.CHOICES, **refractory.CHOICES}


def in_force(criterion: Criterion, given: Mapping[str, object] | str | Path | None) -> dict[str, Any]:
    """Every option with its value; `InputError` for unknown names and wrong values."""
    place = str(given) if isinstance(given, str | Path) else "options"
    named = reading.read_options(given, criterion.name) if isinstance(given, str | Path) else given
    return settled(choices_of(criterion), named, place)


def _judged(criterion: Criterion, read: reading.Read, values: Mapping[str, Any]) -> Found:
    scans = read.scans
    judged, best = criterion.judge(scans, {name: values[name] for name in criterion.choices})
    times = scan_endpoints.endpoints_of(scans, judged, best, values, criterion.name)
    classes = refractory.classify(definition_of(criterion, values), scans, judged, best, values)
    return Found(
        criterion,
        scans,
        judged,
        best,
        times,
        classes,
        read.organs,
        read.time_zero if read.dates else None,
        float(values.get("too_small", np.nan)),
    )


def definition_of(criterion: Criterion, values: Mapping[str, Any]) -> str:
    """The definition of refractory disease in force: the one chosen, else the one of the criterion."""
    return refractory.definition(criterion.refractory, values)


def _notes(criterion: Criterion, values: Mapping[str, Any], given: object) -> list[str]:
    choices = choices_of(criterion)
    changed = [f"{name} = {written(values[name])}" for name, choice in choices.items() if values[name] != choice.default]
    open_ = [rule.name for rule in (*criterion.rules.values(), *choices.values()) if UNCONFIRMED in rule.source]
    notes = [f"Criterion: {criterion.title}."]
    notes.append(f"Options other than the default: {', '.join(changed)}." if changed else "All options have their defaults.")
    if open_:
        notes.append(f"From memory, not yet confirmed in the publication: {', '.join(dict.fromkeys(open_))}.")
    return notes


def _facts(measurements: Source, patients: Source | None, found: Found) -> dict[str, Any]:
    """What made the assessment."""
    return {
        "version": VERSION,
        "measurements": _name(measurements),
        "patients_file": None if patients is None else _name(patients),
        "unit": found.judged.unit,
        "refractory_criterion": str(found.classes.criterion),
        "lines": _lines(found.criterion),
        "dated": found.time_zero is not None,
        "visits": int(np.count_nonzero(found.scans.held)),
    }


def _lines(criterion: Criterion) -> list[float]:
    """Changes of the burden in percent at which figures draw a line: progression (from the lowest) and response (from the baseline)."""
    rules, found = criterion.rules, []
    if "progression" in rules and not criterion.by_lesion:
        found.append(100 * rules["progression"].value)
    return [*found, -100 * rules["partial_response"].value] if "partial_response" in rules else found


def _name(source: Source) -> str:
    return "a table" if isinstance(source, pl.DataFrame) else Path(source).name
