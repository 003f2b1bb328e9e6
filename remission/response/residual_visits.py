"""Measurable residual disease over the visits of a patient: negative, positive, and coming back while the microscope still sees nothing.

In the patient: each reading is judged by the limit of the disease and by what it could see (`residual_disease`). In a remission a tenfold
rise over the lowest reading that is positive, seen in two readings in a row, is a relapse of residual disease.

Represented: arrays patients by visits. A reading below what can be seen counts as just seen, so that a rise has something to rise from.
Left out: different methods and materials at different visits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remission.response import residual_disease
from remission.response.arrays import Flags, Floats
from remission.response.leukemia_words import Residual
from remission.response.rules import TOLERANCE, Rule, read_rules
from remission.response.scans import Scans

Reasons = NDArray[np.int16]
OWN: Mapping[str, Rule] = read_rules(Path(__file__).with_name("leukemia_visits.csv"))


def read_residual(scans: Scans, remission: Flags, options: Mapping[str, Any]) -> tuple[Reasons, Mapping[str, Floats]]:
    """A `Residual` per visit, and the numbers; `mrd_relapse` is 1 at a reading that confirms a relapse of residual disease alone.

    `remission`: visits in or after a remission that show no leukemia under the microscope. Options: disease, mrd_limit, mrd_events.
    """
    read = np.where(scans.later, scans.finding("mrd"), np.nan)
    limit = options["mrd_limit"] or OWN["myeloid_limit" if options["disease"] == "aml" else "lymphoblastic_limit"].value
    rules = {**residual_disease.RULES, "limit": replace(residual_disease.RULES["limit"], value=limit)}
    found = residual_disease.judge_residual_disease(read, options["mrd_events"], rules)
    floor = rules["cluster"].value / options["mrd_events"] if options["mrd_events"] else np.inf
    confirmed, day = _residual_relapse(scans.day, read, limit, floor, remission)
    told = np.select(
        [np.isnan(read), confirmed, ~found.evaluable, ~found.negative, found.detectable],
        [Residual.UNKNOWN, Residual.RELAPSE, Residual.BLIND, Residual.POSITIVE, Residual.NEGATIVE_SEEN],
        Residual.NEGATIVE,
    )
    numbers = {
        "mrd": read,
        "mrd_limit": np.full(read.shape, limit),
        "mrd_negative": np.where(found.evaluable, found.negative, np.nan),
        "mrd_relapse": confirmed.astype(np.float64),
        "mrd_relapse_day": day,
    }
    return told.astype(np.int16), numbers


def _residual_relapse(day: Floats, read: Floats, limit: float, floor: float, remission: Flags) -> tuple[Flags, Floats]:
    """Readings in remission that confirm a tenfold, positive rise over the lowest one before it, and the day it was first read.

    A reading below what can be seen counts as just seen; the rise must be there in two readings in a row.
    """
    shape = read.shape[0]
    lowest, begun, bar = np.full(shape, np.inf), np.full(shape, np.nan), np.full(shape, np.inf)
    confirmed, dated = np.zeros(read.shape, dtype=bool), np.full(read.shape, np.nan)
    for visit in range(read.shape[1]):
        known = ~np.isnan(read[:, visit]) & remission[:, visit]
        value = np.maximum(np.where(known, read[:, visit], np.nan), floor)
        high = known & (value >= np.where(np.isnan(begun), np.maximum(OWN["relapse_ratio"].value * lowest, limit), bar) * (1 - TOLERANCE))
        confirmed[:, visit] = high & ~np.isnan(begun)
        dated[:, visit] = np.where(confirmed[:, visit], begun, np.nan)
        started = high & np.isnan(begun)
        bar = np.where(started, np.maximum(OWN["relapse_ratio"].value * lowest, limit), bar)
        begun = np.where(started, day[:, visit], np.where(known & ~high, np.nan, begun))
        lowest = np.where(known, np.minimum(lowest, value), lowest)
    return confirmed, dated
