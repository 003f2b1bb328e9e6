"""RANO 2.0: gliomas of every grade, edge by edge (Wen 2023)."""

import numpy as np
import pytest

from remission.response.rano_2 import CRITERION, RULES
from remission.response.scans import Scans
from tests.response.brain_scans import areas, best, last_word, new, other, scans, sentence, target, words

NAME = "rano2"


def after_radiation(days, *lesions, **found):
    """A patient whose radiation ended 28 days before the baseline."""
    return scans(days, *lesions, radiation_end=-28, **found)


def test_example_30_growth_8_weeks_after_radiation_is_preliminary_unconfirmed_rule():
    patient = after_radiation([0, 28], areas(1000, 1400))
    assert words(NAME, patient) == ["baseline", "SD"]
    assert sentence(NAME, patient) == (
        "preliminary PD: the SPD of 1400 mm2 is 40.0 % over the nadir of 1000 mm2, progression from 25 %; "
        "first seen on day 28, counts when a scan from day 56 on confirms it [G4]"
    )
    assert np.isnan(best(NAME, patient).progression_day[0])


def test_a_scan_four_weeks_later_confirms_it_and_dates_it_back_unconfirmed_rule():
    patient = after_radiation([0, 28, 56], areas(1000, 1400, 1300))
    assert words(NAME, patient) == ["baseline", "SD", "PD"]
    assert "confirms the preliminary PD of day 28 [G4]" in sentence(NAME, patient)
    found = best(NAME, patient)
    assert (found.progression_day[0], found.best[0]) == (28, 1)


def test_a_scan_less_than_four_weeks_later_does_not_confirm_unconfirmed_rule():
    patient = after_radiation([0, 20, 47], areas(1000, 1400, 1400))
    assert words(NAME, patient) == ["baseline", "SD", "SD"]
    assert words(NAME, patient, progression_confirmation_days=27) == ["baseline", "SD", "PD"]


def test_growth_that_has_gone_at_the_next_scan_was_no_progression_unconfirmed_rule():
    patient = after_radiation([0, 28, 56, 84], areas(1000, 1400, 1200, 450))
    assert words(NAME, patient) == ["baseline", "SD", "SD", "PR"]
    assert sentence(NAME, patient, 2).endswith("the preliminary PD of day 28 was not confirmed")
    assert "not confirmed" not in sentence(NAME, patient, 3)
    assert np.isnan(best(NAME, patient).progression_day[0])


def test_a_scan_that_could_not_be_judged_leaves_it_preliminary_unconfirmed_rule():
    patient = after_radiation([0, 28, 42, 56], target((40, 25), (56, 25), "ne", (56, 25)))
    assert words(NAME, patient) == ["baseline", "SD", "NE", "PD"]
    assert best(NAME, patient).progression_day[0] == 28


def test_growth_that_left_and_came_back_begins_anew_unconfirmed_rule():
    patient = after_radiation([0, 7, 21, 35, 54], areas(1000, 1400, 1000, 1400, 1400))
    assert words(NAME, patient) == ["baseline", "SD", "SD", "SD", "SD"]
    assert "first seen on day 35" in sentence(NAME, patient)


def test_twelve_weeks_after_radiation_progression_counts_at_once_unconfirmed_rule():
    assert words(NAME, after_radiation([0, 56], areas(1000, 1250))) == ["baseline", "PD"]
    assert words(NAME, after_radiation([0, 55.9], areas(1000, 1250))) == ["baseline", "SD"]


def test_growth_seen_early_and_again_after_twelve_weeks_dates_from_the_first_scan_unconfirmed_rule():
    patient = after_radiation([0, 42, 60], areas(1000, 1400, 1400))
    assert words(NAME, patient) == ["baseline", "SD", "PD"]
    assert best(NAME, patient).progression_day[0] == 42


def test_without_radiation_progression_counts_at_once():
    assert words(NAME, scans([0, 56], areas(1000, 1250))) == ["baseline", "PD"]


