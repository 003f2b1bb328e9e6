"""Runs of single cells: their means and spreads are those of theory, and clones die out as often as the engine says."""

from functools import cache

import numpy as np
import pytest
from scipy.integrate import cumulative_trapezoid

from remission.engine.ensemble import Options
from remission.engine.reactions import reactions_of
from remission.engine.tau_leaping import run_single_cells
from remission.errors import InputError
from tests.engine.single_cells import CELLS_PER_MICROLITER, crowded, drugged_clone, exchange, lymphoma
from tests.model.parts import Part, system
from tests.support import Member

pytestmark = pytest.mark.slow

GROWTH, KILL, DECAY = 0.085, 0.6, 1.0 / 12.0
ORACLE = [(0.0, 0.427, 4.71e3), (0.5, 0.243, 8.3e3), (0.9, 0.054, 3.72e4)]


def cells_of(case, days, replicates, seed=1, **options):
    """Cells of the clone [R, day]."""
    reactions = case.reactions
    return run_single_cells(reactions, days, replicates, seed, **options).states[:, :, reactions.places["cells"]][:, :, 0]


def near(found, exact, spread, number):
    """Whether a mean of this many draws fits, at four standard errors."""
    return abs(found - exact) < 4.0 * spread / np.sqrt(number)


def kendall(birth, death, day, cells):
    """Share of clones that live on each day, for rates given on the days (Kendall 1948), and the mean size of all."""
    rho = cumulative_trapezoid(death - birth, day, initial=0.0)
    shift = cumulative_trapezoid(birth * np.exp(rho), day, initial=0.0)
    lives = np.ones(day.size)
    lives[1:] = -np.expm1(cells * np.log1p(-1.0 / (np.exp(rho) + shift)[1:]))
    return lives, cells * np.exp(-rho)


def drugged(turnover, cells=100.0, until=120.0):
    day = np.linspace(0.0, until, 200_001)
    birth = np.full(day.size, GROWTH / (1.0 - turnover))
    lives, mean = kendall(birth, turnover * birth + KILL * np.exp(-DECAY * day), day, cells)
    return lives[-1], mean[-1]


# ---- closed forms ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("epsilon", [0.0, 0.03])
@pytest.mark.parametrize(("turnover", "cells"), [(0.0, 30.0), (0.5, 500.0)])
def test_births_and_deaths_have_the_mean_spread_and_extinction_of_theory(turnover, cells, epsilon):
    number, day = 2000, 4.0
    final = cells_of(drugged_clone(turnover=turnover, start=cells, kill=0.0), [day], number, epsilon=epsilon, order=1.0)[:, 0]
    factor, birth = np.exp(GROWTH * day), GROWTH / (1.0 - turnover)
    spread = np.sqrt(cells * (birth + turnover * birth) / GROWTH * factor * (factor - 1.0))
    assert near(final.mean(), cells * factor, spread, number)
    assert final.std() == pytest.approx(spread, rel=4.0 / np.sqrt(2.0 * number))


@pytest.mark.parametrize("cells", [7.0, 300.0, 1e6])
def test_an_exchange_is_binomial(cells):
    """Every cell is there with the same chance, whatever the others do."""
    number, forth, back = 2000, 0.3, 0.1
    days = np.array([0.5, 2.0, 8.0])
    runs = run_single_cells(exchange(forth, back, cells).reactions, days, number, 2, order=1.0)
    chance = forth / (forth + back) * -np.expm1(-(forth + back) * days)
    np.testing.assert_array_equal(runs.states.sum(axis=2), cells)
    for i, p in enumerate(chance):
        spread = np.sqrt(cells * p * (1.0 - p))
        assert near(runs.states[:, i, 1].mean(), cells * p, spread, number) or abs(runs.states[:, i, 1].mean() / cells / p - 1.0) < 2e-4
        assert runs.states[:, i, 1].std() == pytest.approx(spread, rel=0.08)


