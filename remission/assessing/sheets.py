"""Files and tables to sheets: CSV, Excel and Parquet by their endings, polars tables as they are; the header is checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from remission.assessing.columns import Column
from remission.assessing.csv_text import read_text, unique
from remission.assessing.excel import read_workbook
from remission.assessing.ledger import Ledger
from remission.assessing.sheet import Sheet
from remission.errors import nearest

Source = str | Path | pl.DataFrame
ENDINGS = (".csv", ".txt", ".xlsx", ".xlsm", ".parquet")


def read_sheet(source: Source, what: str, columns: Mapping[str, Column], ledger: Ledger) -> Sheet | None:
    """The known columns of a table of `what`; None after noting why nothing of it can be read."""
    if not isinstance(source, str | Path | pl.DataFrame):
        ledger.add(f"this is no table of {what}", what, type(source).__name__, "give a file or a polars table (`polars.from_pandas`)")
        return None
    before = len(ledger.found)
    found = _of_frame(what, source) if isinstance(source, pl.DataFrame) else _of_file(Path(source), columns, ledger)
    if found is None:
        return None
    header, sheet = found
    _check_header(sheet.name, header, columns, ledger)
    known = [column for column in dict.fromkeys(header) if column in columns]
    sheet = sheet.with_table(sheet.table.select(known))
    if not sheet.rows.size and len(ledger.found) == before:
        ledger.add("there are no rows below the header", sheet.name, remedy="write at least one row")
        return None
    return _checked_types(sheet, columns, isinstance(source, pl.DataFrame) or Path(source).suffix.lower() == ".parquet", ledger)


def _of_file(path: Path, columns: Mapping[str, Column], ledger: Ledger) -> tuple[list[str], Sheet] | None:
    name, ending = str(path), path.suffix.lower()
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        ledger.add("there is no such file", name, remedy="check the name and the folder")
        return None
    except IsADirectoryError:
        ledger.add("this is a folder, not a file", name, remedy="name the file inside it")
        return None
    except (OSError, ValueError) as error:
        ledger.add(
            f"the file cannot be read ({getattr(error, 'strerror', None) or error})", name, remedy="check the name and its permissions"
        )
        return None
    if ending not in ENDINGS:
        ledger.add("this is no kind of file that is read here", name, ending or None, f"use {', '.join(ENDINGS)}")
        return None
    if ending == ".parquet":
        return _of_parquet(name, path, data, ledger)
    if ending in (".xlsx", ".xlsm"):
        return read_workbook(
            name, data, [one.name for one in columns.values() if one.holds not in ("name", "word", "date", "change")], ledger
        )
    return read_text(name, data, ledger)


def _of_parquet(name: str, path: Path, data: bytes, ledger: Ledger) -> tuple[list[str], Sheet] | None:
    try:
        if data[:4] != b"PAR1":
            raise pl.exceptions.ComputeError("no signature")
        return _of_frame(name, pl.read_parquet(path))
    except (pl.exceptions.PolarsError, OSError):
        ledger.add("this is not Parquet, or it is broken", name, remedy="write it again, or give a CSV file the ending .csv")
        return None


def _of_frame(name: str, frame: pl.DataFrame) -> tuple[list[str], Sheet]:
    """A table with types as it is, its rows numbered as a spreadsheet below a header would."""
    header = frame.columns
    return header, Sheet(
        name, frame.rename(dict(zip(frame.columns, unique(header), strict=True))), np.arange(2, frame.height + 2), np.empty(0, np.int64)
    )


def _check_header(name: str, header: list[str], columns: Mapping[str, Column], ledger: Ledger) -> None:
    """Notes unknown and repeated columns."""
    here, known = f"{name}, row 1", f"the columns are {', '.join(columns)}"
    if not any(column in columns for column in header):
        ledger.add("row 1 is not a header", here, ", ".join(header), f"write the names of the columns in row 1; {known}")
        return
    for at, column in enumerate(header):
        if not column.strip():
            ledger.add(
                "a column has no name", f"{here}, cell {at + 1}", remedy="delete the column (R: `row.names = FALSE`; pandas: `index=False`)"
            )
        elif column not in columns:
            advice = nearest(column.strip(), columns)
            ledger.add(f"unknown column `{column}`{advice}", f"{here}, column `{column}`", remedy=f"rename or delete it; {known}")
        elif column in header[:at]:
            ledger.add(f"the column `{column}` stands twice", f"{here}, column `{column}`", remedy="keep one")


def _checked_types(sheet: Sheet, columns: Mapping[str, Column], typed: bool, ledger: Ledger) -> Sheet:
    """Types of a typed table brought to text, numbers and dates; a column of lists or the like is noted and left out."""
    kept = []
    for series in sheet.table.iter_columns():
        kind, holds = series.dtype, columns[series.name].holds
        if kind == pl.String:
            kept.append(series.replace("", None) if typed else series)
        elif isinstance(kind, pl.Categorical | pl.Enum) or kind == pl.Null:
            kept.append(series.cast(pl.String))
        elif kind == pl.Boolean and holds == "flag":
            kept.append(series.cast(pl.Float64))
        elif kind.is_numeric() and holds in ("name", "word"):
            kept.append(_as_names(series))
        elif kind.is_numeric():
            kept.append(series.cast(pl.Float64))
        elif kind in (pl.Date, pl.Datetime):
            kept.append(_as_dates(series))
        else:
            ledger.add(f"the column is of the type {kind}", sheet.place(1, series.name), remedy="make it text, numbers or dates")
    return sheet.with_table(pl.DataFrame(kept))


def _as_names(series: pl.Series) -> pl.Series:
    """Numbers as identifiers: 1.0 is `1`."""
    series = series.fill_nan(None) if series.dtype.is_float() else series
    whole = not series.dtype.is_float() or bool((series == series.round()).all())
    return series.cast(pl.Int64, strict=False).cast(pl.String) if whole else series.cast(pl.String)


def _as_dates(series: pl.Series) -> pl.Series:
    """Dates as YYYY-MM-DD; a time of day other than midnight stays visible."""
    if series.dtype == pl.Date:
        return series.dt.to_string("%Y-%m-%d")
    midnight = series.dt.date().cast(series.dtype) == series
    return (
        pl.select(pl.when(midnight).then(series.dt.to_string("%Y-%m-%d")).otherwise(series.dt.to_string("%Y-%m-%d %H:%M:%S")))
        .to_series()
        .alias(series.name)
    )
