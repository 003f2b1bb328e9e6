"""RECIST 1.1: sums of targets, non-targets by eye, new lesions, and what was called before."""

import numpy as np
import pytest

from remission.response.judged import Response
from remission.response.recist import CHOICES, CRITERION, RULES, choose_targets, measurable
from remission.response.recist_words import SENTENCES
from remission.response.scans import Kind, Scans
from tests.response.readings import new, node, other, other_node, scans, target

WEEKS_8 = tuple(range(0, 56 * 12, 56))


def calls(seen, **options):
    """The overall responses after the baseline."""
    judged, _ = CRITERION.judge(seen, options)
    return [CRITERION.labels[code] for code in judged.overall[0] if code not in (Response.BASELINE, Response.NONE)]


def followed(*lesions, **options):
    """Overall responses of a patient seen every 8 weeks."""
    return calls(scans(WEEKS_8[: len(lesions[0][1])], *lesions), **options)


def sentence(seen, visit, **options):
    judged, _ = CRITERION.judge(seen, options)
    return judged.sentence(0, visit)


def best(seen, **options):
    _, found = CRITERION.judge(seen, options)
    return CRITERION.labels[found.best[0]], CRITERION.labels[found.best_confirmed[0]]


# R3: the sum


def test_the_sum_adds_longest_diameters_and_short_axes():
    seen = scans((0, 56), target(50, 35), target(30, 20), target(20, 12), node(18, 12))
    judged, _ = CRITERION.judge(seen)
    assert judged.sum[0].tolist() == [118, 79]
    assert judged.nadir[0, 1] == 118
    assert calls(seen) == ["PR"]


def test_a_target_too_small_to_measure_counts_5_mm():
    seen = scans((0, 56), target(40, "small"))
    judged, _ = CRITERION.judge(seen)
    assert judged.sum[0, 1] == 5
    assert calls(seen) == ["PR"]


def test_a_target_too_small_counts_what_the_protocol_says():
    judged, _ = CRITERION.judge(scans((0, 56), target(40, "small")), {"too_small": 3})
    assert judged.sum[0, 1] == 3


def test_a_small_target_that_was_measured_keeps_its_measure():
    judged, _ = CRITERION.judge(scans((0, 56), target(40, ("small", 4))))
    assert judged.sum[0, 1] == 4


def test_an_absent_target_counts_nothing():
    judged, _ = CRITERION.judge(scans((0, 56), target(40, "absent"), target(20, 20)))
    assert judged.sum[0, 1] == 20


def test_a_node_keeps_its_size_under_10_mm():
    judged, _ = CRITERION.judge(scans((0, 56), node(20, 8), target(20, 20)))
    assert judged.sum[0, 1] == 28


def test_fragments_of_a_target_add_up():
    seen = scans((0, 56), target(40, 18), target("absent", 10))
    assert CRITERION.judge(seen)[0].sum[0].tolist() == [40, 28]
    assert calls(seen) == ["PR"]


def test_targets_that_have_merged_count_as_one():
    seen = scans((0, 56), target(20, "absent"), target(25, "absent"), target("absent", 40))
    assert CRITERION.judge(seen)[0].sum[0].tolist() == [45, 40]
    assert calls(seen) == ["SD"]


def test_a_target_without_measure_leaves_the_sum_unknown():
    judged, _ = CRITERION.judge(scans(WEEKS_8[:3], target(20, "ne", 20), target(20, 20, 20)))
    assert np.isnan(judged.sum[0, 1])
    assert judged.nadir[0].tolist()[1:] == [40, 40]


# R4: targets


@pytest.mark.parametrize(
    ("start", "now", "call"),
    [
        (118, 82.6, "PR"),
        (118, 82.61, "SD"),
        (10, 7, "PR"),
        (10, 7.1, "SD"),
        (0.3, 0.21, "PR"),
        (33.3, 23.31, "PR"),
        (33.3, 23.32, "SD"),
        (100, 100, "SD"),
        (100, 119.9, "SD"),
        (100, 120, "PD"),
        (33.3, 39.96, "PD"),
        (33.3, 39.95, "SD"),
        (20, 25, "PD"),
        (20, 24.9, "SD"),
        (25, 30, "PD"),
        (24.9, 29.9, "PD"),
        (10, 12, "SD"),
        (10, 14.9, "SD"),
        (10, 15, "PD"),
        (10.1, 15.1, "PD"),
        (26, 31, "SD"),
    ],
)
def test_the_thresholds_hold_to_the_decimal(start, now, call):
    assert followed(target(start, now)) == [call]


