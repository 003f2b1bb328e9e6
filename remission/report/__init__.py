"""The report of a trial: one self-contained HTML file, and a small table for the terminal."""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from remission.errors import InputError
from remission.report.contents import contents
from remission.report.page import page
from remission.report.terminal import text_table

__all__ = ["html", "text_table", "write"]


def html(result: Any, designed: Mapping[str, int] | None = None) -> str:
    """The report as one HTML text; `designed` is the number of patients of each arm in the trial the intervals are
    for (default: `result.facts["design_sizes"]`, else as many as were simulated).

    `result` has `.json()` (the document of `trial --json`), `.scenario` and `.tables`; a table that is missing or empty leaves its
    section out.
    """
    return page(contents(result, designed))


def write(result: Any, path: str | PathLike[str], designed: Mapping[str, int] | None = None) -> Path:
    """Write the report to `path`; `InputError` when it cannot be written."""
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(html(result, designed), encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"the report cannot be written: {error.strerror}", path, remedy="choose a folder you may write to with `--out`"
        ) from error
    return target
