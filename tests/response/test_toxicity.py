"""Grades of cytokine release, neurotoxicity and laboratory values."""

import numpy as np
import pytest

from remission.errors import InputError
from remission.response.toxicity import (
    LABORATORY,
    Arousal,
    CutPoints,
    Hypotension,
    Hypoxia,
    capd_score,
    cut_points_for_shares,
    grade_crs_astct,
    grade_ctcae,
    grade_from_latent,
    grade_icans_astct,
    ice_score,
    read_cut_points,
)


@pytest.mark.parametrize(
    ("fever", "pressure", "oxygen", "grade"),
    [
        (False, Hypotension.SEVERAL_VASOPRESSORS, Hypoxia.NONE, 0),
        (True, Hypotension.NONE, Hypoxia.NONE, 1),
        (True, Hypotension.NO_VASOPRESSOR, Hypoxia.NONE, 2),
        (True, Hypotension.NONE, Hypoxia.LOW_FLOW, 2),
        (True, Hypotension.ONE_VASOPRESSOR, Hypoxia.LOW_FLOW, 3),
        (True, Hypotension.NO_VASOPRESSOR, Hypoxia.HIGH_FLOW, 3),
        (True, Hypotension.SEVERAL_VASOPRESSORS, Hypoxia.NONE, 4),
        (True, Hypotension.NONE, Hypoxia.POSITIVE_PRESSURE, 4),
    ],
)
def test_cytokine_release_takes_the_worse_of_pressure_and_oxygen_once_there_was_fever(fever, pressure, oxygen, grade):
    assert grade_crs_astct(fever, pressure, oxygen) == grade


def test_death_is_grade_5_on_both_astct_grids():
    assert grade_crs_astct(True, 0, 0, death=True) == 5
    assert grade_icans_astct(20, death=True) == 5


@pytest.mark.parametrize(("ice", "grade"), [(10, 0), (9, 1), (7, 1), (6, 2), (3, 2), (2, 3), (0, 3), (np.nan, 0)])
def test_from_12_years_the_ice_score_grades_encephalopathy(ice, grade):
    assert grade_icans_astct(12, ice=ice, capd=20) == grade


@pytest.mark.parametrize(
    ("capd", "arousal", "grade"),
    [
        (0, Arousal.NORMAL, 0),
        (8, Arousal.SPONTANEOUS, 1),
        (8, Arousal.VOICE, 2),
        (9, Arousal.NORMAL, 3),
        (3, Arousal.TOUCH, 3),
        (np.nan, Arousal.UNAROUSABLE, 4),
    ],
)
def test_below_12_years_the_capd_replaces_the_ice_score(capd, arousal, grade):
    assert grade_icans_astct(8, ice=0, capd=capd, arousal=arousal) == grade


def test_the_ice_score_adds_its_five_items():
    assert ice_score(4, 3, 1, 1, 1) == 10
    assert ice_score(2, 3, 1, 0, 1) == 7
    assert np.isnan(ice_score(4, 3, 1, np.nan, 1))
    with pytest.raises(InputError, match="ICE item 2"):
        ice_score(4, 4, 1, 1, 1)


def test_the_capd_score_counts_what_a_well_child_does_not_do_and_what_a_delirious_one_does():
    assert capd_score([4, 4, 4, 4], [0, 0, 0, 0]) == 0
    assert capd_score([0, 0, 0, 0], [4, 4, 4, 4]) == 32
    score = capd_score([[3, 3, 2, 3], [3, 3, 3, 3]], [[1, 1, 1, 1], [1, 1, 1, 1]])
    np.testing.assert_array_equal(score, [9, 8])
    np.testing.assert_array_equal(grade_icans_astct(6, capd=score), [3, 0])


@pytest.mark.parametrize(("age", "grade"), [(11.9, 3), (12.0, 1)])
def test_the_capd_counts_until_the_twelfth_birthday(age, grade):
    assert grade_icans_astct(age, ice=8, capd=12) == grade


def test_one_vasopressor_or_high_flow_oxygen_is_grade_3_and_more_than_one_grade_4():
    np.testing.assert_array_equal(grade_crs_astct(True, [0, 1, 2, 3], 0), [1, 2, 3, 4])
    np.testing.assert_array_equal(grade_crs_astct(True, 0, [0, 1, 2, 3]), [1, 2, 3, 4])


