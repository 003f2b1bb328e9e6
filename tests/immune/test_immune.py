"""Normal lymphocytes, B cells, rejection and cytokines."""

import numpy as np
import pytest

from remission.immune.b_cells import BCells
from remission.immune.cytokines import Cytokines
from remission.immune.lymphocytes import Lymphocytes
from remission.immune.rejection import Rejection
from remission.model.compose import compose
from tests.support import Member, trial_system


def alone(module, **changes):
    return Member.typical(compose("immune", [module]), **changes)


def test_depleted_lymphocytes_return_as_gompertz_with_the_published_rate():
    """Kimmel 2021: 0.17/d towards 500/uL from 6/uL; closed form N = K (N0/K)^exp(-rt)."""
    course = alone(Lymphocytes(), lymphocytes__initial=3e9).run([0, 5, 14, 28], outputs=["lymphocytes.count"])
    expected = 500 * (6 / 500) ** np.exp(-0.17 * course.time)
    np.testing.assert_allclose(course["lymphocytes.count"], expected, rtol=1e-6)


def test_lymphocytes_of_healthy_people_stay():
    course = alone(Lymphocytes()).run([0, 100])
    assert course["lymphocytes"][-1] == pytest.approx(2.5e11)


def test_car_t_cells_slow_the_return_of_lymphocytes():
    """Kimmel 2021 with CAR-T: 295 per uL at day 14; without them the same equation gives 332."""
    member = Member.typical(trial_system())
    states = dict(member.unpack(member.start()))
    states["lymphocytes"] = np.array([[3e9]])
    rates = []
    for memory in (0.0, 1.5e10):
        states["car_t.memory"] = np.array([[memory]])
        rates.append(float(member.unpack(member.rates(member.pack(states)))["lymphocytes"].item()))
    assert 0 < rates[1] < rates[0]


def test_b_cells_return_with_a_mean_life_of_sixty_days():
    """León-Triana 2021: 60 days."""
    course = alone(BCells(), b_cells__initial_share=0.0).run([0, 60], outputs=["b_cells.relative"])
    assert course["b_cells.relative"][-1] == pytest.approx(1 - np.exp(-1), rel=1e-6)


def test_interleukin_6_halves_in_four_hours():
    """Hardiansyah 2019: elimination 3.96/d, half-life 4.2 hours."""
    member = alone(Cytokines())
    course = member.run([0, 4.2 / 24], start=np.array([1.0]))
    assert course["cytokines.level"][-1] == pytest.approx(0.5, rel=0.02)


def test_without_engineered_cells_nothing_rejects():
    course = alone(Rejection(), rejection__initial=1e5).run([0, 300])
    assert course["rejection.rejecting"][-1] == pytest.approx(1e5)


def test_the_whole_lymphodepletion_counts_for_cells_that_reject():
    """They stay low until engineered cells come, unlike other lymphocytes, which return in days."""
    member = Member.typical(trial_system())
    area = float(member.values["patient.bsa_m2"][0])
    doses = [(float(day), "chemotherapy:fludarabine", 30 * area) for day in range(4)]
    course = member.run([0.0, 4.0, 7.0, 30.0], doses)
    left = course["rejection.rejecting"] / course["rejection.rejecting"][0]
    kill = member.values["chemotherapy:fludarabine.lymphocyte_kill"][0]
    assert left[-1] == pytest.approx(np.exp(-kill * 15.0), rel=0.05)
    assert course["lymphocytes"][-1] > 0.9 * course["lymphocytes"][0]
