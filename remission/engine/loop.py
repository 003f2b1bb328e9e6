"""The kernel: a group of patients taken through steps, doses, events and stops, each to its own day.

Every patient of a group has its own step, next dose, next visit and luck; when one is finished the next one takes its lane. A
patient meets only its own numbers, so that its result does not depend on who runs beside it. What every step needs is done for
the whole group at once; what happens between steps, for one patient (`lane`). In the lane language: the same text is compiled for
vector registers (`cpu`) and for one patient per thread of a graphics processor (`gpu`).
"""

from typing import TYPE_CHECKING

import numpy as np

from remission.engine.clock import (
    ACCEPTED,
    BEFORE,
    CURSOR,
    DAY,
    DAY_BEFORE,
    FLAGGED,
    INFUSION_ENDS,
    JUMPED,
    KIND,
    LENGTH,
    LESIONS,
    MEMBER,
    NEXT_SAVE,
    REJECTED,
    RUNNING,
    SHARE,
    SMALLS,
    STATUS,
    STEP,
    STOP,
    TRIES,
    TRIGGERED,
    UNTIL,
    WAITING,
    WHICH,
)
from remission.engine.clones import (
    HAZARD,
    NOTHING,
    TRIGGER,
    apply_change,
    carry_exponents,
    cell_place,
    first_change,
    first_phases,
    remember_cells,
    set_counts,
    settle_all,
)
from remission.engine.collocation import NODES, integral_to
from remission.engine.dosing import give_due, next_day, set_infusions
from remission.engine.events import first_hazard, live_entries, next_threshold, write_down
from remission.engine.extinction import ESTABLISHED, EXTINCT
from remission.engine.operations import LANES, any, lane_of, maximum, minimum, select, static, unsigned
from remission.engine.steppers import (
    error_norm,
    first_step,
    growth,
    interpolant,
    interpolate,
    next_length,
    shrinkage,
    step,
)
from remission.engine.watching import (
    END_ROW,
    RECORD_COLUMNS,
    SCRATCH_ROW,
    START_ROW,
    copy_watched,
    first_trigger,
    integrals_at,
    leave_empty,
    look_for_turns,
    meets_trigger,
    observe_nodes,
    observe_watched,
    record_start,
    record_step,
    remember_triggers,
    save_due,
    save_now,
    state_at,
    trigger_after_jump,
)

if TYPE_CHECKING:
    from remission.engine.generated import (
        CHANCE,
        FIRST_INPUT,
        HAZARDS,
        LOOKING,
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
        RATES,
        WATCHING,
        event,
        init,
        out,
        prepare,
        quad,
        rhs,
        watched,
    )

OK, STEPS_EXHAUSTED, NON_FINITE, OUT_OF_DOMAIN, NEEDS_CAPACITY, STOPPED = 0, 1, 2, 3, 6, 7
EVENT_PRECISION = 1e-6
FIRST_LONGEST = 1.0
SHORTEST = 1e-13


# ---- a patient comes and goes ----------------------------------------------------------------------------------------
def load(state, clones, events, watch, work, m, lane):
    """Bring one patient's numbers into a lane; places of lesions it does not have are filled so that nothing is infinite there."""
    clock = work.clock
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
    if CHANCE:
        for i in range(work.n_flags):
            work.phase[i, lane] = clones.phase[m, i]
            for j in range(4):
                work.small[4 * i + j, lane] = clones.small[m, i, j]
    for e in range(work.n_entries):
        work.threshold[e, lane] = events.threshold[m, e]
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
    clock[MEMBER, lane] = m
    clock[DAY, lane] = state.t[m]
    clock[STEP, lane] = state.h[m]
    clock[BEFORE, lane] = state.error[m]
    clock[UNTIL, lane] = state.until[m]
    clock[LESIONS, lane] = state.n_lesions[m]
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


def begin(doses, clones, watch, settings, work, patient, most, lane):
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
    save_now(watch, work, t, n, most, clock[LESIONS], lane)
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


