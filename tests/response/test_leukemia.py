"""Remission, response and relapse by visit (ELN 2022) and by patient (ELIANA)."""

from dataclasses import replace

import numpy as np
import pytest

from remission.errors import InputError
from remission.response.leukemia import RULES, Response, best_response, judge_visits, relapse_is_cd19_negative

NOT_DONE = np.nan
HEALTHY = {"circulating": 0.0, "extramedullary": 0, "neutrophils": 1.2, "platelets": 110}
CR, CRI, NR, RELAPSE = Response.CR, Response.CRI, Response.NO_RESPONSE, Response.RELAPSE
CLEAR, UNKNOWN = Response.NO_RELAPSE, Response.NOT_EVALUABLE


def one_visit(blasts, **measured):
    return Response(judge_visits(blasts, **{**HEALTHY, **measured})[0, 0])


@pytest.mark.parametrize(
    ("neutrophils", "platelets", "expected"),
    [(1.2, 110, Response.CR), (0.7, 60, Response.CRH), (0.4, 120, Response.CRI), (0.4, 30, Response.MLFS), (0.8, 120, Response.CRH)],
)
def test_three_percent_blasts_in_myeloid_leukemia_are_graded_by_the_counts(neutrophils, platelets, expected):
    code = judge_visits(0.03, 0.0, 0, neutrophils, platelets, partial_recovery=True, leukemia_free_state=True)
    assert code[0, 0] == expected


@pytest.mark.parametrize(("neutrophils", "platelets"), [(0.7, 60), (0.4, 120), (0.4, 30), (0.8, 120), (0.99, 100)])
def test_in_lymphoblastic_leukemia_every_remission_without_recovered_counts_is_a_cri(neutrophils, platelets):
    assert one_visit(0.03, neutrophils=neutrophils, platelets=platelets) == CRI


def test_counts_exactly_at_the_limits_are_recovered():
    assert one_visit(0.03, neutrophils=1.0, platelets=100) == CR


@pytest.mark.parametrize(
    ("blasts", "measured"),
    [
        (0.05, {}),
        (0.02, {"circulating": 0.01}),
        (0.02, {"circulating": True}),
        (0.02, {"extramedullary": 1}),
        (NOT_DONE, {"circulating": 0.3}),
    ],
    ids=["5 % marrow blasts", "1 % blood blasts", "blasts seen on the film", "extramedullary disease", "blood blasts without marrow"],
)
def test_leukemia_anywhere_is_no_response(blasts, measured):
    assert one_visit(blasts, **measured) == NR


@pytest.mark.parametrize("missing", ["circulating", "extramedullary", "neutrophils", "platelets"])
def test_a_remission_cannot_be_called_without_every_examination(missing):
    assert one_visit(0.01, **{missing: NOT_DONE}) == UNKNOWN


def test_a_clear_visit_without_marrow_shows_no_relapse():
    assert one_visit(NOT_DONE) == CLEAR


def test_leukemia_after_a_remission_is_a_relapse_and_before_it_is_not():
    codes = judge_visits([[0.4, 0.01, 0.02, 0.06, NOT_DONE]], [[0, 0, 0, 0, 0.2]], 0, 1.5, 150)
    np.testing.assert_array_equal(codes, [[NR, CR, CR, RELAPSE, RELAPSE]])


def test_measurements_of_different_shape_are_refused():
    with pytest.raises(InputError, match=r"\[patients, visits\]"):
        judge_visits(np.zeros((2, 3)), np.zeros((2, 4)), 0, 1, 100)


def test_a_remission_kept_28_days_is_a_response_dated_to_its_first_visit():
    found = best_response([28, 56], [[CRI, CLEAR]])
    assert found.code[0] == CRI
    assert found.response_day[0] == 28
    assert found.confirmed_day[0] == 56
    assert found.responder[0]


@pytest.mark.parametrize(
    ("days", "codes", "expected", "failed"),
    [
        ([28, 55], [CR, CLEAR], UNKNOWN, np.nan),
        ([28], [CR], UNKNOWN, np.nan),
        ([28, 50, 84], [CR, RELAPSE, RELAPSE], NR, 50),
        ([28, 90], [NR, NR], NR, 28),
        ([28, 120, 150], [NR, CR, CR], NR, 28),
        ([28, 91, 110], [NR, CR, RELAPSE], NR, 110),
        ([28, 91], [UNKNOWN, CLEAR], UNKNOWN, np.nan),
        ([-3, 0], [NR, NR], UNKNOWN, np.nan),
    ],
    ids=["27 days", "follow-up ended", "relapse at 22 days", "never", "after 3 months", "relapse later", "no marrow", "baseline only"],
)
def test_what_is_not_a_response(days, codes, expected, failed):
    found = best_response(days, [codes])
    assert not found.responder[0]
    assert found.code[0] == expected
    np.testing.assert_equal(found.no_response_day[0], failed)
    assert np.isnan(found.response_day[0])
    assert np.isnan(found.relapse_day[0])


def test_a_cri_that_recovers_within_three_months_is_a_cr_dated_to_the_cri():
    found = best_response([28, 56, 91, 119], [[CRI, CLEAR, CR, CLEAR]])
    assert found.complete[0]
    assert found.response_day[0] == 28


def test_a_cr_reached_after_three_months_does_not_upgrade_a_cri():
    assert best_response([28, 56, 180, 270], [[CRI, CLEAR, CR, CR]]).code[0] == CRI


def test_the_month_three_visit_may_be_a_week_late():
    late = best_response([98, 126], [[CR, CLEAR]])
    strict = best_response([98, 126], [[CR, CLEAR]], window=91.3125)
    assert late.responder[0]
    assert not strict.responder[0]


def test_visits_after_another_therapy_do_not_confirm():
    assert not best_response([28, 84], [[CR, CR]], last_day=[60]).responder[0]


def test_relapse_is_dated_to_the_first_visit_that_shows_it():
    found = best_response([28, 91, 182, 274], [[CR, CR, RELAPSE, RELAPSE]])
    assert found.relapse_day[0] == 182


def test_patients_with_visits_on_their_own_days_are_judged_together_as_alone():
    days = np.array([[28.0, 56, 84], [30, 45, np.nan], [27, 60, 90]])
    codes = np.array([[CR, CLEAR, RELAPSE], [CR, CLEAR, UNKNOWN], [NR, CRI, CRI]])
    together = best_response(days, codes)
    for patient in range(3):
        alone = best_response(days[patient], codes[[patient]])
        assert together.code[patient] == alone.code[0]
        np.testing.assert_equal(together.response_day[patient], alone.response_day[0])
        np.testing.assert_equal(together.relapse_day[patient], alone.relapse_day[0])


def test_visits_that_go_back_in_time_are_refused():
    with pytest.raises(InputError, match="sort the visits"):
        best_response([28, np.nan, 20], [[CR, UNKNOWN, CR]])


def test_a_relapse_is_cd19_negative_when_half_the_blasts_are():
    days = [28, 180]
    found = relapse_is_cd19_negative(days, [[0, 0.5], [0, 0.49], [0, np.nan], [0.9, 0.1]], [180, 180, 180, np.nan])
    np.testing.assert_array_equal(found, [1, 0, -1, -1])


def test_a_stricter_rule_can_be_passed_for_a_sensitivity_analysis():
    stricter = {**RULES, "remission_blasts": replace(RULES["remission_blasts"], value=0.01)}
    assert judge_visits(0.03, **HEALTHY, rules=stricter)[0, 0] == NR


def test_every_rule_says_where_it_comes_from():
    assert all(rule.source and rule.meaning and rule.unit for rule in RULES.values())
