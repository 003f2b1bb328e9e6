"""Laboratory values by CTCAE v5.0: every limit from both sides, abnormal baselines, fever and Hy's law."""

import numpy as np
import pytest

from remission.errors import InputError
from remission.response.laboratory import (
    LABORATORY,
    RULES,
    corrected_calcium,
    grade_ctcae,
    grade_febrile_neutropenia,
    grade_fever,
    grade_qtc,
    meets_hys_law,
    read_laboratory_scales,
)

# value on the limit and its grade, then just past it and that grade
LIMITS = {
    "neutropenia": [(2.0, 0, 1.99, 1), (1.5, 1, 1.49, 2), (1.0, 2, 0.99, 3), (0.5, 3, 0.49, 4)],
    "thrombocytopenia": [(150, 0, 149, 1), (75, 1, 74, 2), (50, 2, 49, 3), (25, 3, 24, 4)],
    "leukopenia": [(4.0, 0, 3.9, 1), (3.0, 1, 2.9, 2), (2.0, 2, 1.9, 3), (1.0, 3, 0.9, 4)],
    "lymphopenia": [(1.0, 0, 0.99, 1), (0.8, 1, 0.79, 2), (0.5, 2, 0.49, 3), (0.2, 3, 0.19, 4)],
    "anemia": [(12, 0, 11.9, 1), (10, 1, 9.9, 2), (8, 2, 7.9, 3)],
    "alanine_aminotransferase": [(1, 0, 1.01, 1), (3, 1, 3.01, 2), (5.0, 2, 5.01, 3), (20, 3, 20.01, 4)],
    "aspartate_aminotransferase": [(1, 0, 1.01, 1), (3, 1, 3.01, 2), (5.0, 2, 5.01, 3), (20, 3, 20.01, 4)],
    "alkaline_phosphatase": [(1, 0, 1.01, 1), (2.5, 1, 2.51, 2), (5, 2, 5.01, 3), (20, 3, 20.01, 4)],
    "gamma_glutamyltransferase": [(1, 0, 1.01, 1), (2.5, 1, 2.51, 2), (5, 2, 5.01, 3), (20, 3, 20.01, 4)],
    "bilirubin": [(1, 0, 1.01, 1), (1.5, 1, 1.51, 2), (3.0, 2, 3.01, 3), (10, 3, 10.01, 4)],
    "creatinine": [(1, 0, 1.01, 1), (1.5, 1, 1.51, 2), (3, 2, 3.01, 3), (6, 3, 6.01, 4)],
    "inr": [(1.2, 0, 1.21, 1), (1.5, 1, 1.51, 2), (2.5, 2, 2.51, 3)],
    "lipase": [(1, 0, 1.01, 1), (1.5, 1, 1.51, 2), (2.0, 2, 2.01, 2), (5.0, 2, 5.01, 3)],
    "lipase_with_symptoms": [(1, 0, 1.01, 1), (1.5, 1, 1.51, 2), (2.0, 2, 2.01, 3), (5.0, 3, 5.01, 4)],
    "hypercalcemia": [(10.5, 0, 10.6, 1), (11.5, 1, 11.6, 2), (12.5, 2, 12.6, 3), (13.5, 3, 13.6, 4)],
    "hypokalemia": [(3.5, 0, 3.49, 1), (3.0, 1, 2.99, 3), (2.5, 3, 2.49, 4)],
    "hypokalemia_with_symptoms": [(3.5, 0, 3.49, 2), (3.0, 2, 2.99, 3), (2.5, 3, 2.49, 4)],
    "qtc_interval": [(449, 0, 450, 1), (480, 1, 481, 2), (500, 2, 501, 3)],
    "fever": [(37.9, 0, 38.0, 1), (39.0, 1, 39.1, 2), (40.0, 2, 40.1, 3)],
}


@pytest.mark.parametrize(("term", "on", "milder", "past", "worse"), [(term, *row) for term, rows in LIMITS.items() for row in rows])
def test_a_value_on_a_limit_takes_the_milder_grade_and_one_past_it_the_worse(term, on, milder, past, worse):
    assert (grade_ctcae(term, on), grade_ctcae(term, past)) == (milder, worse)


def test_every_term_is_tested_at_every_limit():
    assert set(LIMITS) == set(LABORATORY)


