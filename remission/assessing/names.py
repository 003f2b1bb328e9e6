"""Names of patients, lesions, organs and arms: what a person would take for the same name must be written the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from remission.assessing.cells import EMPTY, Coded, coded
from remission.assessing.ledger import Ledger
from remission.assessing.sheet import Sheet
from remission.response.arrays import Flags

TOTALS = ("total", "totals", "sum", "mean", "average", "median", "n", "count", "gesamt", "summe", "mittelwert")
NO_NAMES = ("NA", "N/A", "<NA>", "NaN", "nan", "NULL", "null", "None", "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!")
"""What programs write into cells that hold no name."""


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
