"""Engineered cells and cytokine release of an arm, read as a publication reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from remission.arm_run import ArmRun
from remission.calibration.subgroups import treated
from remission.response.estimates import MONTH
from remission.results.members import responders
from remission.results.summary import geometric_ratio

FAST = (14.0, 28.0)
SLOW = (90.0, 370.0)
EARLY = 1.0
LATEST_PEAK = 28.0


def median(values: np.ndarray) -> float:
    """The median of finite values, NaN without any."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else float("nan")


def level_near(run: ArmRun, day: float) -> np.ndarray:
    """The level at the planned visit nearest to a day from infusion, [N]."""
    return run.level[:, int(np.abs(run.level_day - day).argmin())]


def level_ratio(day: float) -> Callable[[ArmRun, np.ndarray, float | None], float]:
    """Median level on a day over the peak, among responders still in remission that day."""

    def value(run: ArmRun, chosen: np.ndarray, month: float | None) -> float:
        records = run.records
        left = np.fmin(records.relapse_day, np.fmin(records.death_day, records.transplant_day))
        here = chosen & responders(run) & ~(left < records.infusion_day + day) & (run.cmax > 0)
        return median((level_near(run, day) / run.cmax)[here])

    return value


def doubling_time(run: ArmRun, chosen: np.ndarray, month: float | None) -> float:
    """Median doubling time over the whole rise, from the lowest daily level before the peak to the peak."""
    early = (run.level_day >= EARLY) & (run.level_day <= LATEST_PEAK)
    days, level = run.level_day[early], run.level[:, early]
    before = np.where((days < run.tmax[:, None] - 1) & (level > 0), level, np.inf)
    start = np.argmin(before, axis=1) if before.size else np.zeros(run.size, int)
    lowest = before[np.arange(run.size), start]
    with np.errstate(divide="ignore", invalid="ignore"):
        doublings = np.log2(run.cmax / lowest)
        time = np.where((doublings > 1) & np.isfinite(lowest), (run.tmax - days[start]) / doublings, np.nan)
    return median(time[chosen & treated(run)])


def half_life(first: float, last: float) -> Callable[[ArmRun, np.ndarray, float | None], float]:
    """Median half-life between the visits nearest to two days, where the level falls."""

    def value(run: ArmRun, chosen: np.ndarray, month: float | None) -> float:
        at = [int(np.abs(run.level_day - day).argmin()) for day in (first, last)]
        with np.errstate(divide="ignore", invalid="ignore"):
            fall = np.log2(run.level[:, at[0]] / run.level[:, at[1]]) / (run.level_day[at[1]] - run.level_day[at[0]])
        return median(np.where((fall > 0) & np.isfinite(fall), 1 / np.where(fall > 0, fall, 1.0), np.nan)[chosen & responders(run)])

    return value


def persistence(run: ArmRun, chosen: np.ndarray, month: float | None) -> float:
    """Median day of the last level above the limit, counted at the last look where cells are still found, as the publication counts.

    Looks end with relapse, death, transplant or contact.
    """
    records = run.records
    ends = (records.relapse_day, records.death_day, records.transplant_day, records.last_contact_day)
    last = np.fmin.reduce([day - records.infusion_day for day in ends])
    return median(np.fmin(run.persistence, last)[chosen & treated(run)])


def exposure_ratio(run: ArmRun, chosen: np.ndarray, month: float | None) -> float:
    """Geometric mean area under the level to day 28, responders over non-responders."""
    first = np.flatnonzero(run.level_day <= 28.0)
    days, level = run.level_day[first], np.nan_to_num(run.level[:, first])
    area = (0.5 * (level[:, 1:] + level[:, :-1]) * np.diff(days)).sum(axis=1)
    return _ratio(area, run, chosen)


def _ratio(values: np.ndarray, run: ArmRun, chosen: np.ndarray) -> float:
    here = chosen & treated(run)
    found = geometric_ratio(values[here & responders(run)], values[here & ~responders(run)])
    return float("nan") if found is None else found


def _ill(run: ArmRun, chosen: np.ndarray) -> np.ndarray:
    """Treated with cytokine release on any scale."""
    return chosen & treated(run) & (run.grades["crs"]["penn"] >= 1)


def burden_correlation(run: ArmRun, chosen: np.ndarray, month: float | None = None) -> float:
    """Rank correlation of the grade of cytokine release (Penn) with burden before infusion."""
    here = chosen & treated(run)
    return _rank(run.grades["crs"]["penn"][here], run.burden[here])


def peak_correlation(run: ArmRun, chosen: np.ndarray, month: float | None = None) -> float:
    """Rank correlation of the grade of cytokine release (Penn) with the peak of engineered cells."""
    here = chosen & treated(run)
    return _rank(run.grades["crs"]["penn"][here], run.cmax[here])


def _rank(first: np.ndarray, second: np.ndarray) -> float:
    seen = np.isfinite(first) & np.isfinite(second)
    first, second = first[seen], second[seen]
    if first.size < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    found: Any = spearmanr(first, second)
    return float(found.statistic)


FUNCTIONS: Mapping[str, Callable[[ArmRun, np.ndarray, float | None], float]] = {
    "tmax": lambda run, chosen, month: median(run.tmax[chosen & treated(run)]),
    "cmax_ratio_responders": lambda run, chosen, month: _ratio(run.cmax, run, chosen),
    "auc28_ratio_responders": exposure_ratio,
    "level_ratio_day28": level_ratio(28.0),
    "level_ratio_day180": level_ratio(6 * MONTH),
    "doubling_time": doubling_time,
    "contraction_half_life": half_life(*FAST),
    "terminal_half_life": half_life(*SLOW),
    "persistence": persistence,
    "crs.onset": lambda run, chosen, month: median(run.crs_onset[_ill(run, chosen)]),
    "crs.duration": lambda run, chosen, month: median((run.crs_end - run.crs_onset)[_ill(run, chosen)]),
    "tocilizumab": lambda run, chosen, month: _mean(run.tocilizumab, run, chosen),
    "steroid": lambda run, chosen, month: _mean(run.steroid, run, chosen),
    "screening_to_infusion": lambda run, chosen, month: median(run.records.infusion_day[chosen & treated(run)]),
    "crs.grade_burden_correlation": burden_correlation,
}


def _mean(flags: np.ndarray, run: ArmRun, chosen: np.ndarray) -> float:
    here = chosen & treated(run)
    return float(np.mean(flags[here])) if here.any() else float("nan")
