"""The document of `assess --json`: patients in order of the file, each with its visits, made of the tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from remission.assessing.words import whole

Json = dict[str, Any]
DAYS = ("response_day", "confirmed_response_day", "progression_day")


def patients_document(tables: Mapping[str, pl.DataFrame]) -> dict[str, Json]:
    """Every patient by name."""
    patients = tables["patients"]
    columns = {name: _plain(patients[name]) for name in patients.columns}
    visits = _visits(tables["visits"])
    ends = patients["visits_held"].cum_sum().to_list()
    found, first = {}, 0
    for row, (patient, end) in enumerate(zip(columns["patient"], ends, strict=True)):
        found[patient] = _patient(columns, row) | {"visits": visits[first:end]}
        first = end
    return found


def _patient(columns: Mapping[str, list[Any]], row: int) -> Json:
    return {
        "arm": columns["arm"][row],
        "best": columns["best"][row],
        "best_confirmed": columns["best_confirmed"][row],
        "best_change": columns["best_change"][row],
        **{name: columns[name][row] for name in DAYS},
        "pfs_day": columns["pfs_days"][row],
        "pfs_event": columns["pfs_event"][row],
        "pfs_reason": columns["pfs_reason"][row],
        "dor_days": columns["dor_days"][row],
        "dor_event": columns["dor_event"][row],
        "dor_reason": columns["dor_reason"][row],
        "os_day": columns["os_days"][row],
        "os_event": columns["os_event"][row],
        "os_reason": columns["os_reason"][row],
        "refractory": {
            "class": columns["refractory_class"][row],
            "criterion": columns["refractory_criterion"][row],
            "why": columns["refractory_why"][row],
        },
    }


def _visits(visits: pl.DataFrame) -> list[Json]:
    names = ("day", "sum_mm", "nadir_mm", "target", "non_target", "new", "overall", "rule")
    return [
        {
            "day": day,
            "sum_mm": burden,
            "nadir_mm": nadir,
            "target": target,
            "non_target": other,
            "new": new,
            "overall": overall,
            "rule": rule,
        }
        for day, burden, nadir, target, other, new, overall, rule in zip(*(_plain(visits[name]) for name in names), strict=True)
    ]


def _plain(column: pl.Series) -> list[Any]:
    values = column.to_list()
    return whole(values) if column.name == "day" or column.name.endswith(("_day", "_days")) else values
