"""What a virtual trial found: one document, tidy tables, and the questions one asks of them."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl

from remission.arm_run import ArmRun
from remission.errors import InputError, nearest
from remission.results import archive, names, subgroups, tables
from remission.results import contrasts as compared
from remission.results.endpoint_table import endpoint_table
from remission.results.flow import flow
from remission.results.lookup import Arms
from remission.results.members import failed
from remission.results.notes import INTENDED_USE, notes_of
from remission.results.posterior import with_model
from remission.results.summary import arm_summary
from remission.scenario import Scenario
from remission.version import VERSION

LIBRARIES = ("numpy", "numba", "polars", "scipy")
PLOTS = {
    "endpoints": "endpoints_versus_published",
    "flow": "flow_of_patients",
    "kinetics": "kinetics_fan",
    "relapse": "relapse_phenotype",
    "toxicity": "toxicity_by_grade",
}


@dataclass(frozen=True, eq=False)
class TrialResult:
    """The result of a virtual trial. Research use only.

    `scenario` is the design; `tables` are polars tables by name (`subjects`, `tte`, `kinetics`, `toxicity`, `flow`, `subgroups`,
    `failures`, and `assumed`, `targets` and others the run had); `facts` is what made it: seed, versions, tolerances, text of the
    scenario, designed sizes. `failure` is told after the result has been saved and shown.
    """

    scenario: Scenario
    document: Mapping[str, Any] = field(repr=False)
    tables: dict[str, pl.DataFrame] = field(repr=False)
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False)
    failure: Exception | None = None

    @classmethod
    def of(
        cls,
        scenario: Scenario,
        arms: Mapping[str, ArmRun],
        seed: int,
        pairing: str,
        seconds: Mapping[str, float],
        notes: Sequence[str],
        cohort: Mapping[str, float],
        assumed: pl.DataFrame,
        targets: pl.DataFrame | None = None,
        model_draws: Mapping[str, Mapping[str, list[float | None]]] | None = None,
        design_sizes: Mapping[str, int] | None = None,
        *,
        run: Mapping[str, Any] | None = None,
        more_tables: Mapping[str, pl.DataFrame] | None = None,
        failure: Exception | None = None,
    ) -> TrialResult:
        """Read the arms of a run. `model_draws` holds, by arm and name of an estimate (`results.posterior`), values over posterior draws;
        `design_sizes` the number each arm enrolls by design, at which `trial` intervals are given (none: as simulated); `run` tolerances,
        digests and whatever else made the run; `more_tables` are kept beside the others (`measurements`, `responses`)."""
        runs, sizes, made = list(arms.values()), dict(design_sizes or {}), dict(run or {})
        found = _tables(runs, scenario, cohort)
        read = Arms(found["subjects"], found["tte"], names.time_keys(scenario.endpoints), sizes)
        found |= {"subgroups": subgroups.standard(read, names.keys(scenario.endpoints)), **_given(assumed, targets, more_tables or {})}
        document = {
            "scenario": scenario.name,
            "seed": seed,
            "patients": max((own.response.size for own in runs), default=0),
            "version": VERSION,
            "pairing": pairing,
            "intended_use": INTENDED_USE,
            **_arms(runs, scenario, sizes, model_draws or {}),
            "contrasts": compared.contrasts(read, _compared_keys(scenario), pairing),
            "cohort": dict(cohort),
            "seconds": dict(seconds),
            "notes": notes_of(scenario, runs, notes, cohort, assumed, pairing, seed, made),
        }
        return cls(scenario, archive.plain(document), found, _facts(scenario, seed, pairing, sizes, made), failure)

    def json(self) -> dict[str, Any]:
        """The document of `trial --json`."""
        return dict(self.document)

    @property
    def notes(self) -> list[str]:
        """What a reader must know: assumptions, failures, rules, seed, versions, tolerances."""
        return list(self.document["notes"])

    @property
    def arms(self) -> Arms:
        """The patients of each arm, for questions the document does not answer."""
        params, sizes = names.time_keys(self.scenario.endpoints), dict(self.facts.get("design_sizes") or {})
        return Arms(self.tables["subjects"], self.tables["tte"], params, sizes)

    def table(self, endpoint: str | None = None, full: bool = False) -> pl.DataFrame:
        """Endpoints of every arm with their uncertainties; one endpoint by name, or all months and endpoints when `full`."""
        return endpoint_table(self.document, endpoint, full)

    def compare(self, endpoint: str) -> pl.DataFrame:
        """Arms against each other in one endpoint, from enrollment where it has a twin that starts there (`EFS` compares `efs_itt`)."""
        key = names.comparative(endpoint, [*names.SHARES, *self.arms.params])
        return compared.table(compared.contrasts(self.arms, [key], self.document["pairing"]))

    def by(self, variable: str, landmark: str | float | None = None) -> subgroups.Subgroups:
        """Subgroups: `.by("burden").table("ORR")`. One defined after time zero needs a landmark, such as `landmark="28 d"`."""
        return subgroups.by(self.arms, variable, landmark)

    def plot(self, name: str = "OS") -> Any:
        """A figure: a time to an event by name (`RFS`), or flow, kinetics, relapse, toxicity, endpoints or a subgroup `forest`."""
        plots = _plots()
        titles = {arm.key: arm.title for arm in self.scenario.arms if arm.key in self.document["arms"]}
        if name in ("flow", "kinetics", "toxicity"):
            return getattr(plots, PLOTS[name])(self.tables[name], titles)
        if name == "relapse":
            return plots.relapse_phenotype(self.tables["subjects"], self.tables["tte"], titles)
        if name == "forest":
            return plots.forest(self.tables["subgroups"], next(iter(titles)), "orr")
        params = self.arms.params
        if name.strip().lower() not in params:
            known = [*params, "flow", "kinetics", "toxicity", "relapse", "forest"]
            raise InputError(f"there is no figure `{name}`{nearest(name, known)}", "plot", name, f"use {', '.join(known)}")
        return plots.kaplan_meier(self.tables["tte"], names.found(name, params), titles, self.tables.get("targets"), name=name)

    def save(self, folder: str | Path) -> None:
        """Write a self-contained run directory; `TrialResult.load` gives the same document and tables."""
        archive.write(Path(folder), self.document, self.tables, self.scenario, self.facts)

    @classmethod
    def load(cls, folder: str | Path) -> TrialResult:
        """The result in a run directory; `InputError` when there is none."""
        document, saved, scenario, facts = archive.read(Path(folder))
        own = {key: facts[key] for key in ("seed", "pairing", "design_sizes", "versions", "scenario_text", "run") if key in facts}
        return cls(scenario, document, saved, own)


def _tables(runs: Sequence[ArmRun], scenario: Scenario, cohort: Mapping[str, float]) -> dict[str, pl.DataFrame]:
    params = names.time_keys(scenario.endpoints)
    return {
        "subjects": pl.concat([tables.subjects(own) for own in runs], how="diagonal_relaxed"),
        "tte": pl.concat([tables.times(own, params) for own in runs]),
        "kinetics": pl.concat([tables.kinetics(own) for own in runs]),
        "toxicity": pl.concat([tables.toxicity(own) for own in runs]),
        "flow": flow(runs, cohort),
        "failures": tables.failures(runs),
    }


def _given(assumed: pl.DataFrame, targets: pl.DataFrame | None, more: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Tables the run had already."""
    return {"assumed": assumed, **({} if targets is None else {"targets": targets}), **more}


