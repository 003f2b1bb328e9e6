"""A few of many patients, spread evenly, where a figure has no room for all: the same ones every time."""

from typing import Any

import numpy as np
import polars as pl

from remission.plots.rounding import count, counted


def spread(rows: pl.DataFrame, most: int) -> pl.DataFrame:
    """All rows where there are at most `most`, else every so many-th of them, first and last included."""
    if rows.height <= most:
        return rows
    return rows[np.unique(np.round(np.linspace(0, rows.height - 1, most)).astype(np.int64))]


def heading_of(name: str, patients: int, most: int) -> str:
    """The name of an arm with its patients, and how many of them are drawn where there is no room for all."""
    sample = f", {count(most)} of them drawn" if patients > most else ""
    return f"{name} ({counted(patients, 'patient')}{sample})"


def by_patient(rows: pl.DataFrame, patients: pl.Series) -> dict[Any, pl.DataFrame]:
    """The rows of each of these patients, by name and in order of days."""
    own = rows.filter(pl.col("patient").is_in(patients.implode()))
    return {key[0]: part.sort("day") for key, part in own.partition_by("patient", as_dict=True).items()}