def test_every_term_says_where_its_limits_come_from():
    assert all(scale.source and scale.unit for scale in LABORATORY.values())
    assert all(rule.source and rule.meaning for rule in RULES.values())


def test_example_39_of_the_dossier():
    np.testing.assert_array_equal(grade_ctcae("neutropenia", [0.5, 0.49]), [3, 4])
    np.testing.assert_array_equal(grade_ctcae("thrombocytopenia", [25, 24]), [3, 4])
    np.testing.assert_array_equal(grade_ctcae("alanine_aminotransferase", [5.0, 5.01, 20]), [2, 3, 3])
    assert grade_ctcae("bilirubin", 3.0) == 2


def test_decimals_on_a_limit_do_not_slip_over_it():
    assert grade_ctcae("lymphopenia", 0.1 + 0.1) == 3
    assert grade_ctcae("bilirubin", 3 * 1.1 / 1.1) == 2
    assert grade_ctcae("neutropenia", 0.1 * 5) == 3


# ---- baselines and symptoms ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("term", ["alanine_aminotransferase", "aspartate_aminotransferase"])
def test_an_aminotransferase_above_normal_before_is_graded_by_multiples_of_it(term):
    at_baseline = 2.0
    for value, grade in [(2.98, 0), (3.0, 1), (6.0, 1), (6.01, 2), (10.0, 2), (10.01, 3), (40, 3), (40.1, 4)]:
        assert grade_ctcae(term, value, baseline=at_baseline) == grade, value


@pytest.mark.parametrize("term", ["alkaline_phosphatase", "gamma_glutamyltransferase"])
def test_cholestatic_enzymes_above_normal_before_start_at_twice_that(term):
    for value, grade in [(3.9, 0), (4.0, 1), (5.0, 1), (5.01, 2), (10.0, 2), (10.1, 3), (40, 3), (40.1, 4)]:
        assert grade_ctcae(term, value, baseline=2.0) == grade, value


def test_bilirubin_above_normal_before_is_grade_1_as_soon_as_it_rises():
    for value, grade in [(2.0, 0), (2.01, 1), (3.0, 1), (3.01, 2), (6.0, 2), (6.01, 3), (20, 3), (20.1, 4)]:
        assert grade_ctcae("bilirubin", value, baseline=2.0) == grade, value


def test_a_baseline_at_the_limit_of_normal_is_normal():
    assert grade_ctcae("alanine_aminotransferase", 1.4, baseline=1.0) == 1
    assert grade_ctcae("alanine_aminotransferase", 1.4, baseline=1.01) == 0


def test_a_baseline_that_was_not_measured_counts_as_normal():
    np.testing.assert_array_equal(grade_ctcae("bilirubin", [2.0, 2.0], baseline=[np.nan, 2.0]), [2, 0])


def test_creatinine_takes_the_worse_of_normal_and_baseline():
    for value, baseline, grade in [(0.9, 0.5, 2), (0.75, 0.5, 0), (1.51, 0.5, 3), (1.5, 0.5, 2), (1.6, 2.0, 2), (6.1, 4.0, 4)]:
        assert grade_ctcae("creatinine", value, baseline=baseline) == grade, (value, baseline)


def test_an_inr_under_anticoagulation_is_graded_by_multiples_of_it():
    for value, grade in [(2.5, 0), (2.51, 1), (3.75, 1), (3.76, 2), (6.25, 2), (6.26, 3)]:
        assert grade_ctcae("inr", value, baseline=2.5) == grade, value


def test_a_term_without_a_rule_for_baselines_ignores_them():
    assert grade_ctcae("neutropenia", 0.9, baseline=0.5) == 3


def test_symptoms_make_lipase_and_potassium_worse():
    np.testing.assert_array_equal(grade_ctcae("lipase", [3, 3, 6, 6], symptoms=[False, True, False, True]), [2, 3, 3, 4])
    np.testing.assert_array_equal(grade_ctcae("hypokalemia", [3.2, 3.2, 2.9], symptoms=[False, True, True]), [1, 2, 3])
    assert grade_ctcae("neutropenia", 0.9, symptoms=True) == 3