def test_progression_is_measured_from_the_lowest_sum_not_the_baseline():
    assert followed(target(118, 79, 95)) == ["PR", "PD"]


def test_a_rise_of_20_percent_under_5_mm_is_no_progression():
    assert followed(target(15, 10, 13)) == ["PR", "SD"]
    assert followed(target(26, 20, 24.9)) == ["SD", "SD"]
    assert followed(target(26, 20, 25)) == ["SD", "PD"]


def test_progression_beats_a_partial_response():
    assert followed(target(50, 30, 36)) == ["PR", "PD"]
    assert followed(target(50, 30, 35)) == ["PR", "PR"]


def test_the_lowest_sum_goes_on_being_counted_from_any_visit():
    assert followed(target(100, 60, 65, 70, 71.9), pr_persists="never") == ["PR", "PR", "PR", "SD"]
    assert followed(target(100, 60, 65, 70, 72)) == ["PR", "PR", "PR", "PD"]


def test_nodes_under_10_mm_are_a_complete_response():
    assert followed(node(16, 9), node(22, 9)) == ["CR"]
    assert followed(node(16, 9), node(22, 10)) == ["PR"]
    assert followed(node(16, 9.9), node(22, "absent")) == ["CR"]
    assert followed(node(16, "small")) == ["CR"]


def test_a_complete_response_is_tested_before_progression():
    assert followed(node(16, 2, 9), target(10, "absent", "absent"), other("present", "present", "present")) == ["PR", "PR"]


def test_a_target_too_small_to_measure_has_not_gone():
    assert followed(target(10, "small"), node(20, 9)) == ["PR"]


def test_a_sum_of_zero_is_a_complete_response():
    assert followed(target(30, 0)) == ["CR"]


# R5: non-targets


@pytest.mark.parametrize(
    ("seen", "call"),
    [
        ((other("present", "absent"),), "CR"),
        ((other("present", "present"),), "non-CR/non-PD"),
        ((other("present", "small"),), "non-CR/non-PD"),
        ((other("present", "growing"),), "PD"),
        ((other("present", "ne"),), "NE"),
        ((other("present", "absent"), other("present", "ne")), "NE"),
        ((other("present", "present"), other("present", "ne")), "NE"),
        ((other("present", "growing"), other("present", "ne")), "PD"),
        ((other("present", "absent"), other("present", "present")), "non-CR/non-PD"),
        ((other_node(12, 9.9),), "CR"),
        ((other_node(12, 10),), "non-CR/non-PD"),
        ((other_node("present", ("present", 8)),), "CR"),
        ((other_node("present", "present"),), "non-CR/non-PD"),
        ((other_node(12, "small"),), "CR"),
        ((other_node(12, "absent"), new("absent", "present")), "PD"),
    ],
)
def test_patients_without_targets_are_judged_by_eye(seen, call):
    assert followed(*seen) == [call]


def test_without_any_lesion_nothing_can_be_judged():
    seen = scans((0, 56), new("absent", "absent"))
    assert calls(seen) == ["NE"]
    assert sentence(seen, 0) == "baseline: no lesion"
    assert sentence(seen, 1) == "no lesion to judge"


def test_without_any_lesion_a_new_one_is_progression():
    assert followed(new("absent", "absent", 12)) == ["NE", "PD"]


# R6: new and reappearing lesions


def test_a_new_lesion_is_progression_whatever_the_targets_do():
    assert followed(target(100, 50), new("absent", "present")) == ["PD"]
    assert followed(target(100, "absent"), new("absent", "small")) == ["PD"]
    assert followed(target(100, "ne"), new("absent", 6)) == ["PD"]


