"""The numbers a calibrated trial is known by: windows of the headline, read from its arms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from remission.arm_run import ArmRun
from remission.calibration import kinetics
from remission.calibration.subgroups import everyone, high_burden, low_burden, treated
from remission.calibration.summaries import HIGH_DOSE, LOW_DOSE, Runs, change_per_tenfold, share, time_or_rate
from remission.results.members import analyzed, responders

CELLS, NO_DEPLETION = "car_t", "car_t_without_lymphodepletion"
RELAPSES_OF_ELIANA = (14, 19)


@dataclass(frozen=True)
class Window:
    """A headline number and where it must lie; `low` or `high` None for one-sided."""

    name: str
    low: float | None
    high: float | None
    read: Callable[[Runs], float]

    def holds(self, value: float) -> bool:
        return bool(np.isfinite(value)) and (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


def _cells(read: Callable[[ArmRun], float]) -> Callable[[Runs], float]:
    return lambda runs: read(runs[CELLS])


def _rate(endpoint: str, month: float) -> Callable[[Runs], float]:
    return _cells(lambda run: time_or_rate(run, everyone(run), endpoint, month))


def _fall(first: float, last: float) -> Callable[[Runs], float]:
    return lambda runs: _rate("rfs", first)(runs) - _rate("rfs", last)(runs)


def _orr(run: ArmRun) -> float:
    return share(responders(run), treated(run))


def _function(name: str) -> Callable[[Runs], float]:
    return _cells(lambda run: kinetics.FUNCTIONS[name](run, everyone(run), None))


def _negative(run: ArmRun) -> float:
    """Share of CD19-negative relapses within 36 months."""
    from remission.calibration.summaries import FUNCTIONS

    return FUNCTIONS["relapse_cd19_negative"](run, everyone(run), 36.0)


def _severe(mask: Callable[[ArmRun], np.ndarray]) -> Callable[[ArmRun], float]:
    return lambda run: share(run.grades["crs"]["penn"] >= 3, mask(run))


def _scales(run: ArmRun) -> float:
    """Grade 3 and up on the Penn scale minus that on the ASTCT scale."""
    return share(run.grades["crs"]["penn"] >= 3, treated(run)) - share(run.grades["crs"]["astct"] >= 3, treated(run))


def _lost(read: Callable[[ArmRun], float]) -> Callable[[Runs], float]:
    """What a number loses without lymphodepletion."""
    return lambda runs: read(runs[CELLS]) - read(runs[NO_DEPLETION]) if NO_DEPLETION in runs else float("nan")


def _efs(run: ArmRun) -> float:
    return time_or_rate(run, everyone(run), "efs", 12)


def _dose(runs: Runs) -> float:
    return abs(change_per_tenfold(runs, responders)) if {LOW_DOSE, HIGH_DOSE} <= set(runs) else float("nan")


WINDOWS: Sequence[Window] = (
    Window("orr", 0.76, 0.88, _cells(_orr)),
    Window("rfs at 12 months", 0.52, 0.68, _rate("rfs", 12)),
    Window("rfs at 24 months", 0.42, 0.60, _rate("rfs", 24)),
    Window("rfs at 36 months", 0.38, 0.56, _rate("rfs", 36)),
    Window("fall of rfs, months 12 to 24", 0.03, 0.16, _fall(12, 24)),
    Window("fall of rfs, months 24 to 36", None, 0.08, _fall(24, 36)),
    Window("os at 12 months", 0.66, 0.85, _rate("os", 12)),
    Window("os at 36 months", 0.50, 0.75, _rate("os", 36)),
    Window("median day of the peak", 8, 12, _function("tmax")),
    Window("cd19-negative share of relapse, 36 months", 0.41, 0.74, _cells(_negative)),
    Window("peak of responders over non-responders", 1.0, 3.0, _function("cmax_ratio_responders")),
    Window("treated of enrolled", 0.75, 0.88, _cells(lambda run: share(treated(run), everyone(run)))),
    Window("median onset of crs, day", 2, 5, _function("crs.onset")),
    Window("rank correlation of crs grade with burden", 0.3, None, _function("crs.grade_burden_correlation")),
    Window("rank correlation of crs grade with peak", 0.0, None, _cells(lambda run: kinetics.peak_correlation(run, everyone(run)))),
    Window("severe crs, high minus low burden", 0.0, None, _cells(lambda run: _severe(high_burden)(run) - _severe(low_burden)(run))),
    Window("severe crs, penn minus astct", 0.0, None, _cells(_scales)),
    Window("orr lost without lymphodepletion", 0.02, None, _lost(_orr)),
    Window("efs at 12 months lost without lymphodepletion", 0.0, None, _lost(_efs)),
    Window(
        "log peak lost without lymphodepletion",
        0.0,
        None,
        _lost(lambda run: kinetics.median(np.log(np.fmax(run.cmax, 1e-6)[treated(run)]))),
    ),
    Window("persistence lost without lymphodepletion, day", 0.0, None, _lost(lambda run: kinetics.persistence(run, everyone(run), None))),
    Window("change of orr per tenfold dose", None, 0.07, _dose),
)


def headlines(runs: Runs) -> dict[str, float]:
    """Every headline number by name, failed members left out."""
    whole = {key: analyzed(run) for key, run in runs.items()}
    return {window.name: float(window.read(whole)) for window in WINDOWS}


def inside(values: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The share of draws inside each window."""
    return {window.name: float(np.mean([window.holds(value) for value in values[window.name]])) for window in WINDOWS}
