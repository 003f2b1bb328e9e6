"""Who the patient is."""

from __future__ import annotations

from dataclasses import dataclass

from remission.model.module import AbstractModule


@dataclass(frozen=True)
class Patient(AbstractModule):
    """Age, size and organ function, which doses and formulas of other tables read; no equations.

    Weight and height follow age (a growth curve through the medians of CDC charts), with a spread of their own; body
    surface is Mosteller's formula.

    Not represented: growth during the run, sex differences in size.
    """
