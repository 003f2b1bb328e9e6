"""From a system to something the engine can run: generated text, compiled once and kept on disk by content."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np

from remission.engine import lanes
from remission.engine.codegen import SIGNATURES, Generator, hazards
from remission.engine.compiled import Addresses, Compiled, Hazard
from remission.model.system import System

OPERATIONS = Path(lanes.__file__).read_text(encoding="utf-8")
ABSOLUTE = {"cell": 1.0}


def cache_directory() -> Path:
    """Where generated modules live: REMISSION_CACHE, else the user's cache folder."""
    chosen = os.environ.get("REMISSION_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "remission"


def _write(text: str, folder: Path, name: str) -> Path:
    """Put the text in place in one step, so that a concurrent process never reads half a file.

    OSError where the folder, or the one beside it for machine code, cannot be written.
    """
    path = folder / f"{name}.py"
    (folder / "__pycache__").mkdir(parents=True, exist_ok=True)
    if not (os.access(folder, os.W_OK) and os.access(folder / "__pycache__", os.W_OK)):
        raise PermissionError(folder)
    if not path.exists():
        handle, temporary = tempfile.mkstemp(dir=folder, suffix=".part")
        with os.fdopen(handle, "w") as file:
            file.write(text)
        os.replace(temporary, path)
    return path


def _place(text: str, name: str) -> Path:
    """The file of a generated module; a read-only or full cache only costs the compilation."""
    try:
        return _write(text, cache_directory(), name)
    except OSError:
        return _write(text, Path(tempfile.mkdtemp(prefix="remission-")), name)


def _load(path: Path):
    if path.stem in sys.modules:
        return sys.modules[path.stem]
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded as Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[path.stem]
        raise
    return module


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
    name = "model_" + hashlib.blake2b((OPERATIONS + generated.text).encode(), digest_size=12).hexdigest()
    module = _load(_place(generated.text, name))
    addresses = Addresses(**{function: getattr(module, function).address for function in SIGNATURES})
    return Compiled(
        n_patient=system.n_patient,
        n_block=system.n_block,
        n_clones=system.n_clones,
        n_clone_states=system.n_clone_states,
        n_patient_parameters=system.n_patient_parameters,
        n_inputs=len(system.inputs),
        n_lesion_parameters=system.n_lesion_parameters,
        n_quadratures=len(system.of("quadratures", "patient")),
        n_lesion_quadratures=system.size("quadratures", 1) - len(system.of("quadratures", "patient")),
        n_outputs=len(system.of("outputs", "patient")),
        n_lesion_outputs=system.size("outputs", 1) - len(system.of("outputs", "patient")),
        arrow=generated.arrow,
        atol=_tolerances(system),
        addresses=addresses,
        cell_state=_cell_states(system),
        hazards=tuple(_hazard(system, q) for q in hazards(system)),
        operations=generated.operations,
        keep=module,
    )


def _tolerances(system: System) -> np.ndarray:
    """Absolute tolerance per state: one cell for cells, else a millionth of the unit."""
    patient = [ABSOLUTE.get(s.unit, 1e-6) for s in system.of("states", "patient")]
    clone = [ABSOLUTE.get(s.unit, 1e-6) for s in system.of("states", "clone")]
    lesion = [ABSOLUTE.get(s.unit, 1e-6) for s in system.of("states", "lesion")]
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
