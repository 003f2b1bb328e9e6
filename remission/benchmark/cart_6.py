"""CART-6: CAR-T cells against a tumor of which a few cells lack the antigen; a year, every day. Numbers in millions of cells.

Parameters are plausible and belong to no disease. No clone dies out here: a benchmark has one answer, that of the equations.
"""

from __future__ import annotations

from dataclasses import dataclass

from remission.model.functions import hill
from remission.model.module import AbstractModule

TEXT = """
start positive = burden * (1 - negative_share)
start negative = burden * negative_share
start effector = infused
start memory = 0.1 * infused
start exhausted = 0.0
start cytokine = 0.1
let seen = positive / (expansion_half + positive)
let total = positive + negative
let room = 1.0 - total / capacity
let killing = kill * effector / (kill_half + effector + 0.01 * total)
let bystander = bystander_kill * cytokine / (cytokine_half + cytokine)
let active = seen * effector
let recalled = recall * seen * memory
let exhausting = exhaustion * effector * positive / (exhaustion_half + positive)
rate positive = growth_positive * positive * room - killing * positive - antigen_loss * positive
rate negative = growth_negative * negative * room + antigen_loss * positive - bystander * negative
rate effector = expansion * active - effector_death * effector - memory_formation * effector + recalled - exhausting
rate memory = memory_formation * effector - memory_death * memory - recalled
rate exhausted = exhausting - exhausted_death * exhausted
rate cytokine = cytokine_release * active - cytokine_clearance * cytokine
"""


@dataclass(frozen=True)
class Cart6(AbstractModule):
    """Tumor cells with and without antigen, effector, memory and exhausted CAR-T cells, one cytokine; the equations of `TEXT`.

    Not represented: sites, chance in few cells, everything that only a real patient has.
    """

    def equations(self, m) -> None:
        p = m.parameters
        positive = m.state("positive", initial=p.burden * (1 - p.negative_share))
        negative = m.state("negative", initial=p.burden * p.negative_share)
        effector, memory = m.state("effector", initial=p.infused), m.state("memory", initial=0.1 * p.infused)
        exhausted, cytokine = m.state("exhausted"), m.state("cytokine", initial=0.1)
        total, seen = positive + negative, hill(positive, p.expansion_half)
        room = 1 - total / p.capacity
        killing = p.kill * effector / (p.kill_half + effector + 0.01 * total)
        active, recalled = seen * effector, p.recall * seen * memory
        exhausting = p.exhaustion * effector * hill(positive, p.exhaustion_half)

        m.change(positive, p.growth_positive * positive * room - killing * positive)
        m.change(negative, p.growth_negative * negative * room - p.bystander_kill * hill(cytokine, p.cytokine_half) * negative)
        m.flow(positive, negative, p.antigen_loss * positive)
        m.change(effector, p.expansion * active - p.effector_death * effector)
        m.flow(effector, memory, p.memory_formation * effector)
        m.flow(memory, effector, recalled)
        m.flow(effector, exhausted, exhausting)
        m.change(memory, -p.memory_death * memory)
        m.change(exhausted, -p.exhausted_death * exhausted)
        m.change(cytokine, p.cytokine_release * active - p.cytokine_clearance * cytokine)
        for name, state in {"positive": positive, "negative": negative, "effector": effector}.items():
            m.output(f"{name}_seen", state, "1")
        for name, state in {"memory": memory, "exhausted": exhausted, "cytokine": cytokine}.items():
            m.output(f"{name}_seen", state, "1")
