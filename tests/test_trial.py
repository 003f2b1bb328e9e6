"""The whole trial: cohorts of its arms, parts on disk, going on after a stop, failures and seeds."""

import json
import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from remission import trial as trial_module
from remission.errors import FailedMembers, InputError
from remission.protocol_rules import Condition
from remission.trial import prepare, run_scenario, run_study
from tests.bundled_trial import scenario, study

SIZE = 14
TABLES = ("subjects", "tte", "kinetics", "toxicity", "flow", "failures", "subgroups")


@pytest.fixture(autouse=True)
def own_cohorts(tmp_path_factory, monkeypatch):
    """Cohorts of these tests are kept apart from those of real runs."""
    folder = tmp_path_factory.getbasetemp() / "cohorts"
    monkeypatch.setattr(trial_module, "cache_directory", lambda: folder)


def run(seed=1, size=SIZE, **options):
    return run_study(study(), size, seed, **options)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trial_module, "cache_directory", lambda: tmp_path_factory.getbasetemp() / "cohorts")
        return run()


def same(one, other, names=TABLES):
    for name in names:
        assert one.tables[name].equals(other.tables[name]), name
    documents = [{key: value for key, value in result.json().items() if key != "seconds"} for result in (one, other)]
    assert documents[0] == documents[1]


# ---- the same answer


def test_the_same_seed_gives_the_same_tables(plain):
    same(plain, run())


def test_another_seed_gives_others(plain):
    assert not run(seed=2).tables["subjects"].equals(plain.tables["subjects"])


def test_the_seed_of_the_scenario_is_the_default(plain):
    assert scenario().seed == 1
    same(plain, run(seed=None))


def test_parts_of_any_size_and_any_number_of_threads_give_the_same(plain, monkeypatch):
    monkeypatch.setattr(trial_module, "PART", 5)
    same(plain, run(workers=1))


def test_parts_side_by_side_give_the_same(plain, monkeypatch):
    monkeypatch.setattr(trial_module, "PART", 2)
    same(plain, run(workers=2))


def test_a_larger_trial_begins_with_the_patients_of_a_smaller_one(plain):
    smaller = run(size=6)
    kept = plain.tables["subjects"].filter(pl.col("patient").is_in(smaller.tables["subjects"]["patient"].unique().to_list()))
    assert smaller.tables["subjects"].equals(kept)


# ---- pairing


def test_counterfactual_arms_have_the_same_patients(plain):
    patients = [part["patient"].to_list() for part in plain.tables["subjects"].partition_by("arm")]
    assert len(patients) == 3
    assert patients[0] == patients[1] == patients[2]


def test_randomized_arms_have_different_patients():
    result = run_study(replace(study(), scenario=replace(scenario(), pairing="randomized")), 5, 1)
    patients = [set(part["patient"].to_list()) for part in result.tables["subjects"].partition_by("arm")]
    assert [len(own) for own in patients] == [5, 5, 5]
    assert len(set.union(*patients)) == 15
    assert result.json()["pairing"] == "randomized"
    assert result.json()["patients"] == 5


@pytest.mark.slow
def test_only_the_arms_asked_for_are_run():
    result = run_scenario(scenario(), patients=4, arms=["salvage_chemotherapy"], seed=1)
    assert list(result.json()["arms"]) == ["salvage_chemotherapy"]
    assert result.json()["arms"]["salvage_chemotherapy"]["n"]["enrolled"] == 4


# ---- going on after a stop


class Stop(Exception):
    pass


def stopping(arm, share):
    def progress(stage, done, total):
        if stage == arm and done >= share:
            raise Stop

    return progress


@pytest.mark.parametrize(("arm", "share"), [("car_t", 0.5), ("car_t_without_lymphodepletion", 0.4), ("salvage_chemotherapy", 0.9)])
def test_a_stopped_run_goes_on_to_the_same_tables(plain, tmp_path, monkeypatch, arm, share):
    monkeypatch.setattr(trial_module, "PART", 5)
    with pytest.raises(Stop):
        run(out=tmp_path / "run", progress=stopping(arm, share))
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "run" / "parts").iterdir()}
    assert before
    same(plain, run(out=tmp_path / "run", resume=True))
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "run" / "parts").iterdir()}
    assert before.items() <= after.items()
    assert len(after) == 9


def test_parts_side_by_side_stop_together_and_go_on(plain, tmp_path, monkeypatch):
    monkeypatch.setattr(trial_module, "PART", 2)
    with pytest.raises(Stop):
        run(out=tmp_path / "run", workers=2, progress=stopping("car_t", 0.5))
    assert 2 <= len(list((tmp_path / "run" / "parts").iterdir())) < 7
    same(plain, run(out=tmp_path / "run", resume=True, workers=2))


