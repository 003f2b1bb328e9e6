"""Chemotherapy, supportive drugs, transplantation, later lines and supply."""

import numpy as np
import pytest

from remission import therapies
from remission.errors import InputError
from remission.therapies import get
from tests.support import THERAPIES, Member, lymphodepletion, trial_system


@pytest.fixture(scope="module")
def member():
    return Member.typical(trial_system())


def test_four_doses_of_fludarabine_give_the_exposure_seen_in_children():
    """Chung 2019: 40 mg/m2 give 4.7 mg*h/L (3.1-10.5), so 120 mg/m2 give 14.1 (9.2-31.4)."""
    values = trial_system().parameters.draw(1, np.arange(4000))
    dose = 120 * values["patient.bsa_m2"] * 0.781
    exposure = dose / values["chemotherapy:fludarabine.clearance"]
    assert np.median(exposure) == pytest.approx(15.0, rel=0.03)
    assert 0.2 < np.mean(exposure < 13.8) < 0.6


@pytest.mark.parametrize(("agent", "hours"), [("fludarabine", 10.4), ("cyclophosphamide", 5.0), ("cytarabine", 2.5)])
def test_the_amount_halves_in_one_half_life(member, agent, hours):
    course = member.run([0.0, hours / 24], [(0.0, f"chemotherapy:{agent}", 100.0)])
    assert course[f"chemotherapy:{agent}.amount"][-1] == pytest.approx(50.0, rel=1e-6)


def test_two_half_doses_together_equal_one(member):
    start = member.start()
    once = member.dose(start, "chemotherapy:fludarabine", 40.0)
    twice = member.dose(member.dose(start, "chemotherapy:fludarabine", 20.0), "chemotherapy:fludarabine", 20.0)
    np.testing.assert_allclose(once, twice)


@pytest.mark.parametrize("agent", [agent.name for agent in trial_system().agents])
def test_zero_dose_is_no_therapy(member, agent):
    np.testing.assert_array_equal(member.dose(member.start(), agent, 0.0), member.start())


def test_lymphodepletion_leaves_few_lymphocytes_for_the_infusion(member):
    """Kimmel 2021: 6 per uL fitted, of 500."""
    course = member.run([-6.0, -2.5, 0.0], lymphodepletion(member), ["lymphocytes.count"])
    assert course["lymphocytes.count"].min() < 40
    assert course.at("lymphocytes.count", 0.0) < 60


def test_a_course_kills_what_its_table_says(member):
    states = dict(member.unpack(member.start()))
    states["cells"] = np.array([[1e6, 0, 0, 0], [0, 0, 0, 0]], float)
    course = member.run([0.0, 80.0], [(0.0, "combination:induction", 1.0)], start=member.pack(states))
    logs = np.log(course["cells"][-1][0, 0] / 1e6) - member.values["growth.growth_rate"][0] * 80
    assert logs == pytest.approx(-9.0, rel=0.02)


def test_tocilizumab_lowers_the_effect_and_not_the_level(member):
    """Le 2018: of patients with severe CRS 69 % respond to one or two doses of 8 mg/kg."""
    weight = float(member.values["patient.weight_kg"][0])
    states = dict(member.unpack(member.start()))
    states["cytokines.level"] = np.array([[1.0]])
    y = member.dose(member.pack(states), "supportive:tocilizumab", 8 * weight)
    assert member.unpack(y)["cytokines.level"].item() == 1.0
    assert member.outputs(y, ["cytokines.effect"])["cytokines.effect"].item() < 0.2


def test_tocilizumab_does_not_touch_engineered_cells(member):
    """Stein 2019: no effect on expansion."""
    states = dict(member.unpack(member.start()))
    states["car_t.effector"] = np.array([[1e8]])
    y = member.pack(states)
    drugged = member.dose(y, "supportive:tocilizumab", 400.0)
    assert member.unpack(member.rates(drugged))["car_t.effector"] == member.unpack(member.rates(y))["car_t.effector"]


def test_a_usual_steroid_dose_hardly_slows_engineered_cells(member):
    """Stein 2019: factor 1.0 on expansion for patients with steroids."""
    states = dict(member.unpack(member.start()))
    states["car_t.effector"] = np.array([[1e8]])
    states["lymphocytes"] = np.array([[1e9]])
    y = member.pack(states)
    drugged = member.dose(y, "supportive:dexamethasone", 20.0)
    rates = [float(member.unpack(member.rates(x))["car_t.effector"].item()) for x in (y, drugged)]
    assert 0.85 < rates[1] / rates[0] < 1.0


def test_a_transplant_kills_whatever_the_antigen_and_any_graft_counts_once(member):
    y = member.start()
    small, large = (member.dose(y, "transplant", cells) for cells in (1e6, 1e9))
    np.testing.assert_array_equal(small, large)
    states = dict(member.unpack(small))
    states["cells"] = np.array([[1e6, 0, 1e6, 0], [0, 0, 0, 0]], float)
    rates = member.unpack(member.rates(member.pack(states)))["cells"][0]
    assert rates[0] == pytest.approx(rates[2], rel=1e-6)
    assert rates[0] < 0


def test_about_a_tenth_die_of_the_transplant(member):
    """Deaths without relapse after transplant following CAR-T: about 10 % in one to two years."""
    p = member.values
    total = p["transplant.death_rate"][0] * p["transplant.alloreactivity_half_life"][0] / np.log(2)
    assert 0.05 < 1 - np.exp(-total) < 0.2


def test_a_later_line_fades_over_months(member):
    y = member.dose(member.start(), "later_line", 1.0)
    course = member.run([0.0, 42.0], start=y)
    assert course["later_line.course"][-1] == pytest.approx(0.5)


def test_four_fifths_of_the_enrolled_get_their_cells():
    """ELIANA: 79 of 97 infused; 8 manufacturing failures, 10 deaths or events (half of them deaths from leukemia)."""
    values = trial_system().parameters.draw(3, np.arange(4000))
    stays = np.exp(-values["supply.dropout_rate"] * values["supply.vein_to_vein"])
    assert 0.79 < np.mean((1 - values["supply.failure_probability"]) * stays) < 0.93
    assert np.median(values["supply.vein_to_vein"]) == pytest.approx(45, rel=0.05)


def test_every_therapy_of_the_trial_is_found_by_name():
    assert [therapies.get(name).label for name in THERAPIES][1:4] == list(THERAPIES[1:4])
    assert {"car_t", "chemotherapy", "combination", "supportive", "transplant", "later_line"} <= set(therapies.modalities())


def test_an_unknown_therapy_or_agent_names_the_nearest():
    with pytest.raises(InputError, match="chemotherapy"):
        get("chemoterapy")
    with pytest.raises(InputError, match="fludarabine"):
        get("chemotherapy:fludarabin")