def test_a_new_lesion_not_evaluable_is_no_progression_yet():
    assert followed(target(100, 90, 90), new("absent", "ne", "present")) == ["SD", "PD"]


def test_disease_after_a_complete_response_is_progression():
    assert followed(target(100, "absent", 4)) == ["CR", "PD"]
    assert followed(node(20, 8, 10)) == ["CR", "PD"]
    assert followed(target(30, "absent", "absent"), other("present", "absent", "present")) == ["CR", "PD"]
    assert followed(other("present", "absent", "small")) == ["CR", "PD"]


def test_a_node_that_stays_under_10_mm_keeps_the_complete_response():
    assert followed(node(20, 3, 9.9)) == ["CR", "CR"]


def test_disease_after_a_complete_response_counts_although_other_lesions_were_not_seen():
    assert followed(target(20, "absent", 3), target(20, "absent", "ne")) == ["CR", "PD"]


def test_a_missing_visit_after_a_complete_response_is_not_evaluable():
    assert followed(target(20, "absent", "ne", "absent")) == ["CR", "NE", "CR"]


def test_without_a_complete_response_a_returning_lesion_enters_the_sum_again():
    assert followed(target(30, "absent", 4), target(50, 45, 45)) == ["PR", "PR"]
    assert followed(target(30, "absent", 10), target(50, 45, 45)) == ["PR", "PD"]
    assert followed(target(30, "absent", 4), other("present", "present", "present")) == ["PR", "PR"]


def test_a_returning_lesion_may_be_progression_by_choice():
    seen = target(30, "absent", 4), target(50, 45, 45)
    assert followed(*seen, reappearing="progression") == ["PR", "PD"]
    assert followed(other("present", "absent", "present"), target(50, 45, 45), reappearing="progression") == ["SD", "PD"]
    assert followed(node(20, 9, 11), target(50, 45, 45), reappearing="progression") == ["SD", "PD"]


def test_a_lesion_not_seen_for_a_visit_has_not_returned():
    assert followed(target(30, "ne", 30), reappearing="progression") == ["NE", "SD"]


def test_a_fragment_that_appears_is_no_returning_lesion():
    assert followed(target(40, 30), target("absent", 8), reappearing="progression") == ["SD"]


def test_a_target_that_has_left_nothing_and_grows_by_5_mm_is_progression():
    seen = scans(WEEKS_8[:3], target(30, "absent", 5), other("present", "present", "present"))
    assert calls(seen) == ["PR", "PD"]
    assert sentence(seen, 2) == "R4: the sum, 5.0 mm, has grown from 0.0 mm"


# R7: the table, and missing targets


@pytest.mark.parametrize(
    ("now", "others", "fresh", "call"),
    [
        ("absent", "absent", "absent", "CR"),
        ("absent", "present", "absent", "PR"),
        ("absent", "ne", "absent", "PR"),
        (60, "absent", "absent", "PR"),
        (60, "present", "absent", "PR"),
        (60, "ne", "absent", "PR"),
        (90, "absent", "absent", "SD"),
        (90, "present", "absent", "SD"),
        (90, "ne", "absent", "SD"),
        ("ne", "absent", "absent", "NE"),
        ("ne", "present", "absent", "NE"),
        ("ne", "ne", "absent", "NE"),
        (130, "absent", "absent", "PD"),
        (130, "ne", "present", "PD"),
        ("absent", "growing", "absent", "PD"),
        (60, "growing", "absent", "PD"),
        ("ne", "growing", "absent", "PD"),
        ("absent", "absent", "present", "PD"),
        (60, "present", "present", "PD"),
        ("ne", "ne", "present", "PD"),
    ],
)
def test_targets_others_and_new_lesions_together(now, others, fresh, call):
    assert followed(target(100, now), other("present", others), new("absent", fresh)) == [call]


def test_the_measured_targets_alone_may_prove_progression():
    assert followed(target(20, 40), target(20, 35), target(20, "ne")) == ["PD"]
    assert followed(target(20, 20), target(20, 20), target(20, "ne")) == ["NE"]
    assert followed(target(20, 36), target(20, 36), target(20, "ne")) == ["PD"]
    assert followed(target(20, 36), target(20, 35.9), target(20, "ne")) == ["NE"]


