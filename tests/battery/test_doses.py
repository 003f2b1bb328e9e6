"""Doses of every agent in the whole disease: none is none, halves make a whole, more is never less, infusions lose nothing."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from remission.engine.ensemble import Options
from remission.engine.layout import Status
from tests.battery.found import DISEASES
from tests.battery.runs import USUAL, agent, begun, drawn, followed, is_first_order, is_linear, nothing, random_rows, row, slots, system_of

OPTIONS = Options(rtol=1e-5, seed=5, threads=1, faults=False)
TIGHT = Options(rtol=1e-9, seed=5, threads=1, faults=False)
MEMBERS = 20
DAYS = (2.0, 9.0, 21.0)
AGENTS = [(disease, given.name) for disease in DISEASES for given in system_of(disease).agents]
INFUSED = [(disease, given.name) for disease in DISEASES for given in system_of(disease).agents if given.input >= 0]
LINEAR = [(disease, name) for disease, name in AGENTS if is_linear(disease, agent(disease, name))]
FIRST_ORDER = [(disease, name) for disease, name in INFUSED if is_first_order(disease, agent(disease, name))]
every_agent = pytest.mark.parametrize(("disease", "name"), AGENTS)
every_infused = pytest.mark.parametrize(("disease", "name"), INFUSED)


def infused_state(disease, name):
    return system_of(disease).inputs[agent(disease, name).input]


def own_places(disease, name):
    """Where the states of the agent itself stand that a dose moves; none for an agent that moves those of others."""
    return [place for state, _ in agent(disease, name).jumps if state.split(".")[0] == name for place in slots(disease, state)]


@cache
def patients(disease):
    return drawn(disease, 3, MEMBERS)


@cache
def course(disease, rows=(), days=DAYS, immortal=False):
    """A run in which every member gets these rows; `rows` as (name, day, amount, duration), without a name a stop without a dose."""
    own = [row(disease, name, *rest) if name else nothing(rest[0]) for name, *rest in rows]
    return followed(disease, begun(disease, patients(disease), [own] * MEMBERS, OPTIONS, immortal), days, OPTIONS)


def assert_same(first, second):
    """Equal to the bit: states, clones, their luck, hazards, clocks and fates."""
    np.testing.assert_array_equal(first.states, second.states)
    np.testing.assert_array_equal(first.phases, second.phases)
    np.testing.assert_array_equal(first.outputs, second.outputs)
    for part, names in (("state", ("q", "t", "status", "fatal")), ("clones", ("small", "entries")), ("events", ("fired", "day"))):
        for name in names:
            np.testing.assert_array_equal(*(getattr(getattr(path.batch, part), name) for path in (first, second)), err_msg=name)


# ---- no dose ------------------------------------------------------------------------------------------------------------------
@every_agent
def test_a_dose_of_zero_is_no_therapy(disease, name):
    assert_same(course(disease, ((name, 0.0, 0.0),)), course(disease))


@every_agent
def test_doses_of_zero_among_others_change_no_bit(disease, name):
    """In the midst of other therapy, beside runs that stop on the same days without a dose."""
    own = random_rows(disease, 8, MEMBERS, 8, 15.0)
    days, values = (1.5, 6.0, 14.0), patients(disease)
    idle, zero = ([[*rows, *(make(day) for day in days)] for rows in own] for make in (nothing, lambda day: row(disease, name, day, 0.0)))
    runs = [followed(disease, begun(disease, values, rows, OPTIONS), DAYS, OPTIONS) for rows in (zero, idle)]
    assert_same(*runs)
    assert not np.array_equal(runs[0].states, course(disease).states)


@every_infused
def test_an_infusion_of_zero_changes_no_bit(disease, name):
    assert_same(course(disease, ((name, 1.0, 0.0, 0.5),)), course(disease, (("", 1.0), ("", 1.5))))


# ---- halves and more ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("disease", "name"), LINEAR)
def test_two_half_doses_given_together_equal_one(disease, name):
    whole = USUAL[agent(disease, name).unit]
    assert_same(course(disease, ((name, 0.0, whole / 2), (name, 0.0, whole / 2))), course(disease, ((name, 0.0, whole),)))


@pytest.mark.parametrize(("disease", "name"), [case for case in AGENTS if case not in LINEAR])
def test_an_agent_that_is_not_linear_counts_once(disease, name):
    usual = USUAL[agent(disease, name).unit]
    once = course(disease, ((name, 0.0, usual),))
    assert_same(course(disease, ((name, 0.0, 2 * usual),)), once)
    assert_same(course(disease, ((name, 0.0, usual), (name, 0.0, usual))), once)


@every_infused
def test_two_half_infusions_at_once_equal_one(disease, name):
    whole = USUAL[agent(disease, name).unit]
    halves = course(disease, ((name, 1.0, whole / 2, 0.5), (name, 1.0, whole / 2, 0.5)))
    assert_same(halves, course(disease, ((name, 1.0, whole, 0.5),)))


@pytest.mark.parametrize(("disease", "name"), [case for case in AGENTS if own_places(*case)])
def test_more_never_means_less(disease, name):
    """Of the amount itself, on any day after, in patients whatever else happens to them."""
    given, own, days = agent(disease, name), own_places(disease, name), (0.01, 0.3, 1.0, 3.0, 10.0, 25.0)
    runs = [course(disease, ((name, 0.0, share * USUAL[given.unit]),), days, True) for share in (0.0, 0.5, 1.0, 3.0)]
    for less, more in pairwise(runs):
        a, b = less.states[:, :, own], more.states[:, :, own]
        assert (b >= a - 1e-4 * np.abs(a) - 1e-5).all()
    assert (runs[-1].states[0][:, own] > 0).all()


# ---- infusions ----------------------------------------------------------------------------------------------------------------
@cache
def quiet(disease):
    """One typical patient without disease, so that nothing but the agent moves."""
    system = system_of(disease)
    return system.parameters.typical(len(system.sites), system.n_clones) | {"growth.initial": np.zeros(1)}


@every_infused
def test_a_very_short_infusion_is_a_dose_at_once(disease, name):
    usual, place = USUAL[agent(disease, name).unit], slots(disease, infused_state(disease, name))
    rows = ([row(disease, name, 1.0, usual)], [row(disease, name, 1.0, usual, 1e-5)])
    first, second = (followed(disease, begun(disease, quiet(disease), [own], TIGHT), (1.001,), TIGHT).states[0, 0, place] for own in rows)
    assert first == pytest.approx(usual, rel=0.05)
    assert second == pytest.approx(first, rel=1e-4)


@pytest.mark.parametrize(("disease", "name"), FIRST_ORDER)
@pytest.mark.parametrize("duration", [0.02, 0.5, 28.0])
def test_an_infusion_conserves_the_amount(disease, name, duration):
    """What is there equals the boluses it is made of: with first-order loss A (1 - exp(-k D)) / (k D) at the end of D days."""
    given = agent(disease, name)
    amount = 1e6 * USUAL[given.unit] if given.unit == "1" else USUAL[given.unit]
    place = slots(disease, infused_state(disease, name))[0]
    bolus = begun(disease, quiet(disease), [[row(disease, name, 0.0, amount)]], TIGHT, immortal=True)
    early, later = followed(disease, bolus, (0.02, 0.12), TIGHT).states[:, 0, place]
    loss = np.log(early / later) / 0.1
    assert early * np.exp(0.02 * loss) == pytest.approx(amount, rel=1e-6)
    batch = begun(disease, quiet(disease), [[row(disease, name, 1.0, amount, duration)]], TIGHT, immortal=True)
    end = followed(disease, batch, (1.0 + duration / 2, 1.0 + duration), TIGHT)
    for share, found in zip((0.5, 1.0), end.states[:, 0, place], strict=True):
        passed = loss * duration * share
        assert found == pytest.approx(share * amount * -np.expm1(-passed) / passed, rel=1e-5)
    assert end.batch.status[0] == Status.OK
