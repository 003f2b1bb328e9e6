"""What happens to one patient between steps: doses, infusions, events, changes of clones, and what ends a run.

In the lane language; `lane` is one patient of the group.
"""

from typing import TYPE_CHECKING

import numpy as np

from remission.engine.clock import (
    DAY,
    HAZARD,
    INFUSION_ENDS,
    JUMPED,
    KIND,
    LESIONS,
    MEMBER,
    NEXT_SAVE,
    NOTHING,
    RUNNING,
    SMALLS,
    STATUS,
    STEP,
    STOP,
    TRIGGER,
    TRIGGERED,
    UNTIL,
    WAITING,
    WHICH,
)
from remission.engine.clones import apply_change, remember_cells, set_counts, settle_all
from remission.engine.codes import NEEDS_CAPACITY, NON_FINITE, OK, STOPPED
from remission.engine.dosing import give_due, next_day, set_infusions
from remission.engine.events import next_threshold, write_down
from remission.engine.operations import LANES
from remission.engine.patients import all_finite, begin, load, look_after_jump, unload

if TYPE_CHECKING:
    from remission.engine.generated import CHANCE, N_BLOCK, N_PATIENT, WATCHING, event


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
            begin(doses, watch, work, most, lane)
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


def carry_out_all(model, state, clones, events, settings, work):
    """Carry out what cut the step, patient after patient."""
    clock = work.clock
    for lane in range(LANES):
        if clock[KIND, lane] != NOTHING:
            m = int(clock[MEMBER, lane])
            carry_out(model, state, clones, events, settings, work, state.patient[m], lane)
