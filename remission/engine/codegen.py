"""The functions of one system as source text: constants, rates, matrix, its factors, hazards, outputs, doses, events and start.

The text is ordinary Python in the small language that `language` compiles; it loops over lesions and calls only the
operations of `operations.py`, so it does not know how many patients one value stands for::

    prepare(p, c, L)                                       constants of a patient, from parameters alone
    rhs(y, p, c, flags, dy, L, lesions)                    rates, per day
    matrix(y, p, c, flags, shift, a, L, lesions)           shift*I - J, every slot of the arrow
    factor(a, L)    solve(a, x, L)                         in place
    factored(y, p, c, flags, shift, a, L, lesions)         matrix and factor in one
    quad(y, p, c, flags, g, bd, L, lesions)                rates of integrals; birth and death per cell and day
    out(y, p, c, q, flags, o, L, lesions)                  declared outputs
    dose(agent, amount, lesion, y, p, c, flags, L, lane)   jump of one patient; lesion -1: all of them
    event(hazard, lesion, clone, y, p, c, flags, L, lane)  jump of one patient; -1 where the hazard has no lesion or clone
    init(p, c, y, L, lane)                                 start of one patient

Few clones are written out (`unrolled.py`) in the functions that run in every step; many clones, and the functions that run
rarely, loop over them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from remission.engine.algebra import cheaper, stored_nodes
from remission.engine.elimination import elimination
from remission.engine.emit import body_of
from remission.engine.flops import flops
from remission.engine.jacobian import LoopedMatrix, UnrolledMatrix
from remission.engine.linear import Arrow
from remission.engine.places import INDENT, Places
from remission.engine.sinks import Function
from remission.engine.unrolled import Unrolled
from remission.model.expression import Node, is_zero
from remission.model.system import System

HEAD = '''"""Generated from the equations of a system; not edited by hand."""

from remission.engine.operations import exp, lane_of, log, maximum, minimum, power, select, select_le, select_lt, sqrt
'''
ARGUMENTS = {
    "prepare": "p, c, L",
    "rhs": "y, p, c, flags, dy, L, lesions",
    "matrix": "y, p, c, flags, shift, a, L, lesions",
    "factor": "a, L",
    "factored": "y, p, c, flags, shift, a, L, lesions",
    "solve": "a, x, L",
    "quad": "y, p, c, flags, g, bd, L, lesions",
    "out": "y, p, c, q, flags, o, L, lesions",
    "dose": "agent, amount, lesion, y, p, c, flags, L, lane",
    "event": "hazard, lesion, clone, y, p, c, flags, L, lane",
    "init": "p, c, y, L, lane",
}
ARGUMENTS_OF_WATCHED = ARGUMENTS["out"]
FACTORED = ["matrix(y, p, c, flags, shift, a, L, lesions)", "factor(a, L)"]
MOST_CLONES, MOST_STATES = 16, 32
Stores = list[tuple[int, Node, str]]


@dataclass(frozen=True)
class Generated:
    """The text, and what is known of it.

    flops: floating-point operations of every function, apart from lesions and per lesion. sizes: the whole numbers at the head of
    the text.
    """

    text: str
    arrow: Arrow
    flops: dict[str, tuple[int, int]]
    sizes: dict[str, int]


@dataclass
class Generator:
    """Writes one system. unrolled: whether clones are written out; None leaves it to their number."""

    system: System
    unrolled: bool | None = None
    places: Places = field(init=False)

    def __post_init__(self):
        s = self.system
        if self.unrolled is None:
            self.unrolled = s.n_clones == 1 or (s.n_clones <= MOST_CLONES and s.n_block <= MOST_STATES)
        self.places = Places(s)
        self.clones = Unrolled(s)

    def generate(self) -> Generated:
        g, rates = self.system.graph, self._rates()
        matrix = (UnrolledMatrix if self.unrolled else LoopedMatrix)(self.system, self.places, rates)
        stores = {"rhs": self._rhs(rates), "quad": self._quad(), "out": self._outputs()}
        positive = positive_parameters(self.system)
        cheap = {name: cheaper(g, [node for _, node, _ in of], positive) for name, of in stores.items()}
        entries = cheaper(g, matrix.roots(), positive)
        self.seen = list(zip(stores["out"], cheap["out"], self._output_places(), strict=True))
        constants = stored_nodes([node for roots in (*cheap.values(), entries) for node in roots])
        self._place(constants, matrix.arrow)
        bodies = {"prepare": self._prepare(constants)}
        for name, of in stores.items():
            bodies[name] = body_of(self._function(of, cheap[name]))
        bodies["matrix"] = body_of(matrix.function(entries))
        tables, own = elimination(matrix.arrow)
        both = None if matrix.arrow.is_long else matrix.factored(entries)
        bodies["factored"] = FACTORED if both is None else body_of(both)
        return self._generated(bodies | own | self._rare(), [*matrix.tables, *tables], matrix.arrow)

    def _generated(self, bodies: dict[str, list[str]], tables: list[str], arrow: Arrow) -> Generated:
        sizes = self._sizes(arrow)
        parts = [HEAD, *(f"{name} = {value}" for name, value in sizes.items()), *self.places.tables(), *tables]
        text = "\n".join([*parts, *(_text_of(name, bodies[name]) for name in ARGUMENTS)]) + "\n"
        return Generated(text, arrow, flops(text), sizes)

    def _sizes(self, arrow: Arrow) -> dict[str, int]:
        s, p = self.system, self.places
        made = {"N_PATIENT": s.n_patient, "N_BLOCK": s.n_block, "N_CLONES": s.n_clones, "N_CLONE_STATES": s.n_clone_states}
        made |= {"N_PATIENT_PARAMETERS": s.n_patient_parameters, "N_LESION_PARAMETERS": s.n_lesion_parameters}
        made |= {"N_INPUTS": len(s.inputs), "FIRST_INPUT": s.n_patient_parameters - len(s.inputs)}
        for name, (patient, lesion) in (("QUADRATURES", p.sizes("quadratures")), ("OUTPUTS", p.sizes("outputs"))):
            made |= {f"N_{name}": patient, f"N_LESION_{name}": lesion}
        patient, lesion = p.constant_sizes()
        return made | {"PP_SIZE": arrow.pp_size, "LESION_SIZE": arrow.lesion_size, "N_CONSTANTS": patient, "N_LESION_CONSTANTS": lesion}

    # ---- what is computed ------------------------------------------------------------------------------------------
    def _rates(self) -> list:
        """Rates of all states; clones that are not established are left to the extinction rule and stand still."""
        g, made = self.system.graph, []
        for state in self.system.states:
            rate = state.rate
            if state.name == "cells":
                rate = g.multiply(g.symbol("established", "established", "clone"), rate)
            made.append((state, rate))
        return made

    def _rhs(self, rates) -> Stores:
        return [store for s, rate in rates for store in self._everywhere(s.per, rate, "dy", lambda c, s=s: self._state(s, c))]

    def _state(self, state, clone: str | int = "j") -> str:
        return self.places.state(state.name, state.per, clone)

    def _quad(self) -> Stores:
        s, p, made = self.system, self.places, []
        for q in s.quadratures:
            at = p.quadratures[q.name]
            made += self._everywhere(q.per, q.rate, "g", lambda c, q=q, at=at: p.vector("quadratures", at, q.per, c))
        for offset, node in enumerate((s.birth, s.death)):
            if node is not None:
                made += self._everywhere("clone", node, "bd", lambda c, offset=offset: p.birth_or_death(c, offset))
        return made

    def _outputs(self) -> Stores:
        p, made = self.places, []
        for per in ("patient", "lesion", "clone"):
            for at, output in enumerate(self.system.of("outputs", per)):
                made += self._everywhere(per, output.node, "o", lambda c, at=at, per=per: p.vector("outputs", at, per, c))
        return made

    def _output_places(self) -> list[tuple[int, ...]]:
        """Places in the first lesion's outputs that each store of `_outputs` fills."""
        s, found = self.system, []
        first, clones = len(s.of("outputs", "patient")), len(s.of("outputs", "clone"))
        for per in ("patient", "lesion", "clone"):
            for at in range(len(s.of("outputs", per))):
                if per == "clone":
                    places = tuple(first + c * clones + at for c in range(s.n_clones))
                    found += [(place,) for place in places] if self.unrolled else [places]
                else:
                    found.append((at,) if per == "patient" else (first + s.n_clones * clones + at,))
        return found

    def watched(self, watched: tuple[int, ...]) -> str:
        """The function `watched`, which is `out` for some outputs alone; `generate` comes first.

        watched: places in the outputs; one of a lesion stands for the same output of every lesion. It uses sizes and tables of the
        generated text.
        """
        first, lesion = self.places.sizes("outputs")
        wanted = {place if place < first else first + (place - first) % lesion for place in watched}
        chosen = [(store, node) for store, node, places in self.seen if wanted.intersection(places)]
        body = body_of(self._function([store for store, _ in chosen], [node for _, node in chosen]))
        return _text_of("watched", body).lstrip("\n") + "\n"

    def _everywhere(self, per: str, node: Node, array: str, place) -> Stores:
        """(scope, node, element) of a quantity: once, or once per clone where clones are written out."""
        scope = ("constant", "patient", "lesion", "clone").index(per)
        if not self.unrolled:
            return [(scope, node, f"{array}[{place('j')}]")]
        nodes = self.clones.everywhere(node, per)
        return [(min(scope, 2), node, f"{array}[{place(c)}]") for c, node in enumerate(nodes)]

    # ---- text ------------------------------------------------------------------------------------------------------
    def _function(self, stores: Stores, nodes: list[Node]) -> Function:
        function = Function(self.places)
        for (scope, _, element), node in zip(stores, nodes, strict=True):
            masked = "{}" if scope == 1 or is_zero(node) else "select(alive, {}, 0.0)"
            (function.patient, function.lesion, function.clone)[scope - 1](node, f"{element} = {masked}".format)
        return function

    def _place(self, constants: list[Node], arrow: Arrow) -> None:
        """Gives every constant its place."""
        by_scope = [[node for node in constants if max(node.scope, 1) == scope] for scope in (1, 2, 3)]
        stored = {node.number: i for nodes in by_scope for i, node in enumerate(nodes)}
        self.places.stored.update(stored)
        self.places.constants = (len(by_scope[0]), len(by_scope[1]), len(by_scope[2]))
        self.places.matrix = arrow.pp_size, arrow.lesion_size

    def _prepare(self, constants: list[Node]) -> list[str]:
        inside = replace(self.places, stored={})
        inside.constants = self.places.constants
        function = Function(inside, masked=False)
        for node in constants:
            sink = (function.patient, function.lesion, function.clone)[max(node.scope, 1) - 1]
            sink(node, f"c[{self.places.constant(node)}] = {{}}".format)
        return body_of(function)

    def _rare(self) -> dict[str, list[str]]:
        """The functions of one patient, with loops over clones."""
        s, places = self.system, Places(self.system, lane=True)
        start = Function(places, masked=False)
        for state in s.states:
            getattr(start, state.per)(state.initial, f"y[{self._state(state)}, lane] = {{}}".format)
        doses = _cases(s, places, "agent", [agent.jumps for agent in s.agents])
        events = _cases(s, places, "hazard", [q.jumps for q in hazards(s)])
        return {"dose": doses, "event": events, "init": body_of(start)}


