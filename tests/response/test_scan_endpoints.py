"""Rows of progression-free, event-free, relapse-free and overall survival and of response duration, from judged scans."""

from dataclasses import replace

import numpy as np
import pytest

from remission.response.judged import Best, Judged, Response
from remission.response.scan_endpoints import CHOICES, DEFINITIONS, adequate_days, endpoints_of
from remission.response.scans import Patients, Scans, Status

NO = np.nan
CODES = {"NE": Response.NE, "SD": Response.SD, "PR": Response.PR, "CR": Response.CR, "PD": Response.PD, "0": Response.BASELINE}


def patient(visits, death=NO, last_contact=NO, new_therapy=NO, **days):
    """One patient: `visits` is day -> overall response, the baseline written "0"; `days` are days of the best response."""
    day = np.array([list(visits)], dtype=float)
    overall = np.array([[CODES[word] for word in visits.values()]], dtype=np.int8)
    people = Patients.numbered(1, death=death, last_contact=last_contact, new_therapy=new_therapy)
    scans = Scans.of_sizes(day, np.ones((1, day.size)), patients=people)
    none = np.full(day.shape, np.nan)
    judged = Judged(
        scans.baseline, none, none, overall, overall, np.zeros(day.shape, bool), overall, np.zeros(day.shape, np.int16), ("",), {}
    )

    def first(*words):
        found = [when for when, word in visits.items() if word in words]
        return float(found[0]) if found else NO

    whole = {
        "response_day": first("PR", "CR"),
        "confirmed_response_day": NO,
        "complete_day": first("CR"),
        "progression_day": first("PD"),
        "last_adequate_day": NO,
        "best_change": NO,
    } | days
    code = np.array([Response.NE], dtype=np.int8)
    return scans, judged, Best(code, code, **{name: np.array([value], dtype=float) for name, value in whole.items()})


def row(endpoint, visits, options=None, criterion="recist1.1", **days):
    rows = endpoints_of(*patient(visits, **days), options, criterion)[endpoint]
    assert rows.index.tolist() in ([0], [])
    return (float(rows.days[0]), bool(rows.event[0]), str(rows.reason[0])) if rows.index.size else None


def test_a_response_lasts_from_its_first_scan_to_progression():
    visits = {-3: "0", 56: "PR", 84: "PR", 252: "PD"}
    assert row("dor", visits, {"visit_interval": 84.0}) == (196, True, "progression")
    assert row("pfs", visits, {"visit_interval": 84.0}) == (252, True, "progression")


@pytest.mark.parametrize(
    ("visits", "days", "fda", "ema"),
    [
        (
            {0: "0", 56: "SD", 112: "SD", 168: "NE", 280: "PD"},
            {},
            (112, False, "missed visits"),
            (280, True, "progression"),
        ),
        ({0: "0", 56: "SD", 112: "SD", 224: "PD"}, {}, (224, True, "progression"), (224, True, "progression")),
        ({0: "0", 112: "SD", 168: "PD"}, {"new_therapy": 130}, (112, False, "new therapy"), (168, True, "progression")),
        ({0: "0", 56: "SD", 112: "SD"}, {"death": 150}, (150, True, "death"), (150, True, "death")),
        ({0: "0", 56: "SD", 112: "SD"}, {"death": 400}, (112, False, "missed visits"), (400, True, "death")),
        ({0: "0", 56: "NE", 112: "NE"}, {}, (0, False, "no assessment"), (0, False, "no assessment")),
        ({0: "0"}, {"death": 40}, (40, True, "death"), (40, True, "death")),
        ({0: "0", 56: "SD", 112: "NE"}, {}, (56, False, "last assessment"), (56, False, "last assessment")),
    ],
    ids=[
        "example 40",
        "example 41",
        "example 42",
        "example 43, death soon",
        "example 43, death late",
        "no scan could be judged",
        "death before the first scan",
        "the last scan could not be judged",
    ],
)
def test_progression_free_survival_by_rule_set(visits, days, fda, ema):
    assert row("pfs", visits, **days) == fda
    assert row("pfs", visits, {"censoring": "ema"}, **days) == ema


def test_a_death_without_progression_censors_the_time_to_progression():
    visits = {0: "0", 56: "SD", 112: "SD"}
    assert row("ttp", visits, death=150) == (150, False, "death")
    assert row("ttp", visits, {"ttp_death": "assessment"}, death=150) == (112, False, "death")
    assert row("ttp", visits, death=400) == (112, False, "missed visits")
    assert row("ttp", visits | {168: "PD"}, death=170) == (168, True, "progression")


def test_only_confirmed_responses_last_where_confirmation_is_asked_for():
    visits = {0: "0", 56: "PR", 112: "SD", 168: "PR", 224: "PR", 280: "PD"}
    assert row("dor", visits, confirmed_response_day=168) == (224, True, "progression")
    assert row("dor", visits, {"confirmed": True}, confirmed_response_day=168) == (112, True, "progression")
    assert row("dor", visits, {"confirmed": True}) is None


def test_who_never_responds_has_no_duration():
    assert row("dor", {0: "0", 56: "SD", 112: "PD"}) is None
    assert row("rfs", {0: "0", 56: "PR", 112: "PD"}) is None


