from dataclasses import replace

import numpy as np
import pytest

from remission.engine.batch import rows_to_come
from remission.engine.compile import compile_system
from remission.engine.ensemble import Options, observe, start
from remission.engine.layout import Phase
from remission.errors import InputError
from remission.history import DROPPED, ENROLLED, MOST_ATTEMPTS, RUNNING, Past, attempt_seed, cohort_key, past_seed
from remission.parameters import ParameterSet
from remission.population import covariates, pack
from remission.random import exponential
from tests.bundled_trial import OPTIONS, SEED, cohort, made, study

CLEAR, LEUKEMIA = 0.01, 0.6


def same_patients(one, other, rows):
    """Whether the first `rows` patients of two cohorts are equal to the bit."""
    assert (one.index[:rows] == other.index[:rows]).all()
    assert (one.attempt[:rows] == other.attempt[:rows]).all()
    assert np.array_equal(one.y[:rows], other.y[:rows])
    assert np.array_equal(one.phase[:rows], other.phase[:rows], equal_nan=True)
    assert one.chart[:rows].equals(other.chart[:rows])
    for key, values in one.values.items():
        assert np.array_equal(values[:rows], other.values[key][:rows]), key


def test_a_patient_is_the_same_in_a_small_and_a_large_cohort():
    small = made(7, {"age": (3.0, 25.0)})
    same_patients(small, cohort(), 7)


def test_a_patient_is_the_same_on_any_number_of_threads():
    alone = made(8, {"age": (3.0, 25.0)}, options=replace(OPTIONS, threads=1))
    same_patients(alone, made(8, {"age": (3.0, 25.0)}, options=replace(OPTIONS, threads=3, chunk=1)), 8)


def test_another_seed_makes_other_patients():
    other = made(5, {"age": (3.0, 25.0)}, seed=SEED + 1)
    assert not np.array_equal(other.y, cohort().y[:5])


def test_nobody_is_enrolled_without_having_been_refractory_or_relapsed_twice():
    chart = cohort().chart
    refractory, relapses = chart["refractory"].to_numpy(), chart["relapses"].to_numpy()
    assert (refractory | (relapses >= 2)).all()
    assert (chart["prior_lines"].to_numpy() >= 2).all()
    assert (chart["prior_lines"].to_numpy() <= len(study().disease.history)).all()
    assert (chart["burden"].to_numpy() >= 0.05).all()
    assert (chart["days_since_diagnosis"].to_numpy() > 0).all()
    assert refractory.any()
    assert (~refractory).any()


def test_limits_of_covariates_hold():
    narrow = made(6, {"age": (10, 12), "female": (1, 1)})
    assert ((narrow.values["patient.age"] >= 10) & (narrow.values["patient.age"] <= 12)).all()
    assert (narrow.values["patient.female"] == 1).all()


def test_limits_that_nobody_meets_are_said_to_be_so():
    with pytest.raises(InputError, match="only 0 of 200 patients were reached") as caught:
        made(200, {"age": (100.0, 120.0)})
    assert caught.value.remedy


def test_an_unknown_covariate_is_an_error():
    with pytest.raises(InputError, match="did you mean `age`"):
        made(2, {"agee": (3, 25)})


def test_acceptance_is_counted():
    flow = cohort().flow
    assert flow["enrolled"] == cohort().size == 40
    assert flow["patients"] == flow["enrolled"] + flow["not_reached"]
    assert flow["candidates"] >= flow["patients"]
    assert flow["acceptance_rate"] == pytest.approx((flow["patients"] - flow["not_reached"]) / flow["candidates"])
    assert 0.05 < flow["acceptance_rate"] < 1
    assert cohort().attempt.max() < MOST_ATTEMPTS


def test_only_clones_that_survived_are_left():
    own, system = cohort(), study().system
    clones = system.n_clones * len(study().sites)
    phase = own.phase[:, :clones]
    cells = np.stack([own.y[:, system.state_slot("cells", lesion, clone)] for lesion in range(2) for clone in range(4)], axis=1)
    assert set(np.unique(phase)) <= {Phase.EXTINCT, Phase.SMALL, Phase.ESTABLISHED}
    assert (cells[phase == Phase.EXTINCT] == 0).all()
    assert (phase[:, : system.n_clones] == Phase.ESTABLISHED).any(axis=1).all()
    assert (phase == Phase.EXTINCT).any()


def test_earlier_lines_select_for_resistance():
    treated, untreated = cohort(), made(40, {"age": (3.0, 25.0)}, history="untreated")
    assert resistant_share(treated).mean() > 10 * resistant_share(untreated).mean()


def resistant_share(own):
    system = study().system
    resistant = [clone for clone, levels in enumerate(system.clones.members) if "resistant" in levels]
    cells = np.stack([own.y[:, system.state_slot("cells", 0, clone)] for clone in range(system.n_clones)], axis=1)
    return cells[:, resistant].sum(axis=1) / cells.sum(axis=1)


def test_without_history_everybody_is_enrolled_at_diagnosis():
    own = made(6, history="untreated")
    assert own.index.tolist() == list(range(6))
    assert (own.chart["prior_lines"] == 0).all()
    assert not own.chart["refractory"].any()
    assert own.flow["acceptance_rate"] == 1


