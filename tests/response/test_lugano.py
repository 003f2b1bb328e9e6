"""Lymphoma by the Lugano classification: PET scores, two axes on CT, spleen, and flare under immunotherapy."""

import numpy as np
import pytest

from remission.response.judged import Response
from remission.response.lugano import CHOICES, CRITERION
from remission.response.lugano_ct import RULES
from remission.response.lugano_words import SENTENCES, Why
from remission.response.scans import Patients, Scans, Status
from tests.response.blood_scans import EYE, EYE_NODE, GONE, GROWING, MASS, NEW, NODE, SMALL, THERE, UNSEEN, joined, scans
from tests.response.lymphoma_by_hand import judge_patient

DAYS = (0, 56, 112, 168, 224, 280)
NONE = np.nan


def judged(seen, **options):
    return CRITERION.judge(seen, options)[0]


def calls(seen, **options):
    """The overall responses after the baseline, in words."""
    return list(CRITERION.written(judged(seen, **options))[0, 1:])


def by_ct(*lesions, **rest):
    """Overall responses of one patient seen every 8 weeks on CT."""
    options = {name: rest.pop(name) for name in list(rest) if name in CHOICES}
    visits = len(lesions[0][1]) if lesions else len(rest["spleen_cm"])
    return calls(scans(DAYS[:visits], *lesions, **rest), **options)


def by_pet(*scores, lesions=(), **options):
    return calls(scans(DAYS[: len(scores)], *lesions, pet_score=scores), **options)


def sentence(seen, visit, **options):
    return judged(seen, **options).sentence(0, visit)


# ---- worked examples of the dossier -------------------------------------------------------------------------------------------
def test_example_32_two_nodes_shrink_by_54_percent_in_product():
    seen = scans(DAYS[:2], (NODE, [(40, 30), (25, 20)]), (NODE, [(20, 20), (15, 15)]))
    assert calls(seen) == ["PR"]
    np.testing.assert_array_equal(judged(seen).sum, [[1600, 725]])
    assert "725 mm2, -54.7 %" in sentence(seen, 1)
    assert "[L2]" in sentence(seen, 1)


def test_example_33_a_node_that_doubles_needs_5_mm_in_an_axis_as_well():
    assert by_ct((NODE, [(14, 10), (18, 14)])) == ["SD"]
    assert by_ct((NODE, [(14, 10), (20, 14)])) == ["PD"]


def test_example_34_a_spleen_of_15_cm_progresses_over_16():
    assert by_ct(spleen_cm=[15, 16.1]) == ["PD"]
    assert by_ct(spleen_cm=[15, 15.9]) == ["SD"]


def test_example_35_pet_by_score_and_new_lesions():
    mass = (MASS, [(80, 60), (40, 30)])
    assert by_pet(5, 3, lesions=[mass]) == ["CMR"]
    assert by_pet(5, 4, lesions=[mass]) == ["PMR"]
    assert by_pet(4, 4, lesions=[mass]) == ["NMR"]
    assert by_pet(4, 5, lesions=[mass, (NEW, [GONE, THERE])]) == ["PMD"]


# ---- PET ----------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("score", [1, 2, 3])
def test_a_score_of_up_to_3_is_a_complete_metabolic_response(score):
    assert by_pet(5, score) == ["CMR"]


def test_a_score_above_that_of_the_baseline_is_progression():
    assert by_pet(4, 5) == ["PMD"]
    assert by_pet(2, 4) == ["PMD"]


def test_uptake_seen_again_after_a_complete_metabolic_response_is_progression():
    assert by_pet(5, 2, 4) == ["CMR", "PMD"]
    assert "again after a complete metabolic response" in sentence(scans(DAYS[:3], pet_score=[5, 2, 4]), 2)


def test_a_protocol_may_compare_uptake_after_a_complete_response_with_the_baseline():
    assert by_pet(5, 2, 4, score_after_complete="compared") == ["CMR", "PMR"]


def test_uptake_that_rises_back_to_that_of_the_baseline_is_no_response_unless_the_lowest_score_is_the_reference():
    assert by_pet(5, 4, 5) == ["PMR", "NMR"]
    assert by_pet(5, 4, 5, pet_reference="lowest") == ["PMR", "PMD"]


