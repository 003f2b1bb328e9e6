"""RECIST 1.1: response of solid tumors from the sum of diameters of a few lesions, the others by eye, and new ones.

In the patient: up to five targets are measured at the baseline and at every scan, lymph nodes across their short axis. A fall of the sum
by 30 % from the baseline is a partial response, a rise by 20 % and 5 mm over its lowest, a new lesion, or clear growth of any other is
progression. When everything has gone, and nodes are under 10 mm, the response is complete.

Represented: `Scans` to codes per visit (`Judged`), rules R1 to R11 with thresholds in `recist.csv` and disputed rules in
`recist.options.csv`. The steps (`burden_of`, `target_response`, `non_target_response`, `new_seen`, `overall_response`) know nothing of what
was called at earlier visits and are shared by iRECIST; `judge_visits` adds history: progression stays, disease after a
complete response is progression, a partial response lasts.

Left out: tumor markers, equivocal new lesions, PET.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from remission.response import best_response
from remission.response.arrays import Codes, Flags, Floats, at, earlier, first
from remission.response.best_response import confirmed, is_one
from remission.response.choices import Choice, read_choices
from remission.response.criterion import Criterion, Options
from remission.response.judged import MARKS, RESPONSES, Best, Judged, Response, framed, lowest_before
from remission.response.recist_words import SENTENCES, Grounds, History, decisions
from remission.response.rules import TOLERANCE
from remission.response.scans import NODES, NON_TARGETS, TARGETS, Kind, Scans, Status
from remission.response.target_choice import RULES, choose_targets, measurable

__all__ = [
    "CHOICES",
    "CRITERION",
    "RULES",
    "Burden",
    "burden_of",
    "choose_targets",
    "disease_seen",
    "diseased",
    "grown",
    "judge_best",
    "judge_visits",
    "measurable",
    "new_seen",
    "non_target_response",
    "overall_response",
    "shrunk",
    "summed",
    "target_progression",
    "target_response",
    "with_history",
]

CHOICES: Mapping[str, Choice] = {**read_choices(Path(__file__).with_suffix(".options.csv")), **best_response.CHOICES}
LABELS = {
    **MARKS,
    Response.PD: "PD",
    Response.SD: "SD",
    Response.NON_CR_NON_PD: "non-CR/non-PD",
    Response.PR: "PR",
    Response.CR: "CR",
}


@dataclass(frozen=True)
class Burden:
    """The targets of each patient, arrays [M, V] unless said otherwise; mm.

    sum: NaN when a target was not measured; measured: the sum of those that were; nadir: the lowest sum before the visit, the baseline
    included; start [M]: the sum at the baseline; complete: all gone, nodes under 10 mm; recorded: one was recorded as progressing
    without a size; blind: none was measured; present [M]: there are targets.
    """

    sum: Floats
    measured: Floats
    nadir: Floats
    start: Floats
    complete: Flags
    recorded: Flags
    blind: Flags
    present: Flags


def burden_of(scans: Scans, options: Options) -> Burden:
    """R3: the sums of the targets; needs the option `too_small`."""
    target = _followed(scans, *TARGETS)
    size = np.where(target, scans.sizes(options["too_small"]), 0.0)
    unknown = np.isnan(size)
    measured = summed(np.where(unknown, 0.0, size))
    present = np.asarray(scans.is_kind(*TARGETS).any(axis=1))
    total = np.where(unknown.any(axis=2) | ~present[:, None], np.nan, measured)
    return Burden(
        sum=total,
        measured=measured,
        nadir=lowest_before(total, scans.counted),
        start=at(total, scans.baseline),
        complete=np.asarray(((size < normal_below(scans)) & ~_too_small(scans)).all(axis=2)) & present[:, None],
        recorded=np.asarray((target & (scans.status == Status.PROGRESSION)).any(axis=2)),
        blind=~np.asarray((target & ~unknown).any(axis=2)),
        present=present,
    )


def _too_small(scans: Scans) -> Flags:
    """Targets that are there, whatever size they are given; a node too small to measure is normal [M, V, L]."""
    return _followed(scans, Kind.TARGET) & (scans.status == Status.TOO_SMALL)


def summed(size: Floats) -> Floats:
    """The sum over the lesions [M, V], one after the other: empty places of a larger crowd change no digit."""
    total = np.zeros(size.shape[:2])
    for lesion in range(size.shape[2]):
        total += size[:, :, lesion]
    return total


def target_response(burden: Burden, options: Options, nadir: Floats | None = None) -> Codes:
    """R4, and R7 for targets that were not measured: complete, else progression over the nadir, else partial, else stable [M, V].

    `nadir` [M, V] replaces the lowest sum before the visit. Needs the option `partial_progression`.
    """
    lowest = burden.nadir if nadir is None else nadir
    judgeable = ~np.isnan(burden.sum + burden.start[:, None])
    code = np.where(judgeable, np.int8(Response.SD), np.int8(Response.NE))
    code[judgeable & shrunk(burden.sum, burden.start[:, None])] = Response.PR
    code[target_progression(burden, options, lowest)] = Response.PD
    code[burden.complete] = Response.CR
    code[~burden.present] = Response.NONE
    return code


def target_progression(burden: Burden, options: Options, nadir: Floats) -> Flags:
    """R4, R7: the sum has grown over the nadir, or the measured targets alone have, or a target was recorded as progressing [M, V]."""
    compared = burden.measured if options["partial_progression"] else burden.sum
    return grown(compared, nadir) | burden.recorded


def shrunk(total: Floats, start: Floats) -> Flags:
    """A fall by 30 % or more from the baseline."""
    return total <= start * (1 - RULES["partial_response"].value + TOLERANCE)


def grown(total: Floats, nadir: Floats) -> Flags:
    """A rise by 20 % or more over the nadir that is 5 mm or more as well."""
    relative = total >= nadir * (1 + RULES["progression"].value - TOLERANCE)
    return relative & (total - nadir >= RULES["progression_rise"].value - TOLERANCE)


def normal_below(scans: Scans) -> Floats:
    """The size below which a lesion counts as gone [M, 1, L], mm: 10 for the short axis of a node, any size at all for others."""
    limit = np.where(scans.is_kind(*NODES), RULES["normal_node"].value - TOLERANCE, TOLERANCE)
    return limit[:, None, :]


def diseased(scans: Scans) -> Flags:
    """Lesions seen and not normal [M, V, L]; a node too small to measure is normal."""
    node = _followed(scans, *NODES)
    size = np.where((scans.status == Status.TOO_SMALL) & node, 0.0, scans.diameter)
    return scans.seen & ~(size < normal_below(scans))


def disease_seen(scans: Scans) -> Flags:
    """Whether any lesion was seen that is not normal [M, V]."""
    return np.asarray((diseased(scans) & (scans.kind >= 0)[:, None, :]).any(axis=2))


def non_target_response(scans: Scans) -> Codes:
    """R5: progression if any has progressed, else not evaluable if any was not evaluated, else gone or not; NONE without any [M, V]."""
    followed = _followed(scans, *NON_TARGETS)
    remains = (followed & diseased(scans)).any(axis=2)
    code = np.where(remains, np.int8(Response.NON_CR_NON_PD), np.int8(Response.CR))
    code[(followed & (scans.status == Status.NOT_EVALUABLE)).any(axis=2)] = Response.NE
    code[(followed & (scans.status == Status.PROGRESSION)).any(axis=2)] = Response.PD
    code[~followed.any(axis=(1, 2))] = Response.NONE
    return code


def new_seen(scans: Scans) -> Flags:
    """R6: whether a new lesion was seen at this visit or, after the baseline, at an earlier one [M, V]."""
    appeared = (scans.seen & _followed(scans, Kind.NEW)).any(axis=2) & scans.later
    return np.logical_or.accumulate(appeared, axis=1) & scans.later


def overall_response(target: Codes, non_target: Codes, new: Flags) -> Codes:
    """R7: what targets, non-targets and new lesions say together, without history [M, V]; without any lesion not evaluable."""
    code = target.copy()
    code[(target == Response.CR) & (non_target != Response.CR) & (non_target != Response.NONE)] = Response.PR
    code = np.where(target == Response.NONE, non_target, code)
    code[code == Response.NONE] = Response.NE
    code[(target == Response.PD) | (non_target == Response.PD) | new] = Response.PD
    return code


def judge_visits(scans: Scans, options: Options) -> Judged:
    """RECIST 1.1 at every visit."""
    burden, non_target, new = burden_of(scans, options), non_target_response(scans), new_seen(scans)
    complete = scans.later & (overall_response(_complete_only(burden), non_target, new) == Response.CR)
    nadir = burden.nadir if options["strict_cr"] else lowest_before(burden.sum, scans.counted & ~complete)
    target = target_response(burden, options, nadir)
    history = with_history(scans, overall_response(target, non_target, new), complete, options)
    day = first(scans.day, history.overall == Response.PD)
    return Judged(
        baseline=scans.baseline,
        sum=burden.sum,
        nadir=nadir,
        target=framed(scans, target, target != Response.NONE),
        non_target=framed(scans, non_target, non_target != Response.NONE),
        new=new,
        overall=framed(scans, history.overall, scans.held),
        rule=decisions(scans, Grounds(burden, nadir, target, non_target, new, *history), options),
        sentences=SENTENCES,
        numbers={"measured": burden.measured, "progression": np.broadcast_to(day[:, None], scans.day.shape)},
    )


def with_history(scans: Scans, called: Codes, complete: Flags, options: Options) -> History:
    """What earlier visits make of each visit's own call: R6 and R9 after complete responses, R10 after partial ones; progression stays.

    `called` [M, V] is the overall response of each visit alone, `complete` where that is CR whatever the nadir.
    """
    overall = np.where(scans.later, called, np.int8(Response.NE))
    again = disease_seen(scans) & earlier(_final(scans, complete, options)) & scans.later
    returned = _returned(scans) & scans.later if options["reappearing"] == "progression" else np.zeros_like(again)
    overall[again | returned] = Response.PD
    lasting = (overall == Response.SD) & _responded(scans, overall, options)
    overall[lasting] = Response.PR
    progressed = np.logical_or.accumulate(overall == Response.PD, axis=1)
    overall[progressed & scans.later] = Response.PD
    return History(overall, lasting, again, returned, earlier(progressed))


def judge_best(scans: Scans, judged: Judged, options: Options) -> Best:
    """RECIST 1.1 for every patient; a partial response that only lasts (R10) neither starts nor confirms one."""
    lasting = (judged.overall == Response.PR) & (judged.target == Response.SD)
    return best_response.best_response(scans, judged, options, np.where(lasting, np.int8(Response.SD), judged.overall))


def _followed(scans: Scans, *kinds: Kind) -> Flags:
    return np.broadcast_to(scans.is_kind(*kinds)[:, None, :], scans.status.shape)


def _complete_only(burden: Burden) -> Codes:
    code = np.where(burden.complete, np.int8(Response.CR), np.int8(Response.NE))
    code[~burden.present] = Response.NONE
    return code


def _final(scans: Scans, complete: Flags, options: Options) -> Flags:
    """R9: complete responses after which any disease is progression [M, V]: all, or (not strict) confirmed ones."""
    if options["strict_cr"]:
        return complete
    return confirmed(scans.day, complete, ~disease_seen(scans), options["confirmation_days"])[0]


def _responded(scans: Scans, overall: Codes, options: Options) -> Flags:
    """R10: whether a partial response was assigned before the visit and lasts [M, V]."""
    if options["pr_persists"] == "never":
        return np.zeros(overall.shape, dtype=bool)
    shown = is_one(overall, RESPONSES)
    if options["pr_persists"] == "confirmed":
        bridge = best_response.bridges(np.where(scans.later, overall, np.int8(Response.NONE)), options, partial=True)
        shown, _ = confirmed(scans.day, shown, bridge, options["confirmation_days"])
    return earlier(shown)


def _returned(scans: Scans) -> Flags:
    """R6: whether a lesion is there again that had vanished [M, V]."""
    ill = diseased(scans) & (scans.kind >= 0)[:, None, :] & scans.counted[:, :, None]
    evaluated = (scans.status != Status.NOT_EVALUABLE) & scans.counted[:, :, None]
    gone = np.logical_or.accumulate(ill, axis=1) & evaluated & ~ill
    vanished = np.logical_or.accumulate(gone, axis=1)
    return np.asarray((ill & vanished).any(axis=2))


CRITERION = Criterion(
    name="recist1.1",
    title="RECIST 1.1, solid tumors (Eisenhauer 2009)",
    rules=RULES,
    choices=CHOICES,
    labels=LABELS,
    visits=judge_visits,
    best=judge_best,
    needs=("diameter_mm",),
    refractory="sitc",
    target_labels={**LABELS, Response.NONE: "none"},
)