def test_cells_that_crowd_each_other_settle_with_the_spread_of_theory():
    """Linear noise about the room K: variance K, from a death rate that rises twice as fast as births near it."""
    final = cells_of(crowded(1e4, 1e4), [10.0], 1500)[:, 0]
    assert final.mean() == pytest.approx(1e4 - 1.0, abs=4.0 * 100.0 / np.sqrt(1500))
    assert final.std() == pytest.approx(100.0, rel=0.08)


def test_halving_epsilon_changes_little():
    coarse, fine, finest = (cells_of(crowded(3e3, 20.0), [4.0, 8.0], 800, seed=5, epsilon=epsilon) for epsilon in (0.06, 0.03, 0.015))
    for other in (coarse, finest):
        error = 4.0 * np.sqrt(2.0) * fine.std(axis=0) / np.sqrt(800)
        assert (np.abs(other.mean(axis=0) - fine.mean(axis=0)) < error).all()
        np.testing.assert_allclose(other.std(axis=0), fine.std(axis=0), rtol=0.12)


def test_leaps_take_far_fewer_steps_than_events():
    runs = run_single_cells(exchange(0.3, 0.1, 1e6).reactions, [10.0], 5, 2, order=1.0)
    assert runs.steps.max() < 2000


# ---- small clones ----------------------------------------------------------------------------------------------------
@cache
def drugged_runs(turnover, number=2000):
    return cells_of(drugged_clone(turnover=turnover), [15.0, 120.0], number, epsilon=0.06, order=1.0)


@pytest.mark.parametrize(("turnover", "survival", "size"), ORACLE)
def test_survival_and_size_under_a_decaying_drug_are_those_of_the_design(turnover, survival, size):
    final = drugged_runs(turnover)[:, 1]
    lives, mean = drugged(turnover)
    alive = final[final > 0.0]
    assert near(alive.size / final.size, lives, np.sqrt(lives * (1.0 - lives)), final.size)
    assert lives == pytest.approx(survival, abs=0.005)
    assert near(alive.mean(), mean / lives, alive.std(), alive.size)
    assert mean / lives == pytest.approx(size, rel=0.04)


@pytest.mark.parametrize("turnover", [0.0, 0.5, 0.9])
@pytest.mark.parametrize(("at", "day"), [(0, 15.0), (1, 120.0)])
def test_the_engine_loses_as_many_small_clones(turnover, at, day):
    case, members, single = drugged_clone(turnover=turnover), 8000, drugged_runs(turnover)[:, at]
    ours = case.engine(members, day, Options(seed=4)).y[:, case.system.state_slot("cells")]
    assert_as_many_live(single, ours)
    error = np.hypot(single.std() / np.sqrt(single.size), ours.std() / np.sqrt(members))
    assert abs(single.mean() - ours.mean()) < 4.0 * error


def assert_as_many_live(single, ours):
    """The share of clones with cells left is the same in runs of single cells and of the engine, at four standard errors."""
    lives = (ours > 0.0).mean()
    assert 0.02 < lives < 0.98
    assert near((single > 0.0).mean(), lives, np.sqrt(lives * (1.0 - lives) * (1.0 + single.size / ours.size)), single.size)


def test_the_engine_loses_as_many_clones_that_begin_large():
    """Ten thousand cells fall below the limit and come back, or do not."""
    case = drugged_clone(turnover=0.5, start=1e4, kill=1.2)
    ours = case.engine(8000, 120.0, Options(seed=4)).y[:, case.system.state_slot("cells")]
    assert_as_many_live(cells_of(case, [120.0], 1000, seed=6, epsilon=0.06, order=1.0)[:, 0], ours)


# ---- lymphoma under CAR-T, Kimmel 2021 -------------------------------------------------------------------------------
PRINTED = {"car_t": {7.01: 30.11, 14.0: 8.97, 28.0: 2.487, 90.0: 0.338}, "normal": {14.0: 295.0, 28.0: 473.0}}


