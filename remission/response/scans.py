"""What was seen in each patient at each visit: lesions with their sizes, and findings of the visit.

In the patients: lesions chosen at baseline as targets (measured) or non-targets (followed by eye), new ones that appear later, and, at
every visit, steroids, clinical state, counts. A lesion nobody looked at is not evaluated; nothing is carried over.

Represented: arrays of patients by visits (by lesions), padded: a visit that was not held has the day NaN, a place without lesion the kind
-1. Days count from each patient's time zero. The same value holds a spreadsheet of one patient and a million simulated ones.

Left out: slices, organs' volumes, readers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from enum import IntEnum
from functools import cached_property
from os import cpu_count
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from remission.response.arrays import Codes, Flags, Floats

PIECE = 8192
"""Patients judged at once, so that their arrays stay in the caches."""
NO_LESION = -1
FINDINGS = ("steroid", "clinical", "flair", "pet_score", "spleen_cm", "blasts", "anc", "platelets", "mrd")
"""Columns of a visit. Steroid in mg/day of dexamethasone; clinical and flair -1 better (decreased), 0 stable, 1 worse (increased);
PET score 1 to 5; spleen length in cm; marrow blasts in percent; neutrophils and platelets in 10^9/L; mrd as a fraction."""

Judgment = TypeVar("Judgment")


class Kind(IntEnum):
    """What a lesion is followed as."""

    TARGET = 0
    TARGET_NODE = 1
    NON_TARGET = 2
    NON_TARGET_NODE = 3
    NEW = 4

    @property
    def text(self) -> str:
        return self.name.lower().replace("_", "-")


class Status(IntEnum):
    """What was seen of a lesion at a visit."""

    NOT_EVALUABLE = 0
    ABSENT = 1
    TOO_SMALL = 2
    MEASURED = 3
    PRESENT = 4
    PROGRESSION = 5
    """A non-target or new lesion that has progressed unequivocally."""

    @property
    def text(self) -> str:
        return self.name.lower()


TARGETS = (Kind.TARGET, Kind.TARGET_NODE)
NON_TARGETS = (Kind.NON_TARGET, Kind.NON_TARGET_NODE)
NODES = (Kind.TARGET_NODE, Kind.NON_TARGET_NODE)


def _never() -> Floats:
    return np.array(np.nan)


@dataclass(frozen=True)
class Patients:
    """What is known of each patient beside the scans, arrays [M]; days from time zero, NaN for what did not happen."""

    patient: NDArray[Any]
    arm: NDArray[Any]
    treatment_start: Floats = field(default_factory=_never)
    treatment_end: Floats = field(default_factory=_never)
    radiation_end: Floats = field(default_factory=_never)
    cycles: Floats = field(default_factory=_never)
    new_therapy: Floats = field(default_factory=_never)
    last_contact: Floats = field(default_factory=_never)
    death: Floats = field(default_factory=_never)

    def __post_init__(self) -> None:
        for one in fields(self)[2:]:
            value = np.broadcast_to(np.asarray(getattr(self, one.name), dtype=np.float64), self.patient.shape)
            object.__setattr__(self, one.name, value)

    @classmethod
    def numbered(cls, patients: int, **days: Any) -> Patients:
        """Patients 0, 1, 2, ... of one arm."""
        return cls(np.arange(patients), np.full(patients, "all", dtype=object), **days)

    def some(self, chosen: slice | NDArray[Any]) -> Patients:
        """Some of the patients."""
        return Patients(**{one.name: getattr(self, one.name)[chosen] for one in fields(self)})


@dataclass(frozen=True)
class Scans:
    """Visits of M patients, V at most, with L lesions at most.

    day [M, V] from time zero, ascending, NaN after the last visit. kind [M, L] codes of `Kind`, -1 where there is no lesion;
    organ [M, L] numbers of organs, -1 unknown. status [M, V, L] codes of `Status`. diameter [M, V, L] in mm: the longest, of a
    node the short axis; perpendicular [M, V, L] the one across it (of a node the long axis), NaN where not given. findings: arrays
    [M, V] by name (`FINDINGS`), NaN where not given; a name may be missing. lesions [M, L]: names, for words only.
    """

    patients: Patients
    day: Floats
    kind: Codes
    status: Codes
    diameter: Floats
    perpendicular: Floats | None = None
    organ: NDArray[np.int32] | None = None
    findings: Mapping[str, Floats] = field(default_factory=dict)
    lesions: NDArray[Any] | None = None

    @cached_property
    def held(self) -> Flags:
        """Which visits took place [M, V]."""
        return np.isfinite(self.day)

    @cached_property
    def baseline(self) -> NDArray[np.int64]:
        """The visit that is the baseline [M]: the last at or before time zero, else the first; -1 without visits."""
        return baseline_visit(self.day)

    @cached_property
    def later(self) -> Flags:
        """Which visits come after the baseline [M, V]."""
        return self.held & (np.arange(self.day.shape[1]) > self.baseline[:, None])

    @cached_property
    def counted(self) -> Flags:
        """The baseline and the visits after it [M, V]."""
        return self.held & (np.arange(self.day.shape[1]) >= self.baseline[:, None])

    def finding(self, name: str) -> Floats:
        """A finding of the visits [M, V]; all NaN when the column is not there."""
        found = self.findings.get(name)
        return np.full(self.day.shape, np.nan) if found is None else found

    def is_kind(self, *kinds: Kind) -> Flags:
        """Which lesions are followed as one of these [M, L]."""
        return np.isin(self.kind, kinds)

    @cached_property
    def seen(self) -> Flags:
        """Which lesions were there [M, V, L]: measured, too small, present or progressing."""
        return self.status >= Status.TOO_SMALL

    def sizes(self, too_small: float) -> Floats:
        """Diameters as they enter a sum [M, V, L], mm: 0 when absent, `too_small` when too small and not measured, NaN when not known."""
        known = np.where(self.status == Status.MEASURED, self.diameter, np.nan)
        small = np.where(np.isnan(self.diameter), too_small, self.diameter)
        return np.where(self.status == Status.ABSENT, 0.0, np.where(self.status == Status.TOO_SMALL, small, known))

    @classmethod
    def of_sizes(cls, day: Any, diameter: Any, kind: Any = Kind.TARGET, patients: Patients | None = None, **more: Any) -> Scans:
        """Scans of simulated patients: every lesion measured at every visit, 0 mm is absent, NaN not evaluated.

        `day` [V] or [M, V]; `diameter` [M, V] of one lesion or [M, V, L]; `kind` one code, [L] or [M, L].
        """
        size = np.asarray(diameter, dtype=np.float64)
        size = size[..., None] if size.ndim == 2 else size
        days = np.broadcast_to(np.asarray(day, dtype=np.float64), size.shape[:2])
        kinds = np.broadcast_to(np.asarray(kind, dtype=np.int8), (size.shape[0], size.shape[2]))
        status = np.where(np.isnan(size), Status.NOT_EVALUABLE, np.where(size > 0, Status.MEASURED, Status.ABSENT)).astype(np.int8)
        followed = kinds[:, None, :] >= Kind.NON_TARGET
        status = np.where(followed & (status == Status.MEASURED), np.int8(Status.PRESENT), status)
        people = Patients.numbered(size.shape[0]) if patients is None else patients
        return cls(people, days, kinds, status, np.where(size > 0, size, np.nan), **more)

    def some(self, chosen: slice | NDArray[Any]) -> Scans:
        """The scans of some of the patients."""
        return Scans(
            self.patients.some(chosen),
            self.day[chosen],
            self.kind[chosen],
            self.status[chosen],
            self.diameter[chosen],
            None if self.perpendicular is None else self.perpendicular[chosen],
            None if self.organ is None else self.organ[chosen],
            {name: values[chosen] for name, values in self.findings.items()},
            None if self.lesions is None else self.lesions[chosen],
        )

    def pieces(self, size: int = PIECE) -> Iterator[Scans]:
        """The scans in pieces of patients."""
        for first in range(0, self.day.shape[0], size):
            yield self.some(slice(first, first + size))


def baseline_visit(day: Floats) -> NDArray[np.int64]:
    """The place of each patient's baseline [M] among days from time zero [M, V]: the last up to 0, else the first; -1 without any."""
    held = np.isfinite(day)
    early = (held & (day <= 0)).sum(axis=1)
    return np.where(held.any(axis=1), np.maximum(early, 1) - 1, -1)


def in_pieces(judge: Callable[[Scans], Judgment], scans: Scans, size: int = PIECE) -> list[Judgment]:
    """A judgment of every piece, on all cores."""
    with ThreadPoolExecutor(cpu_count()) as pool:
        return list(pool.map(judge, scans.pieces(size)))