def test_neurotoxicity_is_its_worst_item():
    np.testing.assert_array_equal(grade_icans_astct(20, ice=3, seizure=[0, 1, 2]), [2, 3, 4])
    np.testing.assert_array_equal(grade_icans_astct(20, ice=8, edema=[0, 1, 2]), [1, 3, 4])
    assert grade_icans_astct(20, motor_weakness=True) == 4
    assert grade_icans_astct(20, ice=0, arousal=Arousal.UNAROUSABLE) == 4


@pytest.mark.parametrize(
    ("term", "value", "grade"),
    [
        ("neutropenia", 0.5, 3),
        ("neutropenia", 0.49, 4),
        ("neutropenia", 1.5, 1),
        ("neutropenia", 2.0, 0),
        ("thrombocytopenia", 25, 3),
        ("thrombocytopenia", 24, 4),
        ("anemia", 8, 2),
        ("anemia", 7.9, 3),
        ("lymphopenia", 0.2, 3),
        ("lymphopenia", 0.19, 4),
        ("alanine_aminotransferase", 5.0, 2),
        ("alanine_aminotransferase", 5.01, 3),
        ("alanine_aminotransferase", 20, 3),
        ("bilirubin", 3.0, 2),
    ],
)
def test_a_value_on_a_limit_takes_the_milder_grade(term, value, grade):
    assert grade_ctcae(term, value) == grade


@pytest.mark.parametrize("term", LABORATORY)
def test_worse_values_never_grade_milder(term):
    grades = grade_ctcae(term, np.geomspace(0.01, 500, 400))
    steps = np.diff(grades.astype(int))
    assert np.all(steps <= 0) if LABORATORY[term].direction == "below" else np.all(steps >= 0)


def test_a_laboratory_may_have_its_own_normal():
    assert grade_ctcae("neutropenia", 1.7) == 1
    assert grade_ctcae("neutropenia", 1.7, normal=1.6) == 0
    assert grade_ctcae("neutropenia", 1.4, normal=1.2) == 2


def test_a_value_not_measured_has_no_grade_and_an_unknown_term_a_suggestion():
    assert grade_ctcae("neutropenia", np.nan) == 0
    with pytest.raises(InputError, match="did you mean `neutropenia`"):
        grade_ctcae("neutropenai", 1.0)


def test_one_severity_is_graded_apart_on_each_scale():
    scales = [CutPoints("crs", "penn", (1.0, 2.0, 3.0, 4.0)), CutPoints("crs", "astct", (1.0, 2.0, 3.5, np.inf))]
    grades = grade_from_latent([0.9, 1.0, 3.2, 9.0], scales)
    np.testing.assert_array_equal(grades["penn"], [0, 1, 3, 4])
    np.testing.assert_array_equal(grades["astct"], [0, 1, 2, 3])


def test_cut_points_give_back_the_shares_they_were_made_from():
    severity = np.random.default_rng(3).normal(10, 0.6, 50_000)
    cuts = cut_points_for_shares("crs", "penn", severity, [0.77, 0.6, 0.46, 0.25])
    grades = grade_from_latent(severity, [cuts])["penn"]
    assert [float(np.mean(grades >= grade)) for grade in range(1, 5)] == pytest.approx([0.77, 0.6, 0.46, 0.25], abs=1e-4)


def test_a_grade_never_seen_gets_no_cut_point():
    assert cut_points_for_shares("neurotoxicity", "ctcae", [1.0, 2.0], [0.5, 0.0]).points[1] == np.inf


def test_shares_that_rise_with_the_grade_are_refused():
    with pytest.raises(InputError, match="must fall"):
        cut_points_for_shares("crs", "penn", [1.0, 2.0], [0.3, 0.4])


def test_cut_points_are_read_by_event_and_scale(tmp_path):
    table = tmp_path / "cuts.csv"
    table.write_text("event,scale,grade,cut,evidence,source\ncrs,penn,2,2.5,calibrated,x\ncrs,penn,1,1.5,calibrated,x\n", encoding="utf-8")
    assert read_cut_points(table) == (CutPoints("crs", "penn", (1.5, 2.5)),)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("neurotoxicity,penn,1,1.0,calibrated,x", "no such scale"),
        ("crs,penn,2,1.0,calibrated,x", "count from 1"),
        ("crs,penn,1,2.0,calibrated,x\ncrs,penn,2,1.0,calibrated,x", "cuts must rise"),
    ],
)
def test_a_table_of_cut_points_that_makes_no_sense_is_refused(tmp_path, rows, message):
    table = tmp_path / "cuts.csv"
    table.write_text(f"event,scale,grade,cut,evidence,source\n{rows}\n", encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_cut_points(table)
