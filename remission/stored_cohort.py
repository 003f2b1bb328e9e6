"""Large cohorts: written piece by piece as they are built and read by the part, so that memory does not grow with the patients."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from remission.enrolled import joined
from remission.errors import InputError
from remission.population import FORMAT, Cohort

HEAD = "cohort-in-pieces.json"


@dataclass(frozen=True)
class StoredCohort:
    """A cohort in a folder, one saved `Cohort` for each of `sizes` patients; `rows` [N] are the patients meant, as places in the whole."""

    folder: Path
    key: str
    sizes: tuple[int, ...]
    flow: dict[str, float]
    rows: np.ndarray

    @property
    def size(self) -> int:
        return len(self.rows)

    def only(self, rows: np.ndarray) -> StoredCohort:
        """Some of the patients, still on disk."""
        return replace(self, rows=self.rows[rows])

    def take(self, rows: np.ndarray) -> Cohort:
        """Some of the patients in memory, in the given order, each of them once."""
        places = self.rows[rows]
        ends = np.cumsum(self.sizes)
        piece = np.searchsorted(ends, places, side="right")
        found = []
        for number in np.unique(piece).tolist():
            first = ends[number] - self.sizes[number]
            found.append(Cohort.load(_place(self.folder, number)).take(places[piece == number] - first))
        whole = joined(found, self.key, len(places)).take(np.argsort(np.argsort(places)))
        return replace(whole, flow=self.flow)

    @classmethod
    def open(cls, folder: Path) -> StoredCohort:
        """The cohort in a folder; `InputError` when it holds none of this format."""
        try:
            head = json.loads((folder / HEAD).read_text())
            if head["format"] != FORMAT:
                raise InputError("the cohort was saved by another version", place=str(folder), remedy="build the cohort again")
            sizes = tuple(int(size) for size in head["sizes"])
            return cls(folder, head["key"], sizes, head["flow"], np.arange(sum(sizes)))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError("no saved cohort can be read here", place=str(folder), remedy="build the cohort again") from error


def store(folder: Path, key: str, pieces: Iterable[Cohort]) -> StoredCohort:
    """Write pieces, each as it comes, and put the whole in place in one step; OSError where it cannot be written."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".part-") as place:
        part = Path(place) / "cohort"
        part.mkdir()
        sizes, counts = [], {"candidates": 0, "patients": 0}
        for piece in pieces:
            counts = {name: count + int(piece.flow[name]) for name, count in counts.items()}
            if piece.size:
                piece.save(_place(part, len(sizes)))
                sizes.append(piece.size)
        head = {"format": FORMAT, "key": key, "sizes": sizes, "flow": _flow(sum(sizes), **counts)}
        (part / HEAD).write_text(json.dumps(head))
        if folder.exists():
            shutil.rmtree(folder)
        part.rename(folder)
    return StoredCohort.open(folder)


def _place(folder: Path, number: int) -> Path:
    return folder / f"piece-{number:05d}"


def _flow(size: int, candidates: int, patients: int) -> dict[str, float]:
    """The counts of the whole, as `enrolled.joined` gives them."""
    return {
        "candidates": candidates,
        "patients": patients,
        "enrolled": size,
        "not_reached": patients - size,
        "effective_sample_size": size,
        "acceptance_rate": size / candidates if candidates else 0.0,
    }
