"""A system: the finished symbolic model of one trial, and where each of its numbers stands in the engine's arrays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

from remission.model.derivatives import all_nodes
from remission.model.disease import Clones
from remission.model.expression import Graph, Node, show
from remission.parameters import ParameterSet


@dataclass(frozen=True)
class State:
    """One state: its full name, scope, unit text, start and rate of change."""

    name: str
    per: str
    unit: str
    initial: Node
    rate: Node
    dosed: bool
    owner: str


@dataclass(frozen=True)
class Output:
    """A named quantity that leaves the model."""

    name: str
    per: str
    unit: str
    node: Node


@dataclass(frozen=True)
class Quadrature:
    """A running integral or the accumulated hazard of a random event.

    kind: `integral`; `jump` (states jump when it fires), `stop` (the run ends), `arrival` (a founder of a clone arrives).
    """

    name: str
    per: str
    kind: str
    rate: Node
    jumps: tuple[tuple[str, Node], ...] = ()
    repeats: bool = False


@dataclass(frozen=True)
class Flow:
    """One flow as a module said it: what it takes from `source` and gives to `sink` (None: outside the patient) per day.

    `rate` is in the unit of the source, else of the sink, and has the scope in which it was said; an end of narrower scope takes the
    sum. With a transition (trait, from, to) it leads from each clone to the clone that differs by that trait. Flows say again
    what the rates of the states say together, one event at a time; only runs of single events read them.
    """

    source: str | None
    sink: str | None
    rate: Node
    transition: tuple[str, str, str] | None = None


@dataclass(frozen=True)
class Agent:
    """What regimens may give: its dose unit, its jumps, and the infusion input if it can be infused (else -1)."""

    name: str
    unit: str
    jumps: tuple[tuple[str, Node], ...]
    input: int


@dataclass(frozen=True)
class System:
    """An immutable, composed model. The engine compiles it; jobs ask it where things are.

    States: patient states, then per lesion a block of clone states (clone by clone) and lesion states. Outputs likewise;
    quadratures per clone stand clone after clone, one quadrature after the other.
    Parameters: patient values, infusion inputs, then per lesion the lesion values and clone values.
    """

    name: str
    graph: Graph
    clones: Clones
    sites: tuple[str, ...]
    states: tuple[State, ...]
    parameter_names: tuple[tuple[str, str, str], ...]
    outputs: tuple[Output, ...]
    quadratures: tuple[Quadrature, ...]
    agents: tuple[Agent, ...]
    inputs: tuple[str, ...]
    parameters: ParameterSet
    birth: Node | None
    death: Node | None
    transitions: tuple[tuple[str, str, str], ...]
    flows: tuple[Flow, ...] = ()

    def of(self, items: str, per: str) -> tuple:
        """The states, outputs or quadratures of one scope, in storage order."""
        return tuple(item for item in getattr(self, items) if item.per == per)

    @cached_property
    def n_clones(self) -> int:
        return len(self.clones.members)

    @cached_property
    def n_patient(self) -> int:
        return len(self.of("states", "patient"))

    @cached_property
    def n_clone_states(self) -> int:
        return len(self.of("states", "clone"))

    @cached_property
    def n_block(self) -> int:
        return self.n_clones * self.n_clone_states + len(self.of("states", "lesion"))

    @cached_property
    def parameter_slots(self) -> dict[str, tuple[str, int]]:
        """Where each parameter stands: (scope, position within its scope)."""
        slots = {}
        for per in ("patient", "lesion", "clone"):
            slots.update({name: (per, i) for i, (name, scope, _) in enumerate(p for p in self.parameter_names if p[1] == per)})
        return slots

    def _count(self, per: str) -> int:
        return sum(scope == per for _, scope, _ in self.parameter_names)

    @cached_property
    def n_patient_parameters(self) -> int:
        """Patient parameters and infusion inputs."""
        return self._count("patient") + len(self.inputs)

    @cached_property
    def n_lesion_parameters(self) -> int:
        """Lesion parameters, one indicator per site, and the clone parameters of one lesion."""
        return self._count("lesion") + len(self.sites) + self.n_clones * self._count("clone")

    def state_slot(self, name: str, lesion: int = 0, clone: int = 0) -> int:
        """Position of a state in the state vector."""
        state = next(s for s in self.states if s.name == name)
        return self._slot("states", state, lesion, clone, self.n_patient, self.n_block)

    def output_slot(self, name: str, lesion: int = 0, clone: int = 0) -> int:
        output = next(o for o in self.outputs if o.name == name)
        per_lesion = len(self.of("outputs", "lesion")) + self.n_clones * len(self.of("outputs", "clone"))
        return self._slot("outputs", output, lesion, clone, len(self.of("outputs", "patient")), per_lesion)

    def quadrature_slot(self, name: str, lesion: int = 0, clone: int = 0) -> int:
        item = next(q for q in self.quadratures if q.name == name)
        per_lesion = len(self.of("quadratures", "lesion")) + self.n_clones * len(self.of("quadratures", "clone"))
        return self._slot("quadratures", item, lesion, clone, len(self.of("quadratures", "patient")), per_lesion)

    def _slot(self, items: str, item, lesion: int, clone: int, n_patient: int, block: int) -> int:
        position = self.of(items, item.per).index(item)
        if item.per == "patient":
            return position
        clones = len(self.of(items, "clone"))
        if item.per == "lesion":
            return n_patient + lesion * block + self.n_clones * clones + position
        inside = position * self.n_clones + clone if items == "quadratures" else clone * clones + position
        return n_patient + lesion * block + inside

    def size(self, items: str, lesions: int) -> int:
        """Length of the state, output or quadrature vector for this many lesions."""
        block = len(self.of(items, "lesion")) + self.n_clones * len(self.of(items, "clone"))
        return len(self.of(items, "patient")) + lesions * block

    def parameter_size(self, lesions: int) -> int:
        return self.n_patient_parameters + lesions * self.n_lesion_parameters

    @cached_property
    def roots(self) -> tuple[tuple[str, Node], ...]:
        """Every expression of the system with the name of what it determines."""
        found = [(f"d {s.name}", s.rate) for s in self.states] + [(f"start {s.name}", s.initial) for s in self.states]
        found += [(f"output {o.name}", o.node) for o in self.outputs]
        for q in self.quadratures:
            found += [(f"{q.kind} {q.name}", q.rate), *((f"{q.name} -> {name}", node) for name, node in q.jumps)]
        for agent in self.agents:
            found += [(f"dose {agent.name} -> {name}", node) for name, node in agent.jumps]
        found += [(f"per capita {word}", node) for word, node in (("birth", self.birth), ("death", self.death)) if node is not None]
        return tuple(found)

    @cached_property
    def text(self) -> str:
        """The content of the system, every operation once: what names its compiled form."""
        nodes = all_nodes(*(node for _, node in self.roots))
        place = {node.number: i for i, node in enumerate(nodes)}
        lines = [f"{self.clones.traits} {self.sites} {self.inputs} {self.parameter_names} {self.transitions}"]
        lines += [f"{s.name} {s.per} {s.unit}" for s in self.states] + [f"{o.name} {o.per} {o.unit}" for o in self.outputs]
        lines += [f"{q.name} {q.per} {q.kind} {q.repeats}" for q in self.quadratures]
        lines += [f"{place[n.number]} {n.op} {n.data} {[place[a.number] for a in n.args]} {n.scope}" for n in nodes]
        return "\n".join(lines + [f"{name} = {place[node.number]}" for name, node in self.roots])

    def equations(self) -> list[str]:
        """The equations as a reader would print them."""
        return [f"{name} = {show(node)}" for name, node in self.roots]

    @cached_property
    def digest(self) -> str:
        return hashlib.blake2b(self.text.encode(), digest_size=16).hexdigest()

    def agent_index(self, name: str) -> int:
        return [a.name for a in self.agents].index(name)
