"""The generated sections of the pages, by the first word of their marker."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import polars as pl

from remission import catalog, diseases
from remission.model.ports import PORTS, SHARED
from remission.report.references import bibliography
from remission.tables import Row, Table
from scripts.docs import measurements
from scripts.docs.equations import equations_of
from scripts.docs.model import declared, modules, scenario, study

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "docs" / "images" / "trial.json"
OPEN_RESULT = ROOT / "docs" / "images" / "open_choices.json"
_LONG = re.compile(r"\d+\.\d{3,}")
EVIDENCE = ("measured", "fitted", "calibrated", "computed", "assumed")


def module(*labels: str) -> str:
    """Docstring, equations and numbers of modules."""
    return "\n\n".join(_module(label) for label in labels)


def _module(label: str) -> str:
    own = modules()[label]
    parts = [f"### {label}", inspect.cleandoc(type(own).__doc__ or "")]
    said = equations_of(declared(), label)
    parts += [f"```text\n{said}\n```"] if said else []
    rows = [row for key, row in study().parameters.rows.items() if key.rpartition(".")[0] == label]
    return "\n\n".join([*parts, _parameters(rows)]) if rows else "\n\n".join(parts)


def _parameters(rows: Iterable[Row]) -> str:
    return grid(("parameter", "value", "unit", "varies", "limits", "evidence", "source", "meaning"), [_cells(row) for row in rows])


def _cells(row: Row) -> tuple[str, ...]:
    return (
        f"`{row.name}`",
        _value(row),
        row.unit or "",
        _spread(row),
        _limits(row),
        row.evidence or "",
        row.source or "",
        row.meaning or "",
    )


def _value(row: Row) -> str:
    return "" if row.value is None else f"`={row.formula}`" if row.formula is not None else number(row.number)


def _spread(row: Row) -> str:
    said = _LONG.sub(lambda found: f"{float(found[0]):.3g}", row.law.text() or "")
    return f"`{said}`" if said else ""


def _limits(row: Row) -> str:
    return "" if row.low is None and row.high is None else f"{_end(row.low)} to {_end(row.high)}"


def _end(value: float | None) -> str:
    return "any" if value is None else number(value)


def number(value: float) -> str:
    """A number as a person writes it: 1e12, not 1e+12."""
    return re.sub(r"e\+?(-?)0*", r"e\1", f"{value:g}")


def agents(*names: str) -> str:
    """Tables of agents, which change some rows of their modality."""
    parts = []
    for name in names:
        rows = Table.read(catalog.PACKAGE / "therapies" / "agents" / f"{name}.csv", override=True).rows.values()
        parts.append(f"### {name}\n\n{_parameters(rows)}")
    return "\n\n".join(parts)


def disease(name: str) -> str:
    """Lesions, clones and the lines of the history."""
    chosen = diseases.get(name)
    lesions = [(lesion.site, lesion.measured_by) for lesion in chosen.lesions]
    clones = [(str(number), *levels) for number, levels in enumerate(chosen.clones.members)]
    lines = [(line.name, _doses(line.doses), f"{line.judged:g}", f"{line.watched:g}") for line in chosen.history]
    return "\n\n".join(
        [
            grid(("lesion", "read by"), lesions),
            grid(("clone", *(trait for trait, _ in chosen.clones.traits)), clones),
            grid(("line of the history", "given", "judged on day", "remission watched, days"), lines),
            f"Response criteria: {chosen.criteria}. Visits: {chosen.visits}.",
        ]
    )


def _doses(doses: Iterable[dict]) -> str:
    return "; ".join(f"`{dose['agent']}` {dose['amount']} on day {str(dose['day']).strip('[]')}" for dose in doses)


def evidence(*labels: str) -> str:
    """How many numbers rest on what; without labels, all numbers of the trial."""
    table = study().parameters.table()
    if labels:
        table = table.filter(pl.col("key").map_elements(lambda key: key.rpartition(".")[0] in labels, return_dtype=pl.Boolean))
    counts = {word: table.filter(pl.col("evidence") == word).height for word in EVIDENCE}
    return grid(("evidence", "numbers"), [(word, str(n)) for word, n in counts.items()])


def sources(*labels: str) -> str:
    """The bibliography entries that the tables of these modules, or all tables of the trial, name."""
    rows = [row for key, row in study().parameters.rows.items() if not labels or key.rpartition(".")[0] in labels]
    return bibliography_list(row.source for row in rows if row.source)


def bibliography_list(keys: Iterable[str]) -> str:
    known = bibliography()
    return "\n".join(f"- `{key}`: {_reference(known[key])}" for key in sorted(set(keys)) if key in known) or "None."


def _reference(entry: dict[str, str]) -> str:
    author = entry.get("author", "").replace(" and others", " et al.").replace(" and ", "; ")
    where = ", ".join(entry[name] for name in ("journal", "year") if name in entry)
    parts = [f"{author.rstrip('.')}. {entry.get('title', '')}. {where}."]
    parts += [f"[doi:{entry['doi']}](https://doi.org/{entry['doi']})."] if "doi" in entry else []
    parts += [f"({entry['note']}.)"] if "note" in entry else []
    return " ".join(parts)


def ports() -> str:
    """The ports, as the code declares them."""
    rows = [(f"`{port.name}`", port.per, port.rule, port.unit, port.channels) for port in PORTS.values()]
    shared = ", ".join(f"`{name}` ({per}, {unit})" for name, (per, unit) in SHARED.items())
    return f"{grid(('port', 'per', 'rule', 'unit', 'channels'), rows)}\n\nShared states: {shared}."


def script(path: str) -> str:
    """The text of a script, as a block."""
    return f"```python\n{(ROOT / path).read_text(encoding='utf-8').rstrip()}\n```"


def printed(path: str) -> str:
    """What a script printed, stored in a file, as a block."""
    return f"```text\n{(ROOT / path).read_text(encoding='utf-8').rstrip()}\n```"


def system() -> str:
    """How large the system of the bundled trial is."""
    own = study().system
    lesions = len(study().sites)
    rows = [
        ("states of the patient", own.n_patient),
        ("states of a lesion", own.n_block),
        (f"states in all, {lesions} lesions", own.size("states", lesions)),
        ("clones", own.n_clones),
        ("outputs", own.size("outputs", lesions)),
        ("hazards and running integrals", own.size("quadratures", lesions)),
        ("parameters that equations use", len(own.parameter_names)),
        ("rows of all tables", len(study().parameters.rows)),
    ]
    return grid(("of the bundled trial", "number"), [(name, str(number)) for name, number in rows])


def result() -> dict[str, Any]:
    """The stored document of the trial the pages show."""
    return json.loads(RESULT.read_text(encoding="utf-8"))


def headline() -> str:
    """The trial's response and remission beside ELIANA's."""
    document, targets = result(), _targets()
    arm = document["arms"]["car_t"]
    shown = [
        ("Response (CR or CRi), of infused", arm["orr"], "eliana.orr"),
        ("Response (CR or CRi), of enrolled", arm["orr_itt"], "eliana.orr_itt"),
        *(
            (f"Relapse-free at {month} months, of responders", arm["rfs"]["rates"][str(month)], f"eliana.rfs_{month}")
            for month in (12, 24, 36)
        ),
        ("Alive at 36 months, of infused", arm["os"]["rates"]["36"], "eliana.os_36"),
    ]
    rows = [(name, f"{rate['value']:.0%}", _published(targets[key]), _role(targets[key])) for name, rate, key in shown]
    numbers = "calibrated population" if _is_calibrated() else "starting values of the tables, before calibration"
    made = f"{document['patients']:,} simulated patients enrolled, seed {document['seed']}, {numbers}"
    return f"{grid(('', 'simulated', 'ELIANA', 'used for calibration'), rows)}\n\n{made}."


def benchmark() -> str:
    """The newest kept benchmark: how many times as fast as each peer, at equal achieved error."""
    path = max((ROOT / "benchmarks" / "results").glob("*/benchmark.json"), key=lambda path: path.parent.name)
    document = json.loads(path.read_text(encoding="utf-8"))
    peers = list(dict.fromkeys(name for facts in document["problems"].values() for name in facts["peers"]))
    rows = [_compared(name, facts, peers) for name, facts in document["problems"].items()]
    machine = document["machine"]
    where = f"`benchmarks/results/{path.parent.name}`"
    made = f"{document['date'][:10]}, {machine['processor']}, {machine['cores']} cores, vectors of {machine['vector_bits']} bits; {where}"
    head = ("problem", "patients/s", "ms CPU a patient", "share of peak", "one lane", *peers)
    return f"{grid(head, rows)}\n\nTimes as fast as each, median of interleaved rounds at a median error of at most 5e-6. {made}."


def _compared(name: str, facts: dict[str, Any], peers: list[str]) -> tuple[str, ...]:
    own = facts["engine"]
    share, lane = own.get("peak_share"), (own.get("one_lane") or {}).get("ratio")
    ratios = [f"{facts['peers'][peer]['ratio']:.0f}" if peer in facts["peers"] else "–" for peer in peers]
    numbers = (f"{own['patients_per_s']:,.0f}", f"{own['cpu_ms_per_patient']:.2g}")
    return (f"`{name}`", *numbers, f"{share:.0%}" if share else "–", f"{lane:.1f}" if lane else "–", *ratios)


def open_choices() -> str:
    """Headline estimates under choices that the data leave open."""
    stored = json.loads(OPEN_RESULT.read_text(encoding="utf-8"))
    names = ("treated / enrolled", "response", "RFS 12 mo", "RFS 24 mo", "RFS 36 mo", "OS 36 mo", "CD19-negative relapse")
    shares = [(name, *("–" if value is None else f"{value:.0%}" for value in row.values())) for name, row in stored["rows"].items()]
    return f"{grid(('', *names), shares)}\n\nCAR-T after lymphodepletion, {stored['patients']:,} patients enrolled, seed {stored['seed']}."


def _is_calibrated() -> bool:
    return any(said.name == "population" for row in study().parameters.rows.values() for said in row.layers)


def _targets() -> dict[str, dict[str, Any]]:
    table = pl.read_csv(catalog.PACKAGE / "validation" / "b_all.csv", infer_schema_length=10_000)
    return {row["name"]: row for row in table.to_dicts()}


def _published(row: dict[str, Any]) -> str:
    limits = f" ({row['low']:.0%}-{row['high']:.0%})".replace("%-", "-") if row["low"] is not None else ""
    return f"{row['value']:.0%} of {row['n']}{limits}"


def _role(row: dict[str, Any]) -> str:
    return {"calibrate": "yes"}.get(row["role"], "no")


def published() -> str:
    """Sources of the published figures of the trial's arms."""
    return bibliography_list(row["source"] for row in _targets().values() if row["source"])


