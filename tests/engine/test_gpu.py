"""CUDA runs the text that the processor runs: agreement in the simulator, and machine code without a device.

The simulator is chosen when numba is imported, so that these runs happen in a process of their own.
"""

import os
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from remission.engine.devices import DeviceBatch, uses_cuda
from remission.engine.ensemble import Options, advance, observe
from remission.engine.layout import FAILURES, Status
from remission.errors import InputError
from tests.engine.gpu_cases import CASES, OPTIONS, kinetics
from tests.engine.systems import two_compartments

pytestmark = pytest.mark.slow

STEPS = ("state.accepted", "state.rejected", "state.h", "state.error")


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """What CUDA's simulator makes of all cases."""
    path = tmp_path_factory.mktemp("cuda") / "cases.pickle"
    surroundings = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1", "PYTHONWARNINGS": "ignore"}
    subprocess.run([sys.executable, "-m", "tests.engine.gpu_cases", str(path)], check=True, env=surroundings)
    return pickle.loads(path.read_bytes())


def numbers(batch):
    """Every array that a run leaves, by name."""
    groups = {"state": batch.state, "doses": batch.doses, "clones": batch.clones, "events": batch.events, "watch": batch.watch}
    return {f"{name}.{field}": getattr(group, field) for name, group in groups.items() for field in group._fields}


def assert_agree(found, expected, tolerance: float):
    """Whole numbers and thresholds to the bit, other numbers to the tolerance; steps, which follow from errors as small as rounding,
    and how far a failed member came, may differ."""
    ended = ~np.isin(expected.status, FAILURES)
    found, expected = numbers(found), numbers(expected)
    for place, value in expected.items():
        own = np.asarray(found[place])
        if place in STEPS:
            assert (np.abs(own - value)[ended] <= 0.1 * value[ended] + 2).all(), place
        elif value.dtype.kind in "iu" or place == "events.threshold":
            np.testing.assert_array_equal(own, value, place)
        elif value.shape[:1] == ended.shape:
            np.testing.assert_allclose(own[ended], value[ended], rtol=tolerance, atol=tolerance, err_msg=place)


@pytest.mark.parametrize("name", CASES)
def test_the_simulator_agrees_with_the_processor(simulated, name):
    assert_agree(simulated["batches"][name], CASES[name](OPTIONS), 1e-5)


def test_the_cases_are_what_they_are_meant_to_be():
    """The chance case has losses, survivors, founders and spread; the failing one fails twice in two ways; one is out of room."""
    chance = CASES["chance"](OPTIONS)
    assert {0, 1, 2} <= set(chance.clones.phase[chance.clones.entries > 0])
    assert {1, 2} <= set(chance.events.code[:, :, 0].ravel())
    assert (chance.state.n_lesions > 1).any()
    assert CASES["failures"](OPTIONS).status.tolist() == [Status.STEPS_EXHAUSTED, Status.NON_FINITE, Status.STEPS_EXHAUSTED]
    assert (CASES["out_of_lesions"](OPTIONS).status == Status.NEEDS_CAPACITY).any()
    assert CASES["more_room"](OPTIONS).capacity > 1
    assert (CASES["doses_saves_and_records"](OPTIONS).state.accepted > 0).all()
    assert CASES["visits"](OPTIONS).doses.day.shape[1] > 1


def test_luck_drawn_on_the_way_is_the_same_to_the_bit(simulated):
    expected, found = CASES["chance"](OPTIONS), simulated["batches"]["chance"]
    small = expected.clones.entries > 0
    assert small.any()
    np.testing.assert_array_equal(found.clones.small[small][:, 3], expected.clones.small[small][:, 3])
    np.testing.assert_array_equal(found.events.threshold, expected.events.threshold)


def test_only_what_changed_travels(simulated):
    """One edited dose row goes there; small arrays come back; the state comes only when it is read."""
    travel, members = simulated["travel"], 9
    assert travel["is_there"]
    assert {("state", "c"), ("state", "patient"), ("doses", "agent")} <= set(travel["kept"])
    assert ("doses", "day") not in travel["kept"]
    assert max(travel["sent"]) <= members * 8
    assert max(travel["fetched"]) <= members * 8
    assert travel["fetched_by_reading"] == 1
    assert travel["level"] == travel["seen"][1, 0]


def test_a_device_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr("remission.engine.devices.has_cuda", lambda: False)
    with pytest.raises(InputError, match="remission\\[cuda\\]"):
        advance(two_compartments(), kinetics(), 1.0, options=Options(device="cuda"))
    with pytest.raises(InputError, match="`cpu` or `cuda`"):
        uses_cuda("tpu")
    assert not uses_cuda("cpu")


@pytest.mark.gpu
@pytest.mark.parametrize("name", CASES)
def test_a_device_agrees_with_the_processor(name):
    assert_agree(CASES[name](replace(OPTIONS, device="cuda")), CASES[name](OPTIONS), 1e-4)


@pytest.mark.gpu
def test_a_batch_stays_on_the_device():
    result = advance(two_compartments(), kinetics(), 1.0, options=replace(OPTIONS, device="cuda"))
    assert isinstance(result, DeviceBatch)
    assert not np.isin(result.status, FAILURES).any()
    np.testing.assert_allclose(observe(two_compartments(), result)[:, 0], np.asarray(result.y)[:, 0])
