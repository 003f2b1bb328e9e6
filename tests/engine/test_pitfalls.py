"""Ways in which a fast engine has gone wrong before, each as a test: silent changes of the model, its order, its code, its luck."""

from __future__ import annotations

import platform
import re
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remission.benchmark.problems import problem_of
from remission.engine.batch import Dose, pack_doses
from remission.engine.compile import compile_system
from remission.engine.compiled import Compiled
from remission.engine.ensemble import Options, advance, observe, start, thresholds
from remission.engine.kernels import Variant, assembly
from remission.engine.language.machine_code import lanes_of_host
from remission.engine.layout import Phase, Status
from remission.engine.steppers import Method, next_length
from remission.errors import ModelError
from remission.model.functions import exp, hill, log, sqrt
from remission.population import pack
from tests.engine.random_members import drawn
from tests.engine.structures import STRUCTURES, one_part
from tests.engine.tight import TightSolver


# ---- 1: names, and the order of a method ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["state", "output", "hazard", "integral"])
def test_a_name_that_is_taken_is_refused(kind):
    """A state with the name of a parameter once changed the model in silence."""

    def says(m, name):
        x = m.state("x", unit="mg", dosed=True)
        made = {"state": lambda: m.state(name), "output": lambda: m.output(name, x, "mg"), "integral": lambda: m.integral(name, x)}
        made.get(kind, lambda: m.hazard(name, m.parameters.out))()

    for taken in ("out", "x"):
        with pytest.raises(ModelError, match=f"`a.{taken}`"):
            one_part(lambda m, taken=taken: says(m, taken), {"a.out": "1/day"})


def typical(name: str) -> tuple[np.ndarray, np.ndarray, list[Dose]]:
    """One member in the middle of all ranges, with one dose on day 0: its packed row, its row for the tight solver, and the dose."""
    structure = STRUCTURES[name]
    shapes = {"patient": (1,), "lesion": (1, structure.lesions), "clone": (1, structure.lesions, structure.system.n_clones)}
    values = {key: np.full(shapes[per], np.sqrt(np.prod(structure.ranges[key]))) for key, per, _ in structure.system.parameter_names}
    sites = drawn(name).sites
    packed = pack(structure.system, values, sites, structure.lesions)
    numbers = TightSolver(structure.system, structure.lesions).numbers(values, 0, sites[: structure.lesions])
    return packed, numbers, [Dose(0.0, 0, structure.agents[0][1])]


def system_slot(name: str) -> int:
    """Place of the state that the first agent is dosed into."""
    system = STRUCTURES[name].system
    return system.state_slot(next(state.name for state in system.states if state.dosed))


@cache
def exactly(name: str, day: float) -> np.ndarray:
    """States of the typical member on a day."""
    structure, (_, numbers, rows) = STRUCTURES[name], typical(name)
    solver = TightSolver(structure.system, structure.lesions)
    return solver.run(numbers, rows, day, np.zeros(0), rtol=3e-14)[1][: solver.n_states]


def error_after_equal_steps(name: str, method: Method, steps: int, day: float) -> float:
    """Largest error, relative to the size of each state, after so many equal steps; the tolerance never shortens them."""
    structure, (packed, _, rows) = STRUCTURES[name], typical(name)
    system = compile_system(structure.system)
    options = Options(method=method, rtol=1e3, n_small=0.0, threads=1, faults=False)
    batch = start(system, [0], packed, structure.lesions, options=options)
    batch.state.y[0, system_slot(name)] += rows[0].amount
    batch.state.h[:] = day / steps
    for stop in day * np.arange(1, steps + 1) / steps:
        batch = advance(system, batch, stop, options=options)
    assert batch.state.accepted[0] == steps
    exact = exactly(name, day)
    return float(np.max(np.abs(batch.y[0] - exact) / np.maximum(np.abs(exact), 1.0)))


@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize(("name", "day"), [("gompertz", 4.0), ("arrow", 4.0), ("ring", 4.0), ("binding", 1e-3)])
def test_models_keep_the_order_of_the_method(name, day, method):
    """Halving the steps divides the error by 2^5 or more (Tsit5 up to 2^7 here); a wrong derivative gives 2^2 to 2^4."""
    coarse, fine = (error_after_equal_steps(name, method, steps, day) for steps in (24, 48))
    assert 4.7 < np.log2(coarse / fine) < 7.0


# ---- 2: vector instructions -----------------------------------------------------------------------------------------------------
HOT = ("rhs", "matrix", "factor", "solve", "quad", "out")
ARITHMETIC = re.compile(r"\tv?(?:add|sub|mul|div|fn?m(?:add|sub)\d+|max|min|sqrt)([sp])d\s[^\n]*?%([xyz])mm")
on_x86 = pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="reads the assembly of x86-64")


