"""The loop over steps, doses, events and stops: compiled once for all systems, one member after the other.

`run_chunk` is the only function that is compiled on its own and cached; what it calls is compiled into it. Model
functions are called by address, so a new system costs no compilation here. A member meets only its own arrays, so its
result does not depend on who is run beside it.
"""

from hashlib import blake2b
from pathlib import Path

import numpy as np
from numba import njit

from remission.engine.clones import (
    HAZARD,
    NOTHING,
    TRIGGER,
    apply_change,
    carry_exponents,
    first_change,
    first_phases,
    remember_cells,
    set_counts,
    settle_all,
)
from remission.engine.collocation import NODES
from remission.engine.dosing import give_due, next_day, set_infusions
from remission.engine.events import first_hazard, next_threshold, write_down
from remission.engine.layout import Member, Status, Work
from remission.engine.pointers import call
from remission.engine.reference import reference
from remission.engine.steppers import (
    OPTIONS,
    StepWork,
    error_norm,
    evaluate_jacobian,
    first_step,
    growth,
    interpolant,
    interpolate,
    next_length,
    shrinkage,
    step,
)
from remission.engine.watching import (
    first_trigger,
    integrals_at,
    observe,
    observe_nodes,
    record_start,
    record_step,
    remember_triggers,
    state_at,
    trigger_after_jump,
)

OK, STEPS_EXHAUSTED, NON_FINITE = int(Status.OK), int(Status.STEPS_EXHAUSTED), int(Status.NON_FINITE)
OUT_OF_DOMAIN, NEEDS_CAPACITY, STOPPED = int(Status.OUT_OF_DOMAIN), int(Status.NEEDS_CAPACITY), int(Status.STOPPED)
PRECISION = 1e-6
FIRST_LONGEST = 1.0
SHORTEST = 1e-13


@njit(**OPTIONS)
def work_space(n_states, n_integrals, n_clones, n_outputs, n_storage):
    """Scratch for one member at the capacity of the batch."""
    step_work = StepWork(
        np.zeros((8, n_states)),
        np.zeros(n_states),
        np.zeros(n_states),
        np.zeros(n_states),
        np.zeros(n_states),
        np.zeros((3, n_states)),
        np.zeros(n_storage),
        np.zeros(n_storage),
        np.ones(n_states),
    )
    return Work(
        step_work,
        np.zeros(n_states),
        np.zeros(n_states),
        np.zeros(n_integrals),
        np.zeros((3, n_integrals)),
        np.zeros((3, 2 * n_clones)),
        np.zeros((6, n_outputs)),
        np.zeros(n_clones),
    )


@njit(**OPTIONS)
def all_finite(values, n):
    """Whether the first n values are numbers."""
    finite = True
    for i in range(n):
        finite = finite and abs(values[i]) < np.inf
    return finite


@njit(**OPTIONS)
def leaves_domain(model, y, end, atol, rtol, n):
    """Whether a state that cannot be negative has become so by more than the solver's noise."""
    leaves = False
    for i in range(n):
        leaves = leaves or (model.nonnegative[i] > 0.0 and end[i] < -(10.0 * atol[i] + rtol * abs(y[i])))
    return leaves


@njit(**OPTIONS)
def rates_at_nodes(model, y, p, flags, work, lesions, n):
    """Rates of the integrals, and births and deaths, at the three Gauss points of the step."""
    for node in range(3):
        interpolate(y, work.step, NODES[node], work.point, n)
        call(model.quad, (work.point, p, flags, work.node_rates[node], work.node_births_deaths[node], lesions))


@njit(**OPTIONS)
def find_cut(model, clones, events, watch, m, member, work, h, lesions, n, n_small, watching):
    """Where the step is cut: share, kind of change, and which; (1, NOTHING, -1) for a whole step."""
    y, q = member.y, member.q
    share, kind, which = 2.0, NOTHING, -1
    if model.entry_integral.size > 0:
        x, entry = first_hazard(model, q, events.threshold[m], work.node_rates, h, lesions, 1.0, PRECISION)
        if entry >= 0:
            share, kind, which = x, HAZARD, entry
    if model.cell_state.size > 0:
        x, change, index = first_change(model, clones, m, y, work, h, lesions, min(share, 1.0), n_small, PRECISION)
        if x < share:
            share, kind, which = x, change, index
    if watching:
        observe_nodes(model, member, work, h, lesions, n, model.cell_state.size > 0)
        limit = min(share, 1.0)
        x, number = first_trigger(model, member, watch, m, work, h, lesions, n, model.cell_state.size > 0, limit)
        if x < share:
            share, kind, which = x, TRIGGER, number
    return min(share, 1.0), kind, which


