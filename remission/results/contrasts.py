"""Arms compared, pair by pair: shares of responders, time free of an event, hazards.

In the patients: how many more respond, or how much longer they stay well, in the first arm than in the second. Under `counterfactual`
pairing the same patients with the same luck were in both arms: differences are means over patients with a Monte-Carlo error, and there is
no p-value. Under `randomized` pairing the arms hold different patients: a trial's intervals, log-rank test and Cox model belong to them.

A comparison starts at enrollment. Endpoints of responders can be laid side by side, but their patients were chosen by the arm; the
column `population` says so.
Left out: hazard ratios of paired arms, and adjustment for covariates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import norm

from remission.response.comparison import log_rank
from remission.response.contrasts import Difference, paired_rate_difference, rate_difference, restricted_mean_difference
from remission.response.cox import cox
from remission.response.estimates import CONFIDENCE, MONTH
from remission.response.survival import kaplan_meier, restricted_mean
from remission.results.lookup import Arms, Rows
from remission.results.names import SHARES, population

UNTIL_MONTHS = 36
MEANS = "difference of restricted means, months"
PAIRED = "counterfactual"
COLUMNS = {
    **dict.fromkeys(("endpoint", "first", "second", "measure", "population", "pairing"), pl.String),
    **dict.fromkeys(("until_months", "value", "mcse", "low", "high", "p"), pl.Float64),
}
Json = dict[str, Any]


def contrasts(arms: Arms, endpoints: Iterable[str], pairing: str) -> list[Json]:
    """Every pair of arms in every endpoint, first minus second (a ratio: first over second), as rows of the JSON document."""
    compare = _paired if pairing == PAIRED else _randomized
    rows = []
    for endpoint in endpoints:
        for first, second in combinations(arms.keys, 2):
            told = {"endpoint": endpoint, "arms": [first, second], "population": population(endpoint), "pairing": pairing}
            rows += [told | row for row in compare(arms, endpoint, first, second)]
    return rows


def table(rows: Sequence[Json]) -> pl.DataFrame:
    """Contrasts as a table; `p` is a column of randomized pairing alone."""
    flat = []
    for row in rows:
        low, high = row["trial"] or (None, None)
        named = {"first": row["arms"][0], "second": row["arms"][1], "low": low, "high": high}
        flat.append({name: named.get(name, row.get(name)) for name in COLUMNS})
    found = pl.DataFrame(flat, schema=COLUMNS, orient="row")
    return found.drop("p") if all(row["pairing"] == PAIRED for row in rows) else found


def _paired(arms: Arms, endpoint: str, first: str, second: str) -> Iterator[Json]:
    """Differences over the same patients."""
    if endpoint in SHARES:
        flags = [_flags(arms, arm, endpoint) for arm in (first, second)]
        ids = [_counted(arms, arm, endpoint) for arm in (first, second)]
        both = np.intersect1d(*ids, assume_unique=True)
        pair = [own[np.searchsorted(numbers, both)] for own, numbers in zip(flags, ids, strict=True)]
        yield _difference("difference of shares", paired_rate_difference(*pair))
        return
    rows = (arms.rows(first, endpoint), arms.rows(second, endpoint))
    if (until := _until(rows)) > 0:
        yield _difference(MEANS, paired_restricted_means(rows[0], rows[1], until)) | {"until_months": until / MONTH}


def _randomized(arms: Arms, endpoint: str, first: str, second: str) -> Iterator[Json]:
    """What a trial of different patients in each arm would report, at the sizes of the design."""
    weights = [arms.weight(arm) or 1.0 for arm in (first, second)]
    if endpoint in SHARES:
        flags = [_flags(arms, arm, endpoint) for arm in (first, second)]
        sizes = (flags[0].size * weights[0], flags[1].size * weights[1])
        yield _difference("difference of shares", rate_difference(*flags, n_design=sizes))
        return
    rows = (arms.rows(first, endpoint), arms.rows(second, endpoint))
    if (until := _until(rows)) > 0:
        one, other = (kaplan_meier(own.days / MONTH, own.event) for own in rows)
        gap = restricted_mean_difference(one, other, until / MONTH, scale=(1 / weights[0], 1 / weights[1]))
        yield _difference(MEANS, gap) | {"until_months": until / MONTH}
        yield _hazard_ratio(rows, weights)


def paired_restricted_means(first: Rows, second: Rows, until: float) -> Difference:
    """Difference of restricted means (months) when one patient may be in both arms.

    The error sums each patient's influence on both curves, so that what the pair shares cancels; in one arm alone it is the Greenwood
    error but for factors of order 1 / n.
    """
    means = [restricted_mean(kaplan_meier(rows.days, rows.event), until).value or 0.0 for rows in (first, second)]
    patients = np.union1d(first.patient, second.patient)
    total = np.zeros(patients.size)
    for sign, rows in ((1, first), (-1, second)):
        total[np.searchsorted(patients, rows.patient)] += sign * influence(rows.days, rows.event, until) / rows.days.size
    return Difference((means[0] - means[1]) / MONTH, float(np.sqrt((total**2).sum())) / MONTH, None, True)


def influence(days: np.ndarray, event: np.ndarray, until: float) -> np.ndarray:
    """How far each patient moves the restricted mean, times the number of patients: minus the integral of the area to come over dM / Y."""
    curve = kaplan_meier(days, event)
    inside = curve.times < until
    times, at_risk, events = curve.times[inside], curve.at_risk[inside], curve.events[inside]
    steps = np.diff(np.concatenate([times, [until]]))
    to_come = np.cumsum((curve.survival[inside] * steps)[::-1])[::-1]
    expected = np.concatenate([[0.0], np.cumsum(to_come * events / at_risk**2)])
    own = expected[np.searchsorted(times, days, side="right")]
    place = np.searchsorted(times, days)
    happened = (np.asarray(event) != 0) & (np.asarray(days) < until)
    own[happened] -= (to_come / at_risk)[place[happened]]
    return days.size * own


def _hazard_ratio(rows: Sequence[Rows], weights: Sequence[float]) -> Json:
    """Cox hazard ratio of the first arm against the second, with the log-rank test of the simulated patients."""
    days = np.concatenate([own.days for own in rows])
    event = np.concatenate([own.event for own in rows])
    first = np.repeat([1.0, 0.0], [own.days.size for own in rows])
    ratio = cox(days, event, first).hazard_ratio()
    told: Json = {"measure": "hazard ratio", "value": ratio.value, "mcse": None, "trial": None, "p": log_rank(days, event, first).p}
    if ratio.value is None or ratio.error is None:
        return told
    scale = days.size / sum(own.days.size * weight for own, weight in zip(rows, weights, strict=True))
    margin = float(norm.ppf(0.5 + CONFIDENCE / 2)) * ratio.error * scale**0.5
    return told | {"mcse": ratio.value * ratio.error, "trial": [ratio.value * np.exp(-margin), ratio.value * np.exp(margin)]}


def _difference(measure: str, gap: Difference) -> Json:
    return {"measure": measure, "value": gap.value, "mcse": gap.mcse, "trial": None if gap.trial is None else list(gap.trial)}


def _until(rows: Sequence[Rows]) -> float:
    """36 months, or the longest follow-up of both arms when that is shorter; 0 when an arm has no rows."""
    return min([UNTIL_MONTHS * MONTH, *(float(own.days.max(initial=0.0)) for own in rows)])


def _members(arms: Arms, arm: str, endpoint: str) -> pl.Series:
    everyone = arms.members(arm)
    return everyone["treated"] if population(endpoint) == "treated" else pl.repeat(True, everyone.height, eager=True)


def _flags(arms: Arms, arm: str, endpoint: str) -> np.ndarray:
    return arms.responded(arm, endpoint.removesuffix("_itt"))[_members(arms, arm, endpoint).to_numpy()]


def _counted(arms: Arms, arm: str, endpoint: str) -> np.ndarray:
    return arms.members(arm)["patient"].to_numpy()[_members(arms, arm, endpoint).to_numpy()]
