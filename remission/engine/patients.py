"""A patient comes into a lane and goes back to the batch; starting members, and looking at them as they are.

In the lane language; `lane` is one patient of the group.
"""

from typing import TYPE_CHECKING

import numpy as np

from remission.engine.clock import (
    ACCEPTED,
    BEFORE,
    CURSOR,
    DAY,
    INFUSION_ENDS,
    JUMPED,
    LESIONS,
    MEMBER,
    REJECTED,
    SMALLS,
    STATUS,
    STEP,
    TRIES,
    TRIGGERED,
    UNTIL,
)
from remission.engine.clones import first_phases, set_counts
from remission.engine.codes import EXTINCT, NON_FINITE, OK, RECORD_COLUMNS
from remission.engine.dosing import set_infusions
from remission.engine.operations import LANES, unsigned
from remission.engine.records import record_start
from remission.engine.saving import leave_empty, save_now
from remission.engine.triggers import trigger_after_jump
from remission.engine.watching import SCRATCH_ROW, START_ROW

if TYPE_CHECKING:
    from remission.engine.generated import (
        CHANCE,
        FIRST_INPUT,
        N_BLOCK,
        N_CLONES,
        N_INPUTS,
        N_LESION_OUTPUTS,
        N_LESION_PARAMETERS,
        N_LESION_QUADRATURES,
        N_OUTPUTS,
        N_PATIENT,
        N_PATIENT_PARAMETERS,
        N_QUADRATURES,
        WATCHING,
        init,
        out,
        prepare,
        watched,
    )


def load(state, clones, events, watch, work, m, lane):
    """Bring one patient's numbers into a lane, those of lesions it may yet get included."""
    load_state(state, work, m, lane)
    if CHANCE:
        for i in range(work.n_flags):
            work.phase[i, lane] = clones.phase[m, i]
            for j in range(4):
                work.small[4 * i + j, lane] = clones.small[m, i, j]
    for e in range(work.n_entries):
        work.threshold[e, lane] = events.threshold[m, e]
    load_watch(watch, work, m, lane)
    load_clock(state, work, m, lane)


def load_state(state, work, m, lane):
    """What the equations read of one patient."""
    for i in range(work.n_states):
        work.y[i, lane] = state.y[m, i]
    for i in range(work.n_integrals):
        work.q[i, lane] = state.q[m, i]
    for i in range(work.n_parameters):
        work.p[i, lane] = state.p[m, i]
    for i in range(work.n_constants):
        work.c[i, lane] = state.c[m, i]
    for i in range(work.n_flags):
        work.flags[i, lane] = state.flags[m, i]
    work.clock[LESIONS, lane] = state.n_lesions[m]


def load_watch(watch, work, m, lane):
    """What is asked of one patient's outputs, and what was found so far."""
    for k in range(watch.outputs):
        work.above[k, lane] = watch.above[m, k]
        work.below[k, lane] = watch.below[m, k]
        work.rise[k, lane] = watch.rise[m, k]
        for j in range(RECORD_COLUMNS):
            work.record[RECORD_COLUMNS * k + j, lane] = watch.record[m, k, j]
    for k in range(watch.triggers):
        work.trigger_level[k, lane] = watch.trigger_level[m, k]
        work.armed[k, lane] = watch.armed[m, k]
        work.met[k, lane] = watch.met[m, k]


def load_clock(state, work, m, lane):
    """Where one patient is, at the beginning of a call."""
    clock = work.clock
    clock[MEMBER, lane] = m
    clock[DAY, lane] = state.t[m]
    clock[STEP, lane] = state.h[m]
    clock[BEFORE, lane] = state.error[m]
    clock[UNTIL, lane] = state.until[m]
    clock[STATUS, lane] = OK
    clock[TRIGGERED, lane] = -1
    clock[TRIES, lane] = 0.0
    clock[CURSOR, lane] = 0.0
    clock[ACCEPTED, lane] = 0.0
    clock[REJECTED, lane] = 0.0


def unload(state, clones, watch, work, lane):
    """Write one patient's numbers back."""
    clock = work.clock
    m, lesions = int(clock[MEMBER, lane]), int(clock[LESIONS, lane])
    for i in range(N_PATIENT + lesions * N_BLOCK):
        state.y[m, i] = unsigned(work.y[i, lane])
    for i in range(N_QUADRATURES + lesions * N_LESION_QUADRATURES):
        state.q[m, i] = unsigned(work.q[i, lane])
    for i in range(FIRST_INPUT, FIRST_INPUT + N_INPUTS):
        state.p[m, i] = work.p[i, lane]
    if CHANCE:
        for i in range(lesions * N_CLONES):
            state.flags[m, i] = work.flags[i, lane]
            clones.phase[m, i] = int(work.phase[i, lane])
            for j in range(4):
                clones.small[m, i, j] = work.small[4 * i + j, lane]
    for k in range(watch.outputs):
        for j in range(RECORD_COLUMNS):
            watch.record[m, k, j] = unsigned(work.record[RECORD_COLUMNS * k + j, lane])
    for k in range(watch.triggers):
        watch.armed[m, k] = int(work.armed[k, lane])
        watch.met[m, k] = int(work.met[k, lane])
    leave_empty(watch, work, m, int(clock[CURSOR, lane]), watch.days)
    state.t[m] = clock[DAY, lane]
    state.h[m] = clock[STEP, lane]
    state.error[m] = clock[BEFORE, lane]
    state.n_lesions[m] = lesions
    state.status[m] = int(clock[STATUS, lane])
    state.trigger[m] = int(clock[TRIGGERED, lane])
    state.accepted[m] = state.accepted[m] + int(clock[ACCEPTED, lane])
    state.rejected[m] = state.rejected[m] + int(clock[REJECTED, lane])