# ---- between steps ---------------------------------------------------------------------------------------------------
def do_due(doses, clones, settings, work, patient, most, lane):
    """Give doses and change infusions that are due now; the status is non-finite if that spoils the state."""
    clock = work.clock
    m, t, lesions = int(clock[MEMBER, lane]), clock[DAY, lane], int(clock[LESIONS, lane])
    if next_day(doses, m) <= t:
        remember_cells(work, lesions, most, lane)
        give_due(doses, work, m, t, lesions, lane)
        if not all_finite(work.y, N_PATIENT + lesions * N_BLOCK, lane):
            clock[STATUS, lane] = NON_FINITE
            return
        settle_all(work, clones, settings, m, patient, lesions, lane)
        clock[SMALLS, lane] = set_counts(work, lesions, most, lane)
    elif t < clock[INFUSION_ENDS, lane]:
        return
    ends, _ = set_infusions(doses, work, m, t, lane)
    clock[INFUSION_ENDS, lane] = ends
    clock[JUMPED, lane] = 1.0


def is_finished(work, lane):
    """Whether a patient has reached its day, a trigger, an event that ends it, or a failure."""
    clock = work.clock
    ended = int(clock[STATUS, lane]) != OK or clock[TRIGGERED, lane] >= 0.0
    return ended or not (clock[DAY, lane] < clock[UNTIL, lane])


def attend(state, doses, clones, events, watch, settings, work, order, coming, high, most, lane):
    """Do what is due before the next step of one lane: fetch a patient, give doses, or write a finished one back.

    Returns the place in `order` of the next patient to come.
    """
    clock = work.clock
    clock[WAITING, lane] = 0.0
    while True:
        if not (clock[RUNNING, lane] > 0.0):
            if coming >= high:
                rest(work, lane)
                return coming
            m = order.member[coming]
            load(state, clones, events, watch, work, m, lane)
            begin(doses, clones, watch, settings, work, state.patient[m], most, lane)
            clock[RUNNING, lane] = 1.0
            coming = coming + 1
        if is_finished(work, lane):
            unload(state, clones, watch, work, lane)
            clock[RUNNING, lane] = 0.0
            continue
        m = int(clock[MEMBER, lane])
        do_due(doses, clones, settings, work, state.patient[m], most, lane)
        if int(clock[STATUS, lane]) != OK:
            continue
        if WATCHING and clock[JUMPED, lane] > 0.0:
            clock[TRIGGERED, lane] = look_after_jump(watch, work, most, lane)
            if clock[TRIGGERED, lane] >= 0.0:
                continue
        clock[STOP, lane] = min(min(clock[UNTIL, lane], next_day(doses, m)), clock[INFUSION_ENDS, lane])
        return coming


def rest(work, lane):
    """Let a lane without a patient stand still, with numbers that hurt nobody."""
    clock = work.clock
    clock[LESIONS, lane] = 0.0
    clock[SMALLS, lane] = 0.0
    clock[JUMPED, lane] = 0.0
    clock[STEP, lane] = 1.0
    clock[STOP, lane] = clock[DAY, lane] + 1.0
    clock[NEXT_SAVE, lane] = np.inf


def fire(model, state, events, settings, work, patient, entry, lane):
    """Carry out a hazard that passed its threshold; the status says what became of the patient."""
    clock = work.clock
    m, lesions = int(clock[MEMBER, lane]), int(clock[LESIONS, lane])
    hazard, lesion, clone = model.entry_hazard[entry], model.entry_lesion[entry], model.entry_clone[entry]
    own_lesion = lesion
    if model.hazard_seeds[hazard] != 0:
        place = N_PATIENT + lesions * N_BLOCK
        if place + N_BLOCK > work.n_states:
            clock[STATUS, lane] = NEEDS_CAPACITY
            return
        for i in range(place, place + N_BLOCK):
            work.y[i, lane] = 0.0
        lesion, lesions = lesions, lesions + 1
        clock[LESIONS, lane] = lesions
    next_threshold(model, work, events, settings, m, patient, entry, hazard, own_lesion, clone, lane)
    write_down(events, m, hazard, lesion, clone, clock[DAY, lane])
    event(hazard, lesion, clone, work.y, work.p, work.c, work.flags, lesions, lane)
    if model.hazard_stop[hazard] != 0:
        state.fatal[m] = hazard
        clock[STATUS, lane] = STOPPED