def test_the_measured_targets_alone_prove_nothing_by_choice():
    lesions = target(20, 40), target(20, 35), target(20, "ne")
    assert followed(*lesions, partial_progression=False) == ["NE"]
    assert sentence(scans((0, 56), *lesions), 1, partial_progression=False) == "R7: not every target was measured"


def test_a_partly_measured_visit_never_lowers_the_nadir():
    assert followed(target(50, 10, 50), target(50, "ne", 50)) == ["NE", "SD"]


def test_without_a_sum_at_the_baseline_only_complete_response_and_progression_can_be_called():
    assert followed(target(20, 10, 10), target("ne", 10, 10)) == ["NE", "NE"]
    assert followed(target(20, 10, 20), target("ne", 10, 20)) == ["NE", "PD"]
    assert followed(target(20, "absent"), target("ne", "absent")) == ["CR"]


def test_a_target_recorded_as_progressing_without_a_size_is_progression():
    seen = scans((0, 56), target(20, "growing"), target(20, 20))
    assert calls(seen) == ["PD"]
    assert sentence(seen, 1) == "R4: a target was recorded as progressing"


# R9: history


def test_progression_stays():
    assert followed(target(100, 130, 60, "absent", "ne")) == ["PD", "PD", "PD", "PD"]


def test_sum_and_nadir_are_reported_after_progression():
    judged, _ = CRITERION.judge(scans(WEEKS_8[:4], target(100, 130, 60, 70)))
    assert judged.sum[0].tolist() == [100, 130, 60, 70]
    assert judged.nadir[0, 1:].tolist() == [100, 100, 60]


def test_a_partial_response_after_a_complete_one_is_progression_and_the_best_is_stable():
    seen = scans((0, 56, 112), target(100, "absent", 40))
    assert calls(seen) == ["CR", "PD"]
    assert best(seen) == ("CR", "SD")


def test_an_early_complete_response_that_is_lost_is_progression():
    assert best(scans((0, 28, 56), target(100, "absent", 40))) == ("CR", "PD")


def test_a_complete_response_may_be_read_as_partial_when_disease_is_seen_again():
    seen = scans((0, 56, 112), target(100, "absent", 40))
    assert calls(seen, strict_cr=False) == ["CR", "PR"]
    assert best(seen, strict_cr=False) == ("PR", "PR")


def test_the_lowest_sum_leaves_out_a_complete_response_that_was_read_as_partial():
    seen = scans(WEEKS_8[:5], target(100, "absent", 40, 45, 48))
    assert calls(seen, strict_cr=False) == ["CR", "PR", "PR", "PD"]
    assert CRITERION.judge(seen, {"strict_cr": False})[0].nadir[0, 1:].tolist() == [100, 100, 40, 40]


def test_disease_after_a_confirmed_complete_response_is_progression_in_any_case():
    assert followed(target(100, "absent", "absent", 4), strict_cr=False) == ["CR", "CR", "PD"]


def test_disease_after_a_complete_response_that_reaches_no_partial_response_is_judged_by_its_sum():
    assert followed(target(100, "absent", 90), strict_cr=False) == ["CR", "SD"]
    assert followed(target(100, "absent", 120), strict_cr=False) == ["CR", "PD"]


# R10: a partial response lasts


def test_a_confirmed_partial_response_lasts_until_progression():
    assert followed(target(100, 70, 70, 80, 80, 80), other(*["present"] * 6)) == ["PR"] * 5


def test_the_clarified_example_of_the_eortc_goes_on_as_a_partial_response():
    assert followed(target(165, 63, 65)) == ["PR", "PR"]


def test_a_partial_response_that_was_not_confirmed_does_not_last():
    seen = scans(WEEKS_8[:4], target(100, 70, 80, 80))
    assert calls(seen) == ["PR", "SD", "SD"]
    assert best(seen) == ("PR", "SD")


