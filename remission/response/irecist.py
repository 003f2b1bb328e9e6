"""iRECIST: RECIST 1.1 for immunotherapy, where progression counts once a later scan confirms it.

In the patient: T cells that enter a tumor make it look larger before it shrinks, and small lesions become visible. Progression is first
unconfirmed (iUPD). Four to eight weeks later it is confirmed (iCPD) by further growth or growth elsewhere, stays unconfirmed, or ends
when the tumor has shrunk to stable disease or a response (iSD, iPR, iCR); then the bar is reset.

Represented: targets and non-targets are judged as in `recist`, new lesions are measured apart (`new_lesions`), and `irecist_course` goes
from visit to visit. Rules I1 to I6 have their thresholds in `irecist.csv` and disputed ones in `irecist.options.csv`. After iCPD every
visit is iCPD. Progression is dated to the iUPD that was confirmed, or to one that nothing but iUPD followed.

Left out: whether treatment goes on; tumor markers; equivocal new lesions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from remission.response import best_response, recist, recist_words
from remission.response.arrays import Codes, Flags, Floats
from remission.response.best_response import is_one
from remission.response.choices import Choice, read_choices
from remission.response.criterion import Criterion, Options
from remission.response.irecist_course import step
from remission.response.irecist_values import Course, Limits, Visit
from remission.response.irecist_words import OFFSET, SENTENCES, Said
from remission.response.judged import MARKS, Best, Judged, Response, framed, lowest_before
from remission.response.new_lesions import NewLesions, extent, new_lesions
from remission.response.rules import Rule, read_rules
from remission.response.scans import NON_TARGETS, Kind, Scans, Status

RULES: Mapping[str, Rule] = {**recist.RULES, **read_rules(Path(__file__).with_suffix(".csv"))}
CHOICES: Mapping[str, Choice] = {**recist.CHOICES, **read_choices(Path(__file__).with_suffix(".options.csv"))}
LABELS = {
    **MARKS,
    Response.PD: "iCPD",
    Response.UNCONFIRMED_PD: "iUPD",
    Response.SD: "iSD",
    Response.NON_CR_NON_PD: "non-iCR/non-iUPD",
    Response.PR: "iPR",
    Response.CR: "iCR",
}
CALM = (Response.SD, Response.NON_CR_NON_PD, Response.PR, Response.CR)
LIMITS = Limits(
    rise=RULES["confirming_rise"].value,
    growth=RULES["new_target_growth"].value,
    earliest=RULES["shortest_confirmation"].value - RULES["confirmation_variance"].value,
    latest=RULES["longest_confirmation"].value + RULES["confirmation_variance"].value,
)


def judge_visits(scans: Scans, options: Options) -> Judged:
    """iRECIST at every visit."""
    burden, others = recist.burden_of(scans, options), recist.non_target_response(scans)
    nadir = _nadir(scans, burden, others, options)
    target = recist.target_response(burden, options, nadir)
    size = extent(scans, options["too_small"])
    new = new_lesions(scans, size, RULES)
    walked = _walk(_seen(scans, burden, target, others, new, size, options), options)
    plain = recist_words.decisions(scans, _calm_grounds(burden, nadir, target, others, walked.lasts), options)
    return Judged(
        baseline=scans.baseline,
        sum=burden.sum,
        nadir=nadir,
        target=framed(scans, target, target != Response.NONE),
        non_target=framed(scans, others, others != Response.NONE),
        new=recist.new_seen(scans),
        overall=framed(scans, walked.code, scans.held),
        rule=_rule(walked, plain),
        sentences=SENTENCES,
        numbers=_quoted(burden, new, walked),
    )


def _quoted(burden: recist.Burden, new: NewLesions, walked: Walked) -> dict[str, NDArray[Any]]:
    """The numbers that sentences quote."""
    return {
        "measured": burden.measured,
        "new_measured": new.measured.astype(np.float32),
        "iupd": walked.iupd,
        "reference": walked.reference,
        "new_reference": walked.new_reference,
    }


def _calm_grounds(burden: recist.Burden, nadir: Floats, target: Codes, others: Codes, lasts: Flags) -> recist_words.Grounds:
    """What a visit without progression rests on."""
    no = np.zeros_like(lasts)
    return recist_words.Grounds(
        burden,
        nadir,
        target,
        others,
        new=no,
        overall=np.zeros_like(target),
        lasting=lasts,
        again=no,
        returned=no,
        after=no,
    )


class Walked(NamedTuple):
    """What `step` said of every visit, arrays [M, V]; for words the day of iUPD and the sums that further growth is compared with."""

    code: Codes
    lasts: Flags
    said: Codes
    words: NDArray[np.int16]
    iupd: NDArray[Any]
    reference: NDArray[Any]
    new_reference: NDArray[Any]


def _walk(seen: Visit, options: Options) -> Walked:
    """From visit to visit."""
    kinds = (np.int8, bool, np.int8, np.int16, np.float32, np.float32, np.float32)
    rows: list[NDArray[Any]] = [np.empty(seen.day.shape, dtype=kind) for kind in kinds]
    course = Course.beginning(seen.day.shape[1], seen.eye.shape[2])
    for visit in range(seen.day.shape[0]):
        after, verdict = step(course, seen.at(visit), LIMITS, options)
        for row, values in zip(rows, (*verdict, after.iupd, course.reference, course.new_reference), strict=True):
            row[visit] = values
        course = after
    return Walked(*(np.ascontiguousarray(row.T) for row in rows))


def _nadir(scans: Scans, burden: recist.Burden, others: Codes, options: Options) -> Floats:
    """R4: the lowest sum before each visit; where a complete response may be reconsidered (not strict), without those."""
    if options["strict_cr"]:
        return burden.nadir
    complete = burden.complete & is_one(others, (Response.CR, Response.NONE)) & scans.later
    return lowest_before(burden.sum, scans.counted & ~complete)


def _seen(scans: Scans, burden: recist.Burden, target: Codes, others: Codes, new: NewLesions, size: Floats, options: Options) -> Visit:
    """What is seen, for every visit [V, M]."""
    eyes = np.flatnonzero((scans.kind >= Kind.NON_TARGET).any(axis=0))
    shape = (scans.day.shape[1], scans.day.shape[0], len(eyes))
    baseline = recist.diseased(scans) & ((scans.kind >= 0) & (scans.kind < Kind.NEW))[:, None, :]
    again = options["reappearing"] == "progression"
    apart = scans.is_kind(Kind.NEW)[:, eyes]
    status = _rows(scans.status[:, :, eyes])
    there = (status >= Status.TOO_SMALL) & _rows(scans.later)[:, :, None]
    return Visit(
        day=_rows(scans.day),
        later=_rows(scans.later),
        target=_rows(target),
        non_target=_rows(others),
        calm=_rows(recist.overall_response(target, others, np.zeros_like(scans.held))),
        sum=_rows(burden.sum),
        measured=_rows(burden.measured),
        recorded=_rows(burden.recorded),
        ill=_rows(np.asarray(baseline.any(axis=2))),
        again=_rows(_again(scans, baseline)) if again else np.zeros(shape[:2], dtype=bool),
        worse=_rows(scans.finding("clinical") > 0),
        there=_rows(new.there),
        missed=_rows(new.missed),
        joined=_rows(new.joined),
        new_sum=_rows(new.sum),
        new_measured=_rows(new.measured),
        new_worse=_rows(new.worse),
        eye=_rows(size[:, :, eyes]),
        eye_worse=status == Status.PROGRESSION,
        eye_seen=there,
        eye_other=np.broadcast_to(scans.is_kind(*NON_TARGETS)[:, eyes], shape),
        eye_new=np.broadcast_to(apart & ~new.targets[:, eyes], shape),
        new=there & apart,
    )


def _rows(values: NDArray[Any]) -> NDArray[Any]:
    """Arrays [M, V, ...] as [V, M, ...], each visit in one piece of memory."""
    return np.ascontiguousarray(values.swapaxes(0, 1))


def _again(scans: Scans, ill: Flags) -> Flags:
    """R6: whether a lesion is seen that had gone when it was last evaluated [M, V]."""
    found = np.zeros(scans.day.shape, dtype=bool)
    was, gone = np.zeros(scans.kind.shape, dtype=bool), np.zeros(scans.kind.shape, dtype=bool)
    for visit in range(scans.day.shape[1]):
        evaluated = (scans.status[:, visit] != Status.NOT_EVALUABLE) & scans.counted[:, visit, None]
        found[:, visit] = (evaluated & ill[:, visit] & gone).any(axis=1)
        was |= evaluated & ill[:, visit]
        gone = np.where(evaluated, was & ~ill[:, visit], gone)
    return found


def _rule(walked: Walked, plain: NDArray[np.int16]) -> NDArray[np.int16]:
    """The place of each visit's sentence in `SENTENCES`."""
    said = walked.said
    place = np.where(said <= Said.RESET_BUT_NEW, plain, np.where(said <= Said.REMAINS, walked.words, np.int16(0)))
    return np.array(OFFSET, dtype=np.int16)[said] + place


