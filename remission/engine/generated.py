"""Names that the engine's texts use and that come with each system; declared here so that readers and tools know them.

Nothing here has a value: sizes and functions are in the text that `codegen.py` writes (there are the arguments of the functions),
and what a kernel is made for is set by `kernels.py`.
"""

from __future__ import annotations

from collections.abc import Callable

# sizes of the system: states, parameters, infused amounts, integrals, outputs; `LESION` counts those of one lesion
N_PATIENT: int
N_BLOCK: int
N_CLONES: int
N_PATIENT_PARAMETERS: int
N_LESION_PARAMETERS: int
N_INPUTS: int
FIRST_INPUT: int
N_QUADRATURES: int
N_LESION_QUADRATURES: int
N_OUTPUTS: int
N_LESION_OUTPUTS: int

# what a kernel is made for: place of each clone's cells in a lesion, whether small clones and random events are followed, whether
# anything has rates, is watched, is watched for days of levels or rises, or any of it; and the method
CELL_STATE: tuple[int, ...]
CHANCE: bool
HAZARDS: bool
RATES: bool
WATCHING: bool
LEVELS: bool
LOOKING: bool
METHOD: int

# functions of the system
prepare: Callable[..., None]
rhs: Callable[..., None]
factored: Callable[..., None]
solve: Callable[..., None]
quad: Callable[..., None]
out: Callable[..., None]
watched: Callable[..., None]
dose: Callable[..., None]
event: Callable[..., None]
init: Callable[..., None]
