"""Laboratory values, QTc interval and fever by the grades of CTCAE v5.0.

In the patient: how far a value lies outside normal, from grade 1 to 4. Some values are read against the patient's own baseline when that
was abnormal already (liver tests as multiples of it), some are worse when the patient feels them (lipase, potassium).

Represented: `laboratory.csv` holds one row per term. A value on a limit takes the milder grade: neutrophils of 0.5 are grade 3. Direction
`from` gives grade 1 to a value on its first limit too (38.0 degC). `abnormal_baseline` says how grade 1 begins as a multiple of an
abnormal baseline, the higher limits being the same multiples; `worse` adds multiples from grade 2 on to the limits of normal.
Left out: grades that rest on treatment or consequences alone (anemia 4, hospitalization), ionized calcium.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remission.errors import InputError, nearest
from remission.response.rules import TOLERANCE, Rule, number, read_rows, read_rules

Grades = NDArray[np.int8]
COLUMNS = (
    "term",
    "direction",
    "grade_1",
    "grade_2",
    "grade_3",
    "grade_4",
    "abnormal_baseline",
    "unit",
    "normal",
    "source",
    "meaning",
)
WITH_SYMPTOMS = "_with_symptoms"
RULES: Mapping[str, Rule] = read_rules(Path(__file__).with_suffix(".rules.csv"))
"""Thresholds that are no limit of one term: febrile neutropenia, Hy's law, durations."""


@dataclass(frozen=True)
class AbnormalBaseline:
    """How a term is graded when the baseline was abnormal: from (or above) a multiple of it, or also by some multiples (`worse`)."""

    way: str
    multiples: tuple[float, ...]


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
    by_normal: tuple[int, ...] = ()
    """Grades whose limit is the limit of normal."""
    abnormal_baseline: AbnormalBaseline | None = None


def read_laboratory_scales(path: Path) -> Mapping[str, LaboratoryScale]:
    """The terms of a table like `laboratory.csv`; an empty grade 1, or the word normal, is the limit of normal."""
    scales = {}
    for place, row in read_rows(path, COLUMNS):
        normal = number(row, "normal", place)
        by_normal = tuple(grade for grade in range(1, 5) if row[f"grade_{grade}"] == "normal" or (grade == 1 and not row["grade_1"]))
        limits = [
            normal if grade in by_normal else number(row, f"grade_{grade}", place) if row[f"grade_{grade}"] else np.nan
            for grade in range(1, 5)
        ]
        way, *multiples = row["abnormal_baseline"].split() or [""]
        baseline = AbnormalBaseline(way, tuple(float(one) for one in multiples)) if way else None
        scales[row["term"]] = LaboratoryScale(
            row["term"], row["direction"], tuple(limits), row["unit"], normal, row["source"], by_normal, baseline
        )
    return scales


LABORATORY = read_laboratory_scales(Path(__file__).with_suffix(".csv"))


def grade_ctcae(
    term: str,
    value: ArrayLike,
    normal: ArrayLike | None = None,
    baseline: ArrayLike | None = None,
    symptoms: ArrayLike | None = None,
) -> Grades:
    """CTCAE v5 grade of a laboratory value in the unit of the table; NaN is grade 0.

    A value on a limit takes the milder grade (neutrophils of 0.5 are grade 3). `normal` is the laboratory's own limit of normal, for
    terms that have it as a limit. `baseline`, in the same unit, is read where it was abnormal (liver tests, INR under anticoagulation) or
    always (creatinine). `symptoms` (true and false) for lipase and potassium.
    """
    if term not in LABORATORY:
        raise InputError(
            f"the laboratory term is unknown{nearest(term, LABORATORY)}", place="term", value=term, remedy="see laboratory.csv"
        )
    scale = LABORATORY[term]
    read = np.asarray(value, dtype=np.float64)
    grade = _grade(scale, read, normal)
    if baseline is not None and scale.abnormal_baseline is not None:
        grade = _against_baseline(scale, scale.abnormal_baseline, read, np.asarray(baseline, dtype=np.float64), grade)
    felt = LABORATORY.get(term + WITH_SYMPTOMS)
    if symptoms is not None and felt is not None:
        grade = np.where(np.asarray(symptoms, dtype=bool), _grade(felt, read, normal), grade)
    return np.asarray(grade, dtype=np.int8)


def grade_qtc(qtc: ArrayLike, baseline: ArrayLike = np.nan, torsade: ArrayLike = False) -> Grades:
    """Grade of the QTc interval, ms: 3 also when it is more than 60 ms longer than at the baseline; 4 is torsade de pointes or the like."""
    read = np.asarray(qtc, dtype=np.float64)
    longer = read - np.asarray(baseline, dtype=np.float64) > RULES["qtc_change"].value + TOLERANCE
    grade = np.maximum(grade_ctcae("qtc_interval", read), np.where(longer, 3, 0))
    return np.where(np.asarray(torsade, dtype=bool), 4, grade).astype(np.int8)


def grade_fever(temperature: ArrayLike, hours: ArrayLike = 0.0) -> Grades:
    """Grade of fever, degC: over 40.0 it is 3, and 4 after more than 24 hours of it."""
    grade = grade_ctcae("fever", temperature)
    lasting = np.asarray(hours, dtype=np.float64) > RULES["long_fever"].value + TOLERANCE
    return np.where((grade == 3) & lasting, 4, grade).astype(np.int8)


