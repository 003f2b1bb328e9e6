"""Runs of published models by the engine: members packed from drawn parameters, one dose table per member."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from remission.engine.batch import Batch, Dose, pack_doses
from remission.engine.compile import compile_system
from remission.engine.ensemble import DEFAULTS, Options, simulate, start
from remission.model.system import System

from .cases import CASES, system_of
from .direct import Direct

FINE = 0.02
EXACT = Options(rtol=1e-11, threads=1)


def run(
    system: System, parameters, until, doses=None, days=None, options: Options = DEFAULTS, patients=None, atol_factor: float = 1.0
) -> Batch:
    """Members with packed `parameters` [M, P] and their dose rows, to `until`, with outputs kept on `days`."""
    compiled = compile_system(system)
    compiled = replace(compiled, atol=compiled.atol * atol_factor)
    numbers = np.arange(len(parameters)) if patients is None else patients
    rows = pack_doses(doses if doses is not None else [[] for _ in numbers])
    batch = start(compiled, numbers, parameters, 1, rows, options=options)
    return simulate(compiled, batch, until, save=days, options=options)


def dose_rows(system: System, doses) -> list[Dose]:
    """(day, agent, amount) or (day, agent, amount, duration) as rows of one member."""
    made = []
    for day, agent, amount, *duration in doses:
        number = system.agent_index(agent)
        made.append(Dose(day, number, amount, *duration, input=system.agents[number].input if duration else -1))
    return made


@cache
def course(name: str, rtol: float = DEFAULTS.rtol, atol_factor: float = 1.0) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Days and outputs by short name of a published case."""
    case = CASES[name]
    system, days = system_of(case.model), np.arange(0.0, case.until + 1e-9, FINE)
    parameters = Direct(system, values=case.values).p[None]
    options = replace(DEFAULTS, rtol=rtol, threads=1)
    batch = run(system, parameters, case.until, [dose_rows(system, case.doses)], days, options, atol_factor=atol_factor)
    assert batch.status[0] == 0
    return days, {o.name.split(".")[-1]: batch.saved[0, :, system.output_slot(o.name)] for o in system.outputs}


def drawn_parameters(system: System, seed: int, patients: np.ndarray) -> tuple[np.ndarray, dict]:
    """Packed parameters [M, P] of drawn patients, and the draws by key (patient scope only)."""
    drawn = system.parameters.draw(seed, patients)
    packed = np.repeat(Direct(system).p[None], len(patients), 0)
    for key, (per, at) in system.parameter_slots.items():
        assert per == "patient"
        packed[:, at] = drawn[key]
    return packed, drawn
