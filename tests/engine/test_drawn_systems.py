"""Twenty systems drawn at random, every shape of expression, sum and kink, against the independent solver; and that solver against another.

Differences are measured in tolerances, as in `test_random_systems`, of the largest value along the course, because these courses pass
through zero. Running integrals have no error control of their own: over a kink of what is integrated they are as good as the
parabola through three points of a step (measured 1.4e-4, bound 1e-3), and better with shorter steps.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from remission.engine.batch import Dose, pack_doses
from remission.engine.compile import compile_system
from remission.engine.ensemble import Options, advance, start
from remission.engine.layout import Status
from remission.engine.steppers import Method
from remission.population import pack
from tests.engine.drawn_structures import drawn_structure
from tests.engine.random_members import drawn
from tests.engine.structures import STRUCTURES
from tests.engine.test_random_systems import BOUND
from tests.engine.tight import TightSolver

LESIONS = np.array([1, 2, 3, 3])
ROOM, UNTIL, RTOL = 3, 10.0, 1e-6
SITES = ("marrow",) * ROOM


def drawn_values(system, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Coefficients between a tenth and ten for every scope."""
    shapes = {"patient": (), "lesion": (ROOM,), "clone": (ROOM, system.n_clones)}
    size = LESIONS.size
    return {key: np.exp(rng.uniform(np.log(0.1), np.log(10.0), (size, *shapes[per]))) for key, per, _ in system.parameter_names}


def random_rows(rng: np.random.Generator, agent: int) -> list[Dose]:
    """Two doses at once and two infusions, on random days."""
    days = rng.uniform(0.0, UNTIL, 4)
    return [
        Dose(days[0], agent, 2.0),
        Dose(days[1], agent, 2.0, 1.0, -1, 0),
        Dose(days[2], agent, 2.0),
        Dose(days[3], agent, 2.0, 3.0, -1, 0),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_a_drawn_system_agrees_with_a_tight_solver(seed):
    system, rng = drawn_structure(seed), np.random.default_rng(seed)
    values, agent = drawn_values(system, rng), system.agent_index("a")
    rows = [random_rows(rng, agent) for _ in LESIONS]
    save, solver = np.linspace(0.0, UNTIL, 9), TightSolver(system, ROOM, compiled=False)
    runs = [solver.run(solver.numbers(values, m, SITES), rows[m], UNTIL, save, int(count)) for m, count in enumerate(LESIONS)]
    compiled = compile_system(system)
    for method in Method:
        options = Options(rtol=RTOL, method=method, n_small=0.0, faults=False)
        batch = start(compiled, np.arange(LESIONS.size), pack(system, values, SITES, ROOM), LESIONS, pack_doses(rows), options=options)
        result = advance(compiled, batch, UNTIL, save=save, options=options)
        assert (result.status == Status.OK).all()
        seen = np.array([outputs for outputs, _ in runs])
        sizes = np.abs(seen).max(axis=1, keepdims=True)
        off = np.abs(result.saved - seen)
        whole = system.output_slot("a.gone")
        assert (off[:, :, whole] <= 1e-3 * sizes[:, :, whole]).all()
        off = np.delete(off / (compiled.atol.min() + RTOL * sizes), whole, axis=2)
        assert np.nanmax(off) < BOUND, (method, np.unravel_index(np.nanargmax(off), off.shape))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(STRUCTURES))
def test_the_tight_solver_agrees_with_an_implicit_one(name):
    """The reference against SciPy's Radau, which shares nothing with it but the equations, up to the first dose after day 0."""
    one = drawn(name)
    solver = TightSolver(one.structure.system, one.structure.lesions)
    member = int(np.argmax([min(row.day for row in rows if row.day > 0.0) for rows in one.rows]))
    rows = [row for row in one.rows[member] if row.day == 0.0 and row.duration == 0.0]
    until = min(row.day for row in one.rows[member] if row.day > 0.0)
    p, lesions = solver.numbers(one.values, member, one.sites[: one.structure.lesions]), int(one.lesions[member])
    _, found = solver.run(p, rows, until, np.zeros(0), lesions)
    has, running = (np.arange(max(solver.lesions, 1)) < lesions).astype(float), np.zeros(max(len(solver.system.inputs), 1))
    x = solver.begin(p, has)
    for row in rows:
        x = solver.jumps[row.agent](x, p, running, has, row.amount, row.lesion)
    path = solve_ivp(lambda t, y: solver.slope(y, t, p, running, has), (0.0, until), x, "Radau", rtol=1e-10, atol=10 * solver.floor)
    assert (np.abs(found - path.y[:, -1]) <= 1e-7 * np.abs(found) + 1e3 * solver.floor).all()
