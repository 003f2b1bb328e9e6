"""The arms of an assessment side by side: response rates and times to events, each with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from remission.plots.rounding import ABSENT, count, counted, months, percent, percent_interval
from remission.report.elements import Markup, joined, table, tag
from remission.response.scan_endpoints import DEFINITIONS

RATES = {"orr": "Response rate", "cr": "Complete response", "dcr": "Disease control"}
TIMES = {key: DEFINITIONS[key].title for key in ("dor", "pfs", "rfs", "efs", "os")}
LANDMARKS = ("6", "12", "24")
CAPTION = "In brackets 95% intervals: Clopper-Pearson for rates, log-log for times. Medians in months of 30.4 days."


def arms_table(arms: Mapping[str, Any]) -> Markup:
    """One column per arm; a month within follow-up of some arm has a line."""
    rows = [("Patients", *(count(arm["n"]) for arm in arms.values()))]
    rows += [(name, *(_rate(arm[key]) for arm in arms.values())) for key, name in RATES.items() if _all_have(arms, key)]
    for key, name in TIMES.items():
        if not _all_have(arms, key):
            continue
        rows.append((f"{name}, median", *(_median(arm[key]) for arm in arms.values())))
        for month in LANDMARKS:
            found = [arm[key]["rates"].get(month) for arm in arms.values()]
            if any(found) and key != "dor":
                rows.append((f"{name}, {month} months", *(_rate(one) for one in found)))
    return table(("Endpoint", *arms), rows, class_="glance")


def text_rows(arms: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The same as plain text, for a terminal."""
    rows = [("patients", *(count(arm["n"]) for arm in arms.values()))]
    for key, name in RATES.items():
        if _all_have(arms, key):
            rows.append((name.lower(), *(_rate_text(arm[key]) for arm in arms.values())))
    for key, name in TIMES.items():
        if _all_have(arms, key):
            rows.append((f"{name.lower()}, months", *(_median_text(arm[key]) for arm in arms.values())))
    return rows


def _all_have(arms: Mapping[str, Any], key: str) -> bool:
    """Whether every arm has the endpoint, and one that means something: a rate whose arm has patients has a value."""
    return all(key in arm and (arm[key].get("value", 0) is not None or not arm["n"]) for arm in arms.values())


def _rate(estimate: Mapping[str, Any] | None) -> Markup:
    if estimate is None or estimate["value"] is None:
        return Markup(ABSENT)
    counts = f", {count(estimate['x'])} of {count(estimate['n'])}" if estimate["x"] is not None else ""
    return joined([tag("b", percent(estimate["value"])), " ", tag("small", f"({percent_interval(*estimate['trial'])}){counts}")])


def _median(estimate: Mapping[str, Any]) -> Markup:
    if not estimate["n"]:
        return Markup(ABSENT)
    said, events = tag("b", months(estimate["median"])), counted(estimate["events"], "event")
    return joined([said, " ", tag("small", f"{_limits(estimate, ', ')}{events} of {count(estimate['n'])}")])


def _rate_text(estimate: Mapping[str, Any]) -> str:
    if estimate["value"] is None:
        return ABSENT
    return f"{percent(estimate['value'])} ({percent_interval(*estimate['trial'])}), {estimate['x']}/{estimate['n']}"


def _median_text(estimate: Mapping[str, Any]) -> str:
    if not estimate["n"]:
        return ABSENT
    return f"{months(estimate['median'])}{_limits(estimate, before=' ')}, {estimate['events']}/{estimate['n']}"


def _limits(estimate: Mapping[str, Any], after: str = "", before: str = "") -> str:
    """The interval in brackets with what stands around it; nothing where neither limit is reached."""
    low, high = estimate["trial"]
    return "" if low is None and high is None else f"{before}({months(low)} to {months(high)}){after}"
