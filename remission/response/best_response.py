"""Best overall response of tumors: the best of all visits up to progression, with and without confirmation.

In the patient: a response counts from the first visit that showed it. Where it must be confirmed, a second visit at least four weeks on
has to show it again; a response that nobody confirmed is stable disease if it was seen late enough, else progression or not evaluable.

Represented: the overall responses of the visits (`Judged.overall`, codes of `Response`) become one `Best`. Nothing here knows a size, so
the criteria of solid tumors share it. Options are rows of `best_response.options.csv`; a criterion merges them into its own and adds
`strict_cr`. A visit nobody held is no visit here: only those held but not evaluable are missing.

Left out: progression that only symptoms show.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from remission.response.arrays import Codes, Flags, Floats, at, first, last
from remission.response.choices import Choice, read_choices
from remission.response.judged import RESPONSES, Best, Judged, Response
from remission.response.rules import TOLERANCE
from remission.response.scans import NON_TARGETS, TARGETS, Scans

CHOICES: Mapping[str, Choice] = read_choices(Path(__file__).with_suffix(".options.csv"))
STABLE = (Response.SD, Response.NON_CR_NON_PD)
ADEQUATE = (Response.PD, Response.UNCONFIRMED_PD, *STABLE, *RESPONSES)


def best_response(scans: Scans, judged: Judged, options: Mapping[str, Any], responses: Codes | None = None) -> Best:
    """The best response of each patient by R8, R9 and R11; `responses` [M, V] are read instead of `judged.overall` if given.

    A criterion that calls a visit a response only because an earlier one was (R10) passes codes without that.
    """
    codes = judged.overall if responses is None else responses
    progression = scans.later & (codes == Response.PD)
    before = scans.later & ~np.logical_or.accumulate(progression, axis=1)
    own = own_therapy(scans, options)
    reached = np.where(before & own, codes, np.int8(Response.NONE))
    unsure = _unsure(judged, reached)
    complete, partial = reached == Response.CR, is_one(reached, RESPONSES)
    if not options["strict_cr"]:
        complete &= ~_reconsidered(np.where(unsure, np.int8(Response.NE), reached))
    wait = options["confirmation_days"]
    kept, _ = confirmed(scans.day, complete, bridges(np.where(unsure, np.int8(Response.NE), reached), options, partial=False), wait)
    held, began = confirmed(scans.day, partial, bridges(reached, options, partial=True), wait)
    lesser = _lesser(scans, reached, progression & own, options)
    return Best(
        best=_best(complete, partial, lesser),
        best_confirmed=_best(kept, held, lesser),
        response_day=first(scans.day, partial),
        confirmed_response_day=first(began, held),
        complete_day=first(scans.day, complete),
        progression_day=first(scans.day, progression),
        last_adequate_day=last(scans.day, before & is_one(codes, ADEQUATE)),
        best_change=best_change(scans, judged, progression, own),
    )


def own_therapy(scans: Scans, options: Mapping[str, Any]) -> Flags:
    """Visits that tell of the treatment judged, not of another one begun before them [M, V]."""
    if options["under_new_therapy"] == "counted":
        return np.ones(scans.day.shape, dtype=bool)
    return ~(scans.day > scans.patients.new_therapy[:, None] + TOLERANCE)


def confirmed(day: Floats, shown: Flags, bridge: Flags, wait: float) -> tuple[Flags, Floats]:
    """R8: the visits at which a response is confirmed, and the day its run began [M, V].

    `shown` are visits with the response, `bridge` others that do not end its run. It is confirmed at a visit that shows it at least `wait`
    days after the run began.
    """
    kept = np.zeros(day.shape, dtype=bool)
    began = np.full(day.shape, np.nan)
    start = np.full(day.shape[0], np.nan)
    for visit in range(day.shape[1]):
        start = np.where(shown[:, visit] & np.isnan(start), day[:, visit], start)
        start = np.where(shown[:, visit] | bridge[:, visit], start, np.nan)
        began[:, visit] = start
        kept[:, visit] = shown[:, visit] & (day[:, visit] >= start + wait - TOLERANCE)
    return kept, began


def bridges(codes: Codes, options: Mapping[str, Any], *, partial: bool) -> Flags:
    """Visits that do not end a run of responses [M, V]: not held, few enough not evaluable, or (as chosen) stable after a partial one."""
    passed = codes == Response.NONE
    if options["confirmation_across_missing"]:
        passed |= _few(codes == Response.NE, options["missing_between"])
    if partial and options["confirmation_across_stable"]:
        passed |= codes == Response.SD
    return passed


def best_change(scans: Scans, judged: Judged, progression: Flags, own: Flags) -> Floats:
    """R10: the lowest burden before progression against the baseline, percent [M]; that at progression where none was known before.

    `own` [M, V]: visits that count (`own_therapy`).
    """
    start = at(judged.sum, judged.baseline)
    known = scans.later & own & ~np.isnan(judged.sum)
    before = known & ~np.logical_or.accumulate(progression, axis=1)
    lowest = np.where(before, judged.sum, np.inf).min(axis=1, initial=np.inf)
    lowest = np.where(before.any(axis=1), lowest, first(judged.sum, progression & own))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(start > 0, 100 * (lowest - start) / start, np.nan)


def is_one(codes: Codes, wanted: tuple[Response, ...]) -> Flags:
    """Which codes are one of those wanted."""
    table = np.zeros(256, dtype=bool)
    table[list(wanted)] = True
    return table[codes.astype(np.int8, copy=False).view(np.uint8)]


def _best(complete: Flags, partial: Flags, lesser: Codes) -> Codes:
    lower = np.where(partial.any(axis=1), np.int8(Response.PR), lesser)
    return np.where(complete.any(axis=1), np.int8(Response.CR), lower)


def _unsure(judged: Judged, reached: Codes) -> Flags:
    """Visits called partial only because non-targets were not all evaluated while the targets had gone: they do not refute a CR."""
    return (reached == Response.PR) & (judged.target == Response.CR) & (judged.non_target == Response.NE)


def _few(missing: Flags, most: float) -> Flags:
    """Missing visits of which there are no more than `most` in a row up to here [M, V]."""
    row = np.zeros(missing.shape[0], dtype=np.int32)
    few = np.zeros_like(missing)
    for visit in range(missing.shape[1]):
        row = (row + 1) * missing[:, visit]
        few[:, visit] = missing[:, visit] & (row <= most)
    return few


def _reconsidered(reached: Codes) -> Flags:
    """R9: complete responses that the next evaluable visit shows to have been partial ones [M, V]."""
    found = np.zeros(reached.shape, dtype=bool)
    after = np.zeros(reached.shape[0], dtype=bool)
    for visit in reversed(range(reached.shape[1])):
        code = reached[:, visit]
        found[:, visit] = (code == Response.CR) & after
        refuting = (code == Response.PR) | (code == Response.SD)
        after = np.where((code == Response.NONE) | (code == Response.NE) | (code == Response.CR), after, refuting)
    return found


def _lesser(scans: Scans, reached: Codes, progression: Flags, options: Mapping[str, Any]) -> Codes:
    """R9, R11: what a patient without a (confirmed) response has [M]: stable disease seen late enough, progression, or nothing."""
    start = at(scans.day, scans.baseline) if options["stable_from"] == "baseline" else np.zeros(scans.day.shape[0])
    calm = is_one(reached, (*STABLE, *RESPONSES))
    late = scans.day >= start[:, None] + options["stable_days"] - TOLERANCE
    progressed = progression.any(axis=1)
    if options["early_progression"] == "progression":
        progressed |= ~calm.any(axis=1) & (scans.patients.death <= options["early_days"] + TOLERANCE)
    followed = scans.is_kind(*NON_TARGETS).any(axis=1)
    by_eye = followed & ~scans.is_kind(*TARGETS).any(axis=1)
    stable = np.where(by_eye, np.int8(Response.NON_CR_NON_PD), np.int8(Response.SD))
    fallen = np.where(progressed, np.int8(Response.PD), np.int8(Response.NE))
    return np.where((calm & late).any(axis=1), stable, fallen)
