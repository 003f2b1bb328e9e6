"""Patients of a whole system in the engine: drawn, dosed, and looked at from day to day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from remission import diseases
from remission.engine.batch import Batch, Dose, pack_doses
from remission.engine.compile import compile_system
from remission.engine.ensemble import Options, advance, observe, start
from remission.model.derivatives import Derivatives, all_nodes
from remission.model.expression import is_zero
from remission.model.system import Agent, System
from remission.population import pack
from tests.battery.found import sites, whole

USUAL = {"cell": 1e8, "mg": 50.0, "1": 1.0}
NOBODY = -1


@dataclass(frozen=True)
class Path:
    """States day by day [days, members, states], the phases of clones [days, members, lesions x clones], and the last batch."""

    days: np.ndarray
    states: np.ndarray
    phases: np.ndarray
    batch: Batch
    outputs: np.ndarray


@cache
def system_of(disease: str) -> System:
    return whole(disease)


def drawn(disease: str, seed: int, members: int, **fixed) -> dict[str, np.ndarray]:
    """Numbers of some patients; `fixed` are keys with `__` for `.` and `___` for `:`."""
    system = system_of(disease)
    given = {key.replace("___", ":").replace("__", "."): value for key, value in fixed.items()}
    known = {key: value for key, value in given.items() if key in system.parameters.rows}
    return system.parameters.draw(seed, np.arange(members), len(sites(diseases.get(disease))), system.n_clones, fixed=known)


def begun(disease: str, values: dict, rows, options: Options, immortal: bool = False, day: float = 0.0) -> Batch:
    """These patients at their first day with their dose rows [member][row]; the immortal never reach a hazard that ends the run."""
    system, where = system_of(disease), sites(diseases.get(disease))
    compiled = compile_system(system)
    packed = pack(system, values, where, len(where))
    batch = start(compiled, np.arange(len(packed)), packed, len(where), pack_doses(rows), day=day, options=options)
    if immortal:
        stops = np.array([hazard.stop for hazard in compiled.hazards], bool)
        numbers = np.array([k for k, hazard in enumerate(compiled.hazards) if hazard.scope == "patient"])
        threshold = batch.events.threshold.copy()
        threshold[:, np.flatnonzero(stops[numbers])] = np.inf
        batch = replace(batch, events=batch.events._replace(threshold=threshold))
    return batch


def followed(disease: str, batch: Batch, days, options: Options) -> Path:
    """States, phases and outputs on some days, after the doses before and not of that day."""
    compiled = compile_system(system_of(disease))
    states, phases, outputs = [], [], []
    for day in days:
        batch = advance(compiled, batch, float(day), options=options)
        states.append(batch.y.copy())
        phases.append(batch.clones.phase.copy())
        outputs.append(observe(compiled, batch))
    return Path(np.asarray(days, float), np.array(states), np.array(phases), batch, np.array(outputs))


def slots(disease: str, name: str) -> list[int]:
    """Places of a state in y, over lesions and clones."""
    system = system_of(disease)
    per = next(state.per for state in system.states if state.name == name)
    lesions, clones = len(sites(diseases.get(disease))), system.n_clones
    across = {"patient": (1, 1), "lesion": (lesions, 1), "clone": (lesions, clones)}[per]
    return [system.state_slot(name, lesion, clone) for lesion in range(across[0]) for clone in range(across[1])]


def tolerances(disease: str) -> np.ndarray:
    """Absolute tolerance of every place in y."""
    compiled = compile_system(system_of(disease))
    return np.concatenate(
        [compiled.atol[: compiled.n_patient], np.tile(compiled.atol[compiled.n_patient :], len(sites(diseases.get(disease))))]
    )


def agent(disease: str, name: str) -> Agent:
    return next(agent for agent in system_of(disease).agents if agent.name == name)


def row(disease: str, name: str, day: float, amount: float, duration: float = 0.0) -> Dose:
    """A dose as a row of the engine."""
    system = system_of(disease)
    return Dose(day, system.agent_index(name), amount, duration, input=agent(disease, name).input if duration else -1)


def nothing(day: float) -> Dose:
    """A stop at which nobody gives anything."""
    return Dose(day, NOBODY, 0.0)


def is_linear(disease: str, given: Agent) -> bool:
    """Whether every state that a dose moves moves in proportion to it."""
    derivatives = Derivatives(system_of(disease).graph)
    amount = system_of(disease).graph.symbol("amount", "amount", "patient")
    return all(
        amount not in all_nodes(derivatives.by(jump, amount)) and "where" not in {n.op for n in all_nodes(jump)} for _, jump in given.jumps
    )


def is_first_order(disease: str, given: Agent) -> bool:
    """Whether what was infused leaves in proportion to its amount, at a rate that no state changes."""
    system = system_of(disease)
    state = next(state for state in system.states if state.name == system.inputs[given.input])
    slope = Derivatives(system.graph).by(state.rate, system.graph.symbol("state", state.name, state.per))
    return not is_zero(slope) and all(node.op != "state" for node in all_nodes(slope))


def random_rows(disease: str, seed: int, members: int, doses: int, until: float, without=()) -> list[list[Dose]]:
    """Doses of all agents on random days, up to three times the usual amount, half of them as infusions where that can be."""
    rng = np.random.default_rng(seed)
    agents = [given for given in system_of(disease).agents if given.name not in without]
    made = []
    for _ in range(members):
        own = []
        for k in rng.integers(0, len(agents), doses):
            day, amount = rng.uniform(0, until), USUAL[agents[k].unit] * 3 ** rng.uniform(-3, 1)
            duration = rng.choice([0.02, 0.5, 7.0]) if agents[k].input >= 0 and rng.random() < 0.5 else 0.0
            own.append(row(disease, agents[k].name, float(day), float(amount), float(duration)))
        made.append(own)
    return made
