"""Refractory and relapsed disease: lymphoma (SCHOLAR-1), acute leukemia, solid tumors by the last therapy."""

from dataclasses import fields, replace

import numpy as np
import pytest

from remission.errors import InputError
from remission.response.refractory import CHOICES, DEFINITIONS, RULES, classify, definition
from tests.response.one_line import CR, CRI, MLFS, MONTH, NE, NO_RESPONSE, PD, PR, SD, UNCONFIRMED, called, line, word

YEAR = 12 * MONTH


# SCHOLAR-1; worked example 46
def test_stable_disease_after_two_cycles_of_second_line_is_refractory():
    found, why = called("scholar1", line({56: SD}, cycles=2))
    assert found == "refractory"
    assert "after 2 cycle(s)" in why


@pytest.mark.parametrize(("months", "expected"), [(11, "refractory"), (13, "relapsed")])
def test_a_relapse_after_transplantation_is_refractory_in_the_first_year(months, expected):
    patient = line({56: CR, months * MONTH: PD})
    assert word("scholar1", patient, transplant=[0.0]) == expected
    assert word("scholar1", patient, line="transplant") == expected


@pytest.mark.parametrize(("day", "expected"), [(365, "refractory"), (YEAR, "refractory"), (366, "relapsed")])
def test_twelve_months_after_transplantation_exactly_are_refractory(day, expected):
    assert word("scholar1", line({56: CR, day: PD}), transplant=[0.0]) == expected


def test_months_after_transplantation_count_from_its_own_day():
    found, why = called("scholar1", line({56: CR, 500: PD}), transplant=[200.0])
    assert found == "refractory"
    assert "300 days" in why


def test_the_start_of_treatment_is_the_transplantation_when_that_was_the_line():
    assert word("scholar1", line({56: CR, 400: PD}, treatment_start=40), line="transplant") == "refractory"


def test_a_transplantation_on_an_unknown_day_is_said_to_be_day_zero():
    assert "taken as day 0" in called("scholar1", line({56: CR, 300: PD}), line="transplant")[1]


def test_no_relapse_after_transplantation_is_not_refractory():
    assert word("scholar1", line({56: CR, 300: CR}), transplant=[30.0]) == "not refractory"


def test_progression_before_the_transplantation_is_judged_by_the_line_itself():
    assert word("scholar1", line({56: SD, 100: PD}, cycles=2), transplant=[200.0]) == "refractory"
    assert word("scholar1", line({56: PR, 100: PD}, cycles=2), transplant=[200.0]) == "relapsed"


def test_a_missing_transplantation_in_a_crowd_is_nan():
    assert word("scholar1", line({56: CR, 300: PD}), transplant=[np.nan]) == "relapsed"


@pytest.mark.parametrize(("cycles", "expected"), [(1, "not evaluable"), (2, "refractory"), (6, "refractory")])
def test_a_later_line_needs_two_cycles(cycles, expected):
    assert word("scholar1", line({56: SD}, cycles=cycles)) == expected


@pytest.mark.parametrize(
    ("cycles", "choice", "expected"),
    [
        (4, "more_than_4", "not evaluable"),
        (5, "more_than_4", "refractory"),
        (4, "at_least_4", "refractory"),
        (3, "at_least_4", "not evaluable"),
    ],
)
def test_the_first_line_needs_more_than_four_cycles_unless_chosen(cycles, choice, expected):
    assert word("scholar1", line({90: SD}, cycles=cycles), line="first", first_line_cycles=choice) == expected


@pytest.mark.parametrize(("needed", "expected"), [(True, "not evaluable"), (False, "refractory")])
def test_progression_after_one_cycle_is_as_chosen(needed, expected):
    assert word("scholar1", line({28: PD}, cycles=1), progression_needs_cycles=needed) == expected


def test_cycles_that_are_not_given_are_taken_as_enough_and_said():
    found, why = called("scholar1", line({56: PD}))
    assert found == "refractory"
    assert "number of cycles is not given" in why


def test_a_response_that_is_lost_is_a_relapse_and_one_that_lasts_is_neither():
    assert word("scholar1", line({56: PR, 200: PD}, cycles=6)) == "relapsed"
    assert word("scholar1", line({56: PR, 200: PR}, cycles=6)) == "not refractory"


