"""Generated sections on measurements: columns of the spreadsheet, criteria, and what the example prints."""

from __future__ import annotations

import csv

from remission.assessing import assess
from remission.catalog import PACKAGE, copies
from remission.report.assessment import text_table
from remission.response import criteria as known

WIDTH = 132


def columns(table: str) -> list[tuple[str, ...]]:
    """Name, unit and meaning of every column of a table (`measurements` or `patients`)."""
    with open(PACKAGE / "assessing" / "columns.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["table"] == table]
    return [(f"`{row['name']}`", row["unit"], row["meaning"]) for row in rows]


def criteria() -> list[tuple[str, ...]]:
    """Every criterion with the columns it reads beside those of a lesion."""
    found = [known.get(name) for name in known.names()]
    return [(f"`{one.name}`", one.title, ", ".join(f"`{name}`" for name in (*one.needs, *one.uses))) for one in found]


def example() -> str:
    """What the bundled example prints, without trailing blanks."""
    measurements, patients = copies("scans-example")
    lines = text_table(assess(measurements, "recist1.1", patients), WIDTH).splitlines()
    return "```text\n" + "\n".join(line.rstrip() for line in lines).strip("\n") + "\n```"
