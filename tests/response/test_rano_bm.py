"""RANO-BM: metastases of the brain, edge by edge (Lin 2015)."""

import pytest

from remission.response.rano_bm import CRITERION, RULES
from remission.response.scans import Scans
from tests.response.brain_scans import best, last_word, new, other, scans, sentence, target, words

NAME = "rano-bm"


def test_example_31_two_lesions_that_shrink_by_a_third_and_grow_again():
    one, two = (12, 8, 11), (20, 14, 16)
    patient = scans([0, 56, 112], target(*one), target(*two))
    assert words(NAME, patient) == ["baseline", "PR", "SD"]
    assert sentence(NAME, patient) == (
        "SD: the sum of diameters of 27 mm is 22.7 % over the nadir of 22 mm, but no lesion grew by 5 mm (most: 3.0 mm): not PD [G5]"
    )
    grown = scans([0, 56, 112], target(12, 8, 8), target(20, 14, 19))
    assert words(NAME, grown) == ["baseline", "PR", "PD"]
    assert "and one lesion grew by 5.0 mm, from 5 mm [G5]" in sentence(NAME, grown)


@pytest.mark.parametrize(
    ("before", "now", "word"),
    [(40, 28, "PR"), (40, 28.1, "SD"), (40, 47.9, "SD"), (40, 48, "PD"), (118, 82.6, "PR"), (20, 25, "PD")],
)
def test_thresholds_count_exactly(before, now, word):
    assert last_word(NAME, scans([0, 56], target(before, now))) == word


def test_a_fifth_more_needs_one_lesion_with_five_millimeters():
    many = [target(10, 14.9) for _ in range(4)]
    assert last_word(NAME, scans([0, 56], *many)) == "SD"
    assert last_word(NAME, scans([0, 56], *many[:3], target(10, 15))) == "PD"


def test_the_five_millimeters_count_from_the_lowest_sum_or_from_the_lowest_of_the_lesion():
    patient = scans([0, 56, 112], target(20, 10, 16), target(15, 14, 10), target(10, 4, 4))
    assert words(NAME, patient) == ["baseline", "PR", "PR"]  # 28 to 30
    swing = scans([0, 56, 112, 168], target(30, 10, 14, 15.0), target(30, 20, 14, 20))
    assert words(NAME, swing) == ["baseline", "PR", "PR", "PD"]
    other_way = scans([0, 56, 112, 168], target(30, 10, 12, 15), target(30, 20, 17, 20.5))
    assert last_word(NAME, other_way) == "PR"
    assert last_word(NAME, other_way, lesion_reference="smallest") == "PD"


def test_the_targets_measured_alone_prove_progression_only_with_a_lesion_that_grew():
    assert last_word(NAME, scans([0, 56], target(20, 48), target(20, "ne"))) == "PD"
    assert last_word(NAME, scans([0, 56], target(20, 45), target(5, "ne"))) == "PD"
    assert last_word(NAME, scans([0, 56], target(10, 14), target(1, "ne"))) == "NE"


def test_the_second_diameter_is_not_in_the_sum():
    judged, _ = CRITERION.judge(scans([0, 56], target((20, 5), (14, 14))))
    assert list(judged.sum[0]) == [20, 14]
    assert judged.unit == "mm"


def test_a_new_lesion_is_progression():
    assert last_word(NAME, scans([0, 56], target(20, 10), new("absent", "present"))) == "PD"


def test_on_immunotherapy_a_new_lesion_alone_is_no_progression_and_no_response():
    patient = scans([0, 56, 112], target(20, 10, 10), new("absent", "present", "absent"))
    assert words(NAME, patient, immunotherapy=True) == ["baseline", "SD", "PR"]
    assert "not PD under immunotherapy" in sentence(NAME, patient, 1, immunotherapy=True)
    assert last_word(NAME, scans([0, 56], target(20, 30), new("absent", "present")), immunotherapy=True) == "PD"


def test_a_lesion_that_is_not_a_target_can_progress():
    patient = scans([0, 56], target(20, 10), other("present", "growing"))
    assert words(NAME, patient) == ["baseline", "PD"]
    assert sentence(NAME, patient) == "PD: a lesion that is not a target has progressed [G5]"


def test_growth_of_what_does_not_enhance_is_progression_unless_the_protocol_says_otherwise():
    patient = scans([0, 56], target(20, 10), flair=[0, 1])
    assert last_word(NAME, patient) == "PD"
    assert last_word(NAME, patient, flair_progression=False) == "PR"


def test_flair_need_not_be_given():
    patient = scans([0, 56], target(20, 10), flair=None)
    assert last_word(NAME, patient, missing_findings="not evaluable") == "PR"
    assert "FLAIR" not in sentence(NAME, patient)


