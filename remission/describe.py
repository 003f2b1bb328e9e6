"""What a name stands for, as text for the terminal: a disease, a therapy, a scenario or a criterion."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from . import catalog, diseases, therapies
from .durations import months
from .errors import InputError, nearest
from .model.disease import Disease
from .model.module import AbstractTherapy
from .protocol_rules import Rule
from .response import criteria as response_criteria
from .response import refractory, scan_endpoints
from .response.choices import FLAG, Choice, written
from .response.criterion import Criterion
from .scenario import Scenario, read_scenario
from .tables import Row, Table


def describe(name: str) -> str:
    """Whatever has that name in the package, or the scenario in that file; `InputError` with the nearest name."""
    folded = name.strip().replace("-", "_")
    if Path(name).suffix == ".toml" or folded in catalog.scenarios():
        return of_scenario(read_scenario(name))
    if folded in diseases.names():
        return of_disease(diseases.get(folded))
    if folded.split(":")[0] in therapies.modalities():
        return of_therapy(therapies.get(folded))
    if folded in catalog.agents():
        return _agent_table(catalog.PACKAGE / "therapies" / "agents" / f"{folded}.csv")
    if name.strip().lower() in catalog.criteria():
        return of_criterion(response_criteria.get(name))
    known = [*catalog.scenarios(), *diseases.names(), *therapies.modalities(), *catalog.agents(), *catalog.criteria()]
    raise InputError(f"nothing is named `{name}`{nearest(name, known)}", remedy="see `remission list`")


def of_scenario(scenario: Scenario) -> str:
    """The design in a few lines."""
    plan = scenario.protocol.visits
    lines = [
        f"{scenario.title}  ({scenario.name})",
        f"disease: {scenario.disease}; {scenario.population.size:,} patients per arm, {scenario.population.history.replace('_', ' ')}",
        f"visits: {len(plan)}, day {plan[0]:g} to month {months(plan[-1]):.0f} from {scenario.protocol.anchor}",
        f"endpoints: {', '.join(scenario.endpoints)}; pairing: {scenario.pairing}; seed: {scenario.seed}",
    ]
    for arm in scenario.arms:
        lines += ["", f"arm {arm.key}: {arm.title}", *([f"  {arm.note}"] if arm.note else [])]
        lines += [f"  {row}" for row in arm.regimen.rows] or ["  no therapy"]
    lines += [""] if scenario.protocol.rules else []
    lines += [
        f"rule {rule.name}: when {' and '.join(map(str, rule.when))}, at {rule.at}: {_effect(rule)}" for rule in scenario.protocol.rules
    ]
    lines += ["", *(f"{event.replace('_', ' ')}: {strategy.replace('_', ' ')}" for event, strategy in scenario.intercurrent.items())]
    return "\n".join(lines).rstrip()


def _effect(rule: Rule) -> str:
    effects = [f"give {rule.give}"] if rule.give.rows else []
    effects += [f"stop {agent}" for agent in rule.stop]
    effects += ["end therapy"] if rule.end_therapy else []
    effects += ["begin the next line"] if rule.next_line else []
    return ", ".join(effects)


def of_disease(disease: Disease) -> str:
    """Where it is, what its clones differ in, which modules make it, and its own numbers."""
    lines = [f"{disease.title}  ({disease.name})", ""]
    lines += [f"lesion: {lesion.site}{f', measured by {lesion.measured_by}' if lesion.measured_by else ''}" for lesion in disease.lesions]
    lines += [f"clones differ in {trait}: {', '.join(levels)}" for trait, levels in disease.clones.traits]
    lines += [
        f"modules: {', '.join(module.label for module in disease.modules)}",
        f"criteria: {disease.criteria}",
        f"visits: {disease.visits}",
    ]
    return "\n".join([*lines, "", _table_text(disease.table, override=True)])


def of_therapy(module: AbstractTherapy) -> str:
    """What it is in the patient, and its numbers with their sources."""
    parts = [f"{module.label}, dosed in {module.dose_unit or '1'}", inspect.cleandoc(type(module).__doc__ or ""), _table_text(module.table)]
    if module.agent_table is not None and module.agent_table.exists():
        parts.append(_agent_table(module.agent_table))
    return "\n\n".join(parts)


def of_criterion(criterion: Criterion) -> str:
    """The rules of a criterion and the options of an assessment by it, each with what it means, its number and its source."""
    words = dict.fromkeys(word for word in criterion.labels.values() if word != "baseline")
    lines = [f"{criterion.title}  ({criterion.name})", f"responses: {', '.join(words)}"]
    lines += [f"columns needed: {', '.join(criterion.needs)}"] if criterion.needs else []
    lines += [f"columns read where given: {', '.join(criterion.uses)}"] if criterion.uses else []
    rules = [(rule.name, f"{rule.value:g}", _unit(rule.unit), rule.meaning, rule.source) for rule in criterion.rules.values()]
    parts = ["\n".join(lines), _entries("rules", rules), _options("options", criterion.choices)]
    parts.append(_options("options of times to events, for every criterion", scan_endpoints.CHOICES))
    parts.append(
        _options(f"options of refractory disease, for every criterion (here by default: {criterion.refractory})", refractory.CHOICES)
    )
    return "\n\n".join(part for part in parts if part)


def _options(title: str, choices: Mapping[str, Choice]) -> str:
    rows = [
        (one.name, f"= {written(one.default)}", _unit(one.unit), f"{one.meaning}{_others(one)}", one.source) for one in choices.values()
    ]
    return _entries(title, rows)


def _others(choice: Choice) -> str:
    others = [word for word in choice.choices.split("|") if word != written(choice.default)]
    return "" if choice.choices in ("number", FLAG) else f" [or {', '.join(others)}]"


def _entries(title: str, rows: Sequence[tuple[str, str, str, str, str]]) -> str:
    """Names with number and meaning, each source on the line under it."""
    if not rows:
        return ""
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [title]
    for name, value, unit, meaning, source in rows:
        number = value.ljust(widths[1]) if value.startswith("=") else value.rjust(widths[1])
        lines.append(f"  {name.ljust(widths[0])}  {number} {unit.ljust(widths[2])}  {meaning}")
        lines.append(f"{' ' * (widths[0] + 4)}source: {source}")
    return "\n".join(lines)


def _unit(unit: str) -> str:
    return "" if unit == "1" else unit


def listing(kind: str) -> list[tuple[str, str]]:
    """Names and titles of one kind: diseases, therapies, agents, scenarios or criteria."""
    if kind not in KINDS:
        raise InputError(f"there is no list of `{kind}`{nearest(kind, KINDS)}", remedy=f"use one of {', '.join(KINDS)}")
    return KINDS[kind]()


def _scenarios() -> list[tuple[str, str]]:
    return [(name.replace("_", "-"), read_scenario(name).title) for name in catalog.scenarios()]


def _therapies() -> list[tuple[str, str]]:
    return [(name, (inspect.getdoc(kind) or "").splitlines()[0]) for name, kind in therapies.modalities().items()]


KINDS: dict[str, Callable[[], list[tuple[str, str]]]] = {
    "diseases": lambda: [(name, diseases.get(name).title) for name in diseases.names()],
    "therapies": _therapies,
    "agents": lambda: [(name, "") for name in catalog.agents()],
    "scenarios": _scenarios,
    "criteria": lambda: [(name, response_criteria.get(name).title) for name in catalog.criteria()],
}


def _agent_table(path: Path) -> str:
    return f"{path.stem}\n{_table_text(path, override=True)}"


def _table_text(path: Path, override: bool = False) -> str:
    if not path.exists():
        return "no table"
    rows = Table.read(path, override=override).rows.values()
    return _aligned([["name", "value", "unit", "varies", "evidence", "source", "meaning"], *(_cells(row) for row in rows)])


def _cells(row: Row) -> list[str]:
    return [row.name, row.value_text, row.unit or "", _law_text(row), row.evidence or "", row.source or "", row.meaning or ""]


def _law_text(row: Row) -> str:
    """The law as tables write it, numbers to three digits."""
    if row.distribution is None:
        return ""
    named = ", ".join(f"{one.name}={_short(getattr(row.distribution, one.name))}" for one in fields(row.distribution))
    return f"{type(row.distribution).__name__.lower()}({named})"


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _aligned(rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
