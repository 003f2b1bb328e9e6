"""One arm as numbers: the document that `trial --json` prints for it.

Shares are among the treated, their `*_itt` twins among the enrolled, `mrd_negative` among responders whose residual disease was read.
What happens first of several things (relapse, death in remission, transplant, recovery of B cells) is a cumulative incidence: the shape
of a time, whose `rates` are the shares who have had it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from remission.arm_run import ArmRun
from remission.response.competing_risks import aalen_johansen, incidence_at
from remission.response.endpoints import Reason, TimeToEvent, competing_causes, time_to_event
from remission.response.estimates import MONTH, MONTHS, landmark_rate, quantiles, rate, time_estimate
from remission.response.survival import number_at_risk
from remission.results.members import analyzed, complete, flag, has_cells, responders
from remission.results.names import HARMS, keys, time_keys

Json = dict[str, Any]
RELAPSE_MONTHS = 36
INCIDENCE_MONTHS = (6, 12, 18, 24, 36, 60)
SEVERITY = {"any": 1, "grade3plus": 3, "grade4": 4}
NEVER = np.inf


def arm_summary(run: ArmRun, endpoints: Sequence[str], designed: int | None = None) -> Json:
    """The document of one arm. `designed` is the number the design enrolls in it (none: as many as were simulated).

    Keys that do not apply (kinetics without cells, harms nobody could have) are absent; a scenario's `endpoints` say which are read.
    """
    own = analyzed(run)
    weight = None if not designed or not own.response.size else designed / own.response.size
    wanted = keys(endpoints)
    document: Json = {"n": numbers(run, own)}
    document |= {key: share for key, share in response_shares(own, weight).items() if key in wanted or key == "treated"}
    times = {key: time_to_event(own.records, key) for key in time_keys(endpoints)}
    document |= {key: _time(rows, weight) for key, rows in times.items()}
    remission = times.get("rfs") or time_to_event(own.records, "rfs")
    document["relapse"] = relapse(own, remission, weight)
    document |= ends_of_remission(own, remission, weight)
    if has_cells(own):
        document |= {"kinetics": kinetics(own), "b_cell_recovery": b_cell_recovery(own, weight)}
    harms = toxicity(own, weight)
    return document | ({"toxicity": harms} if harms else {}) | ({"note": run.note} if run.note else {})


def numbers(run: ArmRun, own: ArmRun) -> dict[str, int]:
    """Enrolled (failed members among them), treated and evaluable."""
    treated = flag(own.treated)
    return {
        "enrolled": int(run.response.size),
        "treated": int(treated.sum()),
        "evaluable": int((treated & flag(own.evaluable)).sum()),
    }


def response_shares(run: ArmRun, weight: float | None) -> dict[str, Json]:
    """Response by depth, residual disease and infusion. `weight` is designed patients per simulated one."""
    treated, everyone = flag(run.treated), np.ones(run.response.size, dtype=bool)
    responded, full = responders(run), complete(run)
    shares = {}
    for key, flags in {"orr": responded, "cr": full, "cri": responded & ~full}.items():
        shares |= {key: _share(flags, treated, weight), f"{key}_itt": _share(flags, everyone, weight)}
    read = responded & np.isfinite(run.residual_negative)
    return shares | {"mrd_negative": _share(run.residual_negative == 1, read, weight), "treated": _share(treated, everyone, weight)}


def relapse(run: ArmRun, remission: TimeToEvent, weight: float | None) -> Json:
    """Relapses within 36 months of remission (before any transplant) by phenotype; those of unknown phenotype count in `n`."""
    early = (remission.reason == Reason.RELAPSE) & (remission.days <= RELAPSE_MONTHS * MONTH)
    phenotype = run.records.relapse_cd19_negative[remission.index[early]]
    everyone = np.ones(phenotype.size, dtype=bool)
    return {
        "n": int(phenotype.size),
        "within_months": RELAPSE_MONTHS,
        "cd19_negative": _share(phenotype == 1, everyone, weight),
        "cd19_positive": _share(phenotype == 0, everyone, weight),
    }


def ends_of_remission(run: ArmRun, remission: TimeToEvent, weight: float | None) -> dict[str, Json]:
    """What ends remissions, as competing risks from first response; transplant and another therapy censor, except `transplant` itself."""
    causes = competing_causes(run.records, remission)
    phenotype = run.records.relapse_cd19_negative[remission.index]
    kind = np.where(causes == 1, 3, causes)
    kind = np.where((kind == 3) & (phenotype == 1), 1, np.where((kind == 3) & (phenotype == 0), 4, kind))
    return {
        "cumulative_relapse": _incidence(remission.days, causes, 1, weight),
        "cumulative_relapse_cd19_negative": _incidence(remission.days, kind, 1, weight),
        "cumulative_relapse_cd19_positive": _incidence(remission.days, kind, 4, weight),
        "death_in_remission": _incidence(remission.days, causes, 2, weight),
        "transplant": transplant(run, weight),
    }


def transplant(run: ArmRun, weight: float | None) -> Json:
    """Transplant in remission, from first response, with relapse and death as competing risks."""
    records, rows = run.records, np.flatnonzero(responders(run))
    days = [records.transplant_day, records.relapse_day, records.death_day, records.new_therapy_day, records.last_contact_day]
    when, which = _first([day[rows] for day in days], records.response_day[rows])
    return _incidence(when, np.array([1, 2, 2, 0, 0])[which], 1, weight)


def b_cell_recovery(run: ArmRun, weight: float | None) -> Json:
    """Recovery of B cells in responders, from infusion; relapse and death compete, transplant and another therapy censor."""
    records, rows = run.records, np.flatnonzero(responders(run))
    infusion = records.infusion_day[rows]
    days = [records.relapse_day, records.death_day, records.transplant_day, records.new_therapy_day, records.last_contact_day]
    when, which = _first([run.b_cell_recovery[rows] + infusion, *(day[rows] for day in days)], infusion)
    return _incidence(when, np.array([1, 2, 2, 0, 0, 0])[which], 1, weight)


def kinetics(run: ArmRun) -> Json:
    """Peak of engineered cells in blood and its day, how long they are found, and the peak of responders against the others."""
    treated, responded = flag(run.treated), responders(run)
    return {
        "tmax_day": quantiles(run.tmax[treated]).json(),
        "cmax": quantiles(run.cmax[treated]).json(),
        "cmax_ratio_responders": geometric_ratio(run.cmax[responded], run.cmax[treated & ~responded]),
        "persistence_day": quantiles(run.persistence[treated]).json(),
    }


def geometric_ratio(first: np.ndarray, second: np.ndarray) -> float | None:
    """Ratio of geometric means of the positive values; None when either has none."""
    logs = [np.log(values[np.isfinite(values) & (values > 0)]) for values in (first, second)]
    return float(np.exp(logs[0].mean() - logs[1].mean())) if all(part.size for part in logs) else None


def toxicity(run: ArmRun, weight: float | None) -> Json:
    """Worst grades by scale among treated, onset and duration of cytokine release (days), its drugs; empty where nobody could have any."""
    graded = any(flag(grades).any() for scales in run.grades.values() for grades in scales.values())
    if not graded and not has_cells(run):
        return {}
    treated = flag(run.treated)
    document = {HARMS.get(harm, harm): _grades(scales, treated, weight) for harm, scales in run.grades.items()}
    return document | {
        "onset_day": quantiles(run.crs_onset[treated]).json(),
        "duration_days": quantiles((run.crs_end - run.crs_onset)[treated]).json(),
        "tocilizumab": _share(flag(run.tocilizumab), treated, weight),
        "steroid": _share(flag(run.steroid), treated, weight),
    }


def _grades(scales: Mapping[str, np.ndarray], treated: np.ndarray, weight: float | None) -> Json:
    return {
        scale: {name: _share(np.nan_to_num(grades) >= least, treated, weight) for name, least in SEVERITY.items()}
        for scale, grades in scales.items()
    }


def _share(flags: np.ndarray, among: np.ndarray, weight: float | None) -> Json:
    chosen = np.asarray(flags)[among]
    return rate(chosen, None if weight is None else chosen.size * weight).json()


def _time(rows: TimeToEvent, weight: float | None) -> Json:
    return time_estimate(rows.days, rows.event, MONTHS, None if weight is None else rows.days.size * weight).json()


def _first(days: Sequence[np.ndarray], start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Days from `start` to the first of several things, and which it was; of two on one day the one named first."""
    stacked = np.stack([np.where(np.isnan(day), NEVER, day) for day in days])
    which = stacked.argmin(axis=0) if start.size else np.zeros(0, dtype=np.int64)
    return np.maximum(stacked.min(axis=0) - start, 0.0), which


def _incidence(days: np.ndarray, cause: np.ndarray, which: int, weight: float | None) -> Json:
    """The cumulative incidence of one cause in the shape of a time; its median is the month by which half have had it."""
    curve, scale = aalen_johansen(days, cause), 1.0 if weight is None else 1 / weight
    when = [month * MONTH for month in INCIDENCE_MONTHS]
    design, here = incidence_at(curve, which, when, scale=scale), incidence_at(curve, which, when)
    points = zip(INCIDENCE_MONTHS, design, here, number_at_risk(days, when).tolist(), strict=True)
    return {
        "median": _half(curve.times, curve.share[curve.causes.index(which)]) if which in curve.causes else None,
        "mcse": None,
        "trial": [None, None],
        "model": None,
        "n": int(days.size),
        "events": int((cause == which).sum()),
        "rates": {
            str(month): landmark_rate(one, two, int(days.size), left, scale).json()
            for month, one, two, left in points
            if one.value is not None
        },
    }


def _half(times: np.ndarray, share: np.ndarray) -> float | None:
    reached = np.flatnonzero(share >= 0.5)
    return float(times[reached[0]] / MONTH) if reached.size else None
