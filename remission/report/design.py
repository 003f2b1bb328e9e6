"""The design of the trial in words: who, what is given, how patients are watched, what is counted."""

from collections.abc import Mapping, Sequence
from typing import Any

from remission.durations import DAYS_PER_MONTH
from remission.plots.rounding import ABSENT, count, number, unit, words
from remission.report.elements import Markup, bullets, definitions, details, joined, paragraph, table, tag

PAIRINGS = {
    "counterfactual": "counterfactual: the same simulated patients, with the same luck, enter every arm; differences carry no p-values",
    "randomized": "randomized: every arm has patients of its own",
}
DOSE_COLUMNS = ("Agent", "Dose", "Days", "Counted from")


def design(scenario: Any, document: Mapping[str, Any]) -> Markup:
    """Population, protocol, arms and intercurrent events of a scenario."""
    parts = [definitions(_facts(scenario, document)), *(_arm(arm, scenario.protocol.anchor) for arm in scenario.arms)]
    if scenario.protocol.rules:
        parts.append(details("Rules of the protocol", bullets(_rule(rule) for rule in scenario.protocol.rules)))
    if scenario.intercurrent:
        rows = [(words(event), words(strategy)) for event, strategy in scenario.intercurrent.items()]
        parts.append(details("Intercurrent events and how each is handled", table(("Event", "Strategy"), rows)))
    return joined(parts)


def days(values: Sequence[float], most: int = 8) -> str:
    """Days as a list, the middle left out when it is long."""
    if not values:
        return ABSENT
    said = [(f"{value:g}" if value == round(value) else f"{value:.1f}").replace("-", "−") for value in values]
    if len(said) > most:
        return f"days {', '.join(said[:5])}, … {said[-1]} ({len(said)} in all)"
    return f"day{'s' if len(said) > 1 else ''} {', '.join(said)}"


def _facts(scenario: Any, document: Mapping[str, Any]) -> list[tuple[str, str]]:
    population, protocol = scenario.population, scenario.protocol
    pairing = document.get("pairing", scenario.pairing)
    facts = [
        ("Disease", scenario.disease.replace("_", "-")),
        ("Patients", f"{count(document.get('patients', population.size))} enrolled per arm; {words(population.history).lower()}"),
        ("Comparison", PAIRINGS.get(pairing, pairing)),
        ("Eligible", "; ".join(f"{words(key)} {_limits(value)}" for key, value in population.where.items())),
        ("Visits", f"{days(protocol.visits)}, from {words(protocol.anchor).lower()}"),
        ("Safety checks", days(protocol.safety)),
        ("Entry", _span(protocol.accrual)),
        ("Data cut", "" if protocol.data_cut is None else f"{_span(protocol.data_cut)} after the first patient entered"),
        ("Drop-out", f"{number(protocol.dropout)} per day" if protocol.dropout else "none"),
        ("Later lines", "treated after relapse" if protocol.later_lines else "not simulated"),
        ("Crossover", "; ".join(f"{words(one)} to {words(other).lower()}" for one, other in protocol.crossover.items())),
        ("Endpoints", ", ".join(scenario.endpoints)),
    ]
    return [(name, said) for name, said in facts if said and said != ABSENT]


def _limits(limits: Sequence) -> str:
    if all(isinstance(value, str) for value in limits):
        return " or ".join(limits)
    return f"{number(limits[0])} to {number(limits[1])}"


def _span(span: float) -> str:
    return f"{number(span / DAYS_PER_MONTH)} months" if span else ""


def _arm(arm: Any, anchor: str) -> Markup:
    rows = [(_agent(dose.agent), _amount(dose), _when(dose), words(dose.anchor or anchor)) for dose in arm.regimen.rows]
    note = [paragraph(arm.note, class_="note")] if arm.note else []
    doses = [table(DOSE_COLUMNS, rows)] if rows else [paragraph("Nothing is given.")]
    return joined([tag("h3", arm.title), *note, *doses])


def _agent(agent: str) -> str:
    modality, _, name = agent.partition(":")
    return words(name) if name else words(modality)


def _amount(dose: Any) -> str:
    infusion = f", over {number(dose.duration * 24)} h" if dose.duration else ""
    return "; ".join(f"{number(band.amount)} {unit(band.unit)}{_weight(band)}{_allowed(band)}" for band in dose.bands) + infusion


def _weight(band: Any) -> str:
    above = f" above {number(band.above)} kg" if band.above else ""
    return above + (f" up to {number(band.up_to)} kg" if band.up_to != float("inf") else "")


def _allowed(band: Any) -> str:
    """The limits a dose is kept within, in the unit of the dose."""
    return f" (within {number(band.low)} to {number(band.high)})" if band.high != float("inf") else ""


def _when(dose: Any) -> str:
    every = f", every {number(dose.every)} days" if dose.every else ""
    rounds = "" if not dose.every else " while on therapy" if dose.times is None else f", {dose.times} times"
    return days(dose.day) + every + rounds


def _rule(rule: Any) -> str:
    when = " and ".join(str(condition).replace("_", " ").replace(">=", "≥").replace("<=", "≤") for condition in rule.when)
    effects = [f"give {', '.join(_agent(agent) for agent in rule.give.agents)}"] if rule.give.rows else []
    effects += [f"stop {', '.join(_agent(agent) for agent in rule.stop)}"] if rule.stop else []
    effects += ["end therapy"] if rule.end_therapy else []
    effects += ["begin the next line"] if rule.next_line else []
    most = f"; at most {rule.times} times" if rule.times > 1 else ""
    return f"{words(rule.name)}: when {when}, {' and '.join(effects) or 'nothing more'}{most}."
