"""A benchmark in tables and figures: what ran, how fast, how exact, and what was not compared."""

from __future__ import annotations

from typing import Any

import polars

from remission.benchmark.peers import PEERS
from remission.plots.figure import Figure
from remission.plots.rounding import number
from remission.plots.work_precision import work_precision

COLUMNS = {
    "problem": polars.String,
    "engine": polars.String,
    "patients/s": polars.Float64,
    "ratio": polars.Float64,
    "error": polars.Float64,
    "error p95": polars.Float64,
    "setting": polars.String,
}
TITLES = {"engine": "remission"} | {peer.name: peer.title for peer in PEERS}
Rows = list[tuple[Any, ...]]


def rows(document: dict[str, Any]) -> Rows:
    """One row for each contestant of each problem, this engine first, the ratio being its speed beside theirs."""
    made: Rows = []
    for name, facts in document["problems"].items():
        for who, found in (("engine", facts["engine"]), *facts["peers"].items()):
            ratio = None if who == "engine" else found["ratio"]
            made.append(
                (name, TITLES.get(who, who), found["patients_per_s"], ratio, found["error_median"], found["error_p95"], found["setting"])
            )
        lane = facts["engine"].get("one_lane")
        if lane:
            made.append((name, "remission, one lane", lane["patients_per_s"], lane["ratio"], None, None, facts["engine"]["setting"]))
    return made


def markdown(document: dict[str, Any]) -> str:
    """The whole result as a page."""
    machine, settings = document["machine"], document["settings"]
    parts = [
        "# Benchmark",
        f"{document['date']}, {machine['processor']} ({machine['architecture']}), {machine['cores']} cores, vectors of "
        f"{machine['vector_bits']} bits, {machine['memory_gb']} GB, {machine['system']}; load before the run {machine['load_before']}.",
        ", ".join(f"{name} {version}" for name, version in document["versions"].items()) + ".",
        f"{settings['rounds']} interleaved rounds{', quick run' if settings['quick'] else ''}; everybody at the loosest tolerance whose "
        f"median error is at most {settings['target_error']:.0e}. `ratio` is this engine's speed divided by the other's in the same round, "
        "median over rounds, lowest to highest in brackets.",
        *(_problem(name, facts) for name, facts in document["problems"].items()),
        *_curves(document.get("curves") or {}),
        "## Not compared",
        "\n".join(f"- {name}: {why}" for name, why in document["not_compared"].items()),
    ]
    return "\n\n".join(parts) + "\n"


def _problem(name: str, facts: dict[str, Any]) -> str:
    own = facts["engine"]
    comparison = [["", "patients/s", "ratio", "error", "p95", "setting", "set-up s", "memory MB", "failed"], _own(own)]
    comparison += [_other(who, found) for who, found in facts["peers"].items()]
    if own.get("one_lane"):
        lane = own["one_lane"]
        comparison.append(["remission, one lane", number(lane["patients_per_s"]), _ratio(lane), "", "", "", "", "", ""])
    parts = [f"## {name}", f"{facts['title']}.", table(comparison), _also(own), f"![work and precision](work_precision_{name}.svg)"]
    return "\n\n".join(parts + [f"Not compared here: {who}: {why}." for who, why in facts.get("missed", {}).items()])


def _own(own: dict[str, Any]) -> list[str]:
    return [
        "remission", number(own["patients_per_s"]), "1", _power(own["error_median"]), _power(own["error_p95"]), own["setting"],
        number(own["setup_s"]), number(own["memory_mb"]), number(own["failed"]),
    ]  # fmt: skip


def _other(who: str, found: dict[str, Any]) -> list[str]:
    return [
        TITLES.get(who, who), number(found["patients_per_s"]), _ratio(found), _power(found["error_median"]), _power(found["error_p95"]),
        found["setting"], number(found["setup_s"]), number(found["memory_mb"]), number(found["failed"]),
    ]  # fmt: skip


def _ratio(found: dict[str, Any]) -> str:
    return f"**{number(found['ratio'])}** ({number(min(found['ratios']))}–{number(max(found['ratios']))})"


def _also(own: dict[str, Any]) -> str:
    """What is known of this engine alone, in sentences."""
    said = [
        f"First result after an empty cache: {number(own['compile_s'])} s; from the cache: {number(own['cached_start_s'])} s; "
        f"loading packages besides: {number(own['import_s'])} s.",
        f"{number(own['cpu_ms_per_patient'])} ms of CPU and {number(own['steps_per_patient'])} steps a patient.",
    ]
    if own.get("peak_share") is not None:
        said.append(f"{100 * own['peak_share']:.0f} % of the measured peak of {number(own['peak_gflops'])} GFLOP/s a core.")
    if own.get("error_day_p95") is not None:
        said.append(
            f"Median error of end points {_power(own['error_end_points'])}, of states {_power(own['error_states'])}; "
            f"day of the highest value within {_power(own['error_day_p95'])} d for 95 % of patients."
        )
    return " ".join(said)


def _curves(curves: dict[str, Any]) -> list[str]:
    names = {
        "patients": (("patients", "patients/s", "seconds", "memory MB"), ("patients", "patients_per_s", "seconds", "memory_mb")),
        "lesions": (("lesions", "CPU ms a patient", "steps"), ("lesions", "cpu_ms_per_patient", "steps_per_patient")),
        "cores": (("cores", "patients/s", "CPU ms a patient"), ("cores", "patients_per_s", "cpu_ms_per_patient")),
    }
    problems = {"patients": "cart-6-endpoints", "lesions": "qsp-40 with other numbers of lesions", "cores": "qsp-40"}
    parts = []
    for name, (head, keys) in names.items():
        if curves.get(name):
            body = [[number(row[key]) for key in keys] for row in curves[name]]
            parts += [f"## Cost over {name}: {problems[name]}", table([list(head), *body])]
    return parts


def table(cells: list[list[str]]) -> str:
    """A Markdown table, the first row its head."""
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([lines[0], f"|{' --- |' * len(cells[0])}", *lines[1:]])


def figures(document: dict[str, Any]) -> dict[str, Figure]:
    """A work-precision figure for each problem, by file name."""
    return {
        f"work_precision_{name}.svg": work_precision(facts["work_precision"], name, TITLES, document["settings"]["target_error"])
        for name, facts in document["problems"].items()
    }


def _power(value: float | None) -> str:
    return "" if value is None else f"{value:.1e}"
