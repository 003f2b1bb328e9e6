"""Calling the generated functions of a system one by one, without the engine: what other solvers and finite differences need."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from functools import cache, cached_property

import numpy as np
from scipy.integrate import solve_ivp

from remission.engine.codegen import hazards
from remission.engine.compile import compile_system
from remission.engine.compiled import Compiled
from remission.model.system import System

POINTER = ctypes.POINTER(ctypes.c_double)
WHOLE, NUMBER = ctypes.c_int64, ctypes.c_double


def _pointer(values: np.ndarray):
    return values.ctypes.data_as(POINTER)


@cache
def _function(address: int, kinds: tuple):
    return ctypes.CFUNCTYPE(None, *kinds)(address)


@dataclass
class Direct:
    """One patient with `lesions` lesions, every parameter at its value, and the generated functions as Python functions."""

    system: System
    lesions: int = 1
    values: dict = field(default_factory=dict)
    site_of: tuple[int, ...] = ()

    def __post_init__(self):
        self.sites = self.site_of or tuple(l % len(self.system.sites) for l in range(self.lesions))
        self.flags = np.ones(max(1, self.lesions * self.system.n_clones))
        self.p = self._packed()

    @cached_property
    def compiled(self) -> Compiled:
        return compile_system(self.system)

    def _packed(self) -> np.ndarray:
        """The parameter vector: patient values, infusion rates (0), then per lesion its values, site indicators and clone values."""
        s = self.system
        drawn = s.parameters.with_values(self.values).typical(self.lesions, s.n_clones)
        p = np.zeros(s.parameter_size(self.lesions))
        lesion_rows = sum(per == "lesion" for per, _ in s.parameter_slots.values())
        clone_rows = sum(per == "clone" for per, _ in s.parameter_slots.values())
        patient = {key: at for key, (per, at) in s.parameter_slots.items() if per == "patient"}
        for key, at in patient.items():
            p[at] = drawn[key][0]
        for l in range(self.lesions):
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
        """Run a generated function: arrays pass as pointers, whole numbers as int64, floats as float64."""
        kinds = tuple(POINTER if isinstance(a, np.ndarray) else NUMBER if isinstance(a, float) else WHOLE for a in arguments)
        values = [_pointer(a) if isinstance(a, np.ndarray) else a for a in arguments]
        _function(getattr(self.compiled.addresses, name), kinds)(*values)

    @property
    def size(self) -> int:
        return self.system.size("states", self.lesions)

    def start(self) -> np.ndarray:
        y = np.zeros(self.size)
        self.call("init", self.p, y, self.lesions)
        return y

    def rates(self, y: np.ndarray) -> np.ndarray:
        dy, y = np.zeros(self.size), np.ascontiguousarray(y)
        self.call("rhs", y, self.p, self.flags, dy, self.lesions)
        return dy

    def jacobian(self, y: np.ndarray) -> np.ndarray:
        """The dense matrix that the arrow storage holds."""
        arrow, n_patient, n_block = self.compiled.arrow, self.compiled.n_patient, self.compiled.n_block
        storage, y = np.zeros(arrow.size(self.lesions)), np.ascontiguousarray(y)
        self.call("jac", y, self.p, self.flags, storage, self.lesions)
        dense = np.zeros((self.size, self.size))
        for (i, j), slot in arrow.slot_pp.items():
            dense[i, j] = storage[slot]
        for l in range(self.lesions):
            at, base = arrow.pp_size + l * arrow.lesion_size, n_patient + l * n_block
            for slots, row, column in ((arrow.slot_ll, base, base), (arrow.slot_pl, 0, base), (arrow.slot_lp, base, 0)):
                for (i, j), slot in slots.items():
                    dense[row + i, column + j] = storage[at + slot]
        return dense

    def outputs(self, y: np.ndarray, q: np.ndarray | None = None) -> np.ndarray:
        o, y = np.zeros(self.system.size("outputs", self.lesions)), np.ascontiguousarray(y)
        q = np.zeros(self.system.size("quadratures", self.lesions)) if q is None else q
        self.call("out", y, self.p, q, self.flags, o, self.lesions)
        return o

    def quadratures(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rates of hazards and integrals, and (birth, death) per cell and day of every clone."""
        g, bd = np.zeros(self.system.size("quadratures", self.lesions)), np.zeros(2 * self.lesions * self.system.n_clones)
        self.call("quad", np.ascontiguousarray(y), self.p, self.flags, g, bd, self.lesions)
        return g, bd.reshape(-1, 2)

    def dose(self, y: np.ndarray, agent: str, amount: float, lesion: int = -1) -> np.ndarray:
        after = np.array(y)
        self.call("dose", self.system.agent_index(agent), float(amount), lesion, after, self.p, self.flags, self.lesions)
        return after

    def event(self, y: np.ndarray, hazard: str, lesion: int = -1, clone: int = -1) -> np.ndarray:
        after = np.array(y)
        number = [h.name for h in hazards(self.system)].index(hazard)
        self.call("event", number, lesion, clone, after, self.p, self.flags, self.lesions)
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
