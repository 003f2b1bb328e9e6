"""Running members on the processor: scratch for each thread, groups of members, and the call of the kernel.

Members are ordered by their number of lesions, so that patients who share a vector have about equally many; results go back to
their own places and do not depend on the order, the size of a group or the number of threads.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from threading import local
from typing import NamedTuple

import numpy as np

from remission.engine.compiled import Compiled
from remission.engine.kernels import Variant, kernel, looking
from remission.engine.language.machine_code import lanes_of_host
from remission.engine.layout import Clones, Doses, Events, Model, Order, Settings, State, Watch, Work, words_of, work_sizes
from remission.engine.steppers import Method

CACHE_LINE = 8  # numbers
LARGEST_GROUP = 256


class Scratch(NamedTuple):
    """Lane arrays of one thread, and the table by which the kernel finds them."""

    work: Work
    words: np.ndarray
    memory: np.ndarray


_kept = local()


def scratch(system: Compiled, capacity: int, watch: Watch, lanes: int) -> Scratch:
    """Room for one group of patients; a thread keeps what it made last, since runs come in long series of short calls."""
    key = (system.text, capacity, watch.outputs, watch.triggers, lanes)
    if getattr(_kept, "key", None) != key:
        _kept.key, _kept.made = key, _scratch(system, capacity, watch, lanes)
    return _kept.made


def _scratch(system: Compiled, capacity: int, watch: Watch, lanes: int) -> Scratch:
    """The same in one piece of memory, so that it stays in the nearest cache."""
    sizes = work_sizes(system, capacity, watch.outputs, watch.triggers)
    room = {name: -(-size * lanes // CACHE_LINE) * CACHE_LINE for name, size in sizes.items()}
    memory = np.zeros(sum(room.values()) + CACHE_LINE)
    start = (-memory.ctypes.data // 8) % CACHE_LINE
    arrays = {}
    for name, length in room.items():
        arrays[name] = memory[start : start + sizes[name] * lanes]
        start += length
    work = Work(
        **arrays,
        capacity=capacity,
        n_states=system.n_states(capacity),
        n_integrals=system.n_integrals(capacity),
        n_parameters=system.n_parameters(capacity),
        n_constants=system.n_constants(capacity),
        n_flags=max(system.n_clones * capacity, 1),
        n_entries=sum(hazard.entries(system.n_clones, capacity) for hazard in system.hazards),
        n_observed=max(system.n_observed(capacity), 1),
    )
    return Scratch(work, words_of(work), memory)


class Arrays(NamedTuple):
    """The groups of arrays of a run."""

    model: Model
    state: State
    doses: Doses
    clones: Clones
    events: Events
    watch: Watch
    settings: Settings


def variant_of(watch: Watch, method: Method, lanes: int | None) -> Variant:
    """The kernel that a run needs."""
    watched = sorted({int(x) for x in watch.output} | {int(x) for x in watch.trigger_output})
    levels = not all(np.isnan(asked).all() for asked in (watch.above, watch.below, watch.rise))
    return Variant(method, lanes_of_host() if lanes is None else lanes, tuple(watched), levels)


def run(
    system: Compiled,
    arrays: Arrays,
    capacity: int,
    which: np.ndarray,
    method: Method,
    lanes: int | None = None,
    threads: int = 1,
    chunk: int | None = None,
) -> np.ndarray:
    """Take the members `which` to their own `until`, in place; returns lesion slots computed, and how many of them were empty [2]."""
    if which.size == 0:
        return np.zeros(2, np.int64)
    variant = variant_of(arrays.watch, method, lanes)
    take = kernel(system, variant).functions["run_group"]
    member = which[np.argsort(arrays.state.n_lesions[which], kind="stable")]
    size = chunk or group_size(member.size, threads, variant.lanes)
    starts = range(0, member.size, size)
    order = Order(np.ascontiguousarray(member, np.int64), np.zeros((len(starts), 2), np.int64), np.zeros((0, 0)))
    tables = [words_of(group) for group in arrays]
    last = words_of(order)

    def run_part(part: range) -> None:
        own = scratch(system, capacity, arrays.watch, variant.lanes)
        words = [table.ctypes.data for table in (*tables, own.words, last)]
        for place in part:
            take(*words, starts[place], min(starts[place] + size, member.size), place)

    spread(run_part, len(starts), threads)
    return order.slots.sum(axis=0)


def group_size(members: int, threads: int, lanes: int) -> int:
    """Members per call: enough for lanes to refill, few enough for all threads to stay busy."""
    return int(np.clip(-(-members // (4 * threads)), min(4 * lanes, 32), LARGEST_GROUP)) if threads > 1 else members


def spread(work, places: int, threads: int) -> None:
    """Call `work` with the places, dealt to as many threads as asked."""
    threads = min(threads, places)
    if threads < 2:
        work(range(places))
        return
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, range(first, places, threads)) for first in range(threads)]:
            done.result()


def start_members(system: Compiled, state: State, clones: Clones, settings: Settings, capacity: int, watch: Watch) -> None:
    """Set initial states, constants, and the phases of clones, in place."""
    begin = kernel(system, looking(lanes_of_host())).functions["start_group"]
    own = scratch(system, capacity, watch, lanes_of_host())
    tables = [words_of(group) for group in (state, clones, settings)]
    begin(*(table.ctypes.data for table in (*tables, own.words)), 0, state.t.size)


def look(system: Compiled, state: State, capacity: int, watch: Watch, which: np.ndarray) -> np.ndarray:
    """All outputs of the members `which`, as they are now [M, O]; nan for other members and for lesions not there."""
    seen = np.full((state.t.size, system.n_observed(capacity)), np.nan)
    if which.size:
        see = kernel(system, looking(lanes_of_host())).functions["look_group"]
        own = scratch(system, capacity, watch, lanes_of_host())
        order = Order(np.ascontiguousarray(which, np.int64), np.zeros((0, 2), np.int64), seen)
        tables = [words_of(group) for group in (state, own.work, order)]
        see(*(table.ctypes.data for table in tables), 0, which.size)
    return seen


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
