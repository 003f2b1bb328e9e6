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
    BENT,
    DAY,
    DAY_BEFORE,
    FLAGGED,
    HAZARD,
    JUMPED,
    KIND,
    LENGTH,
    LESIONS,
    NEXT_SAVE,
    NOTHING,
    REJECTED,
    RUNNING,
    SHARE,
    SMALLS,
    STATUS,
    STEP,
    STOP,
    TRIES,
    TRIGGER,
    UNTIL,
    WAITING,
    WHICH,
)
from remission.engine.clones import carry_exponents, cell_place, first_change, set_counts
from remission.engine.codes import ESTABLISHED, NON_FINITE, STEPS_EXHAUSTED
from remission.engine.collocation import integral_to
from remission.engine.events import first_hazard, live_entries
from remission.engine.operations import LANES, any, lane_of, maximum, minimum, select, static
from remission.engine.patients import load
from remission.engine.records import record_cut, record_step
from remission.engine.saving import save_due
from remission.engine.steppers import bend, error_norm, first_step, growth, interpolant, next_length, shrinkage, states_at_nodes, step
from remission.engine.stops import attend, carry_out_all, rest
from remission.engine.triggers import first_trigger, meets_trigger, remember_triggers
from remission.engine.watching import END_ROW, START_ROW, copy_watched, integrals_at, observe_nodes, state_at

if TYPE_CHECKING:
    from remission.engine.generated import (
        CHANCE,
        HAZARDS,
        LOOKING,
        METHOD,
        N_BLOCK,
        N_CLONES,
        N_LESION_QUADRATURES,
        N_PATIENT,
        N_QUADRATURES,
        RATES,
        WATCHING,
        quad,
        rhs,
    )


EVENT_PRECISION = 1e-6  # day
FIRST_LONGEST = 1.0  # day
SHORTEST = 1e-13  # of the day


def rates_at_nodes(work, n, most, lesions):
    """Rates of the integrals, and births and deaths, at the three Gauss points of the step."""
    for node in static(range(3)):
        rates, births = work.node_rates[node * work.n_integrals :], work.births_deaths[node * 2 * work.n_flags :]
        quad(work.nodes[node * n :], work.p, work.c, work.flags, rates, births, most, lesions)


def may_be_cut(model, watch, work, h, most, lesions, n_small):
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
    if CHANCE or any(share < 1.0):
        bend(work, n)
        state_at(work, share, h, n)
        for i in range(n):
            work.y[i] = select(accepted, work.point[i], work.y[i])
    else:
        for i in range(n):
            work.y[i] = select(accepted, work.end[i], work.y[i])
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


def take_step(model, state, clones, events, watch, settings, work, most, attended):
    """Try one step of every patient of the group, and settle what it brings; `attended`: something happened since the last step."""
    clock, y, n = work.clock, work.y, N_PATIENT + most * N_BLOCK
    lesions, t, running = clock[LESIONS], clock[DAY], clock[RUNNING] > 0.0
    if METHOD == 0 or LOOKING or attended:
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
    end = select(length == rest, clock[STOP], t + length)
    if LOOKING:
        look_inside(model, watch, settings, work, length, accepted, n, most, lesions)
        share = clock[SHARE]
        end = select(share == 1.0, end, t + share * length)
        settle_step(watch, work, t, length, share, end, accepted, n, most, lesions)
    else:
        settle_plain_step(watch, work, t, length, end, accepted, n, most, lesions)
    go_on(work, settings, error, tried, accepted, length, end)
    if LOOKING and any(accepted & ~(clock[KIND] == NOTHING)):
        carry_out_all(model, state, clones, events, settings, work)


def look_inside(model, watch, settings, work, h, accepted, n, most, lesions):
    """Read the step just taken at its nodes, and find out where it is cut, if it is."""
    clock = work.clock
    clock[BENT] = lane_of(0.0)
    if CHANCE:
        bend(work, n)
    states_at_nodes(work.y, h, work, n)
    if RATES:
        rates_at_nodes(work, n, most, lesions)
    if WATCHING:
        observe_nodes(work, h, n, most, lesions)
    cut = accepted & may_be_cut(model, watch, work, h, most, lesions, settings.n_small)
    if any(cut):
        bend(work, n)
        clock[FLAGGED] = select(cut, 1.0, 0.0)
        for lane in range(LANES):
            if clock[FLAGGED, lane] > 0.0:
                find_cut(model, watch, work, n, most, settings.n_small, lane)


def settle_step(watch, work, t, h, share, end, accepted, n, most, lesions):
    """Save, watch and keep the part of the step that was accepted."""
    clock = work.clock
    if any(accepted & (clock[NEXT_SAVE] <= end)):
        bend(work, n)
        save_due(watch, work, t, h, share, end, accepted, n, most, lesions)
    if WATCHING:
        watch_step(watch, work, t, h, share, end, accepted, n, most, lesions)
    clock[FLAGGED] = select(accepted, 1.0, 0.0)
    keep_step(work, h, share, accepted, n, most)


def settle_plain_step(watch, work, t, length, end, accepted, n, most, lesions):
    """Keep a step in which nothing can happen but a day to save."""
    if any(accepted & (work.clock[NEXT_SAVE] <= end)):
        interpolant(length, work, n)
        save_due(watch, work, t, length, lane_of(1.0), end, accepted, n, most, lesions)
    for i in range(n):
        work.y[i] = select(accepted, work.end[i], work.y[i])
        if METHOD == 1:  # the last stage of Tsit5 is the first of the next step
            work.rates[i] = select(accepted, work.stages[6 * n + i], work.rates[i])


def watch_step(watch, work, t, length, share, end, accepted, n, most, lesions):
    """Let an accepted step count for end points and triggers; the values at its end are those at the start of the next."""
    whole, cut = accepted & ~(share < 1.0), accepted & (share < 1.0)
    if any(cut):
        bend(work, n)
        record_cut(watch, work, length, share, cut, n, most, lesions)
    record_step(watch, work, t, length, share, end, accepted, whole, n, most, lesions)
    remember_triggers(watch, work, accepted)
    copy_watched(watch, work, END_ROW, START_ROW, accepted)


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
        attended = any(clock[WAITING] > 0.0)
        if attended:
            for lane in range(LANES):
                if clock[WAITING, lane] > 0.0:
                    coming = attend(state, doses, clones, events, watch, settings, work, order, coming, high, work.capacity, lane)
            running, live, most = 0, 0, most_lesions(work)
            for lane in range(LANES):
                running = running + int(clock[RUNNING, lane])
                live = live + int(clock[LESIONS, lane]) * int(clock[RUNNING, lane])
        if running > 0:
            take_step(model, state, clones, events, watch, settings, work, most, attended)
            turns = turns + most * LANES
            empty = empty + (most * LANES - live)
    order.slots[place, 0] = turns
    order.slots[place, 1] = empty
