"""Times to an event in leukemia: duration of response, relapse-free, event-free and overall survival.

In the patients: how long something lasts, who left observation first, and why. Each endpoint says where its clock starts, what ends it
and what stops the watching. Per-patient records (a day for everything that happened, NaN for what did not) become rows of days, event
and reason, the time-to-event table of a trial.

The keys `dor`, `rfs` and `efs` censor at transplant in remission, their `*_with_transplant` twins do not, `os` never does; `*_itt` twins
start at enrollment. Progression-free survival by scan schedules is `progression.py`.
Left out: interval censoring between visits, recurrent events.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from remission.errors import InputError, nearest
from remission.response.arrays import Codes, Floats
from remission.response.records import Records


class Reason(IntEnum):
    """Why a row ends; up to `NEVER_INFUSED` they are events of some endpoint."""

    RELAPSE = 0
    LEUKEMIA_DEATH = 1
    OTHER_DEATH = 2
    NO_RESPONSE = 3
    NEVER_INFUSED = 4
    TRANSPLANT = 5
    NEW_THERAPY = 6
    END_OF_FOLLOW_UP = 7

    @property
    def text(self) -> str:
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True)
class Endpoint:
    """Where the clock of an endpoint starts, which events end it, and whether transplant in remission censors."""

    start: str
    events: tuple[Reason, ...]
    censor_at_transplant: bool
    """Also whether a new therapy in remission censors (see `Options`)."""
    disease: bool = True
    """Whether follow-up ends at the last look at the disease (or, for survival, at the last contact)."""


_DEATHS = (Reason.LEUKEMIA_DEATH, Reason.OTHER_DEATH)
_FAILURES = (Reason.RELAPSE, *_DEATHS, Reason.NO_RESPONSE)
ENDPOINTS: Mapping[str, Endpoint] = {
    "dor": Endpoint("response_day", (Reason.RELAPSE, Reason.LEUKEMIA_DEATH), True),
    "dor_with_transplant": Endpoint("response_day", (Reason.RELAPSE, Reason.LEUKEMIA_DEATH), False),
    "rfs": Endpoint("response_day", (Reason.RELAPSE, *_DEATHS), True),
    "rfs_with_transplant": Endpoint("response_day", (Reason.RELAPSE, *_DEATHS), False),
    "efs": Endpoint("infusion_day", _FAILURES, True),
    "efs_with_transplant": Endpoint("infusion_day", _FAILURES, False),
    "efs_itt": Endpoint("enrollment_day", (*_FAILURES, Reason.NEVER_INFUSED), True),
    "efs_itt_with_transplant": Endpoint("enrollment_day", (*_FAILURES, Reason.NEVER_INFUSED), False),
    "os": Endpoint("infusion_day", _DEATHS, False, disease=False),
    "os_itt": Endpoint("enrollment_day", _DEATHS, False, disease=False),
}


@dataclass(frozen=True)
class Options:
    """Choices a protocol must make, with their defaults.

    `no_response`: the day of treatment failure, `time_zero` (event-free survival of ELN 2022: day 1 or 0) or `assessment` (the visit
    that showed it). `censor_at_new_therapy`: whether another therapy in remission censors `dor`, `rfs` and `efs` and their twins
    (FDA censoring rules: at the new therapy; the default) or is ignored (treatment policy).
    """

    no_response: str = "time_zero"
    censor_at_new_therapy: bool = True

    def __post_init__(self) -> None:
        if self.no_response not in ("time_zero", "assessment"):
            raise InputError("no such day of failure", place="no_response", value=self.no_response, remedy="use time_zero or assessment")


@dataclass(frozen=True)
class TimeToEvent:
    """Rows of one endpoint: those who have a time zero. `index` points into the records."""

    param: str
    index: NDArray[np.int64]
    patient: NDArray[Any]
    arm: NDArray[Any]
    days: Floats
    event: NDArray[np.bool_]
    reason: Codes

    def table(self) -> pl.DataFrame:
        """Columns patient, arm, param, days, event (0 or 1) and reason in words."""
        words = np.array([reason.text for reason in Reason])
        return pl.DataFrame(
            {
                "patient": self.patient,
                "arm": self.arm,
                "param": np.full(self.days.size, self.param),
                "days": self.days,
                "event": self.event.astype(np.int8),
                "reason": words[self.reason],
            }
        )


def time_to_event(records: Records, param: str, options: Options | None = None) -> TimeToEvent:
    """The rows of one endpoint. An event on the day of censoring counts; days are differences, the first day is 0."""
    if param not in ENDPOINTS:
        raise InputError(
            f"the endpoint is unknown{nearest(param, ENDPOINTS)}", place="param", value=param, remedy=f"use {', '.join(ENDPOINTS)}"
        )
    endpoint, choices = ENDPOINTS[param], options or Options()
    start = getattr(records, endpoint.start)
    event_day, event_reason = _earliest(_event_days(records, endpoint, choices))
    censor_day, censor_reason = _earliest(_censor_days(records, endpoint, choices))

    index = np.flatnonzero(np.isfinite(start) & (start <= records.last_contact_day))
    event = (event_day <= censor_day) & np.isfinite(event_day)
    end = np.where(event, event_day, _followed_until(records, endpoint, censor_day))
    reason = np.where(event, event_reason, np.where(censor_day <= end, censor_reason, Reason.END_OF_FOLLOW_UP))
    days = np.maximum(end - start, 0.0)[index]
    return TimeToEvent(param, index, records.patient[index], records.arm[index], days, event[index], reason[index].astype(np.int8))


def time_to_event_table(records: Records, params: Sequence[str], options: Options | None = None) -> pl.DataFrame:
    """The rows of several endpoints under each other."""
    return pl.concat([time_to_event(records, param, options).table() for param in params])


def competing_causes(
    records: Records, rows: TimeToEvent, by_phenotype: bool = False, leukemia_death_is_relapse: bool = True
) -> NDArray[np.int64]:
    """Relapse and death in remission as competing causes of relapse-free rows: 0 censored, 1 relapse, 2 death in remission.

    `by_phenotype` numbers CD19-negative relapse 1, death 2 and every other relapse 3. A death from leukemia without a recorded relapse
    counts as relapse unless told otherwise. The result goes to `aalen_johansen(rows.days, causes)`.
    """
    relapse = rows.reason == Reason.RELAPSE
    death = rows.reason == Reason.OTHER_DEATH
    if leukemia_death_is_relapse:
        relapse = relapse | (rows.reason == Reason.LEUKEMIA_DEATH)
    else:
        death = death | (rows.reason == Reason.LEUKEMIA_DEATH)
    kind = np.where(relapse, 1, np.where(death, 2, 0))
    if by_phenotype:
        kind = np.where(relapse & (records.relapse_cd19_negative[rows.index] != 1), 3, kind)
    return np.where(rows.event, kind, 0).astype(np.int64)


def _event_days(records: Records, endpoint: Endpoint, options: Options) -> dict[Reason, Floats]:
    """Day of each event the endpoint counts and the trial saw, infinite where none."""
    start = getattr(records, endpoint.start)
    failed = (lambda day: np.where(np.isfinite(day), start, day)) if options.no_response == "time_zero" else (lambda day: day)
    days: Mapping[Reason, Callable[[], Floats]] = {
        Reason.RELAPSE: lambda: _seen(records, records.relapse_day),
        Reason.LEUKEMIA_DEATH: lambda: _deaths(records, records.death_from_leukemia),
        Reason.OTHER_DEATH: lambda: _deaths(records, ~records.death_from_leukemia),
        Reason.NO_RESPONSE: lambda: failed(_seen(records, records.no_response_day)),
        Reason.NEVER_INFUSED: lambda: failed(_seen(records, records.not_infused_day)),
    }
    return {reason: days[reason]() for reason in endpoint.events}


def _censor_days(records: Records, endpoint: Endpoint, options: Options) -> dict[Reason, Floats]:
    """Day of each thing that ends the watching before an event; deaths the endpoint does not count among them."""
    days = {reason: _deaths(records, mask) for reason, mask in _uncounted_deaths(records, endpoint)}
    if endpoint.disease and options.censor_at_new_therapy:
        days[Reason.NEW_THERAPY] = _in_remission(records, records.new_therapy_day)
    if endpoint.censor_at_transplant:
        days[Reason.TRANSPLANT] = _in_remission(records, records.transplant_day)
    return days or {Reason.END_OF_FOLLOW_UP: np.full(records.death_day.shape, np.inf)}


def _uncounted_deaths(records: Records, endpoint: Endpoint) -> list[tuple[Reason, NDArray[np.bool_]]]:
    masks = {Reason.LEUKEMIA_DEATH: records.death_from_leukemia, Reason.OTHER_DEATH: ~records.death_from_leukemia}
    return [(reason, mask) for reason, mask in masks.items() if reason not in endpoint.events]


def _followed_until(records: Records, endpoint: Endpoint, censor_day: Floats) -> Floats:
    """The end of a row without event: what censored it, or the last look, whichever came first."""
    last = records.last_contact_day
    if endpoint.disease:
        last = np.where(np.isfinite(records.last_assessment_day), np.minimum(records.last_assessment_day, last), last)
    return np.minimum(censor_day, last)


def _deaths(records: Records, mask: NDArray[np.bool_]) -> Floats:
    return np.where(mask, _seen(records, records.death_day), np.inf)


def _in_remission(records: Records, day: Floats) -> Floats:
    """A day that lies in remission: after the response and before any relapse."""
    inside = (day >= records.response_day) & ~(day > records.relapse_day)
    return np.where(inside, _seen(records, day), np.inf)


def _seen(records: Records, day: Floats) -> Floats:
    """Days up to the last contact; infinite where nothing happened or nobody saw it."""
    return np.where(day <= records.last_contact_day, day, np.inf)


def _earliest(days: Mapping[Reason, Floats]) -> tuple[Floats, Codes]:
    """First day and its reason; of two on one day the reason named first."""
    reasons = np.array(list(days), dtype=np.int8)
    stacked = np.stack(list(days.values()))
    return stacked.min(axis=0), reasons[stacked.argmin(axis=0)]
