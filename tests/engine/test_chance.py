"""Small clones live or die by chance, random events fire when their hazard passes a threshold, and luck is the patient's own."""

import numpy as np
import pytest
from scipy.integrate import cumulative_trapezoid

from remission.engine.batch import Dose, pack_doses, take
from remission.engine.ensemble import Options, advance, observe, simulate, start, thresholds
from remission.engine.layout import Phase, Status
from remission.random import exponential
from tests.engine.systems import clone_under_drug

pytestmark = pytest.mark.slow

GROWTH, KILL, DECAY = 0.085, 0.6, 1.0 / 12.0
OPTIONS = Options(seed=11)


def members(number, turnover=0.5, cells=100.0, kill=KILL, arrivals=0.0, spread=0.0, lesions=1, capacity=None, rows=()):
    common = [GROWTH, turnover, kill, DECAY, arrivals, spread]
    parameters = np.tile([*common, *[cells] * (capacity or lesions)], (number, 1))
    doses = pack_doses([list(rows)] * number)
    return start(clone_under_drug(), np.arange(number), parameters, lesions, doses, options=OPTIONS)


def kendall(turnover, day, cells=100.0, kill=KILL):
    """Survival and mean size if alive, by fine quadrature of the closed form."""
    t = np.linspace(0.0, day, 200_001)
    birth = GROWTH / (1.0 - turnover)
    rho = cumulative_trapezoid(birth * turnover - birth + kill * np.exp(-DECAY * t), t, initial=0.0)
    shift = np.trapezoid(birth * np.exp(rho), t)
    survives = 1.0 - (1.0 - 1.0 / (np.exp(rho[-1]) + shift)) ** cells
    return survives, cells * np.exp(-rho[-1]) / survives


@pytest.mark.parametrize(("turnover", "survival", "size"), [(0.0, 0.427, 4.71e3), (0.5, 0.243, 8.3e3), (0.9, 0.054, 3.72e4)])
def test_survival_and_size_match_exact_runs_of_the_design(turnover, survival, size):
    number = 8000
    result = advance(clone_under_drug(), members(number, turnover), 120.0, options=OPTIONS)
    alive = result.y[:, 1] > 0.0
    exact, mean = kendall(turnover, 120.0)
    spread = 4.0 * np.sqrt(exact * (1.0 - exact) / number)
    assert abs(alive.mean() - exact) < spread
    assert abs(alive.mean() - survival) < spread + 0.005
    assert result.y[alive, 1].mean() == pytest.approx(mean, rel=0.15 if turnover == 0.9 else 0.05)
    assert mean == pytest.approx(size, rel=0.04)


def gillespie(rng, cells, day):
    """One exact run of constant birth and death, 0.17 and 0.3 per day."""
    t = 0.0
    while cells > 0:
        t += rng.exponential(1.0 / (0.47 * cells))
        if t > day:
            break
        cells += 1 if rng.random() < 0.17 / 0.47 else -1
    return cells


def test_survival_matches_an_exact_stochastic_simulation():
    rng = np.random.default_rng(5)
    runs = np.array([gillespie(rng, 20, 15.0) for _ in range(1500)])
    batch = members(6000, turnover=0.5, cells=20.0, kill=0.215)
    batch.state.y[:, 0] = 1.0
    batch.state.p[:, 3] = 0.0
    alive = advance(clone_under_drug(), batch, 15.0, options=OPTIONS).y[:, 1] > 0.0
    assert alive.mean() == pytest.approx((runs > 0).mean(), abs=4.0 * np.sqrt(0.25 / 1500))


def test_a_lost_clone_stays_at_zero():
    lost = advance(clone_under_drug(), members(50, cells=1000.0, kill=3.0), 200.0, options=OPTIONS)
    assert (lost.y[:, 1] == 0.0).all()
    assert (lost.clones.phase == Phase.EXTINCT).all()
    assert (advance(clone_under_drug(), lost, 2000.0, options=OPTIONS).y[:, 1] == 0.0).all()


def test_many_cells_follow_the_equations_alone():
    result = advance(clone_under_drug(), members(5, cells=1e6), 60.0, options=Options(rtol=1e-9))
    exact = 1e6 * np.exp(GROWTH * 60.0 - KILL / DECAY * (1.0 - np.exp(-DECAY * 60.0)))
    np.testing.assert_allclose(result.y[:, 1], exact, rtol=2e-5)
    assert (result.clones.entries == 0).all()


def test_survivors_leave_the_small_state_at_twice_its_limit():
    grid = np.linspace(0.0, 120.0, 241)
    result = advance(clone_under_drug(), members(300), 120.0, save=grid, options=OPTIONS)
    path = result.saved[:, :, 1]
    assert np.nanmax(np.abs(np.diff(np.log(np.maximum(path[result.y[:, 1] > 0.0], 1e-9)), axis=1))) < 0.5
    assert (path[result.clones.phase[:, 0] == Phase.SMALL, -1] < 200.0).all()
    assert (path[result.clones.phase[:, 0] == Phase.ESTABLISHED, -1] >= 100.0).all()