def test_the_trial_has_luck_of_its_own():
    """Who was spared by a hazard before enrollment has the same risk as anybody from then on."""
    patients = np.arange(2000, dtype=np.uint64)
    before, after = (exponential(seed, patients, "hazard:death.other", 0) for seed in (past_seed(SEED), SEED))
    assert abs(np.corrcoef(before, after)[0, 1]) < 0.08
    assert len({past_seed(attempt_seed(SEED, attempt)) for attempt in range(50)} | {attempt_seed(SEED, k) for k in range(50)}) == 100


def test_candidates_of_one_patient_differ():
    assert attempt_seed(SEED, 0) == SEED
    assert all(0 <= attempt_seed(2**63 - 1, attempt) < 2**63 for attempt in range(50))


def test_a_fault_for_tests_spares_the_past(monkeypatch):
    monkeypatch.setenv("REMISSION_FAULT", "member=2")
    same_patients(made(4, {"age": (3.0, 25.0)}), cohort(), 4)


def test_progress_rises_to_one():
    told = []
    made(4, {"age": (3.0, 25.0)}, progress=lambda stage, share: told.append((stage, share)))
    shares = [share for _, share in told]
    assert {stage for stage, _ in told} == {"history"}
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_the_key_of_a_cohort_says_what_it_depends_on():
    own = study()

    def key(parameters=own.parameters, seed=1, where=None, history="relapsed_or_refractory"):
        return cohort_key(own.system, parameters, own.disease, seed, where or {}, history, 1e-5)

    changed: ParameterSet = own.parameters.with_values({"growth.growth_rate.median": 0.12})
    keys = {key(), key(seed=2), key(where={"age": (3, 25)}), key(where={"age": (3, 20)}), key(history="untreated"), key(changed)}
    assert len(keys) == 6
    assert key() == key()


# ---- the course of a candidate, with made-up findings


def past_of(members):
    own = study()
    values = own.parameters.draw(SEED, np.arange(members), lesions=2, clones=own.system.n_clones)
    batch = start(compile_system(own.system), np.arange(members), pack(own.system, values, own.sites, 2), 2, options=Options())
    past = Past(own.system, own.disease.history, covariates(values), 9000.0)
    return past, past.first_rows(batch)


def visited(past, batch, blasts):
    """The next visit of every member, which finds these shares of blasts."""
    day = past.next_visit(batch)
    which = np.isfinite(day)
    batch = replace(batch, state=batch.state._replace(t=np.where(which, day, batch.t)))
    found = observe(compile_system(study().system), batch)
    found[:, past.blast] = blasts
    return past.visit(batch, which, found)


def test_a_line_that_fails_is_followed_by_the_next_and_the_second_failure_enrolls():
    past, batch = past_of(1)
    batch = visited(past, batch, LEUKEMIA)
    assert (past.line[0], past.fate[0]) == (1, RUNNING)
    assert min(row.day for row in rows_to_come(batch, 0)) == 35 + 7  # nothing is left of the first line
    assert past.next_visit(batch)[0] == pytest.approx(35 + 7 + 35)
    visited(past, batch, LEUKEMIA)
    assert (past.fate[0], past.refractory[0], past.relapses[0]) == (ENROLLED, True, 0)


def test_a_first_relapse_is_not_enough_even_after_two_lines():
    past, batch = past_of(1)
    for blasts in (LEUKEMIA, CLEAR, LEUKEMIA):
        batch = visited(past, batch, blasts)
    assert (past.fate[0], past.relapses[0], past.line[0]) == (RUNNING, 1, 2)
    visited(past, batch, LEUKEMIA)
    assert past.fate[0] == ENROLLED


def test_a_second_relapse_enrolls():
    past, batch = past_of(1)
    for blasts in (CLEAR, LEUKEMIA, CLEAR, CLEAR, LEUKEMIA):
        assert past.fate[0] == RUNNING
        batch = visited(past, batch, blasts)
    assert (past.fate[0], past.relapses[0], past.refractory[0]) == (ENROLLED, 2, False)
    assert past.burden[0] == LEUKEMIA
    assert np.isinf(past.next_visit(batch)[0])


def test_a_remission_that_lasts_ends_the_story():
    past, batch = past_of(1)
    while past.fate[0] == RUNNING:
        batch = visited(past, batch, CLEAR)
    assert past.fate[0] == DROPPED
    assert batch.t[0] - past.remission[0] >= study().disease.history[0].watched


def test_who_relapses_once_after_the_last_line_is_not_enrolled():
    past, batch = past_of(1)
    past.lines = past.lines[:2]
    for blasts in (LEUKEMIA, CLEAR, LEUKEMIA):
        batch = visited(past, batch, blasts)
    assert past.fate[0] == DROPPED


def test_members_go_their_own_ways():
    past, batch = past_of(3)
    batch = visited(past, batch, np.array([CLEAR, LEUKEMIA, LEUKEMIA]))
    assert past.line.tolist() == [0, 1, 1]
    batch = visited(past, batch, np.array([CLEAR, LEUKEMIA, CLEAR]))
    assert past.fate.tolist() == [RUNNING, ENROLLED, RUNNING]


def test_lines_have_doses_the_engine_can_give():
    past, _ = past_of(1)
    agents = {agent for regimen in past.regimens for agent in regimen.agents}
    assert agents <= {agent.name for agent in study().system.agents}
