"""The trial: one system for all arms, one cohort, every arm in it, and the statistics a trial reports."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from remission import catalog, diseases, run_directory, therapies
from remission.arm_run import ArmRun, joined, load_part, save_part
from remission.arms import method_of, run_arm
from remission.diseases.build import build
from remission.engine.cache import cache_directory
from remission.engine.choice import PILOT_MEMBERS
from remission.engine.compile import compile_system
from remission.engine.cpu import cores
from remission.engine.devices import chosen_device
from remission.engine.ensemble import Options
from remission.engine.kernels import TITLES
from remission.engine.layout import FAILURES
from remission.engine.steppers import Method
from remission.errors import FailedMembers, InputError, Problems, nearest
from remission.history import PIECE, cohort_key, make_cohort, pieces_of
from remission.measurement import LABEL, TABLE
from remission.model.disease import Disease
from remission.model.system import System
from remission.parameters import ParameterSet, Table
from remission.parts import Progress, Shares, at_a_time, run_parts, spans
from remission.population import Cohort, limits_of
from remission.results import TrialResult
from remission.scenario import ArmSpec, Scenario, read_scenario
from remission.stored_cohort import StoredCohort, store
from remission.tables import Row

PART = 4000
RTOL = 3e-7
ALWAYS = ("transplant", "later_line")
SOLVER = f"solver: {{method}}, relative tolerance {RTOL:g}; clones below 100 cells follow birth and death by chance"
TARGETS = Path(__file__).parent / "validation"


@dataclass(frozen=True)
class Study:
    """Everything a scenario needs to run: the union of its arms' and its history's modules as one system, and its numbers."""

    scenario: Scenario
    disease: Disease
    system: System
    parameters: ParameterSet

    @property
    def sites(self) -> tuple[str, ...]:
        return tuple(lesion.site for lesion in self.disease.lesions)


def prepare(
    scenario: Scenario,
    overrides: Mapping[str, float | str] | None = None,
    tables: Sequence[Table] = (),
    numbers: ParameterSet | None = None,
) -> Study:
    """Compose the system of a scenario. `numbers` are those of a system built before: what was laid over its tables holds here too;
    `overrides` are the last layer over all."""
    disease = diseases.get(scenario.disease)
    past = [dose["agent"] for line in disease.history for dose in line.doses]
    own = {module.label for module in disease.modules}
    names = tuple(
        name
        for name in dict.fromkeys([*scenario.agents, *past, *(name for name in ALWAYS if name in therapies.modalities())])
        if name not in own
    )
    system = build(disease, names, tables=tables)
    rows = {**system.parameters.rows, **Table.read(TABLE).of_module(LABEL)}
    rows |= _laid_over(rows, numbers.rows if numbers else {})
    parameters = ParameterSet(rows, system.parameters.correlations).with_values(overrides or {})
    limits_of(scenario.population.where, parameters.rows)
    _check_rules(scenario, system)
    return Study(scenario, disease, replace(system, parameters=parameters), parameters)


def _laid_over(rows: Mapping[str, Row], changed: Mapping[str, Row]) -> dict[str, Row]:
    """The rows of `changed` that have gone through further layers than ours."""
    both = [key for key in changed if key in rows and changed[key].layers != rows[key].layers]
    return {key: changed[key] for key in both if changed[key].layers[: len(rows[key].layers)] == rows[key].layers}


def _check_rules(scenario: Scenario, system: System) -> None:
    """Rules read what the model has; crossover is not part of this version."""
    known = [item.name for items in ("outputs", "states") for item in system.of(items, "patient")]
    problems = Problems()
    for rule in scenario.protocol.rules:
        for unknown in (condition.measure for condition in rule.when if condition.measure not in known):
            place = f"protocol.rules, rule `{rule.name}`"
            remedy = "name an output of the model, such as `cytokine_release.penn`"
            problems.add(f"nothing is measured as `{unknown}`{nearest(unknown, known)}", place, remedy=remedy)
    if scenario.protocol.crossover:
        problems.add("this version runs no crossover", "protocol.crossover", remedy="leave it out; `later_lines` treats relapse")
    problems.raise_if_any()


def cohort_of(study: Study, size: int, seed: int, progress: Progress | None = None, options: Options | None = None) -> Cohort:
    """The enrolled patients: read from the cache when they were built before, else built and kept there."""
    spec = study.scenario.population
    key = cohort_key(study.system, study.parameters, study.disease, seed, dict(spec.where), spec.history, (options or Options()).rtol)
    folder = cache_directory() / "cohorts" / f"{key}-{size}"
    if folder.exists():
        try:
            return Cohort.load(folder)
        except InputError:
            pass
    cohort = make_cohort(study.system, study.parameters, study.disease, size, seed, dict(spec.where), spec.history, progress, options)
    with contextlib.suppress(OSError):
        cohort.save(folder)
    return cohort


def large_cohort_of(study: Study, size: int, seed: int, progress: Progress | None, options: Options) -> Cohort | StoredCohort:
    """The enrolled patients of a trial: a large cohort stays in the cache and is read by the part, where the cache can be written."""
    if size <= PIECE:
        return cohort_of(study, size, seed, progress, options)
    spec = study.scenario.population
    key = cohort_key(study.system, study.parameters, study.disease, seed, dict(spec.where), spec.history, (options or Options()).rtol)
    folder = cache_directory() / "cohorts" / f"{key}-{size}-in-pieces"
    with contextlib.suppress(InputError):
        return StoredCohort.open(folder)
    pieces = pieces_of(study.system, study.parameters, study.disease, size, seed, dict(spec.where), spec.history, progress, options)
    try:
        return store(folder, key, pieces)
    except OSError:
        return cohort_of(study, size, seed, progress, options)


def run_scenario(
    scenario: Scenario,
    *,
    patients: int | None = None,
    arms: Sequence[str] | None = None,
    seed: int | None = None,
    overrides: Mapping[str, float | str] | None = None,
    out: Path | None = None,
    resume: bool = False,
    workers: int | None = None,
    device: str = "auto",
    max_failed: float = 0.0,
    progress: Callable[[str, float, float], None] | None = None,
) -> TrialResult:
    """Run a virtual trial. `patients` are enrolled patients per arm; `out` keeps finished parts, from which `resume` goes on.

    The result is always returned; `result.failure` is the `FailedMembers` to raise when more members failed than `max_failed` allows.
    """
    begun = time.perf_counter()
    study = prepare(scenario if arms is None else scenario.only(arms), overrides)
    if progress is not None:
        progress("compile the model", 0, 1)
    compile_system(study.system)
    compiled = time.perf_counter() - begun
    return run_study(
        study,
        patients,
        seed,
        out=out,
        resume=resume,
        workers=workers,
        device=device,
        max_failed=max_failed,
        progress=progress,
        compiled=compiled,
        model_draws=_model_draws(scenario, overrides),
        changed=overrides,
    )


def run_study(
    study: Study,
    patients: int | None = None,
    seed: int | None = None,
    *,
    out: Path | None = None,
    resume: bool = False,
    workers: int | None = None,
    device: str = "auto",
    max_failed: float = 0.0,
    progress: Callable[[str, float, float], None] | None = None,
    compiled: float = 0.0,
    model_draws: Mapping[str, Mapping[str, list[float | None]]] | None = None,
    changed: Mapping[str, float | str] | None = None,
) -> TrialResult:
    """Run a prepared study; see `run_scenario`. `changed` are the numbers changed by hand, to be told with the result."""
    scenario, clock = study.scenario, {"compile": compiled}
    told = None if progress is None else (lambda stage, share: progress(stage, share, 1.0))
    seed, size = scenario.seed if seed is None else seed, patients or scenario.population.size
    options = Options(rtol=RTOL, threads=workers, device=chosen_device(device))
    parts = _parts_folder(study, out, resume, seed, size)
    begun = time.perf_counter()
    cohorts = _cohorts(study, size, seed, told, options)
    clock["cohort"] = time.perf_counter() - begun
    begun = time.perf_counter()
    options = replace(options, method=_method(study, cohorts, seed, options))
    runs = {arm.key: _arm(study, cohorts[arm.key], arm, seed, options, parts, told) for arm in scenario.arms}
    clock["arms"] = time.perf_counter() - begun
    return TrialResult.of(
        scenario=scenario,
        arms=runs,
        seed=seed,
        pairing=scenario.pairing,
        seconds={name: round(value, 3) for name, value in clock.items()},
        notes=[SOLVER.format(method=TITLES[options.method]), *_told(changed, model_draws)],
        cohort=next(iter(cohorts.values())).flow,
        assumed=assumed_table(study),
        targets=published(scenario),
        model_draws=model_draws,
        run={
            "rtol": RTOL,
            "method": options.method.name.lower(),
            "system": study.system.digest,
            "parameters": study.parameters.digest(),
            "set": dict(changed or {}),
        },
        failure=_failure(runs, max_failed),
    )


def _told(changed: Mapping[str, float | str] | None, draws: Mapping | None) -> list[str]:
    notes = [f"Changed by hand: {', '.join(f'{key} = {value}' for key, value in changed.items())}."] if changed else []
    if draws:
        notes.append(
            "`model` intervals are those over the posterior draws of the stored calibration, in other patients; "
            "they do not depend on the seed or the size of this run."
        )
    return notes


def switched_off(scenario: Scenario) -> frozenset[str]:
    """Intercurrent events with the hypothetical strategy: they do not happen, and the same luck tells what would have been."""
    return frozenset(event for event, strategy in scenario.intercurrent.items() if strategy == "hypothetical")


def _model_draws(scenario: Scenario, overrides: Mapping[str, float | str] | None):
    """Estimates at every posterior draw, as the calibration stored them for the bundled scenario; None for any other."""
    from remission.calibration.stored import model_draws

    bundled = catalog.scenarios().get(scenario.name)
    if overrides or bundled is None:
        return None
    known = read_scenario(str(bundled))
    same = all(arm in known.arms for arm in scenario.arms) and scenario.protocol == known.protocol
    return model_draws(scenario.disease) if same and scenario.population.where == known.population.where else None


def published(scenario: Scenario) -> pl.DataFrame | None:
    """The published figures of this disease that belong to the scenario's arms."""
    path = TARGETS / f"{scenario.disease}.csv"
    if not path.exists():
        return None
    keys = [arm.key for arm in scenario.arms]
    table = pl.read_csv(path, infer_schema_length=10_000).filter(
        pl.col("arm").is_in(keys) & (pl.col("scenario").str.replace_all("-", "_") == scenario.name)
    )
    return table.with_columns(pl.lit(None, dtype=pl.Boolean).alias("inside"))


