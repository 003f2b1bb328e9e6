"""Acute leukemia from a spreadsheet: remissions by marrow and counts, residual disease, relapse, best response."""

from dataclasses import replace

import numpy as np
import pytest

from remission.response import criteria, leukemia
from remission.response.judged import Response
from remission.response.leukemia import judge_visits
from remission.response.leukemia_visits import CHOICES, CRITERION, RULES
from remission.response.leukemia_words import RESIDUAL, SENTENCES, Residual, Why
from remission.response.scans import Kind, Patients, Scans
from tests.response.blood_scans import EYE, GONE, NEW, THERE, UNSEEN, joined, scans

NOT_DONE = np.nan


def patient(*visits, days=None, lesions=(), mrd=None):
    """A patient: baseline with 60 % blasts, then marrow blasts (percent), neutrophils and platelets at each visit, every 28 days."""
    blasts, anc, platelets = zip((60, 0.2, 20), *visits, strict=True)
    when = [28 * place for place in range(len(blasts))] if days is None else days
    known = {} if mrd is None else {"mrd": [0.6, *mrd]}
    return scans(when, *lesions, blasts=blasts, anc=anc, platelets=platelets, **known)


def calls(seen, **options):
    found = CRITERION.judge(seen, options)[0]
    return list(CRITERION.written(found)[0, 1:])


def best(seen, **options):
    return CRITERION.judge(seen, options)[1]


def words(seen, **options):
    found, reached = CRITERION.judge(seen, options)
    return CRITERION.written_best(found, reached.best)[0], CRITERION.written_best(found, reached.best_confirmed)[0]


def sentence(seen, visit, **options):
    return CRITERION.judge(seen, options)[0].sentence(0, visit)


FULL, EMPTY = (1.0, 1.2, 150), (30.0, 0.2, 20)
CLEAR = (NOT_DONE, 1.2, 150)


# ---- worked examples of the dossier -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("anc", "platelets", "word"), [(1.2, 110, "CR"), (0.7, 60, "CRh"), (0.4, 120, "CRi"), (0.4, 30, "MLFS"), (0.8, 120, "CRh")]
)
def test_examples_36_and_60_three_percent_blasts_in_myeloid_leukemia_by_the_counts(anc, platelets, word):
    assert calls(patient((3, anc, platelets)), disease="aml") == [word]


def test_example_37_45_of_500_000_cells_are_negative_yet_detectable_unconfirmed_rule():
    seen = patient(FULL, mrd=[45 / 500_000])
    found = CRITERION.judge(seen)[0]
    assert found.numbers["mrd_negative"][0, 1] == 1
    assert found.sentence(0, 1).endswith("MRD 9.0e-05: negative (under 1e-04), yet detectable [A2]")


# ---- remission ----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("anc", "platelets"), [(0.7, 60), (0.4, 120), (0.4, 30), (0.8, 120), (0.99, 100), (1.0, 99)])
def test_in_lymphoblastic_leukemia_every_remission_without_recovered_counts_is_a_cri(anc, platelets):
    assert calls(patient((3, anc, platelets))) == ["CRi"]


def test_counts_exactly_recovered_are_complete():
    assert calls(patient((4.9, 1.0, 100))) == ["CR"]


@pytest.mark.parametrize(("anc", "platelets", "word"), [(0.5, 50, "CRh"), (0.49, 100, "CRi"), (1.0, 49, "CRi"), (0.49, 99, "MLFS")])
def test_edges_of_partial_recovery_in_myeloid_leukemia(anc, platelets, word):
    assert calls(patient((0, anc, platelets)), disease="aml") == [word]


def test_five_percent_blasts_are_no_remission():
    assert calls(patient((5.0, 1.2, 150))) == ["no response"]
    assert calls(patient((4.99, 1.2, 150))) == ["CR"]


def test_the_sentence_gives_the_numbers_and_the_rule():
    told = sentence(patient((3, 0.7, 60)), 1, disease="aml")
    assert told == "3 % marrow blasts (under 5 %), neutrophils 0.7, platelets 60 (0.5 and 50 or more): remission, partial recovery [A1]"


def test_a_value_just_short_of_a_limit_is_not_written_as_the_limit():
    assert "4.96 % marrow blasts (under 5 %), neutrophils 0.999" in sentence(patient((4.96, 0.999, 150)), 1)


def test_without_counts_a_clean_marrow_is_not_evaluable():
    assert calls(patient((1, NOT_DONE, 150), (1, 1.2, NOT_DONE))) == ["NE", "NE"]
    assert "were not counted" in sentence(patient((1, NOT_DONE, 150)), 1)


