"""Every arm of every bundled scenario, a few patients through half a year of its regimen, against the independent solver at 1e-11.

Chance is left out (every clone follows the equations, no event fires) and kill by cells is weak, so that no clone comes near the
numbers at which chance would decide: what is compared is the equations. Measured: 4 tolerances in the states, 32 in the outputs.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from remission import catalog
from remission.dose_rows import add_rows, dose_table, engine_rows, in_system
from remission.engine.batch import Batch, Dose, rows_to_come
from remission.engine.compile import compile_system
from remission.engine.ensemble import DEFAULTS, Options, advance, start
from remission.engine.layout import Status
from remission.population import covariates, pack
from remission.scenario import read_scenario
from remission.trial import Study, prepare
from tests.engine.tight import TightSolver

pytestmark = pytest.mark.slow

MEMBERS, UNTIL, INFUSION_DAY = 2, 150.0, 30.0
SAVE = np.linspace(0.0, UNTIL, 31)
BOUND = 200.0
FEW = 1e3  # cells of the smallest clone that is compared
CHANGED = {
    "car_t.typical_kill": 0.15,
    "switching:antigen.founder_share": 0.02,
    "switching:chemotherapy.founder_share": 0.1,
    "spread.share": 1e-3,
}
ARMS = [(name, arm.key) for name in catalog.scenarios() for arm in read_scenario(name).arms]


@cache
def study(name: str) -> Study:
    return prepare(read_scenario(name))


@cache
def values_of(name: str) -> dict[str, np.ndarray]:
    """Numbers of a few patients, with founders of every clone at every site."""
    own = study(name)
    values = own.parameters.draw(5, np.arange(MEMBERS), lesions=len(own.sites), clones=own.system.n_clones)
    return {key: np.full_like(value, CHANGED[key]) if key in CHANGED else value for key, value in values.items()}


def members(name: str, arm: str, options: Options) -> Batch:
    """These patients at day 0 with the arm's doses, sites seeded, and thresholds that nothing passes."""
    own, values = study(name), values_of(name)
    system, zero = own.system, np.zeros(MEMBERS)
    anchors = {"enrollment": zero, "first_dose": zero, "infusion": zero + INFUSION_DAY}
    table = dose_table(system, in_system(system, read_scenario(name).arm(arm).regimen), anchors, covariates(values), UNTIL)
    packed = pack(system, values, own.sites, len(own.sites))
    batch = start(compile_system(system), np.arange(MEMBERS), packed, len(own.sites), engine_rows(system, table), options=options)
    if "spread" in {agent.name for agent in system.agents}:
        batch = add_rows(batch, np.arange(MEMBERS), [[Dose(0.0, system.agent_index("spread"), 1.0)]] * MEMBERS)
    never = np.full_like(batch.events.threshold, np.inf)
    return replace(batch, events=batch.events._replace(threshold=never))


@cache
def tightly(name: str, arm: str) -> tuple[np.ndarray, np.ndarray]:
    """Outputs [M, T, O] and states on the last day [M, N]."""
    own = study(name)
    solver, batch = TightSolver(own.system, len(own.sites), compiled=False), members(name, arm, DEFAULTS)
    numbers = [solver.numbers(values_of(name), m, own.sites) for m in range(MEMBERS)]
    runs = [solver.run(p, rows_to_come(batch, m), UNTIL, SAVE) for m, p in enumerate(numbers)]
    return np.array([seen for seen, _ in runs]), np.array([x[: solver.n_states] for _, x in runs])


@pytest.mark.parametrize(("name", "arm"), ARMS)
@pytest.mark.parametrize("rtol", [DEFAULTS.rtol, 1e-8])
def test_an_arm_of_a_bundled_scenario_agrees_with_a_tight_solver(name, arm, rtol):
    options = Options(rtol=rtol, n_small=0.0, faults=False)
    system, (outputs, states) = compile_system(study(name).system), tightly(name, arm)
    cells = [study(name).system.output_slot("growth.lesion_cells", lesion) for lesion in range(len(study(name).sites))]
    assert outputs[:, 1:, cells].min() > FEW
    result = advance(system, members(name, arm, options), UNTIL, save=SAVE, options=options)
    assert (result.status == Status.OK).all()
    floor = np.concatenate([system.atol[: system.n_patient], *[system.atol[system.n_patient :]] * len(study(name).sites)])
    assert (np.abs(result.y - states) / (floor + rtol * np.abs(states))).max() < BOUND
    assert (np.abs(result.saved - outputs) / (system.atol.min() + rtol * np.abs(outputs))).max() < BOUND