def all_finite(values, n, lane):
    """Whether the first n values of one patient are numbers."""
    total = 0.0
    for i in range(n):
        total = total + 0.0 * values[i, lane]
    return total == 0.0


def begin(doses, watch, work, most, lane):
    """Check a patient that has just come, and set what follows from its numbers."""
    clock = work.clock
    t, lesions = clock[DAY, lane], int(clock[LESIONS, lane])
    n, integrals = N_PATIENT + lesions * N_BLOCK, N_QUADRATURES + lesions * N_LESION_QUADRATURES
    parameters = N_PATIENT_PARAMETERS + lesions * N_LESION_PARAMETERS
    numbers = all_finite(work.y, n, lane) and all_finite(work.q, integrals, lane) and all_finite(work.p, parameters, lane)
    if not (numbers and abs(t) < np.inf):
        clock[STATUS, lane] = NON_FINITE
        return
    m = int(clock[MEMBER, lane])
    ends, changed = set_infusions(doses, work, m, t, lane)
    clock[INFUSION_ENDS, lane] = ends
    clock[JUMPED, lane] = 1.0 if changed or not (clock[STEP, lane] > 0.0) else 0.0
    clock[SMALLS, lane] = set_counts(work, lesions, most, lane)
    save_now(watch, work, t, most, clock[LESIONS], lane)
    if WATCHING:
        clock[TRIGGERED, lane] = look_after_jump(watch, work, most, lane)


def look_after_jump(watch, work, most, lane):
    """Let the values after a jump count; returns the trigger met by the jump, or -1."""
    clock, size = work.clock, work.n_observed
    watched(work.y, work.p, work.c, work.q, work.flags, work.observed[SCRATCH_ROW * size :], most, clock[LESIONS])
    for k in range(watch.outputs):
        work.observed[START_ROW * size + watch.output[k], lane] = work.observed[SCRATCH_ROW * size + watch.output[k], lane]
    for k in range(watch.triggers):
        output = watch.trigger_output[k]
        work.observed[START_ROW * size + output, lane] = work.observed[SCRATCH_ROW * size + output, lane]
    record_start(watch, work, START_ROW, clock[DAY, lane], lane)
    return trigger_after_jump(watch, work, START_ROW, lane)


def start_group(state, clones, settings, work, low, high):
    """Initial states, constants, and phases of clones of the members low to high."""
    for m in range(low, high):
        for lane in range(LANES):
            for i in range(work.n_parameters):
                work.p[i, lane] = state.p[m, i]
        prepare(work.p, work.c, work.capacity)
        lesions = state.n_lesions[m]
        for i in range(work.n_states):
            work.y[i, 0] = 0.0
        init(work.p, work.c, work.y, lesions, 0)
        for i in range(work.n_constants):
            state.c[m, i] = work.c[i, 0]
        if all_finite(work.y, N_PATIENT + lesions * N_BLOCK, 0):
            for index in range(work.n_flags):
                work.phase[index, 0] = EXTINCT
                work.flags[index, 0] = 0.0
                for j in range(4):
                    work.small[4 * index + j, 0] = 0.0
            first_phases(work, clones, settings, m, state.patient[m], lesions, work.capacity, 0)
            keep_phases(state, clones, work, m, lesions)
        for i in range(N_PATIENT + lesions * N_BLOCK):
            state.y[m, i] = work.y[i, 0]


def keep_phases(state, clones, work, m, lesions):
    """Write the phases of one patient's clones to the batch."""
    for index in range(work.n_flags):
        state.flags[m, index] = work.flags[index, 0]
        if CHANCE:
            clones.phase[m, index] = int(work.phase[index, 0])
            for j in range(4):
                clones.small[m, index, j] = work.small[4 * index + j, 0] if index < lesions * N_CLONES else 0.0


def look_group(state, work, order, low, high):
    """All outputs of the members `order.member[low:high]` as they are now, into `order.seen`."""
    for first in range(low, high, LANES):
        for lane in range(LANES):
            m = order.member[min(first + lane, high - 1)]
            load_state(state, work, m, lane)
        out(work.y, work.p, work.c, work.q, work.flags, work.observed, work.capacity, work.clock[LESIONS])
        for lane in range(min(LANES, high - first)):
            m = order.member[first + lane]
            for i in range(N_OUTPUTS + state.n_lesions[m] * N_LESION_OUTPUTS):
                order.seen[m, i] = unsigned(work.observed[i, lane])
