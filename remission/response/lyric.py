"""Flare or progression: indeterminate responses of lymphoma under immunotherapy (LYRIC, Cheson 2016, doi:10.1182/blood-2016-05-718528).

In the patient: T cells that enter a lymphoma make it larger and brighter for a while. Progression without clinical decline is therefore
called indeterminate until a later scan shows that it went on: IR1, the sum of products rises by half within 12 weeks of the start; IR2, a
new or growing lesion while the sum rises by less; IR3, more uptake without growth.

Represented: a deferred visit, and the day it began, until growth since then (the sum by 10 %, an axis by 5 or 10 mm), a further new
lesion, clinical decline, or progression of a kind that cannot be deferred confirms it; progression is then dated back to it.
Left out: biopsies, and new lesions that enter the sum. What confirms is from memory, unconfirmed.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from remission.response.arrays import Codes, Flags, Floats
from remission.response.criterion import Options
from remission.response.judged import Response
from remission.response.lugano_ct import RULES, Ct, any_lesion, axes_of, enlarged_by, needed_rise
from remission.response.rules import TOLERANCE
from remission.response.scans import TARGETS, Kind, Scans


class Deferral(IntEnum):
    """What becomes of a progression."""

    NONE = 0
    IR1 = 1
    IR2 = 2
    IR3 = 3
    CONFIRMED = 4


def deferred(scans: Scans, ct: Ct, code: Codes, new: Flags, by_score: Flags, fixed: Flags, options: Options) -> tuple[Codes, Floats]:
    """A `Deferral` per visit and, where progression is confirmed, the day it is dated to [M, V].

    `code`: responses by Lugano with the new lesions of this visit alone; `by_score`: progression by uptake alone; `fixed`: of a kind that
    is not deferred (lesions that are not measured, spleen).
    """
    progressed, calm = code == Response.PD, ~np.isin(code, (Response.PD, Response.NE, Response.NONE))
    axes = axes_of(scans, options)
    followed = scans.is_kind(*TARGETS, Kind.NEW)
    is_new = scans.is_kind(Kind.NEW)
    start = np.nan_to_num(scans.patients.treatment_start, nan=0.0)
    many = enlarged_by(ct.sum, ct.nadir, RULES["flare_rise"].value)
    early = scans.day <= start[:, None] + RULES["flare_days"].value + TOLERANCE
    declined = scans.finding("clinical") > TOLERANCE
    kind = np.where(by_score & ~new, Deferral.IR3, np.where(many & early, Deferral.IR1, Deferral.IR2))
    wait = progressed & ~fixed & ~declined & ~(many & ~early & ~by_score)

    result, since = np.zeros(progressed.shape, dtype=np.int8), np.full(progressed.shape, np.nan)
    begun = np.full(len(start), np.nan)
    burden, seen = np.full(len(start), np.nan), np.zeros(followed.shape, dtype=bool)
    long, short = np.full(followed.shape, np.nan), np.full(followed.shape, np.nan)
    for visit in range(progressed.shape[1]):
        pending = ~np.isnan(begun)
        now_long, now_short, there = axes.long[:, visit], axes.short[:, visit], scans.seen[:, visit]
        rise = np.fmax(now_long - long, now_short - short)
        further = any_lesion((followed & (rise >= needed_rise(long) - TOLERANCE)) | (is_new & there & ~seen))
        further |= enlarged_by(ct.sum[:, visit], burden, RULES["further_rise"].value)
        confirmed = progressed[:, visit] & pending & (further | ~wait[:, visit])
        held_back = progressed[:, visit] & wait[:, visit] & ~confirmed
        result[:, visit] = np.where(confirmed, Deferral.CONFIRMED, np.where(held_back, kind[:, visit], Deferral.NONE))
        since[:, visit] = np.where(confirmed, begun, np.nan)

        first = held_back & ~pending
        begun = np.where(first, scans.day[:, visit], np.where(calm[:, visit], np.nan, begun))
        burden = np.where(first, ct.sum[:, visit], burden)
        long, short = np.where(first[:, None], now_long, long), np.where(first[:, None], now_short, short)
        seen = np.where(first[:, None], there, seen)
    return result, since
