"""Which lesions RECIST 1.1 measures: up to five targets, two of an organ, chosen at the baseline.

In the patient: lesions large enough to be measured again are measurable; the largest ones become targets, every other lesion is followed
by eye. All lymph nodes count as one organ.

Represented: arrays of lesions, one patient [L] or many [M, L]; thresholds are rows of `recist.csv`. Left out: how well a lesion can be
measured again, which a reader weighs as well, and earlier radiation (pass such lesions as not measurable).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from remission.response.arrays import Flags
from remission.response.rules import TOLERANCE, read_rules

RULES = read_rules(Path(__file__).with_name("recist.csv"))
ALL_NODES = -2
"""The organ that all lymph nodes are, beside the numbers of the others."""


def measurable(diameter: ArrayLike, node: ArrayLike = False, *, slice_mm: ArrayLike = 5.0, x_ray: ArrayLike = False) -> Flags:
    """R1: whether lesions are large enough to measure. `diameter` in mm, of a node the short axis; bone and fluid are up to the reader."""
    size, nodal = np.asarray(diameter, dtype=np.float64), np.asarray(node, dtype=bool)
    least = np.where(np.asarray(x_ray, dtype=bool), RULES["measurable_x_ray"].value, RULES["measurable"].value)
    least = np.where(nodal, RULES["measurable_node"].value, np.maximum(least, RULES["slices"].value * np.asarray(slice_mm)))
    return size >= least - TOLERANCE


def choose_targets(diameter: ArrayLike, organ: ArrayLike, node: ArrayLike = False, can_measure: ArrayLike = True) -> Flags:
    """R2: the targets among the lesions of a patient, largest first, the earlier of equal ones.

    `diameter` [L] or [M, L] in mm, of a node the short axis, NaN where there is no lesion; `organ` names or numbers of the same shape, -1
    where unknown (an organ of its own); `can_measure` false for lesions that are not measurable at any size.
    """
    size = np.atleast_2d(np.asarray(diameter, dtype=np.float64))
    nodal = np.broadcast_to(np.asarray(node, dtype=bool), size.shape)
    fit = measurable(size, nodal) & np.broadcast_to(np.asarray(can_measure, dtype=bool), size.shape)
    place = _organs(np.broadcast_to(np.asarray(organ), size.shape), nodal)
    chosen = np.zeros(size.shape, dtype=bool)
    people = np.arange(size.shape[0])
    for lesion in np.argsort(-np.where(fit, size, -np.inf), axis=1, kind="stable").T:
        same = chosen & (place == place[people, lesion][:, None])
        room = (same.sum(axis=1) < RULES["targets_per_organ"].value) & (chosen.sum(axis=1) < RULES["targets"].value)
        chosen[people, lesion] = fit[people, lesion] & room
    return chosen.reshape(np.shape(diameter))


def _organs(organ: np.ndarray, nodal: Flags) -> np.ndarray:
    """Organs as numbers, all nodes as one; an unknown organ is one of its own."""
    _, number = np.unique(organ, return_inverse=True)
    number = number.reshape(organ.shape)
    own = number.max(initial=0) + 1 + np.arange(organ.shape[1])
    number = np.where(organ.astype(str) == "-1", own, number)
    return np.where(nodal, ALL_NODES, number)
