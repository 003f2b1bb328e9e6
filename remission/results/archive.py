"""A result as a folder, and back: `result.json`, one Parquet file per table, and `run.json`, which says what made them.

`run.json` holds schema number, seed, versions, the text of the scenario and its value, tolerances and everything else the run was given,
so that the folder needs nothing from elsewhere. Reading gives the same document and the same tables.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from remission import run_directory
from remission.errors import InputError
from remission.model.dose_rows import Band, Dose
from remission.model.regimen import Regimen
from remission.protocol_rules import Condition, Rule
from remission.scenario import ArmSpec, PopulationSpec, ProtocolSpec, Scenario

SCHEMA = 1
RESULT = "result.json"
KIND = "trial"
VALUES = {kind.__name__: kind for kind in (Scenario, ArmSpec, PopulationSpec, ProtocolSpec, Regimen, Dose, Band, Rule, Condition)}


def write(
    folder: Path, document: Mapping[str, Any], tables: Mapping[str, pl.DataFrame], scenario: Scenario, facts: Mapping[str, Any]
) -> None:
    """Write a result into a folder of its own; tables of an earlier result there are replaced, other files of the run are kept."""
    run_directory.prepare(folder, resume=True)
    try:
        for old in folder.glob("*.parquet"):
            old.unlink()
        for name, table in tables.items():
            table.write_parquet(folder / f"{name}.parquet")
        (folder / RESULT).write_text(_text(document), encoding="utf-8")
        told = {"schema": SCHEMA, "kind": KIND, "state": "finished", "tables": list(tables), "scenario": packed(scenario), **facts}
        run_directory.write_marker(folder, {**_kept(folder), **told})
    except OSError as error:
        raise InputError(f"the result cannot be written: {error.strerror}", folder, remedy="name another folder with `--out`") from error


def read(folder: Path) -> tuple[dict[str, Any], dict[str, pl.DataFrame], Scenario, dict[str, Any]]:
    """The document, the tables, the scenario and the facts of a saved result; `InputError` when the folder holds none of this schema."""
    facts: dict[str, Any] = dict(run_directory.read_marker(folder))
    remedy = "name the folder of a finished trial"
    if facts.get("kind") != KIND:
        raise InputError("the folder holds no result of a trial", folder, remedy=remedy)
    if facts.get("schema") != SCHEMA:
        raise InputError("the result was saved by another version", folder, facts.get("schema"), "run the trial again")
    try:
        document = json.loads((folder / RESULT).read_text(encoding="utf-8"))
        tables = {name: pl.read_parquet(folder / f"{name}.parquet") for name in facts["tables"]}
        return document, tables, unpacked(facts["scenario"]), facts
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        raise InputError(f"the saved result cannot be read: {error}", folder, remedy=remedy) from error


def plain(value: Any) -> Any:
    """Values as JSON knows them: numbers that are not finite become null, tuples and arrays lists."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def packed(value: Any) -> Any:
    """A scenario and its parts as JSON that keeps types, and infinities; the path of the file stays behind."""
    if is_dataclass(value) and type(value).__name__ in VALUES:
        inner = {field.name: packed(getattr(value, field.name)) for field in fields(value) if field.name != "path"}
        return {"type": type(value).__name__, "fields": inner}
    if isinstance(value, tuple | list):
        return [packed(inner) for inner in value]
    if isinstance(value, Mapping):
        return {"type": "mapping", "fields": {str(key): packed(inner) for key, inner in value.items()}}
    if isinstance(value, np.generic):
        return packed(value.item())
    return {"type": "number", "fields": str(value)} if isinstance(value, float) and not math.isfinite(value) else value


def unpacked(value: Any) -> Any:
    """The value that `packed` was given, lists as tuples."""
    if isinstance(value, list):
        return tuple(unpacked(inner) for inner in value)
    if not isinstance(value, dict):
        return value
    kind, inner = value["type"], value["fields"]
    if kind == "number":
        return float(inner)
    parts = {name: unpacked(part) for name, part in inner.items()}
    if kind == "mapping":
        return parts
    if kind == "Regimen":
        return Regimen.of(parts["rows"])
    return VALUES[kind](**parts)


def _kept(folder: Path) -> dict[str, Any]:
    """Facts the run itself noted in the folder."""
    return {key: value for key, value in run_directory.read_marker(folder).items() if key not in ("program", "version")}


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, allow_nan=False, ensure_ascii=False, indent=1)
