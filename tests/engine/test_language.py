"""The lane language: compiled, a text does for every patient of a vector what Python does for one."""

from __future__ import annotations

import re

import numpy as np
import pytest

from remission.engine import luck
from remission.engine.language import plain
from remission.engine.language.kinds import LANES_OF, NUMBER, WHOLE, LanguageError
from remission.engine.language.machine_code import assembly, lanes_of_host, load, object_code
from tests.engine.compiled_text import compiled, program

LANES = (1, 2, 4, 8)


def numbers(*values, lanes: int) -> np.ndarray:
    """Rows of unequal numbers [value, lane]."""
    return np.array(values, float)[:, None] + 0.25 * np.arange(lanes)[None, :]


def both(text: str, name: str, arrays: list[np.ndarray], lanes: int, *wholes: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """What the compiled function and Python (lane after lane) make of the same arrays."""
    ours, theirs = [a.copy() for a in arrays], [a.copy() for a in arrays]
    compiled(text, name, lanes, len(wholes))(*ours, *wholes)
    words = vars(plain) | {"LANES": 1}
    space = {word: words[word] for word in ("select", "any", "lane_of", "isnan", "static", "LANES")}
    exec(compile(text, "text", "exec"), space)
    for lane in range(lanes):
        columns = [a[:, lane].copy() for a in theirs]
        space[name](*columns, *wholes)
        for whole, column in zip(theirs, columns, strict=True):
            whole[:, lane] = column
    return ours, theirs


def agree(text: str, arrays: list[np.ndarray], lanes: int, *wholes: int, name: str = "f") -> None:
    ours, theirs = both(text, name, arrays, lanes, *wholes)
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-15, atol=0)


# ---- what can be said ------------------------------------------------------------------------------------------------
STATEMENTS = {
    "arithmetic of every kind": """
def f(x, o, n):
    o[0] = x[0] + 2 * x[1] - x[0] / 3.0
    o[1] = -x[0] * (n + 1)
    o[2] = n / 2 + 1.5
    o[3] = n // 2 + n % 2
    o[4] = (n << 3) | 1
""",
    "a total becomes a vector when one is added": """
def f(x, o, n):
    s = 0.0
    for i in range(n):
        s += x[i % 2] * i
    o[0] = s
""",
    "a whole number becomes a number": """
def f(x, o, n):
    k = 1
    for i in range(n):
        k = k * 0.5
    o[0] = k
""",
    "choices by mask, nested": """
def f(x, o, n):
    low = x[0] < 1.3
    o[0] = select(low & (x[1] > 2.0), x[0], select(low | ~(x[1] > 2.5), x[1], 7.0))
    o[1] = select(x[0] == x[0], 1.0, 0.0)
    o[2] = select(1.2 < x[0] < 2.0, 1, 0)
""",
    "whether any patient meets a condition": """
def f(x, o, n):
    o[0] = x[0]
    if any(x[0] > 0.0):
        o[0] = x[0] + 1.0
    if any(x[0] < 0.0):
        o[0] = x[0] - 1.0
""",
    "loops with steps, breaks and continues": """
def f(x, o, n):
    s = 0.0
    for i in range(1, 20, 3):
        if i == 4:
            continue
        if i > n + 8:
            break
        s = s + i
    while s > 5.0:
        s = s - 2.0
    o[0] = s
""",
    "conditional expressions and truth": """
def f(x, o, n):
    o[0] = x[0] if n > 2 and (n < 9 or n == 12) else 0.0
    o[1] = 1.0 if not n == 3 else x[1]
    big = n > 4
    o[2] = 2.0 if big else 3.0
""",
    "tables of numbers and whole numbers": """
PLACES = [1, 0]
WEIGHTS = [0.5, 2.0, 3.0]

def f(x, o, n):
    for i in range(2):
        o[PLACES[i]] = x[i] * WEIGHTS[i + 1]
    for i in static(range(3)):
        o[2] = o[2] + WEIGHTS[i]
""",
    "functions of several results, called with different kinds": """
def halves(v):
    return v / 2, v - v / 2

def f(x, o, n):
    a, b = halves(x[0])
    c, d = halves(n + 0.0)
    a, b = b, a
    o[0] = a * c + b * d
""",
    "names set on every way": """
def f(x, o, n):
    if n > 2:
        a = 1.0
    else:
        a = 2.0
    while True:
        b = a + n
        if b > 3.0:
            break
        a = a + 1.0
    for i in static(range(2)):
        c = b + i
    o[0] = a + b + c
""",
    "not a number among others": """
def f(x, o, n):
    nothing = nan_of(n)
    o[0] = 1.0 if max(1.0, nothing) == 1.0 else 0.0
    o[1] = 1.0 if isnan(max(nothing, 1.0)) else 0.0
    o[2] = 1.0 if min(1.0, nothing) == 1.0 else 0.0
    o[3] = 1.0 if isnan(min(nothing, 1.0)) else 0.0

def nan_of(n):
    big = 1e308 * n * 10.0
    return big - big
""",
    "smallest, largest, absolute, whole part": """
def f(x, o, n):
    o[0] = max(n, 3) + min(n, 3.5)
    o[1] = abs(x[0] - 2.0)
    o[2] = int(2.9 + n) * 1.0
    o[3] = abs(-n) * 1.0
""",
}  # fmt: skip


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("text", STATEMENTS.values(), ids=STATEMENTS)
def test_a_text_means_what_it_means_in_python(text, lanes):
    for n in (1, 3, 5):
        agree(text, [numbers(1.0, 2.0, lanes=lanes), np.zeros((5, lanes))], lanes, n)


