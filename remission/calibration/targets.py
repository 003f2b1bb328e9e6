"""Published numbers that the model is held against: one row, one number of one trial.

A table of targets is committed before the calibration that uses it. Each row says what was measured (endpoint, subgroup, month), in which
arm of which scenario, how sure it is (interval, or x of n), and its role: `calibrate`, `validate`, `transport` (another product or
population) or `context` (shown, never judged). `internal` marks validation that was seen while the model was chosen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

import numpy as np

from remission.errors import InputError
from remission.spreadsheets import read_records

FOLDER = Path(__file__).parent.parent / "validation"
ROLES = ("calibrate", "validate", "transport", "context")
COLUMNS = (
    *("name", "scenario", "arm", "endpoint", "subgroup", "month", "value", "low", "high", "x", "n", "unit", "design", "kind"),
    *("role", "internal", "source", "grade", "note"),
)
NUMBERS = ("month", "value", "low", "high", "x", "n")


@dataclass(frozen=True)
class Target:
    """One published number; `month`, `low`, `high`, `x` and `n` are None where they were not printed or do not apply."""

    name: str
    scenario: str
    arm: str
    endpoint: str
    subgroup: str
    month: float | None
    value: float
    low: float | None
    high: float | None
    x: float | None
    n: float | None
    unit: str
    design: str
    kind: str
    role: str
    internal: bool
    source: str
    grade: str
    note: str

    @property
    def trial(self) -> str:
        """The trial: the name before the dot."""
        return self.name.split(".", 1)[0]


def targets_path(disease: str) -> Path:
    """The bundled table of a disease; `InputError` when there is none."""
    path = FOLDER / f"{disease}.csv"
    if not path.exists():
        raise InputError(f"`{disease}` has no table of targets", path, remedy="name a file of targets with `--targets`")
    return path


def diseases_with_targets() -> tuple[str, ...]:
    """Every disease that has a bundled table of targets."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.csv") if "." not in path.stem))


def read_targets(path: Path) -> tuple[Target, ...]:
    """The rows of a table of targets; all problems of the file are told at once."""
    found = read_records(path, "targets", COLUMNS, "name a CSV file in UTF-8", _target)
    _refuse_doubles(found, path)
    return tuple(found)


def _target(row: dict[str, str]) -> Target:
    values = {name: _number(row, name) for name in NUMBERS}
    if values["value"] is None:
        raise InputError("the target has no value", value=row["name"], remedy="leave the row out")
    if row["role"] not in ROLES:
        raise InputError("the role is unknown", value=row["role"], remedy=f"use one of {', '.join(ROLES)}")
    texts = {name: row[name] for name in COLUMNS if name not in NUMBERS}
    return Target(**{**texts, **values, "internal": row["internal"] == "true"})


def _number(row: dict[str, str], name: str) -> float | None:
    if not row[name]:
        return None
    try:
        return float(row[name])
    except ValueError as error:
        raise InputError(f"`{name}` is no number", value=row[name], remedy="write a number or leave the cell empty") from error


def _refuse_doubles(found: list[Target], path: Path) -> None:
    names = [target.name for target in found]
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles:
        raise InputError("two targets have one name", path, ", ".join(doubles), "rename one")


def of_role(targets: tuple[Target, ...], *roles: str) -> tuple[Target, ...]:
    return tuple(target for target in targets if target.role in roles)


def digest(path: Path) -> str:
    """A hash of what a file says, whatever its line ends."""
    return blake2b(path.read_bytes().replace(b"\r\n", b"\n"), digest_size=12).hexdigest()


def with_value(target: Target, value: float) -> Target:
    """The same target at another value, for checks with made-up data."""
    return replace(target, value=float(np.clip(value, 0, 1)) if target.unit == "1" and target.kind == "proportion" else value)
