"""The result of a benchmark: JSON for programs, a table for the terminal, and a folder with both and the figures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars

from remission import run_directory
from remission.benchmark import report
from remission.printing import json_text


@dataclass(frozen=True)
class BenchmarkResult:
    """What was measured, as the document that `--json` prints."""

    document: dict[str, Any]

    def json(self) -> dict[str, Any]:
        return self.document

    @property
    def notes(self) -> list[str]:
        """Who was not compared, and why."""
        return [f"{name}: {why}" for name, why in self.document["not_compared"].items()]

    def table(self) -> polars.DataFrame:
        """One row for each contestant of each problem."""
        return polars.DataFrame(report.rows(self.document), schema=report.COLUMNS, orient="row")

    def save(self, directory: Path) -> None:
        """Write `benchmark.json`, `benchmark.md` and a work-precision figure for each problem."""
        run_directory.prepare(directory)
        plain = json.loads(json_text(self.document))
        (directory / "benchmark.json").write_text(json.dumps(plain, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (directory / "benchmark.md").write_text(report.markdown(plain), encoding="utf-8")
        for name, figure in report.figures(plain).items():
            figure.save(directory / name)
