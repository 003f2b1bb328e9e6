"""The flows of a system as reactions: events that take one cell from one state and give one to another.

States in cells are counted and change by whole cells; all others are amounts, and follow their rates of change. A flow that
is per clone is one reaction for every clone of every lesion; where its rate is negative, it runs backward. Rates are read
from the expression graph with numpy, apart from the code that the engine compiles, so that one can check the other.

Left out: doses, infusions and random events (hazards). A clone never waits for a founder: every cell that
changes its clone is an event of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from remission.errors import ModelError, RunError
from remission.model.derivatives import all_nodes
from remission.model.expression import SCOPES, Node, show
from remission.model.system import Flow, State, System

COUNTED = "cell"
OUTSIDE = -1
PATIENT = 1
FUNCTIONS = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "power": np.power,
    "negate": np.negative,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "maximum": np.maximum,
    "minimum": np.minimum,
}


@dataclass(frozen=True)
class Reactions:
    """Reactions of single cells among n states.

    source, sink: state that each of the m reactions takes a cell from and gives it to, OUTSIDE for neither [m].
    counted: which states are whole numbers of cells [n]. start: states on day 0, expected cells where they are counted [n].
    rates: states [R, n] to events per day [R, m], and change per day of the states that are not counted (else 0) [R, n].
    """

    source: np.ndarray
    sink: np.ndarray
    counted: np.ndarray
    start: np.ndarray
    rates: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    places: dict[str, slice] = field(default_factory=dict)

    @property
    def change(self) -> np.ndarray:
        """Cells that one event of each reaction adds to each state [m, n]."""
        change = np.zeros((self.source.size, self.counted.size))
        for ends, cells in ((self.source, -1.0), (self.sink, 1.0)):
            inside = np.flatnonzero(ends != OUTSIDE)
            np.add.at(change, (inside, ends[inside]), cells)
        return change


def reactions_of(system: System, values: dict[str, np.ndarray] | None = None, sites: tuple[str, ...] | None = None) -> Reactions:
    """The reactions of one patient of a system: `values` as `ParameterSet.draw` gives them for one patient (default: the
    typical one), `sites` one per lesion. `places` says where each state stands, clone by clone and lesion by lesion.

    ModelError where nothing is counted, or a flow leads from cells to something else.
    """
    sites = sites or system.sites
    values = values or system.parameters.typical(len(sites), system.n_clones)
    reader = Reader(system, values, sites)
    counted = np.concatenate([np.full(np.prod(reader.shapes[s.name]), s.unit == COUNTED) for s in system.states])
    if not counted.any():
        raise ModelError(f"no state of `{system.name}` is in cells, so there is nothing to count; give states the unit `{COUNTED}`")
    flows = _moves_of_cells(system)
    ends = [_ends(reader, flow) for flow in flows]
    source, sink, kept = (np.concatenate(parts) for parts in zip(*ends, strict=True))
    drifting = [state for state in system.states if state.unit != COUNTED]

    def rates(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = reader.values_of([flow.rate for flow in flows] + [state.rate for state in drifting], x)
        signed = [_spread(value, len(x), reader.shape_of(flow)) for value, flow in zip(found, flows, strict=False)]
        events = np.concatenate(signed, axis=1)[:, kept]
        _refuse_infinite(events, system)
        drift = np.zeros_like(x)
        for value, state in zip(found[len(flows) :], drifting, strict=True):
            drift[:, reader.places[state.name]] = _spread(value, len(x), reader.shapes[state.name])
        return np.concatenate([np.maximum(events, 0.0), np.maximum(-events, 0.0)], axis=1), drift

    both = np.concatenate([source[kept], sink[kept]]), np.concatenate([sink[kept], source[kept]])
    return Reactions(*both, counted, reader.start(), rates, reader.places)


def _spread(value: np.ndarray, replicates: int, shape: tuple[int, int]) -> np.ndarray:
    full = (replicates, *shape)
    return (value if value.shape == full else np.broadcast_to(value, full)).reshape(replicates, -1)


def _refuse_infinite(events: np.ndarray, system: System) -> None:
    if not np.isfinite(events).all():
        raise RunError(f"a flow of `{system.name}` is not a finite number for some number of cells; guard it with `maximum` or `where`")


def _moves_of_cells(system: System) -> list[Flow]:
    """The flows that move cells, refused where an end is something else or the ends cannot be paired."""
    states = {state.name: state for state in system.states}
    found = []
    for flow in system.flows:
        ends = [states[name] for name in (flow.source, flow.sink) if name is not None]
        if any(end.unit == COUNTED for end in ends):
            _refuse_unpaired(flow, ends)
            found.append(flow)
    if not found:
        raise ModelError(f"no flow of `{system.name}` moves cells; write births, deaths and moves with m.flow")
    return found


def _refuse_unpaired(flow: Flow, ends: list[State]) -> None:
    if any(end.unit != COUNTED for end in ends):
        raise ModelError(f"the flow from `{flow.source}` to `{flow.sink}` has one end in {ends[0].unit}; both must be in {COUNTED}")
    scopes = {SCOPES.index(end.per) for end in ends}
    if len(scopes) > 1 and flow.rate.scope < max(scopes):
        raise ModelError(
            f"the flow from `{flow.source}` to `{flow.sink}`, {show(flow.rate)}, is per {SCOPES[flow.rate.scope]}, so it cannot be told "
            f"which {SCOPES[max(scopes)]} it serves; write its rate per {SCOPES[max(scopes)]}"
        )


def _ends(reader: Reader, flow: Flow) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Source and sink of every reaction of a flow, and whether it exists: not where a transition leads to no clone."""
    shape = reader.shape_of(flow)
    source, sink = (reader.numbers(name, shape) for name in (flow.source, flow.sink))
    if flow.transition is not None:
        sink = np.full(shape, OUTSIDE)
        numbers = reader.numbers(flow.sink, shape)
        for after, before in enumerate(reader.system.clones.source(*flow.transition)):
            if before >= 0:
                sink[:, before] = numbers[:, after]
    exists = np.full(shape, flow.transition is None) | (sink != OUTSIDE)
    return source.ravel(), sink.ravel(), exists.ravel()


