"""What the simulated arms say where a publication gives a number.

`quantity` reads one target's number from the arms of one parameter set: pure, quick, and usable on a few patients as on thousands.
A time that is not reached is `NOT_REACHED`; NaN means that these patients cannot give the number (nobody in the subgroup, or a fit that
does not converge). What no arm records is named in `NOT_REPRESENTED` with the reason; it is reported, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from remission.arm_run import ArmRun
from remission.calibration import hazards, kinetics
from remission.calibration.subgroups import SUBGROUPS, relapsed, treated
from remission.calibration.targets import Target
from remission.response.competing_risks import aalen_johansen, incidence_at
from remission.response.endpoints import ENDPOINTS, Options, competing_causes, time_to_event
from remission.response.estimates import MONTH
from remission.response.leukemia import Response
from remission.response.survival import kaplan_meier, quantile, survival_at
from remission.results.members import analyzed, responders, taken

NOT_REACHED = np.inf
LAST_VISIT = 92.0
"""Days by which a month may lie after the last visit: five years of visits from infusion hold five years of remission but for its start."""
Runs = Mapping[str, ArmRun]
LOW_DOSE, HIGH_DOSE = "car_t_low_dose", "car_t_high_dose"
PRODUCT_FAILED = "no product"

NOT_REPRESENTED: Mapping[str, str] = {
    "relapse_lineage_switch": "a change of lineage is not in the model",
    "neuro.broad.any": "the label's broad definition is on no scale of the model",
    "cytopenia_day28.any": "an arm does not keep the grades of blood counts",
    "cytopenia_day28.grade3plus": "an arm does not keep the grades of blood counts; the split of CR and CRi is used instead",
    "infection.grade3plus": "infections that do not kill are not in the model",
    "tocilizumab_two_or_more": "an arm keeps whether tocilizumab was given, not how often",
    "dor_median_lower_limit": "a printed limit, not a number of the patients",
    "reinfusion_response": "a second infusion is not in the trial's arms",
    "crs.severe": "a scale of one center, on no scale of the model",
}
NO_SUBGROUP: Mapping[str, str] = {
    "central nervous system disease": "sites of extramedullary disease before infusion are not kept",
    "other extramedullary disease": "sites of extramedullary disease before infusion are not kept",
    "marrow sequencing MRD above 0 at day 28": "sequencing finds less than the model's reading can",
    "B-cell recovery at day 28": "B cells are watched from day 40",
    "second salvage attempt": "attempts are not counted in the arm",
    "third salvage attempt": "attempts are not counted in the arm",
    "fourth to eighth salvage attempt": "attempts are not counted in the arm",
    "responders to the third attempt": "attempts are not counted in the arm",
    "relapse within 6 months of transplant": "the time since an earlier transplant is not in the model",
    "relapse later than 6 months after transplant": "the time since an earlier transplant is not in the model",
    "undetectable burden": "a disease that no test finds does not enter the trial",
    "reinfusion response": "a second infusion is not in the trial's arms",
    "no reinfusion response": "a second infusion is not in the trial's arms",
}


def reason_missing(target: Target) -> str | None:
    """Why the model says nothing about a target; None where it does."""
    known = any(target.endpoint in names for names in (FUNCTIONS, hazards.RATIOS, ENDPOINTS, SLOPES)) or _is_grade(target.endpoint)
    if target.endpoint in NOT_REPRESENTED:
        return NOT_REPRESENTED[target.endpoint]
    if target.subgroup in NO_SUBGROUP:
        return NO_SUBGROUP[target.subgroup]
    if not known:
        return f"the endpoint `{target.endpoint}` is not read"
    compared = target.endpoint in hazards.RATIOS
    if target.subgroup not in (hazards.GROUPS if compared else SUBGROUPS):
        return f"the subgroup `{target.subgroup}` is not read"
    return None


def quantity(target: Target, runs: Runs) -> float:
    """The simulated number beside a target; see the module for NaN and not reached."""
    if reason_missing(target) or target.arm not in runs:
        return float("nan")
    if target.endpoint in SLOPES:
        return SLOPES[target.endpoint](runs)
    run = runs[target.arm]
    if not run.size:
        return float("nan")
    if target.endpoint in hazards.RATIOS:
        return hazards.ratio(run, target.endpoint, target.subgroup)
    chosen = SUBGROUPS[target.subgroup](run)
    if target.endpoint in FUNCTIONS:
        return FUNCTIONS[target.endpoint](run, chosen, target.month)
    if _is_grade(target.endpoint):
        return grade_share(run, chosen, target.endpoint)
    return time_or_rate(run, chosen, target.endpoint, target.month)


def quantities(targets: Sequence[Target], runs: Runs) -> list[float]:
    """`quantity` of several targets, failed members left out."""
    whole = {key: analyzed(run) for key, run in runs.items()}
    return [quantity(target, whole) for target in targets]


# ---- shares --------------------------------------------------------------------------------------------------------
def share(flags: np.ndarray, among: np.ndarray) -> float:
    """The share of flagged members, NaN among nobody."""
    return float(np.mean(flags[among])) if among.any() else float("nan")


def _complete(run: ArmRun) -> np.ndarray:
    return responders(run) & (run.response == Response.CR)


def _residual(run: ArmRun, chosen: np.ndarray, month: float | None) -> float:
    return share(run.residual_negative == 1, chosen & responders(run) & np.isfinite(run.residual_negative))


def _transplanted(run: ArmRun, chosen: np.ndarray, month: float | None) -> float:
    """Transplanted in remission within so many months of infusion, crude share."""
    since = run.records.transplant_day - np.nan_to_num(run.records.infusion_day)
    done = np.isfinite(since) & (since <= (month or 60) * MONTH) & (run.records.transplant_day <= run.records.last_contact_day)
    return share(done, chosen)


def _cd19_negative(run: ArmRun, chosen: np.ndarray, month: float | None) -> float:
    return share(run.records.relapse_cd19_negative == 1, _typed(run, chosen, month))


def _cd19_positive(run: ArmRun, chosen: np.ndarray, month: float | None) -> float:
    return share(run.records.relapse_cd19_negative == 0, _typed(run, chosen, month))


def _typed(run: ArmRun, chosen: np.ndarray, month: float | None) -> np.ndarray:
    """Relapses within so many months of the response, before any transplant."""
    records = run.records
    soon = records.relapse_day - records.response_day <= (month or 60) * MONTH
    before = ~(records.transplant_day < records.relapse_day)
    return chosen & relapsed(run) & soon & before


def _dead_after_relapse(run: ArmRun, chosen: np.ndarray, month: float | None) -> float:
    """Dead by so many months after infusion, among those who relapsed by then."""
    records = run.records
    by = records.infusion_day + (month or 24) * MONTH
    return share(records.death_day <= np.fmin(by, records.last_contact_day), chosen & (records.relapse_day <= by))


def _is_grade(endpoint: str) -> bool:
    parts = endpoint.split(".")
    return len(parts) == 3 and parts[0] in EVENTS and parts[2] in GRADES


EVENTS = {"crs": "crs", "icans": "icans", "neuro": "neurotoxicity"}
GRADES = {"any": 1, "grade3plus": 3, "grade4": 4}


def grade_share(run: ArmRun, chosen: np.ndarray, endpoint: str) -> float:
    """The share of treated whose worst grade on a scale reaches a level, as in `crs.penn.grade3plus`."""
    event, scale, level = endpoint.split(".")
    grades = run.grades.get(EVENTS[event], {}).get(scale)
    return float("nan") if grades is None else share(grades >= GRADES[level], chosen & treated(run))


# ---- times ---------------------------------------------------------------------------------------------------------
def time_or_rate(run: ArmRun, chosen: np.ndarray, endpoint: str, month: float | None, options: Options | None = None) -> float:
    """Kaplan-Meier of an endpoint among chosen members: event-free at a month, or the median in months."""
    part = taken(run, np.flatnonzero(chosen))
    rows = time_to_event(part.records, endpoint, options)
    return curve_value(rows.days, rows.event, month)


def curve_value(days: np.ndarray, event: np.ndarray, month: float | None) -> float:
    """A point of the Kaplan-Meier curve, or its median in months."""
    if not days.size:
        return float("nan")
    curve = kaplan_meier(days, event)
    if month is None:
        middle = quantile(curve).value
        return NOT_REACHED if middle is None else middle / MONTH
    when = month * MONTH
    late = when - curve.last_time
    value = survival_at(curve, [curve.last_time if 0 < late <= LAST_VISIT else when])[0].value
    return float("nan") if value is None else value


def _progression_free(run: ArmRun, chosen: np.ndarray, month: float | None) -> float:
    """Progression-free survival from enrollment: failure counts on the visit that shows it."""
    return time_or_rate(run, chosen, "efs_itt", month, Options(no_response="assessment"))


def _after(start: Callable[[ArmRun], np.ndarray]) -> Callable[[ArmRun, np.ndarray, float | None], float]:
    """Survival from a day of each member, among chosen ones that have it."""

    def value(run: ArmRun, chosen: np.ndarray, month: float | None) -> float:
        records, begin = run.records, start(run)
        among = chosen & np.isfinite(begin)
        dead = (records.death_day <= records.last_contact_day) & np.isfinite(records.death_day)
        end = np.where(dead, records.death_day, records.last_contact_day)
        return curve_value(np.maximum(end - begin, 0.0)[among], dead[among], month)

    return value


def _incidence(phenotype: int | None) -> Callable[[ArmRun, np.ndarray, float | None], float]:
    """Cumulative incidence of relapse by a month, with death in remission as competing risk; of one phenotype (1 is CD19-negative)."""

    def value(run: ArmRun, chosen: np.ndarray, month: float | None) -> float:
        part = taken(run, np.flatnonzero(chosen & responders(run)))
        rows = time_to_event(part.records, "rfs")
        if not rows.days.size:
            return float("nan")
        cause = competing_causes(part.records, rows)
        if phenotype is not None:
            cause = np.where((cause == 1) & (part.records.relapse_cd19_negative[rows.index] != phenotype), 3, cause)
        found = incidence_at(aalen_johansen(rows.days, cause), 1, [(month or 24) * MONTH])[0].value if (cause == 1).any() else 0.0
        return float("nan") if found is None else found

    return value


def _b_cells_back(run: ArmRun, chosen: np.ndarray, month: float | None) -> float:
    """Cumulative incidence of B-cell recovery in responders; relapse and death compete, transplant and contact censor."""
    rows = np.flatnonzero(chosen & responders(run))
    if not rows.size:
        return float("nan")
    records, infusion = run.records, run.records.infusion_day[rows]
    days = [records.relapse_day, records.death_day, records.transplant_day, records.last_contact_day]
    stacked = np.stack([run.b_cell_recovery[rows], *(np.nan_to_num(day[rows] - infusion, nan=np.inf) for day in days)])
    stacked = np.where(np.isnan(stacked), np.inf, stacked)
    cause = np.array([1, 2, 2, 0, 0])[stacked.argmin(axis=0)]
    if not (cause == 1).any():
        return 0.0
    found = incidence_at(aalen_johansen(np.maximum(stacked.min(axis=0), 0.0), cause), 1, [(month or 12) * MONTH])[0].value
    return float("nan") if found is None else found


# ---- dose ----------------------------------------------------------------------------------------------------------
def change_per_tenfold(runs: Runs, flags: Callable[[ArmRun], np.ndarray]) -> float:
    """Change of a share per tenfold dose, between the low and the high dose in the same treated patients."""
    if LOW_DOSE not in runs or HIGH_DOSE not in runs:
        return float("nan")
    low, high = runs[LOW_DOSE], runs[HIGH_DOSE]
    both = treated(low) & treated(high) & (low.dose > 0) & (high.dose > low.dose)
    if not both.any():
        return float("nan")
    decades = float(np.log10(high.dose[both] / low.dose[both]).mean())
    return (share(flags(high), both) - share(flags(low), both)) / decades


SLOPES: Mapping[str, Callable[[Runs], float]] = {
    "orr_change_per_tenfold_dose": lambda runs: change_per_tenfold(runs, responders),
    "crs_change_per_tenfold_dose": lambda runs: change_per_tenfold(runs, lambda run: run.grades["crs"]["penn"] >= 1),
}

FUNCTIONS: Mapping[str, Callable[[ArmRun, np.ndarray, float | None], float]] = {
    "orr": lambda run, chosen, month: share(responders(run), chosen & treated(run)),
    "orr_itt": lambda run, chosen, month: share(responders(run), chosen),
    "cr": lambda run, chosen, month: share(_complete(run), chosen & treated(run)),
    "cri": lambda run, chosen, month: share(responders(run) & ~_complete(run), chosen & treated(run)),
    "mrd_negative": _residual,
    "treated": lambda run, chosen, month: share(treated(run), chosen),
    "manufacturing_failure": lambda run, chosen, month: share(run.not_treated == PRODUCT_FAILED, chosen),
    "manufactured": lambda run, chosen, month: share(run.not_treated != PRODUCT_FAILED, chosen),
    "not_infused_death_or_event": lambda run, chosen, month: share(~treated(run) & (run.not_treated != PRODUCT_FAILED), chosen),
    "transplant": _transplanted,
    "relapse": lambda run, chosen, month: share(relapsed(run), chosen & treated(run)),
    "relapse_cd19_negative": _cd19_negative,
    "relapse_cd19_positive": _cd19_positive,
    "death_after_relapse": _dead_after_relapse,
    "nonresponse_high_burden": lambda run, chosen, month: share(run.burden >= 0.05, chosen),
    "os_after_relapse": _after(lambda run: np.where(relapsed(run), run.records.relapse_day, np.nan)),
    "os_after_nonresponse": _after(lambda run: run.records.infusion_day + 28.0),
    "pfs": _progression_free,
    "leukemia_free_survival": lambda run, chosen, month: time_or_rate(run, chosen, "efs", month),
    "cumulative_relapse": _incidence(None),
    "cumulative_relapse_cd19_negative": _incidence(1),
    "cumulative_relapse_cd19_positive": _incidence(0),
    "b_cell_recovery": _b_cells_back,
    **kinetics.FUNCTIONS,
}