def test_without_a_baseline_score_only_a_low_score_can_be_judged():
    assert by_pet(NONE, 3) == ["CMR"]
    assert by_pet(NONE, 4) == ["NE"]
    assert "none at baseline" in sentence(scans(DAYS[:2], pet_score=[NONE, 4]), 1)


def test_a_protocol_may_assume_a_score_at_baseline():
    assert by_pet(NONE, 4, baseline_score=5) == ["PMR"]


def test_without_a_baseline_score_ct_decides_where_it_can():
    assert by_pet(NONE, 4, lesions=[(MASS, [(40, 40), (20, 20)])]) == ["PR"]


def test_the_baseline_score_may_come_from_an_earlier_day_than_the_baseline_ct():
    seen = scans([-14, -3, 56], (MASS, [UNSEEN, (40, 40), (30, 30)]), pet_score=[5, NONE, 4])
    assert list(CRITERION.written(judged(seen))[0]) == ["NE", "baseline", "PMR"]


def test_visits_without_pet_are_judged_by_ct():
    mass = (MASS, [(40, 40), (20, 20), (20, 20)])
    assert by_pet(5, NONE, 3, lesions=[mass]) == ["PR", "CMR"]


def test_which_examination_decides_is_an_option():
    mass = (MASS, [(40, 40), (35, 35)])
    assert by_pet(5, 3, lesions=[mass]) == ["CMR"]
    assert by_pet(5, 3, lesions=[mass], decides="ct") == ["SD"]
    assert by_pet(5, 3, lesions=[mass], decides="worse") == ["SD"]
    assert by_pet(5, 5, lesions=[(MASS, [(40, 40), (20, 20)])], decides="worse") == ["NMR"]


def test_the_other_examination_decides_where_the_chosen_one_cannot():
    assert by_pet(5, 4, lesions=[(MASS, [(40, 40), UNSEEN])], decides="ct") == ["PMR"]


def test_growth_on_ct_of_what_still_takes_up_is_progression_and_of_what_does_not_is_not():
    mass = (MASS, [(20, 20), (30, 30)])
    assert by_pet(5, 5, lesions=[mass]) == ["PD"]
    assert by_pet(5, 5, lesions=[mass], ct_progression="ignored") == ["NMR"]
    assert by_pet(5, 3, lesions=[mass]) == ["CMR"]


def test_a_new_lesion_stays_progression_even_when_it_is_gone_later():
    assert by_pet(5, 4, 3, lesions=[(NEW, [GONE, THERE, GONE])]) == ["PMD", "PMD"]
    assert by_ct((MASS, [(40, 40), (20, 20), (10, 10)]), (NEW, [GONE, THERE, GONE])) == ["PD", "PD"]


def test_later_visits_repeat_progression_in_the_words_of_the_visit_that_found_it():
    assert by_pet(4, 5, NONE, lesions=[(MASS, [(40, 40), (40, 40), (10, 10)])]) == ["PMD", "PMD"]
    assert by_ct((MASS, [(20, 20), (30, 30), (5, 5)]), pet_score=[4, NONE, 2]) == ["PD", "PD"]


# ---- nodes and masses on CT ---------------------------------------------------------------------------------------------------
def test_half_the_sum_exactly_is_a_partial_response():
    assert by_ct((MASS, [(40, 30), (30, 20)])) == ["PR"]
    assert by_ct((MASS, [(40, 30), (30, 20.04)])) == ["SD"]


def test_decimals_do_not_lose_a_response_at_exactly_half():
    assert by_ct((MASS, [(33.3, 22.2), (33.3, 11.1)])) == ["PR"]


def test_nodes_of_15_mm_are_normal_whatever_their_sum():
    assert by_ct((NODE, [(16, 14), (15, 14)]), (NODE, [(18, 15), (15, 15)])) == ["CR"]
    assert by_ct((NODE, [(16, 14), (15.1, 14)])) == ["SD"]


