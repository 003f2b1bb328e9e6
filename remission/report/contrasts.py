"""Arms compared, pair by pair, in the measures the run reports."""

from collections.abc import Mapping, Sequence
from typing import Any

from remission.plots.rounding import ABSENT, number, points, words
from remission.report.elements import Markup, details, joined, paragraph, table, tag
from remission.report.estimates import short_title

Row = Mapping[str, Any]
COLUMNS = ("Endpoint", "Measure", "Value", "Error (mcse)", "Trial (95%)")
PAIRED = (
    "The same patients with the same luck are in both arms: differences have an error of simulation, no p-value and no interval of a trial."
)


def contrasts(document: Mapping[str, Any], titles: Mapping[str, str]) -> Markup:
    """One folded table per pair of arms, first minus second; nothing when nothing was compared."""
    rows = [row for row in document.get("contrasts") or [] if all(arm in titles for arm in row["arms"])]
    if not rows:
        return Markup("")
    pairs = list(dict.fromkeys(tuple(row["arms"]) for row in rows))
    told = [paragraph(PAIRED, class_="quiet")] if document.get("pairing") == "counterfactual" else []
    tables = [_pair(pair, [row for row in rows if tuple(row["arms"]) == pair], titles) for pair in pairs]
    return joined([tag("h3", "Differences between arms"), *told, *tables])


def _pair(pair: tuple[str, ...], rows: Sequence[Row], titles: Mapping[str, str]) -> Markup:
    first, second = (titles[arm] for arm in pair)
    cells = [(_endpoint(row), _measure(row), _value(row, row["value"]), _error(row), _interval(row)) for row in rows]
    return details(f"{first} minus {second[:1].lower() if second[1:2].islower() else second[:1]}{second[1:]}", table(COLUMNS, cells))


def _endpoint(row: Row) -> str:
    name, among = short_title(row["endpoint"]), row.get("population")
    return name if among is None or ", of " in name else f"{name}, of {among}"


def _measure(row: Row) -> str:
    until = row.get("until_months")
    return words(row["measure"]) + (f" up to month {until:.0f}" if until else "")


def _is_share(row: Row) -> bool:
    return "shares" in row["measure"]


def _value(row: Row, value: float | None) -> str:
    if value is None:
        return ABSENT
    if _is_share(row):
        return f"{100 * value:+.1f} points".replace("-", "−")
    return number(value).replace("-", "−") if "ratio" in row["measure"] else f"{value:+.1f} months".replace("-", "−")


def _error(row: Row) -> str:
    return points(row.get("mcse")) if _is_share(row) else number(row.get("mcse"), 2)


def _interval(row: Row) -> str:
    low, high = row.get("trial") or (None, None)
    if low is None or high is None:
        return ABSENT
    return f"{_value(row, low)} to {_value(row, high)}"