def arithmetic(compiled: Compiled, method: Method) -> dict[str, list[tuple[str, str]]]:
    """For each function of a kernel its operations on float64: (packed or scalar, register)."""
    listing = assembly(compiled, Variant(method, lanes_of_host()))
    parts = re.split(r"\n\t\.type\t([\w.$]+),@function\n", listing)
    return {label: ARITHMETIC.findall(text) for label, text in zip(parts[1::2], parts[2::2], strict=True)}


@on_x86
@pytest.mark.parametrize("name", ["transit", "gompertz", "qsp-40"])
def test_rates_jacobian_and_solution_are_vector_instructions_of_full_width(name):
    """Functions that are short are copied into the kernel; of a large system they stand apart and hold nothing else."""
    large = name == "qsp-40"
    compiled = compile_system(problem_of(name).system()) if large else drawn(name).compiled
    found, register = arithmetic(compiled, Method.RODAS5P), {8: "z", 4: "y", 2: "x"}[lanes_of_host()]
    hot = [operation for label in HOT for operation in found.get(label, [])]
    assert set(hot) == ({("p", register)} if large else set())
    everything = [operation for operations in found.values() for operation in operations]
    assert everything.count(("p", register)) > max(0.6 * len(everything), 400)


# ---- 3: clones that are nearly gone ---------------------------------------------------------------------------------------------
@cache
def treated():
    """One clone that grows, and is killed while a drug is there."""

    def says(m):
        p = m.parameters
        drug = m.state("drug", unit="mg", dosed=True)
        cells = m.state("cells", per="clone", unit="cell", initial=p.start)
        m.flow(drug, None, p.out * drug)
        m.flow(None, cells, p.birth * cells)
        m.flow(cells, None, (p.death + p.kill * hill(drug, m.quantity(1.0, "mg"), 1)) * cells)
        m.output("cells_seen", cells, "cell")

    units = dict.fromkeys(("a.out", "a.birth", "a.death", "a.kill"), "1/day") | {"a.start": "cell per lesion"}
    return one_part(says, units)


@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize("rtol", [1e-3, 5e-6, 1e-9])
def test_a_clone_that_is_nearly_gone_does_not_grow_back_from_a_fraction_of_a_cell(method, rtol):
    """A billion cells are killed down to a number that the equations put between 1e-12 and 0.01; growth over the two years after
    would make a relapse of every remnant. All clones are lost, exactly, and stay so; none is negative or a relapse."""
    system, members = treated(), 64
    kill = np.linspace(1.2, 1.9, members)
    one = np.ones((members, 1))
    values = {"a.out": 0.05 * one[:, 0], "a.birth": 0.15 * one[:, 0], "a.death": 0.05 * one[:, 0], "a.kill": kill, "a.start": 1e9 * one}
    options = Options(method=method, rtol=rtol, seed=4, faults=False)
    batch = start(
        compile_system(system), np.arange(members), pack(system, values, ("marrow",), 1), 1, pack_doses([[Dose(0.0, 0, 5.0)]] * members)
    )
    result = advance(compile_system(system), batch, 900.0, save=np.linspace(0.0, 900.0, 181), options=options)
    cells = result.saved[:, :, 0]
    few = np.log(1e9) + 0.1 * 60.0 - kill * 20 * np.log((1 + 5.0) / (1 + 5.0 * np.exp(-3.0)))
    assert few.max() < np.log(0.01)
    assert (cells >= 0.0).all()
    assert (cells[:, -1] == 0.0).all()
    assert (result.clones.phase == Phase.EXTINCT).all()
    gone = np.argmax(cells == 0.0, axis=1)
    assert all((cells[m, gone[m] :] == 0.0).all() for m in range(members))


# ---- 4 and 8: doses and stops ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", list(Method))
def test_a_day_of_a_dose_shows_the_patient_before_it(method):
    """Saved days, a look at a visit on that day, and the state all say the same; the dose is among the rows to come."""
    one, options = drawn("binding"), Options(method=method, faults=False, max_steps=500_000)
    batch = start(one.compiled, [0], one.batch(options, [0]).state.p, 0, pack_doses([[Dose(3.0, 0, 500.0)]]), options=options)
    batch = advance(one.compiled, batch, 3.0, save=np.array([3.0]), options=options)
    free = one.structure.system.output_slot("a.free_seen")
    assert batch.saved[0, 0, free] == observe(one.compiled, batch)[0, free] == batch.y[0, one.structure.system.state_slot("a.free")] == 0.0
    after = advance(one.compiled, batch, np.nextafter(3.0, 4.0), options=options)
    assert observe(one.compiled, after)[0, free] == pytest.approx(500.0, rel=1e-6)


