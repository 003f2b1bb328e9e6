"""Running a batch: `start` it, `advance` it, or `simulate` it through its visits.

Every member is integrated on its own, from its own day to its own stop, with its own dose rows, steps and luck; members
are spread over threads in chunks, and results do not depend on how.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from remission.engine.batch import Batch, entry_table, pack_doses, put, take, to_run
from remission.engine.compiled import Compiled, Hazard
from remission.engine.cpu import Arrays, cores, look, run, start_members
from remission.engine.devices import is_on_device, uses_cuda
from remission.engine.layout import FAILURES, Clones, Doses, Events, Model, Record, Settings, State, Status, Watch
from remission.engine.steppers import Method
from remission.errors import InputError, RunError
from remission.random import exponential, process_key

__all__ = ["Compiled", "Hazard", "Options", "VisitProtocol", "advance", "observe", "simulate", "start"]

LOG_LINES = 32
FAULT = "REMISSION_FAULT"


@dataclass(frozen=True)
class Options:
    """How to integrate.

    method: Rodas5P, or Tsit5 where `pilot` counts fewer operations. rtol: relative tolerance per step; absolute ones belong to
    the system. n_small: cells below which chance decides. seed: of the study. max_steps: tries per member and advance.
    threads: None = all cores this process may use. chunk: members per task, None = chosen. lanes: patients per vector: 1, 2, 4 or 8,
    None = what this processor holds. faults: whether REMISSION_FAULT applies. device: `cpu`, or `cuda` for a CUDA device, where
    threads, chunk and lanes say nothing.
    """

    method: Method = Method.RODAS5P
    rtol: float = 3e-7
    n_small: float = 100.0
    seed: int = 0
    max_steps: int = 100_000
    threads: int | None = None
    chunk: int | None = None
    lanes: int | None = None
    faults: bool = True
    device: str = "cpu"


DEFAULTS = Options()
_models: dict[tuple, Model] = {}


def model_of(system: Compiled, capacity: int) -> Model:
    """The system's numbers as the kernel takes them, at one lesion capacity."""
    key = (system.text, system.hazards, system.atol.tobytes(), capacity)
    if key not in _models:
        _models[key] = _model_of(system, capacity)
    return _models[key]


def _model_of(system: Compiled, capacity: int) -> Model:
    entries, n_patient_entries, n_lesion_entries = entry_table(system, capacity)
    return Model(
        atol=_per_state(system, system.atol, capacity),
        entry_integral=np.ascontiguousarray(entries[:, 0]),
        entry_hazard=np.ascontiguousarray(entries[:, 1]),
        entry_lesion=np.ascontiguousarray(entries[:, 2]),
        entry_clone=np.ascontiguousarray(entries[:, 3]),
        hazard_stop=np.array([h.stop for h in system.hazards], np.int8),
        hazard_seeds=np.array([h.seeds for h in system.hazards], np.int8),
        hazard_repeats=np.array([h.repeats for h in system.hazards], np.int8),
        hazard_key=hazard_keys(system),
        patient_entries=n_patient_entries,
        lesion_entries=n_lesion_entries,
    )


def _per_state(system: Compiled, values: np.ndarray, capacity: int) -> np.ndarray:
    values = np.asarray(values, float)
    return np.concatenate([values[: system.n_patient], np.tile(values[system.n_patient :], capacity)])


def settings_of(options: Options, tighter: float = 1.0) -> Settings:
    """The options as the kernel takes them; `tighter` scales the tolerances."""
    return Settings(
        rtol=options.rtol * tighter,
        atol_factor=tighter,
        n_small=float(options.n_small),
        max_steps=float(options.max_steps),
        seed=np.uint64(options.seed),
        process=process_key("extinction"),
    )


def hazard_keys(system: Compiled) -> np.ndarray:
    """What names the thresholds of each hazard [hazards]."""
    return np.array([process_key("hazard:" + hazard.name) for hazard in system.hazards], np.uint64)


def thresholds(system: Compiled, patients: np.ndarray, capacity: int, seed: int) -> np.ndarray:
    """First thresholds of accumulated hazard [M, E]: exponential draws of mean 1, keyed by hazard, lesion and clone."""
    entries, _, _ = entry_table(system, capacity)
    keys, result = hazard_keys(system), np.empty((len(patients), len(entries)))
    for e, (_, hazard, lesion, clone) in enumerate(entries):
        draw = (int(lesion + 1) << 40) | (int(clone + 1) << 24)
        result[:, e] = exponential(seed, np.asarray(patients), keys[hazard], draw)
    return result


