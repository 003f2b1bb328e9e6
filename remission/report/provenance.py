"""What a reader needs to doubt a result well: failed members, assumed parameters, notes, seed and version."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from remission.plots.rounding import count, counted, number, unit, words
from remission.report.elements import Markup, bullets, definitions, details, joined, paragraph, table, tag

MOST_FAILURES = 50
NO_FAILURES = "Every simulated patient was followed to the end."


def failures(table_of_failures: pl.DataFrame | None, titles: Mapping[str, str], patients: int) -> Markup:
    """Members that ended otherwise than `ok`, counted by arm and reason, with their numbers folded away."""
    if table_of_failures is None or table_of_failures.is_empty():
        return paragraph(NO_FAILURES)
    counts = table_of_failures.group_by("arm", "status", "reason", maintain_order=True).len()
    many = counted(table_of_failures.height, "member")
    again = f"{many} of the ensemble did not end normally, after one repetition at tighter tolerance."
    said = paragraph(f"{again} They are counted here and left out of the estimates.")
    rows = [
        (
            titles.get(row["arm"], str(row["arm"] or "before enrollment")),
            words(str(row["status"])),
            str(row["reason"] or ""),
            count(row["len"]),
        )
        for row in counts.iter_rows(named=True)
    ]
    singles = [
        (f"patient {row['patient']}", titles.get(row["arm"], str(row["arm"] or "")), words(str(row["status"])), str(row["reason"] or ""))
        for row in table_of_failures.head(MOST_FAILURES).iter_rows(named=True)
    ]
    more = paragraph(f"The first {MOST_FAILURES} of {count(table_of_failures.height)}.") if table_of_failures.height > MOST_FAILURES else ""
    listed = details("Which members", more, table(("Member", "Arm", "Status", "Reason"), singles))
    return joined([said, table(("Arm", "Status", "Reason", f"Members (of {count(patients)} per arm)"), rows), listed])


def assumed(parameters: pl.DataFrame | None) -> Markup:
    """Every parameter in play that rests on an assumption, grouped by the module it belongs to."""
    if parameters is None or parameters.is_empty():
        return paragraph("No parameter in play is marked as assumed.")
    rows, module = [], None
    for row in parameters.sort("key").iter_rows(named=True):
        owner, _, name = row["key"].rpartition(".")
        if owner != module:
            module = owner
            rows.append((owner or "parameters",))
        rows.append((name, _value(row["value"]), unit(row["unit"]), row["meaning"] or "", row.get("source") or "none"))
    many = counted(parameters.height, "parameter in play is", "parameters in play are")
    said = f"{many} assumed: neither measured nor fitted for this use. The results depend on them."
    listed = table(("Parameter", "Value", "Unit", "Meaning", "Source"), rows)
    return joined([paragraph(said), details("Every assumed parameter", listed)])


def run_facts(document: Mapping[str, Any]) -> Markup:
    """What it takes to make the same run again."""
    facts = [
        ("Scenario", str(document["scenario"])),
        ("Seed", str(document["seed"])),
        ("Patients per arm", count(document["patients"])),
        ("Version", f"remission {document['version']}"),
    ]
    seconds = document.get("seconds") or {}
    facts += [(f"Seconds, {words(key).lower()}", number(value)) for key, value in seconds.items() if isinstance(value, int | float)]
    return definitions(facts)


def notes(document: Mapping[str, Any]) -> Markup:
    listed = [
        _note(note) if isinstance(note, str) else "; ".join(f"{words(key)}: {value}" for key, value in note.items())
        for note in document["notes"]
    ]
    return bullets(listed) if listed else paragraph("None.")


def _note(note: str) -> Markup:
    """A note with its names, written between backticks, set as code."""
    return joined(tag("code", part) if place % 2 else part for place, part in enumerate(note.split("`")))


def _value(value: Any) -> str:
    return number(float(value)) if isinstance(value, int | float) else str(value)
