"""Arrays of one arm taken out of the tables of a result, in which failed members have been left out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from remission.results.tables import is_analyzed

BEST = {"orr": ("CR", "CRi"), "cr": ("CR",), "cri": ("CRi",)}


@dataclass(frozen=True)
class Rows:
    """Times to an event of one arm: `patient`, `days`, `event`, arrays of one length."""

    patient: np.ndarray
    days: np.ndarray
    event: np.ndarray

    def kept(self, rows: np.ndarray) -> Rows:
        return Rows(self.patient[rows], self.days[rows], self.event[rows])


@dataclass(frozen=True)
class Arms:
    """The tables `subjects` and `tte` of a result, cut by arm when first asked for.

    `params` are the times to an event that were read; `designed` is the number each arm enrolls by design.
    """

    subjects: pl.DataFrame
    tte: pl.DataFrame
    params: tuple[str, ...]
    designed: dict[str, int] = field(default_factory=dict)
    _cut: dict = field(default_factory=dict, repr=False, compare=False)

    @property
    def keys(self) -> list[str]:
        return self.subjects["arm"].unique(maintain_order=True).to_list()

    def members(self, arm: str) -> pl.DataFrame:
        """Patients of an arm whose solver did not fail, in order of their number."""
        if arm not in self._cut:
            self._cut[arm] = with_derived_days(self.subjects.filter((pl.col("arm") == arm) & is_analyzed()).sort("patient"))
        return self._cut[arm]

    def rows(self, arm: str, param: str) -> Rows:
        """Times of one endpoint."""
        if (arm, param) not in self._cut:
            for (own, name), part in self.tte.partition_by("arm", "param", as_dict=True).items():
                self._cut[own, name] = Rows(*(part[column].to_numpy() for column in ("patient", "days", "event")))
        nothing = Rows(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0, dtype=np.int8))
        return self._cut.get((arm, param), nothing)

    def responded(self, arm: str, endpoint: str) -> np.ndarray:
        """Whether each member of an arm has the response `orr`, `cr` or `cri`."""
        return self.members(arm)["best_response"].is_in(BEST[endpoint]).to_numpy()

    def weight(self, arm: str) -> float | None:
        """Designed patients per simulated one; none when the trial is as large as the simulation."""
        size = self.members(arm).height
        return self.designed[arm] / size if self.designed.get(arm) and size else None


def with_derived_days(members: pl.DataFrame) -> pl.DataFrame:
    """Days from infusion on which cytokine release was over and a response was seen."""
    return members.with_columns(
        crs_end_day=pl.col("crs_onset_day") + pl.col("crs_duration_day"),
        response_since_infusion=pl.col("response_day") - pl.col("infusion_day"),
    )