def test_a_partial_response_lasts_without_confirmation_by_choice():
    seen = scans(WEEKS_8[:4], target(100, 70, 80, 80))
    assert calls(seen, pr_persists="assigned") == ["PR", "PR", "PR"]
    assert best(seen, pr_persists="assigned") == ("PR", "SD")


def test_no_partial_response_lasts_by_choice():
    assert followed(target(100, 70, 70, 80), pr_persists="never") == ["PR", "PR", "SD"]


def test_a_lasting_partial_response_still_progresses_and_may_be_missed():
    assert followed(target(100, 60, 60, 71, "ne", 72)) == ["PR", "PR", "PR", "NE", "PD"]


def test_a_visit_without_the_sum_is_not_evaluable_although_a_response_lasts():
    assert followed(target(100, 70, 70, "ne")) == ["PR", "PR", "NE"]


# baselines and visits


def test_the_baseline_is_the_last_visit_up_to_time_zero():
    seen = scans((-20, -3, 28, 56), target(80, 100, 72, 70))
    judged, _ = CRITERION.judge(seen)
    assert [CRITERION.labels[code] for code in judged.overall[0]] == ["NE", "baseline", "SD", "PR"]
    assert judged.sentence(0, 0) == "before the baseline; not judged"
    assert np.isnan(judged.nadir[0, 1])


def test_a_patient_seen_only_after_time_zero_starts_at_the_first_visit():
    assert calls(scans((5, 60), target(100, 60))) == ["PR"]


def test_a_baseline_alone_gives_no_response():
    seen = scans((0,), target(100))
    judged, found = CRITERION.judge(seen)
    assert [CRITERION.labels[code] for code in judged.overall[0]] == ["baseline"]
    assert best(seen) == ("NE", "NE")
    for day in (found.response_day, found.progression_day, found.last_adequate_day, found.best_change):
        assert np.isnan(day[0])


def test_a_patient_without_visits_has_no_response():
    judged, found = CRITERION.judge(Scans.of_sizes([[np.nan, np.nan]], [[np.nan, np.nan]]))
    assert judged.overall[0].tolist() == [Response.NONE, Response.NONE]
    assert judged.sentence(0, 0) == "no visit"
    assert CRITERION.labels[found.best[0]] == "NE"


def test_nobody_seen_at_all_is_no_fault():
    _, found = CRITERION.judge(Scans.of_sizes(np.full((2, 1), np.nan), np.full((2, 1, 1), np.nan)))
    assert found.best.tolist() == [Response.NE, Response.NE]


def test_visits_never_evaluable_give_no_response():
    seen = scans(WEEKS_8[:3], target(100, "ne", "ne"))
    assert calls(seen) == ["NE", "NE"]
    assert best(seen) == ("NE", "NE")


def test_new_lesions_of_the_baseline_itself_are_not_new():
    seen = scans((-30, 0, 56), target(100, 100, 100), new("present", "present", "absent"))
    assert calls(seen)[-1] == "SD"


def test_a_later_visit_changes_no_earlier_one():
    rng = np.random.default_rng(4)
    size = np.round(30 * np.exp(np.cumsum(rng.normal(0, 0.3, (300, 8, 2)), axis=1)), 1)
    size[size < 12] = 0
    size[rng.random(size.shape) < 0.1] = np.nan
    day = 42.0 * np.arange(8)
    for options in ({}, {"strict_cr": False, "reappearing": "progression"}, {"pr_persists": "assigned"}):
        whole, _ = CRITERION.judge(Scans.of_sizes(day, size), options)
        for visits in range(1, 8):
            part, _ = CRITERION.judge(Scans.of_sizes(day[:visits], size[:, :visits]), options)
            assert np.array_equal(part.overall, whole.overall[:, :visits])


