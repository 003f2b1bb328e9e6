"""Traits of clones: switching, antigen, resistance; and seeding of another site."""

import numpy as np
import pytest

from tests.support import Member, trial_system

MARROW, OUTSIDE = 0, 1
POSITIVE_SENSITIVE, POSITIVE_RESISTANT, NEGATIVE_SENSITIVE, NEGATIVE_RESISTANT = range(4)


@pytest.fixture(scope="module")
def member():
    return Member.typical(trial_system(), switching___antigen__founder_share=0.25, switching___chemotherapy__founder_share=0.0)


def with_cells(member, cells):
    states = dict(member.unpack(member.start()))
    states["cells"] = np.asarray(cells, float)
    return member.pack(states)


def test_switching_moves_cells_and_makes_none(member):
    quiet = Member.typical(trial_system(), switching___antigen__per_division=0.0, switching___chemotherapy__per_division=0.0)
    busy = Member.typical(trial_system(), switching___antigen__per_division=1e-3, switching___chemotherapy__per_division=1e-3)
    y = with_cells(member, [[1e11, 0, 0, 0], [1e6, 0, 0, 0]])
    moved = [m.unpack(m.rates(y))["cells"] for m in (quiet, busy)]
    assert moved[1].sum() == pytest.approx(moved[0].sum(), rel=1e-12)
    births = busy.values["growth.growth_rate"][0] / 0.5 * (1 - 0.5 * 1e11 / 2e12)
    assert moved[1][MARROW, NEGATIVE_SENSITIVE] == pytest.approx(1e-3 * births * 1e11, rel=1e-6)


def test_a_site_never_seeded_stays_empty(member):
    course = member.run([0.0, 100.0])
    assert course["cells"][-1][OUTSIDE].sum() == 0.0


def test_seeding_adds_the_share_of_every_clone_and_takes_nothing(member):
    before = with_cells(member, [[1e11, 2e11, 3e11, 4e11], [0, 0, 0, 0]])
    after = member.unpack(member.dose(before, "spread", 1.0))["cells"]
    np.testing.assert_allclose(after[OUTSIDE], member.values["spread.share"][0] * member.unpack(before)["cells"][MARROW])
    np.testing.assert_allclose(after[MARROW], [1e11, 2e11, 3e11, 4e11])


def test_no_seeding_without_a_dose(member):
    before = with_cells(member, [[1e11, 0, 0, 0], [5.0, 0, 0, 0]])
    np.testing.assert_array_equal(member.dose(before, "spread", 0.0), before)


def test_the_share_of_negative_cells_is_that_of_all_sites(member):
    y = with_cells(member, [[6e10, 0, 2e10, 0], [1e10, 0, 1e10, 0]])
    assert member.outputs(y, ["antigen.cd19_negative_fraction"])["antigen.cd19_negative_fraction"].item() == pytest.approx(0.3)


def test_chemotherapy_kills_resistant_cells_less(member):
    y = with_cells(member, [[1e9, 1e9, 1e9, 1e9], [0, 0, 0, 0]])
    drugged = member.dose(y, "combination:induction", 1.0)
    change = (member.unpack(member.rates(drugged))["cells"] - member.unpack(member.rates(y))["cells"])[MARROW]
    assert change[POSITIVE_RESISTANT] / change[POSITIVE_SENSITIVE] == pytest.approx(0.12, rel=1e-6)
    assert change[NEGATIVE_SENSITIVE] / change[POSITIVE_SENSITIVE] == pytest.approx(1.0, rel=1e-6)
