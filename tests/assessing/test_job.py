"""An assessment from a spreadsheet to what is said of every patient and arm."""

import polars as pl
import pytest

import remission
from remission.assessing import assess
from remission.assessing.job import choices_of
from remission.errors import InputError
from remission.response import criteria, refractory, scan_endpoints
from tests.assessing.small import course, example, sheet


@pytest.fixture(scope="module")
def document():
    return example().json()


def test_every_visit_has_its_responses_and_the_rule_in_words(document):
    visits = document["patients"]["P-01"]["visits"]
    assert [visit["overall"] for visit in visits] == ["baseline", "PR", "PR", "PR", "PD"]
    assert [visit["day"] for visit in visits] == [-9, 55, 112, 168, 224]
    assert [visit["sum_mm"] for visit in visits] == [118, 79, 71, 67.5, 87]
    assert [visit["nadir_mm"] for visit in visits] == [None, 118, 79, 71, 67.5]
    assert visits[1]["target"] == "PR"
    assert visits[1]["non_target"] == "non-CR/non-PD"
    assert visits[1]["new"] is False
    assert "33.1 %" in visits[1]["rule"]
    assert set(visits[0]) == {"day", "sum_mm", "nadir_mm", "target", "non_target", "new", "overall", "rule"}


def test_patients_stand_in_the_order_of_the_file(document):
    assert list(document["patients"]) == [f"P-0{number}" for number in range(1, 9)]


def test_a_response_lasts_from_its_first_visit_to_progression(document):
    patient = document["patients"]["P-01"]
    assert (patient["best"], patient["best_confirmed"]) == ("PR", "PR")
    assert (patient["pfs_day"], patient["pfs_event"], patient["dor_days"]) == (224, True, 169)
    assert (patient["response_day"], patient["progression_day"]) == (55, 224)
    assert patient["refractory"]["class"] == "secondary"
    assert "Kluger 2020" in patient["refractory"]["criterion"]
    assert "224" in patient["refractory"]["why"]


def test_progression_after_two_missed_visits_is_censored_at_the_last_scan_before(document):
    patient = document["patients"]["P-06"]
    assert (patient["pfs_day"], patient["pfs_event"], patient["pfs_reason"]) == (112, False, "missed visits")
    european = example(censoring="ema").json()["patients"]["P-06"]
    assert (european["pfs_day"], european["pfs_event"]) == (280, True)


def test_a_patient_who_died_before_the_first_scan_stays_in_the_denominator(document):
    assert document["patients"]["P-08"]["best"] == "NE"
    assert document["patients"]["P-08"]["dor_days"] is None
    arm = document["arms"]["anti-PD-1 every 6 weeks"]
    assert (arm["orr"]["x"], arm["orr"]["n"]) == (1, 4)


def test_estimates_of_an_arm_have_an_interval_and_no_error_of_simulation(document):
    arm = document["arms"]["anti-PD-1 every 3 weeks"]
    assert set(arm) == {"n", "orr", "cr", "dcr", "dor", "pfs", "os"}
    assert arm["n"] == 4
    assert arm["orr"]["value"] == 0.75
    assert arm["orr"]["trial"] == pytest.approx([0.1941, 0.9937], abs=1e-4)
    assert arm["orr"]["mcse"] is None
    assert arm["orr"]["model"] is None
    assert arm["pfs"]["median"] == pytest.approx(171 / 30.4375)
    assert arm["pfs"]["rates"]["6"]["value"] == pytest.approx(0.5)
    assert arm["pfs"]["rates"]["6"]["mcse"] is None
    assert list(arm["pfs"]["rates"]) == ["6"]


def test_without_a_table_of_patients_there_is_one_arm_called_all():
    found = assess(sheet(course("a", {0: 50, 56: 30})), "recist1.1").json()
    assert list(found["arms"]) == ["all"]
    assert found["patients"]["a"]["visits"][1]["overall"] == "PR"


def test_only_confirmed_responses_count_when_the_option_says_so():
    rows = sheet([*course("a", {0: 50, 56: 30, 112: 52}), *course("b", {0: 50, 56: 30, 112: 30})])
    assert assess(rows, "recist1.1").arms["all"]["orr"]["x"] == 2
    strict = assess(rows, "recist1.1", options={"confirmed": True})
    assert strict.arms["all"]["orr"]["x"] == 1
    assert strict.arms["all"]["dor"]["n"] == 1
    assert strict.options["confirmed"] is True


def test_an_unknown_option_names_the_nearest_one():
    with pytest.raises(InputError, match=r"unknown option, did you mean `stable_days`"):
        example(stable_day=56)


def test_all_wrong_options_are_told_at_once(tmp_path):
    path = tmp_path / "options.toml"
    path.write_text('censoring = "fds"\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"options\.toml"):
        assess(sheet(course("a", {0: 50})), "recist1.1", options=path)
    with pytest.raises(InputError) as told:
        example(censoring="fds", strict_cr=1)
    assert len(told.value.problems) == 2


def test_options_of_a_file_are_those_of_a_mapping(tmp_path):
    path = tmp_path / "options.toml"
    path.write_text('[endpoints]\ncensoring = "ema"\n', encoding="utf-8")
    rows = sheet(course("a", {0: 50, 56: 48, 280: 80}))
    assert assess(rows, "recist1.1", options=path).json() == assess(rows, "recist1.1", options={"censoring": "ema"}).json()


def test_an_unknown_criterion_names_the_nearest_one():
    with pytest.raises(InputError, match=r"did you mean `recist1\.1`"):
        example("recist1.2")


@pytest.mark.parametrize("name", criteria.names())
def test_no_option_stands_in_two_tables(name):
    tables = [criteria.get(name).choices, scan_endpoints.CHOICES, refractory.CHOICES]
    assert sum(map(len, tables)) == len(choices_of(criteria.get(name)))


def test_notes_say_what_was_changed_and_what_nobody_confirmed():
    notes = example(censoring="ema").notes
    assert any("censoring = ema" in note for note in notes)
    assert any("From memory" in note for note in notes)


def test_a_patient_without_any_measurement_is_not_evaluable_and_still_counted():
    people = pl.DataFrame({"patient": ["a", "b"], "arm": ["x", "x"], "death": [None, 20.0]})
    found = assess(sheet(course("a", {0: 50, 56: 30})), "recist1.1", people).json()
    assert found["patients"]["b"]["visits"] == []
    assert found["patients"]["b"]["best"] == "NE"
    assert found["arms"]["x"]["orr"]["n"] == 2


def test_dates_count_from_each_patient_s_own_time_zero():
    rows = pl.DataFrame(
        {
            "patient": ["a", "a"],
            "date": ["2024-03-01", "2024-04-30"],
            "lesion": ["l", "l"],
            "kind": ["target", "target"],
            "diameter_mm": [40.0, 20.0],
        }
    )
    people = pl.DataFrame({"patient": ["a"], "time_zero": ["2024-03-05"]})
    found = assess(rows, "recist1.1", people)
    assert [visit["day"] for visit in found.json()["patients"]["a"]["visits"]] == [-4, 56]
    assert str(found.table("patients")["time_zero"][0]) == "2024-03-05"


def test_progress_is_told():
    stages = []
    assess(sheet(course("a", {0: 50})), "recist1.1", progress=lambda stage, done, total: stages.append(stage))
    assert "reading" in stages
    assert "judging" in stages


def test_assess_is_a_public_verb():
    assert remission.assess is assess
