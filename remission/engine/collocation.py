"""Integrals along a step, without a place in the Jacobian: three Gauss points on the interpolant.

Hazards, running integrals and the exponents of small clones are integrals of functions of the state. Their rates are
taken at the three Gauss points of the accepted step; the parabola through them, integrated, gives the value anywhere
inside the step (order 6 at its end, 4 inside).
"""

from math import sqrt

import numpy as np

from remission.engine.operations import select, static

NODES = np.array([0.5 - sqrt(15) / 10, 0.5, 0.5 + sqrt(15) / 10])


def _lagrange() -> np.ndarray:
    """Coefficients [node, power] of the parabolas that are 1 at one node and 0 at the others."""
    return np.linalg.inv(np.vander(NODES, increasing=True)).T


PARABOLA = _lagrange()
PRIMITIVE = PARABOLA / np.array([1.0, 2.0, 3.0])
WEIGHTS = np.array([5.0, 8.0, 5.0]) / 18.0


def primitive(node, x):
    """Integral of the node's parabola from 0 to x."""
    inside = x * (PRIMITIVE[node, 0] + x * (PRIMITIVE[node, 1] + x * PRIMITIVE[node, 2]))
    return select(x == 1.0, WEIGHTS[node], inside)


def parabola(node, x):
    """The node's parabola at x."""
    return PARABOLA[node, 0] + x * (PARABOLA[node, 1] + x * PARABOLA[node, 2])


def integral_to(start, node_rates, integral, size, h, x):
    """Value at the share x of the step of the integrals that were `start` at its beginning; rates are [3 * size]."""
    total = primitive(0, x) * node_rates[integral]
    for node in static(range(1, 3)):
        total = total + primitive(node, x) * node_rates[node * size + integral]
    return start + h * total


def integral_of_one(start, node_rates, integral, size, h, x, lane):
    """The same for one patient."""
    total = primitive(0, x) * node_rates[integral, lane]
    for node in static(range(1, 3)):
        total = total + primitive(node, x) * node_rates[node * size + integral, lane]
    return start + h * total
