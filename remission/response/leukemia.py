"""Remission and relapse in acute leukemia.

In the patient: marrow blasts below 5 %, none in the blood, no disease outside the marrow. With recovered neutrophils and platelets
this is a complete remission (CR), without them one with incomplete recovery (CRi). Once in remission, blasts of 5 % or more, blasts
in the blood or disease outside the marrow are a relapse.

Represented: arrays of measured values, patients by visits, become one code per visit, and the codes of a patient one best response,
dated to its first visit. Thresholds are rows of `leukemia.csv`. NaN means not examined.

Left out: partial remission, marrow cellularity of a morphologic leukemia-free state, and relapse of residual disease alone.
Residual disease below the microscope is `residual_disease.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from remission.errors import InputError
from remission.response.arrays import Codes, Flags, Floats, earlier, first, last
from remission.response.rules import TOLERANCE, Rule, read_rules


class Response(IntEnum):
    """What one visit says, from worst to best; larger codes are better responses."""

    NOT_EVALUABLE = 0
    RELAPSE = 1
    NO_RESPONSE = 2
    NO_RELAPSE = 3
    """Marrow not examined; blood counts, blood film and extramedullary examination show no disease."""
    MLFS = 4
    CRI = 5
    CRH = 6
    CR = 7


RULES: Mapping[str, Rule] = read_rules(Path(__file__).with_suffix(".csv"))
"""The thresholds used unless a caller passes others (`dataclasses.replace` a row for a sensitivity analysis)."""


@dataclass(frozen=True)
class BestResponse:
    """Each patient's response, shape [patients]; days are those of the visits and NaN where there is none."""

    code: Codes
    response_day: Floats
    confirmed_day: Floats
    relapse_day: Floats
    no_response_day: Floats
    """The first visit with leukemia after which no remission followed inside the window; NaN for responders and those not evaluable."""

    @property
    def responder(self) -> Flags:
        return self.code >= Response.CRI

    @property
    def complete(self) -> Flags:
        return self.code == Response.CR


def judge_visits(
    blasts: ArrayLike,
    circulating: ArrayLike,
    extramedullary: ArrayLike,
    neutrophils: ArrayLike,
    platelets: ArrayLike,
    *,
    partial_recovery: bool = False,
    leukemia_free_state: bool = False,
    rules: Mapping[str, Rule] = RULES,
) -> Codes:
    """One `Response` per patient and visit.

    All arrays are [patients, visits], visits in order of time and after the treatment began (a baseline visit with few blasts would
    read as a remission): marrow blasts (fraction of nucleated cells), circulating blasts
    (fraction of leukocytes, or true and false), extramedullary disease (nonzero: present), neutrophils and platelets (10^9/L).
    `partial_recovery` adds CRh between CR and CRi; `leukemia_free_state` gives MLFS where both counts fail. Both belong to acute
    myeloid leukemia (ELN 2022) and are off by default, so that in acute lymphoblastic leukemia every remission without recovered
    counts is a CRi (ELIANA).
    """
    marrow, blood, outside, anc, plt = _visits(blasts, circulating, extramedullary, neutrophils, platelets)
    disease = shows_disease(marrow, blood, outside, rules)
    cleared = _known(blood, outside) & ~disease
    counted = cleared & _known(anc, plt)
    remission = counted & (marrow < rules["remission_blasts"].value - TOLERANCE)

    depth = _depth(anc, plt, partial_recovery, leukemia_free_state, rules)
    code = np.full(marrow.shape, Response.NOT_EVALUABLE, dtype=np.int8)
    code[counted & np.isnan(marrow)] = Response.NO_RELAPSE
    code[remission] = depth[remission]
    code[disease] = np.where(earlier(remission & (code >= Response.CRI)), Response.RELAPSE, Response.NO_RESPONSE)[disease]
    return code


def shows_disease(marrow: Floats, blood: Floats, outside: Floats, rules: Mapping[str, Rule] = RULES) -> Flags:
    """Whether a visit shows leukemia in marrow, blood or elsewhere; what was not examined shows nothing."""
    in_marrow = marrow >= rules["remission_blasts"].value - TOLERANCE
    in_blood = blood >= rules["circulating_blasts"].value - TOLERANCE
    return in_marrow | in_blood | (np.nan_to_num(outside) != 0)