def carry_out(model, state, clones, events, settings, work, patient, lane):
    """Carry out what cut a step short: a trigger, an event, or a change of one clone."""
    clock = work.clock
    m, kind, which = int(clock[MEMBER, lane]), int(clock[KIND, lane]), int(clock[WHICH, lane])
    clock[WAITING, lane] = 1.0
    if kind == TRIGGER:
        work.armed[which, lane] = 0.0
        clock[TRIGGERED, lane] = which
        return
    if kind == HAZARD:
        remember_cells(work, int(clock[LESIONS, lane]), work.capacity, lane)
        fire(model, state, events, settings, work, patient, which, lane)
        lesions = int(clock[LESIONS, lane])
        if int(clock[STATUS, lane]) == NEEDS_CAPACITY:
            return
        clock[JUMPED, lane] = 1.0
        if not all_finite(work.y, N_PATIENT + lesions * N_BLOCK, lane):
            clock[STATUS, lane] = NON_FINITE
            return
        settle_all(work, clones, settings, m, patient, lesions, lane)
    elif CHANCE:
        apply_change(work, clones, settings, m, patient, kind, which, lane)
    clock[SMALLS, lane] = set_counts(work, int(clock[LESIONS, lane]), work.capacity, lane)


# ---- one step of the group -------------------------------------------------------------------------------------------
def rates_at_nodes(work, h, n, most, lesions):
    """Rates of the integrals, and births and deaths, at the three Gauss points of the step."""
    for node in static(range(3)):
        interpolate(work.y, work, lane_of(NODES[node]), work.point, n)
        rates, births = work.node_rates[node * work.n_integrals :], work.births_deaths[node * 2 * work.n_flags :]
        quad(work.point, work.p, work.c, work.flags, rates, births, most, lesions)


def may_be_cut(model, watch, work, h, n, most, lesions, n_small):
    """Which patients may meet an event, a change of a clone or a trigger inside the step."""
    found, end = lane_of(0.0) > 1.0, work.end
    if HAZARDS:
        for entry in range(live_entries(model, most)):
            k = model.entry_integral[entry]
            value = integral_to(work.q[k], work.node_rates, k, work.n_integrals, h, lane_of(1.0))
            found = found | (value >= work.threshold[entry])
    if CHANCE:
        found = found | (work.clock[SMALLS] > 0.0)
        for lesion in range(most):
            for clone in range(N_CLONES):
                falls = end[cell_place(lesion, clone)] < n_small
                found = found | (falls & (work.phase[lesion * N_CLONES + clone] == ESTABLISHED) & (lesion < lesions))
    if WATCHING:
        found = found | meets_trigger(watch, work)
    return found


def find_cut(model, watch, work, n, most, n_small, lane):
    """Where one patient's step is cut: its share, the kind of change, and which; a whole step if nothing happens."""
    clock = work.clock
    h, lesions, share, kind, which = clock[LENGTH, lane], int(clock[LESIONS, lane]), 2.0, NOTHING, -1
    if HAZARDS:
        x, entry = first_hazard(model, work, h, lesions, 1.0, EVENT_PRECISION, lane)
        if entry >= 0:
            share, kind, which = x, HAZARD, entry
    if CHANCE:
        x, change, index = first_change(work, h, lesions, n, min(share, 1.0), n_small, EVENT_PRECISION, lane)
        if x < share:
            share, kind, which = x, change, index
    if WATCHING:
        x, number = first_trigger(watch, work, h, n, most, clock[LESIONS], min(share, 1.0), lane)
        if x < share:
            share, kind, which = x, TRIGGER, number
    clock[SHARE, lane] = min(share, 1.0)
    clock[KIND, lane] = kind
    clock[WHICH, lane] = which


def keep_step(work, h, share, accepted, n, most):
    """Take those whose step was accepted to the share of it that is kept."""
    clock = work.clock
    state_at(work, share, h, n)
    for i in range(n):
        work.y[i] = select(accepted, work.point[i], work.y[i])
    if N_QUADRATURES + N_LESION_QUADRATURES > 0:
        integrals_at(work, share, h, most)
        for k in range(N_QUADRATURES + most * N_LESION_QUADRATURES):
            work.q[k] = select(accepted, work.point_integrals[k], work.q[k])
    if CHANCE:
        for lane in range(LANES):
            if clock[SMALLS, lane] > 0.0 and clock[FLAGGED, lane] > 0.0:
                carry_exponents(work, clock[LENGTH, lane], clock[SHARE, lane], int(clock[LESIONS, lane]), lane)


