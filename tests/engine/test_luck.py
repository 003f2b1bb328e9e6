"""Draws inside the kernel are those of `remission.random`, bit for bit."""

import numpy as np
import pytest

from remission.engine import luck, operations
from remission.engine.language import machine_code
from remission.engine.language.kinds import KEY, NUMBER, WHOLE, Array, Record
from remission.engine.language.program import Names, Program
from remission.random import exponential, uniform

TABLE = Record("Draws", (("key", Array(KEY, 2)), ("drawn", Array(NUMBER, 2))))
TEXT = """
def draw(table, n):
    for i in range(n):
        seed, patient, process, slot = table.key[i, 0], table.key[i, 1], table.key[i, 2], table.key[i, 3]
        table.drawn[i, 0] = uniform_scalar(seed, patient, process, slot)
        table.drawn[i, 1] = exponential_scalar(seed, patient, process, slot)
"""


@pytest.mark.parametrize("lanes", [1, 8])
def test_the_kernel_draws_the_numbers_of_the_host(lanes):
    names = Names()
    for module in (operations, luck):
        names.add_module(module)
    names.add_text(TEXT, "test")
    program = Program(names, lanes)
    program.export("draw", (TABLE, WHOLE))
    draw = machine_code.load(machine_code.object_code(program)).function("remission_draw", 2)
    keys = np.random.default_rng(1).integers(0, 2**64, (5000, 4), dtype=np.uint64)
    keys[:2] = [[0, 0, 0, 0], [2**64 - 1] * 4]
    drawn = np.zeros((len(keys), 2))
    words = np.array([keys.ctypes.data, 4, drawn.ctypes.data, 2], np.uint64)
    draw(words.ctypes.data, len(keys))
    np.testing.assert_array_equal(drawn[:, 0], uniform(*keys.T))
    np.testing.assert_array_equal(drawn[:, 1], exponential(*keys.T))


def test_an_exponential_draw_is_the_logarithm_of_its_uniform():
    keys = np.random.default_rng(2).integers(0, 2**64, (4, 5000), dtype=np.uint64)
    np.testing.assert_allclose(exponential(*keys), -np.log(uniform(*keys)), rtol=1e-15)
