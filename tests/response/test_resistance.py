"""Resistance to checkpoint inhibitors after SITC: exposure, best response, time, and the weeks after stopping."""

from dataclasses import replace

import numpy as np
import pytest

from remission.response import resistance
from remission.response.line_of_therapy import line_of
from remission.response.refractory import CHOICES, classify
from remission.response.scans import Scans
from tests.response.one_line import CR, MONTH, NE, PD, PR, SD, UNCONFIRMED, WEEK, called, line, word

HALF_YEAR = 6 * MONTH


def grown(best, day, **dates):
    """A patient with a best response at 8 weeks and progression later (or progression alone)."""
    visits = {day: PD} if best == PD else {8 * WEEK: best, day: PD}
    return line(visits, **{"treatment_start": 0, **dates})


# worked example 45
@pytest.mark.parametrize(
    ("patient", "expected"),
    [
        (grown(PD, 8 * WEEK, cycles=3), "primary"),
        (grown(PR, 9 * MONTH, treatment_end=9 * MONTH), "secondary"),
        (grown(SD, 5 * MONTH), "primary"),
        (grown(SD, 7 * MONTH), "secondary"),
        (grown(PD, 5 * WEEK, cycles=1), "not evaluable"),
        (grown(CR, 24 * WEEK + 14 * WEEK, treatment_end=24 * WEEK), "late progression"),
    ],
    ids=["PD week 8 after 3 cycles", "PR then PD", "SD 5 months", "SD 7 months", "PD week 5 after 1 cycle", "CR, stop, PD 14 weeks later"],
)
def test_resistance_follows_exposure_best_response_and_time(patient, expected):
    assert word("sitc", patient) == expected


@pytest.mark.parametrize(("day", "expected"), [(182, "primary"), (HALF_YEAR, "secondary"), (183, "secondary")])
def test_six_months_exactly_of_stable_disease_are_secondary(day, expected):
    assert word("sitc", grown(SD, day)) == expected


@pytest.mark.parametrize(("choice", "expected"), [("primary", "primary"), ("secondary", "secondary")])
def test_a_responder_that_progresses_at_4_months_is_as_chosen(choice, expected):
    assert word("sitc", grown(PR, 4 * MONTH), early_responder=choice) == expected


def test_the_choice_for_early_responders_leaves_stable_disease_alone():
    assert word("sitc", grown(SD, 4 * MONTH), early_responder="secondary") == "primary"


def test_progression_at_the_first_scan_is_primary_however_late_the_scan():
    assert word("sitc", grown(PD, 8 * MONTH)) == "primary"


@pytest.mark.parametrize(("stop", "expected"), [(41, "not evaluable"), (42, "primary"), (43, "primary")])
def test_six_weeks_of_treatment_exactly_are_enough(stop, expected):
    assert word("sitc", grown(PD, 60, treatment_end=stop)) == expected


@pytest.mark.parametrize(("cycles", "expected"), [(1, "not evaluable"), (2, "primary"), (3, "primary")])
def test_two_cycles_are_enough_when_no_end_is_given_unconfirmed_rule(cycles, expected):
    assert word("sitc", grown(PD, 60, cycles=cycles)) == expected


def test_two_cycles_are_enough_though_the_last_dose_was_on_day_21_unconfirmed_rule():
    assert word("sitc", grown(PD, 45, cycles=2, treatment_end=21)) == "primary"


def test_one_cycle_of_six_weeks_is_enough():
    assert word("sitc", grown(PD, 56, cycles=1, treatment_end=42)) == "primary"


@pytest.mark.parametrize(
    ("exposure", "expected"), [("either", "primary"), ("both", "not evaluable"), ("weeks", "not evaluable"), ("cycles", "primary")]
)
def test_weeks_and_cycles_count_as_chosen(exposure, expected):
    assert word("sitc", grown(PD, 35, cycles=3, treatment_end=28), exposure=exposure) == expected


def test_cycles_alone_cannot_be_counted_where_none_are_given():
    assert word("sitc", grown(PD, 60), exposure="cycles") == "not evaluable"
    assert word("sitc", grown(PD, 60), exposure="both") == "primary"


def test_rapid_progression_needs_no_exposure():
    assert word("sitc", grown(PD, 20, cycles=1), rapid_progression=True) == "primary"


def test_exposure_counts_from_the_start_of_treatment_and_not_from_day_zero():
    assert word("sitc", grown(PD, 56, treatment_start=20)) == "not evaluable"


@pytest.mark.parametrize(("weeks", "expected"), [(11, "secondary"), (12, "secondary"), (13, "late progression")])
def test_progression_up_to_twelve_weeks_after_stopping_is_resistance(weeks, expected):
    assert word("sitc", grown(PR, 210 + weeks * WEEK, treatment_end=210)) == expected


