"""One line of therapy: how long it was given and what it did.

In the patient: drug is started and stopped, the disease shrinks, stays or grows, perhaps after the drug has gone, perhaps under the
next one. A definition of refractory disease looks at these dates and the best response, and at nothing else.

Represented: one number per patient; days from time zero, NaN for what did not happen or is not known. Without a start of treatment it is
time zero; without an end the drug is taken as given until progression. The words for it are those of `cases`.

Left out: pauses, dose intensity, reasons for stopping.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from remission.durations import DAYS_PER_MONTH
from remission.response.arrays import Codes, Flags, Floats
from remission.response.judged import Best, Judged, Response
from remission.response.rules import TOLERANCE, at_least
from remission.response.scans import Scans

EVALUABLE = tuple(code for code in Response if code not in (Response.NONE, Response.NE, Response.BASELINE, Response.EARLIER))
STABLE = (Response.SD, Response.NON_CR_NON_PD, Response.NO_RESPONSE, Response.MLFS)


@dataclass(frozen=True)
class Line:
    """The last line of therapy of every patient, arrays [M].

    best: code of `Response`. progression: the day it is dated to; confirmed: the first scan at least the required wait later that still
    shows it. last: the last visit that could be judged. cycles: number given. other: first day of the next therapy.
    """

    start: Floats
    start_known: Flags
    stop: Floats
    cycles: Floats
    other: Floats
    death: Floats
    best: Codes
    response: Floats
    progression: Floats
    confirmed: Floats
    last: Floats
    transplant: Floats

    @property
    def progressed(self) -> Flags:
        """Whether progression is dated."""
        return np.isfinite(self.progression)

    @property
    def died(self) -> Flags:
        """Death without progression before it."""
        return np.isfinite(self.death) & ~self.progressed

    @property
    def judged(self) -> Flags:
        """Whether anything after the baseline could be judged."""
        return np.isfinite(self.last) | self.progressed

    @property
    def to_progression(self) -> Floats:
        """Days from the start of treatment to progression."""
        return self.progression - self.start

    @property
    def after_stop(self) -> Floats:
        """Days from the end of treatment to progression, negative on treatment; NaN where no end is known."""
        return self.progression - self.stop

    @property
    def after_transplant(self) -> Floats:
        """Days from the transplantation to progression."""
        return self.progression - self.transplant

    @property
    def exposure(self) -> Floats:
        """Days on treatment up to progression."""
        return np.fmin(self.stop, self.progression) - self.start

    def is_best(self, *codes: Response) -> Flags:
        """Whose best response is one of these."""
        return np.isin(self.best, codes)

    def numbers(self) -> dict[str, Floats]:
        """What the sentences may quote."""
        names = ("start", "stop", "cycles", "other", "death", "response", "progression", "confirmed", "last")
        derived = ("to_progression", "after_stop", "after_transplant", "exposure")
        months = {"months": self.to_progression / DAYS_PER_MONTH, "after_transplant_months": self.after_transplant / DAYS_PER_MONTH}
        return {name: getattr(self, name) for name in (*names, *derived)} | months


def line_of(scans: Scans, judged: Judged, best: Best, *, wait: float, confirmed_response: bool, death_is_progression: bool) -> Line:
    """The last line of therapy of every patient, as the scans and the dates tell it.

    A response first seen under another therapy is not one of this line. `wait`: days until a scan may confirm progression.
    """
    people = scans.patients
    reached = best.best_confirmed if confirmed_response else best.best
    response = best.confirmed_response_day if confirmed_response else best.response_day
    progression = _progression(best, people.death, death_is_progression)
    elsewhere = response > people.new_therapy + TOLERANCE
    fallback = np.where(np.isfinite(progression), Response.PD, Response.SD)
    seen = _latest(scans.day, scans.later & np.isin(judged.overall, EVALUABLE))
    return Line(
        start=np.where(np.isnan(people.treatment_start), 0.0, people.treatment_start),
        start_known=np.isfinite(people.treatment_start),
        stop=people.treatment_end,
        cycles=people.cycles,
        other=people.new_therapy,
        death=people.death,
        best=np.where(elsewhere, fallback, reached).astype(np.int8),
        response=np.where(elsewhere, np.nan, response),
        progression=progression,
        confirmed=_confirmation(scans, judged, progression, wait),
        last=np.where(np.isnan(seen), np.nan, np.fmax(seen, best.last_adequate_day)),
        transplant=np.full(progression.shape, np.nan),
    )


def _progression(best: Best, death: Floats, death_is_progression: bool) -> Floats:
    by_death = np.isnan(best.progression_day) & death_is_progression
    return np.where(by_death, death, best.progression_day)


def _confirmation(scans: Scans, judged: Judged, progression: Floats, wait: float) -> Floats:
    """The first scan at least `wait` days after progression that still shows it.

    Where the criterion itself tells confirmed from unconfirmed progression (iRECIST), the first that confirmed it.
    """
    growing = np.isin(judged.target, (Response.PD, Response.UNCONFIRMED_PD))
    growing |= np.isin(judged.non_target, (Response.PD, Response.UNCONFIRMED_PD))
    examined = (judged.target > Response.NE) | (judged.non_target > Response.NE)
    late = at_least(scans.day, 0.0) & (scans.day >= progression[:, None] + wait - TOLERANCE)
    shows = growing | (judged.new & examined)
    by_criterion = (judged.overall == Response.UNCONFIRMED_PD).any(axis=1)
    shows = late & scans.later & np.where(by_criterion[:, None], judged.overall == Response.PD, shows)
    return -_latest(-scans.day, shows)


def _latest(day: Floats, where: Flags) -> Floats:
    found = np.where(where, day, -np.inf).max(axis=1, initial=-np.inf)
    return np.where(np.isfinite(found), found, np.nan)
