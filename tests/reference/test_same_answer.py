"""A member's course is the same to the bit in any batch, on any number of threads and in any order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from remission.engine.ensemble import DEFAULTS
from remission.engine.steppers import Method

from .cases import system_of
from .direct import Direct
from .runs import dose_rows, drawn_parameters, run

MEMBERS, DAYS = 48, np.linspace(0.0, 60.0, 31)


def _kinetics(which, options):
    system = system_of("stein")
    parameters, drawn = drawn_parameters(system, 5, which)
    doses = [dose_rows(system, [(day, "stein", 1.0)]) for day in drawn["stein.peak_day"]]
    return run(system, parameters, 60.0, doses, DAYS, options, patients=which)


def _lymphoma(which, options):
    system = system_of("kimmel")
    parameters = np.repeat(Direct(system).p[None], len(which), 0)
    parameters[:, system.parameter_slots["kimmel.tumor_growth"][1]] = 0.01 + 0.01 * which
    return run(system, parameters, 60.0, None, DAYS, options, patients=which)


@pytest.fixture(scope="module", params=[_kinetics, _lymphoma], ids=["kinetics", "lymphoma"])
def cohort(request):
    return request.param


@pytest.fixture(scope="module", params=[Method.RODAS5P, Method.TSIT5], ids=["rodas", "tsit"])
def options(request):
    return replace(DEFAULTS, method=request.param, threads=1, chunk=64)


@pytest.fixture(scope="module")
def whole(cohort, options):
    batch = cohort(np.arange(MEMBERS), options)
    assert (batch.status == 0).all()
    return batch


@pytest.mark.parametrize(("threads", "chunk"), [(1, 1), (2, 5), (3, 7), (None, None)])
def test_threads_and_chunks_change_nothing(cohort, options, whole, threads, chunk):
    batch = cohort(np.arange(MEMBERS), replace(options, threads=threads, chunk=chunk))
    assert np.array_equal(batch.saved, whole.saved)
    assert np.array_equal(batch.y, whole.y)
    assert np.array_equal(batch.state.accepted, whole.state.accepted)


def test_order_of_members_changes_nothing(cohort, options, whole):
    order = np.random.default_rng(1).permutation(MEMBERS)
    assert np.array_equal(cohort(order, options).saved, whole.saved[order])


def test_a_member_alone_is_the_member_in_the_crowd(cohort, options, whole):
    for member in (0, 17, MEMBERS - 1):
        alone = cohort(np.array([member]), options)
        assert np.array_equal(alone.saved[0], whole.saved[member])
        assert np.array_equal(alone.y[0], whole.y[member])


def test_a_second_run_is_the_first(cohort, options, whole):
    assert np.array_equal(cohort(np.arange(MEMBERS), options).saved, whole.saved)
