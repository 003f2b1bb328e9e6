"""Times to an event in leukemia: what starts, ends and censors each endpoint."""

import numpy as np
import polars as pl
import pytest

from remission.errors import InputError
from remission.response.competing_risks import aalen_johansen, incidence_at
from remission.response.endpoints import ENDPOINTS, Options, Reason, competing_causes, time_to_event, time_to_event_table
from remission.response.records import Records

NEVER = np.nan


def patient(**days):
    """One patient infused on day 40, in remission from day 68, followed to day 1000 unless told otherwise."""
    return Records.of(
        {"infusion_day": [40.0], "response_day": [68.0], "last_contact_day": [1000.0], **{name: [day] for name, day in days.items()}}
    )


def row(records, param, **options):
    found = time_to_event(records, param, Options(**options))
    return float(found.days[0]), bool(found.event[0]), Reason(int(found.reason[0]))


@pytest.mark.parametrize(
    ("param", "days", "event", "reason"),
    [
        ("dor", 232, True, Reason.RELAPSE),
        ("rfs", 232, True, Reason.RELAPSE),
        ("efs", 260, True, Reason.RELAPSE),
        ("efs_itt", 300, True, Reason.RELAPSE),
        ("os", 460, True, Reason.LEUKEMIA_DEATH),
        ("os_itt", 500, True, Reason.LEUKEMIA_DEATH),
    ],
)
def test_relapse_on_day_300_and_death_on_500_are_counted_from_each_start(param, days, event, reason):
    records = patient(relapse_day=300, death_day=500, death_from_leukemia=True)
    assert row(records, param) == (days, event, reason)


def test_a_partial_response_on_day_56_lost_on_day_252_lasted_196_days():
    records = patient(enrollment_day=0, infusion_day=0, response_day=56, relapse_day=252)
    assert row(records, "dor")[0] == 196
    assert row(records, "efs")[0] == 252


def test_death_from_leukemia_ends_a_response_and_death_from_infection_censors_it():
    assert row(patient(death_day=200, death_cause="leukemia"), "dor") == (132, True, Reason.LEUKEMIA_DEATH)
    assert row(patient(death_day=200, death_cause="infection"), "dor") == (132, False, Reason.OTHER_DEATH)
    assert row(patient(death_day=200, death_cause="infection"), "rfs") == (132, True, Reason.OTHER_DEATH)


@pytest.mark.parametrize("key", ["dor", "rfs", "efs"])
def test_transplant_in_remission_censors_only_the_plain_key(key):
    records = patient(transplant_day=150, relapse_day=300)
    assert row(records, key)[1:] == (False, Reason.TRANSPLANT)
    assert row(records, f"{key}_with_transplant")[1:] == (True, Reason.RELAPSE)


def test_overall_survival_is_never_censored_at_transplant_or_new_therapy():
    records = patient(transplant_day=150, new_therapy_day=160, death_day=400)
    assert row(records, "os") == (360, True, Reason.OTHER_DEATH)


def test_transplant_after_relapse_or_before_remission_changes_nothing():
    assert row(patient(relapse_day=200, transplant_day=250), "efs")[2] == Reason.RELAPSE
    assert row(patient(transplant_day=50, relapse_day=200), "efs")[2] == Reason.RELAPSE


def test_relapse_on_the_day_of_transplant_is_an_event():
    assert row(patient(relapse_day=200, transplant_day=200), "rfs")[1:] == (True, Reason.RELAPSE)


def test_another_therapy_in_remission_censors_unless_it_is_ignored():
    records = patient(new_therapy_day=150, relapse_day=300)
    assert row(records, "rfs") == (82, False, Reason.NEW_THERAPY)
    assert row(records, "rfs", censor_at_new_therapy=False) == (232, True, Reason.RELAPSE)


def test_no_response_is_an_event_on_the_day_of_infusion_or_of_the_visit():
    records = patient(response_day=NEVER, no_response_day=68, death_day=400)
    assert row(records, "efs") == (0, True, Reason.NO_RESPONSE)
    assert row(records, "efs", no_response="assessment") == (28, True, Reason.NO_RESPONSE)


def test_who_could_not_be_judged_is_followed_to_death_or_last_contact():
    assert row(patient(response_day=NEVER, death_day=55), "efs") == (15, True, Reason.OTHER_DEATH)
    assert row(patient(response_day=NEVER, last_contact_day=60), "efs") == (20, False, Reason.END_OF_FOLLOW_UP)


