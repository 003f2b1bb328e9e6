"""What is given, how much and when: a regimen is a table of rows, and its verbs return new regimens.

A row says: this agent, this amount, on these days counted from this anchor, perhaps again every so often. The same
names are used in Python and in a scenario's TOML. Equations never see a calendar; `dosing.expand` turns a regimen
into one dose table per patient.

Left out: limits in another unit than the dose (a cap in mg on a dose in mg/m2).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from ..durations import days
from ..errors import InputError, Problems
from .dose_rows import ANCHORS, Dose, read_row

__all__ = ["ANCHORS", "Dose", "Regimen", "read_regimen"]


@dataclass(frozen=True, init=False)
class Regimen:
    """A course of therapy: rows of doses, in the order in which doses of one time are given.

    `agent` is `modality` or `modality:agent`; `amount` a number with `unit`, a text such as `"30 mg/m2"`, or a list of
    weight bands; `day` a number or a list, in days from `anchor`; `every` repeats all days after that span, `times`
    times in all (without `times`: as long as the run lasts); `duration` is the length of an infusion; `lesions` the
    names of the lesions treated (without: the patient, or every lesion). Spans are days or texts such as `"3 months"`.

    >>> stay = Regimen("targeted:osimertinib", "80 mg", every="1 d")
    >>> boost = Regimen("radiation", "9 Gy", day=[0, 2, 4], lesions=["brain_1"])
    >>> both = stay + boost

    `Regimen()` is no therapy. `InputError` lists every problem of the row.
    """

    rows: tuple[Dose, ...]

    def __init__(
        self,
        agent: str | None = None,
        amount: float | str | list[dict[str, object]] | None = None,
        unit: str | None = None,
        *,
        day: float | str | list[float | str] | None = None,
        every: float | str | None = None,
        times: int | None = None,
        duration: float | str | None = None,
        lesions: str | list[str] | None = None,
        anchor: str | None = None,
    ):
        given = {
            "agent": agent,
            "amount": amount,
            "unit": unit,
            "day": day,
            "every": every,
            "times": times,
            "duration": duration,
            "lesions": lesions,
            "anchor": anchor,
        }
        row = {key: value for key, value in given.items() if value is not None}
        object.__setattr__(self, "rows", _read_one(row) if row else ())

    @classmethod
    def of(cls, rows: Iterable[Dose]) -> Regimen:
        """The regimen of these rows."""
        regimen = cls()
        object.__setattr__(regimen, "rows", tuple(rows))
        return regimen

    @property
    def agents(self) -> tuple[str, ...]:
        """The agents given, each once, in order of appearance."""
        return tuple(dict.fromkeys(row.agent for row in self.rows))

    def __str__(self) -> str:
        return "; ".join(str(row) for row in self.rows) or "no therapy"

    def __add__(self, other: Regimen) -> Regimen:
        """Both regimens, each on its own days; at one time, doses of the first come first."""
        return Regimen.of(self.rows + other.rows)

    def then(self, other: Regimen, after: float | str = 0.0) -> Regimen:
        """This regimen, and `after` that long from its end the other one, whose day 0 is then."""
        return self + other._from_anchor(self._one_anchor()).delay(self.end + days(after))

    def delay(self, by: float | str, agent: str | None = None) -> Regimen:
        """Every dose (of `agent`, if named) later by a span; a negative span is earlier."""
        span = days(by)
        return self._change(agent, lambda row: [replace(row, day=tuple(day + span for day in row.day))])

    def hold(self, start: float | str, stop: float | str, agent: str | None = None) -> Regimen:
        """Leave out every dose (of `agent`, if named) that would begin from day `start` to before day `stop`.

        Days count from each row's own anchor. Doses held are not given later, and an infusion that began before goes on.
        """
        first, last = days(start), days(stop)
        if last < first:
            raise InputError("a hold ends before it starts", value=f"{start} to {stop}", remedy="swap `start` and `stop`")
        return self._change(agent, lambda row: row.held(first, last))

    def scale(self, factor: float, agent: str | None = None) -> Regimen:
        """Every amount and limit of a weight band (of `agent`, if named) times `factor`."""
        if not (math.isfinite(factor) and factor >= 0):
            raise InputError("a dose cannot be scaled by this", value=factor, remedy="use a finite factor of at least 0")
        return self._change(agent, lambda row: [row.scaled(factor)])

    def renamed(self, names: Mapping[str, str]) -> Regimen:
        """The same doses under other names of agents, such as the labels under which a system knows them."""
        return Regimen.of(replace(row, agent=names.get(row.agent, row.agent)) for row in self.rows)

    @property
    def end(self) -> float:
        """The day on which the regimen is over: after the last dose's infusion, or its last full interval."""
        return max((row.end for row in self.rows), default=0.0)

    def _change(self, agent: str | None, change: Callable[[Dose], list[Dose]]) -> Regimen:
        if agent is not None and agent not in self.agents:
            raise InputError(f"the regimen gives no `{agent}`", remedy=f"it gives {', '.join(self.agents) or 'nothing'}")
        return Regimen.of(new for row in self.rows for new in (change(row) if agent in (None, row.agent) else [row]))

    def _one_anchor(self) -> str | None:
        anchors = {row.anchor for row in self.rows}
        if len(anchors) > 1:
            named = ", ".join(sorted(f"`{anchor or 'the default'}`" for anchor in anchors))
            raise InputError("`then` needs one anchor", value=named, remedy="join regimens of several anchors with `+`")
        return next(iter(anchors), None)

    def _from_anchor(self, anchor: str | None) -> Regimen:
        return Regimen.of(replace(row, anchor=anchor) for row in self.rows)


def read_regimen(rows: Iterable[Mapping[str, object]], place: str, problems: Problems) -> Regimen:
    """A regimen from rows of a file; what is wrong goes to `problems`, and only good rows are in the result."""
    read = [read_row(row, f"{place}, row {number}", problems) for number, row in enumerate(rows, start=1)]
    return Regimen.of(row for row in read if row is not None)


def _read_one(row: Mapping[str, object]) -> tuple[Dose, ...]:
    problems = Problems()
    dose = read_row(row, "Regimen", problems)
    problems.raise_if_any()
    return () if dose is None else (dose,)
