"""Best overall response from the responses of the visits: confirmation, stable disease, early death."""

import numpy as np
import pytest

from remission.response.best_response import CHOICES, best_response, bridges, confirmed
from remission.response.choices import settled
from remission.response.judged import Judged, Response
from remission.response.scans import Kind, Patients, Scans

WEEKS_8 = (0, 56, 112, 168, 224, 280)
OPTIONS = {**settled(CHOICES), "strict_cr": True}
CODE = {"CR": Response.CR, "PR": Response.PR, "SD": Response.SD, "PD": Response.PD, "NE": Response.NE, "nn": Response.NON_CR_NON_PD}
WORD = {code: word for word, code in CODE.items()}


def judged(days, words, sums=None, kind=Kind.TARGET, **known):
    """A patient with these responses after the baseline."""
    shape = (1, len(days))
    seen = Scans.of_sizes([days], np.ones(shape) if sums is None else [sums], kind, Patients.numbered(1, **known))
    codes = np.array([[Response.BASELINE, *(CODE[word] for word in words)]], dtype=np.int8)
    blank = np.full(shape, Response.NONE, dtype=np.int8)
    burden = np.full(shape, np.nan) if sums is None else np.array([sums], dtype=float)
    flags, rule = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.int16)
    return seen, Judged(seen.baseline, burden, burden, blank, blank.copy(), flags, codes, rule, ("",), {})


def best(words, days=None, kind=Kind.TARGET, known=None, **options):
    """Best response without and with confirmation; visits every 8 weeks unless said."""
    days = WEEKS_8[: len(words) + 1] if days is None else days
    found = best_response(*judged(days, words, kind=kind, **(known or {})), OPTIONS | options)
    return WORD[found.best[0]], WORD[found.best_confirmed[0]]


def days_of(words, days=None, **options):
    found = best_response(*judged(WEEKS_8[: len(words) + 1] if days is None else days, words), OPTIONS | options)
    return found.response_day[0], found.confirmed_response_day[0], found.complete_day[0], found.progression_day[0]


@pytest.mark.parametrize(
    ("pair", "confirmed_best"),
    [
        (("CR", "CR"), "CR"),
        (("CR", "PD"), "SD"),
        (("CR", "NE"), "SD"),
        (("PR", "CR"), "PR"),
        (("PR", "PR"), "PR"),
        (("PR", "SD"), "SD"),
        (("PR", "PD"), "SD"),
        (("PR", "NE"), "SD"),
        (("NE", "NE"), "NE"),
        (("SD", "PD"), "SD"),
        (("PD", "PD"), "PD"),
        (("NE", "PD"), "PD"),
    ],
)
def test_the_table_of_pairs_when_the_first_is_late_enough(pair, confirmed_best):
    assert best(pair)[1] == confirmed_best


@pytest.mark.parametrize(
    ("pair", "confirmed_best"),
    [
        (("CR", "PD"), "PD"),
        (("CR", "NE"), "NE"),
        (("PR", "PD"), "PD"),
        (("PR", "NE"), "NE"),
        (("SD", "PD"), "PD"),
        (("SD", "NE"), "NE"),
        (("PR", "SD"), "SD"),
    ],
)
def test_the_table_of_pairs_when_the_first_is_too_early(pair, confirmed_best):
    assert best(pair, days=(0, 28, 56))[1] == confirmed_best


def test_without_confirmation_the_best_visit_counts():
    assert best(["SD", "PR", "PD"])[0] == "PR"
    assert best(["PR", "CR", "PD"])[0] == "CR"
    assert best(["PR"], days=(0, 20))[0] == "PR"


def test_nothing_after_progression_counts():
    assert best(["PD", "CR", "CR"]) == ("PD", "PD")
    assert days_of(["SD", "PD", "PR"])[:2] == pytest.approx((np.nan, np.nan), nan_ok=True)


def test_a_partial_response_at_week_8_and_stable_at_week_16_is_stable():
    assert best(["PR", "SD"])[1] == "SD"


def test_an_early_partial_response_before_progression_is_progression():
    assert best(["PR", "PD"], days=(0, 28, 56)) == ("PR", "PD")
    assert best(["PR", "PD"], days=(0, 37, 79)) == ("PR", "PD")


def test_a_partial_response_at_week_8_and_progression_at_week_16_is_stable():
    assert best(["PR", "PD"])[1] == "SD"


# when a response is confirmed


