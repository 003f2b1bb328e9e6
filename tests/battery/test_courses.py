"""Courses of random patients under random schedules of all agents: states stay where cells, drugs and counts can be."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from remission.engine.ensemble import Options
from remission.engine.layout import Phase, Status
from remission.trial import RTOL
from tests.battery.found import DISEASES, whole
from tests.battery.runs import begun, drawn, followed, random_rows, slots, tolerances

OPTIONS = Options(rtol=RTOL, seed=9, threads=1, faults=False)
MEMBERS, DOSES, LAST = 50, 30, 400.0
DAYS = np.arange(8.0, LAST + 1, 8.0)
NOISE = 10.0  # absolute tolerances
PATIENT_STATES = [(disease, state.name) for disease in DISEASES for state in whole(disease).of("states", "patient")]
every_disease = pytest.mark.parametrize("disease", DISEASES)
whatever_happens = pytest.mark.parametrize("immortal", [False, True], ids=["mortal", "immortal"])


@cache
def course(disease, immortal):
    batch = begun(disease, drawn(disease, 4, MEMBERS), random_rows(disease, 4, MEMBERS, DOSES, LAST - 10), OPTIONS, immortal)
    return followed(disease, batch, DAYS, OPTIONS)


@pytest.mark.slow
@every_disease
@whatever_happens
def test_nobody_fails(disease, immortal):
    status = course(disease, immortal).batch.status
    assert set(status) <= ({Status.OK} if immortal else {Status.OK, Status.STOPPED})
    assert immortal or 0.05 < np.mean(status == Status.OK) < 1.0


@every_disease
@whatever_happens
def test_states_stay_non_negative(disease, immortal):
    lowest = course(disease, immortal).states.min(axis=(0, 1))
    assert (lowest >= -NOISE * tolerances(disease)).all()


@every_disease
@whatever_happens
def test_states_and_outputs_are_finite(disease, immortal):
    assert np.isfinite(course(disease, immortal).states).all()
    assert np.isfinite(course(disease, immortal).outputs).all()


@every_disease
@whatever_happens
def test_fractions_are_fractions(disease, immortal):
    system = whole(disease)
    for output in system.of("outputs", "patient"):
        if output.name.endswith("_fraction"):
            values = course(disease, immortal).outputs[:, :, system.output_slot(output.name)]
            assert values.min() >= -1e-9, output.name
            assert values.max() <= 1 + 1e-9, output.name


@every_disease
def test_hazards_never_run_backwards(disease):
    """What is accumulated is never below zero."""
    assert (course(disease, True).batch.state.q >= -1e-9).all()


@pytest.mark.parametrize(("disease", "name"), PATIENT_STATES)
def test_a_hair_below_zero_does_not_run_away(disease, name):
    """The solver may leave a state below zero by less than its tolerance; the equations must not carry it further."""
    members, days = 10, np.arange(2.0, 61.0, 2.0)
    batch = begun(disease, drawn(disease, 6, members), random_rows(disease, 6, members, 5, 50.0), OPTIONS, immortal=True)
    y, place, tolerance = batch.y.copy(), slots(disease, name), tolerances(disease)
    y[:, place] = -0.1 * tolerance[place]
    path = followed(disease, replace(batch, state=batch.state._replace(y=y)), days, OPTIONS)
    assert (path.states[:, :, place] >= -NOISE * tolerance[place]).all()
    assert (path.batch.status == Status.OK).all()


# ---- clones that are gone -----------------------------------------------------------------------------------------------------
@every_disease
@whatever_happens
def test_lost_clones_are_exactly_zero(disease, immortal):
    path = course(disease, immortal)
    cells, lost = path.states[:, :, slots(disease, "cells")], path.phases == Phase.EXTINCT
    assert lost.any()
    assert (cells[lost] == 0.0).all()
    assert (cells[path.phases == Phase.SMALL] > 0.0).all()
    assert (cells[path.phases == Phase.ESTABLISHED] >= OPTIONS.n_small / 2).all()


@every_disease
def test_lost_clones_stay_lost_where_nothing_brings_them_back(disease):
    """Without conversion between clones and without seeding of other sites."""
    values = drawn(disease, 5, MEMBERS)
    values |= {key: np.zeros_like(array) for key, array in values.items() if key.endswith(".per_division")}
    rows = random_rows(disease, 5, MEMBERS, DOSES, LAST - 10, without=("spread",))
    path = followed(disease, begun(disease, values, rows, OPTIONS, immortal=True), DAYS, OPTIONS)
    cells, lost = path.states[:, :, slots(disease, "cells")], path.phases == Phase.EXTINCT
    ever = np.logical_or.accumulate(lost, axis=0)
    assert (lost[-1] & ~lost[0]).any()
    assert (cells[ever] == 0.0).all()