def _method(study: Study, cohorts: Mapping[str, Cohort | StoredCohort], seed: int, options: Options) -> Method:
    """The method of all arms, chosen on the first patients of the first; the same for any size of the trial."""
    first = study.scenario.arms[0]
    cohort = cohorts[first.key]
    few = cohort.take(np.arange(min(PILOT_MEMBERS, cohort.size)))
    return method_of(study.system, few, first, study.scenario.protocol, study.sites, seed, options)


def _cohorts(study: Study, size: int, seed: int, progress, options) -> dict[str, Cohort | StoredCohort]:
    """One cohort for every arm (counterfactual), or one of its own for each (randomized)."""
    arms = study.scenario.arms
    if study.scenario.pairing == "counterfactual":
        cohort = large_cohort_of(study, size, seed, progress, options)
        return {arm.key: cohort for arm in arms}
    whole = large_cohort_of(study, size * len(arms), seed, progress, options)
    chosen = whole.take if isinstance(whole, Cohort) else whole.only
    return {arm.key: chosen(np.arange(k, whole.size, len(arms))) for k, arm in enumerate(arms)}


def _parts_folder(study: Study, out: Path | None, resume: bool, seed: int, size: int) -> Path | None:
    """Where finished parts are kept; with `resume`, those of another study are refused."""
    if out is None:
        return None
    said = [study.system.digest, study.parameters.digest(), repr(study.scenario), seed, size, RTOL]
    key = hashlib.blake2b(json.dumps(said).encode(), digest_size=12).hexdigest()
    if resume and run_directory.is_run(out) and run_directory.read_marker(out).get("study", key) != key:
        raise InputError(
            "the run in this folder is of another scenario, arms, seed, size or set of numbers",
            str(out),
            remedy="name another folder with `--out`, or leave out `--resume`, which replaces that run",
        )
    run_directory.prepare(out, resume)
    run_directory.write_marker(out, {"study": key, "seed": seed, "patients": size, "state": "running"})
    folder = out / "parts"
    folder.mkdir(exist_ok=True)
    return folder


