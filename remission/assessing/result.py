"""What an assessment found: four tidy tables, the estimates of the arms, and the document, pictures and files made of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl

from remission import run_directory
from remission.assessing import tables as adam
from remission.assessing.document import patients_document
from remission.errors import InputError, nearest
from remission.response.scan_endpoints import DEFINITIONS
from remission.version import VERSION

SCHEMA = 1
KIND = "assessment"
RESULT = "result.json"
INTENDED_USE = (
    "Research use only. Measurements as they were given, judged by a named criterion with the options listed: not for diagnosis, for "
    "choosing a treatment, or for any other decision about the care of a patient."
)
TITLES = {key: one.title for key, one in DEFINITIONS.items()}
FIGURES = ("waterfall", "spider", "swimmer", "timeline")


@dataclass(frozen=True, eq=False)
class Assessment:
    """Measurements judged by a criterion. Research use only.

    criterion: its name; options: every option in force; tables: polars tables `patients`, `visits`, `lesions`, `times`; arms: estimates
    of each arm; facts: names of files, version, unit of the burden.
    """

    criterion: str
    options: Mapping[str, Any]
    tables: Mapping[str, pl.DataFrame] = field(repr=False)
    arms: Mapping[str, Any] = field(repr=False)
    notes: Sequence[str] = field(repr=False)
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def json(self) -> dict[str, Any]:
        """The document of `assess --json`."""
        return {
            "criteria": self.criterion,
            "unit": self.facts.get("unit", "mm"),
            "options": dict(self.options),
            "version": self.facts.get("version", VERSION),
            "intended_use": self.intended_use,
            "patients": patients_document(self.tables),
            "arms": {arm: dict(found) for arm, found in self.arms.items()},
            "notes": list(self.notes),
        }

    @property
    def intended_use(self) -> str:
        """What an assessment is for, and what it is not for."""
        return INTENDED_USE

    @cached_property
    def adam(self) -> dict[str, pl.DataFrame]:
        """ADaM-like tables: `adsl`, `adtr`, `adrs`, `adtte`."""
        return adam.adam(self.tables, self.facts)

    def table(self, name: str = "patients") -> pl.DataFrame:
        """A table by name: `patients`, `visits`, `lesions`, `times`, `arms`, or `adsl`, `adtr`, `adrs`, `adtte`."""
        if name == "arms":
            return _arms_table(self.arms)
        if name in self.tables:
            return self.tables[name]
        if name in adam.NAMES:
            return self.adam[name]
        known = [*self.tables, "arms", *adam.NAMES]
        raise InputError(f"there is no table `{name}`{nearest(name, known)}", "table", remedy=f"use {', '.join(known)}")

    def plot(self, name: str = "waterfall", patient: str | None = None) -> Any:
        """A figure: `waterfall`, `spider`, `swimmer`, `timeline` of one `patient`, or a time to an event such as `pfs`."""
        plots, titles = import_module("remission.plots"), {arm: arm for arm in self.arms}
        folded = name.strip().lower()
        if folded in TITLES:
            return plots.kaplan_meier(self.tables["times"], folded, titles, name=TITLES[folded], censoring=True)
        if folded == "timeline":
            return self._timeline(plots, patient)
        if folded not in FIGURES:
            known = [*FIGURES, *TITLES]
            raise InputError(f"there is no figure `{name}`{nearest(folded, known)}", "plot", remedy=f"use {', '.join(known)}")
        if folded == "waterfall":
            return plots.waterfall(self.tables["patients"], titles, self.lines)
        if folded == "spider":
            return plots.spider(self.tables["patients"], self.tables["visits"], titles, self.lines)
        return plots.swimmer(self.tables["patients"], self.tables["visits"], titles)

    def _timeline(self, plots: Any, patient: str | None) -> Any:
        known = self.tables["patients"]["patient"].to_list()
        if patient not in known:
            near = nearest(patient, known) if patient else ""
            raise InputError(f"there is no patient `{patient}`{near}", "plot", remedy="name one, as in .plot('timeline', patient=ID)")
        own = {name: self.tables[name].filter(pl.col("patient") == patient) for name in ("patients", "visits", "lesions")}
        return plots.timeline(own["patients"], own["visits"], own["lesions"], self.facts.get("unit", "mm"))

    @property
    def lines(self) -> tuple[float, ...]:
        """Changes of the burden in percent that count as progression or response, drawn as lines in figures."""
        return tuple(self.facts.get("lines") or ())

    def save(self, folder: str | Path) -> None:
        """Write a self-contained run directory: the document, the tables as Parquet, the ADaM-like ones as CSV too."""
        place = Path(folder)
        run_directory.prepare(place)
        told = {"schema": SCHEMA, "kind": KIND, "state": "finished", "tables": list(self.tables), "criteria": self.criterion}
        found = {"options": dict(self.options), "arms": dict(self.arms), "notes": list(self.notes), "facts": dict(self.facts)}
        use = {"intended_use": INTENDED_USE}
        try:
            for name, table in self.tables.items():
                table.write_parquet(place / f"{name}.parquet", metadata=use)
            adam.write(self.adam, place / "adam", use)
            (place / RESULT).write_text(json.dumps(self.json(), allow_nan=False, ensure_ascii=False), encoding="utf-8")
            run_directory.write_marker(place, {**told, **found})
        except OSError as error:
            raise InputError(f"the result cannot be written: {error.strerror}", place, remedy="name another folder with `--out`") from error

    @classmethod
    def load(cls, folder: str | Path) -> Assessment:
        """The assessment in a run directory; `InputError` when there is none."""
        place, facts = Path(folder), run_directory.read_marker(Path(folder))
        if facts.get("kind") != KIND:
            raise InputError("the folder holds no assessment", place, remedy="name the folder that `remission assess --out` wrote")
        if facts.get("schema") != SCHEMA:
            raise InputError("the assessment was saved by another version", place, facts.get("schema"), "assess the measurements again")
        told: dict[str, Any] = dict(facts)
        try:
            tables = {name: pl.read_parquet(place / f"{name}.parquet") for name in told["tables"]}
            return cls(told["criteria"], told["options"], tables, told["arms"], told["notes"], told["facts"])
        except (OSError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
            raise InputError(f"the saved assessment cannot be read: {error}", place, remedy="assess the measurements again") from error


def _arms_table(arms: Mapping[str, Any]) -> pl.DataFrame:
    """Rates as shares, times as medians in months, each with its 95 % interval."""
    rows = []
    for arm, found in arms.items():
        for endpoint, estimate in found.items():
            if endpoint == "n":
                continue
            low, high = estimate["trial"]
            value = estimate.get("value", estimate.get("median"))
            rows.append((arm, endpoint, value, low, high, estimate.get("x", estimate.get("events")), estimate["n"]))
    kinds = {
        "arm": pl.String,
        "endpoint": pl.String,
        "value": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "x": pl.Int64,
        "n": pl.Int64,
    }
    return pl.DataFrame(rows, schema=kinds, orient="row")
