"""How a visit is judged by the criteria of brain tumors: signs of progression first, then everything else, then the course over time.

In the patient: growth, a new lesion or decline is progression, unless the criterion has a reason to wait: early after radiation, or on
immunotherapy, the same picture may be inflammation. Then the progression is preliminary until a later scan shows it again.

Represented: signs are flags [M, V] by `Sign`; without any, the first rung of `calm` that applies decides. `course` walks over the visits:
a preliminary progression counts as stable disease, a confirmed one is dated to the visit that showed it first.

Left out: back-dating of stable disease when a rise of steroids proves later to have been due to progression.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remission.response.arrays import Codes, Flags, Floats, first, last
from remission.response.best_response import best_response
from remission.response.criterion import Options
from remission.response.judged import Best, Judged, Response, framed
from remission.response.rano import Facts
from remission.response.rano_words import ENDINGS, HEAD, UNCONFIRMED, Sign, Terms, sentences
from remission.response.rules import TOLERANCE
from remission.response.scans import Scans

Heads = NDArray[np.int16]
Signs = Mapping[Sign, Flags]
NO_SIGN = -1


class Ladder:
    """Rungs in order; the first that applies to a visit decides what it is called and why."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.heads: Heads = np.full(shape, -1, dtype=np.int16)
        self.codes: Codes = np.full(shape, Response.NE, dtype=np.int8)

    def rung(self, where: Flags, head: str, code: Response) -> None:
        """Visits not decided yet where this holds."""
        here = where & (self.heads < 0)
        np.copyto(self.heads, np.int16(HEAD[head]), where=here)
        np.copyto(self.codes, np.int8(code), where=here)


def signs_of(found: Facts, terms: Terms, options: Options, *, new: bool, flair: bool) -> dict[Sign, Flags]:
    """The signs of progression [M, V]; growth with less steroid than at the nadir is none unless it is chosen to be."""
    lesion = found.sizable | (options.get("small_growth") != "stable")
    if terms.lesion_rise is not None:
        lesion = lesion & (found.rise >= terms.lesion_rise - TOLERANCE)
    excused = excused_by_steroid(found, options)
    growth = found.grown(found.burden, terms.rise) & lesion
    back = growth & (found.nadir == 0)
    swelling = found.flair_up & ~excused & flair
    return {
        Sign.GROWTH: growth & ~back & ~excused,
        Sign.RETURN: back,
        Sign.KNOWN_PART: np.isnan(found.burden) & found.grown(found.known, terms.rise) & lesion & ~excused,
        Sign.NON_TARGET: found.non_target == Response.PD,
        Sign.NEW_LESION: found.new & new,
        Sign.PSEUDORESPONSE: swelling & found.fallen(terms.fall),
        Sign.FLAIR: swelling,
        Sign.CLINICAL: found.worse,
    }


def excused_by_steroid(found: Facts, options: Options) -> Flags:
    """Growth here may be due to less steroid than at the nadir."""
    return found.less_steroid & (options.get("growth_on_less_steroid") == "stable")


def first_sign(signs: Signs) -> Codes:
    """The first sign that applies [M, V], else `NO_SIGN`."""
    found = np.full(next(iter(signs.values())).shape, NO_SIGN, dtype=np.int8)
    for sign in sorted(signs, reverse=True):
        np.copyto(found, np.int8(sign), where=signs[sign])
    return found


def calm(found: Facts, terms: Terms, options: Options, held: Codes, *, by_eye: bool = False) -> Ladder:
    """What a visit is called if there is no progression; `held` names signs that are held back.

    `by_eye` lets lesions that are not targets respond where there is no target; else stable disease is the best for such a patient.
    """
    ladder = Ladder(found.burden.shape)
    _not_evaluable(ladder, found, options)
    for sign in Sign:
        ladder.rung(held == sign, f"HELD {sign.name}", Response.SD)
    excused = excused_by_steroid(found, options)
    ladder.rung(found.new, "NEW_ON_IMMUNOTHERAPY", Response.SD)
    ladder.rung(found.grown(found.burden, terms.rise) & excused & (found.nadir > 0), "GROWN_ON_LESS", Response.SD)
    ladder.rung(found.flair_up & excused, "FLAIR_ON_LESS", Response.SD)
    if options["stable_on_more_steroid"] == "NE":
        ladder.rung(found.more_steroid, "MORE_STEROID", Response.NE)
    _without_targets(ladder, found, terms, by_eye)
    ladder.rung(found.flair_up, "FLAIR_BARS", Response.SD)
    _responses(ladder, found, terms)
    _stable(ladder, found, terms)
    return ladder


