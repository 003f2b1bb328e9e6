"""The numbers of one arm, against counts done by hand."""

from dataclasses import replace

import numpy as np
import pytest

from remission.response.estimates import MONTH, clopper_pearson
from remission.response.leukemia import Response
from remission.results.summary import arm_summary, geometric_ratio
from tests.support_results import KINDS, made_up_arm

ENDPOINTS = ("ORR", "CR", "CRi", "MRD", "DoR", "RFS", "EFS", "OS")


@pytest.fixture(scope="module")
def run():
    return made_up_arm("car_t", KINDS["car_t"], 500)


@pytest.fixture(scope="module")
def arm(run):
    return arm_summary(run, ENDPOINTS)


def test_response_is_counted_among_treated_and_its_twin_among_enrolled(run, arm):
    responders = int((run.response >= Response.CRI).sum())
    assert (arm["orr"]["x"], arm["orr"]["n"]) == (responders, int(run.treated.sum()))
    assert (arm["orr_itt"]["x"], arm["orr_itt"]["n"]) == (responders, 500)
    assert arm["cr"]["x"] + arm["cri"]["x"] == responders


def test_residual_disease_is_read_among_responders_whose_marrow_was_examined(run, arm):
    read = (run.response >= Response.CRI) & np.isfinite(run.residual_negative)
    assert arm["mrd_negative"]["n"] == int(read.sum())
    assert arm["mrd_negative"]["x"] == int((run.residual_negative[read] == 1).sum())


def test_a_trial_of_97_enrolled_has_the_interval_of_the_share_it_would_treat(run):
    arm = arm_summary(run, ENDPOINTS, designed=97)
    treated = 97 * run.treated.mean()
    expected = clopper_pearson(arm["orr"]["value"] * treated, treated)
    assert arm["orr"]["trial"] == pytest.approx(list(expected))
    assert arm["orr"]["mcse"] == arm_summary(run, ENDPOINTS)["orr"]["mcse"]


def test_a_transplant_censors_remission_and_its_twin_goes_on(arm):
    assert arm["rfs"]["events"] < arm["rfs_with_transplant"]["events"]
    assert arm["os"]["n"] < arm["os_itt"]["n"]


def test_months_beyond_follow_up_are_absent(run):
    short = replace(run, records=replace(run.records, last_contact_day=np.minimum(run.records.last_contact_day, 400.0)))
    rates = arm_summary(short, ENDPOINTS)["os"]["rates"]
    assert set(rates) == {"6", "12"}
    assert all(rate["x"] is None for rate in rates.values())


def test_relapses_within_36_months_are_split_by_phenotype(run, arm):
    records = run.records
    end = np.fmin(records.relapse_day, records.transplant_day)
    early = (records.relapse_day == end) & (records.relapse_day - records.response_day <= 36 * MONTH)
    assert arm["relapse"]["n"] == int(early.sum())
    assert arm["relapse"]["within_months"] == 36
    assert arm["relapse"]["cd19_negative"]["x"] == int((records.relapse_cd19_negative[early] == 1).sum())


def test_competing_risks_and_those_still_in_remission_add_to_one(run):
    nobody = np.full(500, np.nan)
    plain = replace(run, records=replace(run.records, transplant_day=nobody))
    arm = arm_summary(plain, ENDPOINTS)
    for month in ("12", "24", "36"):
        parts = [arm[key]["rates"][month]["value"] for key in ("cumulative_relapse", "death_in_remission", "rfs")]
        assert sum(parts) == pytest.approx(1.0)
        split = [arm[f"cumulative_relapse_{kind}"]["rates"][month]["value"] for kind in ("cd19_negative", "cd19_positive")]
        assert sum(split) == pytest.approx(parts[0])


def test_recovery_of_b_cells_only_grows(arm):
    rates = [rate["value"] for rate in arm["b_cell_recovery"]["rates"].values()]
    assert {"6", "12"} <= set(arm["b_cell_recovery"]["rates"])
    assert rates == sorted(rates)
    assert 0 < rates[0] < 1


def test_kinetics_are_those_of_the_treated(run, arm):
    assert arm["kinetics"]["tmax_day"]["median"] == pytest.approx(np.nanmedian(run.tmax))
    assert 1.0 < arm["kinetics"]["cmax_ratio_responders"] < 3.0


def test_the_ratio_of_geometric_means_is_by_hand_and_absent_without_a_group():
    assert geometric_ratio(np.array([2.0, 8.0, np.nan]), np.array([2.0])) == pytest.approx(2.0)
    assert geometric_ratio(np.array([2.0]), np.array([0.0, np.nan])) is None


def test_grades_are_counted_by_scale_and_severity(run, arm):
    penn, astct = arm["toxicity"]["crs"]["penn"], arm["toxicity"]["crs"]["astct"]
    assert penn["grade3plus"]["x"] == int((run.grades["crs"]["penn"][run.treated] >= 3).sum())
    assert penn["any"]["value"] >= penn["grade3plus"]["value"] >= penn["grade4"]["value"]
    assert astct["grade3plus"]["value"] < penn["grade3plus"]["value"]
    assert arm["toxicity"]["onset_day"]["median"] == pytest.approx(np.nanmedian(run.crs_onset))
    assert arm["toxicity"]["tocilizumab"]["x"] == int(run.tocilizumab.sum())


def test_an_extrapolated_arm_says_so():
    run = made_up_arm("car_t", KINDS["car_t_without_lymphodepletion"], 50)
    assert arm_summary(run, ENDPOINTS)["note"] == "extrapolation"
