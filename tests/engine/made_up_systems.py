"""Random systems, and every node of a system evaluated one by one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from remission.model.disease import Clones
from remission.model.expression import Node
from remission.model.functions import exp, hill, log, maximum, minimum, sqrt, where
from remission.model.system import System
from tests.model.parts import Part, system
from tests.reference.direct import Direct

TRAITS = (
    {},
    {"antigen": ["positive", "negative"]},
    {"antigen": ["positive", "negative"], "drug": ["sensitive", "resistant"]},
    {"drug": ["sensitive", "tolerant", "resistant"]},
)
PARAMETERS = {
    "patient": {"a.rate": 0.7, "b.half": 1.3, "b.shape": 1.6},
    "lesion": {"a.room": 2.1, "b.blood": 0.4},
    "clone": {"a.speed": 0.9, "b.loss": 0.3},
}


@dataclass
class Walker:
    """The value of a node in one lesion and clone, straight from its definition."""

    direct: Direct
    y: np.ndarray
    amount: float = 0.0

    def at(self, node: Node, l: int = -1, c: int = -1) -> float:
        arguments, s = node.args, self.direct.system
        if node.op == "constant":
            return node.data
        if node.op == "total_lesion":
            return sum(self.at(arguments[0], k, -1) for k in range(self.direct.lesions))
        if node.op == "total_clone":
            return sum(self.at(arguments[0], l, k) for k in range(s.n_clones))
        if node.op == "shift":
            trait, before, after, backward = node.data
            source = s.clones.source(trait, after, before) if backward else s.clones.source(trait, before, after)
            return 0.0 if source[c] < 0 else self.at(arguments[0], l, source[c])
        if not arguments:
            return self.symbol(node, l, c)
        x = [self.at(a, l, c) for a in arguments]
        if node.op == "where":
            return x[2] if (x[0] < x[1] if node.data == "lt" else x[0] <= x[1]) else x[3]
        return OPERATIONS[node.op](*x)

    def symbol(self, node: Node, l: int, c: int) -> float:
        s, p = self.direct.system, self.direct.p
        if node.op == "state":
            return self.y[s.state_slot(node.data, max(l, 0), max(c, 0))]
        if node.op == "established":
            return self.direct.flags[l * s.n_clones + c]
        if node.op == "trait":
            trait, level = node.data.split("=")
            return s.clones.indicator(trait, level)[c]
        if node.op == "amount":
            return self.amount
        if node.op == "infusion":
            return p[s.n_patient_parameters - len(s.inputs) + s.inputs.index(node.data)]
        if node.op == "site":
            return float(node.data == s.sites[self.direct.sites[l]])
        per, at = s.parameter_slots[node.data]
        scopes = [scope for scope, _ in s.parameter_slots.values()]
        base = s.n_patient_parameters + l * s.n_lesion_parameters
        if per == "clone":
            return p[base + scopes.count("lesion") + len(s.sites) + c * scopes.count("clone") + at]
        return p[at] if per == "patient" else p[base + at]


OPERATIONS = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "negate": lambda a: -a,
    "power": lambda a, b: a**b,
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "maximum": max,
    "minimum": min,
}


class Author:
    """Writes random equations in the vocabulary of the builder. `sums`: whether sums over lesions may stand in them."""

    def __init__(self, m, states: dict[str, list], rng: np.random.Generator):
        self.m, self.states, self.rng = m, states, rng

    def leaf(self, scope: str):
        reach = ("patient", "lesion", "clone")[: ("patient", "lesion", "clone").index(scope) + 1]
        pick = self.rng.integers(6)
        states = [x for per in reach for x in self.states[per]]
        if pick < 3 and states:
            return states[self.rng.integers(len(states))]
        if pick == 3 and scope == "clone":
            return self.m.trait("drug", "resistant") + 0.5
        if pick == 4 and scope != "patient":
            return self.m.site("brain") + 0.5
        keys = [key for per in reach for key in PARAMETERS[per] if key.startswith(self.m.label + ".")]
        return self.m.parameter(keys[self.rng.integers(len(keys))])

    def equation(self, scope: str, depth: int, sums: bool = False):
        if depth == 0:
            return self.leaf(scope)
        pick = self.rng.integers(16)
        if (pick == 0 and scope == "lesion") or (pick == 1 and scope == "clone"):
            return self.over_clones(depth)
        if pick in (2, 3) and sums:
            return self.over_lesions(depth)
        x, y = self.equation(scope, depth - 1, sums), self.equation(scope, depth - 1, sums)
        return self.joined(pick, x, y)

    def over_clones(self, depth: int):
        inner = self.equation("clone", depth - 1)
        return 0.2 * self.m.total(inner, "clone") if inner.node.scope == 3 else inner

    def over_lesions(self, depth: int):
        inner = self.equation("lesion" if self.rng.integers(2) else "clone", depth - 1)
        return 0.1 * self.m.total(inner, "lesion") if inner.node.scope > 1 else inner

    def joined(self, pick: int, x, y):
        positive = 0.3 + y * y
        choices = (
            lambda: x + y,
            lambda: x - 0.5 * y,
            lambda: x * y,
            lambda: x / positive,
            lambda: hill(x * x, positive),
            lambda: hill(0.1 + x * x, positive, 2),
            lambda: hill(0.1 + x * x, positive, 1.2 + self.leaf("patient") ** 2),
            lambda: exp(-x / positive),
            lambda: log(1.2 + x * x),
            lambda: sqrt(0.4 + x * x),
            lambda: where(x < y, x * y, x + y),
            lambda: where(y <= 0.9, x, -x),
            lambda: maximum(x, y),
            lambda: minimum(x, 0.8 * y),
            lambda: (0.5 + x * x) ** hill(y * y, 2),
            lambda: -x + (0.2 + y) ** 3,
        )
        return choices[pick]()


@cache
def random_system(seed: int) -> System:
    """Two modules, states of all scopes, ports, conversions, hazards, outputs, doses; some with sums within sums."""
    rng = np.random.default_rng(seed)
    clones = Clones.of(**TRAITS[rng.integers(len(TRAITS))])
    numbers = {per: int(n) for per, n in zip(("patient", "lesion", "clone"), rng.integers((1, 0, 0), (4, 3, 3)), strict=True)}
    seeds = rng.integers(2**31, size=2)
    sites = ("marrow", "brain")[: rng.integers(1, 3)]
    keys = {key.replace(".", "__"): f"{value} 1 per {per}" for per, own in PARAMETERS.items() for key, value in own.items()}
    first = Part("a", lambda m: _first(m, np.random.default_rng(seeds[0]), numbers), _drug_dose, "mg")
    second = Part("b", lambda m: _second(m, np.random.default_rng(seeds[1]), numbers))
    return system(first, second, Part("c", lambda m: None, _radiation, "mg"), clones=clones, sites=sites, **keys)


def _drug_dose(m, dose):
    drug, first = m.read("drug"), m.read("patient_0")
    return {drug: drug + dose * m.parameter("a.rate"), first: first + dose * drug / m.quantity(1, "g*mg")}


def _radiation(m, dose):
    """Cells fall with the dose and with sums, at once in the lesions treated; a patient state counts what was there before."""
    cells, seen = m.read("cells", per="clone"), m.read("a.patient_0")
    share = 1 + dose / m.quantity(1, "mg") * m.total(m.site("brain") + 1, "lesion") + m.total(cells, "clone") / m.quantity(1, "cell")
    return {cells: cells / share, seen: seen + m.total(cells, "lesion") / m.quantity(1, "cell")}


def _per_day(x, m):
    return x / m.quantity(1, "day")


def _first(m, rng, numbers) -> None:
    """Declares the states, cells with births, deaths and conversions, and an infused drug."""
    states = {per: [m.state(f"{per}_{i}", per=per, initial=0.5 + i) for i in range(n)] for per, n in numbers.items()}
    cells = m.state("cells", per="clone", unit="cell", initial=m.quantity(3.0, "cell") * (1 + m.parameter("a.speed")))
    drug = m.state("drug", unit="g", dosed=True)
    states["clone"].append(cells / m.quantity(1, "cell"))
    states["patient"].append(drug / m.quantity(1, "g"))
    author = Author(m, states, rng)
    m.flow(drug, None, _per_day(1 + author.equation("patient", 2) ** 2, m) * drug)
    m.flow(None, cells, _per_day(author.equation("clone", 3), m) * m.port("growth") * cells)
    m.flow(cells, None, m.port("kill") * cells)
    rates = {("drug", "sensitive", "resistant"): _per_day(author.equation("clone", 2), m)}
    rates |= {("antigen", "positive", "negative"): _per_day(author.equation("clone", 3), m)}
    m.convert(cells, rates)
    for per, own in states.items():
        for state in own[: numbers[per]]:
            m.change(state, _per_day(author.equation(per, 3, sums=per == "patient"), m))
    m.change(states["patient"][0], _per_day(m.port("symptoms"), m))
    m.hazard("death", _per_day(author.equation("patient", 2, sums=True) ** 2, m), stop=True)
    m.integral("area", author.equation("clone", 2))


def _second(m, rng, numbers) -> None:
    """Acts through ports on what the first module declares, and observes at every scope, sums within sums included."""
    states = {per: [m.read(f"a.{per}_{i}", per=per) for i in range(n)] for per, n in numbers.items()}
    author = Author(m, states, rng)
    if numbers["clone"]:
        m.convert(m.read("a.clone_0", per="clone"), {("drug", "sensitive", "resistant"): _per_day(author.equation("clone", 2), m)})
    m.add("kill", _per_day(author.equation("clone", 3), m), channel="x")
    m.multiply("growth", 1 + 0.1 * author.equation("clone", 2))
    m.add("symptoms", author.equation("lesion", 3))
    for per in ("patient", "lesion", "clone"):
        for i in range(2):
            value = author.equation(per, 3, sums=True)
            m.output(f"{per}_seen_{i}", value + 0.1 * m.total(author.equation("lesion", 1) * value + m.site("marrow"), "lesion"), "1")
        jumps = {m.read("a.patient_0"): 1 + m.read("a.patient_0")} if per == "patient" else {}
        m.hazard(f"fall_{per}", _per_day(author.equation(per, 2, sums=True) ** 2, m), per=per, jumps=jumps)