def test_one_lane_of_an_array_can_be_read_and_written():
    run = compiled("def f(x, n):\n    for lane in range(LANES):\n        x[1, lane] = x[0, lane] * lane\n", "f", 4)
    x = np.array([[1.0, 2.0, 3.0, 4.0], np.zeros(4)])
    run(x, 0)
    assert x[1].tolist() == [0.0, 2.0, 6.0, 12.0]


def test_the_rest_of_an_array_is_an_array():
    run = compiled("def g(a, i):\n    a[i] = 5.0\n\n\ndef f(x, n):\n    g(x[2:], n)\n", "f", 2)
    x = np.zeros((4, 2))
    run(x, 1)
    assert x[:, 0].tolist() == [0.0, 0.0, 0.0, 5.0]


def test_branches_by_constants_leave_nothing_behind():
    """What a constant switches off may even name functions that do not exist."""
    compiled("WANTED = False\n\n\ndef f(x, n):\n    if WANTED:\n        nowhere(x)\n    x[0] = 1.0\n", "f", 2)


# ---- the same bits ---------------------------------------------------------------------------------------------------
DRAWS = """
def f(o, n):
    for i in range(n):
        o[i] = exponential_scalar(key(11), key(i), key(5), key(i * i))
"""


@pytest.mark.parametrize("lanes", LANES)
def test_exact_functions_have_the_bits_of_python(lanes):
    o = np.zeros((50, lanes))
    compiled(DRAWS, "f", lanes)(o, 50)
    with np.errstate(over="ignore"):
        expected = [luck.exponential_scalar(*(np.uint64(x) for x in (11, i, 5, i * i))) for i in range(50)]
    assert (o == np.array(expected)[:, None]).all()


FUSED = """
def f(x, o, n):
    for i in range(n):
        o[i] = exp(x[i]) * x[i] + log(x[i]) / (x[i] + 0.1) - power(x[i], 1.7)
"""


def test_a_patient_has_the_same_bits_in_every_lane_and_beside_anyone():
    rng = np.random.default_rng(1)
    x = rng.uniform(0.01, 20.0, (30, 8))
    run, seen, again = compiled(FUSED, "f", 8), np.zeros((30, 8)), np.zeros((30, 8))
    run(x, seen, 30)
    order = rng.permutation(8)
    run(np.ascontiguousarray(x[:, order]), again, 30)
    assert (again == seen[:, order]).all()


@pytest.mark.parametrize("lanes", [1, 2, 4])
def test_widths_agree_to_round_off(lanes):
    x, wide = np.random.default_rng(2).uniform(0.01, 20.0, (30, 8)), np.zeros((30, 8))
    compiled(FUSED, "f", 8)(x, wide, 30)
    narrow = np.zeros((30, lanes))
    compiled(FUSED, "f", lanes)(np.ascontiguousarray(x[:, :lanes]), narrow, 30)
    np.testing.assert_allclose(narrow, wide[:, :lanes], rtol=1e-13)


def test_nothing_is_reordered():
    """1e16 + 1 - 1e16 is 0 as it stands and 1 when reordered."""
    run, o = compiled("def f(x, o, n):\n    o[0] = (x[0] + x[1]) - x[0]\n", "f", 8), np.zeros((1, 8))
    run(np.array([[1e16] * 8, [1.0] * 8]), o, 0)
    assert (o == 0.0).all()


def test_vectors_are_vectors_in_machine_code():
    text = "def f(x, o, n):\n    for i in range(n):\n        o[i] = exp(x[i]) / x[i]\n"
    made = program(text, lanes_of_host())
    made.export("f", (LANES_OF, LANES_OF, WHOLE))
    listing = assembly(made)
    assert {8: "zmm", 4: "ymm"}.get(lanes_of_host(), "xmm") in listing
    assert "divpd" in listing
    assert "divsd" not in listing
    assert load(object_code(made)).function("remission_f", 3)


