"""The generated functions are the equations: their values, their Jacobian, and where their compiled form is kept."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remission.engine.codegen import Generator
from remission.engine.flops import flops
from remission.errors import ModelError
from remission.model.compose import compose
from remission.model.disease import Clones
from remission.model.functions import hill, log
from remission.model.system import System
from tests.model.parts import Part, rows, system
from tests.reference.direct import Direct, as_python

from .made_up_systems import Walker, random_system

MANY = settings(max_examples=25, deadline=None, derandomize=True, database=None)
SEEDS = st.integers(0, 24)
LESIONS = st.integers(1, 3)
KINDS = (("rhs", "states"), ("out", "outputs"))


def _at(direct: Direct, seed: int) -> np.ndarray:
    """A state away from the start, with unequal parameters, some clones small, and an infusion running."""
    rng = np.random.default_rng(seed)
    s = direct.system
    direct.p[:] *= rng.uniform(0.7, 1.3, direct.p.size)
    scopes = [scope for scope, _ in s.parameter_slots.values()]
    for l in range(direct.lesions):
        first = s.n_patient_parameters + l * s.n_lesion_parameters + scopes.count("lesion")
        direct.p[first : first + len(s.sites)] = np.arange(len(s.sites)) == direct.sites[l]
    direct.p[s.n_patient_parameters - len(s.inputs) : s.n_patient_parameters] = rng.uniform(0.5, 2.0, len(s.inputs))
    direct.flags[:] = rng.uniform(size=direct.flags.size) < 0.8
    return rng.uniform(0.3, 2.0, direct.size)


def _everywhere(s: System, items: str, lesions: int):
    """(item, lesion, clone, slot) for every number of a kind."""
    slot = {"states": s.state_slot, "outputs": s.output_slot, "quadratures": s.quadrature_slot}[items]
    for item in getattr(s, items):
        for l in range(1 if item.per == "patient" else lesions):
            for c in range(s.n_clones if item.per == "clone" else 1):
                place = (-1 if item.per == "patient" else l, c if item.per == "clone" else -1)
                yield item, *place, slot(item.name, l, c)


def _check_jacobian(direct: Direct, y: np.ndarray) -> None:
    """Central differences; at a kink, anything between the slopes to the left and to the right."""
    jacobian, here = direct.jacobian(y), direct.rates(y)
    for column in range(direct.size):
        step = np.zeros(direct.size)
        step[column] = 1e-5
        right, left = (direct.rates(y + step) - here) / 1e-5, (here - direct.rates(y - step)) / 1e-5
        room = 2e-6 * (1 + np.abs(jacobian[:, column]) + np.abs(here))
        smooth = np.abs(right - left) < 1e-2 * (1 + np.abs(right))
        ours = jacobian[:, column]
        middle = np.abs(ours - (left + right) / 2) < room
        between = (ours > np.minimum(left, right) - room) & (ours < np.maximum(left, right) + room)
        assert (middle | (~smooth & between)).all(), (column, ours, left, right)


# ---- against the definition ------------------------------------------------------------------------------------------
@MANY
@given(SEEDS, LESIONS, st.booleans())
def test_jacobian_is_the_derivative_of_the_rates(seed, lesions, unrolled):
    direct = Direct(random_system(seed), lesions, unrolled=unrolled)
    _check_jacobian(direct, _at(direct, seed))


@MANY
@given(SEEDS, LESIONS, st.booleans())
def test_factors_made_in_one_go_are_the_factors_of_the_matrix(seed, lesions, unrolled):
    direct = Direct(random_system(seed), lesions, capacity=lesions + seed % 2, unrolled=unrolled)
    y = _at(direct, seed)
    in_two, in_one = direct.matrix(y, 30.0), np.full(direct.generated.arrow.size(direct.capacity), np.nan)
    direct.call("factor", in_two, direct.capacity)
    direct.call("factored", y, direct.p, direct.constants(), direct.flags, 30.0, in_one, direct.capacity, direct.lesions)
    np.testing.assert_allclose(in_one, in_two, rtol=1e-9, atol=1e-12)


@MANY
@given(SEEDS, LESIONS, st.booleans())
def test_solutions_are_those_of_the_dense_matrix(seed, lesions, unrolled):
    direct = Direct(random_system(seed), lesions, unrolled=unrolled)
    storage, x = direct.matrix(_at(direct, seed), 50.0), np.random.default_rng(seed).normal(size=direct.size)
    dense, given = direct.dense(storage), x.copy()
    direct.call("factor", storage, lesions)
    direct.call("solve", storage, x, lesions)
    assert np.abs(dense @ x - given).max() < 1e-9 * (np.abs(dense) @ np.abs(x)).max()


@MANY
@given(SEEDS, st.integers(1, 2), st.booleans())
def test_lesions_that_a_patient_does_not_have_are_inert(seed, lesions, unrolled):
    """Whatever stands in their places: no rate, no entry but the shift, no share in a sum."""
    s = random_system(seed)
    alone, beside = Direct(s, lesions, unrolled=unrolled), Direct(s, lesions, capacity=lesions + 2, unrolled=unrolled)
    y, n = _at(alone, seed), alone.size
    for own, other in ((alone.p, beside.p), (alone.flags, beside.flags)):
        other[:] = np.nan
        other[: own.size] = own
    wide = np.append(y, np.full(beside.size - n, np.nan))
    assert np.array_equal(beside.rates(wide)[:n], alone.rates(y))
    assert (beside.rates(wide)[n:] == 0.0).all()
    dense = beside.dense(beside.matrix(wide, 3.0))
    assert np.array_equal(dense[:n, :n], alone.dense(alone.matrix(y, 3.0)))
    assert np.array_equal(dense[n:, n:], 3.0 * np.eye(beside.size - n))
    assert not dense[:n, n:].any()
    assert not dense[n:, :n].any()
    for found, narrow in zip(beside.quadratures(wide), alone.quadratures(y), strict=True):
        assert np.array_equal(found[: len(narrow)], narrow)
        assert not found[len(narrow) :].any()
    assert np.array_equal(beside.outputs(wide)[: s.size("outputs", lesions)], alone.outputs(y))


@MANY
@given(SEEDS, LESIONS, st.booleans())
def test_every_rate_and_output_is_its_equation(seed, lesions, unrolled):
    s = random_system(seed)
    direct = Direct(s, lesions, unrolled=unrolled)
    y = _at(direct, seed)
    walk, rates, outputs = Walker(direct, y), direct.rates(y), direct.outputs(y)
    for state, l, c, slot in _everywhere(s, "states", lesions):
        stands = state.name == "cells" and direct.flags[l * s.n_clones + c] == 0.0
        assert rates[slot] == pytest.approx(0.0 if stands else walk.at(state.rate, l, c), rel=1e-10, abs=1e-10), state.name
    for output, l, c, slot in _everywhere(s, "outputs", lesions):
        assert outputs[slot] == pytest.approx(walk.at(output.node, l, c), rel=1e-10, abs=1e-10), output.name


@MANY
@given(SEEDS, LESIONS, st.booleans())
def test_every_hazard_integral_birth_and_death_is_its_equation(seed, lesions, unrolled):
    s = random_system(seed)
    direct = Direct(s, lesions, unrolled=unrolled)
    y = _at(direct, seed)
    walk, (found, births_deaths) = Walker(direct, y), direct.quadratures(y)
    for item, l, c, slot in _everywhere(s, "quadratures", lesions):
        assert found[slot] == pytest.approx(walk.at(item.rate, l, c), rel=1e-10, abs=1e-10), item.name
    for l in range(lesions):
        for c in range(s.n_clones):
            expected = [walk.at(s.birth, l, c), walk.at(s.death, l, c)]
            assert births_deaths[l * s.n_clones + c] == pytest.approx(expected, rel=1e-10, abs=1e-10)


@MANY
@given(SEEDS, LESIONS, st.integers(-1, 2), st.sampled_from("ac"))
def test_a_dose_sets_exactly_what_it_should_from_the_state_before(seed, lesions, lesion, agent):
    s, lesion = random_system(seed), min(lesion, lesions - 1)
    direct = Direct(s, lesions)
    y = _at(direct, seed)
    after, expected = direct.dose(y, agent, 0.7, lesion), y.copy()
    walk, jumps = Walker(direct, y, 0.7), dict(s.agents[s.agent_index(agent)].jumps)
    for state, l, c, slot in _everywhere(s, "states", lesions):
        if state.name in jumps and l in (-1, lesion if lesion >= 0 else l):
            expected[slot] = walk.at(jumps[state.name], l, c)
    assert after == pytest.approx(expected, rel=1e-10)


@MANY
@given(SEEDS, LESIONS)
def test_start_is_the_declared_start_in_every_lesion_and_clone(seed, lesions):
    direct = Direct(random_system(seed), lesions)
    walk, y = Walker(direct, np.zeros(direct.size)), direct.start()
    for state, l, c, slot in _everywhere(direct.system, "states", lesions):
        assert y[slot] == pytest.approx(walk.at(state.initial, l, c), rel=1e-12)


@pytest.mark.parametrize("seed", [3, 11])
def test_compiled_functions_agree_with_the_text(seed):
    s = random_system(seed)
    text, machine = Direct(s, 2), Direct(s, 2)
    y = _at(text, seed)
    assert np.array_equal(_at(machine, seed), y)
    for run in (
        lambda d: d.rates(y),
        lambda d: d.jacobian(y),
        lambda d: d.outputs(y),
        lambda d: np.concatenate([x.ravel() for x in d.quadratures(y)]),
        lambda d: d.dose(y, "c", 0.7, 1),
        lambda d: d.start(),
        lambda d: d.event(y, "b.fall_patient"),
    ):
        np.testing.assert_allclose(run(machine), run(text), rtol=1e-10, atol=1e-10)


# ---- events ----------------------------------------------------------------------------------------------------------
def _seeded(m):
    cells = m.state("cells", per="clone", unit="cell", initial=10.0)
    size = m.state("size", per="lesion", unit="mL", initial=1.0)
    m.flow(None, cells, m.quantity(0.1, "1/day") * cells)
    m.hazard("shrink", m.quantity(1, "1/day"), per="lesion", jumps={size: size / 2})
    m.hazard("mutate", m.quantity(1, "1/day"), per="clone", jumps={cells: cells + m.quantity(1, "cell")})
    m.hazard("collapse", m.quantity(1, "1/day"), jumps={cells: m.total(cells, "clone") * 0, size: m.quantity(3, "mL")})


@cache
def _events() -> Direct:
    return Direct(system(Part("one", _seeded), clones=Clones.of(drug=["sensitive", "resistant"])), 3)


def _event(name: str, lesion: int, clone: int) -> np.ndarray:
    """What changed, as [lesion, (clone 0, clone 1, size)]."""
    direct = _events()
    y = direct.start()
    return (direct.event(y, f"one.{name}", lesion, clone) - y).reshape(3, 3)


def test_an_event_of_a_lesion_stays_in_that_lesion():
    assert np.argwhere(_event("shrink", 1, -1)).tolist() == [[1, 2]]


def test_an_event_of_a_clone_stays_in_that_clone():
    changed = _event("mutate", 2, 1)
    assert np.argwhere(changed).tolist() == [[2, 1]]
    assert changed[2, 1] == 1.0


def test_an_event_of_the_patient_reaches_every_lesion():
    assert (_event("collapse", -1, -1) == [-10.0, -10.0, 2.0]).all()


# ---- mass ------------------------------------------------------------------------------------------------------------
def _closed(m):
    cells = m.state("cells", per="clone", unit="cell")
    virus = m.state("virus", per="clone", unit="cell")
    dead, cleared = m.state("dead", per="lesion", unit="cell"), m.state("cleared", unit="cell")
    steps = m.chain("step", 3, m.quantity(2, "1/day"), unit="cell")
    day = m.quantity(1, "day")
    m.flow(cells, virus, 0.3 * cells / day)
    m.flow(virus, dead, 0.2 * virus / day)
    m.flow(dead, steps[0], 0.4 * dead / day)
    m.flow(steps[-1], cleared, 2 * steps[-1] / day)
    for x in (cells, virus):
        m.convert(x, {("drug", "sensitive", "resistant"): 0.1 * (1 + m.total(x, "clone") / m.quantity(1, "cell")) / day})


@pytest.mark.parametrize("lesions", [1, 4])
def test_flows_and_conversions_keep_mass(lesions):
    direct = Direct(system(Part("one", _closed), clones=Clones.of(drug=["sensitive", "resistant"], antigen=["a", "b"])), lesions)
    y = np.random.default_rng(0).uniform(1, 2, direct.size)
    rates = direct.rates(y)
    assert abs(rates.sum()) < 1e-12 * np.abs(rates).sum()


def test_only_cells_wait_for_founders_one_by_one():
    """While a clone of `cells` is small, arrivals are random; what lives in clones otherwise still moves as a flow."""
    direct = Direct(system(Part("one", _closed), clones=Clones.of(drug=["sensitive", "resistant"])))
    y, s = np.ones(direct.size), direct.system
    direct.flags[1] = 0.0
    rates = direct.rates(y)
    assert rates[s.state_slot("cells", 0, 1)] == 0.0
    assert rates[s.state_slot("one.virus", 0, 1)] > 0.0
    arrival = direct.quadratures(y)[0]
    assert arrival[s.quadrature_slot("arrival", 0, 1)] == pytest.approx(0.3)
    assert arrival[s.quadrature_slot("arrival", 0, 0)] == 0.0


# ---- the text --------------------------------------------------------------------------------------------------------
def _growth(m):
    cells = m.state("cells", per="clone", unit="cell", initial=1.0)
    m.flow(None, cells, (1 - m.total(cells, "clone") / m.quantity(1e9, "cell")) * cells / m.quantity(1, "day"))
    m.flow(cells, m.state("dead", unit="cell"), 0.1 * cells / m.quantity(1, "day"))


def _text(clones: Clones, sites=("marrow",), name: str = "x", unit: str = "cell") -> str:
    other = Part("two", lambda m: m.state("x", unit=unit))
    return Generator(compose(name, [Part("one", _growth), other], clones, sites, rows())).generate().text


def _functions(text: str) -> dict[str, list[str]]:
    """Lines of each function of a text."""
    parts = text.split("\ndef ")[1:]
    return {part.partition("(")[0]: part.splitlines() for part in parts}


def test_length_of_the_text_does_not_depend_on_the_number_of_clones_where_they_are_many():
    few, many = (_text(Clones.of(trait=[f"level_{i}" for i in range(n)])) for n in (17, 30))
    lines = [{name: len(body) for name, body in _functions(text).items() if name not in ("factor", "solve")} for text in (few, many)]
    assert lines[0] == lines[1]
    assert "for l in range(L):" in few
    assert "for j in range(17):" in few


def test_few_clones_are_written_out_where_every_step_goes():
    functions = _functions(_text(Clones.of(trait=["a", "b", "c"])))
    assert not any("for j" in line for name in ("rhs", "matrix", "factor", "solve", "quad", "out") for line in functions[name])


@pytest.mark.parametrize("lesions", [1, 2, 7, 40])
def test_one_text_serves_any_number_of_lesions(lesions):
    one = Direct(random_system(5), lesions)
    assert one.generated.text == Generator(random_system(5)).generate().text
    y = np.concatenate([np.ones(one.system.n_patient), np.tile(np.linspace(0.5, 1.5, one.system.n_block), lesions)])
    blocks = one.rates(y)[one.system.n_patient :].reshape(lesions, -1)
    same_site = np.array(one.sites) == 0
    assert np.ptp(blocks[same_site], axis=0).max() == 0.0


def test_names_of_traits_may_look_alike_or_be_no_python():
    clones = Clones.of(**{"drug": ["a+b", "a-b", "a b"], "drug_a": ["b", 'c"²\n']})

    def says(m):
        for i, (trait, level) in enumerate((trait, level) for trait, levels in clones.traits for level in levels):
            m.output(f"is_{i}", m.trait(trait, level) * m.state(f"x_{i}", initial=1.0), "1")

    direct = Direct(system(Part("one", says), clones=clones))
    seen = direct.outputs(np.ones(direct.size)).reshape(clones.members.__len__(), -1)
    expected = [[float(level in member and trait == "drug") for trait, level in _levels(clones)] for member in clones.members]
    for member, row, wanted in zip(clones.members, seen, expected, strict=True):
        assert row[:3].tolist() == wanted[:3], member
        assert row[3:].tolist() == [float(member[1] == level) for level in clones.traits[1][1]]


def _levels(clones: Clones):
    return [(trait, level) for trait, levels in clones.traits for level in levels]


def test_nested_sums_over_lesions_in_a_rate_are_refused():
    def says(m):
        cells = m.state("cells", per="clone", unit="cell")
        share = m.total(cells, "clone") / m.total(cells, "lesion")
        m.change(m.state("x"), m.total(share, "lesion") / m.quantity(1, "day"))

    with pytest.raises(ModelError, match="sums over lesions something that itself depends"):
        Generator(system(Part("one", says))).generate()


def test_what_depends_on_parameters_alone_is_computed_once():
    def says(m):
        p = {name: m.parameter(f"one.{name}") for name in ("half", "shape", "speed")}
        x = m.state("x")
        m.change(x, p["speed"] / p["half"] * x / (x**2 + p["half"] ** p["shape"]) / m.quantity(1, "day"))

    values = {f"one__{name}": f"{value} 1" for name, value in (("half", 1.3), ("shape", 1.6), ("speed", 0.5))}
    functions = _functions(Generator(system(Part("one", says), **values)).generate().text)
    assert sum("power" in line for line in functions["prepare"]) == 1
    assert not any("power" in line for name in ("rhs", "matrix", "factored") for line in functions[name])
    assert sum(line.count(" / ") for line in functions["rhs"]) == 1


def test_a_hill_term_needs_one_power_for_itself_and_its_slope():
    def says(m):
        x = m.state("x")
        m.change(x, hill(x, m.parameter("one.half"), m.parameter("one.shape")) / m.quantity(1, "day"))

    functions = _functions(Generator(system(Part("one", says), one__half="1.3 1", one__shape="1.6 1")).generate().text)
    assert [sum(line.count("power(") for line in functions[name]) for name in ("rhs", "matrix", "factored")] == [1, 1, 1]


def test_the_logarithm_of_a_parameter_by_a_state_is_a_difference():
    def says(m):
        x = m.state("x", initial=1.0)
        m.change(x, log(m.parameter("one.room") / x) * x / m.quantity(1, "day"))

    direct = Direct(system(Part("one", says), one__room="7.0 1"))
    assert " / " not in "".join(_functions(direct.generated.text)["rhs"])
    assert direct.rates(np.array([2.0]))[0] == pytest.approx(2.0 * np.log(3.5), rel=1e-14)


def test_watched_outputs_are_those_of_all_outputs():
    for unrolled in (True, False):
        direct = Direct(random_system(4), 2, unrolled=unrolled)
        y, s = _at(direct, 4), direct.system
        first, lesion = len(s.of("outputs", "patient")), s.size("outputs", 1) - len(s.of("outputs", "patient"))
        watched = (0, first, first + lesion + 1)
        generator = Generator(s, unrolled)
        text = generator.generate().text + generator.watched(watched)
        space, seen = as_python(text), np.full(direct.system.size("outputs", 2), np.nan)
        space["watched"](y, direct.p, direct.constants(), np.zeros(99), direct.flags, seen, 2, 2)
        whole = direct.outputs(y)
        for place in (0, first, first + lesion, first + 1, first + lesion + 1):
            assert seen[place] == whole[place]


def test_operations_are_counted_from_the_text():
    text = "def f(y, a, L):\n    x_at = 3 + L * 2\n    a[x_at + 1] = exp(y[0] * 2.0) / 3.0 - power(y[1], y[2])\n    for l in range(L):\n"
    text += "        a[l] = sqrt(y[l] + 1.0)\n        for j in range(4):\n            a[j] = log(y[j])\n"
    assert flops(text) == {"f": (30 + 1 + 1 + 1 + 66, 2 + 4 * 34)}


# ---- content -------------------------------------------------------------------------------------------------------
def test_the_text_is_keyed_by_content_alone():
    assert _text(Clones(), name="x") == _text(Clones(), name='y"""\n')
    assert _text(Clones()) != _text(Clones.of(drug=["sensitive", "resistant"]))
