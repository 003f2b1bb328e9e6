"""What the engine knows of a system: sizes, generated text, and its hazards. No disease, no drug.

The text defines, in the lane language (`L` is a bound on the number of lesions, `lesions` how many each patient has)::

    prepare(p, c, L)                               expressions of parameters alone, computed once per member
    rhs(y, p, c, flags, dy, L, lesions)            dy/dt, 1/day; `cells` of a clone with flag 0 does not change
    matrix(y, p, c, flags, shift, a, L, lesions)   shift I - J in the slots of `arrow`
    factor(a, L)  solve(a, x, L)                   its factors in place, and a solution in place
    quad(y, p, c, flags, g, bd, L, lesions)        rates of hazards and running integrals; birth and death per cell, 1/day
    out(y, p, c, q, flags, o, L, lesions)          declared outputs
    dose(agent, amount, lesion, y, p, c, flags, L, lane)    jump in place; lesion -1 = every lesion
    event(hazard, lesion, clone, y, p, c, flags, L, lane)   jump in place; lesion or clone -1 where the scope has none
    init(p, c, y, L, lane)                         initial state

Layouts (lesion-scope parts follow the patient part, lesion after lesion, so nothing moves when a lesion is added)::

    y      [n_patient][lesion: n_block]                          o  [n_outputs][lesion: n_lesion_outputs]
    p      [n_patient_parameters][lesion: n_lesion_parameters]   q  [n_quadratures][lesion: n_lesion_quadratures]
    c      [n_patient_constants][lesion: n_lesion_constants]
    flags  [lesion * n_clones + clone]                           bd [(lesion * n_clones + clone) * 2 + (0 birth, 1 death)]

The last `n_inputs` of the patient parameters are infusion rates, amount per day, which the engine keeps.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from remission.engine.linear import Arrow
from remission.errors import ModelError
from remission.model.system import System

Scope = Literal["patient", "lesion", "clone"]


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

    def entries(self, n_clones: int, lesions: int) -> int:
        """How many thresholds it has for this many lesions."""
        return {"patient": 1, "lesion": lesions, "clone": lesions * n_clones}[self.scope]


@dataclass(frozen=True)
class Compiled:
    """One system ready to run: its text and structure; machine code is made or fetched when it is first run.

    text: what the generator wrote. system: where it comes from (None: a text written by hand).
    cell_state: int array [n_clones], place of each clone's `cells` within the lesion block (empty: no extinction).
    atol: float array [n_patient + n_block], absolute tolerance per state, in the state's unit.
    operations: floating-point operations of the rates and of the matrix, each apart from lesions and per lesion, for the choice of method.
    """

    n_patient: int
    n_block: int
    n_clones: int
    n_clone_states: int
    n_patient_parameters: int
    n_inputs: int
    n_lesion_parameters: int
    n_patient_constants: int
    n_lesion_constants: int
    n_quadratures: int
    n_lesion_quadratures: int
    n_outputs: int
    n_lesion_outputs: int
    arrow: Arrow
    atol: np.ndarray
    text: str
    system: System | None = None
    cell_state: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    hazards: tuple[Hazard, ...] = ()
    operations: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))

    def __post_init__(self):
        """Compiled code checks no bounds, so that lengths are checked here."""
        if self.atol.shape != (self.n_patient + self.n_block,):
            raise ModelError("`atol` needs one value per state of the patient and of one lesion")
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

    def n_constants(self, lesions: int) -> int:
        """Length of c for this many lesions."""
        return self.n_patient_constants + lesions * self.n_lesion_constants

    def n_integrals(self, lesions: int) -> int:
        """Length of q for this many lesions."""
        return self.n_quadratures + lesions * self.n_lesion_quadratures

    def n_observed(self, lesions: int) -> int:
        """Length of o for this many lesions."""
        return self.n_outputs + lesions * self.n_lesion_outputs
