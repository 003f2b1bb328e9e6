"""RANO 2010: high-grade gliomas, edge by edge (Wen 2010)."""

import numpy as np
import pytest

from remission.errors import InputError
from remission.response import criteria
from remission.response.rano_2010 import CRITERION, RULES
from remission.response.scans import Scans
from tests.response.brain_scans import areas, best, last_word, new, other, scans, sentence, target, words

NAME = "rano2010"


def visit(*lesions, **known):
    """The word at the second of two visits, 8 weeks apart."""
    options = {name: known.pop(name) for name in list(known) if name in CRITERION.choices}
    return last_word(NAME, scans([0, 56], *lesions, **known), **options)


def test_example_27_growth_of_a_third_over_the_nadir_20_weeks_after_radiation_is_progression():
    patient = scans([0, 56, 112], areas(1200, 600, 784), steroid=2, radiation_end=112.0 - 140)
    assert words(NAME, patient) == ["baseline", "PR", "PD"]
    assert sentence(NAME, patient) == "PD: the SPD of 784 mm2 is 30.7 % over the nadir of 600 mm2, progression from 25 % [G2]"


def test_example_28_half_the_tumor_on_three_times_the_steroid_is_stable_disease():
    patient = scans([0, 56], areas(1200, 580), steroid=[2, 6])
    assert words(NAME, patient) == ["baseline", "SD"]
    assert "barred by the steroid, up from 2 to 6 mg/day" in sentence(NAME, patient)


def test_example_29_no_enhancement_on_two_milligrams_is_a_partial_response():
    patient = scans([0, 56], areas(1200, 0), steroid=[2, 2])
    assert words(NAME, patient) == ["baseline", "PR"]
    assert sentence(NAME, patient) == "PR: every target is gone, but CR is barred by the steroid of 2 mg/day (above 0.75) [G2]"


def test_example_30_growth_8_weeks_after_radiation_inside_the_high_dose_region_is_no_progression():
    patient = scans([0, 28], areas(1000, 1400), radiation_end=-28)
    assert words(NAME, patient) == ["baseline", "SD"]
    assert "40.0 % over the nadir of 1000 mm2" in sentence(NAME, patient)
    assert "8.0 weeks after radiation" in sentence(NAME, patient)
    assert "not PD [G3]" in sentence(NAME, patient)


@pytest.mark.parametrize(
    ("before", "now", "word"),
    [
        (1000, 500, "PR"),
        (1000, 500.1, "SD"),
        (1000, 1249.9, "SD"),
        (1000, 1250, "PD"),
        (118.3, 59.15, "PR"),
        (118.3, 147.875, "PD"),
        (0.3, 0.15, "PR"),
    ],
)
def test_thresholds_count_exactly(before, now, word):
    assert visit(areas(before, now)) == word


def test_the_products_of_all_targets_are_added():
    assert visit(target((30, 20), (25, 20)), target((20, 10), (25, 16))) == "SD"  # 800 to 900
    assert visit(target((30, 20), (30, 20)), target((20, 10), (20, 20))) == "PD"  # 800 to 1000


def test_growth_is_counted_from_the_lowest_and_response_from_the_baseline():
    assert words(NAME, scans([0, 56, 112, 168], areas(1000, 400, 480, 500))) == ["baseline", "PR", "PR", "PD"]


def test_a_visit_without_one_target_does_not_set_the_nadir():
    patient = scans([0, 56, 112], target((20, 20), (10, 10), (20, 20)), target((20, 20), "ne", (20, 20)))
    assert words(NAME, patient) == ["baseline", "NE", "SD"]


def test_the_targets_that_were_measured_alone_may_prove_progression():
    patient = scans([0, 56], target((20, 20), (40, 30)), target((20, 20), "ne"))
    assert words(NAME, patient) == ["baseline", "PD"]
    assert sentence(NAME, patient).startswith(
        "PD: the targets that were measured alone are 1200 mm2, at least 25 % over the nadir of 800 mm2"
    )


def test_a_target_without_its_second_diameter_is_not_evaluable_unless_lesions_are_taken_as_round():
    patient = scans([0, 56], target((20, 20), 14))
    assert words(NAME, patient) == ["baseline", "NE"]
    assert "no perpendicular diameter" in sentence(NAME, patient)
    assert words(NAME, patient, missing_perpendicular="round") == ["baseline", "PR"]


def test_simulated_round_lesions_are_judged_without_a_second_diameter():
    simulated = Scans.of_sizes([0, 56], np.array([[20.0, 14.0], [20.0, 23.0]]))
    judged, _ = CRITERION.judge(simulated, {"missing_perpendicular": "round"})
    assert list(CRITERION.written(judged)[:, 1]) == ["PR", "PD"]


