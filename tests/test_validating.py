"""Replicates of published trials, verdicts on them and the page, on made-up arms."""

import dataclasses

import numpy as np
import pytest

from remission.calibration.summaries import quantity
from remission.calibration.targets import Target
from remission.errors import InputError
from remission.validating import validate
from remission.validating.job import Sizes
from remission.validating.page import markdown, page
from remission.validating.pools import Pools
from remission.validating.replicates import FollowUp, control, cut, values
from remission.validating.scores import by_trial, reference_of, score, unread
from tests.support_results import made_up_arms

POOL = made_up_arms(1500, seed=5)


def target(name="eliana.orr", endpoint="orr", value=0.8, n=80, kind="proportion", role="validate", **more):
    given = {"subgroup": "", "month": None, "low": None, "high": None, "x": None, "arm": "car_t"} | more
    return Target(
        name, "b-all-car-t", given["arm"], endpoint, given["subgroup"], given["month"], value, given["low"], given["high"], given["x"], n,
        "1", "", kind, role, False, "someone2020", "", "",
    )  # fmt: skip


def judged(one, draws=(POOL,), seed=1, count=200):
    whole, pure = values(one, draws, 80, None, count, seed), values(one, [POOL], 80, None, count, seed + 1)
    return score(one, whole, pure, 0.0, 80, 100_000, None)


def test_a_trial_that_saw_what_the_pool_holds_lies_inside():
    truth = quantity(target(), POOL)
    found = judged(target(value=truth))
    assert found.inside
    assert found.median == pytest.approx(truth, abs=0.03)


def test_a_trial_far_from_the_pool_lies_outside():
    assert judged(target(value=0.4)).inside is False


def test_replicates_spread_like_samples_of_their_size():
    truth = quantity(target(), POOL)
    found = values(target(), [POOL], 80, None, 400, 3)
    assert np.std(found) == pytest.approx(np.sqrt(truth * (1 - truth) / 80), rel=0.15)


def test_draws_that_differ_make_the_interval_wider_than_sampling():
    other = {**POOL, "car_t": dataclasses.replace(POOL["car_t"], response=np.where(np.arange(1500) % 3 == 0, 1, POOL["car_t"].response))}
    assert judged(target(), (POOL, other)).width_ratio > 1.5 > judged(target(), (POOL,)).width_ratio


def test_without_a_small_simulation_error_there_is_no_verdict():
    one = target(n=400)
    found = score(one, values(one, [POOL], 400, None, 60, 1), values(one, [POOL], 400, None, 60, 2), 0.0, 400, 1500, None)
    assert found.inside is None
    assert "error" in found.why_not


def test_a_data_cut_hides_what_came_later():
    run = cut(POOL["car_t"], np.full(1500, 6.0))
    seen = run.records.last_contact_day - np.nan_to_num(run.records.infusion_day)
    assert np.nanmax(seen) <= 6 * 30.4375 + 1e-9


def test_a_short_follow_up_widens_late_points_of_a_curve():
    late = target("a.os", "os", 0.6, 60, "survival", month=24.0)
    short = values(late, [POOL], 60, FollowUp(12, 26), 200, 4)
    assert np.nanstd(short) > np.nanstd(values(late, [POOL], 60, None, 200, 4))


def test_the_control_shifts_the_pool_to_what_more_patients_say():
    here = quantity(target(), POOL)
    shift = control(target(), Pools(POOL, [POOL]), {"eliana.orr": 0.9})
    assert shift == pytest.approx(np.log(0.9 / 0.1) - np.log(here / (1 - here)), abs=1e-3)
    assert control(target(), Pools(POOL, [POOL]), {}) == 0.0


def test_the_reference_is_the_mean_of_other_trials_or_no_difference():
    others = [target("one.orr", value=0.6, n=100), target("two.orr", value=0.9, n=50), target("eliana.orr")]
    assert reference_of(target(), others) == (pytest.approx(0.7), "mean of other trials")
    assert reference_of(target(), [target()]) is None
    assert reference_of(target("a.hr", "relapse_hazard_ratio", 2.0, kind="hazard ratio"), others) == (1.0, "no difference")


def test_each_trial_has_one_score():
    found = [judged(target(value=0.8)), judged(target("eliana.cr", "cr", 0.5)), unread(target("other.x"), "not read")]
    lines = by_trial(found)
    assert [line["trial"] for line in lines] == ["eliana", "other"]
    assert lines[0]["judged"] == 2
    assert lines[0]["score"] > 0
    assert lines[1]["score"] is None


def test_a_disease_without_targets_is_refused():
    with pytest.raises(InputError):
        validate(["giant_cell_tumor"])


def test_tables_of_the_page_are_markdown():
    assert markdown(("a", "b"), [(1, "x")]) == "| a | b |\n|---|---|\n| 1 | x |\n"


def test_the_bundled_calibration_validates_and_gives_its_page(monkeypatch):
    monkeypatch.setattr("remission.validating.job._elsewhere", lambda *_: Pools(POOL, [POOL]))
    found = validate(["b_all"], sizes=Sizes(replicates=24), pools={"b_all": Pools(POOL, [POOL, POOL])})
    document = found.json()
    assert len(document["targets"]) > 100
    assert {"name", "scenario", "role", "internal", "published", "predictive", "inside", "width_ratio"} <= set(document["targets"][0])
    text = page(found)
    assert "### Misses" in text
    assert all(one["why_not"] for one in document["targets"] if one["inside"] is None)


def test_the_interval_of_a_survival_rate_rises_from_low_to_high():
    found = judged(target("a.os", "os", 0.6, 80, "survival", month=12.0))
    assert found.low < found.median < found.high


def test_a_ratio_is_read_on_everybody_treated_not_on_its_subgroup():
    from remission.validating.replicates import members

    run = POOL["car_t"]
    ratio = target("a.hr", "relapse_hazard_ratio", 2.0, 150, "hazard ratio", subgroup="high burden")
    assert members(ratio, run).size == np.sum(run.treated)
    assert members(target(subgroup="high burden"), run).size < np.sum(run.treated)
