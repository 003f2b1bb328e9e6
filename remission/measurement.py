"""What the clinic reads: measurements with their method, error and limit. Decisions see only these.

Every reading of a patient has its own luck, keyed on (seed, patient, kind of reading, number of the visit), so that two arms of a
counterfactual trial read the same patient with the same luck.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import ndtri
from scipy.stats import binom

from remission.random import uniform
from remission.response.residual_disease import read_residual_disease

TABLE = Path(__file__).with_suffix(".csv")
LABEL = "measurement"


@dataclass(frozen=True)
class Reader:
    """Reads visits of some patients: `seed` and `patients` [M] key the luck, `numbers` are rows of `measurement.csv` [M]."""

    seed: int
    patients: np.ndarray
    numbers: Mapping[str, np.ndarray]

    def _luck(self, which: np.ndarray, kind: str, visit: np.ndarray) -> np.ndarray:
        return uniform(self.seed, self.patients[which].astype(np.uint64), f"{LABEL}:{kind}", visit.astype(np.uint64))

    def share(self, which: np.ndarray, visit: np.ndarray, true: np.ndarray, kind: str, counted: str) -> np.ndarray:
        """A share read by counting cells: binomial around the true one."""
        n = np.floor(self.numbers[counted][which])
        return binom.ppf(self._luck(which, kind, visit), n, np.clip(true, 0.0, 1.0)) / n

    def count(self, which: np.ndarray, visit: np.ndarray, true: np.ndarray, kind: str) -> np.ndarray:
        """A blood count with log-normal error."""
        return true * np.exp(self.numbers["count_error"][which] * ndtri(self._luck(which, kind, visit)))

    def residual_disease(self, which: np.ndarray, visit: np.ndarray, true: np.ndarray) -> np.ndarray:
        """Residual disease by flow cytometry, with its limit and counting error."""
        return read_residual_disease(np.clip(true, 0.0, 1.0), self._luck(which, "residual_disease", visit))

    def found(self, which: np.ndarray, cells: np.ndarray) -> np.ndarray:
        """Whether an examination finds a mass of this many cells."""
        return (cells >= self.numbers["extramedullary_limit"][which]).astype(float)
