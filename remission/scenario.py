"""A scenario: the design of a virtual trial, read from TOML into frozen values.

The file says what is compared (arms of regimens), in whom (population), how it is watched (protocol), what is counted
(endpoints) and what happens to the question when something intervenes (intercurrent events, ICH E9(R1)). Reading reports
every problem of the file at once, each with file, key, value and remedy.

Left out: numbers of the model itself; those live in tables and are changed with `--set`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from . import catalog, diseases, therapies
from .durations import DAYS_PER_MONTH
from .errors import InputError, Problems, nearest
from .model.dose_rows import ANCHORS
from .model.regimen import Regimen, read_regimen
from .protocol_rules import Rule, read_rules
from .reading import flag, name, number, one_of, read_table, read_toml, several, span, text, whole
from .units import factor
from .visits import read_visits

PAIRINGS = ("counterfactual", "randomized")
HISTORIES = ("relapsed_or_refractory", "untreated")
ENDPOINTS = ("ORR", "CR", "CRi", "MRD", "DCR", "DoR", "RFS", "EFS", "PFS", "TTP", "OS")
EVENTS = ("no_infusion", "transplant", "new_therapy", "crossover", "treatment_beyond_progression", "death")
SWITCHABLE = ("no_infusion", "transplant", "new_therapy")
STRATEGIES = ("treatment_policy", "hypothetical", "composite", "while_on_treatment", "principal_stratum")

Limits = tuple[float, float] | tuple[str, ...]


@dataclass(frozen=True)
class PopulationSpec:
    """Who is enrolled: how many per arm, with which covariates, after which history of disease.

    `where` keeps candidates whose covariate lies in (low, high), or is one of the texts.
    """

    size: int = 1_000
    where: Mapping[str, Limits] = field(default_factory=dict)
    history: str = "relapsed_or_refractory"


@dataclass(frozen=True)
class ArmSpec:
    """One arm: a key for tables, a title for people, a regimen, and a note when the arm needs one (an extrapolation)."""

    key: str
    title: str
    regimen: Regimen
    note: str | None = None


@dataclass(frozen=True)
class ProtocolSpec:
    """How patients are watched and what may change on the way. Days count from `anchor`.

    `visits` and `safety` are days of assessments and of safety checks; `rules` act on what those measure; `visit_window`
    is the largest deviation from a planned day; `accrual` the span over which patients enter, `data_cut` the day of the
    analysis after the first one entered (none: after the last visit of the last patient); `dropout` a hazard per day;
    `later_lines` whether relapse is treated further; `crossover` the arm whose regimen an arm's patients get on progression.
    """

    visits: tuple[float, ...]
    safety: tuple[float, ...] = ()
    rules: tuple[Rule, ...] = ()
    anchor: str = "enrollment"
    visit_window: float = 0.0
    accrual: float = 0.0
    data_cut: float | None = None
    dropout: float = 0.0
    later_lines: bool = True
    crossover: Mapping[str, str] = field(default_factory=dict)
    criteria: str | None = None


@dataclass(frozen=True)
class Scenario:
    """The design of a virtual trial. `intercurrent` holds one strategy per event; `path` is the file it came from."""

    name: str
    title: str
    disease: str
    arms: tuple[ArmSpec, ...]
    protocol: ProtocolSpec
    population: PopulationSpec = PopulationSpec()
    intercurrent: Mapping[str, str] = field(default_factory=dict)
    endpoints: tuple[str, ...] = ("ORR", "CR", "OS")
    seed: int = 1
    pairing: str = "counterfactual"
    path: Path | None = None

    @property
    def agents(self) -> tuple[str, ...]:
        """Every agent given in any arm, or by a rule, each once."""
        regimens = [arm.regimen for arm in self.arms] + [rule.give for rule in self.protocol.rules]
        return tuple(dict.fromkeys(agent for regimen in regimens for agent in regimen.agents))

    def arm(self, key: str) -> ArmSpec:
        """The arm of that key; `InputError` with the nearest one."""
        keys = [arm.key for arm in self.arms]
        return self.arms[keys.index(catalog.found(key, keys, "arm"))]

    def only(self, keys: Iterable[str]) -> Scenario:
        """The same scenario with only these arms, in the order of the file."""
        wanted = {self.arm(key).key for key in keys}
        return replace(self, arms=tuple(arm for arm in self.arms if arm.key in wanted))


def read_scenario(source: str | Path) -> Scenario:
    """The scenario in a file, or the bundled one of that name; `InputError` lists every problem."""
    path = catalog.scenario_path(str(source))
    return scenario_from(read_toml(path), path)


def scenario_from(tables: Mapping[str, Any], path: Path | None = None) -> Scenario:
    """The scenario in tables as TOML gives them; `InputError` lists every problem."""
    place = path.name if path else "scenario"
    problems = Problems()
    values = read_table(tables, _TOP, place, problems, required=("name", "disease", "arms", "protocol"))
    values["arms"] = _arms(values.get("arms", {}), place, problems)
    values["protocol"] = _protocol(values.get("protocol", {}), place, problems)
    values["population"] = _population(values.get("population", {}), place, problems)
    values["intercurrent"] = read_table(values.get("intercurrent", {}), _INTERCURRENT, place, problems, prefix="intercurrent.")
    _check_strategies(values["intercurrent"], place, problems)
    _check_names(values, place, problems)
    problems.raise_if_any()
    values.setdefault("title", values["name"])
    return Scenario(**values, path=path)


def _arms(tables: object, place: str, problems: Problems) -> tuple[ArmSpec, ...]:
    if not isinstance(tables, Mapping) or not tables:
        problems.add("there are no arms", f"{place}: `arms`", remedy="add a table such as `[arms.car_t]` with a `regimen`")
        return ()
    arms = [_arm(key, table, place, problems) for key, table in tables.items()]
    keys = [arm.key for arm in arms]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        problems.add(f"two arms are named `{key}` (`-` counts as `_`)", f"{place}: `arms`", remedy="rename one")
    return tuple(arms)


def _arm(key: str, table: object, place: str, problems: Problems) -> ArmSpec:
    where = f"arms.{key}"
    folded = key
    with problems.collect(f"{place}: `{where}`"):
        folded = name(key)
    readers = {"title": text, "regimen": _dose_list, "note": text}
    values = read_table(table, readers, place, problems, required=("regimen",), prefix=f"{where}.")
    regimen = read_regimen(values.get("regimen", ()), f"{place}: `{where}.regimen`", problems)
    return ArmSpec(folded, values.get("title", folded), regimen, values.get("note"))


def _protocol(table: object, place: str, problems: Problems) -> ProtocolSpec:
    values = read_table(table, _PROTOCOL, place, problems, required=("visits",), prefix="protocol.")
    values["rules"] = read_rules(values.get("rules", ()), f"{place}: `protocol.rules`", problems)
    values.setdefault("visits", (28.0,))
    protocol = ProtocolSpec(**values)
    _check_times(protocol, place, problems)
    return protocol


def _check_times(protocol: ProtocolSpec, place: str, problems: Problems) -> None:
    cut = protocol.data_cut
    for key, plan in (("visits", protocol.visits), ("safety", protocol.safety)):
        if cut is not None and plan and plan[-1] > cut:
            remedy = f"end the plan by then, or set `data_cut` to at least {plan[-1] / DAYS_PER_MONTH:.1f} months"
            problems.add(
                f"a visit on day {plan[-1]:g} comes after the data cut on day {cut:g}", f"{place}: `protocol.{key}`", remedy=remedy
            )
    if cut is not None and protocol.accrual > cut:
        problems.add(
            "accrual ends after the data cut", f"{place}: `protocol.accrual`", protocol.accrual, "shorten `accrual` or move `data_cut`"
        )
    gaps = [after - before for before, after in pairwise(protocol.visits)]
    if gaps and protocol.visit_window * 2 > min(gaps):
        remedy = f"use at most {min(gaps) / 2:g} d, half the shortest gap between visits"
        problems.add("windows of neighboring visits overlap", f"{place}: `protocol.visit_window`", protocol.visit_window, remedy)


def _check_strategies(strategies: Mapping[str, str], place: str, problems: Problems) -> None:
    """Only what can be switched off may be hypothetical."""
    for event, strategy in strategies.items():
        if strategy == "hypothetical" and event not in SWITCHABLE:
            remedy = f"use another strategy; {', '.join(SWITCHABLE)} can be switched off"
            problems.add(f"`{event}` cannot be switched off", f"{place}: `intercurrent.{event}`", strategy, remedy)


def _population(table: object, place: str, problems: Problems) -> PopulationSpec:
    return PopulationSpec(**read_table(table, _POPULATION, place, problems, prefix="population."))


def _check_names(values: Mapping[str, Any], place: str, problems: Problems) -> None:
    """Disease, agents, criteria and arms named in the file exist, and doses come in units their agents take."""
    if "disease" in values:
        with problems.collect(f"{place}: `disease`"):
            diseases.get(values["disease"])
    for arm in values["arms"]:
        check_agents(arm.regimen, f"{place}: `arms.{arm.key}.regimen`", problems)
    for position, rule in enumerate(values["protocol"].rules, start=1):
        check_agents(rule.give, f"{place}: `protocol.rules`, rule {position}", problems)
    keys = [arm.key for arm in values["arms"]]
    for source, target in values["protocol"].crossover.items():
        for key in (source, target):
            if key not in keys:
                remedy = f"arms: {', '.join(keys)}"
                problems.add(f"there is no arm `{key}`{nearest(key, keys)}", f"{place}: `protocol.crossover`", remedy=remedy)


def check_agents(regimen: Regimen, place: str, problems: Problems) -> None:
    """The agents of a regimen exist and are dosed in units they take; what is wrong goes to `problems`."""
    for agent, resolved in dict.fromkeys((row.agent, row.resolved_units) for row in regimen.rows):
        with problems.collect(place):
            module = therapies.get(agent)
            for unit in resolved:
                _check_unit(agent, unit, module.dose_unit)


def _check_unit(agent: str, unit: str, expected: str) -> None:
    try:
        factor(unit, expected)
    except InputError as error:
        raise InputError(f"`{agent}` is dosed in `{expected}`, not in `{unit}`", remedy=f"give the amount in `{expected}`") from error


def _dose_list(value: object) -> list:
    if not isinstance(value, list):
        raise InputError("a regimen must be a list of doses", value=value, remedy='write `[{agent = "...", amount = "..."}, ...]`')
    return value


def _where(value: object) -> dict[str, Limits]:
    if not isinstance(value, Mapping):
        raise InputError("this must be a table of covariates", value=value, remedy="write such as `where = {age = [3, 25]}`")
    problems = Problems()
    limits: dict[str, Limits] = {}
    for key, limit in value.items():
        with problems.collect(f"`{key}`"):
            limits[name(key)] = _limits(limit)
    problems.raise_if_any()
    return limits


def _limits(value: object) -> Limits:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return tuple(value)
    if not isinstance(value, list) or len(value) != 2:
        raise InputError("a limit is a pair of numbers or a list of texts", value=value, remedy="write such as [3, 25]")
    low, high = number(value[0]), number(value[1])
    if low > high:
        raise InputError("the lower limit is above the upper one", value=value, remedy="swap them")
    return low, high


def _dropout(value: object) -> float:
    """A hazard per day from a text such as `2 %/year`, or 0."""
    words = value.split(maxsplit=1) if isinstance(value, str) else [value]
    try:
        rate = number(float(words[0])) * (factor(words[1], "1/day") if len(words) == 2 else 0.0)  # type: ignore[arg-type]
    except (ValueError, TypeError, IndexError, OverflowError, InputError) as error:
        raise InputError("this is no rate of dropout", value=value, remedy="write such as `2 %/year`") from error
    if rate < 0 or (len(words) == 1 and float(words[0]) != 0):  # type: ignore[arg-type]
        raise InputError("a rate of dropout is 0 or more, per time", value=value, remedy="write such as `2 %/year`")
    return rate


def _crossover(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise InputError("this must be a table of arms", value=value, remedy='write such as `crossover = {control = "car_t"}`')
    pairs = {name(source): name(target) for source, target in value.items()}
    for source, target in pairs.items():
        if source == target:
            raise InputError("an arm cannot cross over to itself", value=source, remedy="name another arm")
    return pairs


def _as_is(value: object) -> object:
    return value


_TOP = {
    "name": name,
    "title": text,
    "disease": name,
    "endpoints": several(one_of(*ENDPOINTS)),
    "seed": whole(0, 2**63 - 1),
    "pairing": one_of(*PAIRINGS),
    "population": _as_is,
    "arms": _as_is,
    "protocol": _as_is,
    "intercurrent": _as_is,
}
_POPULATION = {"size": whole(1, 1_000_000_000), "where": _where, "history": one_of(*HISTORIES)}
_PROTOCOL = {
    "visits": read_visits,
    "safety": read_visits,
    "rules": _as_is,
    "anchor": one_of(*ANCHORS),
    "visit_window": span,
    "accrual": span,
    "data_cut": span,
    "dropout": _dropout,
    "later_lines": flag,
    "crossover": _crossover,
    "criteria": one_of(*catalog.CRITERIA),
}
_INTERCURRENT = {event: one_of(*STRATEGIES) for event in EVENTS}
