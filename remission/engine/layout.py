"""The arrays a run works on, grouped by concern, as the kernel sees them.

M members, N states, P parameters, Q integrals, O outputs, K clones times lesions, R dose rows, E hazard entries.
A hazard entry is one hazard in one lesion and clone; patient entries come first, then lesion after lesion.
"""

from functools import cache
from typing import Annotated, NamedTuple, TypeAlias, get_type_hints

import numpy as np

from remission.engine.clock import CLOCK_ROWS
from remission.engine.codes import FAILURES as FAILURES
from remission.engine.codes import RECORD_COLUMNS
from remission.engine.codes import Phase as Phase
from remission.engine.codes import Record as Record
from remission.engine.codes import Status as Status
from remission.engine.compiled import Compiled
from remission.engine.language.kinds import KEY, LANES_OF, NUMBER, SHORT, WHOLE, Array, LaneArray
from remission.engine.language.kinds import Record as RecordKind
from remission.engine.watching import OBSERVED_ROWS
from remission.errors import InputError

Numbers: TypeAlias = Annotated[np.ndarray, Array(NUMBER, 1)]
Numbers2: TypeAlias = Annotated[np.ndarray, Array(NUMBER, 2)]
Numbers3: TypeAlias = Annotated[np.ndarray, Array(NUMBER, 3)]
Wholes: TypeAlias = Annotated[np.ndarray, Array(WHOLE, 1)]
Wholes2: TypeAlias = Annotated[np.ndarray, Array(WHOLE, 2)]
Wholes3: TypeAlias = Annotated[np.ndarray, Array(WHOLE, 3)]
Shorts: TypeAlias = Annotated[np.ndarray, Array(SHORT, 1)]
Shorts2: TypeAlias = Annotated[np.ndarray, Array(SHORT, 2)]
Keys: TypeAlias = Annotated[np.ndarray, Array(KEY, 1)]
Key: TypeAlias = Annotated[np.uint64, KEY]
Whole: TypeAlias = Annotated[int, WHOLE]
Number: TypeAlias = Annotated[float, NUMBER]
Lanes: TypeAlias = Annotated[np.ndarray, LANES_OF]


class Model(NamedTuple):
    """Tables of one system at one lesion capacity."""

    atol: Numbers  # [N]
    entry_integral: Wholes  # [E] place in q
    entry_hazard: Wholes  # [E]
    entry_lesion: Wholes  # [E], -1 for a patient hazard
    entry_clone: Wholes  # [E], -1 where the scope is not clone
    hazard_stop: Shorts  # [hazards]
    hazard_seeds: Shorts
    hazard_repeats: Shorts
    hazard_key: Keys  # [hazards] names the draws of its thresholds
    patient_entries: Whole
    lesion_entries: Whole


class State(NamedTuple):
    """What the equations act on, and the clock."""

    patient: Keys  # [M] key of the member's luck
    y: Numbers2  # [M, N]
    q: Numbers2  # [M, Q]
    p: Numbers2  # [M, P]
    c: Numbers2  # [M, C] expressions of parameters alone, as they were at the start: who changes p afterwards starts anew
    flags: Numbers2  # [M, K] 1.0 = established
    t: Numbers  # [M] day
    h: Numbers  # [M] proposed step, day; 0 = not chosen yet
    error: Numbers  # [M] error of the last accepted step
    until: Numbers  # [M] day
    n_lesions: Wholes  # [M]
    status: Wholes  # [M] Status
    trigger: Wholes  # [M] trigger that ended the last advance, or -1
    fatal: Wholes  # [M] hazard that ended the member, or -1
    accepted: Wholes  # [M] steps so far
    rejected: Wholes  # [M]


class Doses(NamedTuple):
    """Dose rows [M, R], sorted by day, padded with day infinity; `next_row` [M] is the first not yet given."""

    day: Numbers2
    agent: Wholes2
    amount: Numbers2
    duration: Numbers2
    lesion: Wholes2
    input: Wholes2
    next_row: Wholes

    @property
    def rows(self) -> int:
        """Room for rows per member."""
        return self.day.shape[1]