def start(
    system: Compiled,
    patients: np.ndarray,
    parameters: np.ndarray,
    n_lesions: np.ndarray | int = 1,
    doses: Doses | None = None,
    day: float | np.ndarray = 0.0,
    options: Options = DEFAULTS,
) -> Batch:
    """Members at their first day, with initial states, thresholds and the phases of their clones.

    patients: whole numbers [M], the keys of their luck. parameters: [M, n_parameters(capacity)], which sets the capacity.
    n_lesions: [M]. doses: rows of every member, see `pack_doses`.
    """
    patients, parameters = np.asarray(patients, np.uint64), np.array(parameters, float, ndmin=2)
    m, capacity = patients.size, _capacity(system, parameters.shape[1])
    counts = np.broadcast_to(np.asarray(n_lesions, np.int64), m).copy()
    if (counts > capacity).any() or (counts < 0).any() or parameters.shape[0] != m:
        raise InputError("parameters do not fit the members and their lesions", "start", parameters.shape)
    state = _first_state(system, patients, parameters, counts, capacity, day)
    clones = system.n_clones * capacity
    batch = Batch(
        capacity,
        state,
        pack_doses([[] for _ in range(m)]) if doses is None else doses,
        Clones(np.zeros((m, clones), np.int8), np.zeros((m, clones, 4)), np.zeros((m, clones), np.int64)),
        _first_events(system, patients, capacity, options.seed),
        _no_watch(m),
    )
    start_members(system, batch.state, batch.clones, settings_of(options), capacity, batch.watch)
    return batch


def _capacity(system: Compiled, length: int) -> int:
    rest = length - system.n_patient_parameters
    if system.n_lesion_parameters:
        capacity, over = divmod(rest, system.n_lesion_parameters)
    else:
        capacity, over = 1, rest
    if over or capacity < 0:
        raise InputError("parameter rows have the wrong length", "start", length, "use `system.n_parameters(lesions)`")
    return capacity


def _first_state(system, patients, parameters, n_lesions, capacity, day) -> State:
    m = patients.size
    return State(
        patient=patients,
        y=np.zeros((m, system.n_states(capacity))),
        q=np.zeros((m, system.n_integrals(capacity))),
        p=np.ascontiguousarray(parameters),
        c=np.zeros((m, system.n_constants(capacity))),
        flags=np.zeros((m, max(system.n_clones * capacity, 1))),
        t=np.broadcast_to(np.asarray(day, float), m).copy(),
        h=np.zeros(m),
        error=np.ones(m),
        until=np.zeros(m),
        n_lesions=n_lesions,
        status=np.zeros(m, np.int64),
        trigger=np.full(m, -1, np.int64),
        fatal=np.full(m, -1, np.int64),
        accepted=np.zeros(m, np.int64),
        rejected=np.zeros(m, np.int64),
    )


def _first_events(system: Compiled, patients: np.ndarray, capacity: int, seed: int) -> Events:
    m, n = patients.size, len(entry_table(system, capacity)[0])
    lines = LOG_LINES if system.hazards else 0
    return Events(
        thresholds(system, patients, capacity, seed),
        np.zeros((m, n), np.int64),
        np.full((m, lines, 3), -1, np.int64),
        np.full((m, lines), np.nan),
        np.zeros(m, np.int64),
    )


def _no_watch(m: int) -> Watch:
    none, rows = np.zeros(0, np.int64), np.zeros((m, 0))
    return Watch(
        grid=np.zeros(0),
        saved=np.zeros((m, 0, 0)),
        output=none,
        above=rows,
        below=rows,
        rise=rows,
        record=np.zeros((m, 0, len(Record))),
        trigger_output=none,
        trigger_level=rows,
        trigger_sign=np.zeros(0),
        armed=np.zeros((m, 0), np.int8),
        met=np.zeros((m, 0), np.int8),
    )


def watch(batch: Batch, outputs: list[int], above: ArrayLike = np.nan, below: ArrayLike = np.nan, rise: ArrayLike = np.nan) -> Batch:
    """Keep running end points of some outputs from now on: extremes and their days, area, and first days of three kinds.

    above, below: level at or beyond which a value is looked for. rise: factor; looked for is a value that many times the lowest so
    far (1.2 for progression by a fifth over the nadir). Each one number, or one per output [W], or per member and output [M, W];
    nan = not asked. See `Record`.
    """
    shape = (batch.size, len(outputs))
    record = np.full((*shape, len(Record)), np.nan)
    record[:, :, 0], record[:, :, 2], record[:, :, 4] = np.inf, -np.inf, 0.0
    levels = [np.broadcast_to(np.asarray(level, float), shape).copy() for level in (above, below, rise)]
    index = np.asarray(outputs, np.int64)
    return replace(batch, watch=batch.watch._replace(output=index, above=levels[0], below=levels[1], rise=levels[2], record=record))


