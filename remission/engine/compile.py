"""From a system to something the engine can run: its text and structure, written once and kept on disk by content."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from remission.engine.codegen import Generator, hazards
from remission.engine.compiled import Compiled, Hazard
from remission.model.system import System

ABSOLUTE, OTHERWISE = {"cell": 0.01}, 1e-8


def compile_system(system: System) -> Compiled:
    """The compiled form of a system. The first time takes seconds; later runs read it from the cache."""
    return _compile(system.digest, _Held(system))


class _Held:
    """Lets a system ride along with its digest through the cache without being part of the key."""

    def __init__(self, system: System):
        self.system = system

    def __eq__(self, other):
        return isinstance(other, _Held)

    def __hash__(self):
        return 0


@lru_cache(maxsize=64)
def _compile(digest: str, held: _Held) -> Compiled:
    system = held.system
    generated = Generator(system).generate()
    return Compiled(
        n_patient=system.n_patient,
        n_block=system.n_block,
        n_clones=system.n_clones,
        n_clone_states=system.n_clone_states,
        n_patient_parameters=system.n_patient_parameters,
        n_inputs=len(system.inputs),
        n_lesion_parameters=system.n_lesion_parameters,
        n_patient_constants=generated.sizes["N_CONSTANTS"],
        n_lesion_constants=generated.sizes["N_LESION_CONSTANTS"],
        n_quadratures=len(system.of("quadratures", "patient")),
        n_lesion_quadratures=system.size("quadratures", 1) - len(system.of("quadratures", "patient")),
        n_outputs=len(system.of("outputs", "patient")),
        n_lesion_outputs=system.size("outputs", 1) - len(system.of("outputs", "patient")),
        arrow=generated.arrow,
        atol=_tolerances(system),
        text=generated.text,
        system=system,
        cell_state=_cell_states(system),
        hazards=tuple(_hazard(system, q) for q in hazards(system)),
        operations=(generated.flops["rhs"], generated.flops["matrix"]),
    )


def _tolerances(system: System) -> np.ndarray:
    """Absolute tolerance per state: a hundredth of a cell for cells, else 1e-8 of the unit."""
    patient = [ABSOLUTE.get(s.unit, OTHERWISE) for s in system.of("states", "patient")]
    clone = [ABSOLUTE.get(s.unit, OTHERWISE) for s in system.of("states", "clone")]
    lesion = [ABSOLUTE.get(s.unit, OTHERWISE) for s in system.of("states", "lesion")]
    return np.array(patient + clone * system.n_clones + lesion, dtype=float)


def _cell_states(system: System) -> np.ndarray:
    names = [s.name for s in system.of("states", "clone")]
    if "cells" not in names or system.birth is None:
        return np.zeros(0, np.int64)
    at = names.index("cells")
    return np.array([c * system.n_clone_states + at for c in range(system.n_clones)], dtype=np.int64)


def _hazard(system: System, q) -> Hazard:
    slot = system.quadrature_slot(q.name)
    index = slot if q.per == "patient" else slot - len(system.of("quadratures", "patient"))
    return Hazard(q.name, q.per, index, stop=q.kind == "stop", repeats=q.repeats)
