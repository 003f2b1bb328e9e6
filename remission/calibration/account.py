"""The account of a calibration: the point, how sure it is, what stays open, and what changes along that."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from remission.calibration import posterior as laws
from remission.calibration import stored
from remission.calibration.fit import Fit, Problem
from remission.calibration.free_parameters import Free
from remission.calibration.scales import standard_error
from remission.calibration.steps import plain
from remission.calibration.targets import Target
from remission.trial import Study
from remission.version import VERSION

LIBRARIES = ("numpy", "scipy", "numba")
FOLLOWED = (
    "orr", "rfs at 12 months", "rfs at 36 months", "cd19-negative share of relapse, 36 months", "orr lost without lymphodepletion",
    "efs at 12 months lost without lymphodepletion", "persistence lost without lymphodepletion, day",
)  # fmt: skip
"""Headlines whose change along open directions is told."""


@dataclass(frozen=True)
class CalibrationResult:
    """A finished calibration. `account` is the stored document; `rows` the population table; `points` the draws [D, P]."""

    account: Mapping[str, Any] = field(repr=False)
    free: Sequence[Free] = field(repr=False)
    rows: Sequence[Mapping[str, str]] = field(repr=False)
    points: np.ndarray = field(repr=False)

    def json(self) -> dict[str, Any]:
        return dict(self.account)

    @property
    def notes(self) -> list[str]:
        return list(self.account["notes"])

    def table(self) -> pl.DataFrame:
        """One line a free number: prior, calibrated value, posterior range and contraction."""
        return pl.DataFrame(self.account["parameters"]).select("key", "prior", "value", "low", "high", "contraction", "shift")

    def targets(self) -> pl.DataFrame:
        """One line a fitted target: published, fitted, and how many standard errors apart."""
        return pl.DataFrame(self.account["fit"]["targets"])

    def save(self, folder: Path) -> None:
        """Write the three files of the package under `package`, laid out as they lie there."""
        name, package = self.account["disease"], Path(folder) / "package"
        for below in ("diseases", "validation"):
            (package / below).mkdir(parents=True, exist_ok=True)
        stored.write_population(package / "diseases" / f"{name}.population.csv", self.rows)
        stored.write_draws(package / "validation" / f"{name}.posterior.csv", self.free, self.points)
        text = json.dumps(self.account, indent=None, separators=(",", ":"))
        (package / "validation" / f"{name}.calibration.json").write_text(text + "\n", encoding="utf-8")


def account_of(
    facts: Mapping[str, Any], study: Study, free: Sequence[Free], targets: Sequence[Target], problem: Problem, fit: Fit,
    law: laws.Posterior, found: Mapping[str, Any],
) -> CalibrationResult:  # fmt: skip
    """Put everything together; nothing is computed again."""
    points = laws.draws(law, int(facts["sizes"]["draws"]), int(facts["sizes"]["seed"]))
    weights = np.exp(laws.log_weights(problem, law, points, found["residuals"]))
    account = {
        "disease": facts["name"],
        "version": VERSION,
        "libraries": {name: version(name) for name in LIBRARIES},
        "seed": facts["sizes"]["seed"],
        "sizes": dict(facts["sizes"]) | {"draw_patients": found["patients"]},
        "tables": facts["tables"],
        "system": study.system.digest,
        "prior_predictive": facts["prior_predictive"],
        "parameters": _parameters(free, law),
        "fit": _fit(targets, fit, problem),
        "cut_points": facts["cut_points"],
        "directions": _directions(free, law, points, found["headlines"]),
        "report": facts["report"],
        "windows_inside": found["inside"],
        "headlines": found["headlines"],
        "importance": {"effective_draws": laws.effective_size(weights[1:]), "of": len(points) - 1},
        "model_draws": found["model_draws"],
        "notes": _notes(facts, law, free),
    }
    rows = stored.population_rows(study.parameters, free, law.mean, facts["cut_points"])
    return CalibrationResult(plain(account), tuple(free), rows, points)


def _parameters(free: Sequence[Free], law: laws.Posterior) -> list[dict[str, Any]]:
    error = np.sqrt(np.diag(law.covariance))
    return [
        {
            "key": one.key,
            "prior": one.prior,
            "value": one.outward(law.mean[i]),
            "low": one.outward(law.mean[i] - 1.96 * error[i]),
            "high": one.outward(law.mean[i] + 1.96 * error[i]),
            "contraction": float(law.contraction[i]),
            "shift": float(law.shift[i]),
        }
        for i, one in enumerate(free)
    ]


def _fit(targets: Sequence[Target], fit: Fit, problem: Problem) -> dict[str, Any]:
    away = [
        {"name": target.name, "published": target.value, "standard_errors": float(gap / standard_error(target))}
        for target, gap in zip(targets, fit.residuals, strict=True)
    ]
    return {
        "cost": fit.cost,
        "costs": list(fit.costs),
        "targets": away,
        "from_targets": float(np.sum(problem.whitened(fit.residuals) ** 2)),
    }


def _directions(free: Sequence[Free], law: laws.Posterior, points: np.ndarray, lines: Mapping[str, list[float]]) -> list[dict[str, Any]]:
    """Directions that keep most of the prior's variance, and what changes along them per posterior standard deviation."""
    kept, vectors = laws.directions(law)
    along = ((points - law.mean) / law.spread) @ vectors
    found = []
    for i in np.flatnonzero(kept >= laws.OPEN)[:8]:
        position = along[1:, i] / np.sqrt(kept[i])
        change = {name: _slope(position, np.array(lines[name][1:], dtype=float)) for name in FOLLOWED}
        found.append({"kept": float(kept[i]), "direction": laws.described(vectors[:, i], free), "change_per_sd": change})
    return found


def _slope(position: np.ndarray, values: np.ndarray) -> float | None:
    seen = np.isfinite(values)
    return float(np.polyfit(position[seen], values[seen], 1)[0]) if seen.sum() > 2 else None


def _notes(facts: Mapping[str, Any], law: laws.Posterior, free: Sequence[Free]) -> list[str]:
    outside = [one["name"] for one in facts["prior_predictive"] if one["inside"] is False]
    sizes = facts["sizes"]
    notes = [
        f"least squares on {sizes['patients']} common patients, derivatives on the first {sizes['quick']} of them, seed {sizes['seed']}",
        f"reported on {sizes['report']} other patients; draws on the first of them",
        "the posterior is normal on the transformed scale; its tails were not sampled",
        "targets of different endpoints count as independent, points of one curve as correlated",
    ]
    if outside:
        notes.append(f"outside what the priors alone expect: {', '.join(outside)}")
    near = [one.key for one, shift in zip(free, law.shift, strict=True) if abs(shift) > 2]
    return notes + ([f"more than two prior standard deviations from the prior: {', '.join(near)}"] if near else [])