def _cases(system: System, places: Places, selector: str, jumps: list) -> list[str]:
    """One branch per agent or hazard, each setting the states that jump."""
    lines, states = [], {state.name: state for state in system.states}
    for number, changes in enumerate(jumps):
        function = Function(places, masked=False, late=True, only_lesion=True)
        for name, node in changes:
            state = states[name]
            guard = "if clone < 0 or clone == j: " if selector == "hazard" and state.per == "clone" else ""
            getattr(function, state.per)(node, f"{guard}y[{places.state(name, state.per)}, lane] = {{}}".format)
        body = body_of(function)
        if body:
            lines += [f"if {selector} == {number}:", *(INDENT + line for line in body)]
    return lines


def positive_parameters(system: System) -> frozenset[str]:
    """Parameters whose typical value is above 0: those of a ratio under a logarithm, where a negative one has no meaning."""
    typical = system.parameters.typical(1, system.n_clones)
    return frozenset(name for name, *_ in system.parameter_names if np.asarray(typical[name], float).min() > 0.0)


def watched_text(system: System, watched: tuple[int, ...]) -> str:
    """The function `watched(y, p, c, q, flags, o, L, lesions)` alone; see `Generator.watched`."""
    generator = Generator(system)
    generator.generate()
    return generator.watched(watched)


def hazards(system: System) -> list:
    """The quadratures that are random events, in the order the engine numbers them."""
    return [q for q in system.quadratures if q.kind != "integral"]


def _text_of(name: str, body: list[str]) -> str:
    arguments = ARGUMENTS.get(name, ARGUMENTS_OF_WATCHED)
    return "\n".join(["", "", f"def {name}({arguments}):", *(INDENT + line for line in body or ["pass"])])
