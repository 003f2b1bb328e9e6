"""Hazard ratios that registries printed, read from an arm by the same Cox models."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from remission.arm_run import ArmRun
from remission.calibration.subgroups import CONTRASTS, SWITCHES, treated
from remission.response.cox import cox, split_at_switch
from remission.response.endpoints import competing_causes, time_to_event
from remission.results.members import responders, taken

Rows = tuple[np.ndarray, np.ndarray, np.ndarray]
GROUPS = {*CONTRASTS, *SWITCHES}


def _relapses(phenotype: int | None = None) -> Callable[[ArmRun], Rows]:
    """Members, days from infusion and relapse (of one phenotype), among responders; everything else censors."""

    def rows(run: ArmRun) -> Rows:
        found = time_to_event(run.records, "rfs")
        event = competing_causes(run.records, found) == 1
        if phenotype is not None:
            event &= run.records.relapse_cd19_negative[found.index] == phenotype
        delay = (run.records.response_day - run.records.infusion_day)[found.index]
        return found.index, found.days + delay, event

    return rows


def _deaths(run: ArmRun) -> Rows:
    found = time_to_event(run.records, "os")
    return found.index, found.days, found.event


def _relapse_or_recovery(run: ArmRun) -> Rows:
    """Relapse or return of B cells, whichever is first."""
    index, days, event = _relapses()(run)
    back = np.nan_to_num(run.b_cell_recovery[index], nan=np.inf)
    return index, np.minimum(days, back), event | (back < days)


RATIOS: Mapping[str, Callable[[ArmRun], Rows]] = {
    "relapse_hazard_ratio": _relapses(),
    "relapse_cd19_negative_hazard_ratio": _relapses(1),
    "relapse_cd19_positive_hazard_ratio": _relapses(0),
    "death_hazard_ratio": _deaths,
    "relapse_or_aplasia_lost_hazard_ratio": _relapse_or_recovery,
}


def ratio(run: ArmRun, endpoint: str, group: str) -> float:
    """The hazard ratio of a group against the others, or after a switch against before; NaN when the rows do not say."""
    among = treated(run) if endpoint == "death_hazard_ratio" else responders(run)
    run = taken(run, np.flatnonzero(among))
    index, days, event = RATIOS[endpoint](run)
    if group in SWITCHES:
        split = split_at_switch(days, event, SWITCHES[group](run)[index])
        return _fitted(split.time, split.event, split.switched, split.entry)
    return _fitted(days, event, CONTRASTS[group](run)[index].astype(float), None)


def _fitted(days: np.ndarray, event: np.ndarray, group: np.ndarray, entry: np.ndarray | None) -> float:
    inside = days > (0 if entry is None else entry)
    days, event, group = days[inside], event[inside], group[inside]
    both = len(np.unique(group[event])) == 2 if event.any() else False
    if not both:
        return float("nan")
    fit = cox(days, event, group, None if entry is None else entry[inside])
    return float("nan") if not fit.converged else float(np.exp(fit.coefficients[0]))