def arm(batch: Batch, outputs: list[int], levels, rising: list[bool], armed=True) -> Batch:
    """Set the triggers: a member stops where an armed output crosses its level, which disarms that trigger.

    levels: one per trigger [G], or per member [M, G]; armed likewise. A condition met from the start is no crossing.
    """
    shape = (batch.size, len(outputs))
    return replace(
        batch,
        watch=batch.watch._replace(
            trigger_output=np.asarray(outputs, np.int64),
            trigger_level=np.broadcast_to(np.asarray(levels, float), shape).copy(),
            trigger_sign=np.where(np.asarray(rising, bool), 1.0, -1.0),
            armed=np.broadcast_to(np.asarray(armed, np.int8), shape).copy(),
            met=np.full(shape, -1, np.int8),
        ),
    )


def advance(
    system: Compiled,
    batch: Batch,
    until: float | np.ndarray,
    save: np.ndarray | None = None,
    options: Options = DEFAULTS,
) -> Batch:
    """Integrate every member that is `ok` from its own day to its own `until`, or to what ends it before.

    until: day, or one per member [M]; a day already passed leaves the member as it is. Doses dated `until` are left for
    the next call, so a visit on a dosing day sees the patient before the dose. save: sorted days at which all outputs are
    kept, in `batch.saved`. A solver failure is repeated once at a tenth of the tolerance.
    """
    until = np.broadcast_to(np.asarray(until, float), batch.size)
    if not np.isfinite(until).all():
        raise InputError("a member's stop is not a finite day", "advance", until[~np.isfinite(until)][0])
    if not is_on_device(batch):
        _check(system, batch)
    prepared = _prepared(batch, until, save)
    first = _with_fault(prepared) if options.faults else prepared
    if uses_cuda(options.device):
        from remission.engine.gpu import run_on_device

        return run_on_device(system, first, options)
    result = _with_room(system, to_run(first))
    _run(system, result, options, 1.0)
    failed = np.isin(result.status, FAILURES) & (first.status == Status.OK)
    if not failed.any():
        return result
    again = _with_room(system, to_run(take(first, failed)))
    _run(system, again, options, 0.1)
    return put(result, failed, again)


def _check(system: Compiled, batch: Batch) -> None:
    """Refuse arrays that do not belong together: compiled code checks no bounds."""
    shared = ("grid", "output", "trigger_output", "trigger_sign")
    for group in (batch.state, batch.doses, batch.clones, batch.events, batch.watch):
        for name, array in zip(group._fields, group, strict=True):
            if name not in shared and array.shape[0] != batch.size:
                place = type(group).__name__.lower()
                raise InputError(f"`{name}` has rows for {array.shape[0]} members, not for {batch.size}", place)
    if np.isnan(batch.doses.day).any() or np.isnan(batch.doses.duration).any():
        raise InputError("a dose row has no day or no duration", "doses", "nan", "0 days is a dose at once")
    outputs = [*batch.watch.output, *batch.watch.trigger_output]
    if any(not 0 <= output < system.n_observed(batch.capacity) for output in outputs):
        raise InputError("there is no such output", "watch", max(outputs), f"outputs are 0 to {system.n_observed(batch.capacity) - 1}")


def _prepared(batch: Batch, until: np.ndarray, save: np.ndarray | None) -> Batch:
    grid = np.zeros(0) if save is None else np.asarray(save, float)
    if (np.diff(grid) < 0).any() or not np.isfinite(grid).all():
        raise InputError("the days to save are not sorted finite numbers", "advance")
    kept = batch.watch._replace(grid=grid, saved=np.zeros((batch.size, 0, 0)))
    return replace(batch, state=batch.state._replace(until=until.copy()), watch=kept)


def _with_room(system: Compiled, batch: Batch) -> Batch:
    """The batch with room for the outputs to be saved; the kernel fills it."""
    saved = np.empty((batch.size, batch.watch.days, system.n_observed(batch.capacity)))
    return replace(batch, watch=batch.watch._replace(saved=saved))