def test_a_node_is_judged_by_its_longest_axis_in_whichever_column():
    assert by_ct((NODE, [(14, 25), (10, 15)])) == ["CR"]
    assert by_ct((NODE, [(14, 25), (10, 16)])) == ["PR"]


def test_an_extranodal_target_must_go_altogether():
    assert by_ct((MASS, [(30, 30), GONE])) == ["CR"]
    assert by_ct((MASS, [(30, 30), (4, 4)])) == ["PR"]
    assert by_ct((MASS, [(30, 30), SMALL])) == ["PR"]


def test_a_target_too_small_to_measure_counts_5_by_5():
    seen = scans(DAYS[:2], (MASS, [(30, 30), SMALL]), (NODE, [(20, 20), SMALL]))
    np.testing.assert_array_equal(judged(seen).sum, [[1300, 50]])
    np.testing.assert_array_equal(judged(seen, too_small=4).sum, [[1300, 32]])


def test_a_sum_with_a_missing_target_is_not_evaluable():
    nodes = (NODE, [(40, 30), (20, 20)]), (NODE, [(20, 20), UNSEEN])
    assert by_ct(*nodes) == ["NE"]
    assert np.isnan(judged(scans(DAYS[:2], *nodes)).sum[0, 1])


def test_a_missing_target_does_not_hide_the_progression_of_another():
    assert by_ct((NODE, [(16, 16), (24, 20)]), (NODE, [(20, 20), UNSEEN])) == ["PD"]


def test_a_target_with_one_axis_is_not_evaluable_unless_taken_as_round():
    assert by_ct((MASS, [40, 20])) == ["NE"]
    assert by_ct((MASS, [40, 20]), single_axis="round") == ["PR"]


def test_a_lesion_is_compared_with_its_own_lowest_not_with_the_sum():
    assert by_ct((NODE, [(30, 30), (20, 20), (26, 24)]), (NODE, [(60, 60), (50, 50), (20, 20)])) == ["SD", "PD"]


def test_half_more_exactly_is_progression():
    assert by_ct((NODE, [(20, 20), (30, 20)])) == ["PD"]
    assert by_ct((NODE, [(20, 20), (29.9, 20)])) == ["SD"]


def test_five_millimeters_exactly_are_enough_for_a_small_lesion():
    assert by_ct((NODE, [(16, 10), (21, 11.5)])) == ["PD"]
    assert by_ct((NODE, [(16, 10), (20.9, 14)])) == ["SD"]


def test_a_rise_of_the_shortest_axis_is_as_good():
    assert by_ct((NODE, [(19, 8), (20, 13)])) == ["PD"]


def test_a_lesion_over_20_mm_needs_10_mm():
    assert by_ct((NODE, [(21, 12), (30.9, 21.9)])) == ["SD"]
    assert by_ct((NODE, [(21, 12), (31, 20)])) == ["PD"]


def test_whether_20_mm_is_read_at_the_lowest_or_now_is_an_option():
    assert by_ct((NODE, [(18, 12), (24, 18)])) == ["PD"]
    assert by_ct((NODE, [(18, 12), (24, 18)]), lesion_size="current") == ["SD"]


def test_a_node_that_stays_at_15_mm_never_progresses():
    assert by_ct((NODE, [(9, 5), (15, 14)])) == ["CR"]
    assert by_ct((NODE, [(9, 5), (15.1, 14)])) == ["PD"]


def test_growth_of_an_extranodal_target_needs_15_mm_unless_the_protocol_says_10():
    assert by_ct((MASS, [(8, 8), (14, 14)])) == ["SD"]
    assert by_ct((MASS, [(8, 8), (14, 14)]), extranodal_progression=10) == ["PD"]


def test_a_target_that_returns_over_the_size_of_a_new_one_is_progression():
    assert by_ct((MASS, [(30, 30), GONE, (11, 6)])) == ["CR", "PD"]
    assert by_ct((MASS, [(30, 30), GONE, (10, 6)])) == ["CR", "PR"]
    assert by_ct((NODE, [(30, 30), GONE, (15, 6)])) == ["CR", "CR"]
    assert by_ct((MASS, [(30, 30), GONE, (9, 6)]), regrowth="any") == ["CR", "PD"]


