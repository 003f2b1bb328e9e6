"""Rules of a protocol: when a measurement passes a threshold, what is given, stopped or switched.

A rule is data and sees only what was measured. Its effects are those a protocol has: doses added (days count from the
decision), agents stopped, therapy ended, the next line begun.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .errors import InputError, Problems
from .model.regimen import Regimen, read_regimen
from .reading import flag, name, one_of, read_table, several, span, text, whole

OCCASIONS = ("safety", "visit", "unscheduled", "any")
NOTHING = Regimen()
COMPARISONS = (">=", "<=", ">", "<")

_CONDITION = re.compile(r"([a-z][a-z0-9_.:]*)\s*(>=|<=|>|<)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")


@dataclass(frozen=True)
class Condition:
    """A measurement compared with a threshold; a measurement is named as the model's output, such as `cytokine_release.penn`."""

    measure: str
    comparison: str
    threshold: float

    def __str__(self) -> str:
        return f"{self.measure} {self.comparison} {self.threshold:g}"


@dataclass(frozen=True)
class Rule:
    """What a protocol does when all conditions of `when` hold at an occasion.

    `give` is added from the day of the decision; agents in `stop` are given no more; `end_therapy` ends every agent of
    the arm; `next_line` begins the disease's next line. The rule acts at most `times` times in a patient, and not sooner
    than `wait` days after it last did.
    """

    name: str
    when: tuple[Condition, ...]
    at: str = "any"
    give: Regimen = NOTHING
    stop: tuple[str, ...] = ()
    end_therapy: bool = False
    next_line: bool = False
    times: int = 1
    wait: float = 0.0


def read_rules(tables: object, place: str, problems: Problems) -> tuple[Rule, ...]:
    """The rules in a list of tables; what is wrong goes to `problems`."""
    if not isinstance(tables, list | tuple):
        problems.add("rules must be a list of tables", place, tables, "write each as `[[protocol.rules]]`")
        return ()
    rules = [_rule(table, f"{place}, rule {position}", problems) for position, table in enumerate(tables, start=1)]
    names = [rule.name for rule in rules if rule]
    for double in sorted({one for one in names if names.count(one) > 1}):
        problems.add("two rules have one name", place, double, "rename one")
    return tuple(rule for rule in rules if rule)


def _rule(table: object, place: str, problems: Problems) -> Rule | None:
    before = len(problems)
    if not isinstance(table, Mapping):
        problems.add("a rule is no table", place, table, "write each as `[[protocol.rules]]`")
        return None
    values = read_table(table, _READERS, place, problems, required=("name", "when"))
    values["give"] = read_regimen(values.get("give", ()), f"{place}, `give`", problems)
    if not ({"give", "stop", "end_therapy", "next_line"} & set(table)):
        problems.add("the rule does nothing", place, remedy="add `give`, `stop`, `end_therapy` or `next_line`")
    return Rule(**values) if len(problems) == before else None


def _conditions(value: object) -> tuple[Condition, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not texts:
        raise InputError("`when` is no condition", value=value, remedy="write such as `cytokine_release.penn >= 3`, or a list of such")
    return tuple(_condition(text(one)) for one in texts)


def _condition(written: str) -> Condition:
    match = _CONDITION.fullmatch(written)
    if match is None:
        remedy = f"write a measurement, one of {' '.join(COMPARISONS)} and a number, such as `cytokine_release.penn >= 3`"
        raise InputError("this is no condition", value=written, remedy=remedy)
    return Condition(match[1], match[2], float(match[3]))


def _doses(value: object) -> list:
    if not isinstance(value, list):
        raise InputError("`give` must be a list of doses", value=value, remedy='write `[{agent = "...", amount = "..."}]`')
    return value


def _agent(value: object) -> str:
    return ":".join(name(part) for part in text(value).split(":"))


_READERS = {
    "name": name,
    "when": _conditions,
    "at": one_of(*OCCASIONS),
    "give": _doses,
    "stop": several(_agent),
    "end_therapy": flag,
    "next_line": flag,
    "times": whole(1, 10_000),
    "wait": span,
}
