"""The problems found in spreadsheets: every one counted, the first ones of each kind kept, all told at once.

A file of a million rows may be wrong a million times; the messages stay as many as a person reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remission.assessing.sheet import Sheet
from remission.errors import InputError, Problems

SHOWN = 50
"""Problems that one message shows."""

Advice = Callable[[Any], tuple[str, str]]


@dataclass
class Same:
    """Problems of one kind: those kept, each with its row for the order, and how many there are."""

    message: str
    kept: list[tuple[int, InputError]]
    count: int


@dataclass
class Ledger:
    """Problems by kind, over all files of one reading."""

    found: list[Same] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.found)

    def add(self, message: str, place: str, value: object = None, remedy: str | None = None, row: int = 1) -> None:
        """One problem of a file as a whole, or of its header."""
        self.found.append(Same(message, [(row, InputError(message, place, value, remedy))], 1))

    def cells(self, sheet: Sheet, column: str, wrong: NDArray[Any], message: str, remedy: str, values: object = None) -> None:
        """One problem in every row that `wrong` flags, shown with the cell, or with `values`, of that row."""
        self.advised(sheet, column, wrong, lambda _: (message, remedy), values)

    def in_rows(self, sheet: Sheet, column: str, rows: NDArray[Any], message: str, remedy: str) -> None:
        """The same, with the rows named by their indices, in any order."""
        wrong = np.zeros(sheet.rows.size, dtype=bool)
        wrong[rows] = True
        self.cells(sheet, column, wrong, message, remedy)

    def advised(self, sheet: Sheet, column: str, wrong: NDArray[Any], advice: Advice, values: object = None) -> None:
        """The same, with a message and a remedy that depend on the value."""
        rows = np.flatnonzero(wrong)
        if not rows.size:
            return
        kept = []
        for row in rows[:SHOWN].tolist():
            value = sheet.cell(row, column) if values is None else values[row]  # type: ignore[index]
            message, remedy = advice(value)
            number = int(sheet.rows[row])
            kept.append((number, InputError(message, sheet.place(number, column), value, remedy)))
        self.found.append(Same(kept[0][1].message, kept, int(rows.size)))

    def told(self, sheet: Sheet, column: str, told: Sequence[tuple[int, str, object, str]], count: int | None = None) -> None:
        """Problems already in words: index of the row, message, value, remedy."""
        if told:
            kept = [
                (int(sheet.rows[at]), InputError(text, sheet.place(int(sheet.rows[at]), column), value, remedy))
                for at, text, value, remedy in told
            ]
            self.found.append(Same(kept[0][1].message, kept[:SHOWN], len(kept) if count is None else count))

    def against(self, sheet: Sheet, column: str, rows: NDArray[Any], others: NDArray[Any], message: str, remedy: str) -> None:
        """One problem in every row that disagrees with another row; `message` ends before the number of that row."""
        if not rows.size:
            return
        order = np.argsort(rows, kind="stable")[:SHOWN]
        pairs = zip(rows[order].tolist(), others[order].tolist(), strict=True)
        told = [
            (row, f"{message} row {sheet.rows[other]} (there {_there(sheet.cell(other, column))})", sheet.cell(row, column), remedy)
            for row, other in pairs
        ]
        self.told(sheet, column, told, int(rows.size))

    def raise_if_any(self) -> None:
        """One `InputError` with every problem, or with the first of every kind and the count of the others."""
        total = sum(same.count for same in self.found)
        shown = self._shown()
        if total == len(shown):
            Problems([error for _, error in shown]).raise_if_any()
            return
        rest = InputError(f"and {total - len(shown):,} more", remedy="mend those shown and read the file again")
        raise InputError(f"{total:,} problems, {len(shown)} of them shown", problems=[*(error for _, error in shown), rest])

    def _shown(self) -> list[tuple[int, InputError]]:
        """The problems that are told, from every kind in turn, in the order of files and rows."""
        in_turn = [one for turn in zip_longest(*(same.kept for same in self.found)) for one in turn if one is not None][:SHOWN]
        files = list(dict.fromkeys(_file(same.kept[0][1]) for same in self.found))
        return sorted(in_turn, key=lambda one: (files.index(_file(one[1])), one[0]))


def _file(problem: InputError) -> str:
    return str(problem.place).split(", row")[0]


def _there(value: object) -> str:
    return "empty" if value is None else f"`{value}`"