def take_back(work, settings, error, tried, rejected, t, length):
    """Shorten the step of those whose step was not accepted; give up where it cannot be shortened or tried again."""
    clock = work.clock
    shorter = length * shrinkage(error)
    clock[STEP] = select(rejected, shorter, clock[STEP])
    clock[REJECTED] = clock[REJECTED] + select(rejected, 1.0, 0.0)
    hopeless = rejected & (~(shorter > SHORTEST * maximum(1.0, abs(t))) | (tried >= settings.max_steps))
    failure = select(error < np.inf, STEPS_EXHAUSTED, NON_FINITE)
    clock[STATUS] = select(hopeless, failure, clock[STATUS])
    clock[WAITING] = select(hopeless, 1.0, clock[WAITING])


def go_on(work, settings, error, tried, accepted, length, end):
    """Set the clock of those whose step was accepted, and their next step."""
    clock = work.clock
    factor_, h = growth(error, clock[BEFORE]), clock[STEP]
    longer = length * factor_
    kept = select((factor_ >= 6.0) & (length < h), maximum(h, longer), longer)
    clock[DAY] = select(accepted, end, clock[DAY])
    clock[STEP] = select(accepted, kept, h)
    clock[BEFORE] = select(accepted, error, clock[BEFORE])
    clock[ACCEPTED] = clock[ACCEPTED] + select(accepted, 1.0, 0.0)
    spent = accepted & (tried >= settings.max_steps) & (end < clock[UNTIL])
    clock[STATUS] = select(spent, STEPS_EXHAUSTED, clock[STATUS])
    clock[WAITING] = select(spent | (accepted & (end >= clock[STOP])), 1.0, clock[WAITING])


def first_steps(model, settings, work, n):
    """Choose the step anew for those whose state has jumped."""
    clock = work.clock
    jumped, h = clock[JUMPED] > 0.0, clock[STEP]
    start = first_step(work.y, work, model.atol, settings.rtol, n, FIRST_LONGEST)
    chosen = select(h > 0.0, minimum(h, start), start)
    clock[STEP] = select(jumped, chosen, h)
    clock[BEFORE] = select(jumped, 1.0, clock[BEFORE])
    clock[JUMPED] = lane_of(0.0)


def take_step(model, state, clones, events, watch, settings, work, most):
    """Try one step of every patient of the group, and settle what it brings."""
    clock, y, n = work.clock, work.y, N_PATIENT + most * N_BLOCK
    lesions, t, running = clock[LESIONS], clock[DAY], clock[RUNNING] > 0.0
    rhs(y, work.p, work.c, work.flags, work.rates, most, lesions)
    if any(clock[JUMPED] > 0.0):
        first_steps(model, settings, work, n)
    rest = clock[STOP] - t
    length = next_length(clock[STEP], rest)
    clock[LENGTH] = length
    clock[DAY_BEFORE] = t
    step(y, work.p, work.c, work.flags, length, work, n, most, lesions)
    error = error_norm(y, length, work, model.atol, settings.atol_factor, settings.rtol, n)
    tried = clock[TRIES] + 1.0
    clock[TRIES] = tried
    accepted, rejected = running & (error <= 1.0), running & ~(error <= 1.0)
    if any(rejected):
        take_back(work, settings, error, tried, rejected, t, length)
    clock[SHARE] = lane_of(1.0)
    clock[KIND] = lane_of(NOTHING)
    whole_end = select(length == rest, clock[STOP], t + length)
    if not LOOKING:
        settle_plain_step(watch, state, work, t, length, whole_end, accepted, n, most, lesions)
        go_on(work, settings, error, tried, accepted, length, whole_end)
        return
    interpolant(length, work, n)
    if RATES:
        rates_at_nodes(work, length, n, most, lesions)
    if WATCHING:
        observe_nodes(work, length, n, most, lesions)
    cut = accepted & may_be_cut(model, watch, work, length, n, most, lesions, settings.n_small)
    if any(cut):
        clock[FLAGGED] = select(cut, 1.0, 0.0)
        for lane in range(LANES):
            if clock[FLAGGED, lane] > 0.0:
                find_cut(model, watch, work, n, most, settings.n_small, lane)
    share = clock[SHARE]
    end = select(share == 1.0, whole_end, t + share * length)
    if any(accepted & (clock[NEXT_SAVE] <= end)):
        save_due(watch, state, work, t, length, share, end, accepted, n, most, lesions)
    if WATCHING:
        watch_step(watch, work, t, length, share, end, accepted, n, most, lesions)
    clock[FLAGGED] = select(accepted, 1.0, 0.0)
    keep_step(work, length, share, accepted, n, most)
    go_on(work, settings, error, tried, accepted, length, end)
    if any(accepted & ~(clock[KIND] == NOTHING)):
        for lane in range(LANES):
            if clock[KIND, lane] != NOTHING:
                m = int(clock[MEMBER, lane])
                carry_out(model, state, clones, events, settings, work, state.patient[m], lane)