def test_one_patient_alone_is_judged_as_in_a_crowd():
    rng = np.random.default_rng(5)
    size = np.round(30 * np.exp(np.cumsum(rng.normal(0, 0.3, (50, 6, 3)), axis=1)), 1)
    size[size < 12] = 0
    crowd = Scans.of_sizes(42.0 * np.arange(6), size, kind=[Kind.TARGET, Kind.TARGET_NODE, Kind.NON_TARGET])
    whole, found = CRITERION.judge(crowd, piece=7)
    for patient in range(50):
        alone, his = CRITERION.judge(crowd.some(slice(patient, patient + 1)))
        assert np.array_equal(alone.overall[0], whole.overall[patient])
        assert alone.sentence(0, 3) == whole.sentence(patient, 3)
        assert his.best_confirmed[0] == found.best_confirmed[patient]


# sentences


def test_the_sentence_of_progression_quotes_the_lowest_sum():
    seen = scans((0, 56, 112, 168), target(118, 79, 95, 80))
    assert sentence(seen, 0) == "baseline: the sum of the targets is 118.0 mm"
    assert sentence(seen, 1) == "R4: the sum, 79.0 mm, is 33.1 % below the baseline, 118.0 mm"
    assert sentence(seen, 2) == "R4: the sum, 95.0 mm, is 20.3 % and 16.0 mm above its lowest, 79.0 mm"
    assert sentence(seen, 3) == "progression on day 112; a later visit does not undo it"


def test_the_sentence_of_progression_names_every_ground():
    seen = scans((0, 56), target(100, 130), other("present", "growing"), new("absent", "present"))
    assert sentence(seen, 1) == (
        "R4: the sum, 130.0 mm, is 30.0 % and 30.0 mm above its lowest, 100.0 mm; R5: a non-target lesion has progressed; R6: a new lesion"
    )


@pytest.mark.parametrize(
    ("lesions", "words"),
    [
        ((target(100, 60, "absent"),), "R4: every target is gone or a node under 10 mm; there is no non-target lesion"),
        (
            (target(100, 60, "absent"), other("present", "present", "absent")),
            "R4, R5: every target is gone or a node under 10 mm, and every non-target lesion is gone",
        ),
        (
            (target(100, 60, "absent"), other("present", "present", "present")),
            "R7: every target is gone or a node under 10 mm, but a non-target lesion persists",
        ),
        (
            (target(100, 60, "absent"), other("present", "present", "ne")),
            "R7: every target is gone or a node under 10 mm, but not every non-target lesion was evaluated",
        ),
        (
            (target(15, 10, 13),),
            "R4: the sum, 13.0 mm, is -13.33 % from the baseline, 15.0 mm, and +30.00 % (+3.00 mm) from its lowest, 10.0 mm: "
            "neither a fall by 30 % nor a rise by 20 % and 5 mm",
        ),
        (
            (target(154.2, 154.2, 108.0),),
            "R4: the sum, 108.0 mm, is -29.96 % from the baseline, 154.2 mm, and -29.96 % (-46.20 mm) from its lowest, 154.2 mm: "
            "neither a fall by 30 % nor a rise by 20 % and 5 mm",
        ),
        (
            (target(4, "absent", 3), other("present", "present", "present")),
            "R4: the sum, 3.0 mm, is -25.00 % from the baseline, 4.0 mm, and +3.00 mm from its lowest, 0.0 mm: "
            "neither a fall by 30 % nor a rise by 5 mm",
        ),
        (
            (target(60, 60, 40), target(60, 60, "ne")),
            "R7: not every target was measured, and those that were, 40.0 mm, do not prove progression",
        ),
        ((target(60, 60, "ne"),), "R7: no target was measured"),
        (
            (target(60, 60, 75), target(1, 1, "ne")),
            "R7: the measured targets alone, 75.0 mm, are 20 % and 5 mm above the lowest sum, 61.0 mm",
        ),
        ((target("ne", 60, 60),), "R7: the sum, 60.0 mm, cannot be judged, the sum at the baseline is not known"),
        ((other("present", "present", "absent"),), "R5: every non-target lesion is gone; there is no target"),
        ((other("present", "present", "present"),), "R5: a non-target lesion persists without progression; there is no target"),
        ((other("present", "present", "ne"),), "R5: not every non-target lesion was evaluated; there is no target"),
        ((target(100, "absent", 3),), "R6: disease is there again after a complete response"),
    ],
)
def test_every_decision_is_said_in_words(lesions, words):
    assert sentence(scans(WEEKS_8[:3], *lesions), 2) == words


