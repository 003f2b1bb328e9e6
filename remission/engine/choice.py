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
    rate, jacobian = (count * max(lesions, 1) for count in system.operations)
    total = RATE_CALLS[method] * rate + STAGE_OPERATIONS[method] * system.n_states(lesions)
    if method == Method.RODAS5P:
        factor, solve = system.arrow.operation_counts(lesions)
        total += jacobian + factor + 8 * solve
    return total


def pilot(system: Compiled, batch: Batch, until: float | np.ndarray, options: Options = DEFAULTS) -> Method:
    """Rodas5P, or Tsit5 where the first 64 members need fewer operations with it and none fails that did not before."""
    few = np.arange(min(PILOT_MEMBERS, batch.size))
    members, stop = take(batch, few), np.broadcast_to(np.asarray(until, float), batch.size)[few]
    cost, failed = {}, {}
    for method in Method:
        result = advance(system, members, stop, options=replace(options, method=method))
        tries = result.state.accepted + result.state.rejected - members.state.accepted - members.state.rejected
        per_step = [operations_per_step(system, method, int(lesions)) for lesions in result.state.n_lesions]
        cost[method], failed[method] = int(np.dot(tries, per_step)), int(np.isin(result.status, FAILURES).sum())
    cheaper = cost[Method.TSIT5] < cost[Method.RODAS5P]
    return Method.TSIT5 if cheaper and failed[Method.TSIT5] <= failed[Method.RODAS5P] else Method.RODAS5P
