"""From nodes to source text: loops over lesions and clones instead of writing each out.

A sum over lesions ends one loop over lesions, a sum over clones one loop over clones; what a later loop needs of an earlier one
is computed again there. Values of patient scope are computed once, before the loop that first needs them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from remission.model.derivatives import all_nodes
from remission.model.expression import BINARY, Node, is_constant
from remission.model.system import System

Store = Callable[[str], str]
INDENT = "    "


@dataclass
class Layout:
    """Where the symbols of a system stand in the engine's arrays, as text."""

    system: System

    def __post_init__(self):
        s = self.system
        self.states = {state.name: i for per in ("patient", "lesion", "clone") for i, state in enumerate(s.of("states", per))}
        self.clone_states = s.n_clone_states
        self.block = s.n_block
        self.lesion_parameters = sum(per == "lesion" for _, per, _ in s.parameter_names)
        self.clone_parameters = sum(per == "clone" for _, per, _ in s.parameter_names)
        self.quadratures = {q.name: i for per in ("patient", "lesion", "clone") for i, q in enumerate(s.of("quadratures", per))}
        self.transitions = {t: i for i, t in enumerate(s.transitions)}
        levels = [f"{trait}={level}" for trait, own in s.clones.traits for level in own]
        self.traits = {key: f"TRAIT_{i}" for i, key in enumerate(levels)}

    def base(self, size: int, patient: int) -> str:
        return f"{patient} + l * {size}"

    def vector(self, items: str, name_position: int, per: str, clone: str = "c") -> str:
        """Index of a state, output or quadrature of this scope inside its vector."""
        s = self.system
        patients, clones = len(s.of(items, "patient")), len(s.of(items, "clone"))
        block = len(s.of(items, "lesion")) + s.n_clones * clones
        if per == "patient":
            return str(name_position)
        if per == "lesion":
            return f"{patients + s.n_clones * clones + name_position} + l * {block}"
        if items == "quadratures":
            return f"{patients + name_position * s.n_clones} + l * {block} + {clone}"
        return f"{patients + name_position} + l * {block} + {clone} * {clones}"

    def symbol(self, node: Node, clone: str) -> str:
        """The text that loads a symbol; `clone` is the loop variable in force."""
        s, per = self.system, ("constant", "patient", "lesion", "clone")[node.scope]
        if node.op == "state":
            return f"y[{self.vector('states', self.states[node.data], per, clone)}]"
        if node.op == "parameter":
            return f"p[{self._parameter(node.data, clone)}]"
        if node.op == "infusion":
            return f"p[{s.n_patient_parameters - len(s.inputs) + s.inputs.index(node.data)}]"
        if node.op == "site":
            site = s.sites.index(node.data) if node.data in s.sites else None
            return "0.0" if site is None else f"p[{s.n_patient_parameters + self.lesion_parameters + site} + l * {s.n_lesion_parameters}]"
        if node.op == "established":
            return f"flags[l * {s.n_clones} + {clone}]"
        if node.op == "trait":
            return f"{self.traits[node.data]}[{clone}]"
        if node.op == "integral":
            return f"q[{self.vector('quadratures', self.quadratures[node.data], per, clone)}]"
        return "amount"

    def _parameter(self, key: str, clone: str) -> str:
        s, (per, position) = self.system, self.system.parameter_slots[key]
        if per == "patient":
            return str(position)
        start = s.n_patient_parameters + (position if per == "lesion" else self.lesion_parameters + len(s.sites) + position)
        within = f" + {clone} * {self.clone_parameters}" if per == "clone" else ""
        return f"{start} + l * {s.n_lesion_parameters}{within}"


def depth(node: Node, barrier: str, known: dict[int, int]) -> int:
    """How many sums of this kind lie below a node, one inside the other; a trait shift counts as a barrier of clones."""
    for inner in all_nodes(node):
        if inner.number not in known:
            step = 1 if inner.op == barrier else 0
            known[inner.number] = max((known[a.number] for a in inner.args), default=0) + step
    return known[node.number]


@dataclass
class Sink:
    """Something to compute and store: a value, or for pairs of clones the product of two values."""

    scope: int
    node: Node
    store: Store
    right: Node | None = None


