"""Arms compared: paired where the same patients were in both, like a trial where they were not."""

import numpy as np
import pytest

from remission.errors import InputError
from remission.response.survival import kaplan_meier, restricted_mean
from remission.results.contrasts import influence, paired_restricted_means
from remission.results.lookup import Rows
from tests.support_results import KINDS, Kind, made_up_arm, made_up_arms, made_up_result


@pytest.fixture(scope="module")
def paired():
    return made_up_result(600)


@pytest.fixture(scope="module")
def randomized():
    arms = {key: made_up_arm(key, kind, 600, seed) for seed, (key, kind) in enumerate(KINDS.items(), start=5)}
    return made_up_result(arms=arms, pairing="randomized", design_sizes=dict.fromkeys(KINDS, 97))


def rows(patients, seed=3, scale=400.0):
    luck = np.random.default_rng(seed)
    ends, cut = luck.exponential(scale, patients), luck.uniform(200, 1500, patients)
    return Rows(np.arange(patients), np.minimum(ends, cut), ends <= cut)


def test_every_contrast_says_its_pairing_and_starts_at_enrollment(paired):
    told = paired.json()["contrasts"]
    assert {row["pairing"] for row in told} == {"counterfactual"}
    assert {row["population"] for row in told} == {"enrolled"}
    assert not any("p" in row for row in told)
    assert all(row["trial"] is None for row in told)


def test_the_paired_difference_is_the_mean_over_patients(paired):
    row = paired.compare("ORR").row(0, named=True)
    flags = [paired.arms.responded(arm, "orr").astype(float) for arm in (row["first"], row["second"])]
    gap = flags[0] - flags[1]
    assert row["value"] == pytest.approx(gap.mean())
    assert row["mcse"] == pytest.approx(gap.std(ddof=1) / gap.size**0.5)


def test_pairing_narrows_the_error_of_a_difference_of_shares(paired, randomized):
    assert paired.compare("ORR")["mcse"][0] < randomized.compare("ORR")["mcse"][0]


def test_influence_gives_the_error_of_the_restricted_mean():
    own = rows(800)
    shift = influence(own.days, own.event, 700.0) / 800
    greenwood = restricted_mean(kaplan_meier(own.days, own.event), 700.0).error
    assert shift.sum() == pytest.approx(0.0, abs=1e-9)
    assert np.sqrt((shift**2).sum()) == pytest.approx(greenwood, rel=0.01)


def test_leaving_a_patient_out_moves_the_mean_as_its_influence_says():
    own = rows(400)
    whole = restricted_mean(kaplan_meier(own.days, own.event), 700.0).value
    shift = influence(own.days, own.event, 700.0)
    for patient in (0, 17, 200):
        rest = own.kept(np.arange(400) != patient)
        without = restricted_mean(kaplan_meier(rest.days, rest.event), 700.0).value
        assert 399 * (whole - without) == pytest.approx(shift[patient], abs=5.0)


def test_the_same_arm_twice_differs_by_nothing_without_error():
    gap = paired_restricted_means(rows(200), rows(200), 700.0)
    assert (gap.value, gap.mcse) == (0.0, 0.0)


def test_patients_in_one_arm_alone_add_their_errors():
    first, second = rows(500), rows(500, seed=4)
    apart = Rows(second.patient + 1000, second.days, second.event)
    errors = [restricted_mean(kaplan_meier(own.days, own.event), 700.0).error for own in (first, second)]
    assert paired_restricted_means(first, apart, 700.0).mcse * 30.4375 == pytest.approx(np.hypot(*errors), rel=0.01)


def test_randomized_arms_get_a_trial(randomized):
    table = randomized.compare("OS")
    ratios = [row for row in table.iter_rows(named=True) if row["measure"] == "hazard ratio" and row["second"] == "salvage_chemotherapy"]
    assert len(ratios) == 2
    assert all(row["low"] < row["value"] < row["high"] < 1 and row["p"] < 0.001 for row in ratios)
    assert {row["pairing"] for row in randomized.json()["contrasts"]} == {"randomized"}


def test_a_smaller_design_has_wider_intervals(randomized):
    arms = {key: made_up_arm(key, kind, 600, seed) for seed, (key, kind) in enumerate(KINDS.items(), start=5)}
    whole = made_up_result(arms=arms, pairing="randomized")
    for own, all_of_them in zip(randomized.compare("OS").iter_rows(named=True), whole.compare("OS").iter_rows(named=True), strict=True):
        assert own["high"] - own["low"] > all_of_them["high"] - all_of_them["low"]
        assert own["value"] == all_of_them["value"]


def test_remission_is_compared_among_responders_and_says_so(paired):
    assert set(paired.compare("RFS")["population"]) == {"responders of each arm"}
    assert set(paired.compare("EFS")["endpoint"]) == {"efs_itt"}
    assert "p" not in paired.compare("RFS").columns


def test_an_unknown_endpoint_is_named(paired):
    with pytest.raises(InputError, match="no endpoint `PFX`"):
        paired.compare("PFX")


def test_an_arm_without_responders_has_no_contrast_of_remission():
    arms = made_up_arms(60)
    silent = made_up_arm("salvage_chemotherapy", Kind(0.0, 0.0, 1.0, 0.0), 60)
    result = made_up_result(arms=arms | {"salvage_chemotherapy": silent})
    assert set(result.compare("RFS")["second"]) == {"car_t_without_lymphodepletion"}
