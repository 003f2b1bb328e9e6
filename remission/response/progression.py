"""Progression-free survival when visits are missed or another therapy begins: which progressions count, and on which day the rest end.

In the patients: a progression seen after two missed scans may have happened long before, and one under another drug says nothing of the
first, so some rules end the watching earlier. `fda` (F1, as in the example sensitivity analysis of the FDA guidance on clinical trial
endpoints) keeps only what was documented in time; `ema` (F2, the EMA's view) counts every progression and death.

| | fda | ema |
|---|---|---|
| progression, at most one visit missed before it | event, first scan showing it | the same |
| death before progression, at most one visit missed | event | the same |
| progression or death after two missed visits | censored, last adequate assessment before them | event |
| new therapy before progression or death | censored, last adequate assessment up to it | ignored |
| neither | censored, last adequate assessment | the same |
| no baseline or no adequate assessment | censored at time zero, unless death comes before two missed visits | time zero, unless an event |

Sources: first scan showing progression, and deaths after two or more missed visits, are as in appendix 3, table A, of the FDA guidance
(2007, retrieved); censoring at the last assessment without an event before missed visits or another therapy is how FDA statisticians sum
up the guidance of 2018 (roundtable 22 of the ASA Biopharmaceutical Section workshop, 2022, retrieved). From memory, unconfirmed: two
missed visits for progressions as for deaths, time zero where nobody could be assessed, and that the EMA counts every event.

Represented: a visit is missed when the window around its planned day has closed without an adequate assessment. Planned days are those of
the schedule, or go on from the last adequate assessment at the patient's own pace.
Left out: withdrawal for toxicity as an event of its own, clinical progression without a scan.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remission.errors import InputError
from remission.response.arrays import Flags, Floats

RULE_SETS = ("fda", "ema")
MISSED_VISITS = 2
"""Missed visits in a row from which an event is no longer documented in time."""
VISIT_WINDOW = 7.0
"""Days either side of a planned visit; a visit is missed when its window has closed."""
UNKNOWN_INTERVAL = 56.0
"""Days between visits of a patient who had none to learn it from: eight weeks."""
SHORTEST_INTERVAL, LONGEST_INTERVAL = 28.0, 168.0
UNEVEN_INTERVAL = 84.0
"""Least days between planned visits of a patient whose visits follow no schedule that can be seen: twelve weeks, the longest usual one."""


class End(IntEnum):
    """Why a row of a time to an event ends."""

    PROGRESSION = 0
    DEATH = 1
    LAST_ASSESSMENT = 2
    NEW_THERAPY = 3
    MISSED_VISITS = 4
    NO_ASSESSMENT = 5
    NO_RESPONSE = 6
    LAST_CONTACT = 7
    LAST_VISIT = 8
    RELAPSE = 9
    NO_BASELINE = 10

    @property
    def text(self) -> str:
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True)
class ProgressionFree:
    """Days from time zero, event, and an `End` code per patient."""

    days: Floats
    event: Flags
    end: NDArray[np.int8]


def progression_free(
    assessment_days: ArrayLike,
    progression_day: ArrayLike,
    death_day: ArrayLike,
    planned_days: ArrayLike | None = None,
    *,
    new_therapy_day: ArrayLike = np.nan,
    rule: str = "fda",
    visit_interval: float = 0.0,
    missed_visits: float = MISSED_VISITS,
    visit_window: float = VISIT_WINDOW,
) -> ProgressionFree:
    """Progression-free survival by rule set; all days count from time zero.

    `assessment_days` [patients, visits] are adequate assessments held after the baseline, ascending (NaN: none), the others [patients]
    with NaN for what did not happen (an unseen death is NaN). Progression is dated to the first scan showing it. `planned_days` [visits]
    is the schedule; without it, visits are planned every `visit_interval` days, 0 for the patient's own interval (`interval_of`).
    """
    if rule not in RULE_SETS:
        raise InputError("the rule set is unknown", place="rule", value=rule, remedy=f"use {' or '.join(RULE_SETS)}")
    held = np.atleast_2d(np.asarray(assessment_days, dtype=np.float64))
    progression, death, therapy = (_days(day, held.shape[0]) for day in (progression_day, death_day, new_therapy_day))
    event_day = np.minimum(progression, death)
    happened = np.isfinite(event_day)
    treated = (therapy < event_day) & (rule == "fda")
    watched = held < event_day[:, None]
    watched &= ~treated[:, None] | (held <= therapy[:, None])
    last = np.where(watched, held, 0.0).max(axis=1, initial=0.0)
    missed = happened & ~treated & (rule == "fda") & (missed_visits > 0) & (event_day - last > visit_window)
    late = np.flatnonzero(missed)
    between = last[late], event_day[late], visit_window
    if planned_days is None:
        count = _missed_at_pace(interval_of(held[late], watched[late], visit_interval), *between)
    else:
        count = _missed_of_schedule(np.sort(np.asarray(planned_days, dtype=np.float64)), *between)
    missed[late] = count >= missed_visits
    event = happened & ~treated & ~missed
    kind = np.where(progression <= death, End.PROGRESSION, End.DEATH)
    unseen = ~watched.any(axis=1)
    end = np.select([event, treated, unseen, missed], [kind, End.NEW_THERAPY, End.NO_ASSESSMENT, End.MISSED_VISITS], End.LAST_ASSESSMENT)
    return ProgressionFree(np.where(event, event_day, last), event, end.astype(np.int8))


def interval_of(held: Floats, watched: Flags, visit_interval: float = 0.0) -> Floats:
    """Days between planned visits [M]: the one given, else read from the patient's own visits, time zero and the assessments watched.

    Even visits (no interval longer than another by more than the window on both sides) give their median. Uneven ones (a scan to confirm,
    a changed schedule, missed visits) are no schedule; their median is taken, but at least twelve weeks. Kept between four weeks and half a
    year; eight weeks where there was no assessment.
    """
    patients, visits = held.shape
    if visit_interval > 0 or not visits:
        return np.full(patients, visit_interval or UNKNOWN_INTERVAL)
    reached = np.maximum.accumulate(np.where(watched, np.maximum(held, 0.0), 0.0), axis=1)
    gaps = np.diff(reached, axis=1, prepend=0.0)
    gaps[gaps <= 0] = np.inf
    gaps.sort(axis=1)
    known = np.isfinite(gaps).sum(axis=1)
    rows, middle = np.arange(patients), np.maximum(known - 1, 0)
    median = (gaps[rows, middle // 2] + gaps[rows, np.minimum((middle + 1) // 2, visits - 1)]) / 2
    longest = np.where(known > 0, gaps[rows, middle], 0.0)
    even = longest <= gaps[:, 0] + 2 * VISIT_WINDOW
    interval = np.where(even, median, np.maximum(median, UNEVEN_INTERVAL))
    return np.where(known > 0, np.clip(interval, SHORTEST_INTERVAL, LONGEST_INTERVAL), UNKNOWN_INTERVAL)


def _missed_at_pace(interval: Floats, last: Floats, event_day: Floats, window: float) -> Floats:
    """Visits planned every interval after the last assessment whose window closed before the event."""
    return np.maximum(np.ceil((event_day - window - last) / interval) - 1, 0)


def _missed_of_schedule(planned: Floats, last: Floats, event_day: Floats, window: float) -> NDArray[np.int64]:
    """Visits of the schedule after the last assessment whose window closed before the event."""
    closed = np.searchsorted(planned, event_day - window, side="left")
    return np.maximum(closed - np.searchsorted(planned, last + window, side="right"), 0)


def _days(day: ArrayLike, patients: int) -> Floats:
    given = np.asarray(day, dtype=np.float64)
    return np.broadcast_to(np.where(np.isnan(given), np.inf, given), (patients,))
