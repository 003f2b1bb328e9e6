"""Response of acute leukemia, visit by visit, from a spreadsheet or a simulation.

In the patient: marrow blasts below 5 %, none in the blood and no disease outside the marrow are a remission; the blood counts say which.
In lymphoblastic leukemia it is complete (CR) or without full recovery of the counts (CRi); in myeloid leukemia partial recovery (CRh) and
a leukemia-free marrow without any (MLFS) are told apart. Leukemia that comes back after a remission is a relapse, and stays one.

Represented: `Scans` with the findings blasts (percent of marrow), anc, platelets and mrd; any lesion seen is extramedullary disease. The
rules are those of `leukemia`, residual disease is read as in `residual_disease`. The burden is the percentage of blasts. A visit without
marrow that shows no disease is not evaluable for response, yet it keeps the patient under observation.

Left out: blood blasts (no column; an option says what is taken of them), cellularity, partial remission, a patient enrolled in remission.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from pathlib import Path

import numpy as np

from remission.response import best_response as best
from remission.response import leukemia
from remission.response.arrays import Codes, Floats, earlier, first, last
from remission.response.choices import Choice, read_choices
from remission.response.criterion import Criterion, Options
from remission.response.judged import MARKS, REMISSIONS, Best, Judged, Response, framed, lowest_before
from remission.response.leukemia import Response as Visit
from remission.response.leukemia_words import RESIDUAL, SENTENCES, Residual, Why
from remission.response.residual_visits import OWN, Reasons, read_residual
from remission.response.rules import TOLERANCE, Rule
from remission.response.scans import NON_TARGETS, TARGETS, Kind, Scans, Status

RULES: Mapping[str, Rule] = {**leukemia.RULES, **OWN}
CHOICES: Mapping[str, Choice] = read_choices(Path(__file__).with_suffix(".options.csv"))
LABELS = {
    **MARKS,
    Response.PD: "relapse",
    Response.NO_RESPONSE: "no response",
    Response.MLFS: "MLFS",
    Response.CRI: "CRi",
    Response.CRH: "CRh",
    Response.CR: "CR",
}
CODES = {
    Visit.NOT_EVALUABLE: Response.NE,
    Visit.RELAPSE: Response.PD,
    Visit.NO_RESPONSE: Response.NO_RESPONSE,
    Visit.NO_RELAPSE: Response.NE,
    Visit.MLFS: Response.MLFS,
    Visit.CRI: Response.CRI,
    Visit.CRH: Response.CRH,
    Visit.CR: Response.CR,
}


def visits(scans: Scans, options: Options) -> Judged:
    """Every visit judged."""
    codes, why, counts = _called(scans, options)
    remission = np.logical_or.accumulate(codes >= Visit.CRI, axis=1)
    residual, numbers = read_residual(scans, remission & ~np.isin(codes, (Visit.RELAPSE, Visit.NO_RESPONSE)), options)
    overall, why, since = _with_residual_relapse(_coded(codes), why, numbers, options)
    overall, why, relapse = _stays(scans, overall, why, since)
    overall, why = _marked(scans, overall, why)
    burden = np.where(scans.counted, scans.finding("blasts"), np.nan)
    adequate = scans.later & ((overall != Response.NE) | (why == Why.CLEAR))
    none = np.full(scans.day.shape, Response.NONE, dtype=np.int8)
    return Judged(
        baseline=scans.baseline,
        sum=burden,
        nadir=lowest_before(burden, scans.counted),
        target=none,
        non_target=none,
        new=np.logical_or.accumulate(scans.later & (scans.seen & scans.is_kind(Kind.NEW)[:, None, :]).any(axis=2), axis=1),
        overall=overall,
        rule=(why * np.int16(len(Residual)) + residual).astype(np.int16),
        sentences=[SENTENCES[one] + RESIDUAL[other] for one, other in product(Why, Residual)],
        numbers={
            "blasts": burden,
            "relapse": relapse,
            "adequate": adequate.astype(np.float64),
            **counts,
            **numbers,
        },
        unit="%",
    )


def _called(scans: Scans, options: Options) -> tuple[Codes, Reasons, dict[str, Floats]]:
    """What `leukemia` calls every visit and why [M, V], and the blood counts it read."""
    blasts, anc, platelets = (np.where(scans.later, scans.finding(name), np.nan) for name in ("blasts", "anc", "platelets"))
    outside = np.where(scans.later, _extramedullary(scans, options), np.nan)
    blood = 0.0 if options["circulating_blasts"] == "none" else np.nan
    myeloid = options["disease"] == "aml"
    codes = leukemia.judge_visits(
        blasts / 100,
        np.full(blasts.shape, blood),
        outside,
        anc,
        platelets,
        partial_recovery=myeloid,
        leukemia_free_state=myeloid,
    )
    return codes, _why(codes, blasts, anc, platelets), {"anc": anc, "platelets": platelets}


def _with_residual_relapse(overall: Codes, why: Reasons, numbers: Mapping[str, Floats], options: Options) -> tuple[Codes, Reasons, Floats]:
    """A3: confirmed relapse of residual disease as relapse, where that is chosen; with the day it is dated to, NaN for the visit's own."""
    since = np.full(overall.shape, np.nan)
    if options["mrd_relapse"] != "relapse":
        return overall, why, since
    confirmed = (numbers["mrd_relapse"] == 1) & (overall != Response.PD)
    return (
        np.where(confirmed, np.int8(Response.PD), overall),
        np.where(confirmed, np.int16(Why.RELAPSE_MRD), why),
        np.where(confirmed, numbers["mrd_relapse_day"], since),
    )


