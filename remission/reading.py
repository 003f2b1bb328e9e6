"""Small readers for values a person wrote in a file: each returns the value or raises one `InputError` with the remedy.

`read_table` applies them key by key and keeps every problem, so that a file is mended in one round.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from .durations import days
from .errors import InputError, Problems, nearest

Reader = Callable[[object], Any]

LARGEST_FILE = 2_000_000  # bytes; a scenario or a patient is a page or two
LARGEST_NUMBER = 1e300
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; `InputError` with line and column, or with what is wrong with the file."""
    text = read_text(path)
    if not text.strip():
        raise InputError("the file is empty", path, remedy="see `remission copy` for an example to start from")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"this is not TOML: {error}", path, remedy="mend that line; text needs quotes, lists need brackets") from error
    except ValueError as error:  # a number of thousands of digits
        raise InputError(f"this is not TOML: {error}", path, remedy="write that number shorter") from error
    except RecursionError as error:
        raise InputError("the file is nested too deeply", path, remedy="write tables and lists no deeper than the format asks") from error


def read_text(path: Path) -> str:
    """The text of a file in UTF-8; `InputError` when it cannot be read as that."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise InputError("the file is too large", path, f"{path.stat().st_size} bytes", f"at most {LARGEST_FILE} bytes are read")
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise InputError("the file is not UTF-8 text", path, f"byte {error.start}", "save it with the encoding UTF-8") from error
    except IsADirectoryError as error:
        raise InputError("this is a folder, not a file", path, remedy="name the file inside it") from error
    except FileNotFoundError as error:
        raise InputError("there is no such file", path, remedy="check the path") from error
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}", path, remedy="check its permissions") from error


def read_table(
    table: object, readers: Mapping[str, Reader], place: str, problems: Problems, required: Iterable[str] = (), prefix: str = ""
) -> dict[str, Any]:
    """The values of a table by key; what is wrong, unknown or missing goes to `problems`."""
    if not isinstance(table, Mapping):
        problems.add(
            "this must be a table", f"{place}: `{prefix.rstrip('.')}`", table, f"write it as `[{prefix.rstrip('.')}]` with its keys below"
        )
        return {}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in readers:
            problems.add(f"unknown key{nearest(key, readers)}", f"{place}: `{prefix}{key}`", remedy=f"known: {', '.join(readers)}")
            continue
        with problems.collect(f"{place}: `{prefix}{key}`"):
            values[key] = readers[key](value)
    for key in required:
        if key not in table:
            problems.add(f"`{prefix}{key}` is missing", place, remedy=f"add `{key}`")
    return values


def text(value: object) -> str:
    """Some text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise InputError("this must be text", value=value, remedy="write it in quotes")
    return value.strip()


def name(value: object) -> str:
    """A name in lower case with underscores; `-` is read as `_`."""
    folded = value.strip().replace("-", "_") if isinstance(value, str) else ""
    if not _NAME.fullmatch(folded):
        raise InputError("this is no name", value=value, remedy="use lower-case letters, digits and `_`, a letter first")
    return folded


def flag(value: object) -> bool:
    """Yes or no."""
    if not isinstance(value, bool):
        raise InputError("this must be true or false", value=value, remedy="write true or false, without quotes")
    return value


def whole(low: int, high: int) -> Reader:
    """A whole number in a range."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise InputError("this must be a whole number", value=value, remedy=f"write one from {low} to {high}")
        if not low <= value <= high:
            raise InputError("the number is outside its range", value=value, remedy=f"use {low} to {high}")
        return value

    return read


def number(value: object) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST_NUMBER:
        raise InputError("this must be a finite number", value=value, remedy="write a number, without quotes")
    return float(value)


def span(value: object) -> float:
    """A span of time of at least 0, in days."""
    found = days(value)
    if found < 0:
        raise InputError("a span of time cannot be negative here", value=value, remedy="use 0 or more")
    return found


def one_of(*names: str) -> Reader:
    """One of a few names; case, `-` and blanks do not matter."""
    folded = {_folded(known): known for known in names}

    def read(value: object) -> str:
        if not isinstance(value, str) or _folded(value) not in folded:
            advice = nearest(value, names) if isinstance(value, str) else ""
            raise InputError(f"this is not known{advice}", value=value, remedy=f"use one of {', '.join(names)}")
        return folded[_folded(value)]

    return read


def several(read: Reader) -> Reader:
    """A list without doubles, each element read by `read`."""

    def read_all(values: object) -> tuple:
        if not isinstance(values, list | tuple):
            raise InputError("this must be a list", value=values, remedy="write it in brackets")
        problems, found = Problems(), []
        for position, value in enumerate(values, start=1):
            with problems.collect(f"element {position}"):
                found.append(read(value))
        for double in {value for value in found if found.count(value) > 1}:
            problems.add("an element is given twice", value=double, remedy="keep one")
        problems.raise_if_any()
        return tuple(found)

    return read_all


def _folded(value: str) -> str:
    return value.strip().lower().replace("-", "_").replace(" ", "_")