def test_one_day_beyond_twelve_weeks_is_late():
    found, why = called("sitc", grown(SD, 210 + 85, treatment_end=210))
    assert found == "late progression"
    assert "85 days after treatment ended on day 210" in why


def test_stable_disease_that_grows_soon_after_an_early_stop_is_primary():
    assert word("sitc", grown(SD, 100, treatment_end=63)) == "primary"


def test_progression_long_after_a_stop_for_toxicity_within_six_weeks_is_not_evaluable():
    assert word("sitc", grown(SD, 200, treatment_end=21, cycles=1)) == "not evaluable"


@pytest.mark.parametrize(("asked", "expected"), [(False, "secondary"), (True, "not evaluable")])
def test_secondary_resistance_after_five_months_of_drug_is_as_chosen(asked, expected):
    assert word("sitc", grown(PR, 7 * MONTH, treatment_end=5 * MONTH), secondary_exposure=asked) == expected


def test_secondary_resistance_after_six_months_of_drug_exactly_needs_no_choice():
    assert word("sitc", grown(PR, 7 * MONTH, treatment_end=HALF_YEAR), secondary_exposure=True) == "secondary"


def test_without_progression_there_is_no_resistance():
    found, why = called("sitc", line({56: PR, 112: PR}, treatment_start=0))
    assert found == "not resistant"
    assert "day 112" in why


def test_without_a_visit_after_the_baseline_nothing_can_be_said():
    assert word("sitc", line({})) == "not evaluable"
    assert word("sitc", line({56: NE})) == "not evaluable"


def test_early_death_without_documented_progression_is_not_evaluable():
    found, why = called("sitc", line({56: SD}, death=90, treatment_start=0))
    assert found == "not evaluable"
    assert "death on day 90" in why


def test_death_before_the_first_scan_is_not_evaluable():
    found, why = called("sitc", line({}, death=30, treatment_start=0))
    assert (found, "death on day 30" in why) == ("not evaluable", True)


def test_death_in_a_response_beyond_six_months_is_not_resistance():
    found, why = called("sitc", line({56: CR, 300: CR}, death=320, treatment_start=0))
    assert found == "not resistant"
    assert "death on day 320" in why


def test_death_is_progression_when_chosen():
    patient = line({56: SD}, death=90, treatment_start=0)
    assert word("sitc", patient, death_as_progression=True) == "primary"


def test_death_after_progression_changes_nothing():
    assert word("sitc", grown(SD, 213, death=230)) == "secondary"


def test_progression_under_another_therapy_says_nothing():
    found, why = called("sitc", grown(SD, 213, new_therapy=150))
    assert found == "not evaluable"
    assert "day 150" in why


def test_a_new_therapy_on_the_day_of_progression_comes_after_it():
    assert word("sitc", grown(SD, 213, new_therapy=213)) == "secondary"


def test_a_response_to_the_next_therapy_is_not_one_of_this():
    assert word("sitc", line({56: PD, 120: PR}, best=PR, treatment_start=0, new_therapy=70)) == "primary"


@pytest.mark.parametrize("start", [56, 60])
def test_progression_before_the_drug_could_act_is_not_evaluable(start):
    found, why = called("sitc", grown(PD, 56, treatment_start=start))
    assert found == "not evaluable"
    assert "not after the start" in why


def test_missing_dates_are_said():
    found, why = called("sitc", line({56: PD}))
    assert found == "primary"
    assert "taken as day 0" in why
    assert "no end of treatment is given" in why


def test_given_dates_need_no_remark():
    _, why = called("sitc", grown(PD, 56, treatment_end=56))
    assert "is given" not in why


def test_the_reason_quotes_days_and_months():
    _, why = called("sitc", grown(SD, 152))
    assert "day 152" in why
    assert "5.0 months (152 days)" in why


@pytest.mark.parametrize(("later", "expected"), [(83, "not evaluable"), (84, "primary")])
def test_progression_must_be_confirmed_four_weeks_later_when_chosen(later, expected):
    patient = line({56: PD, later: PD}, treatment_start=0)
    assert word("sitc", patient, confirm_progression=True) == expected
    assert word("sitc", patient) == "primary"


def test_a_later_scan_that_shows_no_growth_confirms_nothing():
    scans, judged, best = line({56: PD, 112: PD}, treatment_start=0)
    calm = replace(judged, target=np.array([[NE, PD, SD]], dtype=np.int8))
    assert classify("sitc", scans, calm, best, {"confirm_progression": True}).word[0] == "not evaluable"


def test_a_new_lesion_that_stays_confirms_progression():
    scans, judged, best = line({56: PD, 112: PD}, treatment_start=0)
    spread = replace(judged, target=np.array([[NE, SD, SD]], dtype=np.int8), new=np.array([[False, True, True]]))
    found = classify("sitc", scans, spread, best, {"confirm_progression": True})
    assert (found.word[0], "confirmed on day 112" in found.why[0]) == ("primary", True)


