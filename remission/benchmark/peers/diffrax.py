"""diffrax: Tsit5 with a PID controller, all patients in one vmapped and jitted call; doses by a scan over equal segments."""

from __future__ import annotations

import time
from importlib import import_module

import numpy as np

from remission.benchmark.contestant import KEPT, Contestant, Family, Outcome, Setting
from remission.benchmark.problems import Problem

MOST_STEPS = 100_000
PATIENT_STATES = 6144  # patients times states in one call: 1,024 of CART-6; of 40 states 64 are about as fast as more
LARGE = 20


def _batch(problem: Problem) -> int:
    states = len(problem.equations.states)
    return PATIENT_STATES // states if states < LARGE else max(KEPT, 2560 // states)


def solver(problem: Problem):
    """A jitted function (starts [M, S], parameters [M, P], rtol, atol) that returns states [M, T, S]."""
    diffrax, jax, jnp = (import_module(name) for name in ("diffrax", "jax", "jax.numpy"))
    equations, rates = problem.equations, problem.equations.vector(jnp)
    term = diffrax.ODETerm(lambda t, y, p: rates(t, y, p))

    def segment(y, p, end, days, rtol, atol):
        controller = diffrax.PIDController(rtol=rtol, atol=atol, pcoeff=0.4, icoeff=0.3, dcoeff=0)
        return diffrax.diffeqsolve(
            term, diffrax.Tsit5(), 0.0, end, None, y, p, saveat=diffrax.SaveAt(ts=jnp.array(days)),
            stepsize_controller=controller, max_steps=MOST_STEPS, throw=False,
        ).ys  # fmt: skip

    def without_doses(y, p, rtol, atol):
        return segment(y, p, problem.days, problem.outputs, rtol, atol)

    interval = problem.dose_every or problem.days

    def with_doses(y, p, rtol, atol):
        dosed, amounts = (jnp.array(part) for part in zip(*equations.jumps, strict=True))
        inside = np.arange(problem.every, interval + 1e-9, problem.every)

        def one(state, _):
            found = segment(state.at[dosed].add(p[amounts]), p, interval, inside, rtol, atol)
            return found[-1], found

        _, parts = jax.lax.scan(one, y, None, length=problem.doses.size)
        return jnp.concatenate([y[None], parts.reshape(-1, y.size)])[: problem.outputs.size]

    patient = with_doses if problem.dose_every else without_doses
    return jax.jit(jax.vmap(patient, in_axes=(0, 0, None, None)))


class Diffrax(Contestant):
    families = (Family("Tsit5", 1.0),)

    def __init__(self, problem: Problem, cores: int):
        super().__init__(problem, cores)
        import_module("jax").config.update("jax_enable_x64", True)
        self.batch = _batch(problem)
        self.parameters = problem.parameters(self.batch)
        self.starts = problem.starts(self.parameters)
        self.solve = solver(problem)
        self.run(self.batch, Setting(self.families[0], 1e-3))

    def run(self, patients: int, setting: Setting) -> Outcome:
        begin = time.perf_counter()
        states = np.asarray(self.solve(self.starts, self.parameters, setting.rtol, setting.atol).block_until_ready())
        seconds = time.perf_counter() - begin
        failed = int((~np.isfinite(states)).any(axis=(1, 2)).sum())
        return Outcome(seconds, len(states), states[:KEPT].copy(), failed=failed)
