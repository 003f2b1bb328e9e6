"""Eight systems whose coefficients are parameters, written with the model builder, and random coefficients for each, stiff and not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from remission.model.disease import Clones
from remission.model.functions import exp, hill, log, maximum
from remission.model.system import System
from tests.model.parts import Part, system

CLONES = Clones.of(antigen=["positive", "negative"], drug=["sensitive", "resistant"])
SITES = ("marrow", "brain")


@dataclass(frozen=True)
class Structure:
    """How a system is written and how its coefficients are drawn.

    ranges: {parameter: (lowest, highest)}, drawn evenly on the log scale.
    lesions: most that a patient may have. agents: (name, amount about) of what may be dosed, infused where the agent allows it.
    """

    write: Callable[[], System]
    ranges: dict[str, tuple[float, float]]
    agents: tuple[tuple[str, float], ...]
    days: float = 60.0
    lesions: int = 0

    @property
    def system(self) -> System:
        return _written(self.write)

    def draw(self, rng: np.random.Generator, members: int) -> dict[str, np.ndarray]:
        """Coefficients of some members: [M], [M, lesions] or [M, lesions, clones] by the scope of the row."""
        made = {}
        for key, per, _ in self.system.parameter_names:
            shape = {"patient": (), "lesion": (self.lesions,), "clone": (self.lesions, self.system.n_clones)}[per]
            low, high = np.log(self.ranges[key])
            made[key] = np.exp(rng.uniform(low, high, (members, *shape)))
        return made


@cache
def _written(write) -> System:
    return write()


def one_part(says, ranges: dict[str, str], doses=None, unit: str = "mg", clones=None, sites=("marrow",)) -> System:
    """A system of one module `a` whose rows have the units given."""
    keys = {key.replace(".", "__"): f"1 {unit_}" for key, unit_ in ranges.items()}
    return system(Part("a", says, doses, unit), clones=clones, sites=sites, **keys)


# ---- chain --------------------------------------------------------------------------------------------------------------------
def chain() -> System:
    """Eight compartments in a row, every other step reversible, with a saturable exit."""

    def says(m):
        p = m.parameters
        x = [m.state(f"x{i}", unit="mg", dosed=i == 0) for i in range(8)]
        for i in range(7):
            m.flow(x[i], x[i + 1], getattr(p, f"k{i}") * x[i])
            if i % 2:
                m.flow(x[i + 1], x[i], getattr(p, f"b{i}") * x[i + 1])
        m.flow(x[7], None, p.most * x[7] / (p.half + x[7]))
        for i in range(8):
            m.output(f"seen{i}", x[i], "mg")
        m.output("area", m.integral("whole", x[7]), "mg*day")

    units = {f"a.k{i}": "1/day" for i in range(7)} | {f"a.b{i}": "1/day" for i in (1, 3, 5)}
    return one_part(says, units | {"a.most": "mg/day", "a.half": "mg"})


CHAIN = Structure(
    chain,
    {f"a.k{i}": (1e-2, 1e4) for i in range(7)} | {f"a.b{i}": (1e-2, 1e4) for i in (1, 3, 5)} | {"a.most": (1.0, 1e3), "a.half": (1.0, 1e2)},
    (("a", 500.0),),
)


# ---- ring ---------------------------------------------------------------------------------------------------------------------
def ring() -> System:
    """Six species that turn into each other around a circle; two of them also meet and give a third."""

    def says(m):
        p, start = m.parameters, m.quantity(100.0, "mg")
        x = [m.state(f"x{i}", unit="mg", dosed=i == 3, initial=start * (i + 1)) for i in range(6)]
        for i in range(6):
            m.flow(x[i], x[(i + 1) % 6], getattr(p, f"k{i}") * x[i])
        meet = p.meet * x[0] * x[2] / start
        m.flow(x[0], x[4], meet)
        m.flow(x[2], x[4], meet)
        for i in range(6):
            m.output(f"seen{i}", x[i], "mg")

    return one_part(says, {f"a.k{i}": "1/day" for i in range(6)} | {"a.meet": "1/day"})


RING = Structure(ring, {f"a.k{i}": (1e-3, 1e3) for i in range(6)} | {"a.meet": (1e-3, 1e2)}, (("a", 300.0),))


# ---- arrow --------------------------------------------------------------------------------------------------------------------
def lesions() -> System:
    """One to six lesions that feed T cells and a factor of the patient, which act back on every lesion; a local dose shrinks lesions."""

    def says(m):
        p = m.parameters
        drug = m.state("drug", unit="mg", dosed=True)
        cells = m.state("t_cells", unit="mg", initial=m.quantity(100.0, "mg"))
        size = m.state("mass", per="lesion", unit="mg", initial=p.start)
        vessels = m.state("vessels", per="lesion", unit="mg", initial=0.3 * p.start)
        hurt = p.kill * cells / (p.crowd + cells) + (1 + m.site("brain")) * p.reach * drug / m.quantity(100.0, "mg")
        m.flow(drug, None, p.out * drug)
        m.flow(None, size, p.growth * size * log(1 + vessels / (p.floor + size)))
        m.flow(size, None, hurt * size)
        m.change(vessels, p.sprout * (size - vessels))
        m.flow(None, cells, p.recruit * m.total(size, "lesion") / (1 + m.total(size, "lesion") / m.quantity(1e4, "mg")))
        m.flow(cells, None, p.death * cells)
        m.output("drug_seen", drug, "mg")
        m.output("t_cells_seen", cells, "mg")
        m.output("mass_seen", size, "mg")
        m.output("vessels_seen", vessels, "mg")
        m.output("burden", m.total(size, "lesion"), "mg")

    def doses(m, dose):
        drug, size = m.read("drug"), m.read("mass", per="lesion")
        return {drug: drug + dose, size: size}

    def radiation(m, dose):
        size = m.read("a.mass", per="lesion")
        return {size: size * exp(-dose / m.quantity(100.0, "mg") / (1 + m.site("brain")))}

    patient = {
        "a.kill": "1/day",
        "a.out": "1/day",
        "a.recruit": "1/day",
        "a.death": "1/day",
        "a.reach": "1/day",
        "a.crowd": "mg",
        "a.floor": "mg",
    }
    lesion = {"a.start": "mg per lesion", "a.growth": "1/day per lesion", "a.sprout": "1/day per lesion"}
    keys = {key.replace(".", "__"): f"1 {unit}" for key, unit in (patient | lesion).items()}
    return system(Part("a", says, doses, "mg"), Part("b", lambda m: None, radiation, "mg"), sites=SITES, **keys)


ARROW = Structure(
    lesions,
    {
        "a.kill": (0.01, 1.0), "a.out": (0.1, 10.0), "a.recruit": (1e-3, 0.1), "a.death": (0.05, 1.0), "a.reach": (0.01, 1.0),
        "a.crowd": (10.0, 1e3), "a.floor": (1.0, 10.0), "a.start": (100.0, 1e4), "a.growth": (0.01, 0.5), "a.sprout": (0.01, 100.0),
    },
    (("a", 200.0), ("b", 100.0)),
    lesions=6,
)  # fmt: skip


# ---- Hill-coupled network -----------------------------------------------------------------------------------------------------
def network() -> System:
    """Six genes in a circle, each driven or held down by the one before, and one that follows the larger of two."""

    def says(m):
        p = m.parameters
        x = [m.state(f"x{i}", unit="mg", dosed=i == 0, initial=m.quantity(50.0 + 20.0 * i, "mg")) for i in range(6)]
        for i in range(6):
            before, half, steep = x[i - 1], getattr(p, f"half{i}"), getattr(p, f"steep{i}")
            drive = hill(before, half, steep) if i % 3 else 1 - hill(before, half, steep)
            m.flow(None, x[i], getattr(p, f"make{i}") * (0.05 + drive))
            m.flow(x[i], None, getattr(p, f"lose{i}") * x[i])
        largest = m.state("largest", unit="mg")
        m.change(largest, p.follow * (maximum(x[1], x[4]) - largest))
        for i in range(6):
            m.output(f"seen{i}", x[i], "mg")
        m.output("largest_seen", largest, "mg")

    units = {f"a.make{i}": "mg/day" for i in range(6)} | {f"a.half{i}": "mg" for i in range(6)}
    units |= {f"a.lose{i}": "1/day" for i in range(6)} | {f"a.steep{i}": "1" for i in range(6)} | {"a.follow": "1/day"}
    return one_part(says, units)


NETWORK = Structure(
    network,
    {f"a.make{i}": (10.0, 300.0) for i in range(6)}
    | {f"a.half{i}": (20.0, 300.0) for i in range(6)}
    | {f"a.lose{i}": (0.1, 2.0) for i in range(6)}
    | {f"a.steep{i}": (1.0, 6.0) for i in range(6)}
    | {"a.follow": (0.1, 10.0)},
    (("a", 200.0),),
)


# ---- Gompertz with clones -----------------------------------------------------------------------------------------------------
def gompertz() -> System:
    """Four clones per lesion that share one capacity and turn into each other, under a drug that two of them resist."""

    def says(m):
        p = m.parameters
        drug = m.state("drug", unit="mg", dosed=True)
        cells = m.state("cells", per="clone", unit="cell", initial=p.start)
        room = log(p.capacity / m.total(cells, "clone"))
        m.flow(drug, None, p.out * drug)
        m.flow(None, cells, p.growth * m.port("growth") * room * cells)
        m.flow(cells, None, p.turnover * cells)
        m.flow(cells, None, m.port("kill") * cells)
        m.add("kill", p.kill * (1 - 0.9 * m.trait("drug", "resistant")) * hill(drug, p.half, 2))
        m.convert(cells, {("drug", "sensitive", "resistant"): p.mutation, ("antigen", "positive", "negative"): p.loss})
        m.output("drug_seen", drug, "mg")
        m.output("cells_seen", cells, "cell")
        m.output("burden", m.total(cells, "lesion"), "cell")

    units = {"a.out": "1/day", "a.half": "mg", "a.growth": "1/day per lesion", "a.turnover": "1/day", "a.capacity": "cell per lesion"}
    units |= {"a.kill": "1/day", "a.mutation": "1/day", "a.loss": "1/day", "a.start": "cell per clone"}
    return one_part(says, units, clones=CLONES, sites=SITES)


GOMPERTZ = Structure(
    gompertz,
    {
        "a.out": (0.1, 20.0), "a.half": (10.0, 100.0), "a.growth": (0.01, 0.1), "a.turnover": (0.01, 0.1), "a.capacity": (1e11, 1e12),
        "a.kill": (0.01, 0.6), "a.mutation": (1e-6, 1e-2), "a.loss": (1e-6, 1e-2), "a.start": (1e7, 1e10),
    },
    (("a", 200.0),),
    lesions=3,
)  # fmt: skip


# ---- binding ------------------------------------------------------------------------------------------------------------------
def binding() -> System:
    """A drug that binds its receptor fast, the complex taken up, and tissue beside the blood: target-mediated disposition."""

    def says(m):
        p = m.parameters
        free = m.state("free", unit="mg", dosed=True)
        tissue = m.state("tissue", unit="mg")
        receptor = m.state("receptor", unit="mg", initial=p.made / p.lost)
        bound = m.state("bound", unit="mg")
        m.flow(free, tissue, p.over * free)
        m.flow(tissue, free, p.back * tissue)
        m.flow(free, None, p.out * free)
        m.flow(None, receptor, p.made)
        m.flow(receptor, None, p.lost * receptor)
        on = p.on * free * receptor / m.quantity(1.0, "mg")
        for x in (free, receptor):
            m.change(x, -on + p.off * bound)
        m.change(bound, on - p.off * bound)
        m.flow(bound, None, p.taken * bound)
        for name, x in (("free", free), ("tissue", tissue), ("receptor", receptor), ("bound", bound)):
            m.output(f"{name}_seen", x, "mg")

    units = dict.fromkeys(("a.over", "a.back", "a.out", "a.lost", "a.on", "a.off", "a.taken"), "1/day")
    return one_part(says, units | {"a.made": "mg/day"})


BINDING = Structure(
    binding,
    {
        "a.over": (0.05, 5.0), "a.back": (0.05, 5.0), "a.out": (0.01, 1.0), "a.lost": (0.05, 5.0), "a.on": (0.1, 1e4),
        "a.off": (0.01, 1e3), "a.taken": (0.05, 5.0), "a.made": (1.0, 50.0),
    },
    (("a", 300.0),),
)  # fmt: skip


# ---- predator and prey --------------------------------------------------------------------------------------------------------
def predator() -> System:
    """Engineered cells that expand on tumor, kill it, turn into memory and tire, with a cytokine that follows fast."""

    def says(m):
        p = m.parameters
        tumor = m.state("tumor", unit="cell", initial=p.start)
        effector = m.state("effector", unit="cell", dosed=True)
        memory = m.state("memory", unit="cell")
        cytokine = m.state("cytokine", unit="mg")
        met = tumor / (p.half + tumor)
        m.flow(None, tumor, p.growth * tumor * (1 - tumor / p.capacity))
        m.flow(tumor, None, p.kill * tumor * effector / (p.half + effector))
        m.flow(None, effector, p.expand * met * effector)
        m.flow(effector, memory, p.rest * (1 - met) * effector)
        m.flow(memory, effector, p.wake * met * memory)
        m.flow(effector, None, p.death * effector)
        m.flow(memory, None, 0.01 * p.death * memory)
        m.change(cytokine, p.fast * (m.quantity(100.0, "mg") * met * effector / (p.half + effector) - cytokine))
        m.output("tumor_seen", tumor, "cell")
        m.output("effector_seen", effector, "cell")
        m.output("memory_seen", memory, "cell")
        m.output("cytokine_seen", cytokine, "mg")
        m.output("load", m.integral("tumor_days", tumor), "cell*day")

    units = dict.fromkeys(("a.growth", "a.kill", "a.expand", "a.rest", "a.wake", "a.death", "a.fast"), "1/day")
    return one_part(says, units | dict.fromkeys(("a.start", "a.half", "a.capacity"), "cell"), unit="cell")


PREDATOR = Structure(
    predator,
    {
        "a.growth": (0.02, 0.2), "a.kill": (0.2, 1.0), "a.expand": (0.3, 1.2), "a.rest": (0.05, 0.5), "a.wake": (0.01, 0.1),
        "a.death": (0.1, 0.5), "a.fast": (1.0, 1e3), "a.start": (1e9, 1e11), "a.half": (1e9, 1e10), "a.capacity": (1e11, 1e12),
    },
    (("a", 1e8),),
)  # fmt: skip


# ---- transit compartments with feedback ---------------------------------------------------------------------------------------
def transit() -> System:
    """Blood cells that ripen through three stages, hurt by a drug at the first and called for by their own lack."""

    def says(m):
        p = m.parameters
        drug = m.state("drug", unit="mg", dosed=True)
        young = m.state("young", unit="mg", initial=p.usual)
        stages = m.chain("stage", 3, p.rate, unit="mg", initial=p.usual)
        grown = m.state("grown", unit="mg", initial=p.usual)
        m.flow(drug, None, p.most * drug / (p.half + drug))
        m.flow(None, young, p.rate * young * (1 - 0.8 * hill(drug, p.hurt, 1)) * (p.usual / grown) ** p.call)
        m.flow(young, stages[0], p.rate * young)
        m.flow(stages[-1], grown, p.rate * stages[-1])
        m.flow(grown, None, p.rate * grown)
        for name, x in (("drug", drug), ("young", young), ("middle", stages[1]), ("grown", grown)):
            m.output(f"{name}_seen", x, "mg")
        m.output("held", m.integral("blocked", hill(drug, p.hurt, 1)), "day")

    units = {"a.rate": "1/day", "a.usual": "mg", "a.call": "1", "a.most": "mg/day", "a.half": "mg", "a.hurt": "mg"}
    return one_part(says, units)


TRANSIT = Structure(
    transit,
    {
        "a.rate": (0.3, 2.0),
        "a.usual": (50.0, 500.0),
        "a.call": (0.1, 0.3),
        "a.most": (10.0, 1e3),
        "a.half": (1.0, 100.0),
        "a.hurt": (100.0, 1e3),
    },
    (("a", 200.0),),
)

STRUCTURES = {
    "chain": CHAIN,
    "ring": RING,
    "arrow": ARROW,
    "network": NETWORK,
    "gompertz": GOMPERTZ,
    "binding": BINDING,
    "predator": PREDATOR,
    "transit": TRANSIT,
}
