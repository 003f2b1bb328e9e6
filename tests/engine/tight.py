"""An independent solver for judging the engine: every equation written out number by number, integrated by SciPy's LSODA at 1e-11.

It reads the same system as the engine (its nodes, their scopes, and where states and outputs stand) and shares no code with it: sums
over lesions and clones are written out term by term, infusions are the sum of the rows that run, and a running integral is one more
state. Left out: chance (every clone counts as established) and events.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
from numba import njit
from scipy.integrate import odeint, solve_ivp

from remission.engine.batch import Dose
from remission.model.expression import Node
from remission.model.system import System

RTOL = 1e-11
MOST_STEPS = 100_000
TEXTS = {
    "add": "{} + {}",
    "subtract": "{} - {}",
    "multiply": "{} * {}",
    "divide": "{} / {}",
    "negate": "-{}",
    "power": "{} ** {}",
    "exp": "exp({})",
    "log": "log({})",
    "sqrt": "sqrt({})",
    "maximum": "max({}, {})",
    "minimum": "min({}, {})",
}


@dataclass
class Text:
    """Lines that give every node asked for a value at its lesion and clone."""

    system: System
    lesions: int
    places: dict[tuple, int]
    lines: list[str] = field(default_factory=list)
    known: dict[tuple, str] = field(default_factory=dict)

    def value(self, node: Node, l: int, c: int) -> str:
        """The name of the node's value; patient values are the same for all lesions and clones."""
        key = (node.number, l if node.scope > 1 else -1, c if node.scope > 2 else -1)
        if key not in self.known:
            made = self._made(node, l, c)
            self.known[key] = f"v{len(self.known)}"
            self.lines.append(f"{self.known[key]} = {made}")
        return self.known[key]

    def _made(self, node: Node, l: int, c: int) -> str:
        s, inner = self.system, node.args
        if node.op == "total_lesion":
            return " + ".join(f"({self.value(inner[0], k, -1)} if has[{k}] > 0.0 else 0.0)" for k in range(self.lesions))
        if node.op == "total_clone":
            return " + ".join(self.value(inner[0], l, k) for k in range(s.n_clones))
        if node.op == "shift":
            source = s.clones.source(*node.data[:3])
            return "0.0" if source[c] < 0 else self.value(inner[0], l, source[c])
        values = [self.value(a, l, c) for a in inner]
        if node.op == "where":
            return f"{values[2]} if {values[0]} {'<' if node.data == 'lt' else '<='} {values[1]} else {values[3]}"
        return TEXTS[node.op].format(*values) if values else self._symbol(node, l, c)

    def _symbol(self, node: Node, l: int, c: int) -> str:
        s = self.system
        if node.op == "constant":
            return repr(node.data)
        if node.op == "state":
            return f"x[{s.state_slot(node.data, max(l, 0), max(c, 0))}]"
        if node.op == "integral":
            return f"x[{s.size('states', self.lesions) + s.quadrature_slot(node.data, max(l, 0), max(c, 0))}]"
        if node.op == "infusion":
            return f"running[{s.inputs.index(node.data)}]"
        if node.op == "trait":
            return repr(s.clones.indicator(*node.data.split("="))[c])
        if node.op == "site":
            return f"p[{self.places['site', node.data, l, -1]}]"
        if node.op == "parameter":
            return f"p[{self.places['parameter', node.data, l if node.scope > 1 else -1, c if node.scope > 2 else -1]}]"
        return {"established": "1.0", "amount": "amount"}[node.op]