def test_a_protocol_may_confirm_always_or_never_unconfirmed_rule():
    late = scans([0, 200, 228], areas(1000, 1300, 1300))
    assert words(NAME, late, confirmation_of_progression="always") == ["baseline", "SD", "PD"]
    assert best(NAME, late, confirmation_of_progression="always").progression_day[0] == 200
    assert words(NAME, after_radiation([0, 28], areas(1000, 1300)), confirmation_of_progression="never") == ["baseline", "PD"]


def test_confirmation_may_ask_for_as_much_growth_again_unconfirmed_rule():
    still = after_radiation([0, 20, 50], areas(1000, 1400, 1700))
    more = after_radiation([0, 20, 50], areas(1000, 1400, 1750))
    assert words(NAME, still, confirmed_by="growth") == ["baseline", "SD", "SD"]
    assert words(NAME, more, confirmed_by="growth") == ["baseline", "SD", "PD"]


def test_early_decline_and_new_lesions_are_preliminary_too_unconfirmed_rule():
    decline = after_radiation([0, 28], areas(1000, 1000), clinical=[0, 1])
    lesion = after_radiation([0, 28], areas(1000, 1000), new("absent", "present"))
    for patient in (decline, lesion):
        assert words(NAME, patient) == ["baseline", "SD"]
        assert sentence(NAME, patient).startswith("preliminary PD: ")
    assert last_word(NAME, lesion, early_new_lesion="outside") == "PD"


def test_a_preliminary_progression_without_a_later_scan_counts_if_the_protocol_says_so_unconfirmed_rule():
    patient = after_radiation([0, 28], areas(1000, 1400))
    found = best(NAME, patient, unconfirmed_last="progression")
    assert (found.progression_day[0], found.best[0]) == (28, 1)
    assert words(NAME, patient, unconfirmed_last="progression") == ["baseline", "SD"]
    refuted = after_radiation([0, 28, 56], areas(1000, 1400, 1000))
    assert np.isnan(best(NAME, refuted, unconfirmed_last="progression").progression_day[0])


def test_a_response_before_a_confirmed_preliminary_progression_is_kept_unconfirmed_rule():
    patient = scans([0, 56, 112, 140], areas(1000, 400, 600, 600), radiation_end=90)
    assert words(NAME, patient) == ["baseline", "PR", "SD", "PD"]
    found = best(NAME, patient)
    assert (found.best[0], found.progression_day[0], found.response_day[0]) == (5, 112, 56)


@pytest.mark.parametrize(("now", "word"), [(500, "PR"), (500.1, "SD"), (1249.9, "SD"), (1250, "PD")])
def test_products_fall_by_half_or_rise_by_a_quarter(now, word):
    assert last_word(NAME, scans([0, 56], areas(1000, now))) == word


@pytest.mark.parametrize(("scale", "word"), [(0.35, "PR"), (0.3501, "SD"), (1.3999, "SD"), (1.4, "PD")])
def test_volumes_fall_by_65_percent_or_rise_by_40(scale, word):
    side = 20 * scale ** (1 / 3)
    assert last_word(NAME, scans([0, 56], target((20, 20), (side, side))), dimension="3d") == word


def test_the_volume_is_that_of_the_spheroid_on_both_diameters():
    judged, _ = CRITERION.judge(scans([0, 56], target((30, 20), (20, 30))), {"dimension": "3d"})
    assert judged.sum[0] == pytest.approx([np.pi / 6 * 30 * 400] * 2)
    assert judged.unit == "mm3"


@pytest.mark.parametrize(("now", "word"), [(14, "PR"), (14.1, "SD"), (23.9, "SD"), (24, "PD")])
def test_diameters_alone_fall_by_30_percent_or_rise_by_20_unconfirmed_rule(now, word):
    assert last_word(NAME, scans([0, 56], target(20, now)), dimension="1d") == word


def test_diameters_alone_are_not_evaluable_as_products():
    patient = scans([0, 56], target(20, 14))
    assert words(NAME, patient) == ["baseline", "NE"]
    assert "no perpendicular diameter" in sentence(NAME, patient)
    assert "no perpendicular diameter" in sentence(NAME, patient, 0)


