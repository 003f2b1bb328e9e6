"""Finished steps of a long job, kept in a folder so that a stopped one goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Steps:
    """A folder of results by name; each is JSON."""

    folder: Path

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What a step gave, computed only when it was not kept before."""
        path = self.folder / f"{name}.json"
        if path.exists():
            return json.loads(path.read_text(encoding="utf-8"))
        made = plain(make())
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".part")
        temporary.write_text(json.dumps(made), encoding="utf-8")
        temporary.replace(path)
        return json.loads(path.read_text(encoding="utf-8"))

    def note(self, line: str) -> None:
        """A line in the log of the job."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log.txt").open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def plain(value: Any) -> Any:
    """A value as JSON takes it: arrays as lists, what is not finite as null."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(one) for one in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value
