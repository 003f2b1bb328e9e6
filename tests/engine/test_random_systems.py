"""The engine against an independent solver at 1e-11: two hundred random coefficient sets of eight structures, stiff and not.

What a difference is measured in: one tolerance is what a single step may err, atol + rtol |value|. The engine bounds the error of
each step in the root mean square over the states, and a course of some hundred steps adds these up, so that a state may be off by as many
tolerances as there are steps where nothing damps them; days between the steps come from an interpolant of order 4, whose error
no step controls. Measured over all sets at 1e-6 and 1e-8: at the last day at most 40 tolerances (15 with Rodas5P), between the steps
at most 85 (40). The bound is 200 for both: about the number of steps.
"""

from __future__ import annotations

import numpy as np
import pytest

from remission.engine.ensemble import Options, advance
from remission.engine.layout import Status
from remission.engine.steppers import Method
from tests.engine.random_members import drawn, tightly
from tests.engine.structures import STRUCTURES

pytestmark = pytest.mark.slow

BOUND = 200.0
MILD = ("arrow", "network", "transit")
CASES = [(name, Method.RODAS5P) for name in STRUCTURES] + [(name, Method.TSIT5) for name in MILD]


def ran(name: str, method: Method, rtol: float):
    """The engine's course of every member of a structure."""
    one = drawn(name)
    options = Options(method=method, rtol=rtol, n_small=0.0, faults=False)
    return advance(one.compiled, one.batch(options), one.structure.days, save=one.save, options=options)


@pytest.mark.parametrize(("name", "method"), CASES)
@pytest.mark.parametrize("rtol", [1e-6, 1e-8])
def test_states_on_the_last_day_agree_with_a_tight_solver(name, method, rtol):
    one, result, (_, states) = drawn(name), ran(name, method, rtol), tightly(name)
    assert (result.status == Status.OK).all()
    off = np.abs(result.y - states) / one.tolerance(states, rtol)
    assert off.max() < BOUND, np.unravel_index(off.argmax(), off.shape)


@pytest.mark.parametrize(("name", "method"), CASES)
@pytest.mark.parametrize("rtol", [1e-6, 1e-8])
def test_outputs_on_any_day_agree_with_a_tight_solver(name, method, rtol):
    """Every output is a state, a sum of states or a running integral; lesions that a member does not have are not compared."""
    result, (outputs, _) = ran(name, method, rtol), tightly(name)
    there = ~np.isnan(result.saved)
    assert there.all(axis=1).any(axis=1).all()
    floor = drawn(name).compiled.atol.min()
    off = np.abs(result.saved - outputs) / (floor + rtol * np.abs(outputs))
    assert off[there].max() < BOUND, np.unravel_index(np.nanargmax(off), off.shape)


def test_coefficients_reach_a_ratio_of_rates_of_a_million_and_doses_every_kind():
    """What the draws are meant to hold: stiff sets, infusions that overlap, doses on one day, on day 0, and one to six lesions."""
    rates = np.stack([drawn("chain").values[f"a.k{i}"] for i in range(7)])
    assert (rates.max(axis=0) / rates.min(axis=0)).max() > 1e5
    assert sorted(set(drawn("arrow").lesions)) == [1, 2, 3, 4, 5, 6]
    rows = [row for name in STRUCTURES for own in drawn(name).rows for row in own]
    assert sum(row.duration > 0.0 for row in rows) > 200
    assert sum(row.day == 0.0 for row in rows) >= 200
