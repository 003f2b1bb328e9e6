"""The lane language with its lanes taken out: the same numbers, and types that numba reads as the language means them."""

import ast
import math

import numpy as np
import pytest

from remission import random
from remission.engine import luck, operations
from remission.engine.gpu_operations import simulated_builtins
from remission.engine.gpu_text import one_lane_functions
from remission.engine.language.kinds import LanguageError
from remission.engine.language.program import Names
from tests.engine.numba_one_lane import numba_builtins

TEXT = '''
TABLE = [[1.0, 2.0], [3.0, 0.0]]
SIZE = 2
WITH_CLONES = 0

def weighted(rates, where, lane):
    """Sum with weights from a table, of the one patient."""
    total = 0.0
    for row in static(range(SIZE)):
        for column in static(range(SIZE)):
            if TABLE[row, column] != 0.0:
                total = total + TABLE[row, column] * rates[row, lane]
    return total + where.shift[0, lane]

def chosen(x, y):
    fine = (x > 0.0) & ~(y > 1.0)
    return select(fine, max(x, y, 0.5), -1.0)

def waits(x):
    while any(x < 3.0):
        x = x + 1.0
    return x

def kinds():
    if WITH_CLONES > 0 and unknown(3):
        return missing_name
    return 1 if SIZE == 2 else missing_name

def calls_nothing_known():
    return nobody(1.0)
'''


class Where:
    """A record with one lane array."""

    shift = np.array([10.0])


def functions(*entries, wrap=lambda f: f, builtins=None):
    names = Names()
    names.add_text(TEXT, "sample")
    names.add_module(operations)
    names.add_module(luck)
    return one_lane_functions(names, entries, simulated_builtins() if builtins is None else builtins, wrap)


def test_the_lane_leaves_the_arrays_and_static_loops_are_loops():
    weighted = functions("weighted")["weighted"]
    assert weighted(np.array([5.0, 7.0]), Where, 0) == 1.0 * 5.0 + 2.0 * 5.0 + 3.0 * 7.0 + 10.0


def test_a_mask_is_a_truth():
    found = functions("chosen", "waits")
    assert [found["chosen"](x, y) for x, y in ((2.0, 0.0), (0.1, 0.2), (-1.0, 0.0), (2.0, 3.0))] == [2.0, 0.5, -1.0, -1.0]
    assert found["waits"](0.5) == 3.5


def test_what_constants_decide_is_decided_before_it_runs():
    assert functions("kinds")["kinds"]() == 1


def test_a_name_that_no_text_has_is_left_to_python_but_an_entry_is_not():
    assert "calls_nothing_known" in functions("calls_nothing_known")
    with pytest.raises(LanguageError, match="no function `absent`"):
        functions("absent")


def test_elementary_functions_are_those_of_the_texts():
    own = functions("exp", "log", "power", "hill")
    for x in (1e-300, 1e-5, 0.3, 1.0, 2.5, 300.0):
        assert own["exp"](x) == operations.exp(x)
        assert own["log"](x) == operations.log(x)
        assert own["power"](x, 0.7) == operations.power(x, 0.7)
        assert math.isclose(own["hill"](x, 2.0, 1.5), x**1.5 / (2.0**1.5 + x**1.5), rel_tol=1e-13, abs_tol=1e-300)


def test_draws_are_those_of_the_study_to_the_bit():
    """As Python and as numba types them: a key never becomes a number on the way."""
    seed, process = np.uint64(3), random.process_key("hazard:death")
    expected = random.uniform(3, np.arange(200), "hazard:death", 7)
    plain = functions("uniform_scalar", "exponential_scalar", "draw_of")
    typed = functions("uniform_scalar", "exponential_scalar", "draw_of", **numba_builtins())
    for patient, value in enumerate(expected):
        with np.errstate(over="ignore"):
            arguments = (seed, np.uint64(patient), process, np.uint64(7))
            assert plain["uniform_scalar"](*arguments) == typed["uniform_scalar"](*arguments) == value
            assert plain["exponential_scalar"](*arguments) == typed["exponential_scalar"](*arguments)
            assert plain["draw_of"](2, -1, patient) == typed["draw_of"](2, -1, patient)
            assert math.isclose(plain["exponential_scalar"](*arguments), -math.log(value), rel_tol=1e-14)


def test_operations_of_exact_functions_are_calls_where_the_target_could_fuse_them():
    called = []
    named = {"exact_sum": "+", "exact_difference": "-", "exact_product": "*"}

    def counting(name, operation):
        def run(a, b):
            called.append(name)
            return operation(a, b)

        return run

    operators = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b}
    builtins = {**simulated_builtins(), **{name: counting(name, operators[sign]) for name, sign in named.items()}}
    own = functions("log_exactly", "exp", builtins=builtins)
    assert own["log_exactly"](2.5) == luck.log_exactly(2.5)
    assert set(called) == set(named)
    called.clear()
    own["exp"](0.3)
    assert not called


def test_the_texts_themselves_are_not_changed():
    names = Names()
    names.add_text(TEXT, "sample")
    before = ast.dump(names.functions["weighted"].node)
    one_lane_functions(names, ["weighted"], simulated_builtins())
    assert ast.dump(names.functions["weighted"].node) == before
