"""Excel workbooks to columns of text: one sheet with a header in row 1, every cell with a value of its own.

Numbers become the shortest text that gives them back, dates become YYYY-MM-DD. Merged cells, hidden rows and columns, formulas whose
value was never computed, and numbers kept as text are refused, since a reader of the workbook does not see what a program would read.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from datetime import date, datetime, time
from io import BytesIO
from itertools import islice
from typing import Any
from zipfile import is_zipfile

import numpy as np
import polars as pl
from openpyxl import load_workbook

from remission.assessing.csv_text import unique
from remission.assessing.ledger import SHOWN, Ledger
from remission.assessing.sheet import Sheet


def read_workbook(name: str, data: bytes, numeric: Iterable[str], ledger: Ledger) -> tuple[list[str], Sheet] | None:
    """The header and the rows of a workbook; None after noting why it cannot be read. `numeric` columns must hold no text."""
    found = _only_sheet(name, data, ledger)
    if found is None:
        return None
    cells = [list(row) for row in found.iter_rows()]
    header = [_text(cell.value) or "" for cell in cells[0]]
    while header and not header[-1] and not any(_text(row[len(header) - 1].value) for row in cells):
        header.pop()
    if not any(header):
        ledger.add("row 1 is empty", f"{name}, row 1", remedy="write the names of the columns in row 1")
        return None
    _refuse_unseen(name, found, len(header), ledger)
    _refuse_uncomputed(name, data, cells, header, ledger)
    columns = {column: pl.Series([_text(row[at].value) for row in cells[1:]], dtype=pl.String) for at, column in enumerate(unique(header))}
    table = pl.DataFrame(columns)
    sheet = Sheet(name, table, np.arange(2, len(cells) + 1), np.empty(0, dtype=np.int64))
    _refuse_numbers_as_text(sheet, cells, header, set(numeric), ledger)
    blank = table.select(pl.all_horizontal(pl.all().is_null())).to_series().to_numpy()
    last = table.height - int(np.argmax(~blank[::-1])) if not blank.all() else 0
    sheet = Sheet(name, table[:last], sheet.rows[:last], sheet.empty)
    return header, sheet.without(blank[:last])


def _only_sheet(name: str, data: bytes, ledger: Ledger) -> Any:
    """The one sheet of a workbook that has cells."""
    if not is_zipfile(BytesIO(data)):
        ledger.add("this is not an Excel workbook (.xlsx)", name, remedy="save it as .xlsx, or give a CSV file the ending .csv")
        return None
    try:
        book = _opened(data)
    except Exception as error:  # openpyxl raises whatever it meets inside a broken archive
        ledger.add(f"the workbook cannot be read ({type(error).__name__})", name, remedy="save it again as .xlsx or as CSV")
        return None
    used = [sheet for sheet in book.worksheets if any(cell is not None for row in sheet.iter_rows(values_only=True) for cell in row)]
    if not used:
        ledger.add("the workbook is empty", name, remedy="write a header and at least one row")
        return None
    if len(used) > 1:
        titles = ", ".join(sheet.title for sheet in used)
        ledger.add("the workbook has several sheets with cells", name, titles, "keep one sheet in the file, or save the one meant as CSV")
        return None
    return used[0]


def _opened(data: bytes, data_only: bool = False) -> Any:
    """The workbook, without warnings of extensions (validation, formats) that hold no cells."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return load_workbook(BytesIO(data), data_only=data_only)


def _refuse_unseen(name: str, sheet: Any, columns: int, ledger: Ledger) -> None:
    for merged in sheet.merged_cells.ranges:
        ledger.add(
            "these cells are merged",
            f"{name}, row {merged.min_row}, cells {merged.coord}",
            remedy="unmerge them and fill every cell",
            row=merged.min_row,
        )
    hidden = [number for number, row in sheet.row_dimensions.items() if row.hidden and number <= sheet.max_row]
    for number in hidden[:SHOWN]:
        ledger.add(
            "the row is hidden",
            f"{name}, row {number}",
            remedy="show all rows (Excel: clear the filter), delete those not meant",
            row=number,
        )
    letters = [letter for letter, column in sheet.column_dimensions.items() if column.hidden and column.min <= columns]
    for letter in letters:
        ledger.add("the column is hidden", f"{name}, row 1, column {letter}", remedy="show all columns, delete those not meant")


def _refuse_uncomputed(name: str, data: bytes, cells: list[list[Any]], header: list[str], ledger: Ledger) -> None:
    """Formulas are read by their stored values, which a program that wrote the workbook may never have computed."""
    formulas = [cell for row in cells for cell in row if cell.data_type == "f"]
    if not formulas:
        return
    stored = _opened(data, data_only=True)[formulas[0].parent.title]
    for cell in formulas:
        text = str(getattr(cell.value, "text", cell.value))
        cell.data_type = "n"
        cell.value = stored.cell(cell.row, cell.column).value
        if cell.value is None:
            place = f"{name}, row {cell.row}, column `{header[cell.column - 1] if cell.column <= len(header) else cell.column_letter}`"
            ledger.add("the formula has no stored value", place, text, "open and save the workbook in Excel, or paste values", cell.row)


def _refuse_numbers_as_text(sheet: Sheet, cells: list[list[Any]], header: list[str], numeric: set[str], ledger: Ledger) -> None:
    for at, column in enumerate(header):
        if column in numeric:
            wrong = np.array([isinstance(row[at].value, str) and _is_number(row[at].value) for row in islice(cells, 1, None)], dtype=bool)
            ledger.cells(sheet, column, wrong, "a number is stored as text", "select the cells and choose `Convert to Number`")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _text(value: object) -> str | None:
    """A cell as it would stand in a CSV file."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    return value.isoformat() if isinstance(value, date) else str(value)
