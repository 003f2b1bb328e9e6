"""Subgroups: the same endpoint in patients of one kind and another.

A subgroup must be known when the clock of the endpoint starts. Age is known at enrollment; burden, dose and lymphodepletion exposure at
infusion; how far cells expanded or how sick somebody became only later. Those who lived long enough to show a thing are not comparable with
those who did not, so a later variable needs a landmark: only patients still watched and free of the event on that day are counted, by what
was known then, and their clock starts there.

Left out: tests of interaction, and landmarks of response shares.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from remission.durations import days as span_in_days
from remission.errors import InputError
from remission.response.endpoints import ENDPOINTS as TIMES
from remission.response.estimates import rate, time_estimate
from remission.results import names
from remission.results.lookup import Arms, Rows
from remission.results.variables import BASELINE, HAPPENED, LANDMARK_OPTION, LATER, Variable, landmark_remedy, variable

MONTHS = (12, 24, 36)
SCHEMA = {
    **dict.fromkeys(("arm", "variable", "level"), pl.String),
    **dict.fromkeys(("n", "x"), pl.Int64),
    **dict.fromkeys(("value", "low", "high"), pl.Float64),
    "endpoint": pl.String,
}
ORDER = {"enrollment_day": 0, "infusion_day": 1, "response_day": 2}


@dataclass(frozen=True)
class Subgroups:
    """Patients grouped by one variable; `.table("ORR")` reads an endpoint in each group. `landmark` is in days from infusion."""

    arms: Arms
    variable: Variable
    landmark: float | None = None

    def table(self, endpoint: str = "ORR", months: Sequence[int] = MONTHS) -> pl.DataFrame:
        """One row per arm, level and (for a time) month: patients `n`, those with the event `x`, the share and a trial's interval."""
        known = [*("orr", "cr", "cri"), *self.arms.params]
        key = names.found(endpoint, known)
        self._check(key)
        rows = [row for arm in self.arms.keys for row in self._arm(arm, key, months)]
        return pl.DataFrame(rows, schema=SCHEMA, orient="row")

    def _check(self, key: str) -> None:
        """Refuse a group that is known only after the clock of the endpoint starts."""
        if self.landmark is not None and key not in TIMES:
            raise InputError("a landmark goes with times to an event", "landmark", key, "use RFS, EFS or OS, or leave `landmark` out")
        start = TIMES[key].start if key in TIMES else "infusion_day"
        if self.landmark is None and ORDER.get(self.variable.known, 9) > ORDER[start]:
            zero = start.removesuffix("_day")
            raise InputError(
                f"`{self.variable.name}` is known only after {zero}, where `{key}` starts",
                "by",
                self.variable.name,
                f"use an endpoint that starts at {self.variable.known.removesuffix('_day')}, or {LANDMARK_OPTION}",
            )

    def _arm(self, arm: str, key: str, months: Sequence[int]) -> list[tuple]:
        members = self.arms.members(arm)
        labels, codes = self._levels(members)
        weight, rows = self.arms.weight(arm), []
        if key not in TIMES:
            treated, flags = members["treated"].to_numpy(), self.arms.responded(arm, key)
            for level, label in enumerate(labels):
                own = flags[treated & (codes == level)]
                found = rate(own, None if weight is None else own.size * weight)
                rows.append((arm, self.variable.name, label, found.n, found.x, found.value, *found.trial, key))
            return rows
        times, place = self._times(arm, key, members)
        for level, label in enumerate(labels):
            own = times.kept(codes[place] == level)
            found = time_estimate(own.days, own.event, months, None if weight is None else own.days.size * weight).rates
            for month in months:
                point = found.get(month)
                value = (None, None, None) if point is None else (point.value, *point.trial)
                rows.append((arm, self.variable.name, label, int(own.days.size), None, *value, f"{key}_{month}"))
        return rows

    def _levels(self, members: pl.DataFrame) -> tuple[list[str], np.ndarray]:
        """Labels and each member's level, -1 where it is unknown (or was not yet known at the landmark)."""
        column = members[self.variable.column]
        values = column.cast(pl.Float64).fill_null(np.nan).to_numpy() if column.dtype.is_numeric() else column.to_numpy()
        if self.landmark is None or self.variable.since is None:
            return self.variable.cut(values)
        since = members[self.variable.since].fill_null(np.nan).to_numpy()
        if self.variable.cut is HAPPENED:
            return self.variable.cut(np.where(since <= self.landmark, 0.0, -1.0))
        return self.variable.cut(np.where(since > self.landmark, np.nan, values))

    def _times(self, arm: str, key: str, members: pl.DataFrame) -> tuple[Rows, np.ndarray]:
        """Times of those who are counted, and each one's place among the members."""
        rows = self.arms.rows(arm, key)
        place = np.searchsorted(members["patient"].to_numpy(), rows.patient)
        if self.landmark is None:
            return rows, place
        zero = _start(members, TIMES[key].start)[place]
        infusion = _start(members, "infusion_day")[place]
        waited = infusion + self.landmark - zero
        kept = (waited >= 0) & (rows.days > waited)
        return replace(rows.kept(kept), days=rows.days[kept] - waited[kept]), place[kept]


def by(arms: Arms, name: str, landmark: str | float | None = None) -> Subgroups:
    """Group patients by a covariate known in time, or by a later one at a landmark; `InputError` says which are known."""
    key = name.strip().lower().replace("-", "_").replace(" ", "_")
    day = None if landmark is None else span_in_days(landmark)
    chosen = variable(arms.subjects, key)
    if day is None and chosen.known == "later":
        raise InputError(f"`{key}` is defined after time zero", "by", name, landmark_remedy(chosen))
    if day is not None and (not np.isfinite(day) or day <= 0):
        raise InputError("a landmark is a day after infusion", "landmark", landmark, "write such as `28 d`")
    if chosen.known == "later" and chosen.since is None:
        raise InputError(f"`{key}` has no day on which it is known", "by", name, f"use {', '.join([*BASELINE, *LATER])}")
    return Subgroups(arms, chosen, day)


def standard(arms: Arms, endpoints: Iterable[str]) -> pl.DataFrame:
    """The subgroups of the report: burden, dose, fludarabine exposure and age, by response and by survival at 12 months."""
    wanted = [key for key in ("orr", "rfs", "efs", "os") if key in endpoints]
    parts = [pl.DataFrame(schema=SCHEMA)]
    for baseline in BASELINE.values():
        parts += [Subgroups(arms, baseline).table(key, months=(12,)) for key in wanted]
    return pl.concat(parts).filter((pl.col("n") > 0).any().over("arm", "variable"))


def _start(members: pl.DataFrame, column: str) -> np.ndarray:
    """The day an endpoint starts in each member; enrollment is day 0."""
    if column == "enrollment_day":
        return np.zeros(members.height)
    return members[column].fill_null(np.nan).to_numpy()