def grade_febrile_neutropenia(
    neutrophils: ArrayLike,
    temperature: ArrayLike,
    hours: ArrayLike = 0.0,
    life_threatening: ArrayLike = False,
    death: ArrayLike = False,
) -> Grades:
    """Febrile neutropenia, grade 3, 4 when life-threatening, 5 on death; 0 when it is none.

    `temperature`: the highest one, degC; `hours`: how long it was 38.0 or more. Needs neutrophils under 1.0 and either more than 38.3
    once or 38.0 and more for longer than an hour.
    """
    warm = np.asarray(temperature, dtype=np.float64)
    lasting = np.asarray(hours, dtype=np.float64) > RULES["febrile_hours"].value + TOLERANCE
    plateau = (warm >= RULES["febrile_plateau"].value - TOLERANCE) & lasting
    fever = (warm > RULES["febrile_peak"].value + TOLERANCE) | plateau
    present = fever & (np.asarray(neutrophils, dtype=np.float64) < RULES["febrile_neutrophils"].value - TOLERANCE)
    grade = np.where(np.asarray(death, dtype=bool), 5, np.where(np.asarray(life_threatening, dtype=bool), 4, 3))
    return np.where(present, grade, 0).astype(np.int8)


def meets_hys_law(
    alanine_aminotransferase: ArrayLike, aspartate_aminotransferase: ArrayLike, bilirubin: ArrayLike, alkaline_phosphatase: ArrayLike
) -> NDArray[np.bool_]:
    """Whether liver tests of one time, as multiples of the upper limit of normal, meet the laboratory part of Hy's law.

    An aminotransferase of 3 or more with bilirubin over 2 and no cholestasis (alkaline phosphatase at most 2). A value not measured
    neither proves injury nor cholestasis. Other causes must still be excluded by a person.
    """
    highest = np.fmax(np.asarray(alanine_aminotransferase, dtype=np.float64), np.asarray(aspartate_aminotransferase, dtype=np.float64))
    injured = highest >= RULES["hys_aminotransferase"].value * (1 - TOLERANCE)
    yellow = np.asarray(bilirubin, dtype=np.float64) > RULES["hys_bilirubin"].value * (1 + TOLERANCE)
    blocked = np.asarray(alkaline_phosphatase, dtype=np.float64) > RULES["hys_alkaline_phosphatase"].value * (1 + TOLERANCE)
    return np.asarray(injured & yellow & ~blocked)


def corrected_calcium(calcium: ArrayLike, albumin: ArrayLike) -> NDArray[np.float64]:
    """Calcium (mg/dL) as it would be with normal albumin (g/dL)."""
    missing = RULES["normal_albumin"].value - np.asarray(albumin, dtype=np.float64)
    return np.asarray(calcium, dtype=np.float64) + RULES["calcium_per_albumin"].value * missing


def _grade(scale: LaboratoryScale, read: NDArray[np.float64], normal: ArrayLike | None) -> Grades:
    """The number of limits a value has passed."""
    limits: list[ArrayLike] = list(scale.limits)
    if normal is not None and scale.by_normal:
        own = np.asarray(normal, dtype=np.float64)
        others = [limit for grade, limit in enumerate(scale.limits, start=1) if grade not in scale.by_normal]
        bound = np.maximum(own, np.nanmax(others)) if scale.direction == "below" else np.minimum(own, np.nanmin(others))
        limits = [bound if grade in scale.by_normal else limit for grade, limit in enumerate(limits, start=1)]
    passed = [_passed(scale.direction, grade, read, np.asarray(limit)) for grade, limit in enumerate(limits, start=1)]
    return np.asarray(np.sum(np.broadcast_arrays(*passed), axis=0, dtype=np.int8))


def _passed(direction: str, grade: int, read: NDArray[np.float64], limit: NDArray[np.float64]) -> NDArray[np.bool_]:
    if direction == "below":
        return np.asarray(read < limit * (1 - TOLERANCE))
    if direction == "from" and grade == 1:
        return np.asarray(read >= limit * (1 - TOLERANCE))
    return np.asarray(read > limit * (1 + TOLERANCE))


def _against_baseline(
    scale: LaboratoryScale, rule: AbnormalBaseline, read: NDArray[np.float64], baseline: NDArray[np.float64], grade: Grades
) -> Grades:
    """The grade as a multiple of the baseline: instead of the one by the limit of normal where the baseline was abnormal, or the worse."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = read / baseline
    if rule.way == "worse":
        by_ratio = [np.where(ratio > multiple * (1 + TOLERANCE), step, 0) for step, multiple in enumerate(rule.multiples, start=2)]
        return np.maximum(grade, np.maximum.reduce(by_ratio)).astype(np.int8)
    first = ratio >= rule.multiples[0] * (1 - TOLERANCE) if rule.way == "from" else ratio > rule.multiples[0] * (1 + TOLERANCE)
    passed = [first, *(ratio > limit * (1 + TOLERANCE) for limit in scale.limits[1:])]
    abnormal = baseline > scale.normal * (1 + TOLERANCE)
    return np.where(abnormal, np.sum(passed, axis=0), grade).astype(np.int8)