@pytest.mark.parametrize(("apart", "word"), [(27, "SD"), (27.999, "SD"), (28, "PR"), (100, "PR")])
def test_a_response_is_confirmed_from_28_days_on(apart, word):
    assert best(["PR", "PR"], days=(0, 56, 56 + apart))[1] == word


def test_a_protocol_may_ask_for_another_interval():
    assert best(["PR", "PR"], days=(0, 56, 91), confirmation_days=42)[1] == "SD"
    assert best(["PR", "PR"], days=(0, 56, 63), confirmation_days=7)[1] == "PR"


def test_a_visit_too_early_to_confirm_does_not_stop_a_later_one():
    assert best(["PR", "PR", "PR"], days=(0, 56, 70, 90))[1] == "PR"
    assert best(["PR", "SD", "PR"], days=(0, 56, 70, 90))[1] == "SD"


def test_a_complete_response_confirms_a_partial_one_but_itself_only_by_another():
    assert best(["PR", "CR"])[1] == "PR"
    assert best(["PR", "CR", "CR"])[1] == "CR"


def test_the_day_of_a_confirmed_response_is_that_of_its_first_visit():
    assert days_of(["SD", "PR", "CR", "PD"]) == (112, 112, 168, 224)


def test_the_day_of_a_confirmed_response_leaves_out_one_that_was_not():
    assert days_of(["PR", "SD", "PR", "PR"])[:2] == (56, 168)


def test_one_missing_visit_may_lie_between_unconfirmed_rule():
    assert best(["PR", "NE", "PR"])[1] == "PR"
    assert best(["CR", "NE", "CR"])[1] == "CR"
    assert days_of(["PR", "NE", "PR"])[1] == 56


def test_a_missing_visit_between_may_break_the_confirmation_by_choice():
    assert best(["PR", "NE", "PR"], confirmation_across_missing=False)[1] == "SD"
    assert best(["PR", "NE", "PR", "PR"], confirmation_across_missing=False)[1] == "PR"
    assert days_of(["PR", "NE", "PR", "PR"], confirmation_across_missing=False)[1] == 168


def test_two_missing_visits_between_break_the_confirmation_unless_chosen():
    assert best(["PR", "NE", "NE", "PR"])[1] == "SD"
    assert best(["PR", "NE", "NE", "PR"], missing_between=2)[1] == "PR"


def test_stable_disease_between_breaks_the_confirmation_unless_chosen():
    assert best(["PR", "SD", "PR"])[1] == "SD"
    assert best(["PR", "SD", "PR"], confirmation_across_stable=True)[1] == "PR"
    assert best(["CR", "SD", "CR"], confirmation_across_stable=True)[1] == "PR"


def test_progression_between_always_breaks_the_confirmation():
    assert best(["PR", "PD", "PR"], confirmation_across_stable=True)[1] == "SD"


def test_a_run_of_responses_begins_anew_after_a_break():
    day = np.array([[0.0, 56, 112, 168]])
    shown = np.array([[False, True, False, True]])
    kept, began = confirmed(day, shown, np.zeros_like(shown), 28)
    assert not kept.any()
    assert began[0, 3] == 168


def test_missing_visits_in_a_row_are_counted():
    codes = np.array([[Response.PR, Response.NE, Response.NE, Response.PR, Response.NE]], dtype=np.int8)
    assert bridges(codes, OPTIONS, partial=True)[0].tolist() == [False, True, False, False, True]


# complete responses that were none


def test_a_complete_response_followed_by_a_partial_one_is_partial_where_that_is_chosen():
    assert best(["CR", "PR"], strict_cr=False) == ("PR", "PR")
    assert best(["CR", "NE", "PR"], strict_cr=False) == ("PR", "PR")
    assert best(["CR", "CR", "PR"], strict_cr=False) == ("PR", "PR")
    assert best(["CR", "CR", "PD"], strict_cr=False) == ("CR", "CR")
    assert np.isnan(days_of(["CR", "PR"], strict_cr=False)[2])


def test_targets_gone_with_others_not_evaluated_do_not_refute_a_complete_response():
    seen, codes = judged(WEEKS_8[:4], ["CR", "PR", "CR"])
    codes.target[0, 2], codes.non_target[0, 2] = Response.CR, Response.NE
    for strict in (True, False):
        found = best_response(seen, codes, OPTIONS | {"strict_cr": strict})
        assert found.best_confirmed[0] == Response.CR
    assert best_response(seen, codes, OPTIONS | {"confirmation_across_missing": False}).best_confirmed[0] == Response.PR


# stable disease