@dataclass
class TightSolver:
    """One system with room for so many lesions; `compiled` where the text is turned into machine code first."""

    system: System
    lesions: int = 1
    compiled: bool = True

    @cached_property
    def places(self) -> dict[tuple, int]:
        """Where each number of a patient stands: (kind, name, lesion, clone), -1 where the scope has none."""
        s, found = self.system, []
        for key, per, _ in s.parameter_names:
            lesions = [-1] if per == "patient" else range(self.lesions)
            clones = range(s.n_clones) if per == "clone" else [-1]
            found += [("parameter", key, l, c) for l in lesions for c in clones]
        found += [("site", site, l, -1) for site in s.sites for l in range(self.lesions)]
        return {place: i for i, place in enumerate(found)}

    def numbers(self, values: dict[str, np.ndarray], member: int, sites: Sequence[str]) -> np.ndarray:
        """One patient's numbers in the order of `places`, from arrays [M], [M, lesions], [M, lesions, clones]; `sites` of its lesions."""
        p = np.zeros(len(self.places))
        for (kind, name, l, c), i in self.places.items():
            if kind == "site":
                p[i] = l < len(sites) and sites[l] == name
                continue
            own = np.asarray(values[name][member], float)
            p[i] = own if l < 0 else (own[l] if c < 0 else own[l, c])
        return p

    @property
    def n_states(self) -> int:
        return self.system.size("states", self.lesions)

    @property
    def size(self) -> int:
        return self.n_states + self.system.size("quadratures", self.lesions)

    def _everywhere(self, items: str):
        """(item, lesion, clone, place) for every number of a kind."""
        s = self.system
        slot = {"states": s.state_slot, "outputs": s.output_slot, "quadratures": s.quadrature_slot}[items]
        for item in getattr(s, items):
            for l in [-1] if item.per == "patient" else range(self.lesions):
                for c in range(s.n_clones) if item.per == "clone" else [-1]:
                    yield item, l, c, slot(item.name, max(l, 0), max(c, 0))

    def _function(self, arguments: str, size: str, stores) -> callable:
        """A function that returns an array; `stores` are (place, node, lesion, clone, guard)."""
        text = Text(self.system, self.lesions, self.places)
        ends = []
        for place, node, l, c, guard in stores:
            guards = [guard] if guard else [f"has[{l}] > 0.0"] if l >= 0 else []
            ends.append("".join(f"if {one}: " for one in guards) + f"made[{place}] = {text.value(node, l, c)}")
        lines = [f"def function({arguments}):", f"made = {size}", *text.lines, *ends, "return made"]
        names = {"zeros": np.zeros, "exp": math.exp, "sqrt": math.sqrt, "log": math.log}
        exec("\n    ".join(lines), names)
        return njit(error_model="numpy")(names["function"]) if self.compiled else names["function"]

    @cached_property
    def slope(self):
        """d/dt of states and running integrals as (x, t, p, running, has)."""
        states = [(place, item.rate, l, c, None) for item, l, c, place in self._everywhere("states")]
        sums = [(self.n_states + place, item.rate, l, c, None) for item, l, c, place in self._everywhere("quadratures")]
        return self._function("x, t, p, running, has", f"zeros({self.size})", states + sums)

    @cached_property
    def look(self):
        """Outputs as (x, p, running, has); those of lesions that are not there are 0."""
        stores = [(place, item.node, l, c, None) for item, l, c, place in self._everywhere("outputs")]
        return self._function("x, p, running, has", f"zeros({self.system.size('outputs', self.lesions)})", stores)

    @cached_property
    def begin(self):
        """States and integrals at the start as (p, has)."""
        stores = [(place, item.initial, l, c, None) for item, l, c, place in self._everywhere("states")]
        return self._function("p, has", f"zeros({self.size})", stores)

    @cached_property
    def jumps(self) -> list:
        """For each agent what a dose makes of x, as (x, p, running, has, amount, lesion)."""
        return [self.jump(dict(agent.jumps)) for agent in self.system.agents]

    def jump(self, changes: dict[str, Node], by_clone: bool = False):
        """A function that sets the states of `changes`, lesion -1 meaning all; `by_clone`: only in the clone of number `amount`."""
        stores = [
            (place, changes[item.name], l, c, self._guard(l, c if by_clone else -1))
            for item, l, c, place in self._everywhere("states")
            if item.name in changes
        ]
        return self._function("x, p, running, has, amount, lesion", "x.copy()", stores)

    @staticmethod
    def _guard(l: int, c: int) -> str | None:
        inside = f"has[{l}] > 0.0 and (lesion < 0 or lesion == {l})" if l >= 0 else None
        return f"{inside} and amount == {c}" if c >= 0 else inside

    def run(self, p: np.ndarray, rows: Sequence[Dose], until: float, save: np.ndarray, lesions: int | None = None, rtol: float = RTOL):
        """From day 0: outputs on the days `save` [T, O], each before the doses of its day, and states and integrals on the last day."""
        has = (np.arange(max(self.lesions, 1)) < (self.lesions if lesions is None else lesions)).astype(float)
        rows = sorted(rows, key=lambda row: row.day)
        changes = {0.0, until, *(row.day for row in rows), *(row.day + row.duration for row in rows)}
        days = sorted(day for day in changes if 0.0 <= day <= until)
        x, given, running = self.begin(p, has), 0, np.zeros(max(len(self.system.inputs), 1))
        seen = [self.look(x, p, running, has)] * np.count_nonzero(save == 0.0)
        for now, then in pairwise(days):
            while given < len(rows) and rows[given].day <= now:
                row, given = rows[given], given + 1
                if row.duration == 0.0:
                    x = self.jumps[row.agent](x, p, running, has, row.amount, row.lesion)
            for number in range(len(self.system.inputs)):
                active = [r for r in rows[:given] if r.duration > 0.0 and r.input == number and r.day + r.duration > now]
                running[number] = sum(r.amount / r.duration for r in active)
            x, inside = self._piece(x, p, running, has, now, then, save[(save > now) & (save <= then)], rtol)
            seen += [self.look(point, p, running, has) for point in inside]
        return np.array(seen).reshape(len(seen), self.system.size("outputs", self.lesions)), x

    def _piece(self, x, p, running, has, now, then, save, rtol):
        """From one change to the next: the state at the end and on the days `save`; Radau where LSODA gives up."""
        days, more = np.unique(np.concatenate([[now, then], save])), (p, running, has)
        with warnings.catch_warnings(action="ignore"):
            path, told = odeint(self.slope, x, days, more, rtol=rtol, atol=self.floor, mxstep=MOST_STEPS, full_output=True)
        if told["message"] != "Integration successful.":
            solved = solve_ivp(lambda t, y: self.slope(y, t, *more), (now, then), x, "Radau", days, rtol=rtol, atol=self.floor)
            assert solved.success, solved.message
            path = solved.y.T
        return path[-1].copy(), path[np.searchsorted(days, save)]

    @cached_property
    def floor(self) -> np.ndarray:
        """Absolute tolerance: far below anything that is compared."""
        floor = np.full(self.size, 1e-11)
        for state, _, _, place in self._everywhere("states"):
            floor[place] = 1e-5 if state.unit == "cell" else 1e-11
        return floor