def _not_evaluable(ladder: Ladder, found: Facts, options: Options) -> None:
    unknown = found.targets & np.isnan(found.burden)
    ladder.rung(unknown & found.unpaired, "UNPAIRED", Response.NE)
    ladder.rung(unknown, "TARGET_MISSING", Response.NE)
    ladder.rung(found.targets & ~found.gone & np.isnan(found.start), "NO_BASELINE", Response.NE)
    ladder.rung(~found.targets & (found.non_target == Response.NE), "OTHERS_MISSING", Response.NE)
    if options["missing_findings"] == "not evaluable":
        ladder.rung(found.missing != 0, "NOT_GIVEN", Response.NE)


def _without_targets(ladder: Ladder, found: Facts, terms: Terms, by_eye: bool) -> None:
    if by_eye:
        clear = ~found.targets & (found.non_target == Response.CR)
        ladder.rung(clear & found.off_steroid(terms.allowed_steroid), "EYE_CR", Response.CR)
        ladder.rung(clear, "EYE_CR_BARRED", Response.NON_CR_NON_PD)
        ladder.rung(~found.targets & (found.non_target == Response.NON_CR_NON_PD), "EYE", Response.NON_CR_NON_PD)
    ladder.rung(np.broadcast_to(~found.targets, found.burden.shape), "EMPTY", Response.SD)


def _responses(ladder: Ladder, found: Facts, terms: Terms) -> None:
    complete = found.gone & ((found.non_target == Response.CR) | (found.non_target == Response.NONE))
    fallen = found.fallen(terms.fall)
    ladder.rung(complete & found.off_steroid(terms.allowed_steroid), "CR", Response.CR)
    ladder.rung(found.gone & found.more_steroid, "GONE_MORE", Response.SD)
    ladder.rung(fallen & found.more_steroid, "FALL_STEROID", Response.SD)
    ladder.rung(complete, "GONE_STEROID", Response.PR)
    ladder.rung(found.gone, "GONE_OTHERS", Response.PR)
    ladder.rung(fallen, "PR", Response.PR)


def _stable(ladder: Ladder, found: Facts, terms: Terms) -> None:
    if terms.minor:
        ladder.rung(found.fallen(terms.minor), "MINOR", Response.SD)
    if terms.lesion_rise is not None:
        ladder.rung(found.grown(found.burden, terms.rise) & (found.nadir > 0), "NO_LESION_GREW", Response.SD)
    ladder.rung(found.grown(found.burden, terms.rise) & ~found.sizable & (found.nadir > 0), "SMALL_GROWTH", Response.SD)
    ladder.rung((found.nadir > 0) & (found.start > 0), "SD", Response.SD)
    ladder.rung(found.burden >= 0, "SD_AFTER_NOTHING", Response.SD)


@dataclass(frozen=True)
class Course:
    """What the visits come to over time, flags [M, V].

    begins: progression counts from here on; confirms: it does by repeating a preliminary one; preliminary: a sign that waits for
    confirmation; refuted: the first visit that no longer shows a preliminary one. since [M, V]: the day the progression, or the
    preliminary one, is dated to; due: the day from which a scan can confirm it.
    """

    progressed: Flags
    begins: Flags
    confirms: Flags
    preliminary: Flags
    refuted: Flags
    since: Floats
    due: Floats


def course(scans: Scans, shown: Flags, waits: Flags, wait: Floats, judged: Flags, grown: tuple[Floats, float] | None = None) -> Course:
    """The course of each patient.

    `shown`: a visit shows progression; where it `waits`, a later visit at least `wait` days on must show it again, and if `grown` names a
    burden (NaN where growth is not what shows it) and a share, with a burden that much above that of the preliminary visit. A visit that
    is `judged` and shows none ends the waiting.
    """
    patients, visits = shown.shape
    flags = {name: np.zeros(shown.shape, dtype=bool) for name in ("progressed", "begins", "confirms", "preliminary", "refuted")}
    since, dues = np.full((2, *shown.shape), np.nan)
    progressed = np.zeros(patients, dtype=bool)
    pending, due, level = np.full((3, patients), np.nan)
    for visit in range(visits):
        day, later = scans.day[:, visit], scans.later[:, visit]
        hit = shown[:, visit] & later & ~progressed
        waiting = ~np.isnan(pending) & ~progressed
        confirms = hit & waiting & (day >= due - TOLERANCE)
        if grown is not None:
            confirms &= ~(grown[0][:, visit] < level * (1 + grown[1]) - TOLERANCE * level)
            level = np.where(hit & ~waiting, grown[0][:, visit], level)
        begins = confirms | (hit & ~waits[:, visit])
        refuted = waiting & later & judged[:, visit] & ~hit
        due = np.where(hit & ~waiting, day + wait[:, visit], due)
        pending = np.where(hit & ~waiting, day, pending)
        since[:, visit], dues[:, visit] = pending, due
        pending = np.where(refuted, np.nan, pending)
        progressed = progressed | begins
        for name, value in zip(flags, (progressed & later, begins, begins & waiting, hit & ~begins, refuted), strict=True):
            flags[name][:, visit] = value
    return Course(**flags, since=since, due=dues)