class Reader:
    """Values of the nodes of a system for many replicates of one patient, as [replicates or 1, lesions or 1, clones or 1]."""

    def __init__(self, system: System, values: dict[str, np.ndarray], sites: tuple[str, ...]):
        self.system, self.parameters, self.sites = system, values, sites
        self.by_scope = {"constant": (1, 1), "patient": (1, 1), "lesion": (len(sites), 1), "clone": (len(sites), system.n_clones)}
        self.shapes = {state.name: self.by_scope[state.per] for state in system.states}
        self.places, end = {}, 0
        for name, shape in self.shapes.items():
            self.places[name] = slice(end, end := end + shape[0] * shape[1])
        self.fixed: dict[int, np.ndarray] = {}
        self.plans: dict[tuple[int, ...], list[Node]] = {}

    def shape_of(self, flow: Flow) -> tuple[int, int]:
        """Lesions and clones among which a flow is one reaction each."""
        shapes = [self.shapes[name] for name in (flow.source, flow.sink) if name is not None]
        return max([*shapes, self.by_scope[SCOPES[flow.rate.scope]]])

    def numbers(self, name: str | None, shape: tuple[int, int]) -> np.ndarray:
        """Place of a state for each lesion and clone."""
        if name is None:
            return np.full(shape, OUTSIDE)
        place = self.places[name]
        return np.broadcast_to(np.arange(place.start, place.stop).reshape(self.shapes[name]), shape)

    def start(self) -> np.ndarray:
        """States on day 0."""
        found = self.values_of([state.initial for state in self.system.states], np.zeros((1, sum(a * b for a, b in self.shapes.values()))))
        return np.concatenate([_spread(value, 1, shape)[0] for value, shape in zip(found, self.shapes.values(), strict=True)])

    def values_of(self, nodes: list[Node], x: np.ndarray) -> list[np.ndarray]:
        """Values of the nodes at the states x [R, n]."""
        plan = self._plan(nodes)
        known = dict(self.fixed)
        with np.errstate(all="ignore"):
            for node in plan:
                known[node.number] = self._value(node, [known[inner.number] for inner in node.args], x)
        return [known[node.number] for node in nodes]

    def _plan(self, nodes: list[Node]) -> list[Node]:
        """The nodes to compute in order; what no state can change is computed once."""
        key = tuple(node.number for node in nodes)
        if key not in self.plans:
            order = []
            for node in all_nodes(*nodes):
                if node.op == "state" or any(inner.number not in self.fixed for inner in node.args):
                    order.append(node)
                elif node.number not in self.fixed:
                    with np.errstate(all="ignore"):
                        self.fixed[node.number] = self._value(node, [self.fixed[inner.number] for inner in node.args], np.zeros((1, 0)))
            self.plans[key] = order
        return self.plans[key]

    def _value(self, node: Node, inner: list[np.ndarray], x: np.ndarray) -> np.ndarray:
        if node.op == "state":
            return x[:, self.places[node.data]].reshape(len(x), *self.shapes[node.data])
        if node.op in FUNCTIONS:
            return FUNCTIONS[node.op](*inner)
        if node.op == "where":
            return np.where(inner[0] < inner[1] if node.data == "lt" else inner[0] <= inner[1], inner[2], inner[3])
        if node.op in ("total_clone", "total_lesion", "shift"):
            return self._across(node, inner[0])
        return self._leaf(node)

    def _across(self, node: Node, value: np.ndarray) -> np.ndarray:
        """Sums over clones or lesions, and values of another clone."""
        lesions, clones = self.by_scope["clone"]
        if node.op == "total_lesion":
            return np.broadcast_to(value, (value.shape[0], lesions, value.shape[2])).sum(axis=1, keepdims=True)
        value = np.broadcast_to(value, (*value.shape[:2], clones))
        if node.op == "total_clone":
            return value.sum(axis=2, keepdims=True)
        source = self.system.clones.source(*node.data[:3])
        return np.stack([value[:, :, before] if before >= 0 else np.zeros(value.shape[:2]) for before in source], axis=2)

    def _leaf(self, node: Node) -> np.ndarray:
        if node.op == "constant":
            return np.full((1, 1, 1), node.data)
        if node.op == "parameter":
            value = np.asarray(self.parameters[node.data], float)[:1]
            return value.reshape(value.shape + (1,) * (3 - value.ndim))
        if node.op == "trait":
            return np.array(self.system.clones.indicator(*node.data.split("="))).reshape(1, 1, -1)
        if node.op == "site":
            return np.array([float(site == node.data) for site in self.sites]).reshape(1, -1, 1)
        if node.op in ("established", "infusion"):
            return np.full((1, 1, 1), float(node.op == "established"))
        raise ModelError(f"`{show(node)}` has no value in a run of single cells")