def test_a_clean_marrow_at_the_baseline_is_no_remission_of_this_treatment():
    seen = scans([0, 28], blasts=[2, 10], anc=[1.2, 1.2], platelets=[150, 150])
    assert list(CRITERION.written(CRITERION.judge(seen)[0])[0]) == ["baseline", "no response"]


def test_blood_blasts_have_no_column_and_are_taken_as_none_unless_not_known():
    assert calls(patient(FULL), circulating_blasts="none") == ["CR"]
    assert calls(patient(FULL, EMPTY), circulating_blasts="unknown") == ["NE", "no response"]
    assert "blood blasts" in sentence(patient(FULL), 1, circulating_blasts="unknown")


# ---- extramedullary disease ---------------------------------------------------------------------------------------------------
def test_any_lesion_seen_is_disease_outside_the_marrow():
    assert calls(patient(FULL, lesions=[(EYE, [THERE, THERE])])) == ["no response"]
    assert calls(patient(FULL, lesions=[(EYE, [THERE, GONE])])) == ["CR"]


def test_a_lesion_nobody_looked_at_leaves_the_remission_open():
    seen = patient(FULL, lesions=[(EYE, [THERE, UNSEEN])])
    assert calls(seen) == ["NE"]
    assert calls(seen, unexamined_lesions="absent") == ["CR"]


def test_a_new_lesion_after_a_remission_is_a_relapse_and_was_not_missed_before():
    seen = patient(FULL, FULL, lesions=[(NEW, [UNSEEN, UNSEEN, THERE])])
    assert calls(seen) == ["CR", "relapse"]
    assert list(CRITERION.judge(seen)[0].new[0]) == [False, False, True]


# ---- relapse ------------------------------------------------------------------------------------------------------------------
def test_leukemia_after_a_remission_is_a_relapse_and_stays_one():
    seen = patient(FULL, EMPTY, FULL)
    assert calls(seen) == ["CR", "relapse", "relapse"]
    assert sentence(seen, 3) == "relapse on day 56"
    assert best(seen).progression_day[0] == 56


def test_leukemia_after_a_leukemia_free_state_is_no_relapse():
    assert calls(patient((1, 0.3, 20), EMPTY), disease="aml") == ["MLFS", "no response"]


def test_a_visit_without_marrow_is_not_evaluable_and_keeps_watching():
    seen = patient(FULL, CLEAR)
    assert calls(seen) == ["CR", "NE"]
    assert best(seen).last_adequate_day[0] == 56
    assert list(CRITERION.judge(seen)[0].numbers["adequate"][0]) == [0, 1, 1]


def test_blasts_outside_a_marrow_that_was_not_examined_are_a_relapse():
    assert calls(patient(FULL, CLEAR, lesions=[(EYE, [GONE, GONE, THERE])])) == ["CR", "relapse"]


# ---- residual disease ---------------------------------------------------------------------------------------------------------
def test_a_reading_at_the_limit_is_positive_unconfirmed_rule():
    found = CRITERION.judge(patient(FULL, FULL, mrd=[1e-4, 9.9e-5]))[0]
    np.testing.assert_array_equal(found.numbers["mrd_negative"][0], [NOT_DONE, 0, 1])


def test_the_limit_is_a_tenth_percent_in_myeloid_leukemia_unconfirmed_rule():
    found = CRITERION.judge(patient(FULL, mrd=[5e-4]), {"disease": "aml"})[0]
    assert found.numbers["mrd_negative"][0, 1] == 1


def test_a_protocol_may_set_its_limit_unconfirmed_rule():
    found = CRITERION.judge(patient(FULL, mrd=[5e-6]), {"mrd_limit": 1e-6, "mrd_events": 3e7})[0]
    assert found.numbers["mrd_negative"][0, 1] == 0


def test_too_few_cells_cannot_exclude_disease_at_the_limit_unconfirmed_rule():
    seen = patient(FULL, mrd=[0.0])
    assert np.isnan(CRITERION.judge(seen, {"mrd_events": 1e5})[0].numbers["mrd_negative"][0, 1])
    assert "too few cells" in sentence(seen, 1, mrd_events=1e5)


def test_a_tenfold_rise_seen_twice_is_a_relapse_of_residual_disease_unconfirmed_rule():
    seen = patient(FULL, FULL, FULL, mrd=[0.0, 4e-4, 5e-4])
    found = CRITERION.judge(seen)[0]
    np.testing.assert_array_equal(found.numbers["mrd_relapse"][0], [0, 0, 0, 1])
    assert calls(seen) == ["CR", "CR", "CR"]
    assert "relapse of residual disease" in found.sentence(0, 3)


