"""numbalsoda: LSODA in C++ called from compiled Python, patients spread over cores by `prange`."""

from __future__ import annotations

import time
from importlib import import_module

import numpy as np

from remission.benchmark.contestant import KEPT, Contestant, Family, Outcome, Setting
from remission.benchmark.problems import Problem

MOST_STEPS = 100_000


def solver(problem: Problem):
    """A compiled function (starts, parameters, states, fine, rtol, atol) that fills the states [M, T, S], and the rates it calls."""
    numba, library = import_module("numba"), import_module("numbalsoda")
    carray, njit, prange, lsoda = numba.carray, numba.njit, numba.prange, library.lsoda
    equations, outputs = problem.equations, problem.outputs
    rates, n_states, n_parameters = njit(equations.function()), len(equations.states), len(equations.parameters)

    @numba.cfunc(library.lsoda_sig)
    def right_side(t, u, du, p):
        rates(t, carray(u, (n_states,)), carray(p, (n_parameters,)), carray(du, (n_states,)))

    address = right_side.address
    bounds = np.append(problem.doses if problem.doses.size else [0.0], problem.days)
    last = np.searchsorted(outputs, bounds + 1e-9, side="right")
    jumps = equations.jumps if problem.doses.size else ()
    dosed, amounts = np.array([j[0] for j in jumps], np.int64), np.array([j[1] for j in jumps], np.int64)

    @njit(parallel=True)
    def solve(starts, parameters, states, fine, rtol, atol):
        for patient in prange(starts.shape[0]):
            y, p = starts[patient].copy(), parameters[patient].copy()
            states[patient, 0] = y
            for segment in range(bounds.size - 1):
                for k in range(dosed.size):
                    y[dosed[k]] += p[amounts[k]]
                low, high = max(last[segment], 1), last[segment + 1]
                days = np.empty(high - low + 1)
                days[0], days[1:] = bounds[segment], outputs[low:high]
                found, success = lsoda(address, y, days, p, rtol, atol, MOST_STEPS)
                if not success:
                    fine[patient] = False
                states[patient, low:high] = found[1:]
                y = found[-1].copy()

    return solve, right_side


class NumbaLsoda(Contestant):
    families = (Family("LSODA", 1.0), Family("LSODA", 1e-2))

    def __init__(self, problem: Problem, cores: int):
        super().__init__(problem, cores)
        numba = import_module("numba")
        numba.set_num_threads(min(cores, numba.config.NUMBA_NUM_THREADS))
        self.solve, self.kept = solver(problem)
        self.run(2, Setting(self.families[0], 1e-4))

    def run(self, patients: int, setting: Setting) -> Outcome:
        parameters = self.problem.parameters(patients)
        starts, fine = self.problem.starts(parameters), np.ones(patients, bool)
        states = np.zeros((patients, self.problem.outputs.size, starts.shape[1]))
        begin = time.perf_counter()
        self.solve(starts, parameters, states, fine, setting.rtol, setting.atol)
        seconds = time.perf_counter() - begin
        states[~fine] = np.nan
        return Outcome(seconds, patients, states[:KEPT].copy(), failed=int((~fine).sum()))