def test_clinical_decline_is_progression():
    assert last_word(NAME, scans([0, 56], target(20, 10), clinical=[0, 1])) == "PD"


@pytest.mark.parametrize(("dose", "word"), [(0, "CR"), (0.5, "PR"), (2, "PR"), (2.5, "SD")])
def test_any_steroid_bars_complete_response_and_more_bars_every_response(dose, word):
    assert last_word(NAME, scans([0, 56], target(20, "absent"), steroid=[2, dose])) == word


def test_replacement_may_be_allowed():
    assert last_word(NAME, scans([0, 56], target(20, "absent"), steroid=[2, 0.5]), physiologic_steroid=0.75) == "CR"


def test_more_steroid_alone_is_no_progression():
    assert last_word(NAME, scans([0, 56], target(20, 20), steroid=[0, 8])) == "SD"


def test_growth_with_less_steroid_is_progression_here():
    assert last_word(NAME, scans([0, 56], target(20, 30), steroid=[8, 2])) == "PD"


def test_radiation_gives_no_reason_to_wait():
    assert last_word(NAME, scans([0, 28], target(20, 30), radiation_end=-14)) == "PD"


def test_lesions_that_cannot_be_measured_respond_by_eye():
    patient = scans([0, 56, 112], other("present", "present", "absent"), other("present", "absent", "absent"))
    assert words(NAME, patient) == ["baseline", "non-CR/non-PD", "CR"]
    assert last_word(NAME, scans([0, 56], other("present", "absent"), steroid=2)) == "non-CR/non-PD"
    assert last_word(NAME, scans([0, 56], other("present", "ne"))) == "NE"
    assert last_word(NAME, scans([0, 56], other("present", "growing"))) == "PD"


def test_targets_gone_with_other_lesions_left_is_a_partial_response():
    assert last_word(NAME, scans([0, 56], target(20, "absent"), other("present", "present"))) == "PR"
    assert last_word(NAME, scans([0, 56], target(20, "absent"), other("present", "ne"))) == "PR"


def test_a_target_that_comes_back_is_progression_from_five_millimeters():
    assert words(NAME, scans([0, 56, 112], target(20, "absent", 5))) == ["baseline", "CR", "PD"]
    assert words(NAME, scans([0, 56, 112], target(20, "absent", 4.9))) == ["baseline", "CR", "PR"]


def test_a_target_too_small_to_measure_is_five_millimeters_unconfirmed_rule():
    judged, _ = CRITERION.judge(scans([0, 56], target(20, "small")))
    assert judged.sum[0, 1] == 5


@pytest.mark.parametrize(
    ("first", "least", "small"),
    [((10, 5), 10, False), ((9.9, 9), 10, True), ((10, 4.9), 10, True), ((5, 5), 5, False), ((4.9, 4.9), 5, True)],
)
def test_a_metastasis_is_measurable_from_ten_or_five_millimeters_and_five_across(first, least, small):
    patient = scans([0, 56], target(first, (4, 4)), target((30, 30), (30, 30)))
    assert ("; a target is under" in sentence(NAME, patient, 0, minimum_diameter=least)) is small
    judged, _ = CRITERION.judge(patient, {"minimum_diameter": least, "unmeasurable_targets": "non-target"})
    assert judged.sum[0, 0] == (30 if small else 30 + first[0])


def test_a_sum_with_a_missing_target_is_not_evaluable():
    patient = scans([0, 56, 112], target(20, 10, 10), target(20, "ne", 10))
    assert words(NAME, patient) == ["baseline", "NE", "PR"]
    assert "nothing that was counts as progression" in sentence(NAME, patient, 1)


def test_response_is_confirmed_four_weeks_later():
    early, late = (scans([0, 56, day], target(40, 20, 20)) for day in (83, 84))
    assert (best(NAME, early).best[0], best(NAME, early).best_confirmed[0]) == (5, 3)
    assert (best(NAME, late).best[0], best(NAME, late).best_confirmed[0]) == (5, 5)


def test_simulated_lesions_need_no_second_diameter():
    judged, _ = CRITERION.judge(Scans.of_sizes([0, 56], [[20.0, 14.0]]))
    assert list(CRITERION.written(judged)[0]) == ["baseline", "PR"]


def test_after_progression_every_visit_is_progression():
    assert words(NAME, scans([0, 56, 112], target(20, 30, 10))) == ["baseline", "PD", "PD"]


def test_every_threshold_names_a_source_that_was_read_but_the_size_of_what_is_too_small():
    unread = [name for name, rule in RULES.items() if "retrieved)" not in rule.source]
    assert unread == ["too_small"]
