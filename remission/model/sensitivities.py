"""Forward sensitivities: a system that carries, beside its states, how they change with chosen parameters.

For a state `s` with ds/dt = f(y, p) and a parameter k, the change S = ds/dk follows dS/dt = sum_j (df/dy_j) S_j + df/dk from
S(0) = d(start)/dk, and a jump s -> g(y, p) takes it to sum_j (dg/dy_j) S_j + dg/dk (Hairer, Norsett, Wanner, Solving Ordinary
Differential Equations I, 1993, chapter I.14). These are states, outputs and integrals like any others, named `s@k`, so the
augmented system is run, and its error controlled, as every system is. Sums and shifts over clones and lesions stay what they are.

A parameter of a lesion or a clone stands for the common value of all its copies. `S` of states and integrals is kept times
the parameter's `size`, a constant near its typical number, so that it has the unit of `s` and its absolute tolerance;
outputs `o@k` are derivatives, in the unit of `o` per unit of k.

Left out: event times are not differentiated (the luck and the day of an event are held), nor are amounts and days of doses, nor
a clone so small that chance decides: its cells are no smooth function of a parameter. Fits run with `n_small` 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from remission import units
from remission.errors import InputError, nearest
from remission.model.compose import POPULATION
from remission.model.derivatives import BARRIERS, Derivatives, all_nodes
from remission.model.expression import SCOPES, Graph, Node, is_zero
from remission.model.system import Output, Quadrature, State, System

MOVED = ("state", "integral")
Changes = tuple[tuple[str, Node], ...]
Scoped = TypeVar("Scoped", State, Quadrature)


def sensitivity_name(name: str, parameter: str) -> str:
    """The name of the sensitivity of a state, output or integral: `s@k`."""
    return f"{name}@{parameter}"


def with_sensitivities(
    system: System, parameters: Iterable[str], outputs: Iterable[str] | None = None, sizes: Mapping[str, float] | None = None
) -> System:
    """The system with an output `o@k` for each of the `outputs` (default: all) and each of the `parameters` k.

    Its own states, outputs, integrals, hazards, doses and parameters are unchanged, and so is the layout of its parameters.
    States that k cannot reach, or that no chosen output sees, get no sensitivity. `sizes` are typical numbers of parameters where
    those of the tables are of another order. `InputError` names what is unknown or given twice.
    """
    chosen = _known("parameter", parameters, list(system.parameter_slots), _advice(system))
    names = [output.name for output in system.outputs]
    wanted = _known("output", names if outputs is None else outputs, names)
    scales, derivatives = _scales(system, chosen, sizes or {}), Derivatives(system.graph)
    return _augmented(system, [Tangent(derivatives, key, scales[key], _moved(system, key, wanted)) for key in chosen], wanted)


def _known(what: str, names: Iterable[str], known: list[str], advice: Mapping[str, str] | None = None) -> tuple[str, ...]:
    chosen = tuple(names)
    for name in chosen:
        if name not in known:
            remedy = (advice or {}).get(name, f"use the full name of the {what}")
            raise InputError(f"the equations have no {what} `{name}`{nearest(name, known)}", remedy=remedy)
        if chosen.count(name) > 1:
            raise InputError(f"the {what} `{name}` is given twice", remedy="name each once")
    return chosen


def _advice(system: System) -> dict[str, str]:
    """What to do about rows that act only through the formulas of others."""
    remedy = "it acts through formulas of other rows only: differentiate by those that equations read, and chain by `formula_slopes`"
    return {key: remedy for key in system.parameters.rows if key not in system.parameter_slots}


def _scales(system: System, chosen: tuple[str, ...], sizes: Mapping[str, float]) -> dict[str, float]:
    """The power of two nearest to each parameter's size, which scales without rounding; 1 where the size is 0."""
    typical = {} if set(chosen) <= set(sizes) else system.parameters.typical(1, system.n_clones)
    numbers = {key: abs(float(sizes[key] if key in sizes else typical[key].flat[0])) for key in chosen}
    return {key: 2.0 ** round(math.log2(size)) if 0.0 < size < math.inf else 1.0 for key, size in numbers.items()}


# ---- what moves ----------------------------------------------------------------------------------------------------------
def _reads(system: System) -> dict[str, set[tuple[str, str]]]:
    """The parameters, states and integrals that the start, rate and jumps of each state and integral read."""
    nodes: dict[str, list[Node]] = {state.name: [state.initial, state.rate] for state in system.states}
    nodes |= {q.name: [q.rate] for q in _integrals(system)}
    for changes in [*(agent.jumps for agent in system.agents), *(q.jumps for q in system.quadratures)]:
        for name, node in changes:
            nodes[name].append(node)
    return {name: _symbols(*own) for name, own in nodes.items()}


def _integrals(system: System) -> list[Quadrature]:
    return [q for q in system.quadratures if q.kind == "integral"]


def _symbols(*nodes: Node) -> set[tuple[str, str]]:
    return {(node.op, node.data) for node in all_nodes(*nodes) if node.op in ("parameter", *MOVED)}