def test_nothing_can_be_compared_when_the_baseline_was_not_measured():
    patient = scans([0, 56, 112], target("ne", (20, 20), (10, 10)))
    assert words(NAME, patient) == ["baseline", "NE", "NE"]
    assert words(NAME, scans([0, 56, 112], target("ne", (20, 20), (20, 25)))) == ["baseline", "NE", "PD"]


@pytest.mark.parametrize(("dose", "word"), [(0, "CR"), (0.75, "CR"), (0.76, "PR"), (2, "PR"), (4, "PR"), (4.1, "SD")])
def test_steroids_bar_complete_response_above_replacement_and_any_response_above_the_baseline(dose, word):
    assert visit(areas(1000, 0), steroid=[4, dose]) == word


def test_replacement_steroids_begun_after_the_baseline_do_not_bar_complete_response():
    assert visit(areas(1000, 0), steroid=[0, 0.75]) == "CR"
    assert visit(areas(1000, 400), steroid=[0, 0.75]) == "SD"


def test_the_dose_that_counts_as_replacement_is_an_option():
    assert visit(areas(1000, 0), steroid=[2, 2], physiologic_steroid=2) == "CR"


@pytest.mark.parametrize("dose", [0.5, 4, 16])
def test_more_steroid_alone_is_never_progression(dose):
    assert visit(areas(1000, 1000), steroid=[0, dose]) == "SD"


def test_a_stable_scan_on_more_steroid_is_neither_stable_nor_progressive_if_the_protocol_says_so():
    assert visit(areas(1000, 1000), steroid=[0, 4], stable_on_more_steroid="NE") == "NE"
    assert visit(areas(1000, 1000), steroid=[4, 4], stable_on_more_steroid="NE") == "SD"
    assert visit(areas(1000, 1250), steroid=[0, 4], stable_on_more_steroid="NE") == "PD"


def test_growth_with_less_steroid_than_at_the_nadir_is_no_progression():
    patient = scans([0, 56, 112], areas(1000, 600, 800), steroid=[4, 4, 2])
    assert words(NAME, patient) == ["baseline", "SD", "SD"]
    assert "the steroid fell from 4 to 2 mg/day: not PD" in sentence(NAME, patient)
    assert last_word(NAME, patient, growth_on_less_steroid="progression") == "PD"


def test_growth_counts_when_steroid_fell_before_the_nadir():
    assert last_word(NAME, scans([0, 56, 112], areas(1000, 600, 800), steroid=[4, 2, 2])) == "PD"


def test_a_new_lesion_counts_with_less_steroid_too():
    assert visit(areas(1000, 900), new("absent", "present"), steroid=[4, 2]) == "PD"


def test_growth_on_flair_with_less_steroid_is_no_progression():
    assert visit(areas(1000, 900), steroid=[4, 2], flair=[0, 1]) == "SD"


def test_a_lesion_that_comes_back_after_complete_response_is_progression():
    patient = scans([0, 56, 112], areas(1000, 0, 100))
    assert words(NAME, patient) == ["baseline", "CR", "PD"]
    assert sentence(NAME, patient).startswith("PD: a target is back, SPD 100 mm2 after 0")


def test_growth_on_flair_is_progression():
    assert visit(areas(1000, 1000), flair=[0, 1]) == "PD"
    assert visit(areas(1000, 1000), flair=[0, -1]) == "SD"


def test_less_enhancement_with_growth_on_flair_is_a_pseudoresponse_and_progression():
    patient = scans([0, 56], areas(1000, 400), flair=[0, 1])
    assert words(NAME, patient) == ["baseline", "PD"]
    assert "pseudoresponse" in sentence(NAME, patient)


def test_growth_on_flair_bars_response_where_it_is_not_progression():
    assert visit(areas(1000, 400), flair=[0, 1], flair_progression=False) == "SD"
    assert visit(areas(1000, 0), flair=[0, 1], flair_progression=False) == "SD"


def test_clinical_decline_is_progression_even_when_the_tumor_has_gone():
    assert visit(areas(1000, 0), clinical=[0, 1]) == "PD"
    assert visit(areas(1000, 0), clinical=[0, -1]) == "CR"


def test_a_lesion_that_is_not_a_target_can_progress_or_keep_a_response_partial():
    assert visit(areas(1000, 400), other("present", "growing")) == "PD"
    assert visit(areas(1000, 0), other("present", "present")) == "PR"
    assert visit(areas(1000, 0), other("present", "ne")) == "PR"
    assert visit(areas(1000, 0), other("present", "absent")) == "CR"


@pytest.mark.parametrize(("days", "word"), [(-0.1, "PD"), (0, "SD"), (83.9, "SD"), (84, "PD")])
def test_the_first_twelve_weeks_after_radiation_end_on_day_84(days, word):
    assert last_word(NAME, scans([0, 100 + days], areas(1000, 1400), radiation_end=100)) == word


