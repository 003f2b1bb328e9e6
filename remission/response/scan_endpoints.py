"""Times to events of patients followed by scans: progression-free, event-free, relapse-free and overall survival, response duration.

In the patients: from a first day (`Definition.start`) until something happens that counts (`Definition.events`), or until nobody can
say any more (`Definition.censored`). All days count from time zero; the difference of two days is the time, so that a first day is 0.

Represented: an adequate assessment is a visit after the baseline that could be judged (overall response not NE). Whether a progression
counts after missed visits or under another therapy is decided once, in `progression.py`, by rule set; `dor`, `rfs` and `efs` follow it.
Leukemia comes back in the blood, between visits that grow rarer, so there a relapse counts whenever it is seen, under both rule sets.
Left out: causes of death, surgery, second primary tumors, interval censoring between visits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remission.response.arrays import Flags, Floats
from remission.response.choices import read_choices
from remission.response.judged import Best, Judged, Response
from remission.response.progression import End, ProgressionFree, progression_free
from remission.response.scans import Kind, Scans, Status

CHOICES = read_choices(Path(__file__).with_name("endpoints.options.csv"))
LEUKEMIA = "leukemia"
_WORDS = np.array([end.text for end in End], dtype=object)


@dataclass(frozen=True)
class Definition:
    """An endpoint in words: where its clock starts, what ends it, and what stops the watching."""

    title: str
    start: str
    events: str
    censored: str


_BY_RULE_SET = "last adequate assessment; fda: also before new therapy or two missed visits"
DEFINITIONS: Mapping[str, Definition] = {
    "pfs": Definition("Progression-free survival", "time zero", "progression, death", _BY_RULE_SET),
    "ttp": Definition("Time to progression", "time zero", "progression", f"{_BY_RULE_SET}; death (option ttp_death)"),
    "dor": Definition("Duration of response", "first response (option confirmed)", "progression, death", _BY_RULE_SET),
    "os": Definition("Overall survival", "time zero", "death", "last contact, else last visit"),
    "efs": Definition(
        "Event-free survival",
        "time zero",
        "progression or relapse, death; leukemia: no remission by a day (option efs_response_by)",
        f"{_BY_RULE_SET}; new therapy is an event by option efs_new_therapy",
    ),
    "rfs": Definition(
        "Relapse-free survival", "first complete response; leukemia: first remission", "progression or relapse, death", _BY_RULE_SET
    ),
}


@dataclass(frozen=True)
class Rows:
    """One endpoint's rows: those who have a first day. `index` points to patients; `start` in days from time zero, `end` codes of `End`."""

    index: NDArray[np.int64]
    start: Floats
    days: Floats
    event: Flags
    end: NDArray[np.int8]

    @property
    def reason(self) -> NDArray[Any]:
        """Why each row ends, in words: progression, death, last assessment, new therapy, missed visits, no assessment, no baseline, ..."""
        return _WORDS[self.end]


def endpoints_of(
    scans: Scans, judged: Judged, best: Best, options: Mapping[str, Any] | None = None, criterion_name: str = ""
) -> Mapping[str, Rows]:
    """Rows of every endpoint in `DEFINITIONS`; `options` may hold other options beside those of `CHOICES`."""
    given = options or {}
    chosen = {name: given.get(name, choice.default) for name, choice in CHOICES.items()}
    leukemia = criterion_name == LEUKEMIA
    if leukemia:
        chosen["missed_visits"] = 0.0
    held, progression = adequate_days(scans, judged), best.progression_day
    blind = without_baseline(scans) & (not leukemia and chosen["censoring"] == "fda")
    if blind.any():
        held, progression = np.where(blind[:, None], np.nan, held), np.where(blind, np.nan, progression)
    free = _free(scans, progression, held, chosen)
    responded = best.confirmed_response_day if chosen["confirmed"] else best.response_day
    rows = {
        "pfs": _from_time_zero(free),
        "ttp": _from_time_zero(_to_progression(free, held, chosen)),
        "dor": _from_day(free, responded),
        "os": _from_time_zero(_alive(scans)),
        "efs": _from_time_zero(_event_free(scans, best, progression, held, chosen, free, leukemia)),
        "rfs": _from_day(free, best.response_day if leukemia else best.complete_day),
    }
    return {name: _worded(one, blind, leukemia) for name, one in rows.items()}


def adequate_days(scans: Scans, judged: Judged) -> Floats:
    """Days of the adequate assessments [M, V], NaN elsewhere: visits after the baseline whose overall response is not NE.

    A criterion that looks adequately without judging (blood counts between marrows) says so in `judged.numbers["adequate"]`.
    """
    adequate = judged.numbers.get("adequate")
    judgeable = (judged.overall != Response.NE) & (judged.overall != Response.NONE) if adequate is None else adequate > 0
    return np.where(scans.later & judgeable, scans.day, np.nan)


