"""The disease as a whole: its tables, its modules, its numbers."""

import re
from pathlib import Path

import numpy as np
import pytest

import remission
from remission import diseases
from remission.diseases.build import build
from remission.errors import InputError
from remission.formulas import parse_formula
from remission.tables import split_key
from tests.support import Member, trial_system

READ_BY_THE_PROTOCOL = re.compile(
    r"(patient|supply)\..*|transplant\.(rate_in_remission|first_day|last_day|rate_after_chemotherapy|first_day_after_chemotherapy)|later_line\.delay"
)
PACKAGE = Path(remission.__file__).parent


def test_the_disease_is_found_by_name():
    assert diseases.get("b-all") is diseases.get("b_all")
    with pytest.raises(InputError, match="b_all"):
        diseases.get("b_al")


def test_two_sites_and_four_clones():
    system = trial_system()
    assert system.sites == ("marrow", "extramedullary")
    assert system.n_clones == 4
    assert system.size("states", 2) <= 40


def test_every_number_of_the_tables_is_used():
    system = trial_system()
    used = {name for name, _, _ in system.parameter_names}
    for key, row in system.parameters.rows.items():
        if row.formula is not None:
            module = split_key(key)[0]
            used |= {name if "." in name else f"{module}.{name}" for name in parse_formula(row.formula).names}
    idle = [key for key in system.parameters.rows if key not in used and not READ_BY_THE_PROTOCOL.fullmatch(key)]
    assert not idle


def test_every_source_is_in_the_references():
    known = set(re.findall(r"@\w+\{([^,\s]+)", (PACKAGE / "references.bib").read_text(encoding="utf-8")))
    sources = {row.source for row in trial_system().parameters.rows.values() if row.source}
    assert sources <= known


def test_draws_are_finite_and_inside_their_limits():
    values = trial_system().parameters.draw(7, np.arange(500), lesions=2, clones=4)
    assert all(np.isfinite(array).all() for array in values.values())
    assert 9 < np.median(values["patient.age"]) < 13
    assert values["patient.age"].min() >= 3
    assert values["patient.age"].max() <= 25


def test_size_follows_age_as_in_growth_charts():
    """CDC 2000 medians: 32 kg and 138 cm at ten years, 14 kg and 95 cm at three."""
    for age, weight, height in ((3, 14, 95), (10, 32, 138), (18, 62, 170)):
        values = trial_system().parameters.typical(2, 4, fixed={"patient.age": age})
        assert values["patient.weight_kg"][0] == pytest.approx(weight, rel=0.08)
        assert values["patient.height_cm"][0] == pytest.approx(height, rel=0.03)


def test_a_third_of_candidates_carries_resistant_cells_at_diagnosis():
    """So that most children are cured by first-line chemotherapy, and some are not."""
    system = trial_system()
    share = system.parameters.draw(1, np.arange(4000), 2, 4)["switching:chemotherapy.founder_share"]
    assert 0.15 < np.mean(1 - np.exp(-share * 2e11)) < 0.75


def test_states_never_go_below_zero_after_infusion():
    member = Member.typical(trial_system())
    course = member.run(np.arange(0, 40.0), [(0.0, "car_t", 1e8)], rtol=1e-6)
    assert all(values.min() > -1e-3 for values in course.states.values())


def test_the_disease_builds_without_any_therapy():
    system = build("b_all")
    assert not any(agent.name == "car_t" for agent in system.agents)
    assert "car_t.expansion" not in system.parameters.rows


def test_an_override_reaches_the_system():
    system = build("b_all", ["car_t"], overrides={"car_t.recall": 0.02})
    assert system.parameters.rows["car_t.recall"].value == 0.02


def test_a_product_differs_in_its_own_table():
    first, second = (
        build("b_all", [f"car_t:{name}"]).parameters.rows["car_t.memory_loss"].value for name in ("tisagenlecleucel", "brexucabtagene")
    )
    assert second > first
