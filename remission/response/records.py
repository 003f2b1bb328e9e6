"""What happened to each patient, as one day per thing: the record that endpoints are read from.

In the patients: enrollment, infusion, response, relapse, transplant, another therapy, death with its cause, and the last time anybody
looked. All days are on one clock (0 is enrollment) and NaN stands for what did not happen.

Left out: second relapses, and several courses of one therapy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from remission.errors import InputError
from remission.response.arrays import Codes, Floats

DISEASE_CAUSES = ("leukemia", "disease", "progression")
"""Words of a `death_cause` column that mean the leukemia."""


@dataclass(frozen=True)
class Records:
    """What happened to each patient, arrays of one length; days on one clock (0 is enrollment), NaN for what did not happen."""

    patient: NDArray[Any]
    arm: NDArray[Any]
    enrollment_day: Floats
    infusion_day: Floats
    not_infused_day: Floats
    """The day it was certain that a patient would never be infused."""
    response_day: Floats
    no_response_day: Floats
    relapse_day: Floats
    relapse_cd19_negative: Codes
    """1 negative, 0 positive, -1 unknown or no relapse."""
    death_day: Floats
    death_from_leukemia: NDArray[np.bool_]
    transplant_day: Floats
    new_therapy_day: Floats
    last_contact_day: Floats
    """Data cut, dropout or death; nothing later is seen."""
    last_assessment_day: Floats
    """Last adequate look at the disease; NaN takes the last contact."""

    @classmethod
    def of(cls, table: pl.DataFrame | NDArray[Any] | Mapping[str, ArrayLike]) -> "Records":
        """Records from a polars table, a structured array or a mapping of columns; `last_contact_day` is required.

        Missing days are NaN, `enrollment_day` 0, `arm` empty, `patient` the row number. `death_cause` may stand for
        `death_from_leukemia`. Unknown columns are left alone.
        """
        columns = _columns(table)
        if "last_contact_day" not in columns:
            raise InputError("the records have no last contact", place="last_contact_day", remedy="give the data cut or the last visit")
        length = _length({name: value for name, value in columns.items() if name in {field.name for field in fields(cls)}})
        defaults = {"patient": np.arange(length), "arm": "", "enrollment_day": 0.0, "relapse_cd19_negative": -1}
        defaults["death_from_leukemia"] = np.isin(np.asarray(columns.get("death_cause", "")).astype(str), DISEASE_CAUSES)
        kinds = {"patient": None, "arm": None, "relapse_cd19_negative": np.int8, "death_from_leukemia": np.bool_}
        values = {}
        for field in fields(cls):
            raw = columns.get(field.name, defaults.get(field.name, np.nan))
            if field.name == "relapse_cd19_negative":
                raw = np.nan_to_num(np.asarray(raw, dtype=np.float64), nan=-1)
            values[field.name] = np.broadcast_to(np.asarray(raw, dtype=kinds.get(field.name, np.float64)), (length,))
        return cls(**values)


def _length(columns: Mapping[str, Any]) -> int:
    """The number of patients; single values stand for everybody."""
    lengths = {name: np.atleast_1d(np.asarray(value)).shape[0] for name, value in columns.items()}
    length = max(lengths.values())
    for name, found in lengths.items():
        if found not in (1, length):
            raise InputError("the column differs in length from the others", place=name, value=found, remedy=f"give {length} values or one")
    return length


def _columns(table: pl.DataFrame | NDArray[Any] | Mapping[str, ArrayLike]) -> dict[str, Any]:
    if isinstance(table, pl.DataFrame):
        return {name: table[name].to_numpy() for name in table.columns}
    if isinstance(table, np.ndarray):
        return {name: table[name] for name in table.dtype.names or ()}
    return dict(table)