def test_overall_survival_ends_with_death_or_the_last_contact():
    visits = {0: "0", 56: "SD", 112: "PD"}
    assert row("os", visits, death=400, last_contact=400) == (400, True, "death")
    assert row("os", visits, last_contact=300) == (300, False, "last contact")
    assert row("os", visits) == (112, False, "last visit")


def test_a_response_under_another_therapy_lasts_no_time_by_the_fda_rules():
    visits = {0: "0", 56: "SD", 112: "PR", 168: "PD"}
    assert row("dor", visits, new_therapy=60) == (0, False, "new therapy")
    assert row("dor", visits, {"censoring": "ema"}, new_therapy=60) == (56, True, "progression")


def test_relapse_free_survival_starts_with_the_complete_response_and_in_leukemia_with_any_remission():
    visits = {0: "0", 56: "PR", 112: "CR", 168: "CR", 224: "PD"}
    assert row("rfs", visits) == (112, True, "progression")
    assert row("rfs", visits, criterion="leukemia") == (168, True, "relapse")


def test_leukemia_that_is_not_in_remission_by_the_landmark_fails_at_time_zero():
    visits = {0: "0", 28: "SD", 90: "SD", 120: "SD"}
    assert row("efs", visits, criterion="leukemia") == (0, True, "no response")
    assert row("efs", visits, {"efs_failure_day": "assessment"}, criterion="leukemia") == (90, True, "no response")
    assert row("efs", visits, {"efs_response_by": 0.0}, criterion="leukemia") == (120, False, "last assessment")
    assert row("efs", visits) == (120, False, "last assessment")


def test_leukemia_not_looked_at_by_the_landmark_has_not_failed_yet():
    assert row("efs", {0: "0", 28: "SD"}, criterion="leukemia") == (28, False, "last assessment")
    assert row("efs", {0: "0", 28: "CR", 120: "CR"}, criterion="leukemia") == (120, False, "last assessment")
    assert row("efs", {0: "0", 28: "SD"}, criterion="leukemia", death=50) == (50, True, "death")


def test_a_relapse_of_leukemia_counts_however_rare_the_visits_have_become():
    visits = {0: "0", 28: "CR", 56: "CR", 240: "PD"}
    assert row("dor", visits) == (28, False, "missed visits")
    assert row("dor", visits, criterion="leukemia") == (212, True, "relapse")
    assert row("efs", visits, criterion="leukemia", new_therapy=100) == (56, False, "new therapy")


def test_visits_without_marrow_are_adequate_where_the_criterion_says_so():
    scans, judged, best = patient({0: "0", 28: "CR", 56: "NE", 90: "NE"})
    looked = replace(judged, numbers={"adequate": np.array([[0.0, 1.0, 1.0, 0.0]])})
    np.testing.assert_array_equal(adequate_days(scans, looked), [[NO, 28, 56, NO]])
    assert endpoints_of(scans, looked, best)["pfs"].days[0] == 56


def test_another_therapy_is_an_event_where_the_protocol_says_so():
    visits = {0: "0", 56: "SD", 112: "SD", 168: "PD"}
    assert row("efs", visits, new_therapy=120) == (112, False, "new therapy")
    assert row("efs", visits, {"efs_new_therapy": True}, new_therapy=120) == (120, True, "new therapy")
    assert row("efs", visits, {"efs_new_therapy": True}, new_therapy=200) == (168, True, "progression")


def test_without_a_baseline_only_an_early_death_counts_under_the_fda_rules():
    visits = {0: "0", 56: "SD", 112: "PD"}
    for death, fda in ((NO, (0, False, "no baseline")), (100, (100, True, "death")), (300, (0, False, "no baseline"))):
        scans, judged, best = patient(visits, death=death)
        status = scans.status.copy()
        status[:, 0] = Status.NOT_EVALUABLE
        blind = replace(scans, status=status)
        found = endpoints_of(blind, judged, best)["pfs"]
        assert (found.days[0], found.event[0], found.reason[0]) == fda
        every = endpoints_of(blind, judged, best, {"censoring": "ema"})["pfs"]
        assert every.event[0]


def test_leukemia_needs_no_lesion_at_the_baseline():
    """Disease outside the marrow that nobody looked for at first does not hide what the marrow says."""
    scans, judged, best = patient({0: "0", 28: "CR", 200: "PD"})
    status = scans.status.copy()
    status[:, 0] = Status.NOT_EVALUABLE
    found = endpoints_of(replace(scans, status=status), judged, best, criterion_name="leukemia")["pfs"]
    assert (found.days[0], found.event[0], found.reason[0]) == (200, True, "relapse")


def test_visits_up_to_the_baseline_and_those_not_evaluable_are_no_assessments():
    scans, judged, _ = patient({-20: "SD", -3: "0", 56: "NE", 112: "SD"})
    np.testing.assert_array_equal(adequate_days(scans, judged), [[NO, NO, NO, 112]])


def test_every_endpoint_says_where_it_starts_what_ends_it_and_what_stops_the_watching():
    rows = endpoints_of(*patient({0: "0", 56: "CR"}))
    assert set(rows) == set(DEFINITIONS)
    assert all(one.title and one.start and one.events and one.censored for one in DEFINITIONS.values())
    assert CHOICES["censoring"].default == "fda"