def test_the_sentence_of_a_lasting_response_says_what_the_sum_does():
    assert sentence(scans(WEEKS_8[:4], target(100, 70, 70, 80)), 3) == (
        "R10: a partial response lasts until progression; the sum, 80.0 mm, is now -20.0 % from the baseline, 100.0 mm, "
        "and +10.0 mm from its lowest, 70.0 mm"
    )


def test_a_lesion_that_returns_by_choice_is_said_in_words():
    seen = scans(WEEKS_8[:3], target(30, "absent", 4), target(50, 45, 45))
    assert sentence(seen, 2, reappearing="progression") == "R6: a lesion that had vanished is there again"


def test_every_sentence_can_be_written_without_missing_numbers():
    judged, _ = CRITERION.judge(scans((0, 56), target(40, 30)))
    shown = {"sum": 1.0, "nadir": 1.0, "baseline": 1.0, "from_baseline": 1.0, "fall": 1.0, "from_nadir": 1.0, "rise": 1.0}
    for words in SENTENCES:
        words.format(**shown, **dict.fromkeys(judged.numbers, 1.0))


# R1, R2: targets


def test_the_largest_lesions_become_targets_two_of_an_organ():
    size = np.array([60, 45, 30, 25, 12, 20, 14, 30, 9])
    organ = np.array(["liver"] * 3 + ["lung"] * 2 + ["neck", "groin", "bone", "brain"])
    nodal = np.isin(organ, ["neck", "groin"])
    chosen = choose_targets(size, organ, nodal, organ != "bone")
    assert size[chosen].tolist() == [60, 45, 25, 12, 20]
    assert size[chosen].sum() == 162
    assert (~chosen).sum() == 4


def test_no_more_than_five_lesions_are_targets():
    chosen = choose_targets([10, 20, 30, 40, 50, 60], ["a", "b", "c", "d", "e", "f"])
    assert chosen.tolist() == [False, True, True, True, True, True]


def test_all_nodes_are_one_organ():
    chosen = choose_targets([30, 25, 20, 12], ["neck", "groin", "mediastinum", "mediastinum"], [True, True, True, False])
    assert chosen.tolist() == [True, True, False, True]


def test_lesions_of_unknown_organ_do_not_crowd_each_other_out():
    assert choose_targets([30, 25, 20], [-1, -1, -1]).all()
    assert choose_targets([30, 25, 20], [1, 1, 1]).tolist() == [True, True, False]


def test_of_equal_lesions_the_earlier_is_chosen_and_empty_places_are_not():
    assert choose_targets([20, 20, 20, np.nan], [1, 1, 1, 1]).tolist() == [True, True, False, False]


def test_many_patients_choose_as_one_does():
    rng = np.random.default_rng(6)
    size, organ, nodal = rng.integers(5, 40, (40, 9)), rng.integers(0, 4, (40, 9)), rng.random((40, 9)) < 0.3
    together = choose_targets(size, organ, nodal)
    assert all(np.array_equal(together[one], choose_targets(size[one], organ[one], nodal[one])) for one in range(40))


@pytest.mark.parametrize(
    ("size", "how", "yes"),
    [
        (10, {}, True),
        (9.9, {}, False),
        (15, {"node": True}, True),
        (14.9, {"node": True}, False),
        (20, {"x_ray": True}, True),
        (19.9, {"x_ray": True}, False),
        (14, {"slice_mm": 7}, True),
        (13.9, {"slice_mm": 7}, False),
        (10, {"slice_mm": 1}, True),
    ],
)
def test_a_lesion_is_measurable_from_its_size_on(size, how, yes):
    assert bool(measurable(size, **how)) is yes


def test_every_rule_and_option_has_a_source():
    for row in (*RULES.values(), *CHOICES.values()):
        assert row.source
        assert row.meaning


def test_a_lesion_too_small_to_measure_is_no_complete_response_whatever_size_it_is_given():
    assert followed(target(40, "small"), too_small=0) == ["PR"]