@pytest.mark.parametrize(("day", "word"), [(41, "NE"), (41.999, "NE"), (42, "SD"), (60, "SD")])
def test_stable_disease_counts_from_day_42_on(day, word):
    assert best(["SD"], days=(0, day)) == (word, word)


def test_the_shortest_stable_disease_is_the_protocols():
    assert best(["SD"], days=(0, 41), stable_days=35)[0] == "SD"
    assert best(["SD"], days=(0, 50), stable_days=56)[0] == "NE"
    assert best(["SD", "PD"], days=(0, 50, 100), stable_days=56)[0] == "PD"


def test_stable_disease_counts_from_the_baseline_or_from_time_zero():
    assert best(["SD"], days=(-10, 35))[0] == "SD"
    assert best(["SD"], days=(-10, 35), stable_from="time zero")[0] == "NE"


def test_without_targets_stable_disease_is_neither_complete_nor_progression():
    assert best(["nn", "PD"], kind=Kind.NON_TARGET) == ("nn", "nn")
    assert best(["CR", "PD"], kind=Kind.NON_TARGET) == ("CR", "nn")
    assert best(["nn"], days=(0, 30), kind=Kind.NON_TARGET) == ("NE", "NE")


# early death


def test_an_early_death_without_a_scan_is_not_evaluable_or_progression_by_choice_unconfirmed_rule():
    assert best([], days=(0,), known={"death": 30}) == ("NE", "NE")
    assert best([], days=(0,), known={"death": 30}, early_progression="progression") == ("PD", "PD")
    assert best(["NE"], known={"death": 80}, early_progression="progression") == ("PD", "PD")


def test_a_late_death_without_a_scan_is_never_a_best_response():
    assert best([], days=(0,), known={"death": 200}, early_progression="progression") == ("NE", "NE")
    assert best([], days=(0,), known={"death": 84}, early_progression="progression")[0] == "PD"
    assert best([], days=(0,), known={"death": 100}, early_progression="progression", early_days=100)[0] == "PD"


def test_an_early_death_after_a_response_leaves_the_response():
    assert best(["PR"], days=(0, 30), known={"death": 50}, early_progression="progression") == ("PR", "NE")


# days and change


def test_the_last_adequate_visit_is_the_last_one_judged_before_progression():
    found = best_response(*judged(WEEKS_8[:5], ["SD", "PR", "NE", "PD"]), OPTIONS)
    assert found.last_adequate_day[0] == 112
    assert np.isnan(best_response(*judged(WEEKS_8[:2], ["PD"]), OPTIONS).last_adequate_day[0])


@pytest.mark.parametrize(
    ("words", "sums", "change"),
    [
        (["PR", "PD"], [100, 60, 90], -40),
        (["PR", "PD", "PD"], [100, 60, 90, 10], -40),
        (["PD"], [100, 130], 30),
        (["NE", "PD"], [100, np.nan, 130], 30),
        (["SD", "NE"], [100, 110, np.nan], 10),
        (["PR", "PD"], [100, 60, 50], -40),
        (["NE"], [100, np.nan], np.nan),
        (["SD"], [np.nan, 50], np.nan),
        (["SD"], [0, 0], np.nan),
    ],
)
def test_the_best_change_is_the_lowest_sum_before_progression(words, sums, change):
    found = best_response(*judged(WEEKS_8[: len(sums)], words, sums), OPTIONS)
    assert found.best_change[0] == pytest.approx(change, nan_ok=True)


def test_a_response_first_seen_under_another_therapy_is_not_one_of_the_treatment_judged():
    began_on_day_100 = {"new_therapy": 100.0}
    assert best(["SD", "PR", "PR"], known=began_on_day_100) == ("SD", "SD")
    assert best(["SD", "PR", "PR"], known=began_on_day_100, under_new_therapy="counted") == ("PR", "PR")


def test_a_response_is_not_confirmed_under_another_therapy():
    assert best(["PR", "PR"], known={"new_therapy": 100.0}) == ("PR", "SD")
    assert best(["PR", "PR"], known={"new_therapy": 112.0}) == ("PR", "PR")


def test_progression_under_another_therapy_keeps_its_day_but_is_no_best_response():
    scans, seen = judged((0, 56), ["PD"], sums=[50.0, 80.0], new_therapy=30.0)
    found = best_response(scans, seen, OPTIONS)
    assert (found.best[0], found.progression_day[0]) == (Response.NE, 56)
    assert np.isnan(found.best_change[0])
