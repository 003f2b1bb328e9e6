"""The kernel of a system as CUDA source: the texts of the engine for one lane, with each thread's scratch in its own memory."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np
from numba import float64, int64

from remission.engine.compiled import Compiled
from remission.engine.gpu_operations import device_builtins, simulated_builtins
from remission.engine.gpu_text import Flat, one_lane_functions
from remission.engine.kernels import Variant, names_of
from remission.engine.language.kinds import KEY, NUMBER, Array
from remission.engine.layout import Clones, Doses, Events, Model, Order, Settings, State, Watch, kind_of, work_sizes

cuda: Any = import_module("numba.cuda")
config: Any = import_module("numba").config
GROUPS = (Model, State, Doses, Clones, Events, Watch, Settings, Order)
RECORDS = {group.__name__: namedtuple(group.__name__, [name for name, _ in kind_of(group).fields]) for group in GROUPS}
ENTRIES = ("run_group", "look_group")
SOURCE = """
def run_kernel(model, state, doses, clones, events, watch, settings, which):
    i = cuda.grid(1)
    if i < which.size:
        order = Order(which, cuda.local.array((1, 2), int64), cuda.local.array((1, 1), float64))
        work = cleared(cuda.local.array({size}, float64), {size})
        run_group(model, state, doses, clones, events, watch, settings, work, order, i, i + 1, 0)


def look_kernel(state, which, seen):
    i = cuda.grid(1)
    if i < which.size:
        order = Order(which, cuda.local.array((1, 2), int64), seen)
        work = cleared(cuda.local.array({size}, float64), {size})
        look_group(state, work, order, i, i + 1)


def cleared(array, size):
    for i in range(size):
        array[i] = 0.0
    return array
"""


@dataclass(frozen=True)
class Room:
    """What sizes a thread's scratch beside the system: places for lesions, watched outputs and triggers."""

    capacity: int
    outputs: int
    triggers: int


@dataclass(frozen=True)
class DeviceKernel:
    """The kernels of one system, variant and room, compiled when first launched.

    run(model, state, doses, clones, events, watch, settings, which) takes members to their own day; look(state, which, seen)
    writes their outputs. Groups are those of `record_of`.
    """

    run: Any
    look: Any


def is_simulated() -> bool:
    """Whether CUDA's simulator stands for a device."""
    return bool(config.ENABLE_CUDASIM)


def quiet_about_small_runs() -> None:
    """Keep numba from warning of every run that leaves parts of the device idle, as those between late visits do."""
    if not is_simulated():
        import_module("numba.cuda.dispatcher").config.CUDA_LOW_OCCUPANCY_WARNINGS = 0


def record_of(group: Any, arrays: Mapping[str, Any] | None = None) -> Any:
    """A group as the device takes it: its arrays, or those given for them by name, and the counts that follow from them."""
    kind = kind_of(type(group))
    values = [arrays[name] if arrays and name in arrays else _plain(getattr(group, name), own) for name, own in kind.fields]
    return RECORDS[kind.name](*values)


def _plain(value: Any, kind: Any) -> Any:
    if isinstance(kind, Array):
        return value
    return np.uint64(value) if kind == KEY else float(value) if kind == NUMBER else int(value)


def scratch_of(system: Compiled, room: Room) -> Flat:
    """A thread's scratch as one array: the arrays that a step works on come first."""
    parts, start = {}, 0
    for name, size in work_sizes(system, room.capacity, room.outputs, room.triggers).items():
        parts[name] = (start, start + size)
        start += size
    return Flat(parts, work_counts(system, room.capacity))


def work_counts(system: Compiled, capacity: int) -> dict[str, int]:
    """The counts of a thread's scratch."""
    return {
        "capacity": capacity,
        "n_states": system.n_states(capacity),
        "n_integrals": system.n_integrals(capacity),
        "n_parameters": system.n_parameters(capacity),
        "n_constants": system.n_constants(capacity),
        "n_flags": max(system.n_clones * capacity, 1),
        "n_entries": sum(hazard.entries(system.n_clones, capacity) for hazard in system.hazards),
        "n_observed": max(system.n_observed(capacity), 1),
    }


def plain_kernels(system: Compiled, variant: Variant, room: Room) -> dict[str, Any]:
    """The kernels as Python functions, and the functions they call as device functions."""
    scratch = scratch_of(system, room)
    builtins = simulated_builtins() if is_simulated() else device_builtins()
    wrap = _itself if is_simulated() else cuda.jit(device=True)
    space = one_lane_functions(names_of(system, variant), ENTRIES, builtins, wrap, {"work": scratch})
    space |= {**RECORDS, "cuda": cuda, "float64": float64, "int64": int64}
    exec(compile(SOURCE.format(size=scratch.size), "kernels", "exec"), space)
    space["cleared"] = wrap(space["cleared"])
    return {name: space[name] for name in ("run_kernel", "look_kernel")}


def _itself(function: Any) -> Any:
    return function


@lru_cache(maxsize=32)
def _made(content: tuple, variant: Variant, room: Room, held: _Held) -> DeviceKernel:
    plain = plain_kernels(held.system, variant, room)
    return DeviceKernel(cuda.jit(plain["run_kernel"]), cuda.jit(plain["look_kernel"]))


class _Held:
    """Lets a system ride along with its text through the cache without being part of the key."""

    def __init__(self, system: Compiled):
        self.system = system

    def __eq__(self, other):
        return isinstance(other, _Held)

    def __hash__(self):
        return 0


def device_kernel(system: Compiled, variant: Variant, room: Room) -> DeviceKernel:
    """The kernels of a system; made once per process."""
    content = (system.text, system.hazards, tuple(system.cell_state.tolist()))
    return _made(content, variant, room, _Held(system))