def test_immune_progression_that_was_never_confirmed_is_not_evaluable():
    found, why = called("sitc", line({56: UNCONFIRMED}, treatment_start=0))
    assert found == "not evaluable"
    assert "never confirmed" in why


def test_immune_progression_that_only_persists_is_not_called_confirmed():
    persists = line({56: UNCONFIRMED, 84: UNCONFIRMED}, progression=56, treatment_start=0)
    assert "not confirmed by a later scan" in called("sitc", persists)[1]
    grows = line({56: UNCONFIRMED, 84: PD}, progression=56, treatment_start=0)
    assert "confirmed on day 84" in called("sitc", grows)[1]


def test_disease_seen_stable_too_early_for_a_best_response_says_nothing_of_resistance():
    found, why = called("sitc", line({35: SD}, best=NE, treatment_start=0))
    assert found == "not evaluable"
    assert "no best response" in why


# in combination with chemotherapy
@pytest.mark.parametrize("best", [PD, SD, PR, CR])
def test_with_chemotherapy_progression_by_six_months_is_primary_whatever_the_best_response(best):
    assert word("sitc_combination", grown(best, 5 * MONTH)) == "primary"


@pytest.mark.parametrize("best", [PD, SD, PR])
def test_with_chemotherapy_progression_after_six_months_is_secondary(best):
    assert word("sitc_combination", grown(best, 7 * MONTH)) == "secondary"


def test_with_chemotherapy_six_months_exactly_are_primary():
    assert word("sitc_combination", grown(PR, HALF_YEAR)) == "primary"
    assert word("sitc_combination", grown(PR, 183)) == "secondary"


def test_with_chemotherapy_secondary_resistance_needs_more_than_six_months_of_drug():
    assert word("sitc_combination", grown(PR, 7 * MONTH, treatment_end=HALF_YEAR)) == "not evaluable"
    assert word("sitc_combination", grown(PR, 7 * MONTH, treatment_end=HALF_YEAR + 1)) == "secondary"


def test_with_chemotherapy_no_scan_must_confirm():
    assert word("sitc_combination", grown(PD, 56), confirm_progression=True) == "primary"


def test_with_chemotherapy_five_weeks_are_too_brief_unless_progression_is_rapid():
    assert word("sitc_combination", grown(PD, 35)) == "not evaluable"
    assert word("sitc_combination", grown(PD, 35), rapid_progression=True) == "primary"


def test_a_changed_threshold_changes_the_class():
    rules = dict(resistance.RULES) | {"durable_months": replace(resistance.RULES["durable_months"], value=3.0)}
    scans, judged, best = grown(SD, 5 * MONTH)
    options = {name: choice.default for name, choice in CHOICES.items()}
    treated = line_of(scans, judged, best, wait=28, confirmed_response=False, death_is_progression=False)
    assert resistance.single_agent(treated, options, rules).word[0] == "secondary"


def test_a_patient_is_classed_the_same_alone_and_in_a_crowd():
    patients = [grown(PD, 56), grown(SD, 152), grown(SD, 213, treatment_end=210), grown(PR, 300, treatment_end=100), grown(CR, 400)]
    alone = [called("sitc", patient) for patient in patients]
    crowd = _together(patients)
    found = classify("sitc", *crowd)
    assert list(zip(found.word, found.why, strict=True)) == alone


def test_every_rule_of_the_table_has_a_source():
    assert all(rule.source and rule.meaning for rule in resistance.RULES.values())


def _together(patients):
    """Patients of one or two visits in one value, padded."""
    width = max(scans.day.shape[1] for scans, _, _ in patients)

    def rows(values, fill):
        return np.array([np.pad(row[0], (0, width - row.shape[1]), constant_values=fill) for row in values])

    people = patients[0][0].patients
    names = ("treatment_start", "treatment_end", "cycles", "new_therapy", "death")
    dates = {name: np.concatenate([getattr(scans.patients, name) for scans, _, _ in patients]) for name in names}
    day = rows([scans.day for scans, _, _ in patients], np.nan)
    scans = Scans.of_sizes(day, np.full(day.shape, 20.0), patients=type(people).numbered(len(patients), **dates))
    overall = rows([judged.overall for _, judged, _ in patients], -1)
    unknown, new = np.full(day.shape, np.nan), np.zeros(day.shape, dtype=bool)
    judged = replace(
        patients[0][1],
        baseline=scans.baseline,
        sum=unknown,
        nadir=unknown,
        target=overall,
        non_target=overall * 0 - 1,
        new=new,
        overall=overall,
    )
    best = replace(
        patients[0][2],
        **{name: np.concatenate([getattr(one, name) for _, _, one in patients]) for name in patients[0][2].__dataclass_fields__},
    )
    return scans, judged, best
