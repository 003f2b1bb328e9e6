"""What arms say where publications give numbers, on made-up arms whose answers can be counted by hand."""

import dataclasses

import numpy as np
import pytest

from remission.calibration.headlines import WINDOWS, headlines, inside
from remission.calibration.summaries import HIGH_DOSE, LOW_DOSE, NOT_REACHED, curve_value, quantities, quantity, reason_missing
from remission.calibration.targets import Target, read_targets, targets_path
from remission.response.leukemia import Response
from tests.support_results import made_up_arms


@pytest.fixture(scope="module")
def arms():
    made = made_up_arms(300, seed=3)
    return {**made, LOW_DOSE: made["car_t"], HIGH_DOSE: dataclasses.replace(made["car_t"], dose=10 * made["car_t"].dose)}


def target(endpoint, subgroup="", month=None, kind="proportion", arm="car_t", value=0.5):
    return Target(
        "x.y", "b-all-car-t", arm, endpoint, subgroup, month, value, None, None, None, 50, "1", "", kind, "validate", False, "", "", ""
    )


def test_shares_are_counted_among_whom_they_are_printed(arms):
    run = arms["car_t"]
    treated, responded = np.asarray(run.treated, bool), np.asarray(run.response) >= Response.CRI
    assert quantity(target("orr"), arms) == pytest.approx((treated & responded).sum() / treated.sum())
    assert quantity(target("orr_itt"), arms) == pytest.approx((treated & responded).sum() / run.size)
    assert quantity(target("cr"), arms) + quantity(target("cri"), arms) == pytest.approx(quantity(target("orr"), arms))


def test_a_median_that_is_not_reached_is_later_than_any_time():
    assert curve_value(np.array([10.0, 20.0, 30.0]), np.array([True, False, False]), None) == NOT_REACHED


def test_landmarks_and_medians_come_from_one_curve(arms):
    early, late = (quantity(target("os", month=month, kind="survival"), arms) for month in (6.0, 24.0))
    assert 0 < late <= early <= 1


def test_relapses_by_phenotype_are_shares_of_those_typed(arms):
    negative = quantity(target("relapse_cd19_negative", "relapsed", 36.0), arms)
    positive = quantity(target("relapse_cd19_positive", "relapsed", 36.0), arms)
    assert negative + positive == pytest.approx(1.0, abs=0.15)


def test_the_same_patients_at_ten_times_the_dose_have_no_slope(arms):
    assert quantity(target("orr_change_per_tenfold_dose", "labeled dose range", kind="difference"), arms) == 0.0


def test_a_group_that_relapses_twice_as_often_has_a_hazard_ratio_near_two():
    from remission.calibration.hazards import _fitted

    draws = np.random.default_rng(2)
    group = np.repeat([0.0, 1.0], 4000)
    days = draws.exponential(np.where(group == 1, 100.0, 200.0))
    assert _fitted(days, np.ones(8000, bool), group, None) == pytest.approx(2.0, rel=0.08)


def test_a_ratio_without_events_in_one_group_says_nothing():
    from remission.calibration.hazards import _fitted

    assert np.isnan(_fitted(np.array([1.0, 2.0, 3.0]), np.array([True, True, False]), np.array([0.0, 0.0, 1.0]), None))


def test_every_readable_target_gives_a_number_or_says_nothing(arms):
    targets = [one for one in read_targets(targets_path("b_all")) if one.scenario == "b-all-car-t" and reason_missing(one) is None]
    found = quantities(targets, arms)
    assert len(found) == len(targets)
    assert sum(not np.isnan(value) for value in found) > 0.6 * len(targets)


def test_what_no_arm_records_is_named_with_its_reason():
    assert "lineage" in reason_missing(target("relapse_lineage_switch", "relapsed"))
    assert "is not read" in reason_missing(target("quality_of_life"))
    assert reason_missing(target("orr")) is None


def test_windows_hold_inside_their_limits_only(arms):
    window = WINDOWS[0]
    assert window.holds(0.8)
    assert not window.holds(0.9)
    assert not window.holds(float("nan"))
    found = headlines(arms)
    shares = inside({name: [value, value] for name, value in found.items()})
    assert set(shares) == {window.name for window in WINDOWS}
    assert set(shares.values()) <= {0.0, 1.0}
