"""Cells to values: numbers, words, names and dates, a column at once; a cell that is not what it should be is noted, never repaired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from remission.assessing import advice
from remission.assessing.columns import CHANGES, Column
from remission.assessing.ledger import Ledger
from remission.assessing.sheet import Sheet
from remission.errors import nearest
from remission.response.arrays import Flags, Floats

EMPTY, BAD = -1, -2
"""Codes of a cell without entry and of one that cannot be used."""


@dataclass(frozen=True)
class Numbers:
    """A column of numbers: NaN where empty or bad."""

    value: Floats
    bad: Flags

    @property
    def given(self) -> Flags:
        """Rows with a number that can be used."""
        return ~np.isnan(self.value)


@dataclass(frozen=True)
class Coded:
    """A column of text: the different entries in the order of their first rows, and for every row the number of its entry."""

    code: NDArray[np.int32]
    entries: pl.Series
    doubtful: Flags
    """Rows whose entry was noted as wrong."""

    @cached_property
    def names(self) -> list[str]:
        """The entries by their numbers."""
        return self.entries.to_list()

    def flagged(self, wrong: pl.Series) -> Flags:
        """The rows of the entries that are wrong."""
        return looked_up(self.code, wrong.to_numpy(), False).astype(bool)


def coded(sheet: Sheet, column: str) -> Coded:
    """A column of text by its different entries; a missing column is empty everywhere."""
    nowhere = np.zeros(sheet.rows.size, dtype=bool)
    if not sheet.has(column):
        return Coded(np.full(sheet.rows.size, EMPTY, dtype=np.int32), pl.Series(dtype=pl.String), nowhere)
    series = sheet.table[column]
    entries = series.drop_nulls().unique(maintain_order=True)
    codes = series.cast(pl.Enum(entries)).to_physical().cast(pl.Int32).fill_null(EMPTY)
    return Coded(codes.to_numpy(), entries, nowhere)


def looked_up(codes: NDArray[np.int32], values: Sequence[float] | NDArray, empty: float) -> NDArray:
    """The value of every row's entry; `empty` where there is none."""
    return np.append(np.asarray(values), empty)[codes] if len(values) else np.full(codes.shape, empty)


def numbers(sheet: Sheet, column: Column, ledger: Ledger) -> Numbers:
    """A column of numbers, each inside the limits of the column; a missing column is empty everywhere."""
    if not sheet.has(column.name):
        return Numbers(np.full(sheet.rows.size, np.nan), np.zeros(sheet.rows.size, dtype=bool))
    series = sheet.table[column.name]
    value = series.cast(pl.Float64, strict=False).to_numpy()
    bad = ~np.isfinite(value)
    if series.null_count():
        bad &= series.is_not_null().to_numpy()
    if bad.any():
        ledger.advised(sheet, column.name, bad, lambda cell: advice.of_number(cell, column))
        value = np.where(bad, np.nan, value)
    outside = (value < column.low) | (value > column.high)
    ledger.advised(sheet, column.name, outside, lambda cell: advice.outside(cell, column))
    if column.holds in ("count", "flag"):
        broken = ~outside & (value != np.round(value)) & ~np.isnan(value)
        ledger.cells(sheet, column.name, broken, "this must be a whole number", f"write {column.low:g} to {column.high:g} without decimals")
        outside |= broken
    return Numbers(np.where(outside, np.nan, value), bad | outside) if outside.any() else Numbers(value, bad)


def words(sheet: Sheet, column: str, known: Mapping[str, int], ledger: Ledger) -> NDArray[np.int32]:
    """The code of every row's word; EMPTY where there is none, BAD where it is not known."""
    found = coded(sheet, column)
    codes = looked_up(found.code, [known.get(name, BAD) for name in found.names], EMPTY).astype(np.int32)
    ledger.advised(
        sheet,
        column,
        codes == BAD,
        lambda cell: (f"this is not a {column}{nearest(str(cell).strip(), known)}", f"write {', '.join(known)}"),
    )
    return codes


def changes(sheet: Sheet, column: str, ledger: Ledger) -> Numbers:
    """A column of changes, -1 better, 0 stable or 1 worse, as number or word."""
    if not sheet.has(column):
        return Numbers(np.full(sheet.rows.size, np.nan), np.zeros(sheet.rows.size, dtype=bool))
    if sheet.table[column].dtype != pl.String:
        series = sheet.table[column]
        plain = series.cast(pl.Int64, strict=False).cast(pl.String)
        cells = pl.select(pl.when(series == series.round()).then(plain).otherwise(series.cast(pl.String))).to_series().alias(column)
        sheet = sheet.with_table(sheet.table.with_columns(cells))
    found = coded(sheet, column)
    value = looked_up(found.code, [CHANGES.get(name, np.inf) for name in found.names], np.nan)
    bad = np.isinf(value)
    ledger.advised(
        sheet, column, bad, lambda cell: (f"this is not a change{nearest(str(cell).strip(), CHANGES)}", f"write {', '.join(CHANGES)}")
    )
    return Numbers(np.where(bad, np.nan, value), bad)


def dates(sheet: Sheet, column: str, ledger: Ledger) -> Numbers:
    """A column of dates, YYYY-MM-DD, as days since 1970."""
    if not sheet.has(column):
        return Numbers(np.full(sheet.rows.size, np.nan), np.zeros(sheet.rows.size, dtype=bool))
    if sheet.table[column].dtype != pl.String:
        return _not_dates(sheet, column, ledger)
    found = coded(sheet, column)
    entries = found.entries
    read = entries.str.to_date("%Y-%m-%d", strict=False)
    sound = entries.str.contains(r"^[12][0-9]{3}-[0-9]{2}-[0-9]{2}$") & read.is_not_null() & read.dt.year().is_between(1900, 2100)
    day = np.where(sound.to_numpy(), read.cast(pl.Int32).fill_null(0).to_numpy(), np.inf)
    value = looked_up(found.code, day, np.nan)
    bad = np.isinf(value)
    ledger.advised(sheet, column, bad, lambda cell: advice.of_date(str(cell)))
    return Numbers(np.where(bad, np.nan, value), bad)


def _not_dates(sheet: Sheet, column: str, ledger: Ledger) -> Numbers:
    bad = sheet.table[column].is_not_null().to_numpy()
    ledger.advised(sheet, column, bad, lambda cell: advice.of_date(f"{cell:g}"))
    return Numbers(np.full(sheet.rows.size, np.nan), bad)
