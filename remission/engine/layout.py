"""The arrays a run works on, grouped by concern, as compiled code sees them.

M members, N states, P parameters, Q integrals, O outputs, K clones times lesions, R dose rows, E hazard entries.
A hazard entry is one hazard in one lesion and clone; patient entries come first, then lesion after lesion.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from remission.engine.linear import Operations
from remission.engine.steppers import StepWork


class Status(IntEnum):
    """How a member ended. Steps exhausted, non-finite and out of domain are failures of the solver."""

    OK = 0
    STEPS_EXHAUSTED = 1
    NON_FINITE = 2
    OUT_OF_DOMAIN = 3
    EXCLUDED = 4
    NOT_REACHED = 5
    NEEDS_CAPACITY = 6
    STOPPED = 7


FAILURES = (Status.STEPS_EXHAUSTED, Status.NON_FINITE, Status.OUT_OF_DOMAIN)


class Phase(IntEnum):
    """What a clone in a lesion is: gone, so few cells that chance decides, or many enough for the equations."""

    EXTINCT = 0
    SMALL = 1
    ESTABLISHED = 2


class Model(NamedTuple):
    """Addresses, sizes and tables of one system at one lesion capacity."""

    rhs: int
    jac: int
    quad: int
    out: int
    dose: int
    event: int
    init: int
    n_patient: int
    n_block: int
    n_clones: int
    first_input: int
    n_inputs: int
    n_quadratures: int
    n_lesion_quadratures: int
    operations: Operations
    cell_state: np.ndarray  # [clones] place in the lesion block
    atol: np.ndarray  # [N]
    nonnegative: np.ndarray  # [N] 1.0 where the state may not be negative
    entry_integral: np.ndarray  # [E] place in q
    entry_hazard: np.ndarray  # [E]
    entry_lesion: np.ndarray  # [E], -1 for a patient hazard
    entry_clone: np.ndarray  # [E], -1 where the scope is not clone
    patient_entries: int
    lesion_entries: int
    hazard_stop: np.ndarray  # [hazards]
    hazard_seeds: np.ndarray
    hazard_repeats: np.ndarray
    hazard_key: np.ndarray  # [hazards] uint64, names the draws of its thresholds


class State(NamedTuple):
    """What the equations act on, and the clock."""

    patient: np.ndarray  # [M] uint64, key of the member's luck
    y: np.ndarray  # [M, N]
    q: np.ndarray  # [M, Q]
    p: np.ndarray  # [M, P]
    flags: np.ndarray  # [M, K] 1.0 = established
    t: np.ndarray  # [M] day
    h: np.ndarray  # [M] proposed step, day; 0 = not chosen yet
    error: np.ndarray  # [M] error of the last accepted step
    until: np.ndarray  # [M] day
    n_lesions: np.ndarray  # [M]
    status: np.ndarray  # [M] Status
    trigger: np.ndarray  # [M] trigger that ended the last advance, or -1
    fatal: np.ndarray  # [M] hazard that ended the member, or -1
    accepted: np.ndarray  # [M] steps so far
    rejected: np.ndarray  # [M]


class Doses(NamedTuple):
    """Dose rows [M, R], sorted by day, padded with day infinity; `next_row` [M] is the first not yet given."""

    day: np.ndarray
    agent: np.ndarray
    amount: np.ndarray
    duration: np.ndarray
    lesion: np.ndarray
    input: np.ndarray
    next_row: np.ndarray


class Clones(NamedTuple):
    """Chance in small clones: phase [M, K]; n0, rho, J and log of the uniform [M, K, 4]; times entered [M, K]."""

    phase: np.ndarray
    small: np.ndarray
    entries: np.ndarray


class Events(NamedTuple):
    """Thresholds of accumulated hazard [M, E], times fired [M, E], and the log: hazard, lesion, clone
    [M, log, 3] with its day [M, log] and the number of events [M]."""

    threshold: np.ndarray
    fired: np.ndarray
    code: np.ndarray
    day: np.ndarray
    count: np.ndarray


class Watch(NamedTuple):
    """What is kept on the way: a grid of days with outputs, running end points, and triggers."""

    grid: np.ndarray  # [T] day, sorted
    saved: np.ndarray  # [M, T, O], or [0, 0, 0]
    output: np.ndarray  # [W] watched outputs
    above: np.ndarray  # [M, W] first time at or above; nan = not asked
    below: np.ndarray  # [M, W]
    record: np.ndarray  # [M, W, 7] see `Record`
    trigger_output: np.ndarray  # [G]
    trigger_level: np.ndarray  # [M, G]
    trigger_sign: np.ndarray  # [G] +1 rising, -1 falling
    armed: np.ndarray  # [M, G]
    met: np.ndarray  # [M, G] condition when last seen: 0, 1, or -1 not seen


class Record(IntEnum):
    """Columns of a running end point."""

    LOWEST = 0
    LOWEST_DAY = 1
    HIGHEST = 2
    HIGHEST_DAY = 3
    AREA = 4
    ABOVE_DAY = 5
    BELOW_DAY = 6


class Member(NamedTuple):
    """The arrays of one member that a step touches."""

    y: np.ndarray
    q: np.ndarray
    p: np.ndarray
    flags: np.ndarray
    phase: np.ndarray
    small: np.ndarray


class Settings(NamedTuple):
    """How to integrate: method, relative tolerance, cells below which chance decides, luck, and the step limit."""

    method: int
    rtol: float
    atol_factor: float
    n_small: float
    seed: np.uint64
    process: np.uint64
    max_steps: int


class Work(NamedTuple):
    """Scratch of one member, allocated once per chunk."""

    step: StepWork
    atol: np.ndarray  # [N]
    point: np.ndarray  # [N]
    point_integrals: np.ndarray  # [Q]
    node_rates: np.ndarray  # [3, Q]
    node_births_deaths: np.ndarray  # [3, 2 K]
    observed: np.ndarray  # [6, O] at the start, the three nodes and the end of a step, and scratch
    before: np.ndarray  # [K] cells before a jump