def _with_fault(batch: Batch) -> Batch:
    """For tests: `REMISSION_FAULT=member=17` makes patient 17 non-finite."""
    kind, _, number = os.environ.get(FAULT, "").partition("=")
    if kind != "member":
        return batch
    if not number.isdigit():
        raise InputError("not a patient number", FAULT, number, "write `member=17`")
    hit = batch.patient == np.uint64(int(number))
    return replace(batch, state=batch.state._replace(y=np.where(hit[:, None], np.nan, batch.y))) if hit.any() else batch


def _run(system: Compiled, batch: Batch, options: Options, tighter: float) -> np.ndarray:
    """Run all members that are `ok` in place; returns lesion slots computed, and how many of them were empty."""
    watching = batch.watch.days + batch.watch.outputs + batch.watch.triggers > 0
    going = (batch.status == Status.OK) & ((batch.t < batch.state.until) | watching | ~np.isfinite(batch.t))
    batch.state.trigger[batch.status == Status.OK] = -1
    batch.watch.saved[~going] = np.nan
    model, settings = model_of(system, batch.capacity), settings_of(options, tighter)
    arrays = Arrays(model, batch.state, batch.doses, batch.clones, batch.events, batch.watch, settings)
    which, threads = np.flatnonzero(going), options.threads or cores()
    return run(system, arrays, batch.capacity, which, options.method, options.lanes, threads, options.chunk)


def observe(system: Compiled, batch: Batch, which: np.ndarray | None = None) -> np.ndarray:
    """Outputs of every member as it is now [M, O], or of the members `which` (a mask); nan elsewhere and for lesions it does not have."""
    index = np.arange(batch.size) if which is None else np.flatnonzero(which)
    if is_on_device(batch):
        from remission.engine.gpu import look_on_device

        return look_on_device(system, batch, index)
    return look(system, batch.state, batch.capacity, batch.watch, index)


class VisitProtocol(Protocol):
    """What a clinic does: when it sees a member next, and what it then decides.

    Any state it keeps should go by `batch.patient`, because a member may be run again with more room for lesions.
    """

    def next_visit(self, batch: Batch) -> np.ndarray:
        """Day of each member's next visit [M], after its present day; infinity = none."""
        ...

    def visit(self, batch: Batch, which: np.ndarray, observed: np.ndarray) -> Batch:
        """Act on the members `which` [M] that are at a visit or a trigger, given all outputs [M, O]."""
        ...


def simulate(
    system: Compiled,
    members: Batch | Callable[[np.ndarray | None, int | None], Batch],
    until: float | np.ndarray,
    regimen: Doses | None = None,
    save: np.ndarray | None = None,
    protocol: VisitProtocol | None = None,
    options: Options = DEFAULTS,
) -> Batch:
    """Take members to `until`, through the visits of a protocol; without one this is a single `advance`.

    members: a batch, or a function (patients, capacity) that makes one, (None, None) asking for all; with a function, members
    that run out of lesions are repeated with twice the room. regimen: dose rows instead of those of the batch.
    """
    make = None if isinstance(members, Batch) else members
    batch = members if isinstance(members, Batch) else members(None, None)
    batch = batch if regimen is None else replace(batch, doses=regimen)
    result = _through_visits(system, batch, until, save, protocol, options)
    while make and (short := result.status == Status.NEEDS_CAPACITY).any():
        again = make(result.patient[short], 2 * result.capacity)
        if regimen is not None:
            again = replace(again, doses=Doses(*(x[short] for x in regimen)))
        stop = np.broadcast_to(np.asarray(until, float), result.size)[short]
        result = put(result, short, _through_visits(system, again, stop, save, protocol, options))
    return result


def _through_visits(system, batch, until, save, protocol, options) -> Batch:
    until = np.broadcast_to(np.asarray(until, float), batch.size)
    if protocol is None:
        return advance(system, batch, until, save, options)
    kept = None
    while True:
        day = np.asarray(protocol.next_visit(batch), float)
        going = (batch.status == Status.OK) & (batch.t < until)
        if (going & ~(day > batch.t)).any():
            raise RunError("the protocol asks for a visit that is not after the present day")
        batch = advance(system, batch, np.where(going, np.minimum(day, until), batch.t), save, options)
        kept = batch.saved if kept is None else np.where(np.isnan(batch.saved), kept, batch.saved)
        which = going & (batch.status == Status.OK) & ((batch.t == day) | (batch.state.trigger >= 0))
        if which.any():
            batch = protocol.visit(batch, which, observe(system, batch, which))
        elif not (going & (batch.status == Status.OK) & (batch.t < until)).any():
            return replace(batch, watch=batch.watch._replace(saved=kept))
