"""The same equations twice, as a system of this package and as the text that peers are made from."""

import numpy as np
import pytest

from remission.benchmark.engine import by_key
from remission.benchmark.problems import SITE, names_of_problems, problem_of, two_drugs
from remission.errors import InputError
from remission.population import pack
from tests.reference.direct import Direct

PROBLEMS = ("cart-6", "qsp-40", "multi-160")


def packed(problem, parameters):
    return pack(problem.system(), by_key(problem, parameters), (SITE,) * problem.lesions, problem.lesions)


def direct_of(problem, parameters):
    direct = Direct(problem.system(), problem.lesions)
    direct.p = packed(problem, parameters)[0]
    return direct


@pytest.mark.parametrize("name", PROBLEMS)
def test_system_and_text_give_the_same_rates(name):
    problem = problem_of(name)
    rates = problem.equations.function()
    for patient in range(3):
        parameters = problem.parameters(patient + 1)[patient:]
        direct = direct_of(problem, parameters)
        y = np.random.default_rng(patient).lognormal(2.0, 2.0, len(problem.equations.states))
        expected = np.empty(y.size)
        rates(0.0, y, parameters[0], expected)
        scale = np.abs(expected).max()
        assert direct.rates(y) == pytest.approx(expected, rel=1e-9, abs=1e-12 * scale)


@pytest.mark.parametrize("name", PROBLEMS)
def test_system_and_text_start_at_the_same_states_and_jump_alike(name):
    problem = problem_of(name)
    parameters = problem.parameters(1)
    direct, start = direct_of(problem, parameters), problem.starts(parameters)[0]
    assert direct.start() == pytest.approx(start, rel=1e-14)
    expected = start.copy()
    for state, amount in problem.equations.jumps:
        expected[state] += parameters[0, amount]
    if problem.dose_every:
        assert direct.dose(start, problem.module.label, 1.0) == pytest.approx(expected, rel=1e-14)
    else:
        assert not problem.equations.jumps


@pytest.mark.parametrize("name", PROBLEMS)
def test_outputs_of_the_system_are_its_states_in_the_order_of_the_text(name):
    problem = problem_of(name)
    system = problem.system()
    bare = [state.name.split(".")[1] for state in system.of("states", "patient")]
    local = [state.name.split(".")[1] for state in system.of("states", "lesion")]
    ordered = bare + [f"{name}_{lesion + 1}" for lesion in range(problem.lesions) for name in local]
    assert tuple(ordered) == problem.equations.states
    seen = [output.name.split(".")[1] for per in ("patient", "lesion") for output in system.of("outputs", per)]
    assert seen == [f"{name}_seen" for name in bare + local]


@pytest.mark.parametrize(("name", "states", "parameters", "doses", "outputs"), [
    ("cart-6", 6, 22, 0, 366), ("qsp-40", 40, 61, 35, 105), ("multi-160", 160, 133, 35, 105),
])  # fmt: skip
def test_sizes_are_those_of_the_published_problems(name, states, parameters, doses, outputs):
    problem = problem_of(name)
    found = (len(problem.equations.states), len(problem.equations.parameters), problem.doses.size, problem.outputs.size)
    assert found == (states, parameters, doses, outputs)


def test_patients_are_those_of_the_published_figures():
    """First numbers of the first patient of the prototype, whose population had the same seed and order."""
    assert problem_of("cart-6").parameters(1)[0, :4] == pytest.approx([2.55030408e5, 1.98187224e-5, 1.10186394e2, 2.04634844e-2])
    assert problem_of("qsp-40").parameters(1)[0, :4] == pytest.approx([32.12509934, 7.63661165, 4.40745575, 2.04634844])


def test_a_patient_is_the_same_in_a_larger_population():
    problem = problem_of("qsp-40")
    assert np.array_equal(problem.parameters(40)[:7], problem.parameters(7))


def test_lesions_of_one_problem_differ_only_in_number():
    few, many = two_drugs(2), two_drugs(5)
    assert few.system().digest == many.system().digest
    assert len(many.equations.states) - len(few.equations.states) == 15


def test_the_day_of_a_dose_is_told_apart():
    problem = problem_of("qsp-40")
    assert (problem.outputs[~problem.away_from_doses] % 21 == 0).all()
    assert problem.away_from_doses.sum() == 105 - 35
    assert problem_of("cart-6").away_from_doses.all()


def test_an_unknown_problem_is_refused_with_those_there_are():
    with pytest.raises(InputError, match=r"did you mean `qsp-40`.*cart-6-endpoints") as refused:
        problem_of("qsp40")
    assert refused.value.exit_code == 2
    assert names_of_problems()[0] == "qsp-40"
