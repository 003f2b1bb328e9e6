"""A result taken apart once, for every part of the report."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from remission.plots.rounding import count

ASSUMED_SCHEMA = {"value": pl.Float64, **dict.fromkeys(("key", "unit", "source", "meaning"), pl.String)}
TARGET_SCHEMA = {
    **dict.fromkeys(("name", "arm", "endpoint", "source", "role"), pl.String),
    **dict.fromkeys(("month", "value", "low", "high"), pl.Float64),
    "n": pl.Int64,
    "inside": pl.Boolean,
}


@dataclass(frozen=True)
class Contents:
    """A result taken apart once: its document, its tables, the titles of its arms in order."""

    result: Any
    document: Mapping[str, Any]
    tables: Mapping[str, pl.DataFrame]
    arms: dict[str, str]
    designed: Mapping[str, int]

    @property
    def estimates(self) -> Mapping[str, Any]:
        return self.document["arms"]

    @property
    def targets(self) -> pl.DataFrame:
        return self.tables["targets"]

    def table(self, name: str) -> pl.DataFrame | None:
        """A table, or None when the run has none or it is empty."""
        found = self.tables.get(name)
        return None if found is None or found.is_empty() else found


def contents(result: Any, designed: Mapping[str, int] | None = None) -> Contents:
    """Take a result apart; `designed` patients per arm default to the design sizes of the result, if it has any."""
    document = result.json()
    titles = {arm.key: arm.title for arm in result.scenario.arms if arm.key in document["arms"]}
    tables = dict(result.tables)
    tables["targets"] = _whole(tables.get("targets"), TARGET_SCHEMA)
    if "assumed" in tables:
        tables["assumed"] = _whole(tables["assumed"], ASSUMED_SCHEMA)
    of_design = designed or (getattr(result, "facts", None) or {}).get("design_sizes") or {}
    return Contents(result, document, tables, titles, of_design)


def _whole(table: pl.DataFrame | None, schema: Mapping[str, Any]) -> pl.DataFrame:
    """The table with every column of the schema; what it lacks is null."""
    if table is None:
        return pl.DataFrame(schema=schema)
    return table.with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in schema.items() if name not in table.columns)


def sizes(given: Contents) -> str:
    """The designed numbers of patients in words."""
    numbers = [given.designed[arm] for arm in given.arms if given.designed.get(arm)]
    if len(set(numbers)) <= 1:
        return f"{count(numbers[0])} patients per arm" if numbers else "as many patients as were simulated"
    return f"{', '.join(count(number) for number in numbers)} patients in the arms"