def settle_plain_step(watch, state, work, t, length, end, accepted, n, most, lesions):
    """Keep a step in which nothing can happen but a day to save."""
    if any(accepted & (work.clock[NEXT_SAVE] <= end)):
        interpolant(length, work, n)
        save_due(watch, state, work, t, length, lane_of(1.0), end, accepted, n, most, lesions)
    for i in range(n):
        work.y[i] = select(accepted, work.end[i], work.y[i])


def watch_step(watch, work, t, length, share, end, accepted, n, most, lesions):
    """Let an accepted step count for end points and triggers; the values at its end are those at the start of the next."""
    look_for_turns(watch, work, accepted, n, most, lesions)
    cut = accepted & (share < 1.0)
    if any(cut):
        observe_watched(work, share, length, n, most, lesions, SCRATCH_ROW)
        copy_watched(watch, work, SCRATCH_ROW, END_ROW, cut)
    record_step(watch, work, t, length, share, end, accepted, n, most, lesions)
    remember_triggers(watch, work, accepted)
    copy_watched(watch, work, END_ROW, START_ROW, accepted)


# ---- the group -------------------------------------------------------------------------------------------------------
def most_lesions(work):
    """The largest number of lesions in the group."""
    most = 0
    for lane in range(LANES):
        most = max(most, int(work.clock[LESIONS, lane]))
    return most


def run_group(model, state, doses, clones, events, watch, settings, work, order, low, high, place):
    """Take the patients `order.member[low:high]` to their own `until`; slots of lesions computed, and how many of them were
    empty, are counted in row `place` of `order.slots`."""
    clock, coming, running, most = work.clock, low, LANES, work.capacity
    for lane in range(LANES):
        load(state, clones, events, watch, work, order.member[low], lane)
        rest(work, lane)
        set_counts(work, 0, most, lane)
        clock[RUNNING, lane] = 0.0
        clock[WAITING, lane] = 1.0
    turns, empty, live = 0, 0, 0
    while running > 0:
        if any(clock[WAITING] > 0.0):
            for lane in range(LANES):
                if clock[WAITING, lane] > 0.0:
                    coming = attend(state, doses, clones, events, watch, settings, work, order, coming, high, work.capacity, lane)
            running, most = 0, most_lesions(work)
            for lane in range(LANES):
                running = running + int(clock[RUNNING, lane])
            live = 0
            for lane in range(LANES):
                live = live + int(clock[LESIONS, lane]) * int(clock[RUNNING, lane])
        if running > 0:
            take_step(model, state, clones, events, watch, settings, work, most)
            turns = turns + most * LANES
            empty = empty + (most * LANES - live)
    order.slots[place, 0] = turns
    order.slots[place, 1] = empty


# ---- other ways in ---------------------------------------------------------------------------------------------------
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
        out(work.y, work.p, work.c, work.q, work.flags, work.observed, work.capacity, work.clock[LESIONS])
        for lane in range(min(LANES, high - first)):
            m = order.member[first + lane]
            for i in range(N_OUTPUTS + state.n_lesions[m] * N_LESION_OUTPUTS):
                order.seen[m, i] = unsigned(work.observed[i, lane])