def test_a_pulse_of_kill_thins_a_small_clone_exactly():
    """Surviving a pulse that spares a tenth of 20 cells, without birth or death: 1 - 0.9^20."""
    batch = members(6000, turnover=0.0, cells=20.0, kill=0.0, rows=[Dose(1.0, 0, np.log(10.0))])
    batch.state.p[:, 0] = 1e-12
    alive = advance(clone_under_drug(), batch, 2.0, options=OPTIONS).y[:, 1] > 0.0
    assert alive.mean() == pytest.approx(1.0 - 0.9**20, abs=0.015)


def test_cells_placed_in_a_lost_clone_are_a_new_entry():
    rows = [Dose(50.0, 1, 30.0)]
    result = advance(clone_under_drug(), members(20, cells=0.0, kill=0.0, turnover=0.0, rows=rows), 200.0, options=OPTIONS)
    assert (result.clones.entries == 1).all()
    assert (result.y[:, 1] > 1e6).all()


def test_founders_arrive_at_their_rate():
    result = advance(clone_under_drug(), members(4000, cells=0.0, arrivals=0.01), 100.0, options=OPTIONS)
    assert (result.status == Status.OK).all()
    assert result.events.count.mean() == pytest.approx(1.0, abs=0.07)
    days = result.events.day[:, 0][result.events.count > 0]
    first = exponential(OPTIONS.seed, result.patient, "hazard:founder", (1 << 40)) / 0.01
    np.testing.assert_allclose(days, first[first < 100.0], atol=2e-6)


def test_death_comes_when_the_hazard_passes_the_patients_own_threshold():
    batch = members(200, cells=1e6, kill=0.0)
    result = advance(clone_under_drug(), batch, 400.0, options=Options(rtol=1e-8, seed=OPTIONS.seed))
    level = thresholds(clone_under_drug(), batch.patient, 1, OPTIONS.seed)[:, 0]
    day = np.log1p(level * GROWTH / (1e-9 * 1e6)) / GROWTH
    assert (result.status == Status.STOPPED).all()
    assert (result.state.fatal == 0).all()
    np.testing.assert_allclose(result.t, day, atol=1e-4)
    np.testing.assert_allclose(result.state.q[:, 0], level, rtol=1e-5)


def test_luck_does_not_depend_on_company_threads_or_stops():
    whole = advance(clone_under_drug(), members(60, arrivals=0.01), 120.0, options=Options(seed=11, threads=1))
    order = np.random.default_rng(0).permutation(60)
    other = advance(clone_under_drug(), take(members(60, arrivals=0.01), order), 120.0, options=Options(seed=11, threads=2, chunk=3))
    np.testing.assert_array_equal(other.y, whole.y[order])
    stops = members(60, arrivals=0.01)
    for day in (10.0, 33.0, 120.0):
        stops = advance(clone_under_drug(), stops, day, options=OPTIONS)
    np.testing.assert_array_equal(stops.clones.phase, whole.clones.phase)
    np.testing.assert_allclose(stops.y, whole.y, rtol=1e-3)


def test_room_for_more_lesions_changes_nothing():
    narrow = advance(clone_under_drug(), members(40, lesions=2), 120.0, options=OPTIONS)
    wide = advance(clone_under_drug(), members(40, lesions=2, capacity=6), 120.0, options=OPTIONS)
    np.testing.assert_array_equal(narrow.y, wide.y[:, :3])
    assert (wide.y[:, 3:] == 0.0).all()
    assert np.isfinite(observe(clone_under_drug(), wide)[:, :3]).all()


def test_a_start_does_not_depend_on_company():
    parameters = np.tile([GROWTH, 0.5, KILL, DECAY, 0.0, 0.0, 50.0], (3, 1))
    parameters[1, -1] = 1e6  # not small, after one that is
    together = start(clone_under_drug(), np.arange(3), parameters, 1, options=OPTIONS)
    for m in range(3):
        alone = start(clone_under_drug(), np.array([m]), parameters[m : m + 1], 1, options=OPTIONS)
        for own, other in zip((*alone.clones, *alone.state), (*together.clones, *together.state), strict=True):
            np.testing.assert_array_equal(own[0], other[m])


def test_members_that_run_out_of_lesions_are_repeated_with_more_room():
    def make(patients, capacity):
        batch = members(40, cells=1e3, kill=0.0, spread=0.02, capacity=capacity or 1, lesions=1)
        return batch if patients is None else take(batch, patients.astype(int))

    short = advance(clone_under_drug(), make(None, None), 60.0, options=OPTIONS)
    assert (short.status == Status.NEEDS_CAPACITY).any()
    assert (short.status == Status.OK).any()
    full = simulate(clone_under_drug(), make, 60.0, save=np.array([30.0, 60.0]), options=OPTIONS)
    assert (full.status == Status.OK).all()
    generous = advance(clone_under_drug(), make(None, 16), 60.0, options=OPTIONS)
    width = full.y.shape[1]
    np.testing.assert_array_equal(full.y, generous.y[:, :width])
    np.testing.assert_array_equal(full.state.n_lesions, 1 + full.events.fired[:, 1])
    np.testing.assert_allclose(full.saved[:, -1, 0], full.y[:, 1:].sum(axis=1))