def without_baseline(scans: Scans) -> Flags:
    """Who has lesions of which none could be seen at the baseline [M]: nothing later can be compared with it."""
    first = np.maximum(scans.baseline, 0)[:, None, None]
    seen = np.take_along_axis(scans.status, first, axis=1)[:, 0] > Status.NOT_EVALUABLE
    followed = (scans.kind >= Kind.TARGET) & (scans.kind < Kind.NEW)
    return np.asarray(followed.any(axis=1) & ~(seen & followed).any(axis=1))


def _worded(rows: Rows, blind: Flags, leukemia: bool) -> Rows:
    """Ends by the name they have here: leukemia relapses, and without a baseline nothing could be assessed."""
    end = np.where(rows.end == End.PROGRESSION, np.int8(End.RELAPSE), rows.end) if leukemia else rows.end
    return replace(rows, end=np.where(blind[rows.index] & (end == End.NO_ASSESSMENT), np.int8(End.NO_BASELINE), end))


def _free(scans: Scans, progression: Floats, held: Floats, chosen: Mapping[str, Any]) -> ProgressionFree:
    return progression_free(
        held,
        progression,
        scans.patients.death,
        new_therapy_day=scans.patients.new_therapy,
        rule=chosen["censoring"],
        visit_interval=chosen["visit_interval"],
        missed_visits=chosen["missed_visits"],
        visit_window=chosen["visit_window"],
    )


def _to_progression(free: ProgressionFree, held: Floats, chosen: Mapping[str, Any]) -> ProgressionFree:
    """Progression alone; a death that would have counted censors at death, or at the last assessment before it."""
    died = np.flatnonzero(free.event & (free.end == End.DEATH))
    days, event = free.days.copy(), free.event.copy()
    event[died] = False
    if chosen["ttp_death"] == "assessment":
        days[died] = np.where(held[died] < days[died, None], held[died], 0.0).max(axis=1, initial=0.0)
    return ProgressionFree(days, event, free.end)


def _alive(scans: Scans) -> ProgressionFree:
    """Overall survival: death, else the last day the patient was known to live."""
    people = scans.patients
    visit = np.where(scans.held, scans.day, -np.inf).max(axis=1, initial=-np.inf)
    died, told = np.isfinite(people.death), np.isfinite(people.last_contact)
    last = np.where(told, people.last_contact, visit)
    end = np.select([died, told, np.isfinite(visit)], [End.DEATH, End.LAST_CONTACT, End.LAST_VISIT], End.NO_ASSESSMENT)
    return ProgressionFree(np.maximum(np.where(died, people.death, last), 0.0), died, end.astype(np.int8))


def _event_free(
    scans: Scans, best: Best, progression: Floats, held: Floats, chosen: Mapping[str, Any], free: ProgressionFree, leukemia: bool
) -> ProgressionFree:
    """Progression-free survival with what else counts as a failure of treatment."""
    days, event, end = free.days, free.event, free.end
    if chosen["efs_new_therapy"]:
        therapy = scans.patients.new_therapy
        first = np.fmin(progression, scans.patients.death)
        switched = np.isfinite(therapy) & ~(first <= therapy)
        days, event, end = np.where(switched, np.maximum(therapy, 0.0), days), event | switched, np.where(switched, End.NEW_THERAPY, end)
    by = chosen["efs_response_by"]
    if leukemia and by > 0:
        looked = np.where(held >= by - chosen["visit_window"], held, np.inf).min(axis=1, initial=np.inf)
        ended = event & (days <= by)
        failed = ~(best.response_day <= by) & np.isfinite(looked) & ~ended
        when = np.zeros_like(days) if chosen["efs_failure_day"] == "time_zero" else looked
        days, event, end = np.where(failed, when, days), event | failed, np.where(failed, End.NO_RESPONSE, end)
    return ProgressionFree(days, event, end.astype(np.int8))


def _from_time_zero(free: ProgressionFree) -> Rows:
    patients = free.days.size
    return Rows(np.arange(patients), np.zeros(patients), np.maximum(free.days, 0.0), free.event, free.end)


def _from_day(free: ProgressionFree, start: Floats) -> Rows:
    """Rows of those who have a first day; a watching that ended before it lasts 0 days."""
    index = np.flatnonzero(np.isfinite(start))
    first = start[index]
    return Rows(index, first, np.maximum(free.days[index] - first, 0.0), free.event[index], free.end[index])