# ---- what cannot be said ---------------------------------------------------------------------------------------------
REFUSED = {
    "unknown name": ("    o[0] = y", "unknown name"),
    "unknown function": ("    o[0] = sin(x[0])", "no function `sin`"),
    "condition of a vector": ("    if x[0] > 1.0:\n        o[0] = 1.0", "ask `any"),
    "power by sign": ("    o[0] = x[0] ** 2", "power"),
    "unknown statement": ("    with x:\n        pass", "no such statement"),
    "unknown expression": ("    o[0] = [1.0]", "no such expression"),
    "chained assignment": ("    a = b = 1.0", "one target"),
    "index that is no whole number": ("    o[0.5] = 1.0", "index"),
    "index that is a vector": ("    o[x[0]] = 1.0", "index"),
    "loop over something else": ("    for i in x:\n        o[0] = i", "loops run over"),
    "static loop without constants": ("    for i in static(range(n)):\n        o[i] = 1.0", "must be constants"),
    "arguments by name": ("    o[0] = maximum(a=1.0, b=2.0)", "by position"),
    "one name for a number and an array": ("    a = 1.0\n    a = x", "one name for"),
    "too many values": ("    a, b = 1.0, 2.0, 3.0", "3 values for 2 names"),
    "counting downward": ("    for i in range(5, 0, -1):\n        o[i] = 1.0", "constant above 0"),
    "a step that is not known": ("    for i in range(0, 5, n):\n        o[i] = 1.0", "constant above 0"),
    "else of a loop": ("    for i in range(n): pass\n    else: o[0] = 1.0", "`else` of a loop"),
    "leaving a static loop": ("    for i in static(range(3)):\n        break", "no loop to leave"),
    "leaving nothing": ("    break", "no loop to leave"),
    "set on one way only": ("    if n > 1:\n        a = 1.0\n    o[0] = a", "may have no value"),
    "set in a loop that may not run": ("    for i in range(n):\n        a = 1.0\n    o[0] = a", "may have no value"),
    "loop variable after its loop": ("    for i in range(n):\n        o[i] = 1.0\n    o[0] = i", "may have no value"),
    "set after a way out": (
        "    while True:\n        if n > 1:\n            break\n        a = 1.0\n        if n > 2: break\n    o[0] = a",
        "may have no value",
    ),
    "place from the end": ("    o[-1] = 1.0", "index below 0"),
    "slice with an end": ("    a = x[1:2]\n    o[0] = a[0]", "only the rest"),
    "too many places": ("    o[0, 1, 2] = 1.0", "a place and a lane"),
    "division of constants by zero": ("    o[0] = 1.0 / 0.0", "constants cannot be combined"),
    "place outside a table": ("    o[0] = LOOKUP[3]", "has the shape"),
    "too few places in a table": ("    o[0] = LOOKUP[n, n]", "1 indices"),
    "membership": ("    if n in x:\n        o[0] = 1.0", "numbers are compared by"),
    "arguments of a built-in operation": ("    o[0] = isnan(x[0], 1.0)", "does not take 2 arguments"),
    "bits of a number": ("    o[0] = x[0] & 1", "between numbers|between values"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "message"), REFUSED.values(), ids=REFUSED)
def test_what_the_language_does_not_know_is_refused_with_its_place(body, message):
    made = program(f"LOOKUP = [1.0, 2.0, 3.0]\n\ndef f(x, o, n):\n{body}\n", 4)
    with pytest.raises(LanguageError, match=message) as caught:
        made.export("f", (LANES_OF, LANES_OF, WHOLE))
    line = int(re.search(r"the test, `f`, line (\d+)", str(caught.value))[1])
    assert 4 <= line < 4 + len(body.splitlines())


def test_a_function_that_calls_itself_is_refused():
    with pytest.raises(LanguageError, match="calls itself"):
        program("def f(n):\n    f(n)\n", 1).export("f", (WHOLE,))


def test_wrong_numbers_of_arguments_are_refused():
    with pytest.raises(LanguageError, match="takes 2 arguments, not 1"):
        program("def g(a, b):\n    pass\n\n\ndef f(n):\n    g(n)\n", 1).export("f", (WHOLE,))


def test_a_value_on_some_ways_only_is_refused():
    with pytest.raises(LanguageError, match="on some ways only"):
        program("def g(n):\n    if n > 1:\n        return 1.0\n\n\ndef f(n):\n    g(n)\n", 1).export("f", (WHOLE,))


def test_built_in_words_cannot_be_defined():
    with pytest.raises(LanguageError, match="`select`, which is built in"):
        program("def select(a, b, c):\n    return a\n", 1)


def test_kinds_are_told_by_their_words():
    made = program("def f(x, n):\n    a = 1.0\n    a = x\n", 2)
    with pytest.raises(LanguageError, match="one name for a number and a lane array"):
        made.export("f", (LANES_OF, WHOLE))


def test_two_things_of_one_name_are_refused():
    with pytest.raises(LanguageError, match="two things of name `exp`"):
        program("def exp(x):\n    return x\n", 1)


def test_the_outside_hands_in_whole_numbers_and_arrays_only():
    with pytest.raises(LanguageError, match="from the outside"):
        program("def f(x):\n    pass\n", 1).export("f", (NUMBER,))
