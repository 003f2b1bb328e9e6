"""Machine code of a system's kernel: one for each method, number of lanes and set of watched outputs, kept on disk by content."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any

import llvmlite

import remission.engine.codegen as codegen
from remission.engine import cache as store
from remission.engine import (
    clock,
    clones,
    codes,
    collocation,
    dosing,
    events,
    extinction,
    loop,
    luck,
    operations,
    patients,
    records,
    saving,
    steppers,
    stops,
    triggers,
    watching,
)
from remission.engine.compiled import Compiled
from remission.engine.language import machine_code
from remission.engine.language.kinds import WHOLE, Kind
from remission.engine.language.program import Names, Program
from remission.engine.layout import Clones, Doses, Events, Model, Order, Settings, State, Watch, Work, kind_of
from remission.engine.steppers import Method

MODULES: tuple[ModuleType, ...] = (
    clock,
    codes,
    operations,
    luck,
    collocation,
    steppers,
    extinction,
    clones,
    events,
    dosing,
    watching,
    saving,
    triggers,
    records,
    patients,
    stops,
    loop,
)
RUN: tuple[Kind, ...] = tuple(kind_of(group) for group in (Model, State, Doses, Clones, Events, Watch, Settings, Work, Order))
START: tuple[Kind, ...] = tuple(kind_of(group) for group in (State, Clones, Settings, Work))
LOOK: tuple[Kind, ...] = tuple(kind_of(group) for group in (State, Work, Order))
ENTRIES: dict[str, tuple[Kind, ...]] = {
    "run_group": (*RUN, WHOLE, WHOLE, WHOLE),
    "start_group": (*START, WHOLE, WHOLE),
    "look_group": (*LOOK, WHOLE, WHOLE),
}
WATCHED_BY_HAND = '''
def watched(y, p, c, q, flags, o, L, lesions):
    """All outputs, for a text that says nothing of watched ones."""
    out(y, p, c, q, flags, o, L, lesions)
'''

TITLES = {Method.RODAS5P: "Rodas5P", Method.TSIT5: "Tsit5"}
Listener = Callable[[str, bool], None]
_listeners: list[Listener] = []
_lock = Lock()
_ready: dict[tuple, Kernel] = {}


@dataclass(frozen=True)
class Variant:
    """What a kernel is made for. watched: outputs that end points and triggers read, sorted; levels: whether days of levels or rises are
    asked for among them. entries: functions it offers."""

    method: Method
    lanes: int
    watched: tuple[int, ...] = ()
    levels: bool = False
    entries: tuple[str, ...] = ("run_group",)


def looking(lanes: int) -> Variant:
    """The kernel that starts members and looks at them; it takes no steps and is the same for every run."""
    return Variant(Method.RODAS5P, lanes, entries=("start_group", "look_group"))


@dataclass(frozen=True)
class Kernel:
    """Functions of one kernel by name, callable with 64-bit words; they run without Python's lock."""

    variant: Variant
    functions: dict[str, Callable[..., None]]
    code: machine_code.Loaded


def kernel(system: Compiled, variant: Variant) -> Kernel:
    """The kernel of a system: from memory, from the cache, or compiled now."""
    known = (system.text, _constants(system, variant), variant)
    with _lock:
        if known not in _ready:
            key = _key(system, variant, _watched(system, variant.watched))
            code = machine_code.load(store.stored(key, lambda: _compiled(system, variant)))
            functions = {name: code.function(f"remission_{name}", len(ENTRIES[name])) for name in variant.entries}
            _ready[known] = Kernel(variant, functions, code)
        return _ready[known]


def names_of(system: Compiled, variant: Variant) -> Names:
    """Every function and constant that the kernel of a system is made of."""
    names = Names()
    for module in MODULES:
        names.add_module(module)
    names.add_text(system.text, "generated text")
    names.add_text(_watched(system, variant.watched), "generated text")
    for name, value in _constants(system, variant):
        names.add_constant(name, value, "the system")
    return names


def program(system: Compiled, variant: Variant) -> Program:
    """The kernel as a program of the lane language, before it is machine code."""
    made = Program(names_of(system, variant), variant.lanes)
    for name in variant.entries:
        made.export(name, ENTRIES[name])
    return made


def assembly(system: Compiled, variant: Variant) -> str:
    """The machine code of a kernel as readable text."""
    return machine_code.assembly(program(system, variant))


def _watched(system: Compiled, watched: tuple[int, ...]) -> str:
    """Text of the function that computes watched outputs alone."""
    if not watched:
        return ""
    return WATCHED_BY_HAND if system.system is None else codegen.watched_text(system.system, watched)


def _constants(system: Compiled, variant: Variant) -> tuple[tuple[str, Any], ...]:
    """What the texts of the engine know of a system beside the sizes in its own text."""
    chance, hazards = system.cell_state.size > 0, len(system.hazards) > 0
    rates = chance or system.n_integrals(1) > 0
    watching_ = bool(variant.watched)
    values = {
        "CHANCE": chance,
        "HAZARDS": hazards,
        "RATES": rates,
        "WATCHING": watching_,
        "LEVELS": variant.levels,
        "LOOKING": rates or watching_,
        "METHOD": int(variant.method),
        "CELL_STATE": tuple(int(place) for place in system.cell_state),
    }
    return tuple(values.items())


def engine_identity() -> str:
    """What the bits of a result depend on beside the model: the texts of the engine, the compiler and the processor."""
    return _sources().hex()


@cache
def _sources() -> bytes:
    """Digest of everything that turns a model's text into machine code."""
    folder = Path(__file__).parent
    paths = [Path(str(module.__file__)) for module in MODULES] + sorted((folder / "language").glob("*.py"))
    digest = blake2b(digest_size=16)
    for path in paths:
        digest.update(path.read_bytes())
    digest.update(repr((machine_code.processor(), llvmlite.__version__, machine_code.llvm_version(), sys.byteorder)).encode())
    return digest.digest()


def _key(system: Compiled, variant: Variant, watched: str) -> str:
    digest = blake2b(_sources(), digest_size=20)
    digest.update(repr((system.text, watched, variant, _constants(system, variant))).encode())
    return digest.hexdigest()


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """While this lasts, `listener(what, done)` is called before and after anything is compiled."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def _compiled(system: Compiled, variant: Variant) -> bytes:
    """Machine code made now; whoever listens is told before and after."""
    steps = f"{TITLES[variant.method]}, {variant.lanes} lanes" if "run_group" in variant.entries else "start and outputs"
    what = f"compile {system.n_patient + system.n_block} states, {steps}"
    for listener in tuple(_listeners):
        listener(what, False)
    code = machine_code.object_code(program(system, variant))
    for listener in tuple(_listeners):
        listener(what, True)
    return code
