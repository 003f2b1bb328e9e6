"""Patients with one to ten lesions share vectors: how much of the work on lesions is done for lesions that are not there."""

from __future__ import annotations

import numpy as np
import pytest

from remission.engine.batch import copy, pack_doses
from remission.engine.cpu import Arrays, run
from remission.engine.ensemble import Options, model_of, settings_of, start
from remission.engine.layout import Status
from remission.population import pack
from tests.engine.random_members import drawn
from tests.engine.structures import STRUCTURES

CAPACITY, MEMBERS, UNTIL = 10, 600, 60.0


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("order", ["random", "worst"])
def test_less_than_a_tenth_of_the_work_on_lesions_is_for_none(threads, order):
    """A mixed load of one to ten lesions; `worst` lays the patients so that neighbors never have equally many."""
    structure, system, rng = STRUCTURES["arrow"], drawn("arrow").compiled, np.random.default_rng(3)
    lesions = rng.integers(1, CAPACITY + 1, MEMBERS) if order == "random" else np.arange(MEMBERS) % CAPACITY + 1
    patient = {key: value for key, value in structure.draw(rng, MEMBERS).items() if value.ndim == 1}
    lesion = {
        key: np.exp(rng.uniform(*np.log(structure.ranges[key]), (MEMBERS, CAPACITY)))
        for key, per, _ in structure.system.parameter_names
        if per == "lesion"
    }
    packed = pack(structure.system, patient | lesion, ("marrow",) * CAPACITY, CAPACITY)
    options = Options(threads=threads, faults=False)
    begun = start(system, np.arange(MEMBERS), packed, lesions, pack_doses([drawn("arrow").rows[0]] * MEMBERS), options=options)
    batch = copy(begun)
    batch.state.until[:] = UNTIL
    groups = (batch.state, batch.doses, batch.clones, batch.events, batch.watch)
    arrays = Arrays(model_of(system, CAPACITY), *groups, settings_of(options))
    slots, empty = run(system, arrays, CAPACITY, np.arange(MEMBERS), options.method, None, threads, None)
    assert (batch.status == Status.OK).all()
    steps = batch.state.accepted + batch.state.rejected
    assert slots - empty >= (steps * lesions).sum()
    assert empty < 0.1 * slots