def _arm(study: Study, cohort: Cohort | StoredCohort, arm: ArmSpec, seed: int, options: Options, folder: Path | None, progress) -> ArmRun:
    """One arm in parts of some thousand patients; a part already on disk is read."""
    rows = spans(cohort.size, PART)
    threads = options.threads or cores()
    side_by_side = at_a_time(len(rows), threads)
    own = replace(options, threads=1 if side_by_side > 1 else threads)

    def work(number: int, told: Progress) -> ArmRun:
        path = None if folder is None else folder / f"{arm.key}-{rows[number].start:09d}-{rows[number].stop:09d}.npz"
        run = _kept(path, arm)
        if run is None:
            part, protocol, off = cohort.take(np.asarray(rows[number], int)), study.scenario.protocol, switched_off(study.scenario)
            run = run_arm(study.system, part, arm, protocol, study.sites, seed, own, told, off)
            if path is not None:
                save_part(run, path)
        told(arm.key, 1.0)
        return run

    return joined(run_parts(work, Shares(progress, [len(part) for part in rows]), side_by_side))


def _kept(path: Path | None, arm: ArmSpec) -> ArmRun | None:
    """A part on disk; None where there is none, or a damaged one, which is made again."""
    if path is None or not path.exists():
        return None
    with contextlib.suppress(InputError):
        return load_part(path, arm.key, arm.title, arm.note)
    return None


def _failure(runs: Mapping[str, ArmRun], allowed: float) -> FailedMembers | None:
    for key, run in runs.items():
        failed = int(np.isin(run.status, FAILURES).sum())
        if failed > allowed * run.size:
            who = ", ".join(str(p) for p in run.records.patient[np.isin(run.status, FAILURES)][:5])
            return FailedMembers(
                f"{failed} of {run.size} members of `{key}` failed (patients {who}); more than `--max-failed {allowed:g}` allows"
            )
    return None


def assumed_table(study: Study) -> pl.DataFrame:
    """Every assumed parameter in play."""
    table = study.parameters.table()
    return table.filter(pl.col("evidence") == "assumed").select("key", "value", "unit", "evidence", "source", "meaning")
