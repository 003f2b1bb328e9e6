"""The clinic of one arm, visited with made-up findings."""

from dataclasses import replace

import numpy as np
import pytest

from remission.dose_rows import add_rows
from remission.engine.batch import Dose, rows_to_come
from remission.engine.compile import compile_system
from remission.engine.ensemble import Options, arm, start, watch
from remission.measurement import Reader
from remission.model.regimen import Regimen
from remission.plan_of_visits import AFTER_CELLS, FOLLOW_CELLS, plan_of
from remission.population import covariates, pack
from remission.protocol import ALARMS, LATER_LINE, TRANSPLANT, WATCHED, Clinic
from remission.protocol_rules import Condition, Rule
from tests.bundled_trial import SEED, cohort, scenario, study

ANCHOR = 40.3
VISITS = (28.0, 91.3125, 182.625, 273.9375)
WELL = {"marrow.blast_fraction": 0.0, "blood.circulating_blasts": 0.0, "extramedullary.cells": 0.0, "neutrophils": 3.0, "platelets": 250.0}
ILL = WELL | {"marrow.blast_fraction": 0.6}
LITTLE = WELL | {"marrow.blast_fraction": 0.1}
TOCILIZUMAB = Regimen("supportive:tocilizumab", "8 mg/kg", duration="1 h")


class Visits:
    """A clinic with `members` patients whose findings a test makes up, day after day."""

    def __init__(self, members=1, cells=True, rules=(), luck=1e9, visits=VISITS, **changes):
        own = study()
        self.system, patients = own.system, cohort().take(np.arange(members))
        anchor = np.full(members, ANCHOR if cells else 0.0)
        exact = {"marrow_cells_counted": 1e6, "blood_cells_counted": 1e6, "phenotype_cells_read": 1e6, "count_error": 0.0}
        numbers = {key.split(".")[1]: values for key, values in patients.values.items() if key.startswith("measurement.")}
        numbers |= {name: np.full(members, value) for name, value in exact.items()}
        self.clinic = Clinic(
            system=own.system,
            plan=plan_of(visits, (), cells),
            rules=tuple(rules),
            reader=Reader(SEED, patients.index, numbers),
            numbers=patients.values,
            given=covariates(patients.values),
            anchor=anchor,
            end=anchor + 2000,
            seed=SEED,
            own_agents=("car_t", "chemotherapy:cytarabine"),
            **changes,
        )
        self.clinic._transplant_luck = np.full(members, luck)
        self.agents = [agent.name for agent in own.system.agents]
        batch = start(compile_system(own.system), patients.index, pack(own.system, patients.values, own.sites, 2), 2, options=Options())
        batch = watch(batch, [own.system.output_slot(name) for name in WATCHED])
        self.batch = arm(batch, [own.system.output_slot(name) for name in ALARMS], 1e9, [True, True], armed=False)

    def go(self, until, alarm_on=None, **found):
        """All visits up to a day after the anchor, with these findings; an alarm on `alarm_on`."""
        while True:
            day = self.clinic.next_visit(self.batch)
            alarmed = alarm_on is not None and (day > self.clinic.anchor + alarm_on).all()
            day = self.clinic.anchor + alarm_on if alarmed else day
            if not (np.isfinite(day) & (day <= self.clinic.anchor + until + 1e-9)).any():
                return self
            assert (day > self.batch.t - 1e-9).all() or (day == self.clinic.anchor).all()
            self._visit(day, alarmed, found)
            alarm_on = None if alarmed else alarm_on

    def _visit(self, day, alarmed, found):
        found = {**WELL, **found}
        trigger = np.full(len(day), 0 if alarmed else -1)
        y = self.batch.y.copy()
        observed = np.zeros((len(day), compile_system(self.system).n_observed(2)))
        for name, value in found.items():
            if name in self.clinic.states:
                y[:, self.clinic.states[name]] = value
            else:
                observed[:, self.clinic.slot[name]] = value
        self.batch = replace(self.batch, state=self.batch.state._replace(t=np.asarray(day, float), trigger=trigger, y=y))
        self.batch = self.clinic.visit(self.batch, np.isfinite(day), observed)

    def give(self, day, agent):
        self.batch = add_rows(self.batch, np.array([0]), [[Dose(ANCHOR + day, self.agents.index(agent), 1.0)]])

    def doses(self, agent, member=0):
        """Days after the anchor of the doses to come."""
        rows = [row.day for row in rows_to_come(self.batch, member) if self.agents[row.agent] == agent]
        return [day - self.clinic.anchor[member] for day in rows]

    def after(self, days):
        """A day of the clinic counted from the anchor; NaN stays."""
        return (days - self.clinic.anchor).tolist()


# ---- the plan