@given(h=st.floats(1e-12, 1e6), rest=st.floats(1e-12, 1e6))
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
def test_no_tiny_step_is_left_before_a_stop(h, rest):
    """A step is never longer than proposed or than what is left, and what it leaves is nothing or nearly half of the whole."""
    length = float(next_length(h, rest))
    assert length <= min(h, rest)
    assert length == rest or rest - length >= 0.47 * rest


def test_stops_cost_no_tiny_steps():
    """A thousand visits on odd days: at most two steps for each, beside those that the equations need."""
    one, options = drawn("transit"), Options(faults=False)
    once = advance(one.compiled, one.batch(options), 60.0, options=options)
    often = one.batch(options)
    stops = np.sort(np.random.default_rng(2).uniform(0.0, 60.0, 200))
    for day in [*stops, 60.0]:
        often = advance(one.compiled, often, day, options=options)
    assert (often.state.accepted <= once.state.accepted + 2 * len(stops) + 2).all()
    np.testing.assert_allclose(often.y, once.y, rtol=1e-3, atol=1e-4)


# ---- 5: luck --------------------------------------------------------------------------------------------------------------------
def test_a_patients_numbers_and_thresholds_are_the_same_in_a_cohort_of_any_size():
    structure = STRUCTURES["gompertz"]
    parameters, system = structure.system.parameters, drawn("gompertz").compiled
    few, many = (parameters.draw(3, np.arange(n), 2, structure.system.n_clones) for n in (7, 100))
    assert all((few[key] == many[key][:7]).all() for key in few)
    narrow, wide = thresholds(system, np.arange(7), 2, 3), thresholds(system, np.arange(100), 4, 3)
    np.testing.assert_array_equal(narrow, wide[:7, : narrow.shape[1]])


# ---- 6: arithmetic as written -----------------------------------------------------------------------------------------------------
@cache
def sums():
    """Outputs that change when sums are reordered, and elementary functions of one parameter."""

    def says(m):
        p = m.parameters
        x = m.state("x", unit="mg", initial=p.big, dosed=True)
        m.change(x, 0 * p.small / m.quantity(1.0, "day"))
        m.output("kept", (x + p.small) - x, "mg")
        m.output("compensated", (p.small - ((x + p.small) - x)) + x, "mg")
        m.output("exp", exp(p.any), "1")
        m.output("log", log(p.positive), "1")
        m.output("power", p.positive**p.any, "1")
        m.output("sqrt", sqrt(p.positive), "1")
        m.output("hill", hill(p.positive, p.half, p.steep), "1")

    units = dict.fromkeys(("a.any", "a.positive", "a.steep", "a.half"), "1") | dict.fromkeys(("a.big", "a.small"), "mg")
    return one_part(says, units)


def test_sums_are_not_reordered_and_functions_keep_their_bounds():
    """(x + s) - x is what rounding makes of it, not s; functions are within a few units in the last place of NumPy's."""
    system, members, rng = compile_system(sums()), 4000, np.random.default_rng(1)
    values = {
        "a.big": 10.0 ** rng.uniform(8, 18, members),
        "a.small": rng.uniform(0.1, 3.0, members),
        "a.half": 10.0 ** rng.uniform(-2, 2, members),
        "a.any": rng.uniform(-30.0, 30.0, members),
        "a.positive": 10.0 ** rng.uniform(-8, 8, members),
        "a.steep": rng.uniform(0.5, 6.0, members),
    }
    batch = start(system, np.arange(members), pack(sums(), values, ("marrow",), 1), 0)
    batch = advance(system, batch, 1.0)
    assert (batch.status == Status.OK).all()
    seen = {output.name[2:]: observe(system, batch)[:, sums().output_slot(output.name)] for output in sums().outputs}
    x, s = values["a.big"], values["a.small"]
    np.testing.assert_array_equal(seen["kept"], (x + s) - x)
    np.testing.assert_array_equal(seen["compensated"], (s - ((x + s) - x)) + x)
    last = np.finfo(float).eps
    np.testing.assert_allclose(seen["exp"], np.exp(values["a.any"]), rtol=4 * last)
    np.testing.assert_allclose(seen["log"], np.log(values["a.positive"]), rtol=4 * last, atol=4 * last)
    size = np.abs(values["a.any"] * np.log(values["a.positive"]))
    exact = values["a.positive"] ** values["a.any"]
    inside = size < 600
    assert (np.abs(seen["power"] - exact)[inside] <= (4 * last * (1 + size) * exact)[inside]).all()
    np.testing.assert_array_equal(seen["sqrt"], np.sqrt(values["a.positive"]))
    ratio = (values["a.positive"] / values["a.half"]) ** values["a.steep"]
    np.testing.assert_allclose(seen["hill"], ratio / (1 + ratio), rtol=400 * last)