def keys() -> str:
    """Every key of an arm in the JSON of a trial, with its shape."""
    return grid(("key", "shape"), _keys(result()["arms"]["car_t"], ""))


def _keys(document: dict[str, Any], path: str) -> list[tuple[str, str]]:
    rows = []
    for key, value in document.items():
        name = f"{path}.{key}" if path else key
        shape = _shape(value)
        rows += [(f"`{name}`", shape)] if shape else _keys(value, name)
    return rows


def _shape(value: Any) -> str:
    if not isinstance(value, dict):
        return "text" if isinstance(value, str) else "number"
    kinds = {"rates": "TIME", "mcse": "RATE", "q05": "QUANT"}
    return next((kind for key, kind in kinds.items() if key in value), "")


def arms() -> str:
    """The arms of the bundled trial."""
    return grid(("arm", "title", "note"), [(f"`{arm.key}`", arm.title, arm.note or "") for arm in scenario().arms])


def columns(table: str) -> str:
    """The columns of a spreadsheet of scans, or of the patients beside it."""
    return grid(("column", "unit", "meaning"), measurements.columns(table))


def criteria() -> str:
    """The response criteria."""
    return grid(("name", "criterion", "columns read"), measurements.criteria())


def scans_example() -> str:
    """What the example of scans prints."""
    return measurements.example()


def grid(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


KINDS = (
    module,
    agents,
    disease,
    evidence,
    sources,
    ports,
    script,
    printed,
    system,
    headline,
    benchmark,
    open_choices,
    published,
    keys,
    arms,
    columns,
    criteria,
    scans_example,
)
SECTIONS: dict[str, Callable[..., str]] = {kind.__name__: kind for kind in KINDS}
