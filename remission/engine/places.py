"""Where the symbols of a system stand in the engine's arrays, as text.

Places within a lesion are told from the start of that lesion: `y_at` for states and rates, `p_at` parameters, `c_at` constants,
`q_at` integrals, `o_at` outputs, `f_at` flags, `b_at` births and deaths, `a_at` the matrix. `opening` computes those that a loop uses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from remission.model.expression import Node
from remission.model.system import System

INDENT = "    "
SCOPES = ("constant", "patient", "lesion", "clone")
STARTS = re.compile(r"\b[ypcqofba]_at\b")


def index(start: str, offset: int, clone: str | int = 0, stride: int = 0) -> str:
    """The place `offset + clone * stride` after a start."""
    if isinstance(clone, int):
        offset, clone, stride = offset + clone * stride, "", 0
    parts = [start] if start else []
    parts += [str(offset)] if offset or not (start or stride) else []
    parts += [clone if stride == 1 else f"{clone} * {stride}"] if stride else []
    return " + ".join(parts)


@dataclass
class Places:
    """Text of every symbol.

    lane: whether one patient's scalars are meant, `y[i, lane]`. matrix: sizes of the patient's and of a lesion's part of the
    matrix. stored: place of nodes that were computed before, by node; constants: how many of them have which scope.
    """

    system: System
    lane: bool = False
    matrix: tuple[int, int] = (0, 0)
    stored: dict[int, int] = field(default_factory=dict)
    constants: tuple[int, int, int] = (0, 0, 0)

    def __post_init__(self):
        s = self.system
        self.states = {state.name: i for per in SCOPES[1:] for i, state in enumerate(s.of("states", per))}
        self.quadratures = {q.name: i for per in SCOPES[1:] for i, q in enumerate(s.of("quadratures", per))}
        self.lesion_parameters = sum(per == "lesion" for _, per, _ in s.parameter_names)
        self.clone_parameters = sum(per == "clone" for _, per, _ in s.parameter_names)
        self.shifts = {t: f"SHIFT_{i}" for i, t in enumerate(s.transitions)}
        levels = [f"{trait}={level}" for trait, own in s.clones.traits for level in own]
        self.traits = {key: f"TRAIT_{i}" for i, key in enumerate(levels)}

    # ---- sizes -----------------------------------------------------------------------------------------------------
    def sizes(self, items: str) -> tuple[int, int]:
        """How many states, outputs or quadratures the patient and one lesion have."""
        patient = len(self.system.of(items, "patient"))
        return patient, self.system.size(items, 1) - patient

    def constant_sizes(self) -> tuple[int, int]:
        patient, lesion, clone = self.constants
        return patient, lesion + self.system.n_clones * clone

    def opening(self, body: list[str]) -> list[str]:
        """The starts that the lines of a loop over lesions use."""
        s = self.system
        sizes = {"y": (s.n_patient, s.n_block), "p": (s.n_patient_parameters, s.n_lesion_parameters), "c": self.constant_sizes()}
        sizes |= {"q": self.sizes("quadratures"), "o": self.sizes("outputs"), "f": (0, s.n_clones), "b": (0, 2 * s.n_clones)}
        used = sorted({found[0] for line in body for found in STARTS.findall(line)})
        lines = []
        for letter in used:
            first, size = (sizes | {"a": self.matrix})[letter]
            lines.append(f"{letter}_at = {f'{first} + ' if first else ''}l * {size}")
        return lines

    # ---- places ----------------------------------------------------------------------------------------------------
    def vector(self, items: str, position: int, per: str, clone: str | int = "j") -> str:
        """Place of a state, output or quadrature of this scope inside its vector."""
        s, start = self.system, {"states": "y_at", "outputs": "o_at", "quadratures": "q_at"}[items]
        if per == "patient":
            return str(position)
        clones = len(s.of(items, "clone"))
        if per == "lesion":
            return index(start, s.n_clones * clones + position)
        if items == "quadratures":
            return index(start, position * s.n_clones, clone, 1)
        return index(start, position, clone, clones)

    def state(self, name: str, per: str, clone: str | int = "j") -> str:
        return self.vector("states", self.states[name], per, clone)

    def birth_or_death(self, clone: str | int, which: int) -> str:
        """Place of the birth (0) or death (1) rate per cell of a clone."""
        return index("b_at", which, clone, 2)

    def element(self, array: str, place: str) -> str:
        return f"{array}[{place}, lane]" if self.lane else f"{array}[{place}]"

    def symbol(self, node: Node, clone: str | int) -> str:
        """The text that loads a symbol or a constant; `clone` is the loop variable in force."""
        if node.number in self.stored:
            return self.element("c", self.constant(node, clone))
        if isinstance(node.data, tuple):
            name, clone, per = *node.data, "clone"
        else:
            name, per = node.data, SCOPES[node.scope]
        return self._symbol(node.op, name, per, clone)

    def _symbol(self, op: str, name: str, per: str, clone: str | int) -> str:
        s = self.system
        if op == "state":
            return self.element("y", self.state(name, per, clone))
        if op == "parameter":
            return self.element("p", self._parameter(name, clone))
        if op == "infusion":
            return self.element("p", str(s.n_patient_parameters - len(s.inputs) + s.inputs.index(name)))
        if op == "site":
            site = s.sites.index(name) if name in s.sites else None
            return "0.0" if site is None else self.element("p", index("p_at", self.lesion_parameters + site))
        if op == "established":
            return self.element("flags", index("f_at", 0, clone, 1))
        if op == "trait":
            return f"{self.traits[name]}[{clone}]"
        if op == "shift_by":
            return "shift"
        if op == "integral":
            return self.element("q", self.vector("quadratures", self.quadratures[name], per, clone))
        return "amount"

    def _parameter(self, key: str, clone: str | int) -> str:
        s, (per, position) = self.system, self.system.parameter_slots[key]
        if per == "patient":
            return str(position)
        if per == "lesion":
            return index("p_at", position)
        return index("p_at", self.lesion_parameters + len(s.sites) + position, clone, self.clone_parameters)

    def constant(self, node: Node, clone: str | int = "j") -> str:
        """Place of a constant in its array."""
        at = self.stored[node.number]
        if node.scope <= 1:
            return str(at)
        return index("c_at", at) if node.scope == 2 else index("c_at", self.constants[1] + at, clone, self.constants[2])

    def shift(self, node: Node) -> str:
        """The table that says which clone each clone comes from by a transition, or goes to."""
        return f"{self.shifts[node.data[:3]]}{'_BACK' if node.data[3] else ''}"

    def tables(self) -> list[str]:
        """Trait indicators and the clone each clone comes from (-1 and, in `_AT`, 0 where there is none)."""
        clones, lines = self.system.clones, []
        for trait, levels in clones.traits:
            for level in levels:
                lines.append(f"{self.traits[f'{trait}={level}']} = {list(clones.indicator(trait, level))}")
        for (trait, before, after), name in self.shifts.items():
            for table, source in ((name, (before, after)), (f"{name}_BACK", (after, before))):
                places = list(clones.source(trait, *source))
                lines += [f"{table} = {places}", f"{table}_AT = {[max(place, 0) for place in places]}"]
        return lines
