"""A virtual trial in Python: a population, arms, and how they are watched. The same words as in a scenario file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from remission import diseases
from remission.engine.devices import chosen_device
from remission.errors import InputError, Problems, nearest
from remission.model.dose_rows import ANCHORS
from remission.model.regimen import Regimen
from remission.model.system import System
from remission.protocol_rules import Rule
from remission.results import TrialResult
from remission.scenario import ENDPOINTS, PAIRINGS, ArmSpec, PopulationSpec, ProtocolSpec, Scenario, check_agents
from remission.trial import prepare, run_study
from remission.visits import read_visits


@dataclass(frozen=True)
class Population:
    """Who enters: `size` patients of the system's disease, made refractory by its history, with covariates inside `where`.

    `where` is {"age": (18, 70)}; `seed` fixes who they are and their luck.
    """

    system: System
    size: int = 1_000
    where: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    seed: int = 1
    history: str = "relapsed_or_refractory"


@dataclass(frozen=True)
class Arm:
    """One arm: a name, the regimen, and a note where the arm needs one."""

    name: str
    regimen: Regimen
    note: str | None = None


@dataclass(frozen=True)
class Trial:
    """The design: arms, population, assessments (as in `"day 28, month 3, then every 3 months to 5 years"`) and endpoints.

    `rules` are supportive care by reading; `pairing` is `counterfactual` (the same patients in every arm) or `randomized`; `anchor`
    the day from which visits count. `dropout` is a hazard per day.
    """

    arms: Sequence[Arm]
    population: Population
    visits: str
    endpoints: Sequence[str] = ("ORR", "CR", "OS")
    safety: str | None = None
    rules: Sequence[Rule] = ()
    anchor: str = "infusion"
    pairing: str = "counterfactual"
    dropout: float = 0.0
    title: str = "virtual trial"

    def scenario(self) -> Scenario:
        """The same design as a scenario; `InputError` names what does not fit."""
        unknown = [name for name in self.endpoints if name not in ENDPOINTS]
        if unknown:
            remedy = f"known: {', '.join(ENDPOINTS)}"
            raise InputError(f"unknown endpoint `{unknown[0]}`{nearest(str(unknown[0]), ENDPOINTS)}", "endpoints", remedy=remedy)
        self._check()
        disease = diseases.get(self.population.system.name)
        people = PopulationSpec(self.population.size, dict(self.population.where), self.population.history)
        protocol = ProtocolSpec(
            visits=read_visits(self.visits),
            safety=read_visits(self.safety) if self.safety else (),
            rules=tuple(self.rules),
            anchor=self.anchor,
            dropout=self.dropout,
            criteria=disease.criteria,
        )
        arms = tuple(ArmSpec(_key(arm.name), arm.name, arm.regimen, arm.note) for arm in self.arms)
        return Scenario(
            name=_key(self.title), title=self.title, disease=disease.name, arms=arms, protocol=protocol, population=people,
            endpoints=tuple(self.endpoints), seed=self.population.seed, pairing=self.pairing,
        )  # fmt: skip

    def _check(self) -> None:
        """Every problem of the design at once."""
        problems = Problems()
        for field_name, value, known in (("pairing", self.pairing, PAIRINGS), ("anchor", self.anchor, ANCHORS)):
            if value not in known:
                problems.add(f"unknown {field_name}{nearest(str(value), known)}", field_name, value, f"use {', '.join(known)}")
        if not (isinstance(self.population.size, int) and self.population.size >= 1):
            problems.add("this is no number of patients", "population.size", self.population.size, "write a number such as 2000")
        if not (isinstance(self.dropout, int | float) and 0 <= self.dropout < inf):
            problems.add("dropout is a hazard per day, 0 or more", "dropout", self.dropout, "write such as 0.01 / 365.25")
        if not self.arms:
            problems.add("a trial needs at least one arm", "arms", remedy="give `arms=[Arm(name, regimen)]`")
        keys = [_key(arm.name) for arm in self.arms]
        for arm, key in zip(self.arms, keys, strict=True):
            if not key or keys.count(key) > 1:
                problems.add("two arms have one name" if key else "an arm has no name", "arms", arm.name, "give each a name of its own")
            check_agents(arm.regimen, f"arm `{arm.name}`", problems)
        problems.raise_if_any()


def _key(name: str) -> str:
    return "_".join("".join(ch if ch.isalnum() else " " for ch in name.lower()).split())


def run_trial(
    trial: Trial,
    *,
    seed: int | None = None,
    device: str = "auto",
    workers: int | None = None,
    out: Path | None = None,
    overrides: Mapping[str, float | str] | None = None,
    progress: Callable[[str, float, float], None] | None = None,
) -> TrialResult:
    """Run a virtual trial and read it as a clinic would. `seed` defaults to the population's; `overrides` change parameters by key."""
    device = chosen_device(device)
    study = prepare(trial.scenario(), overrides, numbers=trial.population.system.parameters)
    return run_study(study, None, seed, out=out, workers=workers, device=device, progress=progress, changed=overrides)