def test_a_response_under_the_next_therapy_leaves_lymphoma_refractory():
    assert word("scholar1", line({56: SD, 120: CR}, cycles=2, new_therapy=70)) == "refractory"


def test_a_relapse_under_another_therapy_is_not_evaluable():
    assert word("scholar1", line({56: CR, 200: PD}, cycles=6, new_therapy=150)) == "not evaluable"


@pytest.mark.parametrize("name", ["scholar1", "all", "aml", "solid", "sitc", "sitc_combination"])
@pytest.mark.parametrize("visits", [{}, {56: NE}], ids=["no visit", "a visit that cannot be judged"])
def test_nothing_judged_is_not_evaluable_in_every_definition(name, visits):
    found, why = called(name, line(visits))
    assert found == "not evaluable"
    assert "no visit after the baseline could be judged" in why


@pytest.mark.parametrize("name", list(DEFINITIONS))
def test_death_before_any_visit_is_not_evaluable_and_said(name):
    found, why = called(name, line({}, death=20))
    assert found == "not evaluable"
    assert "death on day 20" in why


@pytest.mark.parametrize("name", ["scholar1", "solid"])
def test_progression_that_was_never_confirmed_is_not_evaluable(name):
    assert word(name, line({56: UNCONFIRMED})) == "not evaluable"


# acute lymphoblastic leukemia
def test_leukemia_without_remission_at_the_end_of_induction_is_refractory():
    found, why = called("all", line({28: NO_RESPONSE}, treatment_start=0))
    assert found == "refractory"
    assert "day 28" in why


@pytest.mark.parametrize(("day", "expected"), [(14, "not evaluable"), (20, "not evaluable"), (21, "refractory"), (28, "refractory")])
def test_induction_ends_at_four_weeks_with_a_week_of_grace(day, expected):
    assert word("all", line({day: NO_RESPONSE}, treatment_start=0)) == expected


def test_induction_counts_from_the_start_of_treatment():
    assert word("all", line({28: NO_RESPONSE}, treatment_start=14)) == "not evaluable"


def test_death_in_induction_is_not_evaluable():
    found, why = called("all", line({14: NO_RESPONSE}, treatment_start=0, death=18))
    assert found == "not evaluable"
    assert "death on day 18" in why


@pytest.mark.parametrize("remission", [CR, CRI])
def test_a_kept_remission_is_not_refractory_and_a_lost_one_relapsed(remission):
    assert word("all", line({28: remission, 90: remission})) == "not refractory"
    assert word("all", line({28: remission, 500: PD})) == "relapsed"


def test_a_leukemia_free_state_is_no_remission():
    assert word("all", line({28: MLFS})) == "refractory"
    assert word("aml", line({28: MLFS}, cycles=2)) == "refractory"


def test_a_remission_under_the_next_therapy_leaves_leukemia_refractory():
    assert word("all", line({28: NO_RESPONSE, 70: CR}, new_therapy=35)) == "refractory"


@pytest.mark.parametrize(("choice", "expected"), [("relapsed", "relapsed"), ("refractory", "refractory")])
def test_an_early_relapse_is_as_chosen_unconfirmed_rule(choice, expected):
    found, why = called("all", line({28: CR, 200: PD}), early_relapse=choice)
    assert found == expected
    assert "early relapse" in why


def test_a_relapse_twelve_months_into_remission_exactly_is_not_early_unconfirmed_rule():
    assert word("all", line({28: CR, 28 + YEAR: PD}), early_relapse="refractory") == "relapsed"
    assert word("all", line({28: CR, 28 + 365: PD}), early_relapse="refractory") == "refractory"


# acute myeloid leukemia
@pytest.mark.parametrize(("courses", "expected"), [(1, "not evaluable"), (2, "refractory"), (3, "refractory")])
def test_myeloid_leukemia_is_refractory_after_two_courses(courses, expected):
    assert word("aml", line({42: NO_RESPONSE}, cycles=courses)) == expected


def test_remission_after_one_course_of_myeloid_leukemia_is_remission():
    assert word("aml", line({28: CRI}, cycles=1)) == "not refractory"
    assert word("aml", line({28: CRI, 500: PD}, cycles=1)) == "relapsed"


def test_courses_that_are_not_given_are_said():
    assert "number of cycles is not given" in called("aml", line({42: NO_RESPONSE}))[1]