def test_patients_with_cells_are_seen_before_them_and_daily_for_two_weeks():
    plan = plan_of(VISITS, (), cells=True)
    assert plan.day[plan.safety].tolist() == [float(day) for day in AFTER_CELLS]
    assert plan.day[plan.marrow].tolist() == list(VISITS)
    assert not plan.safety[plan.day == FOLLOW_CELLS]
    assert not plan.marrow[plan.day == FOLLOW_CELLS]
    assert (np.diff(plan.day) > 0).all()


def test_the_plan_of_a_protocol_is_kept_and_the_day_of_infusion_added():
    plan = plan_of(VISITS, (1.0, 2.0, 21.0), cells=True)
    assert plan.day.tolist() == [0.0, 1.0, 2.0, 21.0, 28.0, 40.0, 56.0, *VISITS[1:]]
    assert plan.safety.tolist() == [False, True, True, True, *[False] * 6]


def test_without_cells_the_day_of_enrollment_is_no_visit():
    assert plan_of((0.0, 28.0), (), cells=False).day[0] > 0
    assert plan_of((0.0, 28.0), (), cells=True).day[0] == 0


# ---- remission and relapse


def test_a_remission_is_confirmed_28_days_later_without_marrow():
    visits = Visits().go(40)
    assert visits.after(visits.clinic.remission) == [28.0]
    assert visits.after(visits.clinic.extra) == [56.0]
    visits.go(91)
    days, read = visits.clinic.readings.day[0, :2], visits.clinic.readings.values
    assert days.tolist() == [28.0, pytest.approx(56.0)]
    assert np.isnan(read["blasts"][0, 1])
    assert read["neutrophils"][0, 1] == pytest.approx(3.0)
    assert np.isinf(visits.clinic.extra[0])


def test_relapse_is_found_at_the_visit_and_answered_after_a_delay():
    visits = Visits().go(100)
    assert np.isnan(visits.clinic.relapse[0])
    visits.go(182.625, **ILL)
    assert visits.after(visits.clinic.relapse) == [pytest.approx(182.625)]
    assert visits.doses(LATER_LINE) == [pytest.approx(182.625 + 14)]
    visits.go(273.9375, **ILL)
    assert len(visits.doses(LATER_LINE)) == 1


def test_relapse_is_found_when_something_alarms_and_the_marrow_is_looked_at():
    visits = Visits().go(100).go(130, alarm_on=120.0, **ILL)
    assert visits.after(visits.clinic.relapse) == [pytest.approx(120.0)]
    assert visits.clinic.readings.values["blasts"][0, visits.clinic.readings.count[0] - 1] > 0.5
    assert visits.clinic.position[0] == np.searchsorted(visits.clinic.plan.day, 120.0)


def test_alarms_are_armed_in_remission_only():
    visits = Visits().go(21)
    assert not visits.batch.watch.armed.any()
    visits.go(28)
    assert visits.batch.watch.armed.all()
    visits.go(182.625, **ILL)
    assert not visits.batch.watch.armed.any()


@pytest.mark.parametrize("found", [{"extramedullary.cells": 2e9}, {"blood.circulating_blasts": 1e9}, {"marrow.blast_fraction": 0.052}])
def test_disease_anywhere_is_a_relapse(found):
    visits = Visits().go(100).go(182.625, **found)
    assert visits.after(visits.clinic.relapse) == [pytest.approx(182.625)]


def test_no_response_by_month_3_begins_the_next_line_and_ends_the_own():
    visits = Visits()
    visits.give(200.0, "car_t")
    visits.give(200.0, "chemotherapy:fludarabine")
    visits.go(28, **LITTLE)
    assert np.isnan(visits.clinic.failure[0])
    visits.go(91.3125, **LITTLE)
    assert visits.after(visits.clinic.failure) == [pytest.approx(91.3125)]
    assert visits.doses(LATER_LINE) == [pytest.approx(91.3125 + 14)]
    assert visits.doses("car_t") == []
    assert visits.doses("chemotherapy:fludarabine") == [pytest.approx(200.0)]


def test_frank_disease_at_the_first_assessment_is_failure_at_once():
    visits = Visits().go(27, **ILL)
    assert np.isnan(visits.clinic.failure[0])
    visits.go(28, **ILL)
    assert visits.after(visits.clinic.failure) == [28.0]
    assert visits.doses(LATER_LINE) == [pytest.approx(28 + 14)]


def test_a_remission_after_failure_is_not_the_answer_to_the_arm():
    visits = Visits().go(91.3125, **ILL).go(270)
    assert np.isnan(visits.clinic.remission[0])


def test_a_first_remission_after_the_window_does_not_count():
    visits = Visits(visits=(28.0, 120.0, 182.625)).go(28, **LITTLE).go(182.625)
    assert np.isnan(visits.clinic.remission[0])


def test_few_blasts_before_the_cells_are_no_remission():
    visits = Visits(visits=(0.0, 28.0, 91.3125)).go(0)
    assert np.isnan(visits.clinic.remission[0])
    assert visits.after(visits.go(40).clinic.remission) == [28.0]


