"""What a calibration leaves in the package: a population table, posterior draws, and the account of how they came about.

`diseases/D.population.csv` is laid over the disease's table whenever the disease is built. `validation/D.posterior.csv` has one row a
draw, one column a key of `--set`. `validation/D.calibration.json` holds everything that was said and measured on the way, with hashes of
the tables it used, so that a test can tell when one has changed.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from remission.calibration.free_parameters import Free
from remission.calibration.targets import FOLDER, digest
from remission.errors import InputError
from remission.parameters import ParameterSet

PACKAGE = FOLDER.parent
POPULATION_COLUMNS = ("name", "value", "unit", "per", "distribution", "low", "high", "evidence", "source", "meaning")
AGAIN = "run `remission calibrate {name} --out DIR`, then copy what DIR/package holds into the package"


def population_path(name: str) -> Path:
    return PACKAGE / "diseases" / f"{name}.population.csv"


def posterior_path(name: str) -> Path:
    return FOLDER / f"{name}.posterior.csv"


def account_path(name: str) -> Path:
    return FOLDER / f"{name}.calibration.json"


def population_rows(parameters: ParameterSet, free: Sequence[Free], x: np.ndarray, cuts: Mapping[str, float]) -> list[dict[str, str]]:
    """The rows of the population table: free numbers at a point, and the frozen cut points."""
    values = {one.key: float(f"{one.outward(float(value)):.5g}") for one, value in zip(free, x, strict=True)}
    changed = parameters.with_values(values, "calibration")
    rows = []
    for key in dict.fromkeys(one.parameter for one in free):
        row = changed.rows[key]
        law = row.law.text() if any(one.parameter == key and one.aspect == "sd" for one in free) else ""
        rows.append(_row(key, row.number, law))
    return [*rows, *(_row(key, value, "") for key, value in cuts.items())]


def _row(key: str, value: float, law: str) -> dict[str, str]:
    cells = dict.fromkeys(POPULATION_COLUMNS, "")
    return cells | {"name": key, "value": f"{value:.5g}", "distribution": law, "evidence": "calibrated"}


def write_population(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer: csv.DictWriter[str] = csv.DictWriter(file, POPULATION_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_draws(path: Path, free: Sequence[Free], points: np.ndarray) -> None:
    """Draws [D, P] as numbers of the patient; the first row is the calibrated point."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([one.key for one in free])
        for point in points:
            writer.writerow([f"{one.outward(float(x)):.6g}" for one, x in zip(free, point, strict=True)])


def read_draws(name: str) -> list[dict[str, float]]:
    """The posterior draws of a disease as values by key of `--set`; the first is the calibrated point. Empty without a calibration."""
    path = posterior_path(name)
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def read_account(name: str) -> dict[str, Any]:
    """The stored account of a calibration; `InputError` with the remedy when there is none."""
    path = account_path(name)
    if not path.exists():
        raise InputError(f"`{name}` has not been calibrated", path, remedy=AGAIN.format(name=name))
    return json.loads(path.read_text(encoding="utf-8"))


@cache
def model_draws(name: str) -> dict[str, dict[str, list[float | None]]]:
    """Estimates over posterior draws by arm and path (`results.posterior`), for `model` intervals. Empty without a calibration."""
    return read_account(name)["model_draws"] if account_path(name).exists() else {}


def table_hashes(parameters: ParameterSet, more: Iterable[Path] = ()) -> dict[str, str]:
    """Hashes of every table the numbers came from (the population's own left out) and of other files, by path in the package."""
    used = {_file_of(said.place) for row in parameters.rows.values() for said in row.layers} | {*more}
    found = {path.relative_to(PACKAGE).as_posix(): digest(path) for path in used if path is not None and path.is_relative_to(PACKAGE)}
    return {name: found[name] for name in sorted(found) if not name.endswith(".population.csv")}


def _file_of(place: str) -> Path | None:
    """The table that a row's place (`therapies/car_t.csv row 16`) names."""
    path = PACKAGE / place.partition(" row ")[0]
    return path if path.suffix == ".csv" and path.exists() else None


def stale(name: str, hashes: Mapping[str, str]) -> list[str]:
    """What a stored calibration did not use as it is now, with the remedy; empty when it is up to date."""
    stored = read_account(name)["tables"]
    changed = sorted(key for key in {*stored, *hashes} if stored.get(key) != hashes.get(key))
    return [f"{key} changed after the calibration of `{name}`; {AGAIN.format(name=name)}" for key in changed]