# solid tumors
def test_progression_as_best_response_to_the_last_therapy_is_refractory_unconfirmed_rule():
    found, why = called("solid", line({56: PD}, treatment_start=0))
    assert found == "refractory"
    assert "best response PD" in why


@pytest.mark.parametrize(("day", "expected"), [(182, "refractory"), (6 * MONTH, "relapsed"), (183, "relapsed")])
def test_stable_disease_for_less_than_six_months_is_refractory_unconfirmed_rule(day, expected):
    assert word("solid", line({56: SD, day: PD}, treatment_start=0)) == expected


def test_a_response_that_is_lost_is_a_relapse_however_soon_unconfirmed_rule():
    assert word("solid", line({56: PR, 100: PD}, treatment_start=0)) == "relapsed"


@pytest.mark.parametrize(("stop", "expected"), [(np.nan, "refractory"), (200, "refractory"), (172, "refractory"), (171, "relapsed")])
def test_progression_on_treatment_or_within_four_weeks_of_it_is_as_chosen_unconfirmed_rule(stop, expected):
    patient = line({56: PR, 200: PD}, treatment_start=0, treatment_end=stop)
    assert word("solid", patient, progression_on_therapy="refractory") == expected
    assert word("solid", patient) == "relapsed"


def test_a_tumor_that_has_not_grown_is_not_refractory():
    assert word("solid", line({56: SD})) == "not refractory"
    assert word("solid", line({56: CR})) == "not refractory"


def test_death_soon_after_stable_disease_is_not_evaluable_and_progression_when_chosen():
    patient = line({56: SD}, death=80)
    assert word("solid", patient) == "not evaluable"
    assert word("solid", patient, death_as_progression=True) == "refractory"


def test_a_response_that_was_not_confirmed_counts_unless_confirmation_is_chosen():
    scans, judged, best = line({56: PR, 100: PD}, treatment_start=0)
    once = replace(best, best_confirmed=np.array([SD], dtype=np.int8), confirmed_response_day=np.array([np.nan]))
    assert classify("solid", scans, judged, once).word[0] == "relapsed"
    assert classify("solid", scans, judged, once, {"confirmed_response": True}).word[0] == "refractory"


# the registry
def test_an_unknown_definition_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="scholar1"):
        classify("scholar", *line({56: SD}))


def test_a_wrong_choice_is_refused():
    with pytest.raises(InputError, match="primary or secondary"):
        word("sitc", line({56: SD}), early_responder="maybe")


def test_options_of_other_tables_are_passed_over():
    assert word("solid", line({56: PD}), confirmation_days=28.0, censoring="fda") == "refractory"


@pytest.mark.parametrize(
    ("default", "options", "expected"),
    [
        ("sitc", {}, "sitc"),
        ("sitc", {"refractory": "solid"}, "solid"),
        ("all", {"disease": "aml"}, "aml"),
        ("all", {"disease": "all"}, "all"),
        ("all", {"disease": "aml", "refractory": "all"}, "all"),
        ("sitc", {"refractory": "default"}, "sitc"),
    ],
)
def test_the_definition_is_that_of_the_criterion_unless_chosen(default, options, expected):
    assert definition(default, options) == expected


def test_every_definition_can_be_chosen():
    assert set(DEFINITIONS) | {"default"} == set(CHOICES["refractory"].choices.split("|"))


def test_every_rule_and_option_has_a_source():
    assert all(one.source and one.meaning for one in (*RULES.values(), *CHOICES.values()))


@pytest.mark.parametrize("name", list(DEFINITIONS))
def test_every_definition_names_its_source(name):
    assert "(" in classify(name, *line({56: PD})).criterion


@pytest.mark.parametrize("name", list(DEFINITIONS))
def test_no_patients_are_no_classes(name):
    scans, judged, best = line({56: PD})
    nobody = np.zeros(0, dtype=int)
    arrays = {one.name: getattr(judged, one.name)[nobody] for one in fields(judged) if isinstance(getattr(judged, one.name), np.ndarray)}
    empty = replace(best, **{one.name: getattr(best, one.name)[nobody] for one in fields(best)})
    found = classify(name, scans.some(nobody), replace(judged, **arrays), empty)
    assert (list(found.word), found.why) == ([], [])