@njit(**OPTIONS)
def save_until(model, watch, m, member, work, cursor, t, h, share, end, lesions, n):
    """Write the outputs of the grid days up to `end`, inside this step; returns the next grid day to come."""
    while cursor < watch.grid.size and watch.grid[cursor] <= end:
        x = min(share, max(0.0, (watch.grid[cursor] - t) / h))
        observe(model, member, work, h, x, lesions, n, model.cell_state.size > 0, watch.saved[m, cursor])
        cursor += 1
    return cursor


@njit(**OPTIONS)
def save_now(model, watch, m, member, cursor, t, lesions):
    """Write the outputs of grid days that are now, before any dose; returns the next grid day to come."""
    y, q, p, flags = member.y, member.q, member.p, member.flags
    while cursor < watch.grid.size and watch.grid[cursor] <= t:
        if watch.grid[cursor] == t:
            call(model.out, (y, p, q, flags, watch.saved[m, cursor], lesions))
        cursor += 1
    return cursor


@njit(**OPTIONS)
def keep_step(model, clones, m, member, work, h, share, lesions, n):
    """Take the member to the share of the step that is kept."""
    y, q = member.y, member.q
    chance = model.cell_state.size > 0
    state_at(model, member, work, h, share, lesions, n, chance)
    integrals_at(model, q, work, h, share, lesions)
    for i in range(n):
        y[i] = work.point[i]
    for k in range(model.n_quadratures + lesions * model.n_lesion_quadratures):
        q[k] = work.point_integrals[k]
    if chance:
        carry_exponents(model, clones, m, work, h, share, lesions)


@njit(**OPTIONS)
def fire(model, state, events, settings, m, member, entry, t, lesions):
    """Carry out a hazard that passed its threshold; returns the member's status and number of lesions."""
    y, p, flags = member.y, member.p, member.flags
    hazard, lesion, clone = model.entry_hazard[entry], model.entry_lesion[entry], model.entry_clone[entry]
    if model.hazard_seeds[hazard]:
        place = model.n_patient + lesions * model.n_block
        if place + model.n_block > y.size:
            return NEEDS_CAPACITY, lesions
        for i in range(place, place + model.n_block):
            y[i] = 0.0
        lesion, lesions = lesions, lesions + 1
        state.n_lesions[m] = lesions
    next_threshold(model, events, m, entry, hazard, model.entry_lesion[entry], clone, settings.seed, state.patient[m])
    write_down(events.code, events.day, events.count, m, hazard, lesion, clone, t)
    call(model.event, (hazard, lesion, clone, y, p, flags, lesions))
    if model.hazard_stop[hazard]:
        state.fatal[m] = hazard
        return STOPPED, lesions
    return OK, lesions


@njit(**OPTIONS)
def try_step(model, settings, member, work, h, lesions, n):
    """One attempt: error of the step (at most 1 is accepted) and the failure it would be if nothing helps."""
    y, p, flags = member.y, member.p, member.flags
    step(model, settings.method, y, p, flags, h, work.step, n, lesions)
    error = error_norm(y, work.step, work.atol, settings.rtol, n)
    if not (error < np.inf):
        return np.inf, NON_FINITE
    if error <= 1.0 and leaves_domain(model, y, work.step.end, work.atol, settings.rtol, n):
        return 32.0, OUT_OF_DOMAIN
    return error, STEPS_EXHAUSTED


@njit(**OPTIONS)
def prepare_step(model, settings, member, work, lesions):
    """Derivative, and Jacobian where the method needs it, at the current state."""
    y, p, flags = member.y, member.p, member.flags
    call(model.rhs, (y, p, flags, work.step.rates, lesions))
    if settings.method == 0:
        evaluate_jacobian(model, y, p, flags, work.step, lesions)


@njit(**OPTIONS)
def proposed(h, length, factor):
    """Step to try next: a step cut short by a stop does not shorten the ones after it."""
    return max(h, length * factor) if factor >= 6.0 and length < h else length * factor


@njit(**OPTIONS)
def begin(model, state, doses, clones, settings, member, work, m, n, lesions):
    """Check a member and set what follows from its arrays; returns (status, day the first infusion ends, jumped)."""
    y, q, p, flags = member.y, member.q, member.p, member.flags
    integrals = model.n_quadratures + lesions * model.n_lesion_quadratures
    if not (all_finite(y, n) and all_finite(q, integrals) and all_finite(p, p.size)):
        return NON_FINITE, np.inf, False
    ends, changed = set_infusions(model, doses, m, p, state.t[m])
    set_counts(model, flags, work.step.counts, lesions, n)
    return OK, ends, changed


