"""A spreadsheet as it was written: cells under named columns, each row with the number that a spreadsheet program shows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sheet:
    """Columns of text (null where empty), or of numbers and dates when the file has types; the header is row 1."""

    name: str
    table: pl.DataFrame
    rows: NDArray[np.int64]
    empty: NDArray[np.int64]
    """Numbers of the rows without any entry, which are left out."""
    whole: bool = True
    """Whether every other row could be read; where one could not, it is not known what else is there."""

    def has(self, *columns: str) -> bool:
        """Whether all of these columns are there."""
        return all(column in self.table.columns for column in columns)

    def cell(self, row: int, column: str) -> object:
        """The cell of a row by its index; None in a column that is not there."""
        return self.table.item(row, column) if column in self.table.columns else None

    def place(self, number: int, column: str) -> str:
        """How a message names a cell."""
        return f"{self.name}, row {number}, column `{column}`" if column else f"{self.name}, row {number}"

    def with_table(self, table: pl.DataFrame) -> Sheet:
        """The same rows with other columns."""
        return replace(self, table=table)

    def without(self, empty: NDArray[np.bool_], unread: NDArray[np.bool_] | None = None) -> Sheet:
        """The sheet without its empty rows, which are remembered, and without those that could not be read."""
        dropped = empty if unread is None else empty | unread
        if not dropped.any():
            return self
        whole = unread is None or not unread.any()
        numbers = np.concatenate([self.empty, self.rows[empty]])
        return Sheet(self.name, self.table.filter(pl.Series(~dropped)), self.rows[~dropped], numbers, whole)
