"""What one arm of a virtual trial leaves behind, patient by patient, before any statistic."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

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
    cmax, tmax: peak of engineered cells in blood (cell/uL) and its day from infusion. level: [N, V] level at the days `level_day` [V]
    from infusion. persistence: day from infusion of the last level above the assay's limit.
    grades: {"crs": {"astct": [N], "lee": ..., "penn": ...}, "icans": {"astct": ...}, "neurotoxicity": {"ctcae": ...}}, worst grade 0-5.
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