def test_lymphoma_in_whole_cells_has_the_published_course_and_cure():
    case, number = lymphoma(), 1000
    days = np.array([7.01, 14.0, 28.0, 86.0, 90.0, 140.0])
    reactions = case.reactions
    runs = run_single_cells(reactions, days, number, 8, epsilon=0.05, order=1.0).states
    for name, printed in PRINTED.items():
        blood = runs[:, :, reactions.places[f"lymphoma.{name}"]].mean(axis=(0, 2)) / CELLS_PER_MICROLITER
        for day, value in printed.items():
            assert blood[days == day][0] == pytest.approx(value, rel=0.005)
    cells = runs[:, :, reactions.places["cells"]][:, :, 0]
    assert near(cells[:, 3].mean(), 1.53, cells[:, 3].std(), number)
    lives, mean = _kimmel_by_kendall(case, days)
    for i in (3, 5):
        assert near((cells[:, i] > 0.0).mean(), lives[i], 0.5, number)
        assert near(cells[:, i].mean(), mean[i], cells[:, i].std(), number)


def _kimmel_by_kendall(case, days):
    """Survival and mean of the lymphoma on the days, from the course of CAR-T cells without chance."""
    fine = np.unique(np.append(np.linspace(0.0, 140.0, 14_001), days))
    car_t = Member(case.system, case.values, case.system.sites).run(fine)["lymphoma.car_t"]
    death = 1.15 * car_t / (4.05 * CELLS_PER_MICROLITER + car_t)
    lives, mean = kendall(np.full(fine.size, 0.1), death, fine, 94.86e9)
    at = np.searchsorted(fine, days)
    return lives[at], mean[at]


def test_the_engine_cures_as_many_lymphomas():
    case = lymphoma(tumor_growth=0.09)
    ours = case.engine(2000, 140.0, Options(seed=4)).y[:, case.system.state_slot("cells")]
    assert_as_many_live(cells_of(case, [140.0], 1000, seed=9, epsilon=0.06, order=1.0)[:, 0], ours)


# ---- as a tool -------------------------------------------------------------------------------------------------------
def test_the_same_seed_gives_the_same_runs_and_another_seed_others():
    first, again, other = (cells_of(drugged_clone(), [5.0, 20.0], 50, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_counts_are_whole_and_never_negative_and_day_0_is_the_start():
    days = np.linspace(0.0, 30.0, 31)
    cells = cells_of(drugged_clone(start=12.0), days, 300)
    assert (cells[:, 0] == 12.0).all()
    assert (cells >= 0.0).all()
    assert (cells == np.rint(cells)).all()
    gone = cells == 0.0
    assert (gone[:, 1:] >= gone[:, :-1]).all()


def test_a_fraction_of_a_cell_at_the_start_is_the_chance_that_it_is_there():
    cells = cells_of(drugged_clone(start=2.25), [0.0], 4000)[:, 0]
    assert set(cells) == {2.0, 3.0}
    assert cells.mean() == pytest.approx(2.25, abs=0.03)


def test_a_loss_that_does_not_slow_down_ends_at_zero():
    def says(m):
        m.flow(m.state("dust", unit="cell", initial=40.0), None, m.parameters.loss)

    reactions = reactions_of(system(Part("one", says), one__loss="20 cell/day"))
    cells = run_single_cells(reactions, [1.0, 10.0], 400, 1).states[:, :, 0]
    assert cells[:, 0].mean() == pytest.approx(20.0, abs=4.0 * np.sqrt(20.0 / 400))
    assert (cells[:, 1] == 0.0).all()


BAD = {"days": [3.0, 3.0], "replicates": 0, "epsilon": 1.0, "order": 0.5}


@pytest.mark.parametrize(("name", "value"), BAD.items(), ids=BAD)
def test_an_argument_out_of_range_is_named(name, value):
    with pytest.raises(InputError, match=f"^{name}: "):
        run_single_cells(**{"reactions": drugged_clone().reactions, "days": [1.0], "replicates": 2, "seed": 1, name: value})
