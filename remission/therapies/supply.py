"""The way from enrollment to infusion."""

from __future__ import annotations

from dataclasses import dataclass

from remission.model.module import AbstractModule


@dataclass(frozen=True)
class Supply(AbstractModule):
    """Collection, manufacture and release of a patient's own cells: it may fail, and it takes weeks.

    Only numbers that the protocol reads, no equations: the chance of failure, the time from enrollment to infusion,
    the hazard of leaving before (on top of death, which the disease causes by itself), and the share that gets bridging.

    Not represented: out-of-specification products, slots, repeated collection.
    """
