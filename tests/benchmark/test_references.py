"""The reference, and the engine beside it."""

from dataclasses import replace

import numpy as np
import pytest

from remission.benchmark.contestant import Family, Setting
from remission.benchmark.engine import Engine
from remission.benchmark.problems import problem_of
from remission.benchmark.references import compiled_rates, digest, end_points, trajectory

TIGHT = Setting(Family("RODAS5P", None), 1e-7)


def test_a_drug_alone_follows_its_closed_form():
    """Drug A in two compartments is linear: amounts before the second dose from the matrix exponential."""
    problem = replace(problem_of("qsp-40"), days=21.0)
    parameters = problem.parameters(1)
    found = trajectory(problem, problem_rates(problem), parameters[0], problem.starts(parameters)[0], 1e-9, 1e-10)
    names = problem.equations.parameters
    out, there, back, given = (parameters[0, names.index(n)] for n in ("clearance_a", "to_tissue_a", "from_tissue_a", "dose_a"))
    values, vectors = np.linalg.eig(np.array([[-(out + there), back], [there, -back]]))
    weights = np.linalg.solve(vectors, [given, 0.0])
    expected = np.array([vectors @ (weights * np.exp(values * day)) for day in (7.0, 14.0, 21.0)])
    assert found[1:4, :2] == pytest.approx(expected, rel=1e-6, abs=1e-8)


def problem_rates(problem):
    """Rates without a compiler."""
    written, size = problem.equations.function(), len(problem.equations.states)

    def rates(t, y, p):
        result = np.empty(size)
        written(t, y, p, result)
        return result

    return rates


def test_what_names_a_reference_changes_with_what_is_wanted():
    assert len({digest(problem_of(name)) for name in ("cart-6", "cart-6-endpoints", "qsp-40", "multi-160")}) == 4


@pytest.mark.slow
def test_states_and_end_points_of_the_engine_agree_with_the_reference():
    problem = problem_of("cart-6-endpoints")
    outcome = Engine(problem, 1).run(3, TIGHT)
    rates, parameters = compiled_rates(problem), problem.parameters(3)
    starts = problem.starts(parameters)
    for patient in range(3):
        states = trajectory(problem, rates, parameters[patient], starts[patient])
        assert outcome.states[patient] == pytest.approx(states, rel=1e-4, abs=1e-4)
        ends = end_points(problem, rates, parameters[patient], starts[patient])
        assert outcome.ends[patient][:, [0, 1, 3]] == pytest.approx(ends[:, [0, 1, 3]], rel=1e-4, abs=1e-4)


@pytest.mark.slow
def test_the_engine_agrees_with_the_reference_under_doses():
    problem = problem_of("qsp-40")
    outcome = Engine(problem, 1).run(2, TIGHT)
    rates, parameters = compiled_rates(problem), problem.parameters(2)
    starts = problem.starts(parameters)
    for patient in range(2):
        states = trajectory(problem, rates, parameters[patient], starts[patient])
        assert outcome.states[patient] == pytest.approx(states, rel=1e-5, abs=1e-5)