def _arms(
    runs: Sequence[ArmRun], scenario: Scenario, sizes: Mapping[str, int], draws: Mapping[str, Mapping[str, list[float | None]]]
) -> dict[str, Any]:
    """Failed members and estimates of every arm."""
    estimates = {own.key: arm_summary(own, scenario.endpoints, sizes.get(own.key)) for own in runs}
    spread = {key: with_model(document, draws[key]) if key in draws else document for key, document in estimates.items()}
    return {"failed": {own.key: int(failed(own).sum()) for own in runs}, "arms": spread}


def _compared_keys(scenario: Scenario) -> list[str]:
    return [key for key in names.keys(scenario.endpoints) if key.endswith("_itt")]


def _facts(scenario: Scenario, seed: int, pairing: str, sizes: Mapping[str, int], run: Mapping[str, Any]) -> dict[str, Any]:
    facts = {
        "seed": seed,
        "pairing": pairing,
        "design_sizes": dict(sizes),
        "versions": versions(),
        "scenario_text": scenario_text(scenario),
        "run": dict(run),
    }
    return archive.plain(facts)


def versions() -> dict[str, str]:
    """Versions of what computed a result."""
    found = {"remission": VERSION, "python": platform.python_version()}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


def scenario_text(scenario: Scenario) -> str | None:
    """The text of the scenario's file; None for one made in Python, or whose file is gone."""
    try:
        return None if scenario.path is None else scenario.path.read_text(encoding="utf-8")
    except OSError:
        return None


def _plots() -> Any:
    """The figures, which lie above the results and are loaded when asked for."""
    if find_spec("remission.plots") is None:
        raise InputError("this installation has no figures", "plot", remedy="install the whole package, or draw from `.tables`")
    return import_module("remission.plots")
