"""Members of the eight structures with random coefficients, doses and infusions, for the engine and for the tight solver alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from remission.engine.batch import Batch, Dose, pack_doses
from remission.engine.compile import compile_system
from remission.engine.compiled import Compiled
from remission.engine.ensemble import Options, start
from remission.population import pack
from tests.engine.structures import STRUCTURES, Structure
from tests.engine.tight import TightSolver

EACH = 25
DURATIONS = (0.05, 1.0, 9.0)


@dataclass(frozen=True)
class Drawn:
    """Some members of one structure: coefficients, number of lesions, dose rows, and the days on which outputs are kept."""

    structure: Structure
    values: dict[str, np.ndarray]
    lesions: np.ndarray
    rows: list[list[Dose]]
    save: np.ndarray

    @property
    def sites(self) -> tuple[str, ...]:
        """Site of every lesion there is room for."""
        own = self.structure.system.sites
        return tuple(own[l % len(own)] for l in range(max(self.structure.lesions, 1)))

    @property
    def size(self) -> int:
        return len(self.rows)

    @property
    def compiled(self) -> Compiled:
        return compile_system(self.structure.system)

    def batch(self, options: Options, which: np.ndarray | None = None) -> Batch:
        """These members, or some of them in this order, at day 0."""
        which = np.arange(self.size) if which is None else np.asarray(which)
        packed = pack(self.structure.system, self.values, self.sites, self.structure.lesions)[which]
        doses = pack_doses([self.rows[m] for m in which])
        return start(self.compiled, which, packed, self.lesions[which], doses, options=options)

    def tolerance(self, values: np.ndarray, rtol: float) -> np.ndarray:
        """What one step may err in each state of `values` [M, N]."""
        own, n = self.compiled, self.compiled.n_patient
        floor = np.concatenate([own.atol[:n], *[own.atol[n:]] * self.structure.lesions])
        return floor + rtol * np.abs(values)


def random_rows(structure: Structure, rng: np.random.Generator) -> list[Dose]:
    """Three to seven doses on random days, one on day 0 and two on one day, some of them infusions that may overlap."""
    system, made = structure.system, []
    days = rng.uniform(0.0, structure.days, rng.integers(3, 8))
    days[0], days[1] = 0.0, days[2]
    for day in days:
        name, about = structure.agents[rng.integers(len(structure.agents))]
        agent = system.agents[system.agent_index(name)]
        infused = agent.input >= 0 and rng.random() < 0.4
        duration = float(rng.choice(DURATIONS)) if infused else 0.0
        amount = float(about * rng.uniform(0.3, 3.0))
        made.append(Dose(float(day), system.agent_index(name), amount, duration, -1, agent.input if infused else -1))
    return made


@cache
def drawn(name: str, members: int = EACH, seed: int = 7) -> Drawn:
    """Members of a structure; outputs are kept on day 0, on the last day, on twelve random days and on a dosing day."""
    structure, rng = STRUCTURES[name], np.random.default_rng((seed, *name.encode()))
    values = structure.draw(rng, members)
    lesions = rng.integers(1, structure.lesions + 1, members) if structure.lesions else np.zeros(members, np.int64)
    rows = [random_rows(structure, rng) for _ in range(members)]
    days = [0.0, structure.days, rows[0][1].day, *rng.uniform(0.0, structure.days, 12)]
    return Drawn(structure, values, lesions, rows, np.sort(days))


@cache
def tightly(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Outputs [M, T, O] and states on the last day [M, N] by the tight solver; nothing of lesions that are not there."""
    one = drawn(name)
    structure, solver = one.structure, TightSolver(one.structure.system, one.structure.lesions)
    runs = [
        solver.run(
            solver.numbers(one.values, m, one.sites[: structure.lesions]), one.rows[m], structure.days, one.save, int(one.lesions[m])
        )
        for m in range(one.size)
    ]
    return np.array([seen for seen, _ in runs]), np.array([x[: solver.n_states] for _, x in runs])