def test_who_was_never_infused_counts_from_enrollment_only():
    records = patient(infusion_day=NEVER, response_day=NEVER, not_infused_day=30, death_day=90)
    assert time_to_event(records, "efs").days.size == 0
    assert time_to_event(records, "rfs").days.size == 0
    assert row(records, "efs_itt", no_response="assessment") == (30, True, Reason.NEVER_INFUSED)
    assert row(records, "os_itt") == (90, True, Reason.OTHER_DEATH)


def test_nothing_after_the_last_contact_is_seen():
    records = patient(relapse_day=300, death_day=500, last_contact_day=250)
    assert row(records, "rfs") == (182, False, Reason.END_OF_FOLLOW_UP)
    assert row(records, "os") == (210, False, Reason.END_OF_FOLLOW_UP)


def test_disease_endpoints_are_censored_at_the_last_look_at_the_disease():
    records = patient(last_assessment_day=900)
    assert row(records, "rfs") == (832, False, Reason.END_OF_FOLLOW_UP)
    assert row(records, "os")[0] == 960
    assert row(patient(last_assessment_day=400, death_day=410), "rfs") == (342, True, Reason.OTHER_DEATH)


def test_relapse_and_death_in_remission_compete():
    records = Records.of(
        {
            "infusion_day": 0.0,
            "response_day": 28.0,
            "relapse_day": [100, NEVER, NEVER, 300, NEVER],
            "relapse_cd19_negative": [1, -1, -1, 0, -1],
            "death_day": [200, 150, 180, NEVER, NEVER],
            "death_cause": ["leukemia", "infection", "leukemia", "", ""],
            "last_contact_day": np.full(5, 1000.0),
        }
    )
    rows = time_to_event(records, "rfs")
    np.testing.assert_array_equal(competing_causes(records, rows), [1, 2, 1, 1, 0])
    np.testing.assert_array_equal(competing_causes(records, rows, leukemia_death_is_relapse=False), [1, 2, 2, 1, 0])
    np.testing.assert_array_equal(competing_causes(records, rows, by_phenotype=True), [1, 2, 3, 3, 0])
    relapse = incidence_at(aalen_johansen(rows.days, competing_causes(records, rows)), 1, [500])[0]
    assert relapse.value == pytest.approx(0.6)


def test_records_come_from_a_table_or_a_structured_array_alike():
    table = pl.DataFrame({"patient": [7, 8], "arm": ["car_t", "car_t"], "infusion_day": [0.0, 0.0], "last_contact_day": [90.0, 80.0]})
    rows = table.to_numpy(structured=True)
    for records in (Records.of(table), Records.of(rows)):
        found = time_to_event(records, "os").table()
        assert found.columns == ["patient", "arm", "param", "days", "event", "reason"]
        assert found.rows() == [(7, "car_t", "os", 90.0, 0, "end of follow up"), (8, "car_t", "os", 80.0, 0, "end of follow up")]


def test_a_polars_null_is_a_day_on_which_nothing_happened():
    table = pl.DataFrame({"infusion_day": [0.0, 0.0], "death_day": [None, 50.0], "last_contact_day": [90.0, 90.0]})
    assert time_to_event(Records.of(table), "os").event.tolist() == [False, True]


def test_all_endpoints_stand_under_each_other_in_one_table():
    found = time_to_event_table(patient(relapse_day=300), list(ENDPOINTS))
    assert found["param"].to_list() == list(ENDPOINTS)
    assert (found["days"] >= 0).all()


def test_censoring_at_transplant_never_adds_an_event_or_a_day():
    generator = np.random.default_rng(4)
    day = {
        name: np.where(generator.random(500) < 0.6, generator.uniform(70, 900, 500), NEVER)
        for name in ("relapse_day", "death_day", "transplant_day")
    }
    records = Records.of({"infusion_day": 40.0, "response_day": 68.0, "last_contact_day": np.full(500, 700.0), **day})
    for key in ("dor", "rfs", "efs"):
        plain, whole = time_to_event(records, key), time_to_event(records, f"{key}_with_transplant")
        assert np.all(plain.days <= whole.days)
        assert np.all(~plain.event | whole.event)


def test_unknown_endpoints_and_options_and_missing_follow_up_are_refused():
    with pytest.raises(InputError, match="did you mean `rfs`"):
        time_to_event(patient(), "rfss")
    with pytest.raises(InputError, match="time_zero or assessment"):
        Options(no_response="later")
    with pytest.raises(InputError, match="last_contact_day"):
        Records.of({"infusion_day": [0.0]})


def test_columns_of_different_length_are_refused():
    with pytest.raises(InputError, match="death_day: the column differs in length"):
        Records.of({"last_contact_day": [1.0, 2.0, 3.0], "death_day": [1.0, 2.0]})
