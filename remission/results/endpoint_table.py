"""The endpoints of a trial as one tidy table: what a terminal prints and a spreadsheet reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from remission.errors import InputError, nearest
from remission.results.names import FAMILIES
from remission.results.posterior import is_rate, is_time

COMPACT = {
    **dict.fromkeys(("treated", "orr", "orr_itt", "cr", "cri", "mrd_negative"), (None,)),
    "dor": (12, 24),
    "rfs": (12, 24, 36),
    "efs": (12, 24),
    "os": (12, 24, 36),
    "relapse.cd19_negative": (None,),
    **dict.fromkeys((f"toxicity.crs.{scale}.grade3plus" for scale in ("astct", "lee", "penn")), (None,)),
    "toxicity.icans.astct.grade3plus": (None,),
}
SCHEMA = {
    **dict.fromkeys(("arm", "endpoint"), pl.String),
    "month": pl.Int64,
    **dict.fromkeys(("value", "mcse", "low", "high", "model_low", "model_high"), pl.Float64),
    **dict.fromkeys(("x", "n"), pl.Int64),
}
Row = tuple[str, str, int | None, Mapping[str, Any]]


def endpoint_table(document: Mapping[str, Any], endpoint: str | None = None, full: bool = False) -> pl.DataFrame:
    """One row per arm, endpoint and month: share, Monte-Carlo error, a trial's interval and the model's. A median is in months."""
    rows = [row for arm, own in document["arms"].items() for row in _rows(arm, own)]
    if endpoint is not None:
        wanted = _keys(endpoint, list(dict.fromkeys(row[1] for row in rows)))
        rows = [row for row in rows if row[1] in wanted]
    elif not full:
        rows = [row for row in rows if row[2] in COMPACT.get(row[1], ())]
    return pl.DataFrame([_cells(*row) for row in rows], schema=SCHEMA, orient="row")


def _keys(endpoint: str, known: list[str]) -> list[str]:
    """The rows a name asks for: an endpoint of the scenario with its twins, or one path."""
    families = {name.lower(): keys for name, keys in FAMILIES.items()}
    wanted = [key for key in families.get(endpoint.strip().lower(), (endpoint,)) if key in known or f"{key}.median" in known]
    if not wanted:
        raise InputError(
            f"this result has no endpoint `{endpoint}`{nearest(endpoint, known)}", value=endpoint, remedy=f"use {', '.join(known)}"
        )
    return [*wanted, *(f"{key}.median" for key in wanted)]


def _rows(arm: str, document: Mapping[str, Any], path: str = "") -> Iterator[Row]:
    for key, value in document.items():
        name = f"{path}.{key}" if path else key
        if is_rate(value):
            yield arm, name, None, value
        elif is_time(value):
            yield arm, f"{name}.median", None, value | {"value": value["median"]}
            for month, rate in value["rates"].items():
                yield arm, name, int(month), rate
        elif isinstance(value, Mapping):
            yield from _rows(arm, value, name)


def _cells(arm: str, name: str, month: int | None, estimate: Mapping[str, Any]) -> tuple:
    model = estimate["model"] or (None, None)
    return arm, name, month, estimate["value"], estimate["mcse"], *estimate["trial"], *model, estimate.get("x"), estimate["n"]
