"""Grades of harm: cytokine release, neurotoxicity and laboratory values.

In the patient: how bad a side effect is, on the scale a trial used. One cytokine release is read differently by ASTCT, Lee and Penn,
so severity is kept as one latent number and each scale cuts it at its own points. Grades run from 0 (none) to 5 (death).

Represented: the ASTCT grids (Lee 2019, doi:10.1016/j.bbmt.2018.12.758), and cut points; laboratory values are graded in `laboratory`.
Left out: the grids of Lee 2014 and Penn themselves, and grades that rest on symptoms alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remission.errors import InputError
from remission.response.laboratory import LABORATORY, grade_ctcae
from remission.response.rules import number, read_rows

__all__ = [
    "LABORATORY",
    "Arousal",
    "CutPoints",
    "Hypotension",
    "Hypoxia",
    "capd_score",
    "cut_points_for_shares",
    "grade_crs_astct",
    "grade_ctcae",
    "grade_from_latent",
    "grade_icans_astct",
    "ice_score",
    "read_cut_points",
]
Grades = NDArray[np.int8]
ADULT_AGE = 12.0
"""Years from which the ICE score replaces the CAPD."""
DELIRIUM = 9.0
"""CAPD score from which a child is delirious (grade 3)."""
SCALES = {"crs": ("astct", "lee", "penn"), "neurotoxicity": ("astct", "ctcae")}
"""Scales by event. Lee and Penn grade cytokine release only; ICANS is the ASTCT scale of neurotoxicity."""


CUT_COLUMNS = ("event", "scale", "grade", "cut", "evidence", "source")


class Hypotension(IntEnum):
    """What the blood pressure needs."""

    NONE = 0
    NO_VASOPRESSOR = 1
    ONE_VASOPRESSOR = 2
    SEVERAL_VASOPRESSORS = 3


class Hypoxia(IntEnum):
    """How oxygen is given; low flow is at most 6 L/min."""

    NONE = 0
    LOW_FLOW = 1
    HIGH_FLOW = 2
    POSITIVE_PRESSURE = 3


class Arousal(IntEnum):
    """Depressed consciousness: what wakes the patient."""

    NORMAL = 0
    SPONTANEOUS = 1
    VOICE = 2
    TOUCH = 3
    UNAROUSABLE = 4


def grade_crs_astct(fever: ArrayLike, hypotension: ArrayLike, hypoxia: ArrayLike, death: ArrayLike = False) -> Grades:
    """ASTCT grade of cytokine release: fever makes grade 1, the worse of blood pressure and oxygen the rest.

    `fever` is true where a temperature of 38 degC or more was seen in this episode, at the visit or, after antipyretics, tocilizumab
    or steroids, earlier. `hypotension` and `hypoxia` are levels of the two enums. Organ toxicities do not count.
    """
    worse = np.maximum(np.asarray(hypotension, dtype=np.int8), np.asarray(hypoxia, dtype=np.int8))
    return _with_death(np.where(np.asarray(fever, dtype=bool), 1 + worse, 0), death)


def grade_icans_astct(
    age: ArrayLike,
    ice: ArrayLike = 10.0,
    capd: ArrayLike = 0.0,
    arousal: ArrayLike = Arousal.NORMAL,
    seizure: ArrayLike = 0,
    motor_weakness: ArrayLike = False,
    edema: ArrayLike = 0,
    death: ArrayLike = False,
) -> Grades:
    """ASTCT grade of neurotoxicity (ICANS): the worst of its items.

    From 12 years the ICE score (0-10) counts, below that the CAPD (9 or more is delirium); a CAPD below 9 adds nothing, because grades
    1 and 2 of children follow from `arousal`. NaN is not tested; a patient who cannot be tested has arousal `UNAROUSABLE`.
    `seizure`: 0 none, 1 resolves rapidly, 2 over 5 minutes or repetitive. `edema` on imaging: 0 none, 1 focal, 2 diffuse or other signs
    of raised pressure. Hemorrhage, tremor and myoclonus do not count.
    """
    score = np.asarray(ice, dtype=np.float64)
    adult = np.select([np.isnan(score), score >= 10, score >= 7, score >= 3], [0, 0, 1, 2], 3)
    child = np.where(np.asarray(capd, dtype=np.float64) >= DELIRIUM, 3, 0)
    items = [
        np.where(np.asarray(age, dtype=np.float64) >= ADULT_AGE, adult, child),
        np.asarray(arousal, dtype=np.int8),
        np.asarray([0, 3, 4], dtype=np.int8)[np.asarray(seizure, dtype=np.int8)],
        np.where(np.asarray(motor_weakness, dtype=bool), 4, 0),
        np.asarray([0, 3, 4], dtype=np.int8)[np.asarray(edema, dtype=np.int8)],
    ]
    worst = np.maximum.reduce(np.broadcast_arrays(*items))
    return _with_death(worst, death)


def ice_score(
    orientation: ArrayLike, naming: ArrayLike, commands: ArrayLike, writing: ArrayLike, attention: ArrayLike
) -> NDArray[np.float64]:
    """ICE score of encephalopathy, 0 to 10: orientation (year, month, city, hospital: 0-4), naming three objects (0-3), following commands,
    writing a sentence and counting back from 100 by ten (0 or 1 each). NaN where an item was not tested.
    """
    return _summed((orientation, naming, commands, writing, attention), (4, 3, 1, 1, 1), "ICE")


def capd_score(often: ArrayLike, rarely: ArrayLike) -> NDArray[np.float64]:
    """CAPD score of a child, 0 to 32, from how often each of eight things is seen: 0 never, 1 rarely, 2 sometimes, 3 often, 4 always.

    `often` [..., 4]: eye contact, purposeful actions, awareness of surroundings, communication of needs (never counts 4).
    `rarely` [..., 4]: restless, inconsolable, underactive, slow to respond (always counts 4).
    """
    good, bad = np.moveaxis(np.asarray(often, dtype=np.float64), -1, 0), np.moveaxis(np.asarray(rarely, dtype=np.float64), -1, 0)
    return _summed((*(4 - good), *bad), (4,) * 8, "CAPD")


@dataclass(frozen=True)
class CutPoints:
    """Where one scale cuts the latent severity of one event: from `points[g - 1]` on the grade is at least g."""

    event: str
    scale: str
    points: tuple[float, ...]


def grade_from_latent(severity: ArrayLike, cut_points: Sequence[CutPoints]) -> Mapping[str, Grades]:
    """The grade of one latent severity on each scale, by scale name. Infinite points are grades never given."""
    latent = np.asarray(severity, dtype=np.float64)
    return {cuts.scale: np.searchsorted(cuts.points, latent, side="right").astype(np.int8) for cuts in cut_points}


def cut_points_for_shares(event: str, scale: str, severity: ArrayLike, at_or_above: Sequence[float]) -> CutPoints:
    """The points at which published shares of patients, grade 1 and up (falling), lie at or above each grade.

    Used once, in calibration; the points are then frozen in the disease's table. A share of 0 gives an infinite point.
    """
    shares = np.asarray(at_or_above, dtype=np.float64)
    if np.any(np.diff(shares) > 0) or np.any((shares < 0) | (shares > 1)):
        raise InputError(
            "shares at or above a grade must fall", place=f"{event} {scale}", value=list(at_or_above), remedy="start at grade 1"
        )
    points = np.quantile(np.asarray(severity, dtype=np.float64), 1 - shares)
    return CutPoints(event, scale, tuple(np.where(shares > 0, points, np.inf).tolist()))


def read_cut_points(path: Path) -> tuple[CutPoints, ...]:
    """Cut points of a table with columns event, scale, grade, cut, evidence, source; grades count from 1 without gaps."""
    found: dict[tuple[str, str], dict[int, float]] = {}
    for place, row in read_rows(path, CUT_COLUMNS):
        if row["scale"] not in SCALES.get(row["event"], ()):
            raise InputError("no such scale for this event", place=place, value=row["scale"], remedy=f"use one of {SCALES}")
        found.setdefault((row["event"], row["scale"]), {})[int(number(row, "grade", place))] = number(row, "cut", place)
    return tuple(_cut_points(path, event, scale, points) for (event, scale), points in found.items())


def _cut_points(path: Path, event: str, scale: str, points: Mapping[int, float]) -> CutPoints:
    grades = sorted(points)
    cuts = tuple(points[grade] for grade in grades)
    if grades != list(range(1, len(grades) + 1)) or any(low > high for low, high in pairwise(cuts)):
        raise InputError(
            "grades must count from 1 and cuts must rise", place=f"{path}, {event} {scale}", value=dict(points), remedy="mend the rows"
        )
    return CutPoints(event, scale, cuts)


def _with_death(grade: ArrayLike, death: ArrayLike) -> Grades:
    return np.where(np.asarray(death, dtype=bool), 5, np.asarray(grade)).astype(np.int8)


def _summed(items: Sequence[ArrayLike], most: Sequence[int], name: str) -> NDArray[np.float64]:
    """Items of a score added up; `InputError` for one outside its range."""
    values = np.broadcast_arrays(*(np.asarray(item, dtype=np.float64) for item in items))
    for place, (value, limit) in enumerate(zip(values, most, strict=True), start=1):
        if np.any((value < 0) | (value > limit)):
            raise InputError("an item lies outside its range", place=f"{name} item {place}", remedy=f"use 0 to {limit}")
    return np.sum(values, axis=0)
