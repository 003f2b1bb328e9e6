"""Estimates found in the JSON of a trial by the names that targets and tables use, and what those names mean."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from remission.durations import DAYS_PER_MONTH
from remission.plots.endpoints import COLUMNS
from remission.plots.published import whole_arm
from remission.plots.rounding import words

Json = Mapping[str, Any]

TITLES = {
    "orr": "Response (CR + CRi), of treated",
    "orr_itt": "Response (CR + CRi), of enrolled",
    "cr": "Complete response (CR), of treated",
    "cr_itt": "Complete response (CR), of enrolled",
    "cri": "CR with incomplete recovery (CRi), of treated",
    "cri_itt": "CR with incomplete recovery (CRi), of enrolled",
    "mrd_negative": "MRD-negative",
    "dor": "Duration of response (DoR)",
    "rfs": "Relapse-free survival (RFS)",
    "efs": "Event-free survival (EFS), of treated",
    "efs_itt": "Event-free survival (EFS), of enrolled",
    "pfs": "Progression-free survival (PFS)",
    "os": "Overall survival (OS), of treated",
    "os_itt": "Overall survival (OS), of enrolled",
    "dor_with_transplant": "DoR, transplant not censored",
    "rfs_with_transplant": "RFS, transplant not censored",
    "efs_with_transplant": "EFS, transplant not censored",
    "relapse_cd19_negative": "CD19-negative share of relapses",
    "relapse_cd19_positive": "CD19-positive share of relapses",
    "treated": "Treated, of enrolled",
    "dor_itt": "Duration of response (DoR), of enrolled",
    "efs_itt_with_transplant": "EFS of enrolled, transplant not censored",
    "cumulative_relapse": "Relapse, cumulative incidence",
    "cumulative_relapse_cd19_negative": "CD19-negative relapse, cumulative incidence",
    "cumulative_relapse_cd19_positive": "CD19-positive relapse, cumulative incidence",
    "death_in_remission": "Death in remission, cumulative incidence",
    "transplant": "Transplant in remission, cumulative incidence",
    "b_cell_recovery": "B-cell recovery, cumulative incidence",
    "tocilizumab": "Tocilizumab given",
    "steroid": "Steroid given",
}
SHORT = {
    "orr": "Response, of treated",
    "orr_itt": "Response, of enrolled",
    "cr": "CR, of treated",
    "cr_itt": "CR, of enrolled",
    "cri": "CRi, of treated",
    "cri_itt": "CRi, of enrolled",
    "dor": "DoR",
    "rfs": "RFS",
    "efs": "EFS, of treated",
    "efs_itt": "EFS, of enrolled",
    "pfs": "PFS",
    "os": "OS, of treated",
    "os_itt": "OS, of enrolled",
    "dor_with_transplant": "DoR, with transplant",
    "rfs_with_transplant": "RFS, with transplant",
    "efs_with_transplant": "EFS, with transplant",
    "cumulative_relapse": "Relapse",
    "cumulative_relapse_cd19_negative": "CD19-negative relapse",
    "cumulative_relapse_cd19_positive": "CD19-positive relapse",
    "transplant": "Transplant in remission",
    "b_cell_recovery": "B-cell recovery",
    "relapse_cd19_negative": "CD19-negative relapse share",
    "relapse_cd19_positive": "CD19-positive relapse share",
}
SHORT_HARMS = {"crs": "CRS", "icans": "ICANS", "neuro": "Neurotoxicity"}
SHORT_SEVERITY = {"any": "any grade", "grade3plus": "grade 3+", "grade4": "grade 4+"}
HARMS = {"crs": "Cytokine release", "icans": "ICANS", "neuro": "Neurotoxicity"}
SCALES = {"astct": "ASTCT", "lee": "Lee", "penn": "Penn", "ctcae": "CTCAE"}
SEVERITY = {"any": "any grade", "grade3plus": "grade 3 or worse", "grade4": "grade 4 or worse"}
TRIALS = {
    "eliana": "ELIANA",
    "ensign": "ENSIGN",
    "cibmtr": "CIBMTR",
    "juliet": "JULIET",
    "zuma3": "ZUMA-3",
    "mskcc": "MSKCC",
    "inovate": "INO-VATE",
    "tacl": "TACL",
    "prwcc": "PRWCC",
    "uk": "UK",
}
"""How trials write their own names; others are capitalized."""


@dataclass(frozen=True)
class Found:
    """A share of patients with its three uncertainties; `model` is None when no posterior was run."""

    value: float | None
    mcse: float | None
    trial: tuple[float | None, float | None]
    model: tuple[float | None, float | None] | None
    x: int | None
    n: int | None


def rate(estimate: Json) -> Found:
    model = estimate.get("model")
    low, high = estimate.get("trial") or (None, None)
    value = estimate.get("value", estimate.get("median"))
    return Found(value, estimate.get("mcse"), (low, high), tuple(model) if model else None, estimate.get("x"), estimate.get("n"))


def is_rate(estimate: object) -> bool:
    return isinstance(estimate, Mapping) and "value" in estimate and "mcse" in estimate


def is_time(estimate: object) -> bool:
    return isinstance(estimate, Mapping) and "rates" in estimate


def find(arm: Json, endpoint: str, month: float | None = None) -> Found | None:
    """The share a target speaks of, or None when this run has none; `crs.penn.any` looks into the toxicity of the arm."""
    estimate = arm.get(endpoint)
    if isinstance(estimate, Mapping) and is_rate(estimate):
        return rate(estimate)
    if isinstance(estimate, Mapping) and is_time(estimate):
        return _inside(estimate["rates"], f"{month:g}") if month is not None else None
    if endpoint.startswith("relapse_"):
        return _inside(arm.get("relapse"), endpoint.removeprefix("relapse_"))
    if endpoint == "treated":
        return _treated(arm)
    return _inside(arm.get("toxicity"), *endpoint.split("."))


def _inside(branch: object, *keys: str) -> Found | None:
    for key in keys:
        branch = branch.get(key) if isinstance(branch, Mapping) else None
    return rate(branch) if isinstance(branch, Mapping) and is_rate(branch) else None


def _treated(arm: Json) -> Found | None:
    enrolled, treated = arm["n"].get("enrolled"), arm["n"].get("treated")
    if not enrolled or treated is None:
        return None
    share = treated / enrolled
    return Found(share, (share * (1 - share) / enrolled) ** 0.5, (None, None), None, treated, enrolled)


def estimates(arm: Json) -> Iterator[tuple[str, Json]]:
    """The endpoints of an arm, those known first."""
    known = [key for key in TITLES if key in arm]
    for key in [*known, *(key for key in arm if key not in known)]:
        if is_rate(arm[key]) or is_time(arm[key]):
            yield key, arm[key]


def title(endpoint: str, month: float | None = None) -> str:
    """The endpoint in words, with the month when there is one."""
    parts = endpoint.split(".")
    if len(parts) == 3 and parts[0] in HARMS:
        said = f"{HARMS[parts[0]]}, {SCALES.get(parts[1], parts[1])}, {SEVERITY.get(parts[2], words(parts[2]).lower())}"
    else:
        said = TITLES.get(endpoint, words(endpoint))
    return said if month is None else f"{said}, {when(month)}"


def when(month: float) -> str:
    """A time after the start: `12 months`, or a day in the first weeks, as `day 28`."""
    return f"{month:g} months" if month >= 2 else f"day {month * DAYS_PER_MONTH:.0f}"


def short_title(endpoint: str, month: float | None = None) -> str:
    """A title short enough for a label: the abbreviation where clinicians use one."""
    parts = endpoint.split(".")
    if len(parts) == 3 and parts[0] in HARMS:
        return f"{SHORT_HARMS[parts[0]]} {SHORT_SEVERITY.get(parts[2], words(parts[2]).lower())}, {SCALES.get(parts[1], parts[1])}"
    said = SHORT.get(endpoint, TITLES.get(endpoint, words(endpoint)))
    return said if month is None else f"{said}, {when(month)}"


def trial_name(target: str) -> str:
    """The trial a target comes from: `eliana.orr` is ELIANA."""
    first = target.split(".")[0]
    return TRIALS.get(first, words(first))


def citation(source: str | None) -> str:
    """`laetsch2023` as `Laetsch 2023`."""
    if not source:
        return "source not given"
    name = source.rstrip("abcdefghijklmnopqrstuvwxyz") or source
    year = name[-4:]
    return f"{words(name[:-4])} {year}" if year.isdigit() and name[:-4] else words(source)


def compared(targets: pl.DataFrame, arms: Mapping[str, Json], arm: str) -> pl.DataFrame:
    """Targets of an arm that this run has a share for, with that share; the columns `endpoints_versus_published` draws."""
    rows = []
    for row in whole_arm(targets).filter(pl.col("arm") == arm).iter_rows(named=True):
        share = find(arms[arm], row["endpoint"], row["month"])
        if (
            row["role"] == "context"
            or share is None
            or share.value is None
            or row.get("subgroup") not in (None, "", "responders", "enrolled", "relapsed")
        ):
            continue
        label = f"{short_title(row['endpoint'], row['month'])} · {trial_name(row['name'])}"
        published = (row["value"], row["low"], row["high"], row["n"], citation(row["source"]), row["inside"])
        rows.append((row["name"], label, row["role"], share.value, *share.trial, *published))
    kinds = dict.fromkeys(COLUMNS, pl.Float64) | dict.fromkeys(("name", "label", "role", "source"), pl.String)
    kinds |= {"n": pl.Int64, "inside": pl.Boolean}
    return pl.DataFrame(rows, schema=kinds, orient="row")
