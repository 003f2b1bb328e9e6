"""`remission validate`: every target of every disease against replicates of its trial; nothing is left out of the list."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from remission import diseases
from remission.calibration import stored
from remission.calibration.free_parameters import read_free
from remission.calibration.job import SCENARIO
from remission.calibration.steps import plain
from remission.calibration.summaries import reason_missing
from remission.calibration.targets import Target, diseases_with_targets, read_targets, targets_path
from remission.errors import InputError
from remission.parameters import Table
from remission.scenario import read_scenario
from remission.trial import Study, prepare
from remission.validating import pools as made
from remission.validating.replicates import REPLICATES, control, follow_ups, values
from remission.validating.scores import Score, by_trial, reference_of, score, unread

Progress = Callable[[str, int, int], None]
OTHER_PRODUCT = "another product or population; its scenario is not in the package"
OTHER_ENTRY = "a second infusion after the first is not in the package"
CONTEXT = "context, not judged"
USUAL = 50
"""Patients of a replicate where no number is printed."""


@dataclass(frozen=True)
class Sizes:
    """How much `validate` simulates: `patients` in all at the calibrated point, `block` of them for each of `draws` posterior draws;
    other products are followed in `elsewhere` patients under `elsewhere_draws` of them."""

    patients: int = 2000
    block: int = 500
    draws: int = 32
    elsewhere: int = 4000
    elsewhere_draws: int = 12
    replicates: int = REPLICATES
    seed: int = 7
    threads: int | None = None


@dataclass(frozen=True)
class ValidationResult:
    """Every target with its replicates. `scores` by disease; `accounts` are the calibrations behind them."""

    scores: Mapping[str, Sequence[Score]] = field(repr=False)
    accounts: Mapping[str, Mapping[str, Any]] = field(repr=False)
    sizes: Sizes = field(default_factory=Sizes)

    def json(self) -> dict[str, Any]:
        """The document of `validate --json`."""
        everything = [one for scores in self.scores.values() for one in scores]
        return plain({"targets": [_line(one) for one in everything], "summary": self.summary(), "notes": self.notes})

    def summary(self) -> dict[str, Any]:
        """Counts by role, one score per trial, and the headline windows of the calibration."""
        everything = [one for scores in self.scores.values() for one in scores]
        roles = {}
        for role in ("calibrate", "validate", "transport"):
            mine = [one for one in everything if one.target.role == role]
            judged = [one for one in mine if one.inside is not None]
            sharp = [one for one in judged if one.width_ratio is not None and one.width_ratio <= 1.5]
            roles[role] = {
                "targets": len(mine),
                "judged": len(judged),
                "inside": sum(bool(one.inside) for one in judged),
                "sharp": len(sharp),
            }
        return {
            "roles": roles,
            "trials": by_trial(everything),
            "windows_inside": {name: a["windows_inside"] for name, a in self.accounts.items()},
        }

    @property
    def notes(self) -> list[str]:
        unread_count = sum(one.inside is None for scores in self.scores.values() for one in scores)
        stale = [line for name in self.scores for line in check_tables(name)]
        return [f"{unread_count} targets have no verdict; each says why", *stale]

    def table(self) -> pl.DataFrame:
        """One line a target that is judged."""
        lines = [_line(one) for scores in self.scores.values() for one in scores if one.inside is not None]
        rows = [
            {"target": one["name"], "role": one["role"], "published": one["published"]["value"], **one["predictive"],
             "inside": "yes" if one["inside"] else "no", "width ratio": one["width_ratio"]}
            for one in lines
        ]  # fmt: skip
        return pl.DataFrame(rows, infer_schema_length=None)

    def save(self, folder: Path) -> None:
        """Write `validation.json` and the page of the docs."""
        from remission.validating.page import page

        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / "validation.json").write_text(json.dumps(self.json(), indent=1) + "\n", encoding="utf-8")
        (Path(folder) / "validation.md").write_text(page(self), encoding="utf-8")


def _line(one: Score) -> dict[str, Any]:
    target = one.target
    return {
        "name": target.name,
        "scenario": target.scenario,
        "role": target.role,
        "internal": target.internal,
        "published": {"value": target.value, "low": target.low, "high": target.high, "n": target.n, "source": target.source},
        "predictive": {"median": one.median, "low": one.low, "high": one.high},
        "inside": one.inside,
        "width_ratio": one.width_ratio,
        "discriminates": one.discriminates,
        "beats_reference": one.beats_reference,
        "reference": one.reference,
        "mcse": one.mcse,
        "why_not": one.why_not,
    }


def validate(
    names: Sequence[str] | None = None,
    progress: Progress | None = None,
    sizes: Sizes | None = None,
    pools: Mapping[str, made.Pools] | None = None,
) -> ValidationResult:
    """Compare the calibrated model of these diseases (default: all with targets) with every published number.

    `pools` are simulated patients by disease that a calibration has kept; without them they are simulated. `InputError` for a disease
    without targets or without a calibration.
    """
    sizes, told = sizes or Sizes(), progress or (lambda stage, done, total: None)
    known = diseases_with_targets()
    chosen = [diseases.get(name).name for name in names] if names else list(known)
    for name in chosen:
        if name not in known:
            raise InputError(f"`{name}` has no table of targets", remedy=f"diseases with targets: {', '.join(known)}")
    accounts = {name: stored.read_account(name) for name in chosen}
    found = {name: _disease(name, accounts[name], sizes, told, (pools or {}).get(name)) for name in chosen}
    return ValidationResult(found, accounts, sizes)


def _disease(name: str, account: Mapping[str, Any], sizes: Sizes, told: Progress, pools: made.Pools | None) -> list[Score]:
    targets = read_targets(targets_path(name))
    readable = [one for one in targets if _why_not(one, SCENARIO[name]) is None]
    own = [one for one in readable if one.scenario == SCENARIO[name]]
    scenes = {SCENARIO[name]: pools or _simulated(name, own, sizes, told)}
    for other in dict.fromkeys(one.scenario for one in readable if one.scenario != SCENARIO[name]):
        scenes[other] = _elsewhere(name, other, sizes, told)
    scores = []
    for number, target in enumerate(targets):
        known = account["report"] if target.scenario == SCENARIO[name] else {"targets": {}, "patients": 0}
        scores.append(_scored(name, target, targets, scenes, known, sizes))
        told("replicates", number + 1, len(targets))
    return scores


def _why_not(target: Target, scenario: str) -> str | None:
    """Why a target is not compared at all."""
    if target.role == "context":
        return CONTEXT
    if target.scenario != scenario and not scene_path(target.scenario).exists():
        return OTHER_ENTRY if target.scenario == "reinfusion" else OTHER_PRODUCT
    return reason_missing(target)


def scene_path(scenario: str) -> Path:
    """The design of another product's trial, kept for validation only; its population lies beside it."""
    return stored.FOLDER / f"{scenario}.toml"