class Clones(NamedTuple):
    """Chance in small clones: phase [M, K]; n0, rho, J and log of the uniform [M, K, 4]; times entered [M, K]."""

    phase: Shorts2
    small: Numbers3
    entries: Wholes2


class Events(NamedTuple):
    """Thresholds of accumulated hazard [M, E], times fired [M, E], and the log: hazard, lesion, clone
    [M, log, 3] with its day [M, log] and the number of events [M]."""

    threshold: Numbers2
    fired: Wholes2
    code: Wholes3
    day: Numbers2
    count: Wholes

    @property
    def lines(self) -> int:
        """Room for lines of the log per member."""
        return self.day.shape[1]


class Watch(NamedTuple):
    """What is kept on the way: a grid of days with outputs, running end points, and triggers."""

    grid: Numbers  # [T] day, sorted
    saved: Numbers3  # [M, T, O], or [0, 0, 0]
    output: Wholes  # [W] watched outputs
    above: Numbers2  # [M, W] first time at or above; nan = not asked
    below: Numbers2  # [M, W]
    rise: Numbers2  # [M, W] factor over the lowest value so far; nan = not asked
    record: Numbers3  # [M, W, 8] see `Record`
    trigger_output: Wholes  # [G]
    trigger_level: Numbers2  # [M, G]
    trigger_sign: Numbers  # [G] +1 rising, -1 falling
    armed: Shorts2  # [M, G]
    met: Shorts2  # [M, G] condition when last seen: 0, 1, or -1 not seen

    @property
    def days(self) -> int:
        """Days of the grid."""
        return self.grid.size

    @property
    def outputs(self) -> int:
        """Watched outputs."""
        return self.output.size

    @property
    def triggers(self) -> int:
        """Triggers."""
        return self.trigger_output.size


class Settings(NamedTuple):
    """How to integrate: relative tolerance, cells below which chance decides, luck, and the step limit."""

    rtol: Number
    atol_factor: Number
    n_small: Number
    max_steps: Number
    seed: Key
    process: Key


class Order(NamedTuple):
    """Which members a run takes, and in which order."""

    member: Wholes  # [R]
    slots: Wholes2  # [groups, 2] lesion slots computed, and how many of them were empty
    seen: Numbers2  # [M, O] outputs asked for, or [0, 0]


SCALARS = {"Doses": ("rows",), "Events": ("lines",), "Watch": ("days", "outputs", "triggers")}


@cache
def kind_of(group: type) -> RecordKind:
    """The kind of a group of arrays in the lane language; counts that follow from its arrays come last."""
    hints = get_type_hints(group, include_extras=True)
    fields = [(name, hints[name].__metadata__[0]) for name in group._fields]  # type: ignore[attr-defined]
    return RecordKind(group.__name__, tuple(fields + [(name, WHOLE) for name in SCALARS.get(group.__name__, ())]))


STORED = {NUMBER: np.dtype(np.float64), WHOLE: np.dtype(np.int64), KEY: np.dtype(np.uint64), SHORT: np.dtype(np.int8)}


def words_of(group: NamedTuple) -> np.ndarray:
    """The table of 64-bit words that stands for a group in the kernel; its arrays must live as long as it is used.

    InputError where an array is not what the kernel takes it for.
    """
    words: list[int] = []
    kind = kind_of(type(group))
    for name, field in kind.fields:
        value = getattr(group, name)
        if isinstance(field, Array):
            if not value.flags.c_contiguous or value.dtype != STORED[field.element] or value.ndim != field.rank:
                raise InputError(f"`{name}` is not a contiguous array of {STORED[field.element]} with {field.rank} axes", kind.name)
            words += [_address(value), *value.shape[1:]]
        elif isinstance(field, LaneArray):
            words.append(_address(value))
        elif field == NUMBER:
            words.append(int(np.float64(value).view(np.uint64)))
        else:
            words.append(int(value))
    return np.array([word & 0xFFFFFFFFFFFFFFFF for word in words], np.uint64)


