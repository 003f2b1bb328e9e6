"""What a reader must know beside the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from remission.arm_run import ArmRun
from remission.results.archive import SCHEMA
from remission.results.members import failed
from remission.results.names import unread
from remission.scenario import Scenario
from remission.version import VERSION

INTENDED_USE = (
    "Research use only. Simulated ranges under stated assumptions, not a forecast for a person: not for diagnosis, for choosing a "
    "treatment, or for any other decision about the care of a patient."
)
PAIRINGS = {
    "counterfactual": "Counterfactual pairing: the same simulated patients, with the same luck, enter every arm; contrasts are paired and "
    "carry no p-values.",
    "randomized": "Randomized pairing: every arm has patients of its own; contrasts are those of a trial.",
}
READING = "Shares are among the treated and `_itt` among the enrolled; `mrd_negative` is among responders whose residual disease was read."


def notes_of(
    scenario: Scenario,
    runs: Sequence[ArmRun],
    given: Sequence[str],
    cohort: Mapping[str, float],
    assumed: pl.DataFrame,
    pairing: str,
    seed: int,
    run: Mapping[str, Any],
) -> list[str]:
    """The notes of a result: those `given`, and what follows from the run itself."""
    notes = [*given, *(f"{own.title}: {own.note}" for own in runs if own.note), PAIRINGS.get(pairing, f"Pairing: {pairing}."), READING]
    lost = {own.key: int(failed(own).sum()) for own in runs}
    notes += [f"Failed members of {key}: {n}, left out of its estimates." for key, n in lost.items() if n]
    if missing := unread(scenario.endpoints):
        notes.append(f"Not read under the criteria of leukemia: {', '.join(missing)}.")
    if assumed.height:
        notes.append(f"{assumed.height} parameters in play are assumed; they are listed in the table `assumed`.")
    if cohort:
        notes.append(f"Population: {_listed(cohort)}.")
    if scenario.intercurrent:
        notes.append(f"Intercurrent events: {_listed(scenario.intercurrent)}.")
    if scenario.protocol.rules:
        notes.append(f"Rules of the protocol: {', '.join(rule.name.replace('_', ' ') for rule in scenario.protocol.rules)}.")
    made = {"seed": seed, "version": VERSION, "schema": SCHEMA} | {key: run[key] for key in ("tolerances", "stepper") if key in run}
    return [*notes, f"Run: {_listed(made)}."]


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{str(key).replace('_', ' ')} {_said(value)}" for key, value in values.items())


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"({_listed(value)})"
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("_", " ")
