"""An independent reader of systems: evaluates the node graph with numpy and integrates with scipy, slowly and tightly.

It shares no code with the engine, so that both can be compared. Chance is left out: every clone counts as
established. Doses are given at once, not as infusions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from scipy.integrate import solve_ivp

from remission.diseases.build import build
from remission.model.derivatives import all_nodes
from remission.model.system import System

CHANGING = ("state", "integral", "amount")
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
    "total_clone": lambda x: x.sum(axis=-1, keepdims=True),
    "total_lesion": lambda x: x.sum(axis=0, keepdims=True),
}


THERAPIES = (
    "car_t:tisagenlecleucel",
    "chemotherapy:fludarabine",
    "chemotherapy:cyclophosphamide",
    "chemotherapy:cytarabine",
    "combination:induction",
    "combination:bridging",
    "supportive:tocilizumab",
    "supportive:dexamethasone",
    "transplant",
    "later_line",
)


@cache
def trial_system() -> System:
    """B-ALL with every therapy of its trial."""
    return build("b_all", THERAPIES)


def lymphodepletion(member: Member) -> list[tuple[float, str, float]]:
    """Fludarabine on four days and cyclophosphamide on two, six days before day 0."""
    area = float(member.values["patient.bsa_m2"][0])
    doses = [(day, "chemotherapy:fludarabine", 30 * area) for day in (-6, -5, -4, -3)]
    return doses + [(day, "chemotherapy:cyclophosphamide", 500 * area) for day in (-6, -5)]


@dataclass(frozen=True)
class Course:
    """What a run gave: times, states by name [times, lesions, clones], and the outputs asked for."""

    time: np.ndarray
    states: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]

    def __getitem__(self, name: str) -> np.ndarray:
        """A state or output; patient scope comes as [times]."""
        values = self.outputs[name] if name in self.outputs else self.states[name]
        return values[:, 0, 0] if values.shape[1:] == (1, 1) else values

    def at(self, name: str, time: float) -> float:
        """The value of a patient quantity at a time that was saved."""
        return float(self[name][np.argmin(np.abs(self.time - time))])


@dataclass(frozen=True)
class Member:
    """One patient of a system: its sites and its numbers, `values` as `ParameterSet.draw` gives them for one patient."""

    system: System
    values: dict
    sites: tuple[str, ...]

    @classmethod
    def typical(cls, system: System, sites=None, **changes) -> Member:
        """The patient without spread; `changes` are numbers by key with `__` for `.` and `___` for `:`."""
        sites = tuple(sites or system.sites)
        parameters = system.parameters
        if changes:
            keys = {key.replace("___", ":").replace("__", "."): value for key, value in changes.items()}
            parameters = parameters.with_values(keys)
        return cls(system, parameters.typical(len(sites), system.n_clones), sites)

    @property
    def shapes(self) -> dict[str, tuple[int, int]]:
        lesions, clones = len(self.sites), self.system.n_clones
        by_scope = {"patient": (1, 1), "lesion": (lesions, 1), "clone": (lesions, clones)}
        return {state.name: by_scope[state.per] for state in self.system.states}

    def unpack(self, y: np.ndarray) -> dict[str, np.ndarray]:
        found, place = {}, 0
        for name, shape in self.shapes.items():
            size = shape[0] * shape[1]
            found[name] = y[place : place + size].reshape(shape)
            place += size
        return found

    def pack(self, states: dict[str, np.ndarray]) -> np.ndarray:
        return np.concatenate([np.broadcast_to(states[name], shape).ravel() for name, shape in self.shapes.items()])

    @cached_property
    def rate_nodes(self) -> tuple:
        return tuple(state.rate for state in self.system.states)

    @cached_property
    def _plans(self) -> dict:
        return {}

    def _plan(self, nodes: tuple):
        """The nodes in order, and the values that no state can change."""
        key = tuple(node.number for node in nodes)
        if key not in self._plans:
            order, fixed = all_nodes(*nodes), {}
            for node in order:
                if node.op in CHANGING or any(a.number not in fixed for a in node.args):
                    continue
                fixed[node.number] = self._value(node, [fixed[a.number] for a in node.args], None, None, 0.0)
            self._plans[key] = ([node for node in order if node.number not in fixed], fixed)
        return self._plans[key]

    def evaluate(self, nodes, states=None, integrals=None, amount: float = 0.0) -> list[np.ndarray]:
        """Values of nodes, as [lesions or 1, clones or 1]."""
        order, fixed = self._plan(tuple(nodes))
        known = dict(fixed)
        for node in order:
            known[node.number] = self._value(node, [known[a.number] for a in node.args], states, integrals, amount)
        return [known[node.number] for node in nodes]

    def _value(self, node, inner, states, integrals, amount) -> np.ndarray:
        if node.op in FUNCTIONS:
            if node.op == "total_clone" and inner[0].shape[-1] == 1:
                inner = [np.broadcast_to(inner[0], (inner[0].shape[0], self.system.n_clones))]
            if node.op == "total_lesion" and inner[0].shape[0] == 1:
                inner = [np.broadcast_to(inner[0], (len(self.sites), inner[0].shape[1]))]
            return FUNCTIONS[node.op](*inner)
        if node.op == "where":
            holds = inner[0] < inner[1] if node.data == "lt" else inner[0] <= inner[1]
            return np.where(holds, inner[2], inner[3])
        if node.op == "shift":
            return self._shift(node.data, inner[0])
        return self._leaf(node, states, integrals, amount)

    def _shift(self, data, x) -> np.ndarray:
        trait, before, after, backward = data
        if backward:
            raise NotImplementedError("backward shifts belong to derivatives")
        source = self.system.clones.source(trait, before, after)
        x = np.broadcast_to(x, (len(self.sites), self.system.n_clones))
        return np.stack([x[:, s] if s >= 0 else np.zeros(len(self.sites)) for s in source], axis=1)

    def _leaf(self, node, states, integrals, amount) -> np.ndarray:
        if node.op == "constant":
            return np.full((1, 1), node.data)
        if node.op == "parameter":
            value = np.asarray(self.values[node.data], float)[0]
            return value.reshape(value.shape + (1,) * (2 - value.ndim)) if value.ndim else np.full((1, 1), value)
        if node.op == "state":
            return states[node.data]
        if node.op == "integral":
            return integrals[node.data]
        if node.op == "amount":
            return np.full((1, 1), amount)
        if node.op == "infusion":
            return np.zeros((1, 1))
        if node.op == "established":
            return np.ones((1, self.system.n_clones))
        if node.op == "trait":
            return np.array([self.system.clones.indicator(*node.data.split("="))])
        if node.op == "site":
            return np.array([[float(site == node.data)] for site in self.sites])
        raise NotImplementedError(node.op)

    def start(self) -> np.ndarray:
        """The state vector at the start."""
        values = self.evaluate([s.initial for s in self.system.states])
        return self.pack(dict(zip(self.shapes, values, strict=True)))

    def rates(self, y: np.ndarray) -> np.ndarray:
        """dy/dt, per day."""
        values = self.evaluate(self.rate_nodes, self.unpack(y))
        return self.pack(dict(zip(self.shapes, values, strict=True)))

    def dose(self, y: np.ndarray, agent: str, amount: float) -> np.ndarray:
        """The state vector after a dose at once."""
        states = dict(self.unpack(y))
        jumps = next(a for a in self.system.agents if a.name == agent).jumps
        values = self.evaluate([node for _, node in jumps], states, amount=amount)
        states.update({name: value for (name, _), value in zip(jumps, values, strict=True)})
        return self.pack(states)

    def outputs(self, y: np.ndarray, names) -> dict[str, np.ndarray]:
        """Declared outputs (without those of integrals) at one state."""
        wanted = [o for o in self.system.outputs if o.name in names]
        return dict(zip([o.name for o in wanted], self.evaluate([o.node for o in wanted], self.unpack(y)), strict=True))

    def run(self, times, doses=(), outputs=(), start=None, rtol=1e-9) -> Course:
        """Integrate from times[0]; doses are (day, agent, amount), given at once."""
        times = np.asarray(times, float)
        y = self.start() if start is None else start
        saved = np.empty((len(times), len(y)))
        saved[0] = y
        stops = sorted({*(day for day, _, _ in doses if day >= times[0]), times[-1]})
        now = times[0]
        for stop in stops:
            inside = (times > now) & (times <= stop)
            if stop > now:
                asked = np.unique(np.append(times[inside], stop))
                path = solve_ivp(lambda _, x: self.rates(x), (now, stop), y, "LSODA", t_eval=asked, rtol=rtol, atol=1e-9)
                assert path.success, path.message
                y = path.y[:, -1]
                saved[inside] = path.y[:, np.isin(asked, times[inside])].T
            for day, agent, amount in doses:
                if day == stop:
                    y = self.dose(y, agent, amount)
            saved[times == stop] = y
            now = stop
        return self._course(times, saved, outputs)

    def _course(self, times, saved, outputs) -> Course:
        states = [self.unpack(y) for y in saved]
        seen = [self.outputs(y, outputs) for y in saved]
        return Course(
            times,
            {name: np.array([s[name] for s in states]) for name in self.shapes},
            {name: np.array([o[name] for o in seen]) for name in outputs},
        )