def _address(array: np.ndarray) -> int:
    """Where an array begins; several times as fast as `array.ctypes`."""
    return array.__array_interface__["data"][0]


def work_sizes(system: Compiled, capacity: int, outputs: int = 0, triggers: int = 0) -> dict[str, int]:
    """Length of each lane array of a group's scratch, and the counts that go with them."""
    n, q, o = system.n_states(capacity), max(system.n_integrals(capacity), 1), max(system.n_observed(capacity), 1)
    k = max(system.n_clones * capacity, 1)
    entries = sum(hazard.entries(system.n_clones, capacity) for hazard in system.hazards)
    return {
        **dict.fromkeys(("y", "end", "rates", "counts", "point"), n),
        "stages": 8 * n,
        **dict.fromkeys(("dense", "nodes"), 3 * n),
        "weights": 8,
        "factors": max(system.arrow.size(capacity), 1),
        "p": max(system.n_parameters(capacity), 1),
        "c": max(system.n_constants(capacity), 1),
        **dict.fromkeys(("q", "point_integrals"), q),
        "node_rates": 3 * q,
        "births_deaths": 3 * 2 * k,
        **dict.fromkeys(("flags", "phase", "before"), k),
        "small": 4 * k,
        "threshold": max(entries, 1),
        "observed": OBSERVED_ROWS * o,
        **dict.fromkeys(("above", "below", "rise"), max(outputs, 1)),
        "record": RECORD_COLUMNS * max(outputs, 1),
        **dict.fromkeys(("trigger_level", "armed", "met"), max(triggers, 1)),
        "clock": CLOCK_ROWS,
    }


class Work(NamedTuple):
    """Scratch of one group of patients [n][W], one number per patient each; see `work_sizes`. O: all outputs, W: watched ones."""

    y: Lanes  # [N] state
    end: Lanes  # [N] state at the end of the step under way
    rates: Lanes  # [N] derivative at its beginning
    counts: Lanes  # [N] 1.0 where the error of a state counts
    point: Lanes  # [N] state somewhere inside the step
    stages: Lanes  # [8, N] of the method
    dense: Lanes  # [3, N] of the interpolant
    nodes: Lanes  # [3, N] state at the Gauss points
    weights: Lanes  # [8] of the stages at one place inside the step
    factors: Lanes  # factors of the matrix, in the slots of the arrow
    p: Lanes  # [P] parameters
    c: Lanes  # [C] expressions of parameters alone
    q: Lanes  # [Q] integrals
    point_integrals: Lanes  # [Q] integrals somewhere inside the step
    node_rates: Lanes  # [3, Q] rates of integrals at the Gauss points
    births_deaths: Lanes  # [3, 2 K] birth and death per cell and day there
    flags: Lanes  # [K] 1.0 = established
    phase: Lanes  # [K] `codes.Phase`
    before: Lanes  # [K] cells before a jump
    small: Lanes  # [4 K] n0, rho, J and luck of small clones
    threshold: Lanes  # [E] at which a hazard fires
    observed: Lanes  # [6, O] rows of `watching`
    above: Lanes  # [W] levels asked for, nan = none
    below: Lanes  # [W]
    rise: Lanes  # [W] factors asked for, nan = none
    record: Lanes  # [8 W] `codes.Record`
    trigger_level: Lanes  # [G]
    armed: Lanes  # [G] 1.0 = armed
    met: Lanes  # [G] condition when last seen: 0, 1, or -1 not seen
    clock: Lanes  # rows of `clock`
    capacity: Whole
    n_states: Whole
    n_integrals: Whole
    n_parameters: Whole
    n_constants: Whole
    n_flags: Whole
    n_entries: Whole
    n_observed: Whole