def test_growth_before_the_end_of_a_later_radiation_is_progression():
    assert last_word(NAME, scans([0, 56], areas(1000, 1400), radiation_end=100)) == "PD"


def test_early_after_radiation_decline_alone_and_growth_on_flair_are_no_progression():
    for found in ({"clinical": [0, 1]}, {"flair": [0, 1]}):
        patient = scans([0, 28], areas(1000, 1000), radiation_end=-28, **found)
        assert words(NAME, patient) == ["baseline", "SD"]
        assert "not PD [G3]" in sentence(NAME, patient)


def test_early_after_radiation_a_new_lesion_is_progression_only_outside_the_high_dose_region():
    patient = scans([0, 28], areas(1000, 400), new("absent", "present"), radiation_end=-28)
    assert last_word(NAME, patient) == "SD"
    assert last_word(NAME, patient, early_new_lesion="outside") == "PD"


def test_a_lesion_that_appeared_early_is_progression_when_it_is_still_there_twelve_weeks_after_radiation():
    patient = scans([0, 28, 70], areas(1000, 1000, 1000), new("absent", "present", "present"), radiation_end=-28)
    assert words(NAME, patient) == ["baseline", "SD", "PD"]
    gone = scans([0, 28, 70], areas(1000, 1000, 400), new("absent", "present", "absent"), radiation_end=-28)
    assert words(NAME, gone) == ["baseline", "SD", "PR"]


def test_early_after_radiation_a_response_still_counts():
    assert last_word(NAME, scans([0, 28], areas(1000, 400), radiation_end=-28)) == "PR"


def test_after_progression_every_visit_is_progression_and_the_burden_goes_on_being_reported():
    patient = scans([0, 56, 112, 168], areas(1000, 1300, 100, 0))
    assert words(NAME, patient) == ["baseline", "PD", "PD", "PD"]
    judged, found = CRITERION.judge(patient)
    assert list(judged.sum[0]) == [1000, 1300, 100, 0]
    assert list(judged.nadir[0, 1:]) == [1000, 1000, 100]
    assert judged.unit == "mm2"
    assert found.progression_day[0] == 56
    assert sentence(NAME, patient) == "PD: progression on day 56"


def test_visits_before_the_baseline_are_not_judged():
    assert words(NAME, scans([-60, -7, 49], areas(400, 1000, 450))) == ["NE", "baseline", "PR"]


def test_a_target_too_small_to_measure_is_five_by_five_unconfirmed_rule():
    patient = scans([0, 56], target((20, 20), "small"))
    judged, _ = CRITERION.judge(patient)
    assert judged.sum[0, 1] == 25
    assert last_word(NAME, patient) == "PR"


def test_growth_under_the_measurable_size_counts_unless_the_protocol_says_otherwise_unconfirmed_rule():
    patient = scans([0, 56, 112], target((20, 20), (5, 5), (7, 7)))
    assert last_word(NAME, patient) == "PD"
    assert last_word(NAME, patient, small_growth="stable") == "PR"
    assert last_word(NAME, scans([0, 56, 112], target((20, 20), (5, 5), (10, 10))), small_growth="stable") == "PD"


def test_disease_that_cannot_be_measured_is_stable_at_best():
    patient = scans([0, 56], other("present", "absent"))
    assert words(NAME, patient) == ["baseline", "SD"]
    assert best(NAME, patient).best[0] == 3
    assert last_word(NAME, scans([0, 56], other("present", "growing"))) == "PD"
    assert last_word(NAME, scans([0, 56], other("present", "ne"))) == "NE"


def test_a_resected_tumor_without_rest_is_stable_until_something_new_appears():
    assert words(NAME, scans([0, 56, 112], new("absent", "absent", "present"))) == ["baseline", "SD", "PD"]


@pytest.mark.parametrize(("first", "small"), [((10, 10), False), ((10, 9.9), True), ((9.9, 10), True), ("small", True)])
def test_a_target_is_measurable_from_ten_by_ten(first, small):
    patient = scans([0, 56], target(first, (4, 4)), target((30, 30), (30, 30)))
    assert ("under 10 x 10 mm" in sentence(NAME, patient, 0)) is small


def test_a_target_under_the_measurable_size_can_be_followed_by_eye_instead():
    patient = scans([0, 56], target((30, 30), "absent"), target((8, 8), (8, 8)))
    judged, _ = CRITERION.judge(patient, {"unmeasurable_targets": "non-target"})
    assert list(judged.sum[0]) == [900, 0]
    assert last_word(NAME, patient, unmeasurable_targets="non-target") == "PR"
    alone = scans([0, 56], target((8, 8), "absent"))
    assert last_word(NAME, alone) == "CR"
    assert last_word(NAME, alone, unmeasurable_targets="non-target") == "SD"


