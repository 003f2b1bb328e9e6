"""Trials written in Python, with the same words as scenario files."""

import runpy
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import remission as rm
from remission import trial as trial_module
from remission.errors import InputError

EXAMPLE = Path(__file__).parent.parent / "examples" / "trial.py"
CELLS = rm.Regimen("car_t:tisagenlecleucel", "1.5e8 cells", anchor="infusion")
SALVAGE = rm.Regimen("chemotherapy:cytarabine", "2 g/m2", day=[0, 1, 2], duration="4 h")


@pytest.fixture(autouse=True)
def own_cohorts(tmp_path_factory, monkeypatch):
    """Cohorts of these tests are kept apart from those of real runs."""
    folder = tmp_path_factory.getbasetemp() / "cohorts"
    monkeypatch.setattr(trial_module, "cache_directory", lambda: folder)


@pytest.fixture(scope="module")
def system():
    return rm.build(disease="b_all", therapies=["car_t:tisagenlecleucel"])


def trial_of(system, size=8, **changes):
    children = rm.Population(system, size=size, where={"age": (3, 25)}, seed=1)
    arms = [rm.Arm("CAR-T", CELLS), rm.Arm("salvage chemotherapy", SALVAGE)]
    given = {"arms": arms, "population": children, "visits": "day 28, month 3, then every 3 months to 1 year", **changes}
    return rm.Trial(**given)


@pytest.mark.slow
def test_the_example_runs(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["trial.py", "24"])
    names = runpy.run_path(str(EXAMPLE))
    printed = capsys.readouterr().out
    assert "orr" in printed
    result = names["result"]
    assert {"orr", "cr", "dor", "rfs", "efs", "os"} <= set(result.table(full=True)["endpoint"])
    assert result.compare("RFS").height > 0
    groups = result.by("burden").table("ORR")
    assert groups.filter(pl.col("arm") == "car_t")["n"].sum() == result.json()["arms"]["car_t"]["n"]["treated"]


def test_the_example_stands_in_the_words_of_the_verbs():
    text = EXAMPLE.read_text()
    for call in ("rm.build(", "rm.Regimen(", "rm.Population(", "rm.Arm(", "rm.Trial(", "rm.run_trial(", ".table()", '.compare("RFS")'):
        assert call in text


@pytest.mark.slow
def test_a_result_is_saved_and_read_back(system, tmp_path):
    result = rm.run_trial(trial_of(system))
    result.save(tmp_path / "run")
    read = type(result).load(tmp_path / "run")
    assert read.json() == result.json()
    assert read.tables.keys() == result.tables.keys()
    assert all(table.equals(read.tables[name]) for name, table in result.tables.items())
    assert read.by("burden").table("ORR").equals(result.by("burden").table("ORR"))


def test_the_seed_of_the_population_is_the_default(system):
    design = trial_of(system)
    one, other = rm.run_trial(design), rm.run_trial(design, seed=1)
    assert one.tables["subjects"].equals(other.tables["subjects"])
    assert not one.tables["subjects"].equals(rm.run_trial(design, seed=2).tables["subjects"])


def test_numbers_the_system_was_built_with_are_used(system):
    changed = rm.build("b_all", ["car_t:tisagenlecleucel"], overrides={"supply.failure_probability": 1.0})
    result = rm.run_trial(trial_of(changed))
    assert result.json()["arms"]["car_t"]["n"]["treated"] == 0
    assert rm.run_trial(trial_of(system)).json()["arms"]["car_t"]["n"]["treated"] > 0


def test_numbers_may_be_changed_for_one_run(system):
    result = rm.run_trial(trial_of(system), overrides={"supply.failure_probability": 1.0})
    assert result.json()["arms"]["car_t"]["n"]["treated"] == 0


def test_arms_are_keyed_by_their_names(system):
    design = trial_of(system, title="CAR-T, or not").scenario()
    assert [(arm.key, arm.title) for arm in design.arms] == [("car_t", "CAR-T"), ("salvage_chemotherapy", "salvage chemotherapy")]
    assert design.name == "car_t_or_not"
    assert design.protocol.criteria == "leukemia"


def test_a_randomized_trial_has_patients_of_its_own_in_each_arm(system):
    result = rm.run_trial(trial_of(system, size=5, pairing="randomized"))
    patients = [set(part["patient"].to_list()) for part in result.tables["subjects"].partition_by("arm")]
    assert not patients[0] & patients[1]


WRONG = {
    "pairing": ({"pairing": "randomised"}, "did you mean `randomized`"),
    "anchor": ({"anchor": "infusions"}, "did you mean `infusion`"),
    "endpoint": ({"endpoints": ["ORR", "RSF"]}, "unknown endpoint `RSF`, did you mean"),
    "no arms": ({"arms": []}, "at least one arm"),
    "arms of one name": ({"arms": [rm.Arm("A", CELLS), rm.Arm("a", SALVAGE)]}, "two arms have one name"),
    "arm without a name": ({"arms": [rm.Arm("!", CELLS)]}, "an arm has no name"),
    "agent": ({"arms": [rm.Arm("A", rm.Regimen("chemotherapy:fludarabin", "30 mg/m2"))]}, "did you mean `fludarabine`"),
    "therapy": ({"arms": [rm.Arm("A", rm.Regimen("chemo", "30 mg/m2"))]}, "unknown therapy `chemo`"),
    "unit": ({"arms": [rm.Arm("A", rm.Regimen("car_t:tisagenlecleucel", "30 mg"))]}, "is dosed in `cell`"),
    "visits": ({"visits": "after lunch"}, "not understood"),
    "visits without end": ({"visits": "every 3 months"}, "never end"),
    "safety": ({"safety": "day 5, day 2"}, "does not follow"),
    "dropout": ({"dropout": -1.0}, "dropout is a hazard"),
    "dropout as text": ({"dropout": "2 %/year"}, "dropout is a hazard"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_design_is_refused_with_a_remedy(system, case):
    change, message = WRONG[case]
    with pytest.raises(InputError) as caught:
        rm.run_trial(trial_of(system, **change))
    assert message in str(caught.value)
    assert all(problem.remedy or "did you mean" in problem.message for problem in caught.value.problems)


@pytest.mark.parametrize("size", [0, -3, 2.5, "many"])
def test_a_wrong_number_of_patients_is_refused(system, size):
    with pytest.raises(InputError, match="number of patients"):
        trial_of(system, size=size).scenario()


@pytest.mark.parametrize(
    ("where", "message"), [({"agee": (3, 25)}, "did you mean `age`"), ({"age": 5}, "no pair"), ({"age": (9, 3)}, "above")]
)
def test_wrong_limits_are_refused(system, where, message):
    design = trial_of(system)
    with pytest.raises(InputError, match=message):
        rm.run_trial(replace(design, population=replace(design.population, where=where)))


def test_a_device_that_is_not_there_is_refused(system):
    with pytest.raises(InputError, match="cuda"):
        rm.run_trial(trial_of(system), device="cuda")


def test_problems_are_told_together(system):
    with pytest.raises(InputError, match="2 problems"):
        trial_of(system, pairing="x", anchor="y").scenario()


def test_visits_may_begin_on_day_0(system):
    result = rm.run_trial(trial_of(system, size=4, visits="day 0, day 28, month 3"))
    assert np.isfinite(result.json()["arms"]["car_t"]["n"]["enrolled"])
