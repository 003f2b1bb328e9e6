"""Least squares with a prior and what it leaves open, on problems whose answers are known."""

import numpy as np
import pytest

from remission.calibration import posterior
from remission.calibration.fit import Problem, minimize

MATRIX = np.array([[1.0, 0.0, 0.0], [0.5, 1.0, 0.0]])
DATA = np.array([0.3, -0.2])
SPREAD = np.array([0.5, 1.0, 2.0])


def linear(scale: float = 0.1, curve: float = 0.0) -> Problem:
    """Two numbers seen through a line (with a bend), the third unseen."""
    made = lambda x: MATRIX @ x + curve * x[:2] ** 2 - DATA  # noqa: E731
    return Problem(made, made, scale**2 * np.eye(2), np.zeros(3), SPREAD)


def exact(scale: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    precision = MATRIX.T @ MATRIX / scale**2 + np.diag(SPREAD**-2)
    covariance = np.linalg.inv(precision)
    return covariance @ (MATRIX.T @ DATA) / scale**2, covariance


def test_a_linear_problem_ends_at_the_exact_answer():
    fit = minimize(linear(), np.array([0.4, 0.4, 0.4]), rounds=3, steps=8)
    assert fit.x == pytest.approx(exact()[0], abs=1e-3)
    assert fit.cost <= fit.costs[0]


def test_a_bent_problem_ends_where_the_cost_is_least():
    from scipy.optimize import minimize as scipy_minimize

    problem = linear(curve=0.4)
    fit = minimize(problem, np.zeros(3), rounds=6, steps=6, enough=1e-6)
    best = scipy_minimize(lambda x: problem.cost(problem.residuals(x), x), np.zeros(3), tol=1e-10)
    assert fit.cost == pytest.approx(best.fun, abs=0.05)


def test_the_posterior_of_a_linear_problem_is_exact():
    law = posterior.laplace(linear(), minimize(linear(), np.zeros(3), 3, 6))
    assert law.covariance == pytest.approx(exact()[1], rel=1e-6)
    assert law.contraction[2] == pytest.approx(0.0, abs=1e-9)
    assert law.contraction[0] > 0.9


def test_the_direction_the_data_leave_open_is_the_unseen_number():
    law = posterior.laplace(linear(), minimize(linear(), np.zeros(3), 3, 6))
    kept, vectors = posterior.directions(law)
    assert kept[0] == pytest.approx(1.0)
    assert abs(vectors[2, 0]) == pytest.approx(1.0)
    assert kept[1] < 0.2


def test_draws_have_the_mean_and_covariance_of_the_posterior():
    law = posterior.laplace(linear(), minimize(linear(), np.zeros(3), 3, 6))
    points = posterior.draws(law, 20_001, seed=1)
    assert points[0] == pytest.approx(law.mean)
    assert points[1:].mean(axis=0) == pytest.approx(law.mean, abs=0.05)
    assert np.cov(points[1:].T) == pytest.approx(law.covariance, abs=0.1)


def test_fewer_draws_are_the_first_of_more():
    law = posterior.laplace(linear(), minimize(linear(), np.zeros(3), 3, 6))
    assert np.array_equal(posterior.draws(law, 9, 3), posterior.draws(law, 33, 3)[:9])


def test_weights_are_equal_where_the_normal_law_is_exact():
    problem = linear()
    law = posterior.laplace(problem, minimize(problem, np.zeros(3), 4, 8))
    points = posterior.draws(law, 50, 5)
    weights = np.exp(posterior.log_weights(problem, law, points, np.array([problem.residuals(x) for x in points])))
    assert posterior.effective_size(weights) == pytest.approx(50, rel=0.02)


def test_data_far_from_the_prior_are_named():
    from remission.calibration.free_parameters import Free

    free = [Free(name, 1.0, 0.5, 0.1, 10.0, "log", "", ("car_t",), "", "") for name in ("a.b.median", "c.d.median", "e.f.median")]
    law = posterior.Posterior(np.array([0.1, 3.5, 0.0]), np.eye(3), np.zeros(3), np.array([0.5, 1.0, 2.0]))
    assert posterior.conflicts(law, free) == ["c.d.median"]
