"""Cumulative incidence when several things can happen first: relapse or death in remission.

In the patients: who dies in remission cannot relapse any more, so relapse is not one minus a Kaplan-Meier curve that censors deaths.
The Aalen-Johansen estimate adds, at each time, those still free of everything times the share who have this cause next.

Left out: regression on the subdistribution (Fine and Gray), late entry.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from remission.response.arrays import Floats
from remission.response.survival import HALF_TOLERANCE, Estimate, RiskTable, events_of, greenwood_terms, risk_table, standard_errors


@dataclass(frozen=True)
class Incidence:
    """Cumulative incidence of each cause at the event times; `share` and `variance` are [causes, times]."""

    times: Floats
    causes: tuple[int, ...]
    share: Floats
    variance: Floats
    last_time: float


def aalen_johansen(time: ArrayLike, cause: ArrayLike, weights: ArrayLike | None = None) -> Incidence:
    """Cumulative incidence of competing causes; `cause` is 0 for censored, else 1, 2, ...

    Variance by the delta method (Marubini and Valsecchi 1995, from memory); with nobody censored it is binomial, with one cause
    Greenwood's.
    """
    kind = np.asarray(cause, dtype=np.int64)
    table = risk_table(time, kind != 0, weights)
    before = np.concatenate([[1.0], np.cumprod(1 - table.events / table.at_risk)[:-1]])[: table.times.size]
    causes = tuple(int(one) for one in np.unique(kind[kind != 0]))
    rows = [_incidence(table, before, events_of(time, kind == one, weights, table.times)) for one in causes]
    empty = np.zeros((0, table.times.size))
    share, variance = (np.stack([row[part] for row in rows]) if rows else empty for part in (0, 1))
    return Incidence(table.times, causes, share, variance, table.last_time)


def incidence_at(incidence: Incidence, cause: int, times: ArrayLike, confidence: float = 0.95, scale: float = 1.0) -> list[Estimate]:
    """Cumulative incidence of one cause at landmarks with log-log limits; a cause nobody had is 0, beyond follow-up is `None`."""
    z = standard_errors(confidence)
    found = []
    for when in np.atleast_1d(np.asarray(times, dtype=np.float64)):
        step = int(np.searchsorted(incidence.times, when, side="right")) - 1
        if when > incidence.last_time * (1 + HALF_TOLERANCE):
            found.append(Estimate(None, None, None, None))
        elif step < 0 or cause not in incidence.causes:
            found.append(Estimate(0.0, 0.0, 0.0, 0.0))
        else:
            row = incidence.causes.index(cause)
            found.append(_share_limits(incidence.share[row, step], np.sqrt(incidence.variance[row, step] * scale), z))
    return found


def _incidence(table: RiskTable, before: Floats, events: Floats) -> tuple[Floats, Floats]:
    """Cumulative incidence of one cause and its variance at the event times."""
    hazard, n = events / table.at_risk, table.effective_at_risk
    share = np.cumsum(before * hazard)
    any_cause, own, cross = greenwood_terms(table), before**2 * hazard * (1 - hazard) / n, before * hazard / n
    variance = (
        share**2 * np.cumsum(any_cause)
        - 2 * share * np.cumsum(share * any_cause)
        + np.cumsum(share**2 * any_cause)
        + np.cumsum(own)
        - 2 * (share * np.cumsum(cross) - np.cumsum(share * cross))
    )
    return share, np.maximum(variance, 0.0)


def _share_limits(share: float, error: float, z: float) -> Estimate:
    """Log-log limits of 1 - share, turned round."""
    if share <= 0 or share >= 1:
        return Estimate(float(share), float(error), float(share), float(share))
    log_free = np.log1p(-share)
    spread = np.exp(z * error / ((1 - share) * abs(log_free)))
    return Estimate(float(share), float(error), float(-np.expm1(log_free / spread)), float(-np.expm1(log_free * spread)))