def test_the_pieces_of_a_mass_that_splits_are_no_growth():
    whole, piece = (MASS, [(60, 50), GONE, GONE]), (MASS, [GONE, (30, 30), (30, 30)])
    assert by_ct(whole, piece, piece) == ["SD", "SD"]


def test_masses_that_merge_are_no_growth():
    parts, whole = (MASS, [(30, 20), GONE]), (MASS, [GONE, (50, 30)])
    assert by_ct(parts, parts, whole) == ["SD"]


def test_recorded_progression_of_a_lesion_followed_by_eye_is_progression():
    assert by_ct((NODE, [(30, 30), (10, 10)]), (EYE, [THERE, GROWING])) == ["PD"]


def test_disease_left_by_eye_makes_a_complete_response_partial():
    nodes = (NODE, [(30, 30), (10, 10)])
    assert by_ct(nodes, (EYE, [THERE, THERE])) == ["PR"]
    assert by_ct(nodes, (EYE, [THERE, UNSEEN])) == ["PR"]
    assert by_ct(nodes, (EYE, [THERE, GONE])) == ["CR"]


def test_a_node_followed_by_eye_is_normal_up_to_15_mm():
    assert by_ct((NODE, [(30, 30), GONE]), (EYE_NODE, [(14, 12), (15, 10)])) == ["CR"]
    assert by_ct((NODE, [(30, 30), GONE]), (EYE_NODE, [(14, 12), (16, 10)])) == ["PR"]


def test_without_targets_disease_by_eye_decides():
    assert by_ct((EYE, [THERE, THERE, GONE, UNSEEN])) == ["SD", "CR", "NE"]


def test_a_measured_new_lesion_may_have_to_exceed_a_size():
    seen = (NODE, [(30, 30), (25, 25), (25, 25)]), (NEW, [GONE, (12, 8), (16, 8)])
    assert by_ct(*seen) == ["PD", "PD"]
    assert by_ct(*seen, new_lesion=15) == ["SD", "PD"]
    assert by_ct((NODE, [(30, 30), (25, 25)]), (NEW, [GONE, THERE]), new_lesion=15) == ["PD"]


# ---- spleen -------------------------------------------------------------------------------------------------------------------
def test_a_spleen_that_grows_by_exactly_half_of_its_excess_is_stable():
    assert by_ct(spleen_cm=[15, 16.0]) == ["SD"]
    assert by_ct(spleen_cm=[15, 16.0], normal_spleen=12.9) == ["SD"]
    assert by_ct(spleen_cm=[15, 16.0], normal_spleen=13.1) == ["PD"]


def test_an_enlarged_spleen_must_lose_more_than_half_of_its_excess():
    node = (NODE, [(40, 30), (25, 20)])
    assert by_ct(node, spleen_cm=[17, 14.9]) == ["PR"]
    assert by_ct(node, spleen_cm=[17, 15.0]) == ["SD"]


def test_a_complete_response_needs_a_normal_spleen():
    node = (NODE, [(40, 30), (10, 10)])
    assert by_ct(node, spleen_cm=[17, 13.0]) == ["CR"]
    assert by_ct(node, spleen_cm=[17, 13.1]) == ["PR"]
    assert by_ct(node, spleen_cm=[17, NONE]) == ["PR"]
    assert by_ct(node, spleen_cm=[12, 12.5]) == ["CR"]


def test_a_normal_spleen_that_grows_by_2_cm_over_normal_is_progression():
    assert by_ct(spleen_cm=[12, 14.0], lesion_size="lowest") == ["PD"]
    assert by_ct((NODE, [(40, 30), (40, 30)]), spleen_cm=[12, 13.9]) == ["SD"]
    assert by_ct((NODE, [(40, 30), (40, 30)]), spleen_cm=[10, 12.5]) == ["SD"]


def test_splenomegaly_that_comes_back_is_progression():
    assert by_ct(spleen_cm=[15, 12.5, 14.4]) == ["CR", "SD"]
    assert by_ct(spleen_cm=[15, 12.5, 14.5]) == ["CR", "PD"]


