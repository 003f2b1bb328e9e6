"""CSV files to columns of text: UTF-8 without a byte-order mark, commas between cells, one record a row.

The bytes are looked over once, in pieces, before they are parsed: every row must have as many cells as the header. What is not so is
refused with its row; nothing is guessed, cut off or filled in.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from remission.assessing.encoding import as_utf8
from remission.assessing.ledger import SHOWN, Ledger
from remission.assessing.sheet import Sheet

QUOTE, NEWLINE, RETURN = b'"\n\r'
PIECE = 1 << 22
"""Bytes looked over at once, so that the arrays stay in the caches."""


def read_text(name: str, data: bytes, ledger: Ledger) -> tuple[list[str], Sheet] | None:
    """The header and the rows of a CSV file; None after noting why it cannot be read."""
    text = as_utf8(name, data, ledger)
    if text is None:
        return None
    text = text if text.endswith(b"\n") else text + b"\n"
    line = text[: text.index(b"\n")].decode().rstrip("\r")
    if not line.strip(" ,;\t|"):
        ledger.add("row 1 is empty", f"{name}, row 1", remedy="write the names of the columns in row 1")
        return None
    separator = _separator(name, line, ledger)
    header = _header(name, line, separator, ledger)
    counts = None if header is None else _cells_of_rows(name, text, ord(separator), ledger)
    if header is None or counts is None:
        return None
    table = _parsed(name, text, header, separator, counts.size - 1, ledger)
    return None if table is None else (header, _whole_rows(name, table, counts, len(header), ledger))


def unique(header: list[str]) -> list[str]:
    """Names for the columns of a table, those that stand twice told apart."""
    return [name if name not in header[:at] else f"{name}\0{at}" for at, name in enumerate(header)]


def _separator(name: str, line: str, ledger: Ledger) -> str:
    """What stands between the cells of the header; anything but a comma is noted, and the file read on for what else is wrong."""
    for separator, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if separator in line and "," not in line:
            remedy = "save it with commas between cells and points in decimals, or give the .xlsx workbook itself"
            ledger.add(f"the cells are separated by {word}", f"{name}, row 1", line, remedy)
            return separator
    return ","


def _header(name: str, line: str, separator: str, ledger: Ledger) -> list[str] | None:
    try:
        return next(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error:
        ledger.add("a quote in the header is not closed", f"{name}, row 1", line, "write the names of columns without quotes")
        return None


def _cells_of_rows(name: str, data: bytes, separator: int, ledger: Ledger) -> NDArray[np.int64] | None:
    """How many separators each row has (the header is the first); None when quotes do not match."""
    text = np.frombuffer(data, dtype=np.uint8)
    if b'"' in data:
        inside = _inside_quotes(name, text, separator, ledger)
        return None if inside is None else _counted(text, np.where(inside, np.uint8(0), text), separator)
    return np.concatenate([_counted(piece, piece, separator) for piece in _pieces(data, text)])


def _pieces(data: bytes, text: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    first = 0
    while first < len(data):
        last = data.rfind(b"\n", first, first + PIECE) + 1 or data.index(b"\n", first) + 1
        yield text[first:last]
        first = last


def _counted(text: NDArray[np.uint8], marks: NDArray[np.uint8], separator: int) -> NDArray[np.int64]:
    """Separators in each row; -1 for a row with nothing in it."""
    at = np.flatnonzero((marks == separator) | (marks == NEWLINE))
    ends = np.flatnonzero(marks[at] == NEWLINE)
    counts = np.diff(ends, prepend=-1) - 1
    alone = np.flatnonzero(counts == 0)
    if alone.size:
        starts = np.concatenate([[0], at[ends[:-1]] + 1])[alone]
        length = at[ends[alone]] - starts
        blank = (length == 0) | ((length == 1) & (text[starts] == RETURN))
        counts[alone[blank]] = -1
    return counts


def _inside_quotes(name: str, text: NDArray[np.uint8], separator: int, ledger: Ledger) -> NDArray[np.bool_] | None:
    """Which bytes lie inside quoted cells; None after noting the row of a quote that opens or closes in the middle of a cell."""
    quoted = text == QUOTE
    inside = np.bitwise_xor.accumulate(quoted)
    at = np.flatnonzero(quoted)
    opening, closing = at[::2], at[1::2]
    before = np.where(opening > 0, text[opening - 1], NEWLINE)
    after = text[np.minimum(closing + 1, text.size - 1)]
    wrong = ~np.isin(before, (separator, NEWLINE, QUOTE))
    wrong[: closing.size] |= ~np.isin(after, (separator, NEWLINE, RETURN, QUOTE))
    if opening.size > closing.size:
        wrong[-1] = True
    if not wrong.any():
        return inside
    first = int(opening[np.argmax(wrong)])
    row = int(np.count_nonzero((text[:first] == NEWLINE) & ~inside[:first])) + 1
    end = int(np.argmax(np.append(text[first:], NEWLINE) == NEWLINE))
    line = text[first : first + end].tobytes().decode(errors="replace").rstrip("\r")
    ledger.add(
        "a quote is not closed, or stands inside a cell", f"{name}, row {row}", line, "quote the whole cell or remove the quote", row
    )
    return None


def _parsed(name: str, data: bytes, header: list[str], separator: str, rows: int, ledger: Ledger) -> pl.DataFrame | None:
    """The cells below the header as text, null where empty; None after noting that two readers do not see the same rows."""
    try:
        table = pl.read_csv(data, infer_schema=False, new_columns=unique(header), separator=separator, truncate_ragged_lines=True)
    except pl.exceptions.PolarsError:
        table = None
    if table is None or table.height != rows:
        ledger.add("this is not CSV as spreadsheets write it", name, remedy="save it again as CSV, or give the .xlsx workbook itself")
        return None
    return table.with_columns(pl.all().replace("", None)) if b'""' in data else table


def _whole_rows(name: str, table: pl.DataFrame, counts: NDArray[np.int64], columns: int, ledger: Ledger) -> Sheet:
    """The rows with as many cells as the header; the others are noted, empty ones remembered."""
    counts = counts[1:]
    sheet = Sheet(name, table, np.arange(2, counts.size + 2), np.empty(0, dtype=np.int64))
    ragged = (counts != columns - 1) & (counts != -1)
    if ragged.any():
        many = ragged & (counts >= columns)
        for wrong, message, remedy in (
            (
                many,
                "the row has more cells than the header",
                "write decimals with a point and no thousands separators; quote cells that hold a comma",
            ),
            (ragged & ~many, "the row has fewer cells than the header", "write a comma for every column, also where the cell is empty"),
        ):
            told = [
                (at, message, f"{counts[at] + 1} cells, the header has {columns}", remedy) for at in np.flatnonzero(wrong)[:SHOWN].tolist()
            ]
            ledger.told(sheet, "", told, int(wrong.sum()))
    blank = table.select(pl.all_horizontal(pl.all().is_null())).to_series().to_numpy()
    return sheet.without(blank & ~ragged, ragged)