@njit(**OPTIONS)
def jump_by_doses(model, state, doses, clones, settings, member, work, m, t, lesions, n):
    """Give what is due and settle what follows; returns whether all is still finite."""
    y, p, flags = member.y, member.p, member.flags
    remember_cells(model, y, work.before, lesions)
    give_due(model, doses, m, y, p, flags, t, lesions)
    if not all_finite(y, n):
        return False
    settle_all(model, clones, m, y, flags, work.before, lesions, settings, state.patient[m])
    set_counts(model, flags, work.step.counts, lesions, n)
    return True


@njit(**OPTIONS)
def look_after_jump(model, watch, member, work, m, t, lesions):
    """Let the values after a jump count; returns the trigger met by the jump, or -1."""
    y, q, p, flags = member.y, member.q, member.p, member.flags
    call(model.out, (y, p, q, flags, work.observed[0], lesions))
    record_start(watch, m, work.observed[0], t)
    return trigger_after_jump(watch, m, work.observed[0])


@njit(**OPTIONS)
def do_due(model, state, doses, clones, settings, member, work, m, t, ends, lesions, n):
    """Give doses and change infusions that are due; returns (status, day the first infusion ends, whether anything was due)."""
    if next_day(doses, m) <= t:
        if not jump_by_doses(model, state, doses, clones, settings, member, work, m, t, lesions, n):
            return NON_FINITE, ends, True
    elif t < ends:
        return OK, ends, False
    ends, _ = set_infusions(model, doses, m, state.p[m], t)
    return OK, ends, True


@njit(**OPTIONS)
def watch_step(model, watch, m, member, work, t, length, share, lesions, n):
    """Let an accepted step count for end points and triggers; the values at its end are those at the start of the next."""
    chance = model.cell_state.size > 0
    if share < 1.0:
        observe(model, member, work, length, share, lesions, n, chance, work.observed[4])
    record_step(model, member, watch, m, work, t, length, lesions, n, chance, share)
    remember_triggers(watch, m, work.observed[4])
    for k in range(work.observed.shape[1]):
        work.observed[0, k] = work.observed[4, k]


@njit(**OPTIONS)
def carry_out(model, state, clones, events, settings, member, work, m, kind, which, t, lesions):
    """Carry out what cut a step short, an event or a change of one clone; returns the member's status and number of lesions."""
    y, flags, patient = member.y, member.flags, state.patient[m]
    if kind != HAZARD:
        apply_change(model, clones, m, y, flags, kind, which, settings, patient)
        set_counts(model, flags, work.step.counts, lesions, model.n_patient + lesions * model.n_block)
        return OK, lesions
    remember_cells(model, y, work.before, lesions)
    status, lesions = fire(model, state, events, settings, m, member, which, t, lesions)
    n = model.n_patient + lesions * model.n_block
    if not all_finite(y, n):
        return NON_FINITE, lesions
    if status in (OK, STOPPED):
        settle_all(model, clones, m, y, flags, work.before, lesions, settings, patient)
        set_counts(model, flags, work.step.counts, lesions, n)
    return status, lesions


