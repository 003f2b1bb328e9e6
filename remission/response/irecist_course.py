"""iRECIST from one visit to the next: what a patient's earlier visits mean for the one at hand.

In the patient: under immunotherapy growth may be inflammation. So progression is first unconfirmed (iUPD); a later scan confirms it (iCPD)
when the tumor has grown further, or in another way; or ends it when the tumor has shrunk, and then it must start anew.

Represented: one step per visit on arrays over patients [M] (`irecist_values`). A scan too early to confirm leaves everything that later
ones are compared with as it was.

Left out: treatment, and whether it goes on after iUPD.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from remission.response.arrays import Codes, Flags, Floats
from remission.response.criterion import Options
from remission.response.irecist_values import Course, Grounds, Limits, Numbers, Outcome, Verdict, Visit
from remission.response.irecist_words import EVIDENCE, STILL, Said
from remission.response.judged import Response
from remission.response.rules import TOLERANCE

NE, PD, SD, PR, CR = (np.int8(code) for code in (Response.NE, Response.PD, Response.SD, Response.PR, Response.CR))
UPD = np.int8(Response.UNCONFIRMED_PD)


def step(past: Course, now: Visit, limits: Limits, options: Options) -> tuple[Course, Verdict]:
    """One visit: what is remembered after it, and what it is called."""
    grounds = grounds_of(past, now, limits, options)
    smaller = _smaller(past, now, options)
    still, words = _still(past, now, smaller)
    outcome = _outcome(past, now, grounds, still, smaller, limits, options)
    calm = now.later & ~past.done & (~past.open & ~outcome.starts | outcome.ends)
    code = np.where(calm, now.calm, NE)
    lasts = calm & (code == SD) & (now.target == SD) & past.lasts
    but_new = (code == CR) & now.there & (not options["complete_with_new_lesion"])
    after = _after_calm(past, now, calm, np.where(but_new, PR, code), options)
    after = _after_progression(after, past, now, grounds, outcome, options)
    code[lasts | but_new] = PR
    code[outcome.starts | outcome.remains | outcome.bound] = UPD
    code[outcome.confirms | past.done & now.later] = PD
    said = _said(past, now, grounds, outcome, but_new)
    return after, Verdict(code, lasts, said, np.where(said == Said.REMAINS, words, grounds.words))


def grounds_of(past: Course, now: Visit, limits: Limits, options: Options) -> Grounds:
    """What speaks for progression, or where iUPD is open for its confirmation (I2): growth there, or RECIST progression elsewhere."""
    repeated = options["repeated_progression"] == "growth"
    compared = now.measured if options["partial_progression"] else now.sum
    known = ~np.isnan(now.sum)
    target = (now.target == PD) & ~past.in_targets
    targets = (
        target & known,
        target & ~known,
        target & now.recorded,
        past.in_targets & _risen(compared, past.reference, limits.rise),
        past.in_targets & now.recorded & repeated,
    )
    others, fresh, new_targets, by_eye = _by_others(past, now, limits, repeated)
    back = past.clear & now.there
    returned = _digit((past.cured & now.ill | back, now.again))
    words = _number([_digit(targets), others, fresh, new_targets, by_eye, returned], EVIDENCE)
    new = (fresh + new_targets + by_eye > 0) | back
    return Grounds(now.later & ~past.done & (words > 0), fresh > 0, new, returned > 0, words)


def _by_others(past: Course, now: Visit, limits: Limits, repeated: bool) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """What non-targets, additional new lesions, new targets and new non-targets say, as digits."""
    if not now.eye.shape[1]:
        nothing = np.zeros(now.day.shape, dtype=np.int16)
        return nothing, nothing, nothing, nothing
    grown = _grown(past, now, repeated)
    quiet = ~past.in_new & ~now.joined & _risen(now.new_measured, past.lowest_new, limits.rise)
    quiet &= now.new_measured >= past.lowest_new * (1 + limits.growth - TOLERANCE)
    other = (now.non_target == PD) & ~past.in_others
    return (
        _digit((other, past.in_others & np.asarray((grown & now.eye_other).any(axis=1)))),
        _digit((np.asarray((now.new & ~past.counted).any(axis=1)),)),
        _digit((quiet, past.in_new & _risen(now.new_measured, past.new_reference, limits.rise))),
        _digit((~past.in_new & now.new_worse, past.in_new & np.asarray((grown & now.eye_new).any(axis=1)))),
    )


def _risen(size: Floats, reference: Floats, rise: float) -> Flags:
    return size >= reference + (rise - TOLERANCE)


def _grown(past: Course, now: Visit, repeated: bool) -> Flags:
    """Which lesions followed by eye are larger than they were [M, K]: by size, by the reader's word, or back after they had gone."""
    change = now.eye - past.eye_reference
    word = now.eye_worse & repeated | now.eye_seen & (past.eye_reference == 0)
    return np.where(np.isnan(change), word, change > TOLERANCE)


