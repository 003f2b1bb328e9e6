"""What the engine knows of a system: sizes, addresses of its generated functions, and its hazards. No disease, no drug.

All functions take pointers to float64 and int64 counts (`L` is the number of lesions the member has now)::

    rhs(y, p, flags, dy, L)             dy/dt, 1/day; `cells` of a clone with flag 0 must not change
    jac(y, p, flags, storage, L)        raw Jacobian entries into the slots of `arrow` (storage is zeroed before)
    quad(y, p, flags, g, bd, L)         rates of hazards and running integrals; birth and death per cell, 1/day
    out(y, p, q, flags, o, L)           declared outputs
    dose(agent, amount, lesion, y, p, flags, L)    jump in place; lesion -1 = every lesion
    event(hazard, lesion, clone, y, p, flags, L)   jump in place; lesion or clone -1 where the scope has none
    init(p, y, L)                       initial state

Layouts (lesion-scope parts follow the patient part, lesion after lesion, so nothing moves when a lesion is added)::

    y      [n_patient][lesion: n_block]                          o  [n_outputs][lesion: n_lesion_outputs]
    p      [n_patient_parameters][lesion: n_lesion_parameters]   q  [n_quadratures][lesion: n_lesion_quadratures]
    flags  [lesion * n_clones + clone]                           bd [(lesion * n_clones + clone) * 2 + (0 birth, 1 death)]

The last `n_inputs` of the patient parameters are infusion rates, amount per day, which the engine keeps.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from remission.engine.linear import Arrow
from remission.errors import ModelError

Scope = Literal["patient", "lesion", "clone"]


@dataclass(frozen=True)
class Addresses:
    """Where the generated functions of one system are, as integers."""

    rhs: int
    jac: int
    quad: int
    out: int
    dose: int
    event: int
    init: int


@dataclass(frozen=True)
class Hazard:
    """A random discrete event: its accumulated hazard is an entry of q and fires when it passes a threshold.

    index: place in q of a patient hazard; place in the lesion part of q of a lesion hazard; for a clone hazard the
        place of clone 0 there, clones following one another.
    stop: the event ends the member (death).
    seeds: the event adds a lesion; `event` is called with the new lesion's number after its block was zeroed.
    repeats: fires again at each further threshold; otherwise once per lesion and clone.
    """

    name: str
    scope: Scope
    index: int
    stop: bool = False
    seeds: bool = False
    repeats: bool = False


@dataclass(frozen=True)
class Compiled:
    """One system ready to run.

    cell_state: int array [n_clones], place of each clone's `cells` within the lesion block (empty: no extinction).
    atol: float array [n_patient + n_block], absolute tolerance per state, in the state's unit.
    nonnegative: bool array [n_patient + n_block]; a state marked here may not go below 0 by more than round-off of the
        solver; None marks none.
    operations: arithmetic operations of one evaluation of (rhs, jac) for one lesion, for the choice of method.
    keep: whatever must stay alive while the addresses are used.
    """

    n_patient: int
    n_block: int
    n_clones: int
    n_clone_states: int
    n_patient_parameters: int
    n_inputs: int
    n_lesion_parameters: int
    n_quadratures: int
    n_lesion_quadratures: int
    n_outputs: int
    n_lesion_outputs: int
    arrow: Arrow
    atol: np.ndarray
    addresses: Addresses
    cell_state: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    hazards: tuple[Hazard, ...] = ()
    nonnegative: np.ndarray | None = None
    operations: tuple[int, int] = (0, 0)
    keep: object = None

    def __post_init__(self):
        """Compiled code checks no bounds, so that lengths are checked here."""
        length = self.n_patient + self.n_block
        marks = self.nonnegative if self.nonnegative is not None else self.atol
        if self.atol.shape != (length,) or marks.shape != (length,):
            raise ModelError("`atol` and `nonnegative` need one value per state of the patient and of one lesion")
        if self.arrow.n_patient != self.n_patient or self.arrow.n_block != self.n_block:
            raise ModelError("the Jacobian's structure does not fit the states")
        if self.cell_state.size not in (0, self.n_clones) or (self.cell_state >= self.n_block).any():
            raise ModelError("`cell_state` needs one place in the lesion block per clone")

    def n_states(self, lesions: int) -> int:
        """Length of y for this many lesions."""
        return self.n_patient + lesions * self.n_block

    def n_parameters(self, lesions: int) -> int:
        """Length of p for this many lesions."""
        return self.n_patient_parameters + lesions * self.n_lesion_parameters

    def n_integrals(self, lesions: int) -> int:
        """Length of q for this many lesions."""
        return self.n_quadratures + lesions * self.n_lesion_quadratures

    def n_observed(self, lesions: int) -> int:
        """Length of o for this many lesions."""
        return self.n_outputs + lesions * self.n_lesion_outputs
