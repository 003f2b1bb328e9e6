"""Patients told in a line, for tests of assessments: what was seen of each lesion at each visit, and what the rules say of it.

    told("a fall by 30 % is a partial response", "recist1.1", "0 56", "T1 50 35", "b PR", best="PR")

Lesions are separated by `;`. The letters of a name are its kind: T target, N target node, E followed by eye, D node followed by eye, X
new; `T1.1` is a piece of `T1` and `T1+T2` what both became. A visit is a size in mm, two axes (`40x30`), or a letter of `SEEN`. A
patient becomes rows of a spreadsheet, and `Scans` made by hand, so that the one can be held against the other.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from remission.assessing import assess
from remission.errors import InputError
from remission.response import criteria
from remission.response.scans import FINDINGS, Kind, Patients, Scans, Status

KINDS = {"T": Kind.TARGET, "N": Kind.TARGET_NODE, "E": Kind.NON_TARGET, "D": Kind.NON_TARGET_NODE, "X": Kind.NEW}
SEEN = {"a": Status.ABSENT, "s": Status.TOO_SMALL, "p": Status.PRESENT, "g": Status.PROGRESSION, "x": Status.NOT_EVALUABLE}
NO_ROW = "."
DAYS = ("treatment_start", "treatment_end", "radiation_end", "cycles", "new_therapy", "last_contact", "death")
PEOPLE = ("arm", "time_zero", *DAYS)
COLUMNS = ("patient", "day", "lesion", "organ", "kind", "diameter_mm", "status", "new", "perpendicular_mm", *FINDINGS)
WORDS = {"b": "baseline", "non": "non-CR/non-PD", "inon": "non-iCR/non-iUPD", "none": "no response"}
"""Short forms of what a visit is called."""


@dataclass(frozen=True, eq=False)
class Told:
    """One patient: a sentence, what was seen, and what is expected by the names of the JSON document."""

    says: str
    criteria: str
    days: tuple[float, ...]
    lesions: Mapping[str, tuple[str, ...]]
    findings: Mapping[str, tuple[str, ...]]
    people: Mapping[str, Any]
    options: Mapping[str, Any]
    overall: tuple[str, ...]
    expected: Mapping[str, Any]

    def __repr__(self) -> str:
        return self.says


def told(says: str, criterion: str, days: str, lesions: str = "", overall: str = "", options: Any = None, **more: Any) -> Told:
    """A patient; `more` are findings by visit, columns of `patients.csv` and what is expected."""
    seen = dict(_lesion(part) for part in lesions.split(";") if part.strip())
    findings = {name: tuple(str(more.pop(name)).split()) for name in FINDINGS if name in more}
    people = {name: more.pop(name) for name in PEOPLE if name in more}
    when = tuple(float(day) for day in days.split())
    for name, by_visit in {**seen, **findings}.items():
        assert len(by_visit) == len(when), f"{says}: {name} has {len(by_visit)} visits, not {len(when)}"
    return Told(says, criterion, when, seen, findings, people, options or {}, tuple(WORDS.get(one, one) for one in overall.split()), more)


def _lesion(part: str) -> tuple[str, tuple[str, ...]]:
    name, *visits = part.split()
    return name, tuple(visits)


def kind_of(name: str) -> Kind:
    return KINDS[name[0]]


def rows_of(one: Told, patient: str) -> list[dict[str, object]]:
    """The rows of a spreadsheet: one per lesion and visit, and one for the findings of a visit."""
    rows: list[dict[str, object]] = []
    for visit, day in enumerate(one.days):
        given = {name: values[visit] for name, values in one.findings.items() if values[visit] != NO_ROW}
        if given:
            rows.append({"patient": patient, "day": f"{day:g}", **given})
        for name, seen in one.lesions.items():
            if seen[visit] != NO_ROW:
                rows.append({"patient": patient, "day": f"{day:g}", **_cells(name, seen[visit])})
    return rows


def _cells(name: str, seen: str) -> dict[str, object]:
    label, _, organ = name.partition("@")
    kind = kind_of(name)
    cells: dict[str, object] = {"lesion": label, "kind": kind.text, "organ": organ or None, "new": int(kind is Kind.NEW)}
    status, size, across = _read(seen)
    if status is not Status.MEASURED:
        cells["status"] = status.text
    if size is not None:
        cells["diameter_mm"] = size
    if across is not None:
        cells["perpendicular_mm"] = across
    return cells


def _read(seen: str) -> tuple[Status, str | None, str | None]:
    """Status, diameter and diameter across of a visit such as `35`, `40x30`, `a`, `s4`, `p`."""
    status = SEEN.get(seen[0], Status.MEASURED)
    size = seen if status is Status.MEASURED else seen[1:]
    first, _, second = size.partition("x")
    return status, first or None, second or None


def frame(patients: Iterable[tuple[str, Told]]) -> pl.DataFrame:
    """Measurements as a table of text, as a CSV file holds them."""
    rows = [row for name, one in patients for row in rows_of(one, name)]
    used = [column for column in COLUMNS if any(row.get(column) is not None for row in rows)]
    table = {column: [None if row.get(column) is None else str(row[column]) for row in rows] for column in used}
    return pl.DataFrame(table, schema=dict.fromkeys(used, pl.String))


def write(folder: Path, cases: Sequence[tuple[str, Told]], order: Sequence[int] | None = None) -> tuple[Path, Path | None]:
    """Measurements and, where anything is known of them, patients as CSV files."""
    table = frame(cases)
    folder.mkdir(parents=True, exist_ok=True)
    measurements, patients = folder / "measurements.csv", folder / "patients.csv"
    (table if order is None else table[list(order)]).write_csv(measurements)
    columns = [name for name in PEOPLE if any(name in one.people for _, one in cases)]
    if not columns:
        return measurements, None
    with patients.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["patient", *columns])
        writer.writerows([name, *(one.people.get(column, "") for column in columns)] for name, one in cases)
    return measurements, patients


class Answers:
    """The patients of a list, those of one criterion and the same options in one spreadsheet, assessed when one is asked for."""

    def __init__(self, cases: Sequence[Told], folder: Path) -> None:
        self.folder = folder
        self.groups: dict[Any, list[Told]] = defaultdict(list)
        for one in cases:
            self.groups[_group(one)].append(one)
        self.found: dict[Any, list[Any]] = {}

    def __getitem__(self, one: Told) -> dict[str, Any]:
        """What the JSON document says of a patient."""
        group = _group(one)
        if group not in self.found:
            self.found[group] = self._assess(self.groups[group], len(self.found))
        answer = self.found[group][self.groups[group].index(one)]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _assess(self, cases: list[Told], number: int) -> list[Any]:
        try:
            return self._together(cases, self.folder / f"{number}")
        except InputError:
            return [self._alone(one, self.folder / f"{number}-{place}") for place, one in enumerate(cases)]

    def _alone(self, one: Told, folder: Path) -> Any:
        try:
            return self._together([one], folder)[0]
        except InputError as error:
            return error

    def _together(self, cases: list[Told], folder: Path) -> list[Any]:
        named = [(f"P{place}", one) for place, one in enumerate(cases)]
        measurements, patients = write(folder, named)
        document = self.document(measurements, patients, cases[0])
        return [document["patients"][name] for name, _ in named]

    def document(self, measurements: Path, patients: Path | None, one: Told) -> dict[str, Any]:
        return assess(measurements, one.criteria, patients, dict(one.options)).json()


def _group(one: Told) -> Any:
    return one.criteria, tuple(sorted(one.options.items()))


def check(one: Told, found: Mapping[str, Any]) -> None:
    """Holds what was found against what is expected; `*` at a visit is not asked for."""
    visits = found["visits"]
    called = [visit["overall"] for visit in visits]
    if one.overall:
        wanted = [was if word == "*" else word for word, was in zip(one.overall, called, strict=True)]
        assert called == wanted, f"{called}, expected {list(one.overall)}: {[visit['rule'] for visit in visits]}"
    for name, value in one.expected.items():
        _check(name, value, found, visits)


def _check(name: str, value: Any, found: Mapping[str, Any], visits: Sequence[Mapping[str, Any]]) -> None:
    if name in ("sum", "nadir"):
        numbers = [visit[f"{name}_mm"] for visit in visits]
        wanted = [None if one == "-" else float(one) for one in str(value).split()]
        assert len(numbers) == len(wanted), numbers
        for number, want in zip(numbers, wanted, strict=True):
            assert (number is None) == (want is None), f"{name}: {numbers}"
            assert number is None or want is None or abs(number - want) < 1e-6, f"{name}: {numbers}"
    elif name in ("target", "non_target"):
        words = [WORDS.get(one, one) for one in value.split()]
        assert [visit[name] for visit in visits] == [None if one == "-" else one for one in words]
    elif name == "new":
        assert [int(visit["new"]) for visit in visits] == [int(one) for one in value.split()]
    elif name == "rule":
        assert value in visits[-1]["rule"], visits[-1]["rule"]
    elif name == "change":
        assert abs(found["best_change"] - value) < 5e-3, found["best_change"]
    elif name == "refractory":
        assert found["refractory"]["class"] == value, found["refractory"]
    elif name in ("pfs", "dor", "os"):
        _check_time(name, value, found)
    else:
        assert found[name] == value, f"{name}: {found[name]}"


def _check_time(name: str, value: Any, found: Mapping[str, Any]) -> None:
    days = found["dor_days" if name == "dor" else f"{name}_day"]
    if value is None:
        assert days is None, days
        return
    day, event, *reason = value
    assert (days, found[f"{name}_event"]) == (day, event), f"{name}: {days}, {found[f'{name}_event']}, {found[f'{name}_reason']}"
    if reason:
        assert found[f"{name}_reason"] == reason[0], found[f"{name}_reason"]


def made_by_reading(one: Told) -> bool:
    """Whether the reading of a spreadsheet adds something that `scans_of` leaves out: pieces of split and merged lesions, order."""
    return any(not name[1:].partition("@")[0].isdigit() for name in one.lesions) or list(one.days) != sorted(set(one.days))


def scans_of(one: Told) -> Scans:
    """The same patient as arrays, made without reading a spreadsheet."""
    names = list(one.lesions)
    shape = (1, len(one.days), len(names))
    status, size, across = np.zeros(shape, np.int8), np.full(shape, np.nan), np.full(shape, np.nan)
    for lesion, name in enumerate(names):
        for visit, seen in enumerate(one.lesions[name]):
            if seen != NO_ROW:
                known, first, second = _read(seen)
                gone = known is Status.MEASURED and first == "0"
                status[0, visit, lesion] = Status.ABSENT if gone else known
                size[0, visit, lesion] = np.nan if first is None or gone else float(first)
                across[0, visit, lesion] = np.nan if second is None else float(second)
    zero = float(one.people.get("time_zero", 0))
    dates = {name: float(value) - (0 if name == "cycles" else zero) for name, value in one.people.items() if name in DAYS}
    findings = {name: np.array([[np.nan if at == NO_ROW else float(at) for at in at_visits]]) for name, at_visits in one.findings.items()}
    kinds = np.array([[kind_of(name) for name in names]], dtype=np.int8).reshape(1, len(names))
    days = np.array([one.days], dtype=np.float64) - zero
    return Scans(Patients.numbered(1, **dates), days, kinds, status, size, across, findings=findings)


def called_directly(one: Told) -> list[str]:
    """What the criterion itself calls the visits, without a spreadsheet."""
    criterion = criteria.get(one.criteria)
    judged, _ = criterion.judge(scans_of(one), {name: value for name, value in one.options.items() if name in criterion.choices})
    return list(criterion.written(judged)[0])