def best_of(scans: Scans, judged: Judged, options: Options) -> Best:
    """The best response up to relapse; a remission is confirmed by a visit without relapse, with or without marrow, at least 28 days on.

    MLFS is no remission: it dates no response and needs no confirmation. A remission that follow-up ended too early to confirm is not
    evaluable, one that was lost before is no response.
    """
    why = judged.rule // len(Residual)
    relapsed = scans.later & (judged.overall == Response.PD)
    usable = scans.later & ~np.logical_or.accumulate(relapsed, axis=1)
    own = best.own_therapy(scans, options)
    within = usable & own & (scans.day <= _window(options) + TOLERANCE)
    remission, complete = within & np.isin(judged.overall, REMISSIONS), within & (judged.overall == Response.CR)
    reached = np.where(within, judged.overall, np.int8(Response.NE))
    called = np.where(scans.later & own, _uncoded(judged.overall, why), np.int8(Visit.NOT_EVALUABLE))
    kept = leukemia.best_response(
        scans.day,
        np.where(relapsed, np.int8(Visit.RELAPSE), called),
        window=_window(options),
        maintenance=options["confirmation_days"],
    )
    highest = _highest(reached)
    return Best(
        best=highest,
        best_confirmed=np.where(highest == Response.MLFS, highest, _coded(kept.code)),
        response_day=first(scans.day, remission),
        confirmed_response_day=kept.response_day,
        complete_day=first(scans.day, complete),
        progression_day=first(judged.numbers["relapse"], relapsed),
        last_adequate_day=last(scans.day, usable & (judged.numbers["adequate"] == 1)),
        best_change=best.best_change(scans, judged, relapsed, own),
    )


def _window(options: Options) -> float:
    return options["response_window"] or np.inf


def _extramedullary(scans: Scans, options: Options) -> Floats:
    """Disease outside the marrow [M, V]: 1 where a lesion was seen, 0 where none is known or all had gone, NaN where none was looked at.

    A new lesion counts as known from the visit that first saw it.
    """
    seen = np.asarray(scans.seen.any(axis=2))
    if options["unexamined_lesions"] == "absent":
        return seen.astype(np.float64)
    from_start = scans.is_kind(*TARGETS, *NON_TARGETS)
    known = np.logical_or.accumulate(scans.seen, axis=1) | from_start[:, None, :]
    missed = np.asarray((known & (scans.status == Status.NOT_EVALUABLE)).any(axis=2))
    return np.where(seen, 1.0, np.where(missed, np.nan, 0.0))


