"""The functions of one system as source text: rates, Jacobian, hazards, outputs, doses, events and start.

The text is ordinary Python that numba compiles to C functions of the signatures in `compiled.py`; it loops over lesions and clones
and calls only the operations of `lanes.py`, so it does not know how many patients one value stands for.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from remission.engine.emit import INDENT, Function, Layout
from remission.engine.linear import Arrow, arrow
from remission.model.derivatives import Derivatives, all_nodes
from remission.model.expression import Node, is_zero
from remission.model.system import State, System

HEAD = '''"""Generated from the equations of a system; not edited by hand."""
import numpy as np
from numba import cfunc, types
from remission.engine.lanes import exp, log, maximum, minimum, power, select_le, select_lt, sqrt

F = types.CPointer(types.float64)
I = types.int64
D = types.float64
OPTIONS = dict(cache=True, error_model="numpy", fastmath={"contract", "nsz", "arcp"})
'''
SIGNATURES = {
    "rhs": ("y, p, flags, dy, L", "F, F, F, F, I"),
    "jac": ("y, p, flags, storage, L", "F, F, F, F, I"),
    "quad": ("y, p, flags, g, bd, L", "F, F, F, F, F, I"),
    "out": ("y, p, q, flags, o, L", "F, F, F, F, F, I"),
    "dose": ("agent, amount, lesion, y, p, flags, L", "I, D, I, F, F, F, I"),
    "event": ("hazard, lesion, clone, y, p, flags, L", "I, I, I, F, F, F, I"),
    "init": ("p, y, L", "F, F, I"),
}


@dataclass
class Generated:
    """The text, and the structure of the Jacobian it fills."""

    text: str
    arrow: Arrow
    operations: tuple[int, int]


@dataclass
class Generator:
    """Writes one system."""

    system: System
    layout: Layout = field(init=False)

    def __post_init__(self):
        self.layout = Layout(self.system)
        self.block_order = [*self.system.of("states", "clone"), *self.system.of("states", "lesion")]

    def generate(self) -> Generated:
        rates = self._rates()
        jacobian = Jacobian(self.system, self.layout, rates)
        bodies = {
            "rhs": self._rhs(rates),
            "jac": jacobian.body(),
            "quad": self._quad(),
            "out": self._outputs(),
            "dose": self._cases("agent", [agent.jumps for agent in self.system.agents], "lesion"),
            "event": self._cases("hazard", [q.jumps for q in hazards(self.system)], "lesion"),
            "init": self._start(),
        }
        parts = [HEAD, *self._tables(), *jacobian.tables]
        parts += [_function(name, body) for name, body in bodies.items()]
        text = "\n".join(parts)
        count = len(all_nodes(*(node for _, node in rates))), len(jacobian.derivatives.known)
        return Generated(text, jacobian.arrow, count)

    def _rates(self) -> list[tuple[State, Node]]:
        """Rates of all states; clones that are not established are left to the extinction rule and stand still."""
        g, made = self.system.graph, []
        for state in self.system.states:
            rate = state.rate
            if state.name == "cells":
                rate = g.multiply(g.symbol("established", "established", "clone"), rate)
            made.append((state, rate))
        return made

    def _index(self, state: State) -> str:
        return self.layout.vector("states", self.layout.states[state.name], state.per)

    def _rhs(self, rates) -> list[str]:
        function = Function(self.layout)
        for state, rate in rates:
            getattr(function, state.per)(rate, f"dy[{self._index(state)}] = {{}}".format)
        return function.body()

    def _quad(self) -> list[str]:
        s, function = self.system, Function(self.layout)
        for q in s.quadratures:
            index = self.layout.vector("quadratures", self.layout.quadratures[q.name], q.per)
            getattr(function, q.per)(q.rate, f"g[{index}] = {{}}".format)
        for offset, node in enumerate((s.birth, s.death)):
            if node is not None:
                function.clone(node, f"bd[(l * {s.n_clones} + c) * 2 + {offset}] = {{}}".format)
        return function.body()

    def _outputs(self) -> list[str]:
        s, function = self.system, Function(self.layout)
        for per in ("patient", "lesion", "clone"):
            for position, output in enumerate(s.of("outputs", per)):
                getattr(function, per)(output.node, f"o[{self.layout.vector('outputs', position, per)}] = {{}}".format)
        return function.body()

    def _start(self) -> list[str]:
        function = Function(self.layout)
        for state in self.system.states:
            getattr(function, state.per)(state.initial, f"y[{self._index(state)}] = {{}}".format)
        return function.body()

    def _cases(self, selector: str, jumps: list, lesion: str) -> list[str]:
        """One branch per agent or hazard, each setting the states that jump."""
        lines = []
        for number, changes in enumerate(jumps):
            function = Function(self.layout, late=True, only_lesion=True)
            for name, node in changes:
                state = next(s for s in self.system.states if s.name == name)
                guard = "if clone < 0 or clone == c: " if selector == "hazard" and state.per == "clone" else ""
                getattr(function, state.per)(node, f"{guard}y[{self._index(state)}] = {{}}".format)
            body = function.body()
            if body:
                lines += [f"if {selector} == {number}:", *(INDENT + line for line in body)]
        return lines

    def _tables(self) -> list[str]:
        """Trait indicators and the clone each clone comes from, as constants."""
        clones, lines = self.system.clones, []
        for trait, levels in clones.traits:
            for level in levels:
                lines.append(f"{self.layout.traits[f'{trait}={level}']} = np.array({list(clones.indicator(trait, level))})")
        for i, (trait, before, after) in enumerate(self.system.transitions):
            lines.append(f"SHIFT_{i} = np.array({list(clones.source(trait, before, after))})")
            lines.append(f"SHIFT_{i}_BACK = np.array({list(clones.source(trait, after, before))})")
        return lines


def hazards(system: System) -> list:
    """The quadratures that are random events, in the order the engine numbers them."""
    return [q for q in system.quadratures if q.kind != "integral"]


def _function(name: str, body: list[str]) -> str:
    arguments, types_ = SIGNATURES[name]
    lines = [f"@cfunc(types.void({types_}), **OPTIONS)", f"def {name}({arguments}):", *(INDENT + line for line in body or ["pass"])]
    return "\n".join(["", *lines])


class Jacobian:
    """The entries of the Jacobian, their places in the arrow storage, and the text that writes them."""

    def __init__(self, system: System, layout: Layout, rates: list[tuple[State, Node]]):
        self.system, self.layout, self.rates = system, layout, rates
        self.derivatives = Derivatives(system.graph)
        self.tables: list[str] = []
        self.entries = [entry for row in rates for column in system.states for entry in self._entries(row, column)]
        self.arrow = self._arrow()

    def _symbol(self, state: State) -> Node:
        return self.system.graph.symbol("state", state.name, state.per)

    def _entries(self, row: tuple[State, Node], column: State) -> list[tuple]:
        """(row state, column state, kind, node, right node) for every non-zero part."""
        (state, rate), symbol = row, self._symbol(column)
        if not (state.per == "clone" and column.per == "clone"):
            node = self.derivatives.by(rate, symbol)
            return [] if is_zero(node) else [(state, column, "plain", node, None)]
        terms = self.derivatives.pair(rate, symbol)
        found = [] if is_zero(terms.diagonal) else [(state, column, "diagonal", terms.diagonal, None)]
        found += [(state, column, "outer", left, right) for left, right in terms.outer if not (is_zero(left) or is_zero(right))]
        return found + [(state, column, transition, node, None) for transition, node in terms.shifted]

    def _position(self, state: State, clone: int = 0) -> int:
        """Place within the patient part or within the lesion block."""
        s, at = self.system, self.layout.states[state.name]
        if state.per == "patient":
            return at
        return clone * s.n_clone_states + at if state.per == "clone" else s.n_clones * s.n_clone_states + at

    def _pairs(self, state: State, column: State, kind) -> list[tuple[int, int, int, int]]:
        """(row clone, column clone, row place, column place) that an entry touches."""
        rows = range(self.system.n_clones) if state.per == "clone" else (0,)
        columns = range(self.system.n_clones) if column.per == "clone" else (0,)
        source = self.system.clones.source(*kind[:3]) if isinstance(kind, tuple) else None
        if source is not None and kind[3]:
            source = self.system.clones.source(kind[0], kind[2], kind[1])
        touched = []
        for r in rows:
            for c in columns:
                if (kind == "diagonal" and r != c) or (source is not None and source[r] != c):
                    continue
                touched.append((r, c, self._position(state, r), self._position(column, c)))
        return touched

    def _part(self, state: State, column: State) -> str:
        return ("p" if state.per == "patient" else "l") + ("p" if column.per == "patient" else "l")

    def _arrow(self) -> Arrow:
        parts = {"pp": set(), "ll": set(), "pl": set(), "lp": set()}
        for state, column, kind, *_ in self.entries:
            parts[self._part(state, column)].update((i, j) for *_, i, j in self._pairs(state, column, kind))
        return arrow(self.system.n_patient, self.system.n_block, **parts)

    def body(self) -> list[str]:
        function, a = Function(self.layout), self.arrow
        slots: dict[str, dict] = {"pp": a.slot_pp, "ll": a.slot_ll, "pl": a.slot_pl, "lp": a.slot_lp}
        for number, (state, column, kind, node, right) in enumerate(self.entries):
            part = self._part(state, column)
            table = {(r, c): slots[part][i, j] for r, c, i, j in self._pairs(state, column, kind)}
            self._sink(function, number, state, column, kind, node, right, table, part)
        return function.body()

    def _sink(self, function: Function, number: int, state, column, kind, node, right, table, part) -> None:
        offset = "" if part == "pp" else f"{self.arrow.pp_size} + l * {self.arrow.lesion_size} + "
        if "clone" not in (state.per, column.per):
            store = f"storage[{offset}{table[0, 0]}] += {{}}".format
            (function.patient if part == "pp" else function.lesion)(node, store)
            return
        name, n = f"SLOT_{number}", self.system.n_clones
        if kind == "outer":
            self.tables.append(f"{name} = np.array({[table[r, c] for r in range(n) for c in range(n)]})")
            function.pair(node, right, f"storage[{offset}{name}[c * {n} + k]] += {{}}".format)
            return
        by_row = state.per == "clone"
        places = {(r if by_row else c): slot for (r, c), slot in table.items()}
        self.tables.append(f"{name} = np.array({[places.get(i, -1) for i in range(n)]})")
        guard = "" if len(places) == n else f"if {name}[c] >= 0: "
        function.clone(node, f"{guard}storage[{offset}{name}[c]] += {{}}".format)
