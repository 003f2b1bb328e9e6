"""Response of lymphoma by the Lugano classification of 2014 (Cheson 2014, doi:10.1200/JCO.2013.54.8800), by PET and by CT.

In the patient: on PET the uptake of the worst site is scored 1 to 5 against mediastinum and liver. A score of up to 3 is a complete
metabolic response whatever mass is left (CMR); 4 or 5 is partial (PMR) when uptake has fallen since the baseline, none (NMR) when it is
the same, progression (PMD) when it has risen, is seen anew after a complete response, or comes with a new lesion. On CT the products
of the targets, other lesions and the spleen decide (`lugano_ct`): CR, PR, SD, PD. Growth on CT of what still takes up counts too.

Represented: PET decides where a visit has a score that can be judged, else CT (option `decides`). Uptake is known by its score alone:
it has fallen, is the same or has risen as the score has. One code per response serves both; `numbers["metabolic"]` is 1 where PET
decided and its words are those of `METABOLIC_LABELS`. After progression every visit stays progression.

Left out: a fall of uptake that leaves the score the same (it is judged the same), the marrow's own uptake, score X, biopsies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from remission.response import best_response as best
from remission.response.arrays import Codes, Flags, Floats, earlier, first, last
from remission.response.choices import Choice, read_choices
from remission.response.criterion import Criterion, Options
from remission.response.judged import LABELS, PART_LABELS, Best, Judged, Response, framed
from remission.response.lugano_ct import RULES, Ct, any_lesion, read_ct
from remission.response.lugano_words import SENTENCES, Why
from remission.response.lyric import Deferral, deferred
from remission.response.rules import TOLERANCE
from remission.response.scans import Kind, Scans

CHOICES: Mapping[str, Choice] = {**best.CHOICES, **read_choices(Path(__file__).with_suffix(".options.csv"))}
METABOLIC_LABELS = {**LABELS, Response.PD: "PMD", Response.SD: "NMR", Response.PR: "PMR", Response.CR: "CMR"}
"""How the same codes are written where PET decided."""


@dataclass(frozen=True)
class Pet:
    """What PET says of each visit [M, V]: code (NE without a score that can be judged), the rule, and the scores it used."""

    code: Codes
    why: Codes
    score: Floats
    baseline: Floats
    reference: Floats


def visits(scans: Scans, options: Options) -> Judged:
    """Every visit judged."""
    ct = read_ct(scans, options)
    seen_now = _new_lesions(scans, options)
    new = np.logical_or.accumulate(seen_now, axis=1)
    counted_new = seen_now if options["lyric"] else new
    pet = _pet(scans, counted_new, options)
    code, why, metabolic = _decided(ct, pet, counted_new, options)
    code, why = _marked(scans, ct, pet, code, why)
    progression = np.full(scans.day.shape, np.nan)
    if options["lyric"]:
        code, why, progression = _lyric(scans, ct, counted_new, code, why, options)
    code, why, metabolic, progression = _stays(scans, code, why, metabolic, progression)
    return Judged(
        baseline=scans.baseline,
        sum=ct.sum,
        nadir=ct.nadir,
        target=ct.target,
        non_target=ct.non_target,
        new=new,
        overall=code,
        rule=why.astype(np.int16),
        sentences=[SENTENCES[one] for one in Why],
        numbers=_numbers(ct, pet, metabolic, progression),
        unit="mm2",
    )


def best_of(scans: Scans, judged: Judged, options: Options) -> Best:
    """The best response of each patient; a complete response stays the best whatever follows, progression is dated to its first sign."""
    found = best.best_response(scans, judged, {**options, "strict_cr": True})
    progression = judged.numbers["progression"]
    dated = first(progression, (judged.overall == Response.PD) & ~np.isnan(progression))
    stable = np.int8(Response.SD)
    return replace(
        found,
        best=np.where(found.best == Response.NON_CR_NON_PD, stable, found.best),
        best_confirmed=np.where(found.best_confirmed == Response.NON_CR_NON_PD, stable, found.best_confirmed),
        progression_day=np.where(np.isnan(found.progression_day), np.nan, dated),
    )


def _new_lesions(scans: Scans, options: Options) -> Flags:
    """Visits that show a new lesion; a measured one may have to exceed a size."""
    small = scans.diameter if scans.perpendicular is None else np.fmax(scans.diameter, scans.perpendicular)
    counts = scans.seen & ~(small <= options["new_lesion"] + TOLERANCE)
    return scans.later & any_lesion(counts & scans.is_kind(Kind.NEW)[:, None, :])


def _pet(scans: Scans, new: Flags, options: Options) -> Pet:
    """Every visit by its score."""
    score = scans.finding("pet_score")
    given = scans.held & ~np.isnan(score)
    until = given & (np.arange(score.shape[1]) <= scans.baseline[:, None])
    assumed = options["baseline_score"] or np.nan
    start = np.where(until.any(axis=1), last(score, until), assumed)[:, None]
    start = np.broadcast_to(start, score.shape)
    low = score <= RULES["complete_score"].value + TOLERANCE
    cleared = earlier(low & scans.later & ~new)
    reference = start
    if options["pet_reference"] == "lowest":
        lowest = np.minimum.accumulate(np.where(given & scans.later, score, np.inf), axis=1)
        reference = np.fmin(start, np.concatenate([start[:, :1], lowest[:, :-1]], axis=1))
    again = cleared if options["score_after_complete"] == "progression" else np.zeros_like(cleared)
    choices = [~given, new, low, again, score > reference, score < start, score >= start]
    codes = [Response.NE, Response.PD, Response.CR, Response.PD, Response.PD, Response.PR, Response.SD]
    whys = [Why.NE, Why.NEW, Why.CMR, Why.PMD_AGAIN, Why.PMD, Why.PMR, Why.NMR]
    code = np.select(choices, codes, Response.NE).astype(np.int8)
    return Pet(code, np.select(choices, whys, Why.PET_UNKNOWN).astype(np.int8), score, start, reference)


def _decided(ct: Ct, pet: Pet, new: Flags, options: Options) -> tuple[Codes, Codes, Flags]:
    """The code and rule of each visit, and whether PET decided it."""
    decides = options["decides"]
    ct_code = np.where(new, np.int8(Response.PD), ct.code)
    by_pet, by_ct = pet.code != Response.NE, ct_code != Response.NE
    grown = (ct.code == Response.PD) & (pet.code != Response.CR) & (options["ct_progression"] == "with uptake")
    prevails = {"pet": (pet.code == Response.PD) | ~grown, "ct": np.zeros_like(by_pet), "worse": pet.code < ct_code}[decides]
    metabolic = by_pet & (~by_ct | prevails | (new & (decides == "worse")))
    ct_why = np.where(new, np.int8(Why.NEW), _ct_why(ct))
    ct_why = np.where((ct_code == Response.NE) & ~np.isnan(pet.score), np.int8(Why.PET_UNKNOWN), ct_why)
    return np.where(metabolic, pet.code, ct_code), np.where(metabolic, pet.why, ct_why), metabolic


def _ct_why(ct: Ct) -> Codes:
    """The rule behind the response by CT."""
    code, target, spleen = ct.code, ct.target, ct.spleen
    choices = {
        Why.RETURNED: ct.growth.returned,
        Why.GROWN: ct.growth.grown,
        Why.NON_TARGET: (ct.non_target == Response.PD) | (target == Response.PD),
        Why.SPLEEN: spleen.progressed,
        Why.CR: code == Response.CR,
        Why.PR: (code == Response.PR) & (target == Response.PR),
        Why.PR_OTHER: (code == Response.PR) & (target == Response.NONE),
        Why.PR_SPLEEN: (code == Response.PR) & ~spleen.normal,
        Why.PR_REST: code == Response.PR,
        Why.SD_OTHER: (code == Response.SD) & (target == Response.NONE),
        Why.SD_SPLEEN: (code == Response.SD) & (target != Response.SD),
        Why.SD: code == Response.SD,
        Why.NE_TARGETS: target == Response.NE,
    }
    return np.select(list(choices.values()), list(choices), Why.NE).astype(np.int8)


def _marked(scans: Scans, ct: Ct, pet: Pet, code: Codes, why: Codes) -> tuple[Codes, Codes]:
    """The baseline, what lies before it and visits that were not held."""
    place = np.arange(scans.day.shape[1]) - scans.baseline[:, None]
    frames = [~scans.held, place < 0, place == 0]
    measured, scored = ~np.isnan(ct.sum), ~np.isnan(pet.score)
    start = np.select([measured & scored, measured, scored], [Why.BASELINE_BOTH, Why.BASELINE_SUM, Why.BASELINE_SCORE], Why.BASELINE)
    return framed(scans, code, scans.held), np.select(frames, [Why.NOT_HELD, Why.EARLIER, start], why).astype(np.int8)


def _lyric(scans: Scans, ct: Ct, new: Flags, code: Codes, why: Codes, options: Options) -> tuple[Codes, Codes, Floats]:
    """Progression deferred as an indeterminate response until a later visit confirms it."""
    by_score = np.isin(why, (Why.PMD, Why.PMD_AGAIN)) & (ct.code != Response.PD)
    fixed = (ct.non_target == Response.PD) | ct.spleen.progressed
    kind, since = deferred(scans, ct, code, new, by_score, fixed, options)
    waits = {Deferral.IR1: Why.IR1, Deferral.IR2: Why.IR2, Deferral.IR3: Why.IR3}
    for one, reason in waits.items():
        why = np.where(kind == one, np.int8(reason), why)
    code = np.where(np.isin(kind, list(waits)), np.int8(Response.SD), code)
    return code, np.where(kind == Deferral.CONFIRMED, np.int8(Why.CONFIRMED), why), since


def _stays(scans: Scans, code: Codes, why: Codes, metabolic: Flags, since: Floats) -> tuple[Codes, Codes, Flags, Floats]:
    """After the first progression every visit is progression, in the words of that visit."""
    progressed = scans.later & (code == Response.PD)
    after = scans.held & earlier(progressed)
    has, at = progressed.any(axis=1), progressed.argmax(axis=1)[:, None]
    day = np.take_along_axis(np.where(np.isnan(since), scans.day, since), at, axis=1)
    words = np.take_along_axis(metabolic, at, axis=1)
    shown = np.where(after | progressed, np.where(has[:, None], day, np.nan), np.nan)
    return (
        np.where(after, np.int8(Response.PD), code),
        np.where(after, np.int8(Why.AFTER), why),
        np.where(after, words, metabolic) & scans.later,
        shown,
    )


def _numbers(ct: Ct, pet: Pet, metabolic: Flags, progression: Floats) -> Mapping[str, Floats]:
    """The numbers that sentences quote."""
    growth = ct.growth
    with np.errstate(divide="ignore", invalid="ignore"):
        share = 100 * (growth.product - growth.lowest_product) / growth.lowest_product
    return {
        "metabolic": metabolic.astype(np.float64),
        "score": pet.score,
        "baseline_score": pet.baseline,
        "reference_score": pet.reference,
        "spleen": ct.spleen.length,
        "spleen_reference": ct.spleen.reference,
        "product": growth.product,
        "lowest_product": growth.lowest_product,
        "growth": share,
        "diameter": growth.diameter,
        "lesion_rise": growth.rise,
        "progression": progression,
    }


CRITERION = Criterion(
    name="lugano",
    title="Lugano classification 2014 of lymphoma, by PET and CT",
    rules=RULES,
    choices=CHOICES,
    labels=LABELS,
    metabolic_labels=METABOLIC_LABELS,
    visits=visits,
    best=best_of,
    uses=("diameter_mm", "perpendicular_mm", "pet_score", "spleen_cm", "clinical"),
    refractory="scholar1",
    two_axes=True,
    by_lesion=True,
    target_labels=PART_LABELS,
)