def test_simulated_round_lesions_read_the_same_in_two_and_three_dimensions_at_matching_changes():
    simulated = Scans.of_sizes([0, 56], np.array([[20.0, 14.0], [20.0, 22.5]]))
    for dimension in ("2d", "3d"):
        judged, _ = CRITERION.judge(simulated, {"dimension": dimension, "missing_perpendicular": "round"})
        assert list(CRITERION.written(judged)[:, 1]) == ["PR", "PD"]


def test_flair_is_not_read_in_a_tumor_that_enhances():
    assert last_word(NAME, scans([0, 56], areas(1000, 400), flair=[0, 1])) == "PR"
    patient = scans([0, 56], areas(1000, 400), flair=None)
    assert last_word(NAME, patient, missing_findings="not evaluable") == "PR"
    assert "FLAIR" not in sentence(NAME, patient)


@pytest.mark.parametrize("tumor", ["non-enhancing", "mixed"])
def test_flair_counts_where_not_all_of_the_tumor_enhances(tumor):
    assert last_word(NAME, scans([0, 56], areas(1000, 1000), flair=[0, 1]), tumor=tumor) == "PD"
    assert last_word(NAME, scans([0, 56], areas(1000, 400), flair=None), tumor=tumor, missing_findings="not evaluable") == "NE"


@pytest.mark.parametrize(("now", "minor"), [(750, True), (750.1, False), (500.1, True)])
def test_a_minor_response_of_a_tumor_that_does_not_enhance_is_stable_with_its_own_sentence_unconfirmed_rule(now, minor):
    patient = scans([0, 56], areas(1000, now))
    assert last_word(NAME, patient, tumor="non-enhancing") == "SD"
    assert ("a minor response" in sentence(NAME, patient, tumor="non-enhancing")) is minor
    assert "a minor response" not in sentence(NAME, patient)


def test_steroids_bar_responses_and_are_no_progression():
    assert last_word(NAME, scans([0, 56], areas(1000, 0), steroid=[2, 2])) == "PR"
    assert last_word(NAME, scans([0, 56], areas(1000, 0), steroid=[2, 6])) == "SD"
    assert last_word(NAME, scans([0, 56], areas(1000, 0), steroid=[2, 0])) == "CR"
    assert last_word(NAME, scans([0, 56], areas(1000, 1000), steroid=[2, 6])) == "SD"
    assert last_word(NAME, scans([0, 56], areas(1000, 1000), steroid=[2, 6]), stable_on_more_steroid="NE") == "NE"


def test_on_immunotherapy_confirmation_takes_three_months_unconfirmed_rule():
    patient = scans([0, 56, 112, 140], areas(1000, 1300, 1300, 1300))
    assert words(NAME, patient, immunotherapy=True) == ["baseline", "SD", "SD", "PD"]
    assert best(NAME, patient, immunotherapy=True).progression_day[0] == 56


def test_on_immunotherapy_decline_while_waiting_is_progression_from_the_first_scan_unconfirmed_rule():
    patient = scans([0, 56, 84], areas(1000, 1300, 1300), clinical=[0, 0, 1])
    assert words(NAME, patient, immunotherapy=True) == ["baseline", "SD", "PD"]
    assert best(NAME, patient, immunotherapy=True).progression_day[0] == 56


def test_lesions_that_are_not_targets_can_progress():
    assert last_word(NAME, scans([0, 56], areas(1000, 1000), other("present", "growing"))) == "PD"
    assert last_word(NAME, scans([0, 56], areas(1000, 0), other("present", "present"))) == "PR"


def test_every_dimension_has_its_thresholds_and_each_names_a_source():
    for end in ("1d", "2d", "3d"):
        assert {f"partial_response_{end}", f"progression_{end}"} <= set(RULES)
    for rule in RULES.values():
        assert "retrieved" in rule.source or "unconfirmed" in rule.source, rule.name