def _smaller(past: Course, now: Visit, options: Options) -> Flags:
    """I4: whether the tumor has shrunk since iUPD."""
    smaller = now.sum < past.reference - TOLERANCE
    return smaller | (now.new_sum < past.new_reference - TOLERANCE) if options["shrinkage"] == "any" else smaller


def _still(past: Course, now: Visit, smaller: Flags) -> tuple[Flags, Numbers]:
    """I3: whether what made iUPD is still there, and in what."""
    target = past.in_targets & (now.target == PD)
    known = ~np.isnan(now.sum - past.reference) & ~now.recorded
    parts = (
        target & known,
        target & ~known,
        past.in_others & (now.non_target == PD),
        past.in_new & now.there & ~smaller,
        past.back & now.ill & ~smaller,
    )
    words = _number([part.astype(np.int16) for part in parts], STILL)
    return words > 0, words


def _outcome(past: Course, now: Visit, grounds: Grounds, still: Flags, smaller: Flags, limits: Limits, options: Options) -> Outcome:
    """Whether iUPD starts, is confirmed, remains or ends."""
    waiting = past.open & now.later & ~past.done
    early = waiting & (now.day < past.window + (limits.earliest - TOLERANCE))
    symptom = early & grounds.fresh & now.worse & options["symptom_scan"]
    stale = np.zeros_like(waiting)
    if not options["late_confirmation"]:
        stale |= now.day > past.latest + (limits.latest + TOLERANCE)
    if not options["progression_across_missing"]:
        stale |= past.gap
    confirms = waiting & grounds.any & (symptom | ~early & ~stale)
    left = waiting & ~confirms
    dropped = left & early & (options["early_scan"] == "disregarded")
    left &= ~dropped
    remains = left & (grounds.any | still)
    missing = past.in_targets & (now.target == NE) | past.in_others & (now.non_target == NE) | past.in_new & now.missed & ~smaller
    could = left & ~remains & ~missing & (now.calm != NE)
    return Outcome(
        starts=grounds.any & ~past.open,
        confirms=confirms,
        remains=remains,
        bound=could & past.unstable,
        ends=could & ~past.unstable,
        open_gap=left & ~remains & ~could,
        dropped=dropped,
        early=remains & early,
        renews=remains & grounds.any & ~early,
    )


def _after_calm(past: Course, now: Visit, calm: Flags, code: Codes, options: Options) -> Course:
    """What is remembered of responses after visits without progression (R6, R10)."""
    wait = options["confirmation_days"] - TOLERANCE
    shown = calm & ((code == PR) | (code == CR))
    breaks = calm & ~shown
    blank = calm & (code == NE)
    blanks = np.where(blank, past.blanks + 1, np.where(now.later, 0.0, past.blanks))
    if options["confirmation_across_missing"]:
        breaks &= ~(blank & (blanks <= options["missing_between"]))
    if options["confirmation_across_stable"]:
        breaks &= code != SD
    run = np.where(shown & np.isnan(past.run), now.day, past.run)
    run[breaks] = np.nan
    complete = calm & (code == CR)
    complete_run = np.where(complete & np.isnan(past.complete_run), now.day, past.complete_run)
    complete_run[calm & ~complete & now.ill] = np.nan
    lasts = shown & (now.day >= run + wait) if options["pr_persists"] == "confirmed" else shown & (options["pr_persists"] == "assigned")
    cured = past.cured | complete & (options["strict_cr"] | (now.day >= complete_run + wait))
    return replace(
        past,
        run=run,
        blanks=blanks,
        lasts=past.lasts | lasts,
        complete_run=complete_run,
        cured=cured,
        clear=past.clear | cured & complete & ~now.there,
        lowest_new=np.where(now.later, np.where(now.joined, now.new_sum, np.fmin(past.lowest_new, now.new_sum)), past.lowest_new),
    )


