"""Cells to values: numbers, words, names and dates, a column at once; a cell that is not what it should be is noted, never repaired."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import isinf

import numpy as np
import polars as pl
from numpy.typing import NDArray

from remission.assessing.columns import CHANGES, Column
from remission.assessing.ledger import Ledger
from remission.assessing.sheet import Sheet
from remission.errors import nearest
from remission.response.scans import Flags, Floats

EMPTY, BAD = -1, -2
"""Codes of a cell without entry and of one that cannot be used."""
MISSING = ("na", "n/a", "nan", "nd", "n.d.", "none", "null", "-", ".", "?", "unknown", "#n/a")
TOTALS = ("total", "totals", "sum", "mean", "average", "median", "n", "count", "gesamt", "summe", "mittelwert")
NO_NAMES = ("NA", "N/A", "<NA>", "NaN", "nan", "NULL", "null", "None", "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!")
"""What programs write into cells that hold no name."""
MINUS = "\u2212\u2013\u2014"
ISO = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Numbers:
    """A column of numbers: NaN where empty or bad."""

    value: Floats
    bad: Flags

    @property
    def given(self) -> Flags:
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
        ledger.advised(sheet, column.name, bad, lambda cell: advice(cell, column))
        value = np.where(bad, np.nan, value)
    outside = (value < column.low) | (value > column.high)
    ledger.advised(sheet, column.name, outside, lambda cell: _limits(cell, column))
    if column.holds in ("count", "flag"):
        broken = ~outside & (value != np.round(value)) & ~np.isnan(value)
        ledger.cells(sheet, column.name, broken, "this must be a whole number", f"write {column.low:g} to {column.high:g} without decimals")
        outside |= broken
    return Numbers(np.where(outside, np.nan, value), bad | outside) if outside.any() else Numbers(value, bad)


def advice(cell: object, column: Column) -> tuple[str, str]:
    """What is wrong with a cell that should be a number, and what to write instead."""
    text, unit = str(cell), f" (the column is in {column.unit})" if column.unit else ""
    if not text.strip():
        return "the cell holds only blanks", "leave it empty"
    if text != text.strip():
        return "the number begins or ends with a blank", "remove the blank"
    if any(mark in text for mark in MINUS):
        return "this is not a number: the minus is a typographic one", "write the minus of the keyboard, -"
    if text.lower() in MISSING:
        return "this is not a number", 'leave the cell empty where nothing was measured (R: `na = ""`)'
    if ISO.search(text) or re.fullmatch(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}", text):
        if column.holds == "clock":
            return "this is a date, but the measurements have days", "write days on the clock of the measurements, or dates in both tables"
        remedy = (
            "write all visits as days in `day` or all as dates in `date`"
            if column.name == "day"
            else "write a number; did the program make it a date?"
        )
        return "this is a date, not a number", remedy
    if re.fullmatch(r"[-+]?\d{1,3}([,' \u00a0\u202f]\d{3})+(\.\d+)?", text) and not re.fullmatch(r"[-+]?0,\d{3}", text):
        return "this is not a plain number: thousands separators or a decimal comma", "write it without separators, decimals after a point"
    if re.fullmatch(r"[-+]?\d*,\d+", text):
        return "this is not a number: decimals are written after a comma", "write a point before the decimals"
    if _is_infinite(text):
        return "this is not a finite number", "write a plain number, or leave the cell empty"
    if text[0] in "<>~≤≥≈":
        return (
            "this is not a number but a limit",
            "write the number; for a lesion too small to measure leave it empty and set `status` to too_small",
        )
    if re.fullmatch(r"[-+]?\d+(\.\d+)?\s*[A-Za-z%µ/^0-9]+", text):
        return "this is not a number: there is text behind it", f"write only the number{unit}"
    return "this is not a number", f"write a plain number{unit}, or leave the cell empty"


def _is_infinite(text: str) -> bool:
    try:
        return isinf(float(text))
    except ValueError:
        return False


def _limits(cell: object, column: Column) -> tuple[str, str]:
    if float(str(cell)) < 0 <= column.low:
        return "this must not be negative", f"write {column.low:g} to {column.high:g}{' ' + column.unit if column.unit else ''}"
    if column.name == "day" or column.holds == "clock":
        return "no clock of a patient runs that far", "write days from time zero; the serial numbers of dates of a spreadsheet are not days"
    limits = f"{column.low:g} to {column.high:g}{' ' + column.unit if column.unit else ''}"
    return "this is out of range", f"write {limits}"


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


def names(sheet: Sheet, column: str, ledger: Ledger, required: bool = False, within: Coded | None = None) -> Coded:
    """A column of names; those with blanks around them, and two that a person would read as one, are noted.

    within: names that only need to be told apart inside a group, as lesions inside a patient.
    """
    found = coded(sheet, column)
    if required and sheet.has(column):
        ledger.cells(
            sheet, column, found.code == EMPTY, f"`{column}` is empty", "fill it in on every row; unmerge cells that a spreadsheet merged"
        )
    entries = found.entries
    unclean = (entries != entries.str.strip_chars()) | entries.str.contains(r"[\p{C}\u{2028}\u{2029}]")
    doubtful = found.flagged(unclean)
    message = "the name begins or ends with a blank, or holds a character that is not printed"
    ledger.cells(sheet, column, doubtful, message, "write it without")
    doubtful |= _programs_words(sheet, column, found, ledger)
    folded = entries.str.strip_chars().str.to_lowercase().str.replace(r"^0+(\d)", "$1")
    if folded.n_unique() < len(folded):
        doubtful |= _same_to_a_person(sheet, column, found, folded, doubtful, within, ledger)
    return replace(found, doubtful=doubtful)


def _programs_words(sheet: Sheet, column: str, found: Coded, ledger: Ledger) -> Flags:
    """Rows in which a program wrote that there is no name."""
    wrong = found.flagged(found.entries.is_in(NO_NAMES))
    ledger.cells(sheet, column, wrong, "this is a word of a program for nothing, not a name", "leave the cell empty, or write the name")
    return wrong


def _same_to_a_person(
    sheet: Sheet, column: str, found: Coded, folded: pl.Series, known: Flags, within: Coded | None, ledger: Ledger
) -> Flags:
    """Rows of names that differ by case, or by zeros in front of a number, from another name; noted once per name, unless `known`."""
    rows = pl.DataFrame({"row": np.arange(found.code.size), "code": found.code, "group": 0 if within is None else within.code})
    rows = rows.filter(pl.col("code") >= 0).with_columns(folded=pl.lit(folded).gather(pl.col("code")))
    several = rows.filter(pl.col("code").n_unique().over("group", "folded") > 1)
    flagged = np.zeros(found.code.size, dtype=bool)
    flagged[several["row"].to_numpy()] = True
    first = several.group_by("group", "folded", "code").agg(pl.col("row").min()).sort("row")
    told = []
    for one in (
        first.with_columns(other=pl.col("code").first().over("group", "folded"))
        .filter(pl.col("code") != pl.col("other"))
        .iter_rows(named=True)
    ):
        if not known[one["row"]]:
            name, other = found.names[one["code"]], found.names[one["other"]]
            told.append((one["row"], f"this and `{other}` differ by case or zeros alone", name, f"write the same {column} in one way"))
    ledger.told(sheet, column, told)
    return flagged


def patients(sheet: Sheet, ledger: Ledger) -> Coded:
    """The column of patients; rows of totals below a table are none."""
    found = names(sheet, "patient", ledger, required=True)
    wrong = found.flagged(found.entries.str.strip_chars().str.to_lowercase().is_in(TOTALS))
    ledger.cells(sheet, "patient", wrong, "this looks like a row of totals, not a patient", "delete the row")
    return replace(found, doubtful=found.doubtful | wrong)


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
    ledger.advised(sheet, column, bad, lambda cell: _date_advice(str(cell)))
    return Numbers(np.where(bad, np.nan, value), bad)


def _not_dates(sheet: Sheet, column: str, ledger: Ledger) -> Numbers:
    bad = sheet.table[column].is_not_null().to_numpy()
    ledger.advised(sheet, column, bad, lambda cell: _date_advice(f"{cell:g}"))
    return Numbers(np.full(sheet.rows.size, np.nan), bad)


def _date_advice(text: str) -> tuple[str, str]:
    if re.fullmatch(r"[-+]?\d+(\.\d+)?", text):
        return "this is a number, not a date", "write all days as dates YYYY-MM-DD, or all as days (visits in `day`)"
    if ISO.fullmatch(text):
        return "there is no such date between 1900 and 2100", "correct it"
    if ISO.match(text):
        return "this is more than a date", "write YYYY-MM-DD without a time of day"
    return "this is not a date of the form YYYY-MM-DD", "write the year first, then the month, then the day, as 2024-03-07"
