"""Arms of the bundled trial, run in a few patients by the whole model."""

from dataclasses import replace

import numpy as np
import pytest

from remission.arm_run import flatten, joined, load_part, save_part
from remission.arms import BRIDGING, CELLS, run_arm, supplied
from remission.engine.layout import FAILURES, Status
from remission.model.regimen import Regimen
from remission.response.leukemia import Response
from remission.results.members import taken
from remission.scenario import ArmSpec
from tests.bundled_trial import OPTIONS, SEED, cohort, course, differing, made, plain_run, ran, scenario, study

ARMS = ("car_t", "car_t_without_lymphodepletion", "salvage_chemotherapy")


# ---- the same answer however it is computed


def test_an_arm_under_another_key_is_the_same_arm():
    assert differing(plain_run(), ran(key="again")) == []


def test_threads_and_chunks_do_not_matter():
    assert differing(plain_run(), ran(options=replace(OPTIONS, threads=1))) == []
    assert differing(plain_run(), ran(options=replace(OPTIONS, threads=2, chunk=3))) == []


def test_parts_put_together_are_the_whole():
    rows = np.arange(cohort().size)
    parts = [ran(patients=cohort().take(rows[first : first + 11])) for first in range(0, rows.size, 11)]
    assert differing(plain_run(), joined(parts)) == []


def test_the_order_of_patients_does_not_matter():
    order = np.random.default_rng(0).permutation(cohort().size)
    assert differing(taken(plain_run(), order), ran(patients=cohort().take(order))) == []


def test_a_patient_alone_is_the_same_patient():
    alone = ran(patients=cohort().take(np.array([7])))
    assert differing(taken(plain_run(), np.array([7])), alone) == []


