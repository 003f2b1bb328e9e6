"""The entries of the Jacobian, their places in the arrow storage, and the text that writes shift*I - J.

`UnrolledMatrix` differentiates every clone's rate by every clone's states: one entry, one statement. `LoopedMatrix` keeps
loops over clones: what the rate of one clone takes from the states of another is a product of two factors, read by tables.
"""

from __future__ import annotations

from dataclasses import dataclass

from remission.engine.elimination import Factors, Step
from remission.engine.linear import Arrow, Pair, arrow
from remission.engine.places import INDENT, Places
from remission.engine.sinks import Function
from remission.engine.unrolled import Unrolled, UnrolledDerivatives, symbols_below
from remission.model.derivatives import Derivatives
from remission.model.expression import Graph, Node, is_zero
from remission.model.system import State, System

Rates = list[tuple[State, Node]]


def position(system: System, places: Places, state: State, clone: int = 0) -> int:
    """Place of a state within the patient part or within the lesion block."""
    at = places.states[state.name]
    if state.per == "patient":
        return at
    return clone * system.n_clone_states + at if state.per == "clone" else system.n_clones * system.n_clone_states + at


def part(row: str, column: str) -> str:
    """Which part of the arrow two scopes meet in."""
    return ("p" if row == "patient" else "l") + ("p" if column == "patient" else "l")


def slots(structure: Arrow) -> dict[str, dict[Pair, int]]:
    return {"pp": structure.slot_pp, "ll": structure.slot_ll, "pl": structure.slot_pl, "lp": structure.slot_lp}


def _structure(system: System, pairs: dict[str, set[Pair]]) -> Arrow:
    pp, pl, lp, ll = (pairs.get(name, set()) for name in ("pp", "pl", "lp", "ll"))
    return arrow(system.n_patient, system.n_block, pp, pl, lp, ll)


def _signed(graph: Graph, node: Node, diagonal: bool) -> Node:
    """What stands in the matrix for an entry of the Jacobian."""
    return graph.subtract(graph.symbol("shift_by", "shift", "patient"), node) if diagonal else graph.negate(node)


class UnrolledMatrix:
    """One node per entry."""

    def __init__(self, system: System, places: Places, rates: Rates):
        self.system, self.places = system, places
        self.tables: list[str] = []
        unrolled, self.entries = Unrolled(system), {}
        derivatives = UnrolledDerivatives(system.graph)
        rows = [(state, c, node) for state, rate in rates for c, node in enumerate(unrolled.everywhere(rate, state.per))]
        below = symbols_below([node for *_, node in rows])
        columns = [(state, c, symbol) for state, _ in rates for c, symbol in enumerate(self._symbols(unrolled, state))]
        for row, r, rate in rows:
            for column, c, symbol in columns:
                if symbol.number in below[rate.number]:
                    node = derivatives.by(rate, symbol)
                    place = position(system, places, row, r), position(system, places, column, c)
                    if not is_zero(node):
                        self.entries[part(row.per, column.per), place] = node
        pairs: dict[str, set[Pair]] = {}
        for name, pair in self.entries:
            pairs.setdefault(name, set()).add(pair)
        self.arrow = _structure(system, pairs)

    def _symbols(self, unrolled: Unrolled, state: State) -> tuple[Node, ...]:
        return unrolled.of(self.system.graph.symbol("state", state.name, state.per))

    def roots(self) -> list[Node]:
        """What the function computes: one node per slot that is read, in storage order."""
        g, zero = self.system.graph, self.system.graph.constant(0.0)
        filled = {} if self.arrow.is_long else self.arrow.filled
        self.order = [(n, pair, at) for n, of in slots(self.arrow).items() for pair, at in of.items() if pair not in filled.get(n, ())]
        return [_signed(g, self.entries.get((n, p), zero), n in ("pp", "ll") and p[0] == p[1]) for n, p, _ in self.order]

    def function(self, roots: list[Node]) -> Function:
        function = Function(self.places)
        for (name, (i, j), slot), node in zip(self.order, roots, strict=True):
            if name == "pp":
                function.patient(node, f"a[{slot}] = {{}}".format)
            elif name == "ll" and i == j:
                function.lesion(node, f"a[a_at + {slot}] = select(alive, {{}}, shift)".format)
            else:
                masked = "0.0" if is_zero(node) else "select(alive, {}, 0.0)"
                function.lesion(node, f"a[a_at + {slot}] = {masked}".format)
        return function

    def factored(self, roots: list[Node]) -> Function:
        """Matrix and factors in one go: no entry is stored before it is a factor."""
        factors, zero = Factors(self.arrow), self.system.graph.constant(0.0)
        nodes = {(name, pair): node for (name, pair, _), node in zip(self.order, roots, strict=True)}
        function = Function(self.places, gathered=True, closing=factors.taken())
        function.before = [f"{name} = lane_of(0.0)" for name in factors.totals.values()]
        for step in factors.before_loop:
            function.patient(nodes.get((step.part, step.pair), zero), _Start(step), first=True)
        for step in factors.within:
            dead = "shift" if step.part == "ll" and step.pair[0] == step.pair[1] else "0.0"
            function.lesion(nodes.get((step.part, step.pair), zero), _Start(step, dead))
        for step in factors.after_loop:
            function.patient(nodes.get((step.part, step.pair), zero), _Start(step, total=factors.totals.get(step.pair, "")))
        return function