def test_a_protocol_may_count_it_as_relapse_dated_to_the_first_reading_unconfirmed_rule():
    seen = patient(FULL, FULL, FULL, FULL, mrd=[0.0, 4e-4, 5e-4, 0.0])
    assert calls(seen, mrd_relapse="relapse") == ["CR", "CR", "relapse", "relapse"]
    assert best(seen, mrd_relapse="relapse").progression_day[0] == 56


@pytest.mark.parametrize(
    "readings",
    [[0.0, 4e-4, 0.0], [0.0, 3.9e-4, 5e-4], [2e-5, 9e-5, 9e-5], [1e-3, 5e-3, 9e-3]],
    ids=["not confirmed", "first rise under tenfold", "still negative", "rise under tenfold"],
)
def test_what_is_no_relapse_of_residual_disease_unconfirmed_rule(readings):
    assert not CRITERION.judge(patient(FULL, FULL, FULL, mrd=readings))[0].numbers["mrd_relapse"].any()


def test_a_missing_reading_between_does_not_break_confirmation_unconfirmed_rule():
    seen = patient(FULL, FULL, FULL, FULL, mrd=[0.0, 4e-4, NOT_DONE, 5e-4])
    np.testing.assert_array_equal(CRITERION.judge(seen)[0].numbers["mrd_relapse"][0], [0, 0, 0, 0, 1])


def test_residual_disease_before_a_remission_is_no_relapse_unconfirmed_rule():
    seen = patient((20, 1, 100), (20, 1, 100), (20, 1, 100), mrd=[1e-5, 0.2, 0.2])
    assert not CRITERION.judge(seen)[0].numbers["mrd_relapse"].any()


# ---- best response ------------------------------------------------------------------------------------------------------------
def test_a_cri_that_recovers_is_a_cr_dated_to_the_cri():
    reached = best(patient((1, 0.5, 60), FULL))
    assert reached.best[0] == Response.CR
    assert (reached.response_day[0], reached.complete_day[0]) == (28, 56)


def test_a_remission_is_confirmed_after_28_days_with_or_without_marrow():
    assert words(patient(FULL, CLEAR, days=[0, 28, 56])) == ("CR", "CR")
    assert words(patient(FULL, CLEAR, days=[0, 28, 55])) == ("CR", "NE")
    assert words(patient(FULL, CLEAR, days=[0, 28, 55]), confirmation_days=27) == ("CR", "CR")


def test_a_remission_lost_before_is_no_confirmed_response():
    seen = patient(FULL, EMPTY)
    assert words(seen) == ("CR", "no response")
    assert np.isnan(best(seen).confirmed_response_day[0])


def test_a_remission_first_seen_after_another_therapy_began_is_not_one_of_the_treatment_judged():
    seen = patient(EMPTY, FULL, FULL)
    seen = replace(seen, patients=Patients.numbered(1, new_therapy=40.0))
    assert words(seen) == ("no response", "no response")
    assert words(seen, under_new_therapy="counted") == ("CR", "CR")


def test_the_best_confirmed_remission_follows_eliana():
    seen = patient((1, 0.5, 60), FULL, CLEAR)
    reached = best(seen)
    assert reached.best_confirmed[0] == Response.CR
    assert reached.confirmed_response_day[0] == 28


def test_a_window_leaves_out_remissions_that_came_later():
    seen = patient(EMPTY, EMPTY, EMPTY, FULL)
    assert words(seen)[0] == "CR"
    assert words(seen, response_window=98.3125)[0] == "no response"


def test_a_leukemia_free_state_is_the_best_but_dates_no_response():
    reached = best(patient((1, 0.3, 20), EMPTY), disease="aml")
    assert reached.best[0] == reached.best_confirmed[0] == Response.MLFS
    assert np.isnan(reached.response_day[0])


def test_myeloid_remissions_are_ordered():
    assert words(patient((1, 0.3, 120), (1, 0.6, 60), (1, 0.3, 20)), disease="aml")[0] == "CRh"
    assert words(patient((1, 0.3, 120), (1, 0.3, 20)), disease="aml")[0] == "CRi"


def test_a_patient_never_examined_is_not_evaluable():
    assert words(patient((NOT_DONE, NOT_DONE, NOT_DONE))) == ("NE", "NE")


def test_the_burden_is_the_percentage_of_blasts():
    found, reached = CRITERION.judge(patient(FULL, EMPTY))
    assert found.unit == "%"
    np.testing.assert_array_equal(found.sum[0], [60, 1, 30])
    assert reached.best_change[0] == pytest.approx(100 * (1 - 60) / 60)


# ---- what a statistician relies on --------------------------------------------------------------------------------------------
def test_the_command_line_finds_the_criterion_by_name():
    assert criteria.get("leukemia") is CRITERION