def _elsewhere(name: str, scenario: str, sizes: Sizes, told: Progress) -> made.Pools:
    """Pools of another product in its own population: what its table says holds, everything else is of the posterior."""
    population = Table.read(stored.FOLDER / f"{scenario}.population.csv", override=True)
    study = prepare(read_scenario(scene_path(scenario)), tables=[population])
    free = [one for one in read_free(stored.FOLDER / f"{name}.free.csv") if _is_free(one.parameter, population, study)]
    share = lambda stage, done: told(f"{scenario} {stage}", int(100 * done), 100)  # noqa: E731
    arms = [arm.key for arm in study.scenario.arms]
    few = stored.read_draws(name)[: sizes.elsewhere_draws + 1]
    return made.simulated(study, free, few, arms, sizes.elsewhere, sizes.block, share, sizes.threads)


def _is_free(key: str, population: Table, study: Study) -> bool:
    return key not in population.rows and key in study.parameters.rows


def _simulated(name: str, targets: Sequence[Target], sizes: Sizes, told: Progress) -> made.Pools:
    study, free = prepare(read_scenario(SCENARIO[name])), read_free(stored.FOLDER / f"{name}.free.csv")
    arms = made.dose_arms(list(dict.fromkeys(target.arm for target in targets)))
    draws = stored.read_draws(name)[: sizes.draws + 1]
    return made.simulated(
        study, free, draws, arms, sizes.patients, sizes.block, lambda stage, done: told(stage, int(100 * done), 100), sizes.threads
    )


def _scored(
    name: str, target: Target, targets: Sequence[Target], scenes: Mapping[str, made.Pools], report: Mapping[str, Any], sizes: Sizes
) -> Score:
    why = _why_not(target, SCENARIO[name])
    if why is not None:
        return unread(target, why)
    pools, known = scenes[target.scenario], report["targets"]
    follow = follow_ups(name).get((target.trial, target.source))
    size = int(target.n or USUAL)
    shift = control(target, pools, known)
    whole = values(target, pools.draws, size, follow, sizes.replicates, sizes.seed)
    pure = values(target, [pools.center], size, follow, sizes.replicates, sizes.seed + 1)
    basis = max(int(report["patients"]), pools.patients) if known.get(target.name) is not None else pools.patients
    return score(target, whole, pure, shift, size, basis, reference_of(target, targets))


def check_tables(name: str) -> list[str]:
    """What has changed since the stored calibration, with the remedy; empty when it is up to date."""
    from remission.calibration.job import input_files

    study = prepare(read_scenario(SCENARIO[name]))
    return stored.stale(name, stored.table_hashes(study.parameters, input_files(name)))