def test_whether_a_spleen_is_compared_with_its_baseline_or_its_lowest_is_an_option():
    assert by_ct(spleen_cm=[17, 15, 16.1]) == ["SD", "SD"]
    assert by_ct(spleen_cm=[17, 15, 16.1], spleen_reference="lowest") == ["SD", "PD"]


def test_a_spleen_first_measured_after_the_baseline_is_its_own_reference_from_then_on():
    assert by_ct((NODE, [(40, 30), (10, 10), (10, 10)]), spleen_cm=[NONE, NONE, 16]) == ["CR", "SD"]


# ---- best response ------------------------------------------------------------------------------------------------------------
def best_words(seen, **options):
    found, best = CRITERION.judge(seen, options)
    return CRITERION.written_best(found, best.best)[0], CRITERION.written_best(found, best.best_confirmed)[0], best


def test_a_complete_metabolic_response_stays_the_best_when_a_mass_is_left_on_ct():
    seen = scans(DAYS[:4], (MASS, [(40, 40), (30, 30), (30, 30), (50, 50)]), pet_score=[5, 3, NONE, NONE])
    word, _, best = best_words(seen)
    assert word == "CMR"
    assert best.response_day[0] == best.complete_day[0] == 56
    assert best.progression_day[0] == 168


def test_a_response_seen_again_after_four_weeks_is_confirmed():
    assert best_words(scans([0, 56, 84], pet_score=[5, 3, 2]))[:2] == ("CMR", "CMR")
    word, _, best = best_words(scans([0, 56, 83], pet_score=[5, 3, 2]))
    assert word == "CMR"
    assert best.best_confirmed[0] == Response.SD
    assert best_words(scans([0, 56, 83], pet_score=[5, 3, 2]), confirmation_days=27)[1] == "CMR"


def test_disease_that_neither_shrinks_nor_grows_is_stable_from_the_first_visit_unless_the_protocol_sets_a_time():
    seen = scans([0, 28], pet_score=[5, 5])
    assert best_words(seen)[0] == "NMR"
    assert best_words(seen, stable_days=42)[0] == "NE"


def test_progression_at_once_is_the_best_response():
    assert best_words(scans([0, 56], pet_score=[4, 5]))[0] == "PMD"


def test_the_best_change_is_that_of_the_sum_of_products():
    best = best_words(scans(DAYS[:3], (NODE, [(40, 30), (25, 20), (20, 20)])))[2]
    assert best.best_change[0] == pytest.approx(-100 * 800 / 1200)


# ---- flare under immunotherapy ------------------------------------------------------------------------------------------------
def lyric(*lesions, days=(0, 28, 56, 112), **rest):
    return calls(scans(days[: len(lesions[0][1])], *lesions, **rest), lyric=True)


def test_lyric_defers_an_early_rise_of_half_of_the_sum():
    grown = (NODE, [(20, 20), (28, 24), (28, 24)])
    assert by_ct(grown) == ["PD", "PD"]
    assert lyric(grown) == ["SD", "SD"]
    assert "IR1" in sentence(scans((0, 28, 56), grown), 1, lyric=True)


def test_lyric_does_not_defer_such_a_rise_after_12_weeks():
    grown = (NODE, [(20, 20), (28, 24)])
    assert lyric(grown, days=(0, 84)) == ["SD"]
    assert lyric(grown, days=(0, 85)) == ["PD"]


def test_lyric_counts_12_weeks_from_the_start_of_treatment():
    people = Patients.numbered(1, treatment_start=10.0)
    assert lyric((NODE, [(20, 20), (28, 24)]), days=(0, 94), patients=people) == ["SD"]


def test_lyric_defers_a_new_lesion_while_the_sum_does_not_rise_by_half():
    seen = (MASS, [(40, 40), (30, 30), (20, 20)]), (NEW, [GONE, (12, 10), GONE])
    assert lyric(*seen) == ["SD", "PR"]
    assert "IR2" in sentence(scans((0, 28, 56), *seen), 1, lyric=True)


