"""Patients before the trial: their numbers in the engine's order, and the saved cohort that every arm uses."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from remission.errors import InputError, nearest
from remission.model.system import System

PREFIX = "patient."
FORMAT = 2


def pack(system: System, values: dict[str, np.ndarray], sites: tuple[str, ...], capacity: int) -> np.ndarray:
    """Drawn parameters [M] / [M, lesions] / [M, lesions, clones] as the engine's array [M, P]; infusion inputs start at 0.

    `sites` gives the site of each lesion; lesions beyond them (room to grow) carry parameters too, at the first site.
    """
    members = len(next(iter(values.values()))) if values else 0
    packed = np.zeros((members, system.parameter_size(capacity)))
    lesion_count = sum(per == "lesion" for _, per, _ in system.parameter_names)
    clone_count = sum(per == "clone" for _, per, _ in system.parameter_names)
    for name, (per, position) in system.parameter_slots.items():
        if per == "patient":
            packed[:, position] = values[name]
            continue
        for lesion in range(capacity):
            start = system.n_patient_parameters + lesion * system.n_lesion_parameters
            if per == "lesion":
                packed[:, start + position] = values[name][:, lesion]
                continue
            for clone in range(system.n_clones):
                at = start + lesion_count + len(system.sites) + clone * clone_count + position
                packed[:, at] = values[name][:, lesion, clone]
    for lesion in range(capacity):
        site = sites[lesion] if lesion < len(sites) else sites[0]
        start = system.n_patient_parameters + lesion * system.n_lesion_parameters + lesion_count
        packed[:, start + system.sites.index(site)] = 1.0
    return packed


def covariates(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Age, weight and the other rows of the pseudo-module `patient`, by bare name."""
    return {key[len(PREFIX) :]: array for key, array in values.items() if key.startswith(PREFIX)}


def limits_of(where: Mapping[str, Sequence[float | str]], keys: Iterable[str]) -> dict[str, tuple[float, float]]:
    """The limits of `where` as numbers; `InputError` when a covariate is not among the parameters `keys`, or its limits are no pair."""
    known = sorted(key[len(PREFIX) :] for key in keys if key.startswith(PREFIX))
    found = {}
    for name, limits in where.items():
        place = f"population.where.{name}"
        if name not in known:
            raise InputError(f"unknown covariate `{name}`{nearest(name, known)}", place, remedy=f"known covariates: {', '.join(known)}")
        try:
            low, high = (float(x) for x in limits)
        except (TypeError, ValueError):
            raise InputError("the limits are no pair of numbers", place, limits, "write such as [3, 25]; yes and no are 1 and 0") from None
        if not low <= high:
            raise InputError("the lower limit is above the upper one", place, limits, "swap them")
        found[name] = (low, high)
    return found


def within(values: dict[str, np.ndarray], where: Mapping[str, Sequence[float]]) -> np.ndarray:
    """Which patients have every covariate inside its limits."""
    known = covariates(values)
    keep = np.ones(len(next(iter(values.values()))), dtype=bool)
    for name, (low, high) in limits_of(where, values).items():
        keep &= (known[name] >= low) & (known[name] <= high)
    return keep


@dataclass(frozen=True)
class Cohort:
    """Enrolled patients as history left them: numbers, state on the day of enrollment, and what led there.

    `index` [N] are the indices of the candidates that were reached; `values` drawn parameters; `y` [N, states], `phase` [N, lesions x
    clones] and `small` carry clones that are few; `chart` is one row per patient (prior lines, why refractory, burden, remissions).
    `flow` counts candidates: drawn, kept, not reached.
    """

    key: str
    index: np.ndarray
    attempt: np.ndarray
    values: dict[str, np.ndarray]
    y: np.ndarray
    phase: np.ndarray
    chart: pl.DataFrame
    flow: dict[str, float] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.index)

    def take(self, rows: np.ndarray) -> Cohort:
        """Some of the patients, in the given order."""
        values = {key: array[rows] for key, array in self.values.items()}
        return Cohort(
            self.key, self.index[rows], self.attempt[rows], values, self.y[rows], self.phase[rows], self.chart[rows.tolist()], self.flow
        )

    def save(self, folder: Path) -> None:
        """Write the cohort in one step, so that no other process reads half of it; `Cohort.load` reads it back bit for bit."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".part-") as place:
            part = Path(place) / "cohort"
            part.mkdir()
            arrays: dict[str, Any] = {f"value:{key}": array for key, array in self.values.items()}
            np.savez(part / "cohort.npz", index=self.index, attempt=self.attempt, y=self.y, phase=self.phase, **arrays)
            self.chart.write_parquet(part / "cohort.parquet")
            (part / "cohort.json").write_text(json.dumps({"format": FORMAT, "key": self.key, "flow": self.flow}))
            if folder.exists():
                shutil.rmtree(folder)
            part.rename(folder)

    @classmethod
    def load(cls, folder: Path) -> Cohort:
        """Read a saved cohort; `InputError` when the folder holds none of this format."""
        try:
            head = json.loads((folder / "cohort.json").read_text())
            if head.get("format") != FORMAT:
                raise InputError("the cohort was saved by another version", place=str(folder), remedy="build the cohort again")
            with (folder / "cohort.npz").open("rb") as file, np.load(file) as saved:
                arrays = {name: saved[name] for name in saved.files}
            values = {key[6:]: array for key, array in arrays.items() if key.startswith("value:")}
            index, attempt, y, phase = (arrays[name] for name in ("index", "attempt", "y", "phase"))
            chart = pl.read_parquet(folder / "cohort.parquet")
            return cls(head["key"], index, attempt, values, y, phase, chart, head["flow"])
        except (OSError, EOFError, ValueError, KeyError, AttributeError, zipfile.BadZipFile, pl.exceptions.PolarsError) as error:
            raise InputError("no saved cohort can be read here", place=str(folder), remedy="build the cohort again") from error