def test_a_part_is_saved_and_read_back_to_the_bit(tmp_path):
    save_part(plain_run(), tmp_path / "part.npz")
    read = load_part(tmp_path / "part.npz", "car_t", plain_run().title, None)
    assert differing(plain_run(), read, leaving=()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["part.npz"]
    assert read.covariates.keys() == plain_run().covariates.keys()
    assert read.grades["crs"].keys() == plain_run().grades["crs"].keys()


# ---- arms of a counterfactual trial


def test_arms_have_the_same_patients_with_the_same_supply():
    one, other = plain_run("car_t"), plain_run("car_t_without_lymphodepletion")
    assert (one.records.patient == other.records.patient).all()
    both = one.treated & other.treated
    assert (one.records.infusion_day[both] == other.records.infusion_day[both]).all()
    assert (one.dose[both] == other.dose[both]).all()


def test_zero_dose_is_no_therapy():
    none = arm_of("none", Regimen())
    zero = arm_of("zero", Regimen("chemotherapy:cytarabine", "0 g/m2", day=[0, 1, 2], every="28 d", times=2, duration="4 h"))
    for name in ("response", "treated", "cause", "records.response_day", "records.relapse_day", "records.death_from_leukemia"):
        assert np.array_equal(flatten(none)[name], flatten(zero)[name], equal_nan=flatten(none)[name].dtype.kind == "f"), name
    assert np.allclose(none.records.death_day, zero.records.death_day, rtol=1e-3, atol=0.5, equal_nan=True)


def arm_of(key, regimen):
    return run_arm(study().system, cohort(), ArmSpec(key, key, regimen), scenario().protocol, study().sites, SEED, OPTIONS)


def test_therapy_does_something():
    none, salvage = arm_of("none", Regimen()), plain_run("salvage_chemotherapy")
    assert (none.response >= Response.CRI).sum() == 0
    assert (salvage.response >= Response.CRI).sum() > 0
    assert (plain_run("car_t").response >= Response.CRI).sum() > (salvage.response >= Response.CRI).sum()


# ---- who is treated


@pytest.mark.parametrize("arm", ARMS)
def test_who_is_not_treated_has_a_reason_and_is_followed(arm):
    run = plain_run(arm)
    without = ~run.treated
    assert (run.not_treated[without] != "").all()
    assert (run.not_treated[run.treated] == "").all()
    assert (np.isfinite(run.records.infusion_day) == run.treated).all()
    assert np.isfinite(run.records.not_infused_day[without]).all()
    assert np.isnan(run.records.not_infused_day[run.treated]).all()
    alive = without & np.isnan(run.records.death_day)
    assert (run.records.last_contact_day[alive] > run.records.not_infused_day[alive] + 1800).all()
    assert (run.response[without] == 0).all()


def test_reasons_are_those_of_manufacture_and_waiting():
    values, patients = cohort().values, np.arange(cohort().size)
    many = {key: np.tile(array, 100) for key, array in values.items() if key.startswith("supply.")}
    supply = supplied(many, np.arange(patients.size * 100), SEED, cells=True)
    failed = (supply.reason == "no product").mean()
    assert failed == pytest.approx(values["supply.failure_probability"][0], abs=0.02)
    assert (np.isfinite(supply.anchor) == (supply.reason == "")).all()
    assert (supply.not_treated_day[supply.reason != ""] <= many["supply.vein_to_vein"][supply.reason != ""]).all()
    assert set(supply.factors) == {BRIDGING, CELLS}
    assert set(np.unique(supply.factors[BRIDGING])) <= {0.0, 1.0}


def test_without_cells_everybody_begins_on_day_0():
    run = plain_run("salvage_chemotherapy")
    assert run.treated.all()
    assert (run.records.infusion_day == 0).all()
    assert (run.dose == 0).all()
    assert np.isnan(run.cmax).all()
    assert run.grades == {}


def test_doses_of_cells_keep_to_the_label():
    run, weight = plain_run(), cohort().values["patient.weight_kg"]
    light, heavy = run.treated & (weight <= 50), run.treated & (weight > 50)
    assert ((run.dose[light] / weight[light] >= 0.2e6 * 0.999) & (run.dose[light] / weight[light] <= 5e6 * 1.001)).all()
    assert ((run.dose[heavy] >= 0.1e8 * 0.999) & (run.dose[heavy] <= 2.5e8 * 1.001)).all()
    assert (run.dose[~run.treated] == 0).all()


# ---- days in order


@pytest.mark.parametrize("arm", ARMS)
def test_days_follow_each_other(arm):
    run = plain_run(arm)
    days = run.records
    assert not (days.response_day <= days.infusion_day).any()
    assert not (days.relapse_day < days.response_day + 28 - 1e-6).any()
    assert not (days.death_day < days.relapse_day).any()
    assert not (days.death_day < days.infusion_day).any()
    assert not (days.last_assessment_day > days.last_contact_day + 1e-9).any()
    responded = run.response >= Response.CRI
    assert (np.isfinite(days.response_day) == responded).all()
    assert not (np.isfinite(days.relapse_day) & ~responded).any()
    assert not (np.isfinite(days.no_response_day) & responded).any()
    assert not (days.response_day - days.infusion_day > 91.3125 + 7 + 1e-6).any()


@pytest.mark.parametrize("arm", ARMS)
def test_death_stops_everything(arm):
    own, batch = course(arm), course(arm).batch
    dead = batch.status == Status.STOPPED
    assert dead.any()
    assert not (own.clinic.readings.day[dead] > (batch.t - own.clinic.anchor)[dead][:, None]).any()
    assert not (own.clinic.transplant[dead] > batch.t[dead]).any()
    given = np.arange(batch.doses.day.shape[1]) < batch.doses.next_row[:, None]
    assert not (np.where(given, batch.doses.day, -np.inf)[dead] > batch.t[dead][:, None]).any()
    assert (batch.t[~dead] == own.end[~dead]).all()
    run = plain_run(arm)
    assert ((run.cause != "") == np.isfinite(run.records.death_day)).all()
    assert (run.records.last_contact_day[dead] <= run.records.death_day[dead]).all()


def test_transplant_comes_in_remission_only():
    run = ran(patients=often_transplanted())
    days, given = run.records, np.isfinite(run.records.transplant_day)
    assert given.sum() >= 3
    assert (days.transplant_day[given] > days.infusion_day[given] + 60 - 1e-6).all()
    assert not (days.transplant_day > days.relapse_day).any()


def often_transplanted():
    own = cohort()
    return replace(own, values={**own.values, "transplant.rate_in_remission": np.full(own.size, 0.05)})


def test_a_response_is_dated_to_the_visit_that_showed_it_first():
    run, clinic = plain_run(), course().clinic
    for m in np.flatnonzero(run.response >= Response.CRI):
        day = run.records.response_day[m] - run.records.infusion_day[m]
        read = clinic.readings
        at = np.flatnonzero(np.isclose(read.day[m], day))
        assert at.size == 1
        assert read.values["blasts"][m, at[0]] < 0.05
        later = read.day[m] >= day + 28 - 1e-6
        assert later.any()


# ---- supportive care


def test_tocilizumab_follows_the_rule_and_only_it():
    run, clinic = plain_run(), course().clinic
    count, last = clinic.acted["tocilizumab"]
    assert (run.tocilizumab == (count > 0) & run.treated).all()
    assert 0 < run.tocilizumab.sum() < run.treated.sum()
    assert (count <= 3).all()
    days = (last - clinic.anchor)[count > 0]
    assert np.isin(np.round(days, 6), clinic.plan.day[clinic.plan.safety]).all()
    assert (run.grades["crs"]["penn"][run.tocilizumab] >= 3).all()


def test_tocilizumab_blocks_what_drives_severity():
    without = ran(rules=())
    run = plain_run()
    helped = run.tocilizumab & ~run.steroid
    assert not without.tocilizumab.any()
    assert not without.steroid.any()
    change = run.severity["crs"] - without.severity["crs"]
    assert (change[run.tocilizumab] <= 0.02).all()
    assert (change[helped] < 0).any()
    alone = np.flatnonzero(~run.tocilizumab & ~run.steroid)
    assert differing(taken(run, alone), taken(without, alone)) == []


def test_a_drug_is_told_by_what_was_given_not_by_the_name_of_the_rule():
    rules = tuple(replace(rule, name=f"rule {place}") for place, rule in enumerate(scenario().protocol.rules))
    renamed = ran(rules=rules)
    assert (renamed.tocilizumab == plain_run().tocilizumab).all()
    assert (renamed.steroid == plain_run().steroid).all()


# ---- follow-up


def test_nothing_is_seen_after_the_data_cut():
    run = ran(accrual=90.0, data_cut=300.0)
    assert (run.records.last_contact_day <= 300).all()
    alive = np.isnan(run.records.death_day)
    assert run.records.last_contact_day[alive].min() >= 210
    assert np.unique(run.records.last_contact_day[alive]).size > 5
    late = run.records.response_day > run.records.last_contact_day
    assert not late.any()


def test_lost_patients_are_those_of_the_same_luck_in_every_arm():
    heavy = {arm: ran(arm, dropout=0.002) for arm in ARMS[:2]}
    lost = {arm: run.records.last_contact_day < plain_run(arm).records.last_contact_day for arm, run in heavy.items()}
    assert lost["car_t"].sum() >= 5
    both = lost["car_t"] & lost["car_t_without_lymphodepletion"]
    days = [heavy[arm].records.last_contact_day[both] for arm in ARMS[:2]]
    assert np.array_equal(*days)
    assert not (heavy["car_t"].records.relapse_day > heavy["car_t"].records.last_contact_day).any()


def test_a_member_that_fails_is_told_and_changes_nobody_else(monkeypatch):
    patient = int(cohort().index[np.flatnonzero(plain_run().treated)[2]])
    monkeypatch.setenv("REMISSION_FAULT", f"member={patient}")
    run = ran()
    failed = np.isin(run.status, FAILURES)
    assert run.records.patient[failed].tolist() == [patient]
    assert run.status[failed].tolist() == [Status.NON_FINITE]
    assert not run.treated[failed].any()
    assert run.not_treated[failed].tolist() == [""]
    others = np.flatnonzero(~failed)
    assert differing(taken(run, others), taken(plain_run(), others)) == []


def test_patients_of_another_history_can_be_run():
    run = ran(patients=made(6, history="untreated"))
    assert run.size == 6
    assert not np.isin(run.status, FAILURES).any()
