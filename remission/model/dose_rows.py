"""One row of a regimen: an agent, an amount by weight band, and the days it is given on."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..durations import days
from ..errors import InputError, Problems, nearest
from .dose_units import dose_unit, split_amount

ANCHORS = ("enrollment", "first_dose", "infusion", "response")

LARGEST = 1e30
MOST_ROUNDS = 100_000

_AGENT = re.compile(r"[a-z][a-z0-9_]*(:[a-z0-9][a-z0-9_]*)?")


@dataclass(frozen=True)
class Band:
    """What a patient heavier than `above` and no heavier than `up_to` (kg) receives, within `low`..`high` (in `unit`)."""

    amount: float
    unit: str
    above: float = 0.0
    up_to: float = math.inf
    low: float = 0.0
    high: float = math.inf

    def scaled(self, factor: float) -> Band:
        """The same band with amount and limits times `factor`."""
        high = self.high * factor if factor else 0.0
        return replace(self, amount=self.amount * factor, low=self.low * factor, high=high)

    def __str__(self) -> str:
        weight = f" above {self.above:g} kg" if self.above else ""
        weight += f" up to {self.up_to:g} kg" if math.isfinite(self.up_to) else ""
        return f"{self.amount:g} {self.unit}{weight}"


@dataclass(frozen=True)
class Dose:
    """A row: `bands` (one open band when everybody gets the same), days from `anchor`, repeated `every` so many days.

    `times` counts the rounds; `None` goes on as long as the run. `duration` is the length of an infusion in days, 0 a
    bolus. No `lesions` means the patient, or every lesion. No `anchor` means the protocol's.
    """

    agent: str
    bands: tuple[Band, ...]
    day: tuple[float, ...] = (0.0,)
    every: float | None = None
    times: int | None = 1
    duration: float = 0.0
    lesions: tuple[str, ...] = ()
    anchor: str | None = None

    @property
    def resolved_units(self) -> tuple[str, ...]:
        """The units in which the dose reaches the model, one of each kind."""
        return tuple(dict.fromkeys(dose_unit(band.unit).resolved for band in self.bands))

    @property
    def end(self) -> float:
        """The day on which the row is over; `InputError` when it repeats without end."""
        if self.times is None:
            raise InputError(f"`{self.agent}` is given without end", remedy="say how often with `times`")
        last_round = (self.every or 0.0) * (self.times - 1)
        last_stop = max(self.day) + last_round + self.duration
        return last_stop if self.every is None else max(last_stop, min(self.day) + self.every * self.times)

    def scaled(self, factor: float) -> Dose:
        """The same row with every amount, and the limits of its weight bands, times `factor`."""
        return replace(self, bands=tuple(band.scaled(factor) for band in self.bands))

    def held(self, start: float, stop: float) -> list[Dose]:
        """The rows left when no dose begins from `start` to before `stop`."""
        if self.every is None:
            kept = tuple(day for day in self.day if not start <= day < stop)
            rows: list[Dose] = [replace(self, day=kept)] if kept else []
            return rows
        return [part for day in self.day for part in self._held_round(day, start, stop)]

    def _held_round(self, day: float, start: float, stop: float) -> list[Dose]:
        every = self.every or 1.0
        before = max(0, math.ceil((start - day) / every))
        skipped = max(before, math.ceil((stop - day) / every))
        rounds = math.inf if self.times is None else self.times
        parts: list[Dose] = [replace(self, day=(day,), times=int(min(before, rounds)))] if before else []
        if skipped < rounds:
            left = None if self.times is None else self.times - skipped
            parts.append(replace(self, day=(day + skipped * every,), times=left))
        return parts

    def __str__(self) -> str:
        amount = " or ".join(str(band) for band in self.bands)
        when = f"day {_listed(self.day)}"
        when += f" every {self.every:g} d" if self.every is not None else ""
        when += f", {self.times} times" if self.every is not None and self.times is not None else ""
        when += f" from {self.anchor}" if self.anchor else ""
        over = f" over {self.duration * 24:g} h" if self.duration else ""
        where = f" to {', '.join(self.lesions)}" if self.lesions else ""
        return f"{self.agent} {amount}{over}{where}, {when}"


def read_row(row: Mapping[str, object], place: str, problems: Problems) -> Dose | None:
    """A row from a mapping with the names of the contract; every problem goes to `problems`, and then there is no row."""
    before = len(problems)
    if not isinstance(row, Mapping):
        problems.add("a dose is no table", place, row, 'write `{agent = "...", amount = "..."}`')
        return None
    fields = _read_fields(row, place, problems)
    with problems.collect(f"{place}, `amount`"):
        fields["bands"] = _read_bands(row)
    for key in ("agent", "amount"):
        if key not in row:
            problems.add(f"`{key}` is missing", place, remedy=f"add `{key}`")
    if len(problems) == before:
        with problems.collect(place):
            return _repeated(Dose(**fields))
    return None


def _read_fields(row: Mapping[str, object], place: str, problems: Problems) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for key, value in row.items():
        if key in _READERS:
            with problems.collect(f"{place}, `{key}`"):
                fields[key] = _READERS[key](value)
        elif key not in ("amount", "unit"):
            known = (*_READERS, "amount", "unit")
            problems.add(f"a dose has no `{key}`{nearest(key, known)}", place, value, f"known: {', '.join(sorted(known))}")
    if "every" in fields and "times" not in fields:
        fields["times"] = None
    return fields


def _repeated(dose: Dose) -> Dose:
    """The row, once its repetition is found to make sense."""
    if dose.every is None and dose.times != 1:
        raise InputError("`times` needs `every`", value=dose.times, remedy='say how far apart, such as `every = "21 d"`')
    if dose.every is not None and max(dose.day) - min(dose.day) >= dose.every:
        raise InputError(
            f"the days span {max(dose.day) - min(dose.day):g} d, but repeat every {dose.every:g} d",
            remedy="shorten the list of days, lengthen `every`, or write two rows",
        )
    return dose


def _read_bands(row: Mapping[str, object]) -> tuple[Band, ...]:
    amount, unit = row.get("amount"), row.get("unit")
    if not isinstance(amount, list | tuple):
        return (Band(*_read_amount(amount, unit)),) if "amount" in row else ()
    bands = tuple(_read_band(band, unit, number) for number, band in enumerate(amount, start=1))
    _check_coverage(bands)
    return bands


def _read_band(band: object, unit: object, number: int) -> Band:
    keys = ("amount", "unit", "above", "up_to", "low", "high")
    if not isinstance(band, Mapping):
        raise InputError(f"weight band {number} is no table", value=band, remedy=f"write one with the keys {', '.join(keys)}")
    for key in band:
        if key not in keys:
            raise InputError(f"a weight band has no `{key}`{nearest(str(key), keys)}", f"band {number}", remedy=f"known: {', '.join(keys)}")
    amount, text = _read_amount(band.get("amount"), band.get("unit", unit))
    low, high = _number(band.get("low", 0.0), "low"), _number(band.get("high", math.inf), "high")
    if not low <= amount <= high:
        raise InputError(f"the amount is outside {low:g} to {high:g}", f"band {number}", amount, "change the amount, `low` or `high`")
    return Band(amount, text, _weight(band.get("above", 0.0)), _weight(band.get("up_to", math.inf)), low, high)


def _check_coverage(bands: tuple[Band, ...]) -> None:
    """Bands follow each other without gap from 0 kg to any weight, and dose in one kind of unit."""
    edges = [0.0, *(band.up_to for band in bands)]
    if not bands or any(band.above != edge for band, edge in zip(bands, edges, strict=False)) or math.isfinite(edges[-1]):
        raise InputError(
            "weight bands must follow each other from 0 kg without gap, the last one open",
            value=[str(band) for band in bands],
            remedy="begin each band `above` where the one before ends with `up_to`, and give the last no `up_to`",
        )
    if len({dose_unit(band.unit).resolved for band in bands}) > 1:
        raise InputError(
            "weight bands mix kinds of unit", value=[band.unit for band in bands], remedy="use one kind, such as cells and cells/kg"
        )


def _read_amount(amount: object, unit: object) -> tuple[float, str]:
    if isinstance(amount, str):
        number, text = split_amount(amount)
        if text and unit is not None and text != unit:
            raise InputError(f"the amount is in `{text}`, but `unit` says `{unit}`", value=amount, remedy="drop one of the two")
        amount, unit = number, text or unit
    number = _number(amount, "amount")
    if number < 0:
        raise InputError("a dose cannot be negative", value=amount, remedy="use 0 or more")
    if not isinstance(unit, str):
        raise InputError("the dose has no unit", value=amount, remedy='write `amount = "30 mg/m2"`, or add `unit = "mg/m2"`')
    return number, dose_unit(unit).text


def _number(value: object, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise InputError(f"`{key}` is no number", value=value, remedy="write a number such as 30 or 1.5e8")
    if abs(value) > LARGEST and (key == "amount" or value != math.inf):
        raise InputError("a dose must be finite", value=value, remedy="write a finite number")
    return float(value)


def _weight(value: object) -> float:
    if isinstance(value, str):
        number, text = split_amount(value)
        if text not in (None, "kg"):
            raise InputError("a weight band is in kg", value=value, remedy="write the weight in kg")
        value = number
    return _number(value, "weight")


def _read_agent(value: object) -> str:
    name = value.strip().replace("-", "_") if isinstance(value, str) else ""
    if not _AGENT.fullmatch(name):
        raise InputError("this is no name of an agent", value=value, remedy="write `modality` or `modality:agent` in lower case")
    return name


def _read_days(value: object) -> tuple[float, ...]:
    values = value if isinstance(value, list | tuple) else [value]
    if not values:
        raise InputError("the list of days is empty", remedy="name at least one day")
    return tuple(days(one) for one in values)


def _read_every(value: object) -> float:
    every = days(value)
    if every <= 0:
        raise InputError("an interval must be longer than 0", value=value, remedy='write such as `every = "21 d"`')
    return every


def _read_times(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_ROUNDS:
        raise InputError(
            f"`times` is no whole number from 1 to {MOST_ROUNDS}", value=value, remedy="write how many times in all, such as 4"
        )
    return value


def _read_duration(value: object) -> float:
    duration = days(value)
    if duration < 0:
        raise InputError("a duration cannot be negative", value=value, remedy="use 0 for a bolus")
    return duration


def _read_lesions(value: object) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not names or not all(isinstance(name, str) and name for name in names):
        raise InputError("`lesions` is no list of names", value=value, remedy='write such as `lesions = ["brain_1"]`, or leave it out')
    return tuple(names)


def _read_anchor(value: object) -> str:
    if value not in ANCHORS:
        advice = nearest(value, ANCHORS) if isinstance(value, str) else ""
        raise InputError(f"this is no anchor{advice}", value=value, remedy=f"use one of {', '.join(ANCHORS)}")
    return str(value)


def _listed(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)


_READERS: dict[str, Callable[[object], Any]] = {
    "agent": _read_agent,
    "day": _read_days,
    "every": _read_every,
    "times": _read_times,
    "duration": _read_duration,
    "lesions": _read_lesions,
    "anchor": _read_anchor,
}
