"""Every peer that is installed solves the problems."""

import numpy as np
import pytest

from remission.benchmark.accuracy import error_of
from remission.benchmark.contestant import Setting
from remission.benchmark.entrant import Remote
from remission.benchmark.peers import PEERS, QUICK
from remission.benchmark.problems import problem_of
from remission.benchmark.references import Reference, compiled_rates, trajectory

PATIENTS = 4


def reference_of(problem):
    rates, parameters = compiled_rates(problem), problem.parameters(PATIENTS)
    starts = problem.starts(parameters)
    states = [trajectory(problem, rates, parameters[i], starts[i], 1e-9, 1e-10) for i in range(PATIENTS)]
    return Reference(np.array(states), np.zeros((PATIENTS, 0, 4)))


def test_the_peers_of_a_quick_run_are_known():
    assert set(QUICK) <= {peer.name for peer in PEERS}


def test_a_peer_that_is_not_installed_says_which_module_is_missing():
    peer = PEERS[0]
    absent = type(peer)("nobody", "nobody", ("no_such_module",), (), "nowhere:Nobody")
    assert absent.missing == ("no_such_module",)


@pytest.mark.slow
@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_an_installed_peer_reaches_the_reference_under_doses(peer):
    if peer.missing:
        pytest.skip(f"{peer.name} is not installed")
    problem = problem_of("qsp-40")
    remote = Remote(peer.name, peer.made_by, problem, 2, 600.0)
    try:
        remote.start()
        outcome = remote.run(PATIENTS, Setting(remote.families[-1], 1e-7))
        error = error_of(problem, reference_of(problem), outcome, remote.before_doses)
        assert outcome.failed == 0
        assert error.median < 1e-4
        assert remote.memory() > 0
    finally:
        remote.close()
