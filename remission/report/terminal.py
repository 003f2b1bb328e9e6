"""The result of a trial as a small table for a terminal."""

import io
from typing import Any

import polars as pl
from rich import box
from rich.console import Console
from rich.table import Table

from remission.plots.rounding import ABSENT, count, counted, percent, percent_interval
from remission.report.contents import Contents, contents
from remission.report.estimates import find, short_title, trial_name
from remission.report.headline import GLANCE, matching, same_product


def text_table(result: Any, width: int = 110) -> str:
    """Endpoints by arm with the interval of one trial, and published values of the first arm.

    `width` is the most letters a line may have.
    """
    given = contents(result)
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=given.result.scenario.title, title_justify="left", title_style="bold")
    grid.add_column("endpoint", no_wrap=True)
    for name in given.arms.values():
        grid.add_column(name, justify="right", overflow="fold")
    grid.add_column("published")
    grid.add_row("treated / enrolled", *(_flow(given, arm) for arm in given.arms), "")
    for endpoint, month in GLANCE:
        cells = [_cell(given, arm, endpoint, month) for arm in given.arms]
        if any(cell != ABSENT for cell in cells):
            grid.add_row(short_title(endpoint, month), *cells, _published(given, endpoint, month))
    written = io.StringIO()
    console = Console(file=written, width=width, color_system=None, force_terminal=False)
    console.print(grid)
    console.print("In brackets the 95% interval of one trial; published values belong to the first arm.")
    console.print(f"{_failed(given)} Seed {given.document['seed']}.")
    console.print(given.document["intended_use"])
    return written.getvalue()


def _flow(given: Contents, arm: str) -> str:
    n = given.estimates[arm]["n"]
    return f"{count(n['treated'])} / {count(n['enrolled'])}"


def _cell(given: Contents, arm: str, endpoint: str, month: float | None) -> str:
    share = find(given.estimates[arm], endpoint, month)
    if share is None or share.value is None:
        return ABSENT
    return f"{percent(share.value)} ({percent_interval(*share.trial)})"


def _published(given: Contents, endpoint: str, month: float | None) -> str:
    first = next(iter(given.arms), "")
    seen = matching(same_product(given.targets.filter(pl.col("arm") == first)), endpoint, month, any_month=month is None)
    if not seen:
        return ""
    size = f" of {seen[0]['n']}" if seen[0]["n"] else ""
    return f"{percent(seen[0]['value'])}{size}, {trial_name(seen[0]['name'])}"


def _failed(given: Contents) -> str:
    failed = given.table("failures")
    return f"{counted(failed.height, 'member')} failed." if failed is not None else "No member failed."