def _why(codes: Codes, blasts: Floats, anc: Floats, platelets: Floats) -> Reasons:
    """The rule behind each visit."""
    in_marrow = blasts / 100 >= RULES["remission_blasts"].value - TOLERANCE
    choices = {
        Why.RELAPSE: (codes == Visit.RELAPSE) & in_marrow,
        Why.RELAPSE_OUTSIDE: codes == Visit.RELAPSE,
        Why.NO_RESPONSE: (codes == Visit.NO_RESPONSE) & in_marrow,
        Why.NO_RESPONSE_OUTSIDE: codes == Visit.NO_RESPONSE,
        Why.CR: codes == Visit.CR,
        Why.CRH: codes == Visit.CRH,
        Why.CRI: codes == Visit.CRI,
        Why.MLFS: codes == Visit.MLFS,
        Why.CLEAR: codes == Visit.NO_RELAPSE,
        Why.NO_MARROW: np.isnan(blasts),
        Why.NO_COUNTS: np.isnan(anc + platelets),
    }
    return np.select(list(choices.values()), list(choices), Why.UNEXAMINED).astype(np.int16)


def _stays(scans: Scans, overall: Codes, why: Reasons, since: Floats) -> tuple[Codes, Reasons, Floats]:
    """After the first relapse every visit is a relapse; and the day it is dated to."""
    relapsed = overall == Response.PD
    after = earlier(relapsed)
    day = first(np.where(np.isnan(since), scans.day, since), relapsed)[:, None]
    overall = np.where(after, np.int8(Response.PD), overall)
    return overall, np.where(after, np.int16(Why.AFTER), why), np.where(overall == Response.PD, day, np.nan)


def _marked(scans: Scans, overall: Codes, why: Reasons) -> tuple[Codes, Reasons]:
    """The baseline, what lies before it and visits that were not held."""
    place = np.arange(scans.day.shape[1]) - scans.baseline[:, None]
    frames = [~scans.held, place < 0, place == 0]
    start = np.where(np.isnan(scans.finding("blasts")), Why.BASELINE, Why.BASELINE_BLASTS)
    return framed(scans, overall, scans.held), np.select(frames, [Why.NOT_HELD, Why.EARLIER, start], why).astype(np.int16)


def _coded(codes: Codes) -> Codes:
    """Codes of `leukemia` as those that criteria share."""
    return np.array([CODES[one] for one in Visit], dtype=np.int8)[codes]


def _uncoded(overall: Codes, why: Reasons) -> Codes:
    """Codes that criteria share as those of `leukemia`; a clear visit without marrow keeps its meaning."""
    back = np.full(max(Response) + 2, Visit.NOT_EVALUABLE, dtype=np.int8)
    for visit, code in CODES.items():
        if code != Response.NE:
            back[code] = visit
    return np.where(why == Why.CLEAR, np.int8(Visit.NO_RELAPSE), back[overall])


def _highest(reached: Codes) -> Codes:
    """The best of the visits [M]; no response where only that was seen, not evaluable without any."""
    best_visit = _uncoded(reached, np.zeros(reached.shape, dtype=np.int16)).max(axis=1, initial=Visit.NOT_EVALUABLE)
    return _coded(best_visit)


CRITERION = Criterion(
    name="leukemia",
    title="Acute leukemia: remission, recovery of counts, residual disease and relapse (ELN 2022)",
    rules=RULES,
    choices=CHOICES,
    labels=LABELS,
    visits=visits,
    best=best_of,
    needs=("blasts",),
    uses=("anc", "platelets", "mrd"),
    refractory="all",
    remissions=True,
    target_labels=LABELS,
)
