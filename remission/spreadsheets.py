"""CSV files as people and spreadsheets write them, read with errors that name file, row and remedy."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from .errors import InputError, Problems, nearest

_PACKAGE = Path(__file__).parent
Item = TypeVar("Item")


def read_csv(path: Path, place: str) -> list[tuple[int, list[str]]]:
    """Rows of trimmed cells with their number, blank ones left out; `InputError` when the file cannot be read."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = [(number, [cell.strip() for cell in cells]) for number, cells in enumerate(csv.reader(file, strict=True), start=1)]
    except FileNotFoundError as error:
        raise InputError("there is no such table", place, remedy="check the name and the folder") from error
    except UnicodeDecodeError as error:
        raise InputError("the table is not UTF-8 text", place, remedy="save it as CSV UTF-8") from error
    except (OSError, csv.Error) as error:
        raise InputError(f"the table cannot be read ({error})", place, remedy="save it again as CSV UTF-8") from error
    return [(number, cells) for number, cells in rows if any(cells)]


def read_records(path: Path, what: str, columns: tuple[str, ...], remedy: str, made: Callable[[dict[str, str]], Item]) -> list[Item]:
    """The rows of a table that has at least these columns, each as `made` makes it of its cells; all problems at once.

    `what` names the table in messages, `remedy` says what to do when it cannot be read.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the table of {what} cannot be read", path, remedy=remedy) from error
    missing = [name for name in columns if not rows or name not in rows[0]]
    if missing:
        raise InputError(f"the table of {what} lacks {', '.join(missing)}", path, remedy=f"its columns are {', '.join(columns)}")
    problems, found = Problems(), []
    for line, row in enumerate(rows, start=2):
        with problems.collect(f"{path.name}, line {line}"):
            found.append(made(row))
    problems.raise_if_any()
    return found


def check_header(header: list[str], known: tuple[str, ...], needed: tuple[str, ...], place: str) -> None:
    """Raise `InputError` for unknown, repeated and missing columns."""
    problems = Problems()
    here = f"{place} row 1"
    for column in dict.fromkeys(header):
        if column not in known:
            problems.add(f"unknown column `{column}`{nearest(column, known)}", here, remedy=f"the columns are {','.join(known)}")
        elif header.count(column) > 1:
            problems.add(f"the column `{column}` stands twice", here, remedy="keep one")
    missing = [column for column in needed if column not in header]
    if missing:
        problems.add(f"missing column `{'`, `'.join(missing)}`", here, remedy=f"the columns are {','.join(known)}")
    problems.raise_if_any()


def shown_path(path: str | Path) -> str:
    """A file as messages name it: inside the package from there, else as given."""
    path = Path(path)
    return str(path.relative_to(_PACKAGE)) if path.is_relative_to(_PACKAGE) else str(path)