def judged_visits(scans: Scans, found: Facts, terms: Terms, sign: Codes, ladder: Ladder, run: Course, ending: int) -> Judged:
    """The answer per visit; `ending` are the bits of `Missing` that matter where growth is judged."""
    heads, codes = ladder.heads, ladder.codes
    bits = np.where(codes == Response.NE, 0, found.missing) | np.where(heads == HEAD["NOT_GIVEN"], found.missing, 0)
    bits = bits | UNCONFIRMED * run.refuted
    growth = (sign == Sign.GROWTH) | (sign == Sign.KNOWN_PART)
    for where, way in ((run.preliminary, "PRELIMINARY"), (run.begins, "PD"), (run.confirms, "CONFIRMED")):
        heads = np.where(where, HEAD[f"{way} {Sign(0).name}"] + sign, heads)
        bits = np.where(where, np.where(growth, found.missing & ending, 0), bits)
    after = run.progressed & ~run.begins
    heads = np.where(after, HEAD["AFTER"], heads)
    codes = np.where(run.progressed, np.int8(Response.PD), np.where(run.preliminary, np.int8(Response.SD), codes))
    heads, codes, outside = _marked(scans, found, heads, codes)
    shown = {
        "since": run.since,
        "weeks": found.since_radiation / 7,
        "due": run.due,
        "dose": np.where(np.isnan(found.dose), found.dose_start, found.dose),
        "dose_before": np.where(found.less_steroid, found.dose_nadir, found.dose_start),
        "known": found.known,
    }
    return Judged(
        baseline=scans.baseline,
        sum=found.burden,
        nadir=found.nadir,
        target=framed(scans, _target(found, terms), found.targets),
        non_target=framed(scans, found.non_target, found.non_target != Response.NONE),
        new=np.logical_or.accumulate(found.new, axis=1),
        overall=codes,
        rule=(heads * ENDINGS + np.where(after | outside, 0, bits)).astype(np.int16),
        sentences=sentences(terms),
        numbers=shown if terms.lesion_rise is None else shown | {"lesion_rise": _short(found.rise)},
        unit=terms.measure.unit,
    )


def best_of(scans: Scans, judged: Judged, options: Options, *, by_eye: bool = False) -> Best:
    """The best response; visits of a preliminary progression that was confirmed later count as progression."""
    begun = first(judged.numbers["since"], judged.overall == Response.PD)
    if options.get("unconfirmed_last") == "progression":
        waiting = np.isin(judged.rule // ENDINGS, [HEAD[f"PRELIMINARY {sign.name}"] for sign in Sign])
        seen = scans.later & (judged.overall != Response.NE)
        final = last(np.where(waiting, judged.numbers["since"], np.nan), seen)
        begun = np.where(np.isnan(begun), final, begun)
    codes = np.where(scans.later & (scans.day >= begun[:, None]), np.int8(Response.PD), judged.overall)
    found = best_response(scans, judged, options, codes)
    if by_eye:
        return found
    best, confirmed = (np.where(code == Response.NON_CR_NON_PD, np.int8(Response.SD), code) for code in (found.best, found.best_confirmed))
    return replace(found, best=best, best_confirmed=confirmed)


def _short(values: Floats) -> Any:
    """Numbers that are only quoted, in half the memory."""
    return values.astype(np.float32)


def _target(found: Facts, terms: Terms) -> Codes:
    """The targets by size alone [M, V]."""
    code = np.where(np.isnan(found.burden), np.int8(Response.NE), np.int8(Response.SD))
    code = np.where(found.fallen(terms.fall), np.int8(Response.PR), code)
    grown = found.grown(np.where(np.isnan(found.burden), found.known, found.burden), terms.rise)
    if terms.lesion_rise is not None:
        grown &= found.rise >= terms.lesion_rise - TOLERANCE
    code = np.where(grown, np.int8(Response.PD), np.where(found.gone, np.int8(Response.CR), code))
    return np.where(found.targets, code, np.int8(Response.NONE))


def _marked(scans: Scans, found: Facts, heads: Heads, codes: Codes) -> tuple[Heads, Codes, Flags]:
    """Decisions with those of the baseline, of visits before it, and of places without a visit."""
    opening = np.where(found.small, HEAD["BASELINE_SMALL"], HEAD["BASELINE"])
    opening = np.where(np.isnan(found.burden), np.where(found.unpaired, HEAD["BASELINE_UNPAIRED"], HEAD["BASELINE_UNKNOWN"]), opening)
    opening = np.where(found.targets, opening, HEAD["BASELINE_EMPTY"])
    outside = ~scans.later
    marks = np.where(scans.counted, opening, np.where(scans.held, HEAD["EARLIER"], HEAD["NOT_HELD"]))
    return np.where(outside, marks, heads), framed(scans, codes, scans.held), outside