def test_a_laboratory_has_its_own_limits_of_normal():
    assert grade_ctcae("hypercalcemia", 10.4, normal=10.2) == 1
    assert grade_ctcae("hypokalemia", 3.45, normal=3.4) == 0
    assert grade_ctcae("hypokalemia", 3.45, normal=3.6, symptoms=True) == 2
    assert grade_ctcae("hypercalcemia", 11.6, normal=12.0) == 2


def test_calcium_is_corrected_for_albumin_unconfirmed_rule():
    assert corrected_calcium(10.0, 2.0) == pytest.approx(11.6)


@pytest.mark.parametrize("term", LABORATORY)
def test_a_value_not_measured_has_no_grade(term):
    assert grade_ctcae(term, np.nan) == 0


# ---- QTc, fever, febrile neutropenia, Hy's law --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("qtc", "baseline", "torsade", "grade"),
    [(440, 380, False, 0), (441, 380, False, 3), (470, 400, False, 3), (510, np.nan, False, 3), (460, 450, True, 4)],
)
def test_a_qtc_interval_more_than_60_ms_longer_is_grade_3_and_torsade_grade_4(qtc, baseline, torsade, grade):
    assert grade_qtc(qtc, baseline, torsade) == grade


@pytest.mark.parametrize(("temperature", "hours", "grade"), [(40.1, 0, 3), (40.1, 24, 3), (40.1, 24.5, 4), (40.0, 48, 2), (37.9, 48, 0)])
def test_fever_over_40_degrees_for_more_than_a_day_is_grade_4_unconfirmed_rule(temperature, hours, grade):
    assert grade_fever(temperature, hours) == grade


@pytest.mark.parametrize(
    ("neutrophils", "temperature", "hours", "grade"),
    [
        (0.99, 38.4, 0, 3),
        (0.99, 38.3, 0, 0),
        (0.99, 38.0, 1.1, 3),
        (0.99, 38.0, 1.0, 0),
        (0.99, 37.9, 5, 0),
        (1.0, 39.5, 5, 0),
        (np.nan, 39, 5, 0),
    ],
)
def test_febrile_neutropenia_needs_few_neutrophils_and_a_peak_or_an_hour_of_fever_unconfirmed_rule(neutrophils, temperature, hours, grade):
    assert grade_febrile_neutropenia(neutrophils, temperature, hours) == grade


def test_febrile_neutropenia_can_threaten_life_or_end_it_unconfirmed_rule():
    np.testing.assert_array_equal(
        grade_febrile_neutropenia(0.1, 39.0, life_threatening=[False, True, True], death=[False, False, True]), [3, 4, 5]
    )
    assert grade_febrile_neutropenia(2.0, 39.0, life_threatening=True) == 0


@pytest.mark.parametrize(
    ("alt", "ast", "bilirubin", "alp", "meets"),
    [
        (3.0, 1.0, 2.01, 1.0, True),
        (2.99, 2.99, 5.0, 1.0, False),
        (1.0, 3.5, 2.01, 2.0, True),
        (10, 10, 2.0, 1.0, False),
        (10, 10, 4.0, 2.01, False),
        (10, np.nan, 4.0, np.nan, True),
        (np.nan, np.nan, 4.0, 1.0, False),
    ],
)
def test_hys_law_needs_injury_and_jaundice_without_cholestasis(alt, ast, bilirubin, alp, meets):
    assert meets_hys_law(alt, ast, bilirubin, alp) == meets


def test_grades_of_a_million_values_come_at_once():
    values = np.random.default_rng(5).lognormal(0, 1, 1_000_000)
    grades = grade_ctcae("bilirubin", values, baseline=np.where(values > 2, 1.5, 0.8))
    assert grades.dtype == np.int8
    assert grades.shape == values.shape


def test_an_unknown_term_is_answered_with_the_nearest():
    with pytest.raises(InputError, match="did you mean `bilirubin`"):
        grade_ctcae("bilirubine", 1.0)


def test_a_limit_that_is_no_number_is_refused(tmp_path):
    table = tmp_path / "laboratory.csv"
    head = "term,direction,grade_1,grade_2,grade_3,grade_4,abnormal_baseline,unit,normal,source,meaning"
    table.write_text(f"{head}\nx,above,1,two,3,4,,1,1,x,x\n", encoding="utf-8")
    with pytest.raises(InputError, match="grade_2"):
        read_laboratory_scales(table)
