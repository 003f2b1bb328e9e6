"""Subgroups and contrasts of published results, as members of an arm."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from remission.arm_run import ArmRun
from remission.results.members import flag, responders

Mask = np.ndarray
HIGH_BURDEN = 0.05
"""Marrow blasts from which burden counts as high (Fabrizio 2022, Schultz 2023: 5 %)."""
YEAR = 365.25


def treated(run: ArmRun) -> Mask:
    return flag(run.treated)


def everyone(run: ArmRun) -> Mask:
    return np.ones(run.size, dtype=bool)


def relapsed(run: ArmRun) -> Mask:
    """Responders with a relapse that was seen."""
    return responders(run) & (run.records.relapse_day <= run.records.last_contact_day)


def relapse_after_infusion(run: ArmRun) -> np.ndarray:
    """Days from infusion to relapse, NaN without."""
    return np.where(relapsed(run), run.records.relapse_day - run.records.infusion_day, np.nan)


def relapsed_while_aplastic(run: ArmRun) -> Mask:
    """Relapsed before B cells came back."""
    back = np.nan_to_num(run.b_cell_recovery, nan=np.inf)
    return relapsed(run) & (back >= np.nan_to_num(relapse_after_infusion(run), nan=-np.inf))


def _exposure_below(limit: float) -> Callable[[ArmRun], Mask]:
    return lambda run: treated(run) & (run.exposure < limit)


def _exposure_from(limit: float) -> Callable[[ArmRun], Mask]:
    return lambda run: treated(run) & (run.exposure >= limit)


def _prior_transplant(value: int) -> Callable[[ArmRun], Mask]:
    return lambda run: treated(run) & (run.covariates.get("prior_transplant", np.full(run.size, np.nan)) == value)


def high_burden(run: ArmRun) -> Mask:
    return treated(run) & (run.burden >= HIGH_BURDEN)


def low_burden(run: ArmRun) -> Mask:
    return treated(run) & (run.burden < HIGH_BURDEN)


SUBGROUPS: Mapping[str, Callable[[ArmRun], Mask]] = {
    "": everyone,
    "enrolled": everyone,
    "eligible": everyone,
    "harvested": everyone,
    "labeled dose range": everyone,
    "responders": responders,
    "morphologic responders": responders,
    "relapsed": relapsed,
    "relapsed while B cells absent": relapsed_while_aplastic,
    "non-responders": lambda run: treated(run) & ~responders(run),
    "fludarabine AUC below 14 mg h/L": _exposure_below(14.0),
    "fludarabine AUC 14 mg h/L or more": _exposure_from(14.0),
    "no prior transplant": _prior_transplant(0),
    "prior transplant": _prior_transplant(1),
    "high burden": high_burden,
    "low burden": low_burden,
    "burden below 5 % blasts": low_burden,
}

CONTRASTS: Mapping[str, Callable[[ArmRun], np.ndarray]] = {
    "high burden": high_burden,
    "low burden": low_burden,
    "fludarabine AUC below 13.8 mg h/L": _exposure_below(13.8),
}
"""Groups that a hazard ratio compares with everybody else, known at infusion."""

SWITCHES: Mapping[str, Callable[[ArmRun], np.ndarray]] = {
    "B-cell recovery": lambda run: np.where(run.b_cell_recovery <= YEAR, run.b_cell_recovery, np.nan),
    "B-cell aplasia lost": lambda run: run.b_cell_recovery,
}
"""Days from infusion on which a covariate of a hazard ratio switches on, NaN for never."""