@njit(**OPTIONS)
def run_member(model, state, doses, clones, events, watch, settings, work, m):
    """Take one member to its own `until`, or to the trigger, event or failure that ends it before."""
    member = reference(Member(state.y[m], state.q[m], state.p[m], state.flags[m], clones.phase[m], clones.small[m]))
    y, flags = state.y[m], state.flags[m]
    t, until, h, before, lesions = state.t[m], state.until[m], state.h[m], state.error[m], state.n_lesions[m]
    n = model.n_patient + lesions * model.n_block
    watching = watch.output.size + watch.trigger_output.size > 0
    status, ends, jumped = begin(model, state, doses, clones, settings, member, work, m, n, lesions)
    cursor = save_now(model, watch, m, member, 0, t, lesions) if status == OK else 0
    trigger = look_after_jump(model, watch, member, work, m, t, lesions) if watching and status == OK else -1
    fresh, tries = False, 0
    while status == OK and trigger < 0 and t < until:
        status, ends, due = do_due(model, state, doses, clones, settings, member, work, m, t, ends, lesions, n)
        if status != OK:
            break
        jumped = jumped or due
        if jumped:
            fresh = False
            if watching:
                trigger = look_after_jump(model, watch, member, work, m, t, lesions)
                if trigger >= 0:
                    break
        if not fresh:
            prepare_step(model, settings, member, work, lesions)
            fresh = True
        if jumped or not (h > 0.0):
            start = first_step(y, work.step, work.atol, settings.rtol, n, FIRST_LONGEST)
            h, before, jumped = min(h, start) if h > 0.0 else start, 1.0, False
        stop = min(until, next_day(doses, m), ends)
        length = next_length(h, stop - t)
        error, failure = try_step(model, settings, member, work, length, lesions, n)
        tries += 1
        if error > 1.0:
            state.rejected[m] += 1
            h = length * shrinkage(error)
            if not (h > SHORTEST * max(1.0, abs(t))) or tries >= settings.max_steps:
                status = failure
            continue
        state.accepted[m] += 1
        interpolant(settings.method, length, work.step, n)
        rates_at_nodes(model, y, state.p[m], flags, work, lesions, n)
        share, kind, which = find_cut(model, clones, events, watch, m, member, work, length, lesions, n, settings.n_small, watching)
        end = stop if share == 1.0 and length == stop - t else t + share * length
        cursor = save_until(model, watch, m, member, work, cursor, t, length, share, end, lesions, n)
        if watching:
            watch_step(model, watch, m, member, work, t, length, share, lesions, n)
        keep_step(model, clones, m, member, work, length, share, lesions, n)
        t, fresh = end, False
        h = proposed(h, length, growth(error, before))
        before = error
        if kind == TRIGGER:
            watch.armed[m, which], trigger = 0, which
        elif kind != NOTHING:
            status, lesions = carry_out(model, state, clones, events, settings, member, work, m, kind, which, t, lesions)
            n, jumped = model.n_patient + lesions * model.n_block, kind == HAZARD
        if status == OK and tries >= settings.max_steps and t < until:
            status = STEPS_EXHAUSTED
    state.t[m], state.h[m], state.error[m] = t, h, before
    state.status[m], state.trigger[m] = status, trigger


PARTS = (
    "layout",
    "pointers",
    "reference",
    "linear",
    "steppers",
    "collocation",
    "extinction",
    "clones",
    "events",
    "dosing",
    "watching",
    "cpu",
    "../random",
)


def _sources() -> str:
    """Digest of the texts the kernels are made of: part of their cache key, so that no stale code is found."""
    folder = Path(__file__).parent
    texts = b"".join((folder / f"{part}.py").read_bytes() for part in PARTS)
    return blake2b(texts, digest_size=8).hexdigest()


def _chunk_kernel(sources: str):
    @njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
    def run_chunk(model, state, doses, clones, events, watch, settings, sizes, low, high):
        """Take the members low to high to their own `until`."""
        _ = sources
        scratch = work_space(sizes[0], sizes[1], sizes[2], sizes[3], sizes[4])
        for i in range(model.atol.size):
            scratch.atol[i] = settings.atol_factor * model.atol[i]
        system, members, rows, small = reference(model), reference(state), reference(doses), reference(clones)
        chances, eyes, rules, work = reference(events), reference(watch), reference(settings), reference(scratch)
        for m in range(low, high):
            if state.status[m] == OK:
                run_member(system, members, rows, small, chances, eyes, rules, work, m)
        return scratch.atol.size  # the scratch lives until here

    return run_chunk


@njit(**OPTIONS)
def start_each(model, state, clones, settings):
    """Initial state of every member, and the phase of its clones if that state is finite."""
    nothing = np.zeros(state.flags.shape[1])
    for m in range(state.t.size):
        y, lesions = state.y[m], state.n_lesions[m]
        call(model.init, (state.p[m], y, lesions))
        if all_finite(y, model.n_patient + lesions * model.n_block):
            first_phases(model, clones, m, y, state.flags[m], lesions, settings, state.patient[m], nothing)


def _start_kernel(sources: str):
    @njit(cache=True, error_model="numpy")
    def start_members(model, state, clones, settings):
        """Set the initial state of every member and the phase of its clones."""
        _ = sources
        start_each(reference(model), reference(state), reference(clones), reference(settings))
        return state.t.size

    return start_members


def _look_kernel(sources: str):
    @njit(cache=True, error_model="numpy")
    def look(out, state, target):
        """Outputs of every member as it is now."""
        _ = sources
        for m in range(state.t.size):
            call(out, (state.y[m], state.p[m], state.q[m], state.flags[m], target[m], state.n_lesions[m]))

    return look


run_chunk = _chunk_kernel(_sources())
start_members = _start_kernel(_sources())
look = _look_kernel(_sources())
