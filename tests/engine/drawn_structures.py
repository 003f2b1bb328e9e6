"""Systems drawn at random: expressions of any shape over states of all scopes, with sums, kinks and doses, but none that runs away.

Every state falls at a rate of its own and is driven by something bounded, so that courses stay of order one; comparisons choose
between values that meet where they change over, so that a solver of high order still converges.
"""

from __future__ import annotations

import numpy as np

from remission.model.disease import Clones
from remission.model.functions import exp, hill, log, maximum, minimum, sqrt, where
from remission.model.system import System
from tests.model.parts import Part, system

SCOPES = ("patient", "lesion", "clone")
TRAITS = ({}, {"drug": ["sensitive", "resistant"]}, {"antigen": ["positive", "negative"], "drug": ["sensitive", "resistant"]})


class Writer:
    """Writes bounded expressions over the states of a module."""

    def __init__(self, m, states: dict[str, list], rng: np.random.Generator):
        self.m, self.states, self.rng = m, states, rng

    def leaf(self, scope: str):
        """A state or a parameter that a quantity of this scope may read."""
        reach = SCOPES[: SCOPES.index(scope) + 1]
        known = [x for per in reach for x in self.states[per]]
        if known and self.rng.random() < 0.7:
            return known[self.rng.integers(len(known))]
        return getattr(self.m.parameters, f"{reach[self.rng.integers(len(reach))]}_number_{self.rng.integers(2)}")

    def value(self, scope: str, depth: int, sums: bool):
        """An expression between about -2 and 2."""
        if depth == 0:
            x = self.leaf(scope)
            return x / (1 + x * x)
        pick = self.rng.integers(14)
        if pick == 0 and scope != "clone" and self.states["clone"] and (sums or scope == "lesion"):
            return self.bounded(self.m.total(self.clone_value(depth), "clone" if scope == "lesion" else "lesion"))
        if pick == 1 and sums and scope == "patient" and self.states["lesion"]:
            return self.bounded(self.m.total(self.leaf("lesion") * self.states["lesion"][0], "lesion"))
        return self.joined(pick, self.value(scope, depth - 1, sums), self.value(scope, depth - 1, sums))

    def clone_value(self, depth: int):
        return self.states["clone"][0] * self.value("clone", depth - 1, False)

    def bounded(self, x):
        return x / sqrt(1 + x * x)

    def joined(self, pick: int, x, y):
        choices = (
            lambda: x + 0.5 * y,
            lambda: x - 0.5 * y,
            lambda: x * y,
            lambda: x / (0.5 + y * y),
            lambda: hill(x * x, 0.3 + y * y),
            lambda: hill(0.05 + x * x, 0.3 + y * y, 2),
            lambda: hill(0.05 + x * x, 0.3 + y * y, 1.5 + y),
            lambda: exp(-x * x) - exp(-2 - y),
            lambda: log(1.2 + x * x) * y,
            lambda: sqrt(0.4 + x * x) - y,
            lambda: where(x < y, 2 * x - y, x),
            lambda: maximum(x, y),
            lambda: minimum(x, 0.8 * y),
            lambda: (0.5 + x * x) ** (0.5 + y),
        )
        return self.bounded(choices[pick]())


def drawn_structure(seed: int) -> System:
    """One to three states of every scope, with a dosed drug that some of them read, conversions and running integrals."""
    rng = np.random.default_rng((seed, 5))
    clones = Clones.of(**TRAITS[rng.integers(len(TRAITS))])
    numbers = {per: int(n) for per, n in zip(SCOPES, rng.integers((1, 1, 1), (4, 3, 3)), strict=True)}
    within = int(rng.integers(2**31))
    keys = {f"a__{per}_number_{i}": f"1 1 per {per}" for per in SCOPES for i in range(2)}
    keys |= {f"a__{per}_fall_{i}": f"1 1/day per {per}" for per in SCOPES for i in range(3)} | {"a__out": "1 1/day", "a__turn": "1 1/day"}
    return system(Part("a", lambda m: _equations(m, np.random.default_rng(within), numbers), None, "1"), clones=clones, **keys)


def _equations(m, rng: np.random.Generator, numbers: dict[str, int]) -> None:
    drug = m.state("drug", unit="1", dosed=True)
    m.flow(drug, None, m.parameters.out * drug)
    states = {per: [m.state(f"{per}_{i}", per=per, initial=0.5 + i) for i in range(n)] for per, n in numbers.items()}
    writer = Writer(m, {**states, "patient": [drug, *states["patient"]]}, rng)
    day = m.quantity(1.0, "day")
    for per, own in states.items():
        for i, state in enumerate(own):
            fall = getattr(m.parameters, f"{per}_fall_{i}")
            m.change(state, fall * (2 * writer.value(per, 3, sums=per == "patient") - state))
            m.output(f"{per}_{i}_seen", state, "1")
    m.convert(states["clone"][0], {("drug", "sensitive", "resistant"): m.parameters.turn})
    m.output("gone", m.integral("sum", writer.value("patient", 2, sums=True)) / day, "1")
    m.output("mixed", writer.value("clone", 3, sums=True), "1")