def test_every_rule_option_and_reason_says_what_it_is():
    assert all(rule.source and rule.meaning and rule.unit for rule in RULES.values())
    assert all(choice.source and choice.meaning for choice in CHOICES.values())
    assert set(SENTENCES) == set(Why)
    assert set(RESIDUAL) == set(Residual)


@pytest.fixture(scope="module")
def crowd():
    rng = np.random.default_rng(2022)
    size, visits = 3000, 8
    blasts = rng.choice([0, 1, 4.9, 5, 6, 30, NOT_DONE], size=(size, visits))
    seen = np.where(rng.random((size, visits, 1)) < 0.05, THERE, np.where(rng.random((size, visits, 1)) < 0.9, GONE, UNSEEN))
    seen[:, :, :] = np.where(rng.random((size, 1, 1)) < 0.5, UNSEEN, seen)
    kind = np.where((seen == UNSEEN).all(axis=1), -1, Kind.NON_TARGET).astype(np.int8)
    findings = {
        "blasts": blasts,
        "anc": rng.choice([0.4, 0.5, 0.9, 1.0, 2, NOT_DONE], size=(size, visits)),
        "platelets": rng.choice([20.0, 50, 99, 100, 200, NOT_DONE], size=(size, visits)),
        "mrd": rng.choice([0, 1e-5, 1e-4, 1e-3, 1e-2, NOT_DONE], size=(size, visits)),
    }
    return Scans.of_sizes(np.arange(visits) * 28.0, np.full((size, visits), NOT_DONE), findings=findings), kind, seen.astype(np.int8)


def whole(crowd, visits=8, patients=slice(None)):
    base, kind, status = crowd
    cut = patients, slice(visits)
    return Scans(
        base.patients.some(patients),
        base.day[cut],
        kind[patients],
        status[cut],
        base.diameter[cut],
        findings={name: values[cut] for name, values in base.findings.items()},
    )


@pytest.mark.parametrize("disease", ["all", "aml"])
def test_visits_up_to_relapse_are_those_of_the_trial_rules(crowd, disease):
    seen = whole(crowd)
    found = CRITERION.judge(seen, {"disease": disease})[0]
    outside = np.where((seen.status == THERE).any(axis=2), 1.0, 0.0)
    outside[(seen.status == UNSEEN).all(axis=2) & (seen.kind >= 0).any(axis=1)[:, None]] = NOT_DONE
    myeloid = disease == "aml"
    values = [seen.findings[name][:, 1:] for name in ("anc", "platelets")]
    codes = judge_visits(
        seen.findings["blasts"][:, 1:] / 100, 0.0, outside[:, 1:], *values, partial_recovery=myeloid, leukemia_free_state=myeloid
    )
    names = {"NOT_EVALUABLE": "NE", "NO_RELAPSE": "NE", "RELAPSE": "relapse", "NO_RESPONSE": "no response", "CRI": "CRi", "CRH": "CRh"}
    expected = np.vectorize(lambda code: names.get(leukemia.Response(code).name, leukemia.Response(code).name))(codes)
    expected[np.logical_or.accumulate(codes == leukemia.Response.RELAPSE, axis=1)] = "relapse"
    np.testing.assert_array_equal(CRITERION.written(found)[:, 1:], expected)


@pytest.mark.parametrize("options", [{}, {"disease": "aml", "mrd_relapse": "relapse"}])
def test_a_later_visit_changes_no_earlier_one(crowd, options):
    every = CRITERION.judge(whole(crowd), options)[0]
    for visits in range(2, 8):
        np.testing.assert_array_equal(CRITERION.judge(whole(crowd, visits), options)[0].overall, every.overall[:, :visits])


def test_a_patient_alone_is_judged_as_in_a_crowd(crowd):
    together, reached = CRITERION.judge(whole(crowd), {"mrd_relapse": "relapse"}, piece=700)
    for place in range(0, 3000, 300):
        found, best_alone = CRITERION.judge(whole(crowd, patients=slice(place, place + 1)), {"mrd_relapse": "relapse"})
        np.testing.assert_array_equal(found.overall[0], together.overall[place])
        assert best_alone.best[0] == reached.best[place]
        np.testing.assert_equal(best_alone.progression_day[0], reached.progression_day[place])


def test_no_sentence_quotes_an_unknown_number(crowd):
    found = CRITERION.judge(whole(crowd), {"disease": "aml", "mrd_relapse": "relapse"})[0]
    told = [found.sentence(place, visit) for place in range(0, 3000, 7) for visit in range(8)]
    assert not [one for one in told if "nan" in one]


def test_several_patients_join():
    assert calls(joined([patient(FULL), patient(EMPTY)])) == ["CR"]
