"""A few of many patients, spread evenly, where a figure has no room for all: the same ones every time."""

from typing import Any

import numpy as np
import polars as pl


def spread(rows: pl.DataFrame, most: int) -> pl.DataFrame:
    """All rows where there are at most `most`, else every so many-th of them, first and last included."""
    if rows.height <= most:
        return rows
    return rows[np.unique(np.round(np.linspace(0, rows.height - 1, most)).astype(np.int64))]


def by_patient(rows: pl.DataFrame, patients: pl.Series) -> dict[Any, pl.DataFrame]:
    """The rows of each of these patients, by name and in order of days."""
    own = rows.filter(pl.col("patient").is_in(patients.implode()))
    return {key[0]: part.sort("day") for key, part in own.partition_by("patient", as_dict=True).items()}