def test_lyric_defers_more_uptake_without_growth():
    seen = scans((0, 28, 56), (MASS, [(40, 40), (38, 38), (38, 38)]), pet_score=[4, 5, 4])
    assert calls(seen, lyric=True) == ["NMR", "NMR"]
    assert "IR3" in sentence(seen, 1, lyric=True)


def test_lyric_forgets_a_flare_that_went_away():
    seen = scans((0, 28, 56, 84, 112), pet_score=[4, 5, 4, 5, 5])
    assert calls(seen, lyric=True) == ["NMR"] * 4
    seen = scans((0, 28, 56, 84), (NODE, [(20, 20), (28, 24), (20, 20), (34, 30)]))
    found, best = CRITERION.judge(seen, {"lyric": True})
    assert list(CRITERION.written(found)[0, 1:]) == ["SD", "SD", "SD"]
    assert np.isnan(best.progression_day[0])


def test_lyric_keeps_a_flare_over_a_visit_that_was_not_evaluable():
    seen = scans((0, 28, 56, 84), (NODE, [(20, 20), (28, 24), UNSEEN, (34, 30)]))
    found, best = CRITERION.judge(seen, {"lyric": True})
    assert list(CRITERION.written(found)[0, 1:]) == ["SD", "NE", "PD"]
    assert best.progression_day[0] == 28


def test_lyric_calls_clinical_decline_progression_at_once():
    assert lyric((NODE, [(20, 20), (28, 24)]), clinical=[0, 1]) == ["PD"]


def test_lyric_does_not_defer_a_growing_spleen():
    assert lyric((NODE, [(20, 20), (20, 20)]), spleen_cm=[15, 17]) == ["PD"]


def test_lyric_further_growth_confirms_and_dates_progression_back_unconfirmed_rule():
    seen = scans((0, 28, 56), (NODE, [(20, 20), (28, 24), (34, 30)]))
    found, best = CRITERION.judge(seen, {"lyric": True})
    assert list(CRITERION.written(found)[0]) == ["baseline", "SD", "PD"]
    assert best.progression_day[0] == 28
    assert "day 28" in found.sentence(0, 2)


def test_lyric_a_further_new_lesion_confirms_unconfirmed_rule():
    assert lyric((MASS, [(40, 40), (30, 30), (30, 30)]), (NEW, [GONE, THERE, THERE]), (NEW, [GONE, GONE, THERE])) == ["SD", "PD"]


# ---- what a statistician relies on --------------------------------------------------------------------------------------------
def test_every_rule_option_and_reason_says_what_it_is():
    assert all(rule.source and rule.meaning and rule.unit for rule in RULES.values())
    assert all(choice.source and choice.meaning for choice in CHOICES.values())
    assert set(SENTENCES) == set(Why)


def test_before_the_baseline_and_at_the_baseline_nothing_is_judged():
    found = judged(scans([-30, -2, 56], (NODE, [(20, 20), (30, 30), (30, 30)])))
    assert list(found.overall[0, :2]) == [Response.EARLIER, Response.BASELINE]
    assert found.sentence(0, 1) == "baseline: sum of products 900 mm2"


def test_a_patient_without_any_reading_is_not_evaluable():
    assert by_pet(NONE, NONE) == ["NE"]


def random_visits(rng, visits=6):
    """One patient for the slow judgement, drawn on a grid so that thresholds are hit."""
    kinds = list(rng.choice([NODE.text, MASS.text, EYE.text, EYE_NODE.text], size=rng.integers(0, 4)))
    kinds += [NEW.text] * int(rng.random() < 0.15)
    drawn, first = [], float(rng.choice([-20, 0, 5]))
    with_pet, with_spleen = rng.random() < 0.5, rng.random() < 0.5
    for visit in range(visits):
        lesions = {}
        for place, kind in enumerate(kinds):
            lesions[f"{kind} {place}"] = random_lesion(rng, kind, visit == 0)
        lesions = {name: lesion for name, lesion in lesions.items() if lesion is not None}
        drawn.append(
            {
                "day": first + 28.0 * visit,
                "lesions": lesions,
                "score": float(rng.integers(2, 6)) if with_pet and rng.random() < 0.7 else None,
                "spleen": float(rng.choice([12, 12.5, 13, 14, 15, 16, 16.1])) if with_spleen and rng.random() < 0.8 else None,
            }
        )
    return drawn


