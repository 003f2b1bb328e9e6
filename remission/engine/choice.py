"""Which method a run uses: a pilot on fixed members counts operations, never seconds, so that the choice is reproducible."""

from dataclasses import replace

import numpy as np

from remission.engine.batch import Batch, take
from remission.engine.compiled import Compiled
from remission.engine.ensemble import DEFAULTS, Options, advance
from remission.engine.layout import FAILURES
from remission.engine.steppers import Method

PILOT_MEMBERS = 64
STAGE_OPERATIONS = {Method.RODAS5P: 2 * (15 + 28 + 24), Method.TSIT5: 2 * (21 + 7 + 21)}
RATE_CALLS = {Method.RODAS5P: 8, Method.TSIT5: 6}


def operations_per_step(system: Compiled, method: Method, lesions: int) -> int:
    """Arithmetic operations of one step: rates, Jacobian, factors, solves and sums of stages."""
    rate, jacobian = (apart + lesions * each for apart, each in system.operations)
    total = RATE_CALLS[method] * rate + STAGE_OPERATIONS[method] * system.n_states(lesions)
    if method == Method.RODAS5P:
        factor, solve = system.arrow.operation_counts(lesions)
        total += jacobian + factor + 8 * solve
    return total


def pilot(system: Compiled, batch: Batch, until: float | np.ndarray, options: Options = DEFAULTS) -> Method:
    """Rodas5P, or Tsit5 where the first 64 members need fewer operations with it and none fails that did not before."""
    few = np.arange(min(PILOT_MEMBERS, batch.size))
    members, stop = take(batch, few), np.broadcast_to(np.asarray(until, float), batch.size)[few]
    if few.size == 0:
        return Method.RODAS5P
    cost, tries, failed = _cost(system, members, stop, replace(options, method=Method.RODAS5P))
    worth = tries.max() * operations_per_step(system, Method.RODAS5P, batch.capacity)
    most = int(worth / operations_per_step(system, Method.TSIT5, 0)) + 1  # a member that needs more settles the matter
    explicit = replace(options, method=Method.TSIT5, max_steps=min(options.max_steps, few.size * most))
    other, _, lost = _cost(system, members, stop, explicit)
    return Method.TSIT5 if other < cost and lost <= failed else Method.RODAS5P


def _cost(system: Compiled, members: Batch, stop: np.ndarray, options: Options) -> tuple[int, np.ndarray, int]:
    """Operations of all members, tries of each, and how many failed."""
    result = advance(system, members, stop, options=options)
    tries = result.state.accepted + result.state.rejected - members.state.accepted - members.state.rejected
    per_step = [operations_per_step(system, options.method, int(lesions)) for lesions in result.state.n_lesions]
    return int(np.dot(tries, per_step)), tries, int(np.isin(result.status, FAILURES).sum())