def test_findings_that_were_not_given_are_taken_as_stable_and_the_sentence_says_so():
    patient = scans([0, 56], areas(1000, 400), steroid=None, clinical=None, flair=None)
    assert last_word(NAME, patient) == "PR"
    assert sentence(NAME, patient).endswith("; steroid, clinical state and FLAIR not given, taken as stable")
    assert sentence(NAME, scans([0, 56], areas(1000, 1300), steroid=None)).endswith("[G2]; steroid not given, taken as stable")


def test_findings_that_were_not_given_can_make_a_visit_not_evaluable_but_never_hide_progression():
    patient = scans([0, 56], areas(1000, 400), clinical=[0, None])
    assert last_word(NAME, patient, missing_findings="not evaluable") == "NE"
    assert sentence(NAME, patient, missing_findings="not evaluable").endswith("taken as stable: clinical state")
    assert last_word(NAME, scans([0, 56], areas(1000, 1300), clinical=None), missing_findings="not evaluable") == "PD"


def test_a_dose_that_was_not_given_is_that_of_the_baseline():
    assert visit(areas(1000, 0), steroid=[4, None]) == "PR"
    assert visit(areas(1000, 0), steroid=[0, None]) == "CR"
    assert visit(areas(1000, 0), steroid=[None, 4]) == "PR"


def test_a_response_is_confirmed_four_weeks_later():
    early, late = (scans([0, 56, day], areas(1000, 400, 400)) for day in (83, 84))
    assert (best(NAME, early).best[0], best(NAME, early).best_confirmed[0]) == (5, 3)
    assert (best(NAME, late).best[0], best(NAME, late).best_confirmed[0]) == (5, 5)
    assert best(NAME, late).confirmed_response_day[0] == 56


def test_a_complete_response_that_steroids_turn_partial_stays_the_best():
    patient = scans([0, 56, 112, 168], areas(1000, 0, 0, 0), steroid=[4, 0, 2, 2])
    assert words(NAME, patient) == ["baseline", "CR", "PR", "PR"]
    found = best(NAME, patient)
    assert (found.best[0], found.best_confirmed[0]) == (6, 5)


@pytest.mark.parametrize(("day", "word"), [(182, "SD"), (183, "PD")])
def test_on_immunotherapy_progression_on_scans_in_the_first_six_months_is_preliminary(day, word):
    patient = scans([0, day], areas(1000, 1300))
    assert last_word(NAME, patient, immunotherapy=True) == word
    assert last_word(NAME, patient) == "PD"


def test_on_immunotherapy_decline_is_progression_at_once():
    assert visit(areas(1000, 1300), clinical=[0, 1], immunotherapy=True) == "PD"


def test_on_immunotherapy_a_scan_three_months_later_confirms_and_dates_back_unconfirmed_rule():
    patient = scans([0, 56, 98, 140], areas(1000, 1300, 1300, 1300))
    assert words(NAME, patient, immunotherapy=True) == ["baseline", "SD", "SD", "PD"]
    assert best(NAME, patient, immunotherapy=True).progression_day[0] == 56
    assert sentence(NAME, patient, 1, immunotherapy=True).startswith("preliminary PD: ")
    assert "confirms the preliminary PD of day 56 [G6]" in sentence(NAME, patient, 3, immunotherapy=True)


def test_six_months_of_immunotherapy_count_from_the_start_of_treatment():
    patient = scans([0, 200], areas(1000, 1300), treatment_start=30)
    assert last_word(NAME, patient, immunotherapy=True) == "SD"


def test_a_patient_without_a_visit_and_one_with_the_baseline_alone_are_not_evaluable():
    nobody = scans([np.nan, np.nan], areas(1000, 1000))
    alone = scans([0, np.nan], areas(1000, 1000))
    for name in ("rano2010", "rano2", "rano-bm"):
        assert words(name, nobody) == ["", ""]
        assert words(name, alone) == ["baseline", ""]
        assert [best(name, patient).best[0] for patient in (nobody, alone)] == [0, 0]


def test_visits_without_any_lesion_are_stable():
    assert words(NAME, scans([0, 56])) == ["baseline", "SD"]
    assert words("rano-bm", scans([0, 56])) == ["baseline", "SD"]


def test_every_threshold_and_option_names_a_source_and_says_whether_it_was_read():
    for rule in RULES.values():
        assert "retrieved" in rule.source or "unconfirmed" in rule.source, rule.name
    for name, choice in CRITERION.choices.items():
        assert choice.source, name


def test_an_option_that_does_not_exist_is_refused_by_name():
    with pytest.raises(InputError, match="physiologic_steroid"):
        criteria.get(NAME).judge(scans([0, 56], areas(1000, 500)), {"physiological_steroid": 1})