def _moved(system: System, parameter: str, outputs: tuple[str, ...]) -> frozenset[str]:
    """States and integrals that the parameter can reach and that some chosen output can see."""
    reads = _reads(system)
    moved = {name for name, own in reads.items() if ("parameter", parameter) in own}
    while more := {name for name, own in reads.items() if name not in moved and any(kind in MOVED and x in moved for kind, x in own)}:
        moved |= more
    seen: set[str] = set()
    ahead = {name for kind, name in _symbols(*(o.node for o in system.outputs if o.name in outputs)) if kind in MOVED}
    while ahead:
        seen |= ahead
        ahead = {x for name in ahead for kind, x in reads[name] if kind in MOVED} - seen
    return frozenset(moved & seen)


# ---- derivatives ---------------------------------------------------------------------------------------------------------
@dataclass
class Tangent:
    """Total derivatives by one parameter, times its size, in terms of the sensitivities of what moves."""

    derivatives: Derivatives
    parameter: str
    size: float
    moved: frozenset[str]
    known: dict[int, Node] = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        return self.derivatives.graph

    def of(self, node: Node) -> Node:
        """The chain rule: partial derivatives by symbols, sums and shifts, each times its own total derivative."""
        if node.number not in self.known:
            result = self.graph.constant(0.0)
            for leaf in _leaves(node):
                slope = self._leaf(leaf)
                if not is_zero(slope):
                    result = self.graph.add(result, self.graph.multiply(self.derivatives.partial(node, leaf), slope))
            self.known[node.number] = result
        return self.known[node.number]

    def _leaf(self, leaf: Node) -> Node:
        g = self.graph
        if leaf.op in MOVED and leaf.data in self.moved:
            return g.symbol(leaf.op, self.name(leaf.data), SCOPES[leaf.scope])
        if leaf.op == "parameter" and leaf.data == self.parameter:
            return g.constant(self.size)
        if leaf.op == "shift":
            return g.shift(self.of(leaf.args[0]), leaf.data[:3], leaf.data[3])
        return g.total(self.of(leaf.args[0]), leaf.op[6:]) if leaf.op in BARRIERS else g.constant(0.0)

    def name(self, of: str) -> str:
        return sensitivity_name(of, self.parameter)


def _leaves(node: Node) -> list[Node]:
    """Symbols, sums and shifts that a node reaches without passing through another sum or shift, in the order they were made."""
    found, stack, seen = [], [node], set()
    while stack:
        current = stack.pop()
        if current.number in seen:
            continue
        seen.add(current.number)
        if current.op in BARRIERS or not current.args:
            found.append(current)
        else:
            stack.extend(current.args)
    return sorted(found, key=lambda leaf: leaf.number)


# ---- the augmented system ------------------------------------------------------------------------------------------------
def _augmented(system: System, tangents: list[Tangent], outputs: tuple[str, ...]) -> System:
    states = [_state(state, tangent) for tangent in tangents for state in system.states if state.name in tangent.moved]
    integrals = [_integral(q, tangent) for tangent in tangents for q in _integrals(system) if q.name in tangent.moved]
    seen = [_output(output, tangent, system) for tangent in tangents for output in system.outputs if output.name in outputs]
    return replace(
        system,
        states=_in_order((*system.states, *states)),
        outputs=(*system.outputs, *seen),
        quadratures=_in_order((*(replace(q, jumps=_jumps(q.jumps, tangents)) for q in system.quadratures), *integrals)),
        agents=tuple(replace(agent, jumps=_jumps(agent.jumps, tangents)) for agent in system.agents),
    )


def _state(state: State, tangent: Tangent) -> State:
    """The sensitivity of a state; where chance moves the cells of a clone, theirs stands still as they do."""
    rate = tangent.of(state.rate)
    if state.name == POPULATION:
        rate = tangent.graph.multiply(tangent.graph.symbol("established", "established", "clone"), rate)
    return replace(state, name=tangent.name(state.name), initial=tangent.of(state.initial), rate=rate, dosed=False)


def _integral(quadrature: Quadrature, tangent: Tangent) -> Quadrature:
    return replace(quadrature, name=tangent.name(quadrature.name), rate=tangent.of(quadrature.rate))


def _output(output: Output, tangent: Tangent, system: System) -> Output:
    measure = next(unit for name, _, unit in system.parameter_names if name == tangent.parameter)
    unit = units.text_of(units.registry.Unit(units.unit(output.unit) / units.unit(measure)))
    node = tangent.graph.divide(tangent.of(output.node), tangent.graph.constant(tangent.size))
    return Output(tangent.name(output.name), output.per, unit, node)


def _jumps(jumps: Changes, tangents: list[Tangent]) -> Changes:
    """The jumps of a dose or an event with those of the sensitivities of every state that it moves."""
    added = [(tangent.name(name), tangent.of(node)) for tangent in tangents for name, node in jumps if name in tangent.moved]
    return (*jumps, *added)


def _in_order(items: tuple[Scoped, ...]) -> tuple[Scoped, ...]:
    return tuple(sorted(items, key=lambda item: SCOPES.index(item.per)))
