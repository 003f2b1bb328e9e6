"""Sensitivities are the derivatives of the equations they stand for, whatever the scopes, sums, shifts and jumps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remission import units
from remission.errors import InputError
from remission.model.sensitivities import sensitivity_name, with_sensitivities
from remission.model.system import System
from tests.engine.made_up_systems import random_system
from tests.support import Member

from .parts import Part, rate, system
from .sensitive_systems import closed_forms, tumor

MANY = settings(max_examples=40, deadline=None, derandomize=True, database=None)
STEP = 1e-5


class Moved:
    """One point of a system with a direction in its states, integrals and one parameter, and the augmented system there."""

    def __init__(self, composed: System, parameter: str, seed: int):
        rng = np.random.default_rng(seed)
        self.system, self.parameter, self.augmented = composed, parameter, with_sensitivities(composed, [parameter])
        self.member, self.wide = Member.typical(composed), Member.typical(self.augmented)
        self.size = 2.0 ** np.round(np.log2(abs(composed.parameters.rows[parameter].number)))
        self.states = {name: rng.uniform(0.3, 2.0, shape) for name, shape in self.member.shapes.items()}
        self.slopes = {name: rng.normal(size=s) * (self.name(name) in self.wide.shapes) for name, s in self.member.shapes.items()}
        self.integrals = {q.name: rng.uniform(0.3, 2.0, (1, 1)) for q in composed.quadratures}

    def name(self, of: str) -> str:
        return sensitivity_name(of, self.parameter)

    def along(self, nodes, amount: float = 0.0) -> list[np.ndarray]:
        """Central differences of quantities of the system along the direction."""
        return [(up - down) / (2 * STEP) for up, down in zip(self._at(nodes, STEP, amount), self._at(nodes, -STEP, amount), strict=True)]

    def _at(self, nodes, share: float, amount: float) -> list[np.ndarray]:
        values = {**self.member.values, self.parameter: self.member.values[self.parameter] + share * self.size}
        states = {name: value + share * self.slopes[name] for name, value in self.states.items()}
        integrals = {name: value * (1 + share * self._counts(name)) for name, value in self.integrals.items()}
        return Member(self.system, values, self.member.sites).evaluate(nodes, states, integrals, amount)

    def _counts(self, integral: str) -> bool:
        return any(q.name == self.name(integral) for q in self.augmented.quadratures)

    def of(self, nodes, amount: float = 0.0) -> list[np.ndarray]:
        """Quantities of the augmented system at the same point."""
        states = {**self.states, **{self.name(name): slope for name, slope in self.slopes.items()}}
        integrals = {**self.integrals, **{self.name(name): value for name, value in self.integrals.items()}}
        return self.wide.evaluate(nodes, states, integrals, amount)

    def check(self, pairs, amount: float = 0.0, scale: float = 1.0) -> None:
        """Every (sensitivity, quantity) pair of nodes agrees; kinks are too rare to meet."""
        found, expected = self.of([a for a, _ in pairs], amount), self.along([b for _, b in pairs], amount)
        for own, difference in zip(found, expected, strict=True):
            np.testing.assert_allclose(*np.broadcast_arrays(own * scale, difference), rtol=1e-5, atol=1e-6 * (1 + np.abs(difference).max()))


def _pairs(items, wide, moved: Moved, field: str) -> list:
    """What the system calls `name` beside what the augmented one calls `name@k`, where it has it."""
    known = {item.name: getattr(item, field) for item in wide}
    return [(known[moved.name(x.name)], getattr(x, field)) for x in items if moved.name(x.name) in known]


def _check_everything(moved: Moved) -> None:
    own, wide = moved.system, moved.augmented
    for field in ("rate", "initial"):
        moved.check(_pairs(own.states, wide.states, moved, field))
    moved.check(_pairs([q for q in own.quadratures if q.kind == "integral"], wide.quadratures, moved, "rate"))
    moved.check(_pairs(own.outputs, wide.outputs, moved, "node"), scale=moved.size)
    after = {item.name: dict(item.jumps) for item in (*wide.agents, *wide.quadratures)}
    for item in (*own.agents, *own.quadratures):
        jumps = after[item.name]
        moved.check([(jumps[moved.name(name)], node) for name, node in item.jumps if moved.name(name) in jumps], amount=1.3)
        assert {name for name in jumps if moved.name(name) in moved.wide.shapes} <= {name for name in jumps if moved.name(name) in jumps}


@MANY
@given(st.integers(0, 10**6))
def test_every_equation_of_a_sensitivity_is_the_derivative_of_its_own(seed):
    composed = random_system(seed)
    keys = list(composed.parameter_slots)
    _check_everything(Moved(composed, keys[seed % len(keys)], seed))


@pytest.mark.parametrize("parameter", list(tumor().parameter_slots))
def test_gompertz_hill_mutation_and_radiation_are_differentiated(parameter):
    _check_everything(Moved(tumor(), parameter, 3))


def test_the_own_system_is_left_as_it_is():
    own, wide = tumor(), with_sensitivities(tumor(), ["tumor.growth", "radiation.alpha"])
    assert wide.parameter_slots == own.parameter_slots
    assert (wide.inputs, wide.birth, wide.death, wide.transitions) == (own.inputs, own.birth, own.death, own.transitions)
    for items in ("states", "outputs", "quadratures"):
        kept = [item for item in getattr(wide, items) if "@" not in item.name]
        assert [(x.name, getattr(x, "rate", None)) for x in kept] == [(x.name, getattr(x, "rate", None)) for x in getattr(own, items)]
    for before, after in zip(own.agents, wide.agents, strict=True):
        assert after.jumps[: len(before.jumps)] == before.jumps


def test_units_are_those_of_the_output_over_the_parameter():
    found = {o.name: o.unit for o in with_sensitivities(closed_forms(), ["drug.volume", "decay.rate"]).outputs}
    assert units.is_same_dimension(found["drug.level@drug.volume"], "mg/L**2")
    assert units.is_same_dimension(found["decay.area@decay.rate"], "day**2")


def test_states_of_sensitivities_have_the_unit_and_so_the_tolerance_of_their_own():
    wide = with_sensitivities(closed_forms(), ["crowded.rate"])
    by_name = {state.name: state for state in wide.states}
    assert by_name["crowded.number@crowded.rate"].unit == by_name["crowded.number"].unit == "cell"


def test_only_states_between_parameter_and_output_get_a_sensitivity():
    def states(*outputs):
        return {s.name for s in with_sensitivities(tumor(), ["tumor.kill"], outputs).states if "@" in s.name}

    assert states("tumor.size") == {"cells@tumor.kill", "tumor.inflamed@tumor.kill"}
    assert states("tumor.blood") == {"cells@tumor.kill", "tumor.inflamed@tumor.kill", "tumor.shed@tumor.kill"}
    assert not states("tumor.area")


def test_an_output_that_the_parameter_cannot_reach_has_slope_zero():
    wide = with_sensitivities(closed_forms(), ["decay.rate"], ["drug.level"])
    assert "output drug.level@decay.rate = 0" in wide.equations()


def test_a_bolus_of_which_a_share_arrives_moves_the_sensitivity_by_the_amount():
    wide = with_sensitivities(closed_forms(), ["drug.share"], ["drug.level"], sizes={"drug.share": 1.0})
    member = Member.typical(wide)
    after = member.unpack(member.dose(np.ones(len(member.start())), "drug", 100.0))
    assert after["drug.amount"] == pytest.approx(1.0 + 0.7 * 100.0)
    assert after["drug.amount@drug.share"] == pytest.approx(1.0 + 100.0)


def test_a_state_set_to_a_number_forgets_what_moved_it():
    def says(m):
        x = m.state("x")
        m.change(x, m.parameters.rate)
        m.output("seen", x, "1")

    emptied = Part("tank", says, lambda m, dose: {m.read("x"): 0.0 * dose / m.quantity(1, "mg")}, "mg")
    wide = with_sensitivities(system(emptied, tank__rate="2 1/day"), ["tank.rate"])
    assert rate(wide, "tank.x@tank.rate") == "2"
    assert "dose tank -> tank.x@tank.rate = 0" in wide.equations()


def test_sizes_are_powers_of_two_near_the_number_in_the_table_or_the_one_given():
    assert "* 0.25)" in rate(with_sensitivities(closed_forms(), ["decay.rate"]), "decay.x@decay.rate")
    given = with_sensitivities(closed_forms(), ["decay.rate"], sizes={"decay.rate": 7.0})
    assert "* 8)" in rate(given, "decay.x@decay.rate")


@pytest.mark.parametrize(
    ("parameters", "outputs", "message"),
    [
        (["decay.rat"], None, "no parameter `decay.rat`.*decay.rate"),
        (["decay.rate", "decay.rate"], None, "given twice"),
        (["decay.rate"], ["decay.lef"], "no output `decay.lef`.*decay.left"),
    ],
)
def test_unknown_and_repeated_names_are_refused(parameters, outputs, message):
    with pytest.raises(InputError, match=message):
        with_sensitivities(closed_forms(), parameters, outputs)
