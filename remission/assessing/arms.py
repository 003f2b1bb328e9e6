"""What is said of each arm: response rates among all its patients, and times to events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from remission.response.criterion import Criterion
from remission.response.estimates import rate, time_estimate

Json = dict[str, Any]
RATES = {"orr": "responded", "cr": "complete", "dcr": "controlled"}
"""Columns of the patients that are counted; with confirmed responses their `_confirmed` twins."""
TIMES = ("dor", "pfs", "os")
OF_REMISSIONS = ("rfs", "efs")
"""Times that are asked for as well where the criterion knows remissions; its rate of disease control has no value."""


def arm_estimates(tables: Mapping[str, pl.DataFrame], criterion: Criterion, confirmed: bool) -> dict[str, Json]:
    """Every arm in order of the file. Patients who could not be evaluated stay in the denominator of rates.

    `confirmed` counts only responses that were confirmed. There is no simulation error (`mcse`) and no model behind measurements.
    """
    patients, times = tables["patients"], tables["times"]
    arms = patients["arm"].unique(maintain_order=True).to_list()
    return {arm: _arm(patients.filter(pl.col("arm") == arm), times.filter(pl.col("arm") == arm), criterion, confirmed) for arm in arms}


def _arm(patients: pl.DataFrame, times: pl.DataFrame, criterion: Criterion, confirmed: bool) -> Json:
    found: Json = {"n": patients.height}
    for key, column in RATES.items():
        if key == "dcr" and criterion.remissions:
            found[key] = {"value": None, "mcse": None, "trial": [None, None], "model": None, "x": None, "n": patients.height}
            continue
        counted = f"{column}_confirmed" if confirmed and f"{column}_confirmed" in patients.columns else column
        found[key] = _measured(rate(patients[counted].to_numpy()).json())
    for param in (*TIMES, *(OF_REMISSIONS if criterion.remissions else ())):
        rows = times.filter(pl.col("param") == param)
        found[param] = _measured(time_estimate(rows["days"].to_numpy(), rows["event"].to_numpy().astype(np.int8)).json())
    return found


def _measured(estimate: Json) -> Json:
    """An estimate of patients who were measured: the interval is the only uncertainty there is."""
    landmarks = {"rates": {month: _measured(one) for month, one in estimate["rates"].items()}} if "rates" in estimate else {}
    return {**estimate, "mcse": None, "model": None, **landmarks}