def test_parts_side_by_side_are_told_as_one(monkeypatch):
    monkeypatch.setattr(trial_module, "PART", 2)
    told = []
    run(workers=2, progress=lambda stage, done, total: told.append((stage, done)))
    shares = [done for stage, done in told if stage == "car_t"]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_parts_that_are_gone_are_made_again(plain, tmp_path, monkeypatch):
    monkeypatch.setattr(trial_module, "PART", 5)
    run(out=tmp_path / "run")
    parts = sorted((tmp_path / "run" / "parts").iterdir())
    for path in parts[::2]:
        path.unlink()
    same(plain, run(out=tmp_path / "run", resume=True))


def test_a_part_that_was_cut_is_made_again(plain, tmp_path, monkeypatch):
    monkeypatch.setattr(trial_module, "PART", 5)
    run(out=tmp_path / "run")
    path = sorted((tmp_path / "run" / "parts").iterdir())[3]
    path.write_bytes(path.read_bytes()[:2000])
    same(plain, run(out=tmp_path / "run", resume=True))


@pytest.mark.parametrize("change", [{"seed": 2}, {"size": 6}])
def test_a_run_of_another_design_is_not_gone_on_with(tmp_path, change):
    run(out=tmp_path / "run", size=4)
    with pytest.raises(InputError, match="another scenario, arms, seed, size") as caught:
        run(out=tmp_path / "run", resume=True, **{"size": 4, **change})
    assert "--resume" in caught.value.remedy


def test_other_numbers_are_another_run(tmp_path):
    run(out=tmp_path / "run", size=4)
    other = prepare(scenario(), {"supply.failure_probability": 0.5})
    with pytest.raises(InputError, match="set of numbers"):
        run_study(other, 4, 1, out=tmp_path / "run", resume=True)


def test_without_resume_an_earlier_run_is_replaced(plain, tmp_path):
    (tmp_path / "run").mkdir()
    run(out=tmp_path / "run", size=4)
    (tmp_path / "run" / "parts" / "old.npz").write_text("old")
    same(plain, run(out=tmp_path / "run"))
    assert not (tmp_path / "run" / "parts" / "old.npz").exists()


# ---- failures


@pytest.fixture
def faulty(plain, monkeypatch):
    patient = plain.tables["subjects"]["patient"][3]
    monkeypatch.setenv("REMISSION_FAULT", f"member={patient}")
    return patient


def test_a_member_that_fails_is_reported_in_every_arm(plain, faulty):
    result = run()
    assert isinstance(result.failure, FailedMembers)
    assert result.failure.exit_code == 3
    assert str(faulty) in str(result.failure)
    assert result.tables["failures"]["patient"].to_list() == [faulty] * 3
    assert result.json()["failed"] == dict.fromkeys(result.json()["arms"], 1)
    assert result.json()["arms"]["car_t"]["n"]["enrolled"] == SIZE
    assert any("Failed members of car_t: 1" in note for note in result.notes)


@pytest.mark.parametrize(("allowed", "fails"), [(0.0, True), (0.05, True), (0.1, False), (1.0, False)])
def test_a_share_of_failures_may_be_allowed(faulty, allowed, fails):
    assert (run(max_failed=allowed).failure is not None) == fails


def test_others_are_not_touched_by_a_failure(plain, faulty):
    tables = [result.tables["subjects"].filter(pl.col("patient") != faulty) for result in (plain, run())]
    assert tables[0].equals(tables[1])


def test_a_fault_that_names_nobody_is_an_error(monkeypatch):
    monkeypatch.setenv("REMISSION_FAULT", "member=seventeen")
    with pytest.raises(InputError, match="REMISSION_FAULT"):
        run(size=3)


# ---- what is wrong is said before anything is computed


def with_rule(measure):
    rule = replace(scenario().protocol.rules[0], when=(Condition(measure, ">=", 2.0),))
    return replace(scenario(), protocol=replace(scenario().protocol, rules=(rule,)))


BAD = {
    "rule": (lambda: with_rule("crs_astct"), "nothing is measured as `crs_astct`"),
    "rule, nearly": (lambda: with_rule("cytokine_release.pen"), "did you mean `cytokine_release.penn`"),
    "covariate": (lambda: replace(scenario(), population=replace(scenario().population, where={"agee": (3, 25)})), "did you mean `age`"),
    "limits": (lambda: replace(scenario(), population=replace(scenario().population, where={"age": ("young",)})), "no pair of numbers"),
    "crossover": (
        lambda: replace(scenario(), protocol=replace(scenario().protocol, crossover={"salvage_chemotherapy": "car_t"})),
        "no crossover",
    ),
    "disease": (lambda: replace(scenario(), disease="b_al"), "did you mean `b_all`"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_design_that_cannot_be_run_is_refused_before_the_folder_is_touched(case, tmp_path):
    design, message = BAD[case]
    (tmp_path / "run").mkdir()
    with pytest.raises(InputError) as caught:
        run_scenario(design(), patients=3, out=tmp_path / "run")
    assert message in str(caught.value)
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("car_t.kill_capacty", 3.0, "did you mean"),
        ("car_t.kill_capacity", "3 m", "unit"),
        ("supply.failure_probability", 1.5, "outside the allowed range"),
        ("growth.growth_rate", "fast", "no number"),
        ("growth.growth_rate.median", -1.0, "outside the allowed range"),
    ],
)
def test_a_number_that_cannot_be_is_refused(key, value, message):
    with pytest.raises(InputError) as caught:
        prepare(scenario(), {key: value})
    assert message in str(caught.value)
    assert key in str(caught.value)