def random_lesion(rng, kind, first):
    size = sorted(rng.choice([8, 10, 12, 14, 15, 15.5, 18, 20, 21, 25, 30, 31.0], size=2))[::-1]
    if kind in (EYE.text, EYE_NODE.text):
        word = rng.choice(["present", "present", "present", "absent", "not_evaluable", "progression" if not first else "present"])
        if kind == EYE_NODE.text and rng.random() < 0.3:
            return kind, "measured", *size
        return kind, str(word), None, None
    if kind == NEW.text:
        return kind, "absent" if first or rng.random() < 0.8 else "present", None, None
    word = "measured" if first else str(rng.choice(["measured"] * 8 + ["too_small", "absent", "not_evaluable"]))
    return (kind, word, *size) if word == "measured" else (kind, word, None, None)


def as_scans(visits):
    names = list(visits[0]["lesions"])
    kinds = {one.text: one for one in (NODE, MASS, EYE, EYE_NODE, NEW)}
    statuses = {one.text: one for one in Status}

    def seen(lesion):
        _, status, long, short = lesion
        return (float(long), float(short)) if status == "measured" else statuses[status]

    lesions = [(kinds[visits[0]["lesions"][name][0]], [seen(visit["lesions"][name]) for visit in visits]) for name in names]
    lesions += [(-1, [UNSEEN] * len(visits))] * (5 - len(lesions))
    known = {key: [np.nan if visit[key] is None else visit[key] for visit in visits] for key in ("score", "spleen")}
    return scans([visit["day"] for visit in visits], *lesions, pet_score=known["score"], spleen_cm=known["spleen"])


@pytest.fixture(scope="module")
def crowd():
    rng = np.random.default_rng(2014)
    return [random_visits(rng) for _ in range(2500)]


def test_random_patients_are_judged_as_by_hand(crowd):
    found = CRITERION.written(judged(joined([as_scans(visits) for visits in crowd])))
    wrong = [
        (place, list(found[place]), hand) for place, visits in enumerate(crowd) if list(found[place]) != (hand := judge_patient(visits))
    ]
    assert not wrong, wrong[:3]
    assert {"CR", "PR", "SD", "PD", "NE", "CMR", "PMR", "NMR", "PMD"} <= set(found.ravel())


def test_a_patient_alone_is_judged_as_in_a_crowd(crowd):
    together = judged(joined([as_scans(visits) for visits in crowd[:50]]))
    for place, visits in enumerate(crowd[:50]):
        alone = judged(as_scans(visits))
        np.testing.assert_array_equal(alone.overall[0], together.overall[place])
        assert [alone.sentence(0, visit) for visit in range(6)] == [together.sentence(place, visit) for visit in range(6)]


@pytest.mark.parametrize("options", [{}, {"lyric": True}, {"decides": "worse", "pet_reference": "lowest", "spleen_reference": "lowest"}])
def test_a_later_visit_changes_no_earlier_one_and_progression_is_never_undone(crowd, options):
    every = joined([as_scans(visits) for visits in crowd])
    whole = judged(every, **options)
    for last in range(2, 6):
        cut = slice(None), slice(last)
        part = Scans(
            every.patients,
            every.day[cut],
            every.kind,
            every.status[cut],
            every.diameter[cut],
            every.perpendicular[cut],
            findings={name: values[cut] for name, values in every.findings.items()},
        )
        np.testing.assert_array_equal(judged(part, **options).overall, whole.overall[cut])
    progressed = np.logical_or.accumulate(whole.overall == Response.PD, axis=1)
    assert np.all(whole.overall[progressed] == Response.PD)


def test_no_sentence_quotes_an_unknown_number(crowd):
    for options in ({}, {"lyric": True}, {"decides": "worse"}):
        found = judged(joined([as_scans(visits) for visits in crowd]), **options)
        told = [found.sentence(patient, visit) for patient in range(0, len(crowd), 4) for visit in range(6)]
        assert not [one for one in told if "nan" in one or "inf" in one]
