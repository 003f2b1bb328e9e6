"""Small systems in whole cells, for runs of single cells and of the engine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from remission.engine.batch import Batch, pack_doses
from remission.engine.compile import compile_system
from remission.engine.ensemble import Options, advance, start
from remission.engine.reactions import Reactions, reactions_of
from remission.model.functions import hill, log
from remission.model.system import System
from remission.population import pack
from tests.model.parts import Part, system


@dataclass(frozen=True)
class Case:
    """A system with the numbers of one patient."""

    system: System
    changes: dict[str, float]

    @property
    def values(self) -> dict[str, np.ndarray]:
        return self.system.parameters.with_values(self.changes).typical(len(self.system.sites), self.system.n_clones)

    @property
    def reactions(self) -> Reactions:
        return reactions_of(self.system, self.values)

    def engine(self, members: int, until: float, options: Options) -> Batch:
        """Members of the engine with these numbers, each with its own luck."""
        packed = np.repeat(pack(self.system, self.values, self.system.sites, 1), members, axis=0)
        compiled = compile_system(self.system)
        batch = start(compiled, np.arange(members), packed, 1, pack_doses([[]] * members), options=options)
        return advance(compiled, batch, until, options=options)


@cache
def _drugged_clone() -> System:
    def says(m):
        p = m.parameters
        drug = m.state("drug", initial=1.0)
        cells = m.state("cells", per="clone", unit="cell", initial=p.start)
        birth = p.growth / (1 - p.turnover)
        m.change(drug, -p.decay * drug)
        m.flow(None, cells, birth * cells)
        m.flow(cells, None, (p.turnover * birth + p.kill * drug) * cells)

    numbers = {"start": "100 cell", "growth": "0.085 1/day", "turnover": "0 1", "kill": "0.6 1/day", "decay": f"{1 / 12} 1/day"}
    return system(Part("clone", says), **{f"clone__{name}": text for name, text in numbers.items()})


def drugged_clone(**changes: float) -> Case:
    """Cells that grow under a drug whose effect decays: the oracle of the small-number rule at its default numbers."""
    return Case(_drugged_clone(), {f"clone.{name}": value for name, value in changes.items()})


@cache
def _lymphoma() -> System:
    def says(m):
        p = m.parameters
        normal = m.state("normal", unit="cell", initial=p.normal_start)
        car_t = m.state("car_t", unit="cell", initial=p.car_t_start)
        cells = m.state("cells", per="clone", unit="cell", initial=p.tumor_start)
        together = normal + car_t
        empty = (together - p.normal_ceiling) ** 2
        growth = p.growth + p.boost * empty / (p.shape * together**2 + empty)
        m.change(normal, -p.normal_growth * normal * log(together / p.normal_ceiling))
        m.change(car_t, -growth * car_t * log(together / p.car_t_ceiling))
        m.flow(None, cells, p.tumor_growth * cells)
        m.flow(cells, None, p.kill * hill(car_t, p.half_kill) * cells)

    blood = {"normal_start": 6.0, "car_t_start": 0.36, "normal_ceiling": 500.0, "car_t_ceiling": 139.0, "half_kill": 4.05}
    numbers = {name: f"{count * CELLS_PER_MICROLITER} cell" for name, count in blood.items()}
    numbers |= {"normal_growth": "0.17 1/day", "growth": "0.0251 1/day", "boost": "0.525 1/day", "shape": "0.423 1"}
    numbers |= {"tumor_start": "94.86e9 cell", "tumor_growth": "0.1 1/day", "kill": "1.15 1/day"}
    return system(Part("lymphoma", says), **{f"lymphoma__{name}": text for name, text in numbers.items()})


CELLS_PER_MICROLITER = 5e8


def lymphoma(**changes: float) -> Case:
    """Kimmel, Locke, Altrock 2021 (doi:10.1098/rspb.2021.0229), every state in cells of the whole body; growth 0.1 per day."""
    return Case(_lymphoma(), {f"lymphoma.{name}": value for name, value in changes.items()})


@cache
def exchange(forth: float, back: float, cells: float) -> Case:
    """Cells that go between two places at constant rates per cell; nobody is born or dies."""

    def says(m):
        p = m.parameters
        here = m.state("here", unit="cell", initial=p.start)
        there = m.state("there", unit="cell")
        m.flow(here, there, p.forth * here)
        m.flow(there, here, p.back * there)

    numbers = {"exchange__start": f"{cells} cell", "exchange__forth": f"{forth} 1/day", "exchange__back": f"{back} 1/day"}
    return Case(system(Part("exchange", says), **numbers), {})


@cache
def crowded(room: float, cells: float) -> Case:
    """Logistic growth: births at 1 per cell and day, deaths that rise with the number of cells to meet them at `room`."""

    def says(m):
        p = m.parameters
        cells = m.state("cells", per="clone", unit="cell", initial=p.start)
        m.flow(None, cells, p.birth * cells)
        m.flow(cells, None, p.birth * cells / p.room * cells)

    return Case(system(Part("crowd", says), crowd__start=f"{cells} cell", crowd__birth="1 1/day", crowd__room=f"{room} cell"), {})
