"""A virtual trial in Python: a population, arms, and how they are watched. The same words as in a scenario file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from remission import diseases
from remission.errors import InputError
from remission.model.regimen import Regimen
from remission.model.system import System
from remission.protocol_rules import Rule
from remission.results import TrialResult
from remission.scenario import ENDPOINTS, ArmSpec, PopulationSpec, ProtocolSpec, Scenario
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
            raise InputError(f"unknown endpoint `{unknown[0]}`", remedy=f"known: {', '.join(ENDPOINTS)}")
        if not self.arms:
            raise InputError("a trial needs at least one arm", remedy="give `arms=[Arm(name, regimen)]`")
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
    if device not in ("auto", "cpu"):
        raise InputError(f"this version computes on the CPU, not on `{device}`", remedy="use `auto` or `cpu`")
    return run_study(prepare(trial.scenario(), overrides), None, seed, out=out, workers=workers, progress=progress)