@dataclass(frozen=True)
class _Start:
    """Makes the statements of a step from the text of its entry in the matrix.

    dead: the entry for patients who do not have the lesion ("" for entries of the patient); total: less what lesions take.
    """

    step: Step
    dead: str = ""
    total: str = ""

    def __call__(self, text: str) -> str:
        start = "" if text == "0.0" else text
        if self.dead and start:
            start = f"select(alive, {text}, {self.dead})"
        if self.total:
            start = f"{self.total} + ({text})" if start else self.total
        return "\n".join(self.step.write(start))


class LoopedMatrix:
    """Entries by pairs of state and state, for all clones at once."""

    def __init__(self, system: System, places: Places, rates: Rates):
        self.system, self.places = system, places
        self.derivatives = Derivatives(system.graph)
        self.tables: list[str] = []
        states = [state for state, _ in rates]
        self.entries = [entry for row in rates for column in states for entry in self._entries(row, column)]
        pairs: dict[str, set[Pair]] = {}
        for state, column, kind, *_ in self.entries:
            touched = pairs.setdefault(part(state.per, column.per), set())
            touched.update((i, j) for *_, i, j in self._pairs(state, column, kind))
        self.arrow = _structure(system, pairs)

    def _entries(self, row: tuple[State, Node], column: State) -> list[tuple]:
        """(row state, column state, kind, node, right node) for every non-zero part."""
        (state, rate), symbol = row, self.system.graph.symbol("state", column.name, column.per)
        if not (state.per == "clone" and column.per == "clone"):
            node = self.derivatives.by(rate, symbol)
            return [] if is_zero(node) else [(state, column, "plain", node, None)]
        terms = self.derivatives.pair(rate, symbol)
        found = [] if is_zero(terms.diagonal) else [(state, column, "diagonal", terms.diagonal, None)]
        found += [(state, column, "outer", left, right) for left, right in terms.outer if not (is_zero(left) or is_zero(right))]
        return found + [(state, column, transition, node, None) for transition, node in terms.shifted]

    def _pairs(self, state: State, column: State, kind) -> list[tuple[int, int, int, int]]:
        """(row clone, column clone, row place, column place) that an entry touches."""
        s = self.system
        rows = range(s.n_clones) if state.per == "clone" else (0,)
        columns = range(s.n_clones) if column.per == "clone" else (0,)
        source = s.clones.source(*kind[:3]) if isinstance(kind, tuple) else None
        if source is not None and kind[3]:
            source = s.clones.source(kind[0], kind[2], kind[1])
        touched = []
        for r in rows:
            for c in columns:
                if (kind == "diagonal" and r != c) or (source is not None and source[r] != c):
                    continue
                touched.append((r, c, position(s, self.places, state, r), position(s, self.places, column, c)))
        return touched

    def roots(self) -> list[Node]:
        """The left factors of all entries, then the right factors of those that have one."""
        left = [node for *_, node, _ in self.entries]
        return left + [right for *_, right in self.entries if right is not None]

    def function(self, roots: list[Node]) -> Function:
        a = self.arrow
        self.tables.append(f"DIAGONAL = {[a.slot_ll[i, i] for i in range(a.n_block)]}")
        opening = [f"for k in range({a.lesion_size}):", f"{INDENT}a[a_at + k] = 0.0"]
        opening += [f"for k in range({a.n_block}):", f"{INDENT}a[a_at + DIAGONAL[k]] = shift"] if a.n_block else []
        function = Function(self.places, opening=opening if a.lesion_size else [])
        rights = iter(roots[len(self.entries) :])
        for number, (state, column, kind, _, right) in enumerate(self.entries):
            self._sink(function, number, state, column, kind, roots[number], None if right is None else next(rights))
        self._corner(function, {(i, j): node for (s, c, *_), node in self._plain(roots) for i, j in [self._corner_pair(s, c)]})
        return function

    def factored(self, roots: list[Node]) -> Function | None:
        """Nothing of its own: the matrix first, then its factors."""
        return None

    def _plain(self, roots: list[Node]):
        return [(entry, node) for entry, node in zip(self.entries, roots, strict=False) if part(entry[0].per, entry[1].per) == "pp"]

    def _corner_pair(self, state: State, column: State) -> Pair:
        return position(self.system, self.places, state), position(self.system, self.places, column)

    def _corner(self, function: Function, entries: dict[Pair, Node]) -> None:
        g = self.system.graph
        for pair, slot in self.arrow.slot_pp.items():
            node = _signed(g, entries.get(pair, g.constant(0.0)), pair[0] == pair[1])
            function.patient(node, f"a[{slot}] = {{}}".format)

    def _sink(self, function: Function, number: int, state, column, kind, node, right) -> None:
        name, n, at = f"SLOT_{number}", self.system.n_clones, part(state.per, column.per)
        of = slots(self.arrow)[at]
        table = {(r, c): of[i, j] for r, c, i, j in self._pairs(state, column, kind)}
        if at == "pp":
            return
        store = "a[a_at + {0}] = a[a_at + {0}] - select(alive, {{}}, 0.0)"
        if "clone" not in (state.per, column.per):
            function.lesion(node, store.format(table[0, 0]).format)
        elif kind == "outer":
            self.tables.append(f"{name} = {[table[r, c] for r in range(n) for c in range(n)]}")
            function.pair(node, right, store.format(f"{name}[j * {n} + k]").format)
        else:
            places = {(r if state.per == "clone" else c): slot for (r, c), slot in table.items()}
            self.tables.append(f"{name} = {[places.get(i, -1) for i in range(n)]}")
            guard = "" if len(places) == n else f"if {name}[j] >= 0: "
            function.clone(node, (guard + store.format(f"{name}[j]")).format)
