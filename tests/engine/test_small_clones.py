"""Small clones member by member: when each is lost, and what it is until then, against the closed form integrated on a fine grid.

A clone of 5 to 90 cells grows while a decaying drug kills it: birth is constant, death falls with the drug, so that the exponent rho and
the integral J of the rule are known as functions of the day, and with the clone's own uniform number so is the day on which it is lost.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.integrate import cumulative_simpson

from remission.engine.batch import Dose, pack_doses
from remission.engine.compile import compile_system
from remission.engine.ensemble import Options, advance, start
from remission.engine.layout import Phase
from remission.engine.steppers import Method
from remission.population import pack
from remission.random import uniform
from tests.engine.test_pitfalls import treated

MEMBERS, UNTIL, SEED = 120, 120.0, 9
BIRTH, DEATH, OUT, DOSE, N_SMALL = 0.2, 0.08, 0.08, 4.0, 100.0
FINE = np.linspace(0.0, UNTIL, 40_001)
SAVE = np.linspace(0.0, UNTIL, 481)
KILL, CELLS = np.random.default_rng(2).uniform([[0.05], [5.0]], [[0.6], [90.0]], (2, MEMBERS))


def course(method: Method, rtol: float):
    """Cells on the days to save [M, T] and the phase at the end [M], by the engine."""
    system, ones = compile_system(treated()), np.ones(MEMBERS)
    values = {"a.out": OUT * ones, "a.birth": BIRTH * ones, "a.death": DEATH * ones, "a.kill": KILL, "a.start": CELLS[:, None]}
    options = Options(method=method, rtol=rtol, seed=SEED, n_small=N_SMALL, faults=False)
    rows = pack_doses([[Dose(0.0, 0, DOSE)]] * MEMBERS)
    batch = start(system, np.arange(MEMBERS), pack(treated(), values, ("marrow",), 1), 1, rows, options=options)
    result = advance(system, batch, UNTIL, save=SAVE, options=options)
    return result.saved[:, :, 0], result.clones.phase[:, 0]


@cache
def expected(member: int) -> tuple[np.ndarray, float]:
    """Cells on the fine grid, and the day on which the clone is lost (infinity: never)."""
    drug = DOSE * np.exp(-OUT * FINE)
    death = DEATH + KILL[member] * drug / (1.0 + drug)
    rho = cumulative_simpson(death - BIRTH, x=FINE, initial=0.0)
    shift = cumulative_simpson(BIRTH * np.exp(rho), x=FINE, initial=0.0)
    with np.errstate(divide="ignore"):
        lost = CELLS[member] * np.log1p(-1.0 / np.maximum(np.exp(rho) + shift, 1.0))
    mean = CELLS[member] * np.exp(-rho) / -np.expm1(lost)
    luck = np.log(uniform(SEED, member, "extinction", 1 << 32))
    gone, large = np.flatnonzero(lost >= luck), np.flatnonzero(mean >= 2.0 * N_SMALL)
    first, grown = (found[0] if found.size else FINE.size for found in (gone, large))
    if grown < first:
        mean[grown:] = mean[grown] * np.exp(-(rho[grown:] - rho[grown]))
        return mean, np.inf
    mean[first:] = 0.0
    return mean, FINE[first] if first < FINE.size else np.inf


@pytest.mark.parametrize("method", list(Method))
def test_every_small_clone_is_what_the_rule_says_and_is_lost_on_its_day(method):
    cells, phase = course(method, 1e-9)
    lost = 0
    for m in range(MEMBERS):
        exact, day = expected(m)
        near = np.abs(SAVE - day) < 2e-3
        inside = np.interp(SAVE, FINE, exact)
        np.testing.assert_allclose(cells[m, ~near], inside[~near], rtol=1e-3, err_msg=str(m))
        assert (phase[m] == Phase.EXTINCT) == np.isfinite(day)
        lost += np.isfinite(day)
    assert 0.2 * MEMBERS < lost < 0.8 * MEMBERS


def test_the_default_tolerance_loses_the_same_clones():
    default, exact = course(Method.RODAS5P, Options().rtol), course(Method.RODAS5P, 1e-10)
    np.testing.assert_array_equal(default[1], exact[1])
    assert ((default[0] == 0.0) != (exact[0] == 0.0)).sum() <= 1