def _after_progression(after: Course, past: Course, now: Visit, grounds: Grounds, outcome: Outcome, options: Options) -> Course:
    """What is remembered of iUPD; an early scan changes nothing."""
    goes_on = outcome.remains & ~outcome.early
    opens, shows = outcome.starts | outcome.renews, outcome.starts | goes_on
    kept, progressed = past.open & ~outcome.confirms & ~outcome.ends, outcome.starts | outcome.confirms
    back = np.where(outcome.starts, grounds.back, past.back & now.ill)
    worse = (outcome.starts | outcome.remains) & now.worse & (options["clinical_worsening"] == "progression")

    def shown(was: Flags, again: Flags, unknown: Flags) -> Flags:
        return np.where(shows, again | back | was & unknown & past.open, was & kept)

    return replace(
        after,
        open=kept | outcome.starts,
        in_targets=shown(past.in_targets, now.target == PD, now.target == NE),
        in_others=shown(past.in_others, now.non_target == PD, now.non_target == NE),
        in_new=np.where(shows, grounds.new | past.in_new & (now.there | now.missed), past.in_new & kept),
        back=np.where(shows, back, past.back & kept),
        iupd=np.where(outcome.starts, now.day, past.iupd),
        window=np.where(opens, now.day, past.window),
        latest=np.where(shows, now.day, past.latest),
        gap=(past.gap | outcome.open_gap) & kept & ~shows,
        counted=past.counted | now.new & ~(outcome.early | outcome.dropped)[:, None],
        unstable=(past.unstable & kept) | worse,
        reference=_compared(past.reference, now.sum, opens, goes_on, options),
        new_reference=_compared(past.new_reference, now.new_sum, opens, goes_on, options),
        eye_reference=_compared(past.eye_reference, now.eye, opens[:, None], goes_on[:, None], options),
        done=past.done | outcome.confirms,
        run=np.where(progressed, np.nan, after.run),
        lasts=after.lasts & ~progressed,
        complete_run=np.where(progressed, np.nan, after.complete_run),
        cured=after.cured & ~progressed,
        clear=after.clear & ~progressed,
    )


def _compared(was: Floats, size: Floats, opens: Flags, goes_on: Flags, options: Options) -> Floats:
    """I2: what a later size is compared with."""
    if options["further_from"] == "lowest":
        kept = np.fmin(was, size)
    elif options["further_from"] == "first":
        kept = np.where(np.isnan(was), size, was)
    else:
        kept = np.where(np.isnan(size), was, size)
    return np.where(opens, size, np.where(goes_on, kept, was))


def _said(past: Course, now: Visit, grounds: Grounds, outcome: Outcome, but_new: Flags) -> Codes:
    """The kind of decision of each patient."""
    said = np.where(but_new, np.int8(Said.BUT_NEW), np.int8(Said.CALM))
    with_new = past.in_new & now.there
    for where, kind in (
        (outcome.ends, Said.RESET),
        (outcome.ends & with_new, Said.RESET_WITH_NEW),
        (outcome.ends & but_new, Said.RESET_BUT_NEW),
        (outcome.starts, Said.STARTS),
        (outcome.remains, Said.REMAINS),
        (outcome.early & grounds.any, Said.EARLY),
        (outcome.confirms, Said.CONFIRMED),
        (outcome.renews, Said.RENEWED),
        (outcome.bound, Said.UNSTABLE),
        (outcome.open_gap, Said.UNKNOWN),
        (outcome.dropped, Said.DISREGARDED),
        (past.done & now.later, Said.AFTER),
    ):
        said[where] = kind
    return said


def _digit(parts: tuple[Flags, ...]) -> Numbers:
    """Which of several grounds holds, from 1; the last that does; 0 when none."""
    digit = np.zeros(parts[0].shape, dtype=np.int16)
    for place, part in enumerate(parts, start=1):
        digit[part] = place
    return digit


def _number(digits: list[Numbers], texts: tuple[tuple[str, ...], ...]) -> Numbers:
    """The digits as one number; the first counts least."""
    number = np.zeros_like(digits[0])
    for digit, words in zip(reversed(digits), reversed(texts), strict=True):
        number = number * np.int16(len(words)) + digit
    return number
