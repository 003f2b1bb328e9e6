"""Small spreadsheets, written where a test can read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from remission.assessing import Assessment, assess

EXAMPLE = Path(__import__("remission").__file__).parent / "assessing"
MEASUREMENTS, PATIENTS = EXAMPLE / "example_measurements.csv", EXAMPLE / "example_patients.csv"
COLUMNS = ("patient", "day", "lesion", "organ", "kind", "diameter_mm", "status", "new")


def sheet(rows: Sequence[Sequence[object]]) -> pl.DataFrame:
    """Rows of patient, day, lesion, organ, kind, diameter, status, new."""
    kinds = {"diameter_mm": pl.Float64, "day": pl.Float64, "new": pl.Int64}
    return pl.DataFrame(list(rows), schema={name: kinds.get(name, pl.String) for name in COLUMNS}, orient="row")


def course(patient: str, sums: Mapping[float, float | None]) -> list[tuple[object, ...]]:
    """One target in the lung: its diameter by day, None where it could not be evaluated."""
    return [
        (patient, day, "lung-1", "lung", "target", size, "not_evaluable" if size is None else "measured", 0) for day, size in sums.items()
    ]


def example(criteria: str = "recist1.1", **options: object) -> Assessment:
    """The bundled example, judged."""
    return assess(MEASUREMENTS, criteria, PATIENTS, options or None)
