"""What one arm of a virtual trial leaves behind, patient by patient, before any statistic."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from remission.errors import InputError
from remission.response.records import Records


@dataclass(frozen=True)
class ArmRun:
    """One arm, arrays of length N (enrolled patients, in the order of the cohort); days on the clock of enrollment, NaN for never.

    key, title: the arm. note: said with every figure of the arm (an extrapolation), else None.
    records: days of response, relapse, death, transplant and contact (`response.records`).
    response: `response.leukemia.Response` code of the best kept response; 0 where never treated.
    residual_negative: 1 residual disease below its limit at or after the response, 0 not, NaN not read.
    treated, evaluable: infused (or begun on the arm's therapy); reached the first response assessment or died of the disease before.
    status: `engine.layout.Status` code of the solver; failures are counted, never dropped.
    cause: cause of death in words, "" while alive. not_treated: reason in words, "" when treated.
    dose: first dose of the arm's cells (0 where there are none), in cells. covariates: age, weight_kg, ...
    burden: marrow blast fraction measured last before treatment (or at enrollment where never treated).
    exposure: fludarabine exposure, mg h/L (NaN without).
    cmax, tmax: peak of engineered cells in blood (cell/uL) in the first expansion, to day 40, and its day from infusion.
    level: [N, V] level at the days `level_day` [V] from infusion. persistence: day from infusion of the last level above
    the assay's limit, or of the last look (relapse, death, transplant, contact) where cells were still found.
    grades: {"crs": {"astct": [N], "lee": ..., "penn": ...}, "icans": {"astct": ...}, "neurotoxicity": {"ctcae": ...}}, worst grade 0-5.
    severity: highest latent severity {"crs": [N], "neurotoxicity": [N]}, which every scale cuts at its own points (NaN: not treated).
    crs_onset, crs_end: days from infusion. tocilizumab, steroid: whether given. b_cell_recovery: day from infusion.
    relapse_site: "marrow", "extramedullary", "both" or "".
    """

    key: str
    title: str
    note: str | None
    records: Records
    response: np.ndarray
    residual_negative: np.ndarray
    treated: np.ndarray
    evaluable: np.ndarray
    status: np.ndarray
    cause: np.ndarray
    not_treated: np.ndarray
    dose: np.ndarray
    burden: np.ndarray
    exposure: np.ndarray
    cmax: np.ndarray
    tmax: np.ndarray
    level_day: np.ndarray
    level: np.ndarray
    persistence: np.ndarray
    crs_onset: np.ndarray
    crs_end: np.ndarray
    tocilizumab: np.ndarray
    steroid: np.ndarray
    b_cell_recovery: np.ndarray
    relapse_site: np.ndarray
    grades: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    covariates: dict[str, np.ndarray] = field(default_factory=dict)
    severity: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.treated)


def flatten(run: ArmRun) -> dict[str, np.ndarray]:
    """Every array of an arm under a flat name; texts as fixed-width strings, so that they are saved without pickling."""
    return {name: array.astype(str) if array.dtype == object else array for name, array in _flat(run).items()}


def _flat(run: ArmRun) -> dict[str, np.ndarray]:
    flat = {f"records.{f.name}": getattr(run.records, f.name) for f in fields(Records)}
    flat |= {f"grades.{event}.{scale}": grade for event, scales in run.grades.items() for scale, grade in scales.items()}
    flat |= {f"covariates.{name}": values for name, values in run.covariates.items()}
    flat |= {f"severity.{name}": values for name, values in run.severity.items()}
    for f in fields(ArmRun):
        value = getattr(run, f.name)
        if isinstance(value, np.ndarray):
            flat[f.name] = value
    return flat


def words(texts: np.ndarray) -> np.ndarray:
    """The same texts [N] as objects that equal texts share, eight bytes each."""
    if not texts.size:
        return texts.astype(object)
    found, place = np.unique(texts.astype(str), return_inverse=True)
    return found.astype(object)[place]


def _built(flat: dict[str, np.ndarray], key: str, title: str, note: str | None) -> ArmRun:
    grades: dict[str, dict[str, np.ndarray]] = {}
    for name in flat:
        if name.startswith("grades."):
            _, event, scale = name.split(".")
            grades.setdefault(event, {})[scale] = flat[name]
    plain: dict[str, Any] = {name: words(array) if array.dtype.kind == "U" else array for name, array in flat.items() if "." not in name}
    inner = {name.split(".", 1)[1]: array for name, array in flat.items() if name.startswith("records.")}
    covariates, severity = (_group(flat, name) for name in ("covariates.", "severity."))
    records = Records(**{**inner, "arm": np.broadcast_to(np.array(key), len(inner["patient"]))})
    return ArmRun(key=key, title=title, note=note, records=records, grades=grades, covariates=covariates, severity=severity, **plain)


def _group(flat: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): array for name, array in flat.items() if name.startswith(prefix)}


def joined(runs: Sequence[ArmRun]) -> ArmRun:
    """Parts of one arm, one after another."""
    parts = [_flat(run) for run in runs]
    shared = ("level_day",)
    flat = {name: parts[0][name] if name in shared else np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return _built(flat, runs[0].key, runs[0].title, runs[0].note)


def save_part(run: ArmRun, path: Path) -> None:
    """Write a part of an arm in one step: a stopped run leaves whole parts only."""
    temporary = path.with_suffix(".part.npz")
    arrays: dict[str, Any] = flatten(run)
    np.savez(temporary, **arrays)
    temporary.replace(path)


def load_part(path: Path, key: str, title: str, note: str | None) -> ArmRun:
    """Read a part that `save_part` wrote; `InputError` when it is damaged."""
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            return _built({name: arrays[name] for name in arrays.files}, key, title, note)
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InputError("the part of a run cannot be read", path, remedy="remove it and go on with `--resume`") from error