def judge_best(scans: Scans, judged: Judged, options: Options) -> Best:
    """I5: the best response before progression, which is dated to the iUPD that counts; a partial response that only lasts is stable."""
    codes = np.where((judged.overall == Response.PR) & (judged.target == Response.SD), np.int8(Response.SD), judged.overall)
    counts, ignored = _progressions(scans, codes, options)
    codes[counts] = Response.PD
    codes[ignored] = Response.NONE if options["confirmation_across_iupd"] else Response.UNCONFIRMED_PD
    found = best_response.best_response(scans, judged, options, codes)
    open_only = (judged.overall == Response.UNCONFIRMED_PD).any(axis=1) & ~(judged.overall == Response.PD).any(axis=1)
    return replace(found, best=_unconfirmed(found.best, open_only), best_confirmed=_unconfirmed(found.best_confirmed, open_only))


def _unconfirmed(best: Codes, open_only: Flags) -> Codes:
    lesser = (best == Response.PD) | (best == Response.NE)
    return np.where(open_only & lesser, np.int8(Response.UNCONFIRMED_PD), best)


def _progressions(scans: Scans, codes: Codes, options: Options) -> tuple[Flags, Flags]:
    """Visits from the iUPD on that counts as progression, and iUPD that ended unconfirmed [M, V]."""
    worse = (scans.finding("clinical") > 0) & (options["clinical_worsening"] == "progression")
    counts, ignored = np.zeros(codes.shape, dtype=bool), np.zeros(codes.shape, dtype=bool)
    counting, ended = np.full(codes.shape[0], options["unconfirmed_at_end"]), np.zeros(codes.shape[0], dtype=bool)
    for visit in reversed(range(codes.shape[1])):
        code = codes[:, visit]
        waits = code == Response.UNCONFIRMED_PD
        calm = is_one(code, CALM)
        counting = (counting | (code == Response.PD) | waits & worse[:, visit]) & ~calm
        ended |= calm
        counts[:, visit] = waits & counting | (code == Response.PD)
        ignored[:, visit] = waits & ~counting & ended
    return counts, ignored


CRITERION = Criterion(
    name="irecist",
    title="iRECIST, solid tumors under immunotherapy (Seymour 2017)",
    rules=RULES,
    choices=CHOICES,
    labels=LABELS,
    visits=judge_visits,
    best=judge_best,
    needs=("diameter_mm",),
    uses=("clinical",),
    refractory="sitc",
    target_labels={**LABELS, Response.PD: "iUPD", Response.NONE: "none"},
)
