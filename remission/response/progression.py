"""Progression-free survival when visits are missed: which progressions count.

In the patients: a progression seen after two missed scans may have happened long before, so some rules censor it. `conservative` (F1, as
in the example sensitivity analysis of the FDA guidance on clinical trial endpoints) keeps only what was documented in time; `inclusive`
(F2, the EMA's view) counts every progression and death.

F1: without an adequate assessment censor at time zero unless death comes first; without progression censor at the last adequate
assessment; progression or death after two or more missed visits censors at the last adequate assessment before them; new therapy before
progression censors at the last assessment before it. The details of F1 are from memory, unconfirmed.
Left out: withdrawal for toxicity as an event of its own, clinical progression without a scan.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remission.errors import InputError

Floats = NDArray[np.float64]
RULES = ("conservative", "inclusive")
MISSED_VISITS = 2
"""Missed visits in a row from which an event is no longer documented in time."""
VISIT_WINDOW = 7.0
"""Days either side of a planned visit; a visit is missed when its window has closed."""


class End(IntEnum):
    """Why a row of progression-free survival ends."""

    PROGRESSION = 0
    DEATH = 1
    LAST_ASSESSMENT = 2
    NEW_THERAPY = 3
    MISSED_VISITS = 4
    NO_ASSESSMENT = 5

    @property
    def text(self) -> str:
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True)
class ProgressionFree:
    """Days from time zero, event, and an `End` code per patient."""

    days: Floats
    event: NDArray[np.bool_]
    end: NDArray[np.int8]


def progression_free(
    assessment_days: ArrayLike,
    progression_day: ArrayLike,
    death_day: ArrayLike,
    planned_days: ArrayLike,
    *,
    new_therapy_day: ArrayLike = np.nan,
    rule: str = "conservative",
) -> ProgressionFree:
    """Progression-free survival by rule set; all days count from time zero.

    `assessment_days` [patients, visits] are adequate assessments held after time zero (NaN: none), `planned_days` [visits] the schedule,
    the others [patients] with NaN for what did not happen (an unseen death is NaN). Progression is dated to the first scan showing it.
    """
    if rule not in RULES:
        raise InputError("the rule set is unknown", place="rule", value=rule, remedy=f"use {' or '.join(RULES)}")
    held = np.atleast_2d(np.asarray(assessment_days, dtype=np.float64))
    progression, death, therapy = (_days(day, held.shape[0]) for day in (progression_day, death_day, new_therapy_day))
    event_day = np.minimum(progression, death)
    happened = np.isfinite(event_day)
    kind = np.where(happened, np.where(progression <= death, End.PROGRESSION, End.DEATH), End.LAST_ASSESSMENT)
    if rule == "inclusive":
        last = _last_before(held, np.full(held.shape[0], np.inf))
        kind = np.where(~happened & (last == 0), End.NO_ASSESSMENT, kind)
        return ProgressionFree(np.where(happened, event_day, last), happened, kind.astype(np.int8))
    return _conservative(held, event_day, kind, therapy, np.sort(np.asarray(planned_days, dtype=np.float64)))


def _conservative(held: Floats, event_day: Floats, kind: NDArray[np.int64], therapy: Floats, planned: Floats) -> ProgressionFree:
    happened = np.isfinite(event_day)
    treated = therapy < event_day
    last = _last_before(held, np.where(treated, np.nextafter(therapy, np.inf), event_day))
    missed = happened & ~treated & (_missed(planned, last, event_day) >= MISSED_VISITS)
    event = happened & ~treated & ~missed
    end = np.select([event, treated, missed], [kind, End.NEW_THERAPY, End.MISSED_VISITS], End.LAST_ASSESSMENT)
    end = np.where(~event & (last == 0), End.NO_ASSESSMENT, end)
    return ProgressionFree(np.where(event, event_day, last), event, end.astype(np.int8))


def _missed(planned: Floats, last: Floats, event_day: Floats) -> NDArray[np.int64]:
    """Planned visits after the last assessment whose window closed before the event."""
    closed = np.searchsorted(planned, np.where(np.isfinite(event_day), event_day, 0.0) - VISIT_WINDOW, side="left")
    return np.maximum(closed - np.searchsorted(planned, last + VISIT_WINDOW, side="right"), 0)


def _last_before(held: Floats, day: Floats) -> Floats:
    """The last assessment before a day, 0 (time zero) where there is none."""
    return np.where(held < day[:, None], np.nan_to_num(held), 0.0).max(axis=1, initial=0.0)


def _days(day: ArrayLike, patients: int) -> Floats:
    given = np.asarray(day, dtype=np.float64)
    return np.broadcast_to(np.where(np.isnan(given), np.inf, given), (patients,))