def test_no_later_line_where_the_protocol_has_none():
    visits = Visits(later_lines=False).go(91.3125, **ILL)
    assert np.isfinite(visits.clinic.failure[0])
    assert visits.doses(LATER_LINE) == []


# ---- transplant


def test_transplant_comes_in_remission_on_its_own_day():
    rate = cohort().values["transplant.rate_in_remission"][0]
    visits = Visits(luck=50 * rate).go(100)
    assert visits.after(visits.clinic.transplant_due) == [pytest.approx(60 + 50)]
    visits.go(120)
    assert visits.after(visits.clinic.transplant) == [pytest.approx(110)]
    assert visits.doses(TRANSPLANT) == [pytest.approx(110)]


def test_relapse_comes_before_transplant():
    rate = cohort().values["transplant.rate_in_remission"][0]
    visits = Visits(luck=200 * rate).go(100).go(182.625, **ILL).go(273.9375, **ILL)
    assert np.isnan(visits.clinic.transplant[0])
    assert visits.doses(TRANSPLANT) == []


def test_nobody_is_transplanted_after_the_last_day_or_without_remission():
    rate = cohort().values["transplant.rate_in_remission"][0]
    assert np.isinf(Visits(luck=400 * rate).go(100).clinic.transplant_due[0])
    assert np.isinf(Visits(luck=50 * rate).go(91, **ILL).clinic.transplant_due[0])


# ---- rules


def rule(**changes):
    return Rule(
        **{"name": "block", "when": (Condition("cytokine_release.penn", ">=", 3.0),), "at": "safety", "give": TOCILIZUMAB, **changes}
    )


def test_a_rule_acts_at_safety_checks_when_its_threshold_is_reached():
    visits = Visits(rules=[rule()]).go(3, **{"cytokine_release.penn": 2.0})
    assert visits.doses("supportive:tocilizumab") == []
    visits.go(5, **{"cytokine_release.penn": 3.0})
    assert visits.doses("supportive:tocilizumab") == [pytest.approx(4.0)]
    weight = cohort().values["patient.weight_kg"][0]
    row = next(row for row in rows_to_come(visits.batch, 0) if visits.agents[row.agent] == "supportive:tocilizumab")
    assert row.amount == pytest.approx(8 * weight)
    assert row.duration == pytest.approx(1 / 24)


def test_a_rule_acts_as_often_and_as_soon_again_as_it_says():
    """Daily checks are a day apart, also where the day of infusion is no whole number."""
    visits = Visits(rules=[rule(times=3, wait=1.0)]).go(14, **{"cytokine_release.penn": 4.0})
    assert visits.doses("supportive:tocilizumab") == [pytest.approx(day) for day in (0, 1, 2)]
    slow = Visits(rules=[rule(times=3, wait=2.0)]).go(14, **{"cytokine_release.penn": 4.0})
    assert slow.doses("supportive:tocilizumab") == [pytest.approx(day) for day in (0, 2, 4)]


def test_a_rule_for_visits_does_not_act_at_safety_checks():
    visits = Visits(rules=[rule(at="visit")]).go(27, **{"cytokine_release.penn": 4.0})
    assert visits.doses("supportive:tocilizumab") == []
    visits.go(28, **{"cytokine_release.penn": 4.0})
    assert visits.doses("supportive:tocilizumab") == [pytest.approx(28)]


def test_all_conditions_must_hold():
    both = rule(when=(Condition("cytokine_release.penn", ">=", 3.0), Condition("neutrophils", "<", 0.5)))
    visits = Visits(rules=[both]).go(5, **{"cytokine_release.penn": 4.0})
    assert visits.doses("supportive:tocilizumab") == []
    visits.go(6, **{"cytokine_release.penn": 4.0, "neutrophils": 0.1})
    assert visits.doses("supportive:tocilizumab") == [pytest.approx(6)]


def test_a_rule_may_end_the_therapy_and_begin_the_next_line():
    visits = Visits(rules=[rule(give=Regimen(), end_therapy=True, next_line=True)])
    visits.give(20.0, "car_t")
    visits.go(2, **{"cytokine_release.penn": 4.0})
    assert visits.doses("car_t") == []
    assert visits.doses(LATER_LINE) == [pytest.approx(14.0)]


def test_the_rules_of_the_bundled_trial_read_what_the_model_has():
    measures = {condition.measure for rule in scenario().protocol.rules for condition in rule.when}
    known = {item.name for items in ("outputs", "states") for item in study().system.of(items, "patient")}
    assert measures <= known


def test_members_are_judged_each_by_their_own_findings():
    visits = Visits(members=3).go(40, **{"marrow.blast_fraction": np.array([0.0, 0.6, 0.04])})
    assert np.isfinite(visits.clinic.remission).tolist() == [True, False, True]