@dataclass
class Function:
    """The body of one generated function, built from sinks."""

    layout: Layout
    late: bool = False
    only_lesion: bool = False
    sinks: list[Sink] = field(default_factory=list)

    def patient(self, node: Node, store: Store) -> None:
        self.sinks.append(Sink(1, node, store))

    def lesion(self, node: Node, store: Store) -> None:
        self.sinks.append(Sink(2, node, store))

    def clone(self, node: Node, store: Store) -> None:
        self.sinks.append(Sink(3, node, store))

    def pair(self, left: Node, right: Node, store: Store) -> None:
        """For every row clone `c` and column clone `k`: left at c times right at k."""
        self.sinks.append(Sink(4, left, store, right))

    def body(self) -> list[str]:
        return _Body(self).lines()


class _Body:
    """One pass over the sinks; `memo` maps (node, clone variable) to the variable that holds it."""

    def __init__(self, function: Function):
        self.f, self.layout, self.system = function, function.layout, function.layout.system
        self.levels: dict[int, int] = {}
        self.sublevels: dict[int, int] = {}
        self.patient_memo: dict = {}
        self.patient_lines: list[str] = []
        self.counter = 0

    # ---- the order of loops ----------------------------------------------------------------------------------------
    def lines(self) -> list[str]:
        nodes = self._nodes()
        totals = [n for n in all_nodes(*nodes) if n.op == "total_lesion"] if nodes else []
        last = max([self._level(n) for n in nodes], default=0)
        inner = [s for s in self.f.sinks if s.scope > 1]
        for k in range(last + 1):
            ends = [t for t in totals if self._level(t) == k + 1]
            here = [s for s in inner if (last if self.f.late else self._sink_level(s)) == k]
            if ends or here:
                self._lesion_loop(ends, here)
        stores = [s.store(self.value(s.node)) for s in self.f.sinks if s.scope == 1]
        return self.patient_lines + stores

    def _nodes(self) -> list[Node]:
        return [n for s in self.f.sinks for n in (s.node, s.right) if n is not None]

    def _level(self, node: Node) -> int:
        return depth(node, "total_lesion", self.levels)

    def _sink_level(self, sink: Sink) -> int:
        return max(self._level(n) for n in (sink.node, sink.right) if n is not None)

    def _sublevel(self, node: Node) -> int:
        return depth(node, "total_clone", self.sublevels)

    def _lesion_loop(self, ends: list[Node], sinks: list[Sink]) -> None:
        self.lesion_memo, self.lesion_lines = {}, []
        targets = [t.args[0] for t in ends] + [n for s in sinks for n in (s.node, s.right) if n is not None]
        sums = [n for n in all_nodes(*targets) if n.op == "total_clone"]
        last = max([self._sublevel(t) for t in targets], default=0)
        deep = [s for s in sinks if s.scope > 2]
        for j in range(last + 1):
            closing = [t for t in sums if self._sublevel(t) == j + 1]
            here = [s for s in deep if (last if self.f.late else self._pair_sublevel(s)) == j]
            if closing or here:
                self._clone_loop(closing, here)
        for total in ends:
            name = self._fresh("s")
            self.patient_lines.append(f"{name} = 0.0")
            self.patient_memo[total.number, ""] = name
            self.lesion_lines.append(f"{name} += {self.value(total.args[0])}")
        self.lesion_lines += [s.store(self.value(s.node)) for s in sinks if s.scope == 2]
        guard = "if lesion < 0 or lesion == l:" if self.f.only_lesion and sinks else None
        body = [guard, *(INDENT + line for line in self.lesion_lines)] if guard else self.lesion_lines
        self.patient_lines += ["for l in range(L):", *(INDENT + line for line in body)]

    def _pair_sublevel(self, sink: Sink) -> int:
        return max(self._sublevel(n) for n in (sink.node, sink.right) if n is not None)

    def _clone_loop(self, closing: list[Node], sinks: list[Sink]) -> None:
        self.clone_memo, self.clone_lines = {}, []
        names = []
        for total in closing:
            name = self._fresh("s")
            names.append(name)
            self.lesion_lines.append(f"{name} = 0.0")
            self.clone_lines.append(f"{name} += {self.value(total.args[0])}")
        values = [s.store(self.value(s.node)) for s in sinks if s.scope == 3]
        pairs = [line for s in sinks if s.right is not None for line in self._pair_loop(s, s.right)]
        self.clone_lines += values + pairs
        self.lesion_lines += [f"for c in range({self.system.n_clones}):", *(INDENT + line for line in self.clone_lines)]
        self.lesion_memo.update({(t.number, ""): name for t, name in zip(closing, names, strict=True)})

    def _pair_loop(self, sink: Sink, other: Node) -> list[str]:
        left = self.value(sink.node)
        outer = self.clone_lines
        self.clone_lines = []
        right = self.value(other, "k")
        lines = [f"for k in range({self.system.n_clones}):", *(INDENT + x for x in (*self.clone_lines, sink.store(f"{left} * {right}")))]
        self.clone_lines = outer
        for key in [key for key in self.clone_memo if key[1] == "k"]:
            del self.clone_memo[key]
        return lines

    # ---- values ----------------------------------------------------------------------------------------------------
    def _fresh(self, letter: str = "v") -> str:
        self.counter += 1
        return f"{letter}{self.counter}"

    def _place(self, node: Node) -> tuple[dict, list[str]]:
        if node.scope <= 1:
            return self.patient_memo, self.patient_lines
        return (self.lesion_memo, self.lesion_lines) if node.scope == 2 else (self.clone_memo, self.clone_lines)

    def value(self, node: Node, clone: str = "c") -> str:
        """The variable (or literal) that holds a node, computing what is missing on the way."""
        if is_constant(node):
            return repr(node.data)
        for inner in self._pending(node, clone):
            self._write(inner, clone)
        return self._held(node, clone)

    def _pending(self, node: Node, clone: str) -> list[Node]:
        """Nodes below this one that have no variable yet, arguments first; a shift hides what is below it."""
        order, seen, stack = [], set(), [(node, False)]
        while stack:
            current, expanded = stack.pop()
            if expanded:
                order.append(current)
                continue
            if current.number in seen or is_constant(current) or self._key(current, clone) in self._place(current)[0]:
                continue
            seen.add(current.number)
            stack.append((current, True))
            if current.op != "shift":
                stack.extend((a, False) for a in reversed(current.args))
        return order

    def _key(self, node: Node, clone: str) -> tuple[int, str]:
        return (node.number, clone if node.scope == 3 else "")

    def _held(self, node: Node, clone: str) -> str:
        return repr(node.data) if is_constant(node) else self._place(node)[0][self._key(node, clone)]

    def _write(self, node: Node, clone: str) -> None:
        memo, _ = self._place(node)
        text = self._shift(node, clone) if node.op == "shift" else self._text(node, clone)
        name = self._fresh()
        self._place(node)[1].append(f"{name} = {text}")
        memo[self._key(node, clone)] = name

    def _shift(self, node: Node, clone: str) -> str:
        """The value in the clone one trait away, computed there; 0 where there is none."""
        table = f"SHIFT_{self.layout.transitions[node.data[:3]]}{'_BACK' if node.data[3] else ''}"
        other = self._fresh("m")
        self.clone_lines.append(f"{other} = max({table}[{clone}], 0)")
        inner = self.value(node.args[0], other)
        return f"({inner} if {table}[{clone}] >= 0 else 0.0)"

    def _text(self, node: Node, clone: str) -> str:
        a = [self._held(x, clone) for x in node.args]
        if node.op in BINARY:
            return f"{a[0]} {BINARY[node.op]} {a[1]}"
        if node.op == "negate":
            return f"-{a[0]}"
        if node.op == "power":
            return _power(node, a)
        if node.op == "where":
            return f"select_{node.data}({', '.join(a)})"
        return f"{node.op}({', '.join(a)})" if a else self.layout.symbol(node, clone)


def _power(node: Node, a: list[str]) -> str:
    exponent = node.args[1]
    if is_constant(exponent) and exponent.data in (2.0, 3.0, 4.0):
        return " * ".join([a[0]] * int(exponent.data))
    if is_constant(exponent) and exponent.data == -1.0:
        return f"1.0 / {a[0]}"
    return f"power({a[0]}, {a[1]})"
