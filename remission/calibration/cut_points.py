"""Cut points of the latent severities: fitted once on ELIANA's shares after everything else, then frozen.

Two points of each event are quantiles of the simulated severity at the published shares (any grade, grade 3 and up, on the scale that
trial used). The points of other grades and scales keep their places relative to those two, as in the module's table: they are never
fitted, and validation on other scales tests them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from remission.arm_run import ArmRun
from remission.calibration.targets import Target
from remission.parameters import ParameterSet
from remission.response.toxicity import cut_points_for_shares
from remission.results.members import analyzed

ANCHORS: Mapping[str, tuple[str, str, str, str, str]] = {
    "crs": ("cytokine_release.fever", "cytokine_release.penn_3", "crs.penn.any", "crs.penn.grade3plus", "penn"),
    "neurotoxicity": ("neurotoxicity.ctcae_1", "neurotoxicity.ctcae_3", "neuro.ctcae.any", "neuro.ctcae.grade3plus", "ctcae"),
}
"""By event: the two keys that are fitted, the endpoints they are fitted to, and the scale."""
OTHERS: Mapping[str, Sequence[str]] = {
    "crs": tuple(f"cytokine_release.{scale}_{grade}" for scale in ("penn", "lee", "astct") for grade in (2, 3, 4)),
    "neurotoxicity": tuple(f"neurotoxicity.{scale}_{grade}" for scale in ("ctcae", "icans") for grade in (1, 2, 3, 4)),
}


def is_cut_target(target: Target) -> bool:
    """Whether a target is met by a cut point, and so not by the other numbers."""
    return any(target.endpoint in anchor[2:4] for anchor in ANCHORS.values())


def fitted_cut_points(run: ArmRun, targets: Sequence[Target], parameters: ParameterSet) -> dict[str, float]:
    """Every cut point by key, from one run of the calibrated arm and the shares to be met."""
    run = analyzed(run)
    found: dict[str, float] = {}
    for event, (first, second, any_grade, severe, scale) in ANCHORS.items():
        shares = [_share(targets, any_grade), _share(targets, severe)]
        severity = run.severity[event][run.treated & np.isfinite(run.severity[event])]
        low, high = cut_points_for_shares(event, scale, severity, shares).points
        found |= _moved(parameters, OTHERS[event], (first, second), (low, high))
    return found


def _share(targets: Sequence[Target], endpoint: str) -> float:
    return next(target.value for target in targets if target.endpoint == endpoint and target.role == "calibrate")


def _moved(parameters: ParameterSet, keys: Sequence[str], anchors: tuple[str, str], points: tuple[float, float]) -> dict[str, float]:
    """The anchors at their points and the other keys at the same places between and beyond them."""
    old = [parameters.rows[key].number for key in anchors]
    stretch = (points[1] - points[0]) / (old[1] - old[0])
    moved = {key: points[0] + (parameters.rows[key].number - old[0]) * stretch for key in keys if key in parameters.rows}
    return {key: round(float(value), 4) for key, value in {**moved, **dict(zip(anchors, points, strict=True))}.items()}
