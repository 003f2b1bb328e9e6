"""Grades of harm: cytokine release, neurotoxicity and laboratory values.

In the patient: how bad a side effect is, on the scale a trial used. One cytokine release is read differently by ASTCT, Lee and Penn,
so severity is kept as one latent number and each scale cuts it at its own points. Grades run from 0 (none) to 5 (death).

Represented: the ASTCT grids (Lee 2019, doi:10.1016/j.bbmt.2018.12.758), CTCAE v5 laboratory rows of `toxicity.csv`, and cut points.
Left out: the grids of Lee 2014 and Penn themselves, multiples of an abnormal baseline, and grades that rest on symptoms alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remission.errors import InputError, nearest
from remission.response.rules import TOLERANCE, number, read_rows

Grades = NDArray[np.int8]
ADULT_AGE = 12.0
"""Years from which the ICE score replaces the CAPD."""
DELIRIUM = 9.0
"""CAPD score from which a child is delirious (grade 3)."""
SCALES = {"crs": ("astct", "lee", "penn"), "neurotoxicity": ("astct", "ctcae")}
"""Scales by event. Lee and Penn grade cytokine release only; ICANS is the ASTCT scale of neurotoxicity."""


LABORATORY_COLUMNS = ("term", "direction", "grade_1", "grade_2", "grade_3", "grade_4", "unit", "normal", "source", "meaning")
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


@dataclass(frozen=True)
class LaboratoryScale:
    """Limits of one laboratory term; a missing limit is a grade the laboratory cannot give."""

    term: str
    direction: str
    limits: tuple[float, ...]
    """From grade 1 to grade 4; NaN where there is none."""
    unit: str
    normal: float
    source: str


def read_laboratory_scales(path: Path) -> Mapping[str, LaboratoryScale]:
    """The terms of a table like `toxicity.csv`; an empty grade 1 is the limit of normal."""
    scales = {}
    for place, row in read_rows(path, LABORATORY_COLUMNS):
        limits = [number(row, f"grade_{grade}", place) if row[f"grade_{grade}"] else np.nan for grade in range(1, 5)]
        normal = number(row, "normal", place)
        first = normal if np.isnan(limits[0]) else limits[0]
        scales[row["term"]] = LaboratoryScale(row["term"], row["direction"], (first, *limits[1:]), row["unit"], normal, row["source"])
    return scales


LABORATORY = read_laboratory_scales(Path(__file__).with_suffix(".csv"))


def grade_ctcae(term: str, value: ArrayLike, normal: ArrayLike | None = None) -> Grades:
    """CTCAE v5 grade of a laboratory value in the unit of the table; NaN is grade 0.

    A value on a limit takes the milder grade (neutrophils of 0.5 are grade 3). `normal` is the laboratory's own limit of normal, for
    terms that fall below it.
    """
    if term not in LABORATORY:
        raise InputError(f"the laboratory term is unknown{nearest(term, LABORATORY)}", place="term", value=term, remedy="see toxicity.csv")
    scale = LABORATORY[term]
    read = np.asarray(value, dtype=np.float64)
    limits: list[ArrayLike] = list(scale.limits)
    if normal is not None and scale.direction == "below":
        limits[0] = np.maximum(np.asarray(normal, dtype=np.float64), np.nanmax(scale.limits[1:]))
    if scale.direction == "below":
        passed = [read < np.asarray(limit) * (1 - TOLERANCE) for limit in limits]
    else:
        passed = [read > np.asarray(limit) * (1 + TOLERANCE) for limit in limits]
    return np.asarray(np.sum(np.broadcast_arrays(*passed), axis=0, dtype=np.int8))


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
