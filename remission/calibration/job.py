"""`remission calibrate`: all targets of role `calibrate` at once, on the same patients, with what stays open afterwards.

In order: prior predictive check; weighted least squares with finite differences of common random numbers; cut points of harms on
ELIANA, frozen; a stop when the data pull a number out of its prior; normal posterior with contraction and open directions; a report on
other patients; posterior draws, each run in all arms. Finished steps are kept in the output folder, so that a stopped calibration goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from remission import catalog, diseases, run_directory
from remission.calibration import posterior as laws
from remission.calibration import stored
from remission.calibration.account import CalibrationResult, account_of
from remission.calibration.cut_points import fitted_cut_points, is_cut_target
from remission.calibration.evaluation import CELLS_ARM, Evaluator
from remission.calibration.fit import Fit, Problem, minimize
from remission.calibration.free_parameters import Free, point, prior_center, prior_spread, read_free
from remission.calibration.judged import Judged
from remission.calibration.over_draws import OverDraws
from remission.calibration.prior_check import prior_predictive
from remission.calibration.scales import covariance
from remission.calibration.steps import Steps
from remission.calibration.summaries import reason_missing
from remission.calibration.targets import Target, of_role, read_targets, targets_path
from remission.engine.ensemble import Options
from remission.errors import InputError, RunError
from remission.laws import LogitNormal, LogNormal, Normal
from remission.parameters import Row
from remission.scenario import read_scenario
from remission.trial import RTOL, Study, cohort_of, prepare

Progress = Callable[[str, int, int], None]
SCENARIO = {"b_all": "b-all-car-t"}
"""The scenario whose arms the targets of a disease speak of."""


@dataclass(frozen=True)
class Sizes:
    """How much is computed. `patients` common draws decide the fit; derivatives use the first `quick` of them; `report` others check it."""

    patients: int = 5000
    quick: int = 1500
    report: int = 20_000
    draws: int = 64
    draw_patients: int = 4000
    prior_draws: int = 24
    prior_patients: int = 300
    dose_patients: int = 800
    rounds: int = 2
    steps: int = 3
    months: float = 48.0
    seed: int = 2024
    threads: int | None = None


def calibrate(
    name: str, targets: Path | None = None, out: Path | None = None, progress: Progress | None = None, sizes: Sizes | None = None
) -> CalibrationResult:
    """Fit the population of a disease. `out` (default `runs/calibrate-DISEASE`) keeps finished steps and gets the results.

    `InputError` for an unknown disease or faulty tables; `RunError` names the priors that the data contradict.
    """
    sizes, told = sizes or Sizes(), progress or (lambda stage, done, total: None)
    name = diseases.get(name).name
    path = targets or targets_path(name)
    free = read_free(stored.FOLDER / f"{name}.free.csv")
    study = prepare(read_scenario(SCENARIO[name]))
    chosen = fitted_targets(read_targets(path), SCENARIO[name])
    hashes = stored.table_hashes(study.parameters, input_files(name, path))
    folder = Path(out) if out is not None else Path("runs") / f"calibrate-{name.replace('_', '-')}"
    steps = _steps(folder, {"tables": hashes, "digest": study.system.digest, "sizes": _deciding(sizes)})
    return _calibrated(name, study, free, chosen, read_targets(path), hashes, sizes, steps, told)


def input_files(name: str, targets: Path | None = None) -> list[Path]:
    """Files beside the parameter tables that decide a calibration: targets, priors, scales, the scenario, rules of response."""
    beside = Path(__file__).parent
    rules = [stored.PACKAGE / "response" / f"{table}.csv" for table in ("leukemia", "residual_disease")]
    correlations = diseases.get(name).table.with_suffix(".correlations.csv")
    files = [targets or targets_path(name), stored.FOLDER / f"{name}.free.csv", beside / "scales.csv", *rules, correlations]
    return [path for path in (*files, catalog.scenario_path(SCENARIO[name])) if path.exists()]


def fitted_targets(targets: Sequence[Target], scenario: str) -> tuple[Target, ...]:
    """Targets that the least squares use: role `calibrate` of this scenario, less those of cut points and those no arm records."""
    mine = [target for target in of_role(tuple(targets), "calibrate") if target.scenario.replace("_", "-") == scenario]
    found = tuple(target for target in mine if not is_cut_target(target) and reason_missing(target) is None)
    if not found:
        raise InputError("no target can be calibrated on", scenario, remedy="give targets of role `calibrate` for this scenario")
    return found


def _deciding(sizes: Sizes) -> dict[str, Any]:
    return {key: value for key, value in asdict(sizes).items() if key not in ("threads", "draws", "draw_patients", "report")}


def _steps(folder: Path, key: dict[str, Any]) -> Steps:
    run_directory.check(folder)
    known = run_directory.read_marker(folder).get("calibration") if run_directory.is_run(folder) else None
    run_directory.prepare(folder, resume=known == key)
    run_directory.write_marker(folder, {"calibration": key})
    return Steps(folder / "steps")


def _calibrated(
    name: str, study: Study, free: tuple[Free, ...], chosen, everything, hashes, sizes: Sizes, steps: Steps, told: Progress
) -> CalibrationResult:
    """The steps in order; each is kept when it is done."""
    share = lambda stage, done: told(stage, int(100 * done), 100)  # noqa: E731
    cohort = cohort_of(study, sizes.patients, sizes.seed, share, Options(rtol=RTOL, threads=sizes.threads))
    evaluator = Evaluator(study, cohort, free, sizes.seed, sizes.months, sizes.dose_patients, sizes.threads)
    judged = Judged(evaluator, chosen)
    check = steps.once("prior", lambda: prior_predictive(judged, sizes.prior_draws, sizes.prior_patients, sizes.seed, share))
    problem = Problem(
        lambda x: judged.residuals(x, sizes.patients),
        lambda x: judged.residuals(x, sizes.quick),
        covariance(chosen),
        prior_center(free),
        prior_spread(free),
    )
    fit = _fitted(problem, study, free, sizes, steps, share)
    law = laws.laplace(problem, fit)
    cuts = steps.once("cuts", lambda: _cuts(evaluator, fit.x, everything, study))
    _stop_on_conflict(law, free)
    others = replace(evaluator, fixed=cuts, months=60.0)
    over = OverDraws(study, others, free, laws.draws(law, sizes.draws, sizes.seed), chosen, sizes, steps.folder)
    report = steps.once("report", lambda: over.report(everything, share))
    found = over.run(share)
    facts = {"name": name, "sizes": asdict(sizes), "tables": hashes, "prior_predictive": check, "cut_points": cuts, "report": report}
    return account_of(facts, study, free, chosen, problem, fit, law, found)


def _fitted(problem: Problem, study: Study, free: Sequence[Free], sizes: Sizes, steps: Steps, share) -> Fit:
    """The search, read from its step when it was done before."""
    say = lambda stage, value: share(stage, min(max(value, 0.0), 1.0)) if stage != "cost" else steps.note(f"cost {value:.2f}")  # noqa: E731
    begin = point(free, current(study, free))
    made = steps.once("fit", lambda: _plain(minimize(problem, begin, sizes.rounds, sizes.steps, told=say)))
    return Fit(np.array(made["x"]), np.array(made["residuals"]), np.array(made["jacobian"]), made["cost"], tuple(made["costs"]))


def _plain(fit: Fit) -> dict[str, Any]:
    return {key: np.asarray(value).tolist() for key, value in vars(fit).items()}


def current(study: Study, free: Sequence[Free]) -> dict[str, float]:
    """The free numbers as the tables have them now: where the search begins."""
    rows = study.parameters.rows
    unknown = [one.key for one in free if one.parameter not in rows]
    if unknown:
        raise InputError(f"no such parameter: {', '.join(unknown)}", "the table of free numbers", remedy="name rows of the tables")
    return {one.key: rows[one.parameter].number if one.aspect == "median" else _spread(rows[one.parameter]) for one in free}


def _spread(row: Row) -> float:
    """The standard deviation a parameter varies by."""
    if not isinstance(row.law, LogNormal | Normal | LogitNormal):
        raise InputError(f"`{row.name}` has no standard deviation to calibrate", row.place or None, remedy="free its median only")
    return row.law.sd


def _cuts(evaluator: Evaluator, x: np.ndarray, targets: Sequence[Target], study: Study) -> dict[str, float]:
    run = evaluator.run(x, [CELLS_ARM])[CELLS_ARM]
    return fitted_cut_points(run, targets, study.parameters)


def _stop_on_conflict(law: laws.Posterior, free: Sequence[Free]) -> None:
    pulled = laws.conflicts(law, free)
    if pulled:
        raise RunError(f"the targets contradict the prior of {', '.join(pulled)} (more than {laws.CONFLICT:g} standard deviations away)")
