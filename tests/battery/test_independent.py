"""The whole disease against an independent reader of its equations, and what flows move against what they should."""

from functools import cache

import numpy as np
import pytest

from remission.diseases.build import build
from remission.engine.ensemble import Options
from remission.model.builder import Builder
from remission.model.derivatives import all_nodes
from tests.battery.found import DISEASES, every_therapy, whole
from tests.battery.runs import begun, drawn, followed, row, slots, tolerances
from tests.support import Member, lymphodepletion

OPTIONS = Options(rtol=1e-6, seed=2, threads=1, faults=False)
CHANCE = 1e4  # cells of the smallest clone that is still compared; below 100 chance decides
CELLS, INFUSION_DAY, START = 1e8, 0.0, -7.0
DAYS = np.array([-5.5, -3.5, -0.5, 1.0, 3.0, 6.0, 9.5, 12.0, 16.0, 22.0, 30.0, 45.0, 70.0, 120.0])
WEAK = {"car_t.typical_kill": 0.15}  # kill that leaves every clone far above the numbers at which chance decides
FOUNDERS = {"switching:antigen.founder_share": 0.02, "switching:chemotherapy.founder_share": 0.1, "spread.share": 1e-3}


# ---- engine and reader --------------------------------------------------------------------------------------------------------
def member_of(patient: int, weak: bool) -> Member:
    """One drawn patient with all clones at both sites; `weak` kill keeps them there."""
    system, fixed = whole("b_all"), FOUNDERS | (WEAK if weak else {})
    return Member(system, system.parameters.draw(11, [patient], len(system.sites), system.n_clones, fixed=fixed), system.sites)


def doses_of(member: Member) -> list[tuple[float, str, float]]:
    """Other sites are seeded, lymphodepletion, cells, and a steroid and tocilizumab while cells expand."""
    drugs = [(8.0, "supportive:tocilizumab", 8 * float(member.values["patient.weight_kg"][0])), (9.0, "supportive:dexamethasone", 20.0)]
    return [(START, "spread", 1.0), *lymphodepletion(member), (INFUSION_DAY, "car_t", CELLS), *drugs]


def plain_outputs(system) -> list[str]:
    """Outputs of the patient that read no running integral."""
    return [o.name for o in system.of("outputs", "patient") if not any(node.op == "integral" for node in all_nodes(o.node))]


@cache
def both(patient, weak):
    """The same patient by the independent reader (LSODA, tight) and by the engine: states in the engine's order [days, states]."""
    member, system = member_of(patient, weak), whole("b_all")
    course = member.run(np.append(START, DAYS), doses_of(member), plain_outputs(system), rtol=1e-8)
    rows = [row("b_all", name, day, amount) for day, name, amount in doses_of(member)]
    path = followed("b_all", begun("b_all", member.values, [rows], OPTIONS, immortal=True, day=START), DAYS, OPTIONS)
    read = np.empty((len(DAYS), path.states.shape[2]))
    for name, values in course.states.items():
        read[:, slots("b_all", name)] = values[1:].reshape(len(DAYS), -1)
    return course, read, path


def compared(patient, weak) -> int:
    """How many days pass before any clone comes near the numbers at which chance decides."""
    _, read, _ = both(patient, weak)
    few = (read[:, slots("b_all", "cells")] < CHANCE).any(axis=1)
    return int(np.argmax(few)) if few.any() else len(DAYS)


CASES = [pytest.param(patient, weak, marks=[pytest.mark.slow] if patient else []) for patient in range(3) for weak in (True, False)]


@pytest.mark.parametrize(("patient", "weak"), CASES)
def test_the_engine_agrees_with_a_tight_independent_solver(patient, weak):
    _, read, path = both(patient, weak)
    days = compared(patient, weak)
    assert days == len(DAYS) if weak else days >= 6
    floor = 10 * tolerances("b_all")
    assert (np.abs(path.states[:days, 0] - read[:days]) <= 1e-4 * np.abs(read[:days]) + floor).all()


@pytest.mark.parametrize(("patient", "weak"), CASES)
def test_outputs_agree_with_the_independent_reader(patient, weak):
    course, _, path = both(patient, weak)
    system, days = whole("b_all"), compared(patient, weak)
    for name in plain_outputs(system):
        found = path.outputs[:days, 0, system.output_slot(name)]
        np.testing.assert_allclose(found, course[name][1 : days + 1], rtol=1e-3, atol=1e-5, err_msg=name)


# ---- flows --------------------------------------------------------------------------------------------------------------------
def closed(monkeypatch) -> None:
    """Leave out all that enters or leaves the patient: only flows from one state to another, chains and conversion remain."""
    inside = Builder.flow

    def flow(self, source, sink, rate):
        if source is not None and sink is not None:
            inside(self, source, sink, rate)

    monkeypatch.setattr(Builder, "flow", flow)
    monkeypatch.setattr(Builder, "change", lambda self, state, rate: None)


def spread_out(member: Member, seed: int) -> np.ndarray:
    """A state vector in which everything is of one order, so that no flow hides behind another."""
    return np.random.default_rng(seed).uniform(1.0, 10.0, member.start().size)


@pytest.mark.parametrize("disease", DISEASES)
@pytest.mark.parametrize("seed", [1, 2])
def test_flows_inside_the_patient_neither_make_nor_lose_anything(disease, seed, monkeypatch):
    closed(monkeypatch)
    system = build(disease, every_therapy())
    values = drawn(disease, seed, 1)
    rows = system.parameters.rows
    values = {key: np.maximum(v, 1e-3) if rows[key].unit == "1" and (v > 0).all() else v for key, v in values.items()}
    member = Member(system, values, system.sites)
    rates = member.unpack(member.rates(spread_out(member, seed)))
    for unit in sorted({state.unit for state in system.states}):
        moved = np.concatenate([rates[state.name].ravel() for state in system.states if state.unit == unit])
        assert abs(moved.sum()) <= 1e-12 * np.abs(moved).sum(), unit
        assert unit not in ("cell", "Gcell/L") or np.abs(moved).sum() > 0
