"""Units in which doses are prescribed, and what they come to in one patient.

A prescription by body weight, body surface or kidney function is resolved with the patient's covariates:
`weight_kg`, `height_cm`, `bsa_m2` (else Mosteller's formula), `gfr` (mL/min). A dose in the model is then in mg,
cells, PFU, IU, Gy or J/cm2, or counts courses of a combination taken as one.

Sources: Mosteller 1987, N Engl J Med 317:1098 (body surface); Calvert 1989, J Clin Oncol 7:1748 (carboplatin by AUC).
Left out: caps on body surface and on kidney function, which are rules of a protocol.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import InputError, nearest

Array = np.ndarray

_AMOUNT = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\d\s].*?)?\s*")
_AUC_FIRST = re.compile(r"\s*AUC\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*")
_CALVERT_NONRENAL = 25.0  # mL/min


@dataclass(frozen=True)
class DoseUnit:
    """A unit of prescription: `resolved` is the model's unit, `factor` converts to it, `per` names what it is counted by."""

    text: str
    resolved: str
    factor: float = 1.0
    per: str | None = None

    def scale(self, covariates: Mapping[str, Array | float]) -> Array | float:
        """What the prescribed number is multiplied by in each patient."""
        return self.factor * (1.0 if self.per is None else _PER[self.per](covariates))


def dose_unit(text: str) -> DoseUnit:
    """The unit a text names; `InputError` with the nearest one when doses are not prescribed in it."""
    written = text.strip().replace("²", "2").replace("^", "").replace("**", "").replace("µ", "u").replace("μ", "u").replace(" ", "")
    written = "courses" if written == "course" else re.sub(r"^cell(?=$|/)", "cells", written)
    if written not in DOSE_UNITS:
        raise InputError(f"doses are not given in `{text}`{nearest(written, DOSE_UNITS)}", remedy=f"use one of {', '.join(DOSE_UNITS)}")
    return DOSE_UNITS[written]


def split_amount(text: str) -> tuple[float, str | None]:
    """Number and unit of a text such as `30 mg/m2` or `AUC 5`; no unit when there is only a number."""
    by_exposure = _AUC_FIRST.fullmatch(text)
    match = by_exposure or _AMOUNT.fullmatch(text)
    if match is None:
        raise InputError("this is no amount", value=text, remedy="write a number and a unit such as `30 mg/m2`")
    return float(match[1]), "AUC" if by_exposure else match[2]


def body_surface(covariates: Mapping[str, Array | float]) -> Array | float:
    """Body surface in m2: given as `bsa_m2`, else by Mosteller from height and weight."""
    if "bsa_m2" in covariates:
        return covariates["bsa_m2"]
    height, weight = _covariate(covariates, "height_cm", "mg/m2"), _covariate(covariates, "weight_kg", "mg/m2")
    return np.sqrt(height * weight / 3600.0)


def _weight(covariates: Mapping[str, Array | float]) -> Array | float:
    return _covariate(covariates, "weight_kg", "mg/kg")


def _calvert(covariates: Mapping[str, Array | float]) -> Array | float:
    return _covariate(covariates, "gfr", "AUC") + _CALVERT_NONRENAL


def _covariate(covariates: Mapping[str, Array | float], name: str, example: str) -> Array | float:
    if name not in covariates:
        raise InputError(f"a dose in units such as `{example}` needs the patient's `{name}`", remedy=f"add the covariate `{name}`")
    return covariates[name]


_PER = {"weight": _weight, "surface": body_surface, "calvert": _calvert}
_MASSES = {"g": 1e3, "mg": 1.0, "ug": 1e-3, "ng": 1e-6}
_UNITS = (
    *(DoseUnit(name, "mg", factor) for name, factor in _MASSES.items()),
    *(DoseUnit(f"{name}/kg", "mg", factor, "weight") for name, factor in _MASSES.items()),
    *(DoseUnit(f"{name}/m2", "mg", factor, "surface") for name, factor in _MASSES.items()),
    DoseUnit("AUC", "mg", 1.0, "calvert"),
    DoseUnit("cells", "cell"),
    DoseUnit("cells/kg", "cell", 1.0, "weight"),
    DoseUnit("PFU", "PFU"),
    DoseUnit("PFU/kg", "PFU", 1.0, "weight"),
    DoseUnit("IU", "IU"),
    DoseUnit("IU/kg", "IU", 1.0, "weight"),
    DoseUnit("IU/m2", "IU", 1.0, "surface"),
    DoseUnit("Gy", "Gy"),
    DoseUnit("J/cm2", "J/cm2"),
    DoseUnit("courses", "1"),
)
DOSE_UNITS: dict[str, DoseUnit] = {unit.text: unit for unit in _UNITS}