def test_a_number_set_by_hand_is_used():
    nobody = run_study(prepare(scenario(), {"supply.failure_probability": 1.0}), 5, 1)
    assert nobody.json()["arms"]["car_t"]["n"]["treated"] == 0
    json.dumps(nobody.json(), allow_nan=False)


# ---- the document


RATE = {"value", "mcse", "trial", "model", "x", "n"}
TIME = {"median", "mcse", "trial", "model", "n", "events", "rates"}
QUANT = {"median", "q05", "q95"}


def test_the_document_has_the_keys_scripts_depend_on(plain):
    document = plain.json()
    top = {"scenario", "seed", "patients", "version", "pairing", "intended_use", "failed", "arms", "contrasts", "seconds", "notes"}
    assert top <= document.keys()
    assert (document["scenario"], document["seed"], document["patients"]) == ("b_all_car_t", 1, SIZE)
    arm = document["arms"]["car_t"]
    assert arm["n"].keys() == {"enrolled", "treated", "evaluable"}
    for key in ("orr", "cr", "cri", "mrd_negative", "orr_itt", "cr_itt"):
        assert arm[key].keys() >= RATE, key
    for key in ("dor", "rfs", "efs", "os"):
        assert arm[key].keys() >= TIME, key
        assert {"6", "12", "24", "36"} <= arm[key]["rates"].keys(), key
        assert all(rate.keys() >= RATE and rate["x"] is None for rate in arm[key]["rates"].values())
    assert arm["relapse"].keys() >= {"n", "within_months", "cd19_negative", "cd19_positive"}
    assert arm["relapse"]["within_months"] == 36
    for key in ("tmax_day", "cmax"):
        assert arm["kinetics"][key].keys() >= QUANT
    assert arm["toxicity"]["crs"].keys() == {"astct", "lee", "penn"}
    assert all(scale.keys() >= {"any", "grade3plus"} for scale in arm["toxicity"]["crs"].values())
    assert "icans" in arm["toxicity"]


def test_numbers_of_the_document_are_finite_or_null(plain):
    json.dumps(plain.json(), allow_nan=False)
    assert all(math.isfinite(value) for value in numbers(plain.json()))


def numbers(value):
    if isinstance(value, dict):
        return [number for inner in value.values() for number in numbers(inner)]
    if isinstance(value, list | tuple):
        return [number for inner in value for number in numbers(inner)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


def test_the_document_agrees_with_its_tables(plain):
    subjects = plain.tables["subjects"].filter(pl.col("arm") == "car_t")
    arm = plain.json()["arms"]["car_t"]
    assert arm["n"]["enrolled"] == subjects.height == SIZE
    assert arm["n"]["treated"] == subjects["treated"].sum()
    responders = subjects.filter(pl.col("best_response").is_in(["CR", "CRi"])).height
    assert arm["orr"]["x"] == arm["orr_itt"]["x"] == responders == arm["cr"]["x"] + arm["cri"]["x"]
    assert arm["orr"]["n"] == arm["n"]["treated"]
    assert arm["orr_itt"]["n"] == SIZE
    assert arm["rfs"]["n"] == responders


def test_figures_of_an_extrapolation_carry_its_note(plain):
    assert any("extrapolation" in note for note in plain.notes)


def test_progress_of_every_arm_rises_to_its_end():
    told = {}
    run(size=4, seed=9, progress=lambda stage, done, total: told.setdefault(stage, []).append(done / total))
    assert list(told) == ["history", "car_t", "car_t_without_lymphodepletion", "salvage_chemotherapy"]
    for shares in told.values():
        assert all(0 <= share <= 1 for share in shares)
        assert shares == sorted(shares)


def test_a_result_is_saved_and_read_back(plain, tmp_path):
    plain.save(tmp_path / "result")
    read = type(plain).load(tmp_path / "result")
    same(plain, read)
    assert read.json() == plain.json()
    assert np.isfinite(read.compare("RFS").height)
