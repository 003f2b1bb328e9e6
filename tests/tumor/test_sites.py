"""Marrow, blood and the sanctuary outside the marrow, as the clinic sees them."""

import numpy as np
import pytest

from tests.support import Member, trial_system


@pytest.fixture(scope="module")
def member():
    return Member.typical(trial_system())


def seen(member, name, marrow, outside=0.0):
    states = dict(member.unpack(member.start()))
    states["cells"] = np.array([[marrow, 0, 0, 0], [outside, 0, 0, 0]], float)
    return float(member.outputs(member.pack(states), [name])[name].item())


def test_five_percent_of_a_marrow_of_1e12_cells_are_5e10_blasts(member):
    assert seen(member, "marrow.blast_fraction", 5e10) == pytest.approx(0.05, rel=0.01)


def test_blast_fraction_goes_from_nothing_to_everything(member):
    assert seen(member, "marrow.blast_fraction", 0) == 0.0
    assert seen(member, "marrow.blast_fraction", 2e12) == pytest.approx(1.0)
    assert seen(member, "marrow.blast_fraction", 1e8) == pytest.approx(1e-4, rel=0.05)


def test_cells_outside_the_marrow_are_not_in_the_marrow_sample(member):
    assert seen(member, "marrow.blast_fraction", 0, outside=1e9) == 0.0
    assert seen(member, "extramedullary.cells", 0, outside=1e9) == 1e9


def test_blood_shows_blasts_of_a_full_marrow_not_of_a_clear_one(member):
    """Leukocytes are about 5e9 per liter: 1 % of them is visible in a smear."""
    assert seen(member, "blood.circulating_blasts", 1e12) > 5e7 * 10
    assert seen(member, "blood.circulating_blasts", 1e10) < 5e7


def test_the_site_outside_the_marrow_is_small():
    system = trial_system()
    member = Member.typical(system)
    states = dict(member.unpack(member.start()))
    states["cells"] = np.array([[0.0, 0, 0, 0], [2e10, 0, 0, 0]])
    rate = member.unpack(member.rates(member.pack(states)))["cells"][1, 0]
    assert abs(rate) < 1e-4 * 2e10