def best_response(
    days: ArrayLike,
    codes: ArrayLike,
    *,
    last_day: ArrayLike = np.inf,
    window: float | None = None,
    maintenance: float | None = None,
    rules: Mapping[str, Rule] = RULES,
) -> BestResponse:
    """The ELIANA rule: CR or CRi reached within 3 months of infusion and kept at least 28 days.

    `days` [patients, visits] or [visits] are counted from infusion and ascend; NaN pads visits not held. A remission is kept when a
    visit at least `maintenance` days later, with or without marrow, shows no relapse and none was seen between. The response is dated
    to the first visit of the first kept remission; its grade is the best kept one inside the window. A remission that follow-up ended
    too early to confirm is not evaluable, one lost before is no response. `last_day` [patients] ends the visits that count, such as
    the day of another therapy. `window` and `maintenance` (days) default to the table.
    """
    codes = np.atleast_2d(np.asarray(codes, dtype=np.int8))
    days = _ascending(np.broadcast_to(np.atleast_2d(np.asarray(days, dtype=np.float64)), codes.shape))
    limit = rules["response_window"].value + rules["visit_window"].value if window is None else window
    wait = rules["maintenance"].value if maintenance is None else maintenance

    until = np.broadcast_to(np.asarray(last_day, dtype=np.float64), codes.shape[:1])
    usable = (days > 0) & (days <= until[:, None])
    inside = usable & (days <= limit + TOLERANCE)
    counted = np.where(usable, codes, Response.NOT_EVALUABLE)
    candidate = inside & (codes >= Response.CRI)
    confirmed = _confirmation(days, counted, candidate, wait)
    kept = candidate & np.isfinite(confirmed)

    responded = kept.any(axis=1)
    response_day = first(days, kept)
    no_response_day = np.where(responded, np.nan, _failure(days, counted, candidate, inside))
    best = np.where(kept, codes, Response.NOT_EVALUABLE).max(axis=1, initial=Response.NOT_EVALUABLE)
    return BestResponse(
        code=np.where(np.isnan(no_response_day), best, Response.NO_RESPONSE).astype(np.int8),
        response_day=response_day,
        confirmed_day=first(confirmed, kept),
        relapse_day=first(days, (codes == Response.RELAPSE) & (days > response_day[:, None])),
        no_response_day=no_response_day,
    )


def relapse_is_cd19_negative(
    days: ArrayLike, negative_share: ArrayLike, relapse_day: ArrayLike, rules: Mapping[str, Rule] = RULES
) -> Codes:
    """Phenotype at the visit of relapse, [patients]: 1 when at least half of the blasts lack CD19, 0 when fewer do, -1 when unknown.

    `negative_share` [patients, visits] is the share of blasts without CD19 as read (NaN where no blasts were found).
    """
    share = np.atleast_2d(np.asarray(negative_share, dtype=np.float64))
    at_relapse = np.broadcast_to(np.asarray(days, dtype=np.float64), share.shape) == np.asarray(relapse_day, dtype=np.float64)[..., None]
    value = first(share, at_relapse)
    negative = value >= rules["antigen_negative_share"].value - TOLERANCE
    return np.where(np.isnan(value), -1, negative).astype(np.int8)


def _visits(*values: ArrayLike) -> list[Floats]:
    """The arguments as floats [patients, visits]; a single patient is one row."""
    try:
        return list(np.broadcast_arrays(*(np.atleast_2d(np.asarray(value, dtype=np.float64)) for value in values)))
    except ValueError:
        shapes = ", ".join(str(np.shape(value)) for value in values)
        raise InputError(
            "visit measurements differ in shape", value=shapes, remedy="give every measurement as [patients, visits]"
        ) from None


def _depth(anc: Floats, plt: Floats, partial_recovery: bool, leukemia_free_state: bool, rules: Mapping[str, Rule]) -> Codes:
    """How complete a remission is, by the counts alone."""
    neutrophils = anc >= rules["recovered_neutrophils"].value - TOLERANCE
    recovered = plt >= rules["recovered_platelets"].value - TOLERANCE
    depth = np.full(anc.shape, Response.CRI, dtype=np.int8)
    if leukemia_free_state:
        depth[~neutrophils & ~recovered] = Response.MLFS
    if partial_recovery:
        partly = anc >= rules["partial_neutrophils"].value - TOLERANCE
        depth[partly & (plt >= rules["partial_platelets"].value - TOLERANCE)] = Response.CRH
    depth[neutrophils & recovered] = Response.CR
    return depth


def _diseased(codes: Codes) -> Flags:
    return np.isin(codes, (Response.RELAPSE, Response.NO_RESPONSE))


def _confirmation(days: Floats, codes: Codes, candidate: Flags, wait: float) -> Floats:
    """For each remission the first later visit, at least `wait` days on, without disease since; NaN where there is none."""
    confirmed = np.full(days.shape, np.nan)
    diseased = _diseased(codes)
    clear: Flags = codes >= np.int8(Response.NO_RELAPSE)
    for visit in np.flatnonzero(candidate.any(axis=0)):
        intact = ~np.logical_or.accumulate(diseased[:, visit:], axis=1)
        late = days[:, visit:] >= days[:, visit, None] + wait - TOLERANCE
        confirmed[:, visit] = first(days[:, visit:], intact & late & clear[:, visit:])
    return confirmed


def _failure(days: Floats, codes: Codes, candidate: Flags, inside: Flags) -> Floats:
    """First visit with disease after the last remission inside the window, or inside the window when there was no remission."""
    remitted = np.asarray(candidate.any(axis=1))
    after = np.where(remitted, last(days, candidate), -np.inf)
    return first(days, _diseased(codes) & (inside | remitted[:, None]) & (days > after[:, None]))


def _ascending(days: Floats) -> Floats:
    held = np.where(np.isnan(days), -np.inf, days)
    before = np.maximum.accumulate(held, axis=1)
    if np.any(~np.isnan(days[:, 1:]) & (held[:, 1:] < before[:, :-1])):
        raise InputError("visit days go back in time", place="days", remedy="sort the visits of each patient by day")
    return days


def _known(*values: Floats) -> Flags:
    return np.logical_and.reduce([np.isfinite(value) for value in values])
