"""How results reach the terminal: one JSON document, or tables of text. Progress and notes go to stderr."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import polars
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

ProgressCallback = Callable[[str, int, int], None]


def json_text(document: object) -> str:
    """A JSON document; what is not finite (not reached, not estimable) is `null`."""
    try:
        return json.dumps(document, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError):  # only what holds arrays or NaN is copied, which takes long
        return json.dumps(_plain(document), allow_nan=False, ensure_ascii=False)


def print_json(document: object) -> None:
    """The document, alone on stdout."""
    print(json_text(document), flush=True)


def print_table(frame: polars.DataFrame, title: str | None = None) -> None:
    """A table on stdout, numbers to four digits."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column, kind in frame.schema.items():
        table.add_column(column, justify="right" if kind.is_numeric() else "left", overflow="fold")
    for row in frame.iter_rows():
        table.add_row(*(_cell(value) for value in row))
    _stdout().print(table)


def say(message: str) -> None:
    """A note for the person at the terminal, on stderr."""
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False).print(message)


@contextmanager
def progress_on_stderr() -> Iterator[ProgressCallback]:
    """A callback (stage, done, total) that draws bars on a terminal, and writes one line a stage elsewhere."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _line_per_stage(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        tasks: dict[str, Any] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total)
            progress.update(tasks[stage], completed=done, total=total)

        yield show


def _line_per_stage(console: Console) -> ProgressCallback:
    seen: set[str] = set()

    def show(stage: str, done: int, total: int) -> None:
        if stage not in seen:
            seen.add(stage)
            console.print(stage if total == 1 else f"{stage} ({total:,})", markup=False)

    return show


def _stdout() -> Console:
    console = Console(highlight=False, markup=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, width=160)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | np.ndarray):
        return [_plain(one) for one in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int | bool) else str(value)
