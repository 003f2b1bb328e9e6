"""The readings of all visits of an arm, and the names under which the model's outputs are read."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

MEASURES = ("blasts", "circulating", "extramedullary", "neutrophils", "platelets", "negative_share", "residual")
ROOM = 64


@dataclass
class Readings:
    """What visits read, in order of time: arrays [M, room] by measure, `day` counted from the anchor; NaN where not examined."""

    members: int
    count: np.ndarray = field(init=False)
    day: np.ndarray = field(init=False)
    values: dict[str, np.ndarray] = field(init=False)

    def __post_init__(self):
        self.count = np.zeros(self.members, int)
        self.day = np.full((self.members, ROOM), np.nan)
        self.values = {name: np.full((self.members, ROOM), np.nan) for name in MEASURES}

    def add(self, rows: np.ndarray, day: np.ndarray, **values: np.ndarray) -> None:
        """One visit of some members."""
        if rows.size and self.count[rows].max() >= self.day.shape[1]:
            self._widen()
        place = self.count[rows]
        self.day[rows, place] = day
        for name, array in values.items():
            self.values[name][rows, place] = array
        self.count[rows] += 1

    def _widen(self) -> None:
        room = np.full((self.members, ROOM), np.nan)
        self.day = np.concatenate([self.day, room], axis=1)
        self.values = {name: np.concatenate([array, room], axis=1) for name, array in self.values.items()}

    def last_day(self) -> np.ndarray:
        """Day of the last visit, NaN without one."""
        rows = np.arange(self.members)
        return np.where(self.count > 0, self.day[rows, np.maximum(self.count - 1, 0)], np.nan)
