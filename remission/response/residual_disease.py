"""Measurable residual disease: leukemia that flow cytometry sees and the microscope does not.

In the patient: the share of nucleated marrow cells that are leukemic, read from a finite number of cells. Below 1e-4 it is called
negative; a population of at least 20 events is detectable, so a reading may be negative and detectable at once.

Left out: loss of the marker the antibody panel looks for, and sequencing with its deeper limit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import poisson

from remission.response.rules import TOLERANCE, Rule, read_rules

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

RULES: Mapping[str, Rule] = read_rules(Path(__file__).with_suffix(".csv"))
"""Limit, cells acquired and smallest population."""


@dataclass(frozen=True)
class ResidualDisease:
    """A reading of measurable residual disease; `negative` and `detectable` may both hold (below the limit, yet seen)."""

    negative: Flags
    detectable: Flags
    evaluable: Flags
    """False where too few cells were acquired to exclude disease at the limit, or nothing was read."""


def judge_residual_disease(fraction: ArrayLike, acquired: ArrayLike | None = None, rules: Mapping[str, Rule] = RULES) -> ResidualDisease:
    """MRD by its limit (1e-4) and what the reading can see: a population of 20 events among the cells acquired.

    A fraction that equals the limit is positive. NaN was not read.
    """
    read = np.asarray(fraction, dtype=np.float64)
    seen = rules["cluster"].value / np.asarray(rules["events"].value if acquired is None else acquired, dtype=np.float64)
    limit = rules["limit"].value
    positive = read >= limit * (1 - TOLERANCE)
    evaluable = np.isfinite(read) & (positive | (seen <= limit * (1 + TOLERANCE)))
    return ResidualDisease(evaluable & ~positive, np.isfinite(read) & (read >= seen * (1 - TOLERANCE)), evaluable)


def read_residual_disease(true_fraction: ArrayLike, uniform: ArrayLike, acquired: float | None = None) -> Floats:
    """The blast fraction a flow cytometer reads: leukemic events are Poisson among the cells acquired, drawn from `uniform` in (0, 1)."""
    cells = RULES["events"].value if acquired is None else acquired
    return np.asarray(poisson.ppf(uniform, np.asarray(true_fraction, dtype=np.float64) * cells) / cells)
