"""One text, many notations."""

import numpy as np
import pytest

from remission.benchmark import equations
from remission.benchmark.problems import problem_of

TEXT = """
start blood = 2 * given
start cells_# = size_#
dose blood = given
let whole = sum(cells_#)
let share_# = log(cells_# / whole)
let pressed = maximum(blood, 1e-3) ** power
rate blood = -pressed
rate cells_# = share_# * cells_#
"""


@pytest.fixture
def small():
    return equations.read("small", TEXT, ("given", "power", "size_#"), 2)


def test_lines_of_a_lesion_are_repeated_and_sums_written_out(small):
    assert small.states == ("blood", "cells_1", "cells_2")
    assert small.parameters == ("given", "power", "size_1", "size_2")
    assert ("let", "whole", "(cells_1 + cells_2)") in small.lines


def test_python_and_vector_forms_agree(small):
    y, p = np.array([0.5, 2.0, 3.0]), np.array([1.0, 1.5, 2.0, 3.0])
    written = np.empty(3)
    small.function()(0.0, y, p, written)
    assert written == pytest.approx([-(0.5**1.5), 2 * np.log(2 / 5), 3 * np.log(3 / 5)])
    assert small.vector(np)(0.0, y, p) == pytest.approx(written, rel=1e-15)


def test_starts_and_jumps_follow_the_parameters(small):
    assert small.initial(np.array([[3.0, 1.5, 5.0, 7.0]])).tolist() == [[6.0, 5.0, 7.0]]
    assert small.jumps == ((0, 0),)


def test_antimony_has_its_own_notation_and_doses_as_events(small):
    text = small.antimony(every=21.0)
    assert "pressed := max(blood, 1e-3) ^ power;" in text
    assert "share_1 := ln(cells_1 / whole);" in text
    assert "at (time >= next_dose): blood = blood + given, next_dose = next_dose + 21.0;" in text
    assert "next_dose" not in small.antimony(every=None)


@pytest.mark.parametrize("name", ["cart-6", "qsp-40"])
def test_every_line_of_a_problem_is_used(name):
    found = problem_of(name).equations
    text = "\n".join(expression for _, _, expression in found.lines)
    assert [word for word in found.parameters if word not in text] == []
