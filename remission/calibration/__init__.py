"""Calibration of a disease's population to its published targets, and the command that compares the two."""

from __future__ import annotations

from typing import Any

from remission.calibration.job import Sizes, calibrate

__all__ = ["Sizes", "calibrate", "validate"]


def validate(names: list[str] | None = None, progress: Any = None) -> Any:
    """The calibrated model against every published target; see `remission.validating`."""
    from remission.validating import validate as job

    return job(names, progress=progress)
