"""Calling the generated functions of a system one by one, without the engine: what other solvers and finite differences need."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from scipy.integrate import solve_ivp

from remission.engine.codegen import Generated, Generator, hazards
from remission.model.system import System

TINY = 1e-300
PLAIN = {
    "exp": lambda x: math.exp(max(min(x, 700.0), -708.0)),
    "log": lambda x: math.log(max(x, TINY)),
    "power": lambda x, a: math.exp(max(min(a * math.log(max(x, TINY)), 700.0), -708.0)),
    "sqrt": lambda x: math.sqrt(max(x, 0.0)),
    "maximum": lambda a, b: a if a > b else b,
    "minimum": lambda a, b: a if a < b else b,
    "lane_of": float,
    "select": lambda mask, yes, no: yes if mask else no,
    "select_lt": lambda left, right, yes, no: yes if left < right else no,
    "select_le": lambda left, right, yes, no: yes if left <= right else no,
}


def as_python(text: str) -> dict:
    """The functions of a generated text, run by Python itself with the elementary functions of `math`."""
    names: dict = {}
    exec(compile(text, "generated", "exec"), names)
    names.update(PLAIN)
    return names


@lru_cache(maxsize=128)
def _written(digest: str, unrolled: bool | None, held: tuple) -> tuple[Generated, dict]:
    generated = Generator(held[0].system, unrolled).generate()
    return generated, as_python(generated.text)


class _Held:
    """Lets a system ride along with its digest through the cache without being part of the key."""

    def __init__(self, system: System):
        self.system = system

    def __eq__(self, other):
        return isinstance(other, _Held)

    def __hash__(self):
        return 0


@dataclass
class Direct:
    """One patient, every parameter at its value, and the generated functions as Python functions.

    lesions: lesions the patient has; capacity: lesions there is room for (as many, if 0). unrolled: how clones are written.
    """

    system: System
    lesions: int = 1
    values: dict = field(default_factory=dict)
    site_of: tuple[int, ...] = ()
    capacity: int = 0
    unrolled: bool | None = None

    def __post_init__(self):
        self.capacity = max(self.capacity, self.lesions)
        self.sites = self.site_of or tuple(l % len(self.system.sites) for l in range(self.capacity))
        self.flags = np.ones(max(1, self.capacity * self.system.n_clones))
        self.p = self._packed()
        self.generated, self.functions = _written(self.system.digest, self.unrolled, (_Held(self.system),))

    def _packed(self) -> np.ndarray:
        """The parameter vector: patient values, infusion rates (0), then per lesion its values, site indicators and clone values."""
        s = self.system
        drawn = s.parameters.with_values(self.values).typical(self.capacity, s.n_clones)
        p = np.zeros(s.parameter_size(self.capacity))
        lesion_rows = sum(per == "lesion" for per, _ in s.parameter_slots.values())
        clone_rows = sum(per == "clone" for per, _ in s.parameter_slots.values())
        patient = {key: at for key, (per, at) in s.parameter_slots.items() if per == "patient"}
        for key, at in patient.items():
            p[at] = drawn[key][0]
        for l in range(self.capacity):
            base = s.n_patient_parameters + l * s.n_lesion_parameters
            p[base + lesion_rows + self.sites[l]] = 1.0
            for key, (per, at) in s.parameter_slots.items():
                if per == "lesion":
                    p[base + at] = drawn[key][0, l]
                elif per == "clone":
                    start = base + lesion_rows + len(s.sites) + at
                    p[start : start + s.n_clones * clone_rows : clone_rows] = drawn[key][0, l]
        return p

    def call(self, name: str, *arguments) -> None:
        """Run a generated function of vectors; numbers that are not finite stay such."""
        with np.errstate(all="ignore"):
            self.functions[name](*arguments)

    def call_one(self, name: str, *arguments) -> None:
        """Run a generated function of one patient's scalars: arrays are passed as [place, 1]."""
        self.functions[name](*(a[:, None] if isinstance(a, np.ndarray) else a for a in arguments), 0)

    @property
    def size(self) -> int:
        return self.system.size("states", self.capacity)

    @cached_property
    def constant_size(self) -> int:
        sizes = self.generated.sizes
        return sizes["N_CONSTANTS"] + self.capacity * sizes["N_LESION_CONSTANTS"]

    def constants(self) -> np.ndarray:
        c = np.full(self.constant_size, np.nan)
        self.call("prepare", self.p, c, self.capacity)
        return c

    def start(self) -> np.ndarray:
        y = np.zeros(self.size)
        self.call_one("init", self.p, self.constants(), y, self.lesions)
        return y

    def rates(self, y: np.ndarray) -> np.ndarray:
        dy = np.full(self.size, np.nan)
        self.call("rhs", y, self.p, self.constants(), self.flags, dy, self.capacity, self.lesions)
        return dy

    def matrix(self, y: np.ndarray, shift: float) -> np.ndarray:
        """The arrow storage of shift*I - J; 0 where entries fill in."""
        storage = np.zeros(self.generated.arrow.size(self.capacity))
        self.call("matrix", y, self.p, self.constants(), self.flags, shift, storage, self.capacity, self.lesions)
        return storage

    def jacobian(self, y: np.ndarray) -> np.ndarray:
        """The dense matrix that the arrow storage holds."""
        return -self.dense(self.matrix(y, 0.0))

    def dense(self, storage: np.ndarray) -> np.ndarray:
        arrow, n_patient, n_block = self.generated.arrow, self.system.n_patient, self.system.n_block
        dense = np.zeros((self.size, self.size))
        for (i, j), slot in arrow.slot_pp.items():
            dense[i, j] = storage[slot]
        for l in range(self.capacity):
            at, base = arrow.pp_size + l * arrow.lesion_size, n_patient + l * n_block
            for slots, row, column in ((arrow.slot_ll, base, base), (arrow.slot_pl, 0, base), (arrow.slot_lp, base, 0)):
                for (i, j), slot in slots.items():
                    dense[row + i, column + j] = storage[at + slot]
        return dense

    def outputs(self, y: np.ndarray, q: np.ndarray | None = None) -> np.ndarray:
        o = np.zeros(self.system.size("outputs", self.capacity))
        q = np.zeros(self.system.size("quadratures", self.capacity)) if q is None else q
        self.call("out", y, self.p, self.constants(), q, self.flags, o, self.capacity, self.lesions)
        return o

    def quadratures(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rates of hazards and integrals, and (birth, death) per cell and day of every clone."""
        g, bd = np.zeros(self.system.size("quadratures", self.capacity)), np.zeros(2 * self.capacity * self.system.n_clones)
        self.call("quad", y, self.p, self.constants(), self.flags, g, bd, self.capacity, self.lesions)
        return g, bd.reshape(-1, 2)

    def dose(self, y: np.ndarray, agent: str, amount: float, lesion: int = -1) -> np.ndarray:
        after, number = np.array(y), self.system.agent_index(agent)
        self.call_one("dose", number, float(amount), lesion, after, self.p, self.constants(), self.flags, self.lesions)
        return after

    def event(self, y: np.ndarray, hazard: str, lesion: int = -1, clone: int = -1) -> np.ndarray:
        after = np.array(y)
        number = [h.name for h in hazards(self.system)].index(hazard)
        self.call_one("event", number, lesion, clone, after, self.p, self.constants(), self.flags, self.lesions)
        return after


def integrate(direct: Direct, days: np.ndarray, doses=(), method: str = "LSODA", rtol: float = 1e-10, atol: float = 1e-12) -> np.ndarray:
    """Outputs [day, output] by SciPy, which forms its own Jacobian; running integrals are further states.

    `doses` are (day, agent, amount); a day shows the state before its own dose.
    """
    x, now, seen = np.append(direct.start(), np.zeros(direct.system.size("quadratures", direct.lesions))), 0.0, []
    for stop, agent, amount in [*sorted(doses), (days[-1], None, 0.0)]:
        inside = days[(days > now) & (days <= stop)] if seen else days[days <= stop]
        if stop > now:
            x, piece = _piece(direct, x, now, stop, inside, method, rtol, atol)
            seen.append(piece)
        else:
            seen.append(np.repeat(x[None], len(inside), 0))
        now = stop
        if agent is not None:
            x = np.append(direct.dose(x[: direct.size], agent, amount), x[direct.size :])
    n = direct.size
    return np.array([direct.outputs(row[:n], np.ascontiguousarray(row[n:])) for row in np.concatenate(seen)])


def _piece(direct: Direct, x, now, stop, inside, method, rtol, atol):
    """From one stop to the next: the state at the end, and the states on the days inside."""

    def slope(_, state):
        y = np.ascontiguousarray(state[: direct.size])
        return np.append(direct.rates(y), direct.quadratures(y)[0])

    solved = solve_ivp(slope, (now, stop), x, method, np.unique(np.append(inside, stop)), rtol=rtol, atol=atol)
    assert solved.success, solved.message
    return np.ascontiguousarray(solved.y[:, -1]), solved.y[:, : len(inside)].T
