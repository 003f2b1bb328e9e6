"""Atezolizumab or docetaxel in lung cancer: response, progression and survival of the patients of OAK and POPLAR, by arm and by marker.

Reads the table of Gandara 2018 (Nature Medicine, doi:10.1038/s41591-018-0134-3, supplementary table 8) as `patients.csv` with the columns
trial, arm, pdl1_tc1_ic1, pdl1_tc3_ic3, btmb, best_response, pfs_months, pfs_event, os_months, os_event. It is not part of this package.

    python examples/oak_poplar.py [patients.csv] [--out DIR]
"""

import argparse
import os
from pathlib import Path

import numpy as np
import polars as pl

from remission.plots import kaplan_meier as draw_curves
from remission.plots.hazard_ratios import hazard_ratios
from remission.plots.rounding import months, months_interval, percent, percent_interval
from remission.response.comparison import log_rank
from remission.response.contrasts import Difference, restricted_mean_difference
from remission.response.cox import CoxFit, cox
from remission.response.estimates import MONTH, rate
from remission.response.survival import kaplan_meier, quantile, survival_at

FOLDER = Path(os.environ.get("REMISSION_SHARED", Path(__file__).parents[2] / "shared"))
TABLE = FOLDER / "data" / "oak_poplar_ipd" / "patients.csv"
COLUMNS = ("trial", "arm", "pdl1_tc1_ic1", "pdl1_tc3_ic3", "btmb", "best_response", "pfs_months", "pfs_event", "os_months", "os_event")
ARMS = {"atezolizumab": "Atezolizumab", "docetaxel": "Docetaxel"}
ENDPOINTS = {"pfs": "Progression-free survival", "os": "Overall survival"}
TREATED = (pl.col("arm") == "atezolizumab").cast(pl.Float64)
OAK = pl.col("trial") == "OAK"
HIGH, ANY = "TC3 or IC3", "TC1/2/3 or IC1/2/3"
GROUPS = {
    "OAK, all": OAK,
    "POPLAR, all": pl.col("trial") == "POPLAR",
    "OAK, PD-L1 high (TC3 or IC3)": OAK & (pl.col("pdl1_tc3_ic3") == HIGH),
    "OAK, PD-L1 any (TC1/2/3 or IC1/2/3)": OAK & (pl.col("pdl1_tc1_ic1") == ANY),
    "OAK, PD-L1 none (TC0 and IC0)": OAK & (pl.col("pdl1_tc1_ic1") == "TC0 and IC0"),
    "Both trials, blood TMB at least 16": pl.col("btmb") >= 16,
    "Both trials, blood TMB below 16": pl.col("btmb") < 16,
}
"""Groups that are compared between the arms; blood TMB is known in the patients whose sample could be read."""
MARKERS = {
    "PD-L1 high against the rest, OAK": (OAK & (pl.col("pdl1_tc3_ic3") != "UNKNOWN"), pl.col("pdl1_tc3_ic3") == HIGH),
    "PD-L1 any against none, OAK": (OAK & (pl.col("pdl1_tc1_ic1") != "UNKNOWN"), pl.col("pdl1_tc1_ic1") == ANY),
    "blood TMB at least 16 against below": (pl.col("btmb").is_not_null(), pl.col("btmb") >= 16),
}
"""Markers: in whom they are known, and who has them."""
TITLE = "Hazard ratios of atezolizumab against docetaxel"
UNTIL = 24.0
"""Months of the restricted means."""


def read(path: Path) -> pl.DataFrame:
    """The table, with its columns as numbers where they are."""
    table = pl.read_csv(path, infer_schema_length=None)
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        raise SystemExit(f"{path.name} lacks the columns {', '.join(missing)}; the page docs/oak_poplar.md says where the table is found")
    return table


def arms_of(patients: pl.DataFrame) -> list[tuple[str, ...]]:
    """Response, medians and survival at 12 months of each arm of each trial."""
    rows = []
    for (trial, arm), own in patients.sort("trial", "arm").group_by(["trial", "arm"], maintain_order=True):
        response = rate(own["best_response"].is_in(["CR", "PR"]).fill_null(False).to_numpy())
        row = (f"{trial}, {arm}", str(own.height), f"{percent(response.value, 1)} ({percent_interval(*response.trial)})")
        for endpoint in ENDPOINTS:
            curve = kaplan_meier(own[f"{endpoint}_months"], own[f"{endpoint}_event"])
            middle, year = quantile(curve), survival_at(curve, 12.0)[0]
            row += (f"{months(middle.value)} ({months_interval(middle.low, middle.high)})", percent(year.value))
        rows.append(row)
    return rows


def compared(patients: pl.DataFrame) -> pl.DataFrame:
    """Hazard ratio of atezolizumab against docetaxel in each group, for each endpoint; both trials together are stratified."""
    rows = []
    for endpoint, title in ENDPOINTS.items():
        for group, chosen in GROUPS.items():
            own = patients.filter(chosen)
            fit = fitted(own, endpoint, own.select(TREATED).to_numpy())
            ratio = fit.hazard_ratio()
            test = log_rank(own[f"{endpoint}_months"], own[f"{endpoint}_event"], own["arm"], strata=own["trial"])
            events = int(own[f"{endpoint}_event"].sum())
            rows.append((title, group, own.height, events, ratio.value, ratio.low, ratio.high, test.p))
    return pl.DataFrame(rows, schema=["endpoint", "group", "n", "events", "ratio", "low", "high", "p"], orient="row")


def interactions(patients: pl.DataFrame) -> list[tuple[str, ...]]:
    """How many times larger the hazard ratio is with the marker than without, for each marker."""
    rows = []
    for marker, (known, positive) in MARKERS.items():
        own = patients.filter(known)
        has = positive.cast(pl.Float64)
        covariates = own.select(TREATED, marker=has, both=TREATED * has).to_numpy()
        row = (marker, f"{int(own.select(has.sum()).item())} / {own.height}")
        for endpoint in ENDPOINTS:
            fit = fitted(own, endpoint, covariates)
            ratio = fit.hazard_ratio(2)
            row += (said(ratio.value, ratio.low, ratio.high), p_value(fit.p(2)))
        rows.append(row)
    return rows


def means(patients: pl.DataFrame) -> list[tuple[str, ...]]:
    """Months gained with atezolizumab in the first two years, or as long as both arms were followed, in each trial."""
    rows = []
    for trial in sorted(patients["trial"].unique()):
        arms = [patients.filter((pl.col("trial") == trial) & (pl.col("arm") == arm)) for arm in ARMS]
        curves = {end: [kaplan_meier(own[f"{end}_months"], own[f"{end}_event"]) for own in arms] for end in ENDPOINTS}
        until = float(np.floor(min(UNTIL, *(curve.last_time for pair in curves.values() for curve in pair))))
        gains = [restricted_mean_difference(first, second, until) for first, second in curves.values()]
        rows.append((f"{trial}, first {until:.0f} months", *(gained(gain) for gain in gains)))
    return rows


def fitted(own: pl.DataFrame, endpoint: str, covariates: np.ndarray) -> CoxFit:
    """The Cox model of one endpoint, stratified by trial."""
    return cox(own[f"{endpoint}_months"], own[f"{endpoint}_event"], covariates, strata=own["trial"])


def curves_of(patients: pl.DataFrame, endpoint: str, name: str):
    """Kaplan-Meier curves of the arms of some patients, with the numbers at risk."""
    times = patients.select("arm", param=pl.lit(endpoint), days=pl.col(f"{endpoint}_months") * MONTH, event=f"{endpoint}_event")
    return draw_curves(times, endpoint, ARMS, name=f"{ENDPOINTS[endpoint]}, {name}", censoring=True)


def said(value: float | None, low: float | None, high: float | None) -> str:
    return "not estimable" if value is None or low is None or high is None else f"{value:.2f} ({low:.2f}–{high:.2f})"


def gained(gain: Difference) -> str:
    low, high = gain.trial or (None, None)
    return "–" if gain.value is None or low is None or high is None else f"{gain.value:+.2f} ({low:+.2f} to {high:+.2f})"


def p_value(p: float | None) -> str:
    return "–" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Columns aligned by spaces, the first to the left."""
    widths = [max(len(line[place]) for line in [head, *rows]) for place in range(len(head))]
    lines = [
        [line[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)] for line in [head, *rows]
    ]
    return "\n".join("  ".join(line).rstrip() for line in lines)


def report(patients: pl.DataFrame) -> str:
    """Everything that is printed."""
    ratios = compared(patients)
    by_group = [(group, *_cells(own)) for (group,), own in ratios.group_by(["group"], maintain_order=True)]
    return "\n\n".join(
        [
            f"{patients.height} patients. PFS and OS in months with 95% log-log intervals; response (CR or PR) of all randomized.",
            table(("", "patients", "response", "median PFS", "12 mo", "median OS", "12 mo"), arms_of(patients)),
            "Hazard ratio of atezolizumab against docetaxel (Cox, Efron) with 95% interval and log-rank p; below 1 favors atezolizumab.",
            table(("", "events / n", "PFS", "p", "events / n", "OS", "p"), by_group),
            "Interaction: hazard ratio with the marker over that without it; below 1, those with the marker gain more from atezolizumab.",
            table(("", "with / n", "PFS", "p", "OS", "p"), interactions(patients)),
            "Months gained with atezolizumab: difference of restricted means with 95% interval.",
            table(("", "PFS", "OS"), means(patients)),
        ]
    )


def _cells(own: pl.DataFrame) -> list[str]:
    """Events, hazard ratio and p of a group, for each endpoint."""
    cells = []
    for row in own.iter_rows(named=True):
        cells += [f"{row['events']} / {row['n']}", said(row["ratio"], row["low"], row["high"]), p_value(row["p"])]
    return cells


def figures(patients: pl.DataFrame) -> dict:
    """The figures by name."""
    oak, poplar, high = (patients.filter(GROUPS[group]) for group in ("OAK, all", "POPLAR, all", "Both trials, blood TMB at least 16"))
    drawn = {f"oak_{endpoint}": curves_of(oak, endpoint, "OAK") for endpoint in ENDPOINTS}
    drawn |= {f"poplar_{endpoint}": curves_of(poplar, endpoint, "POPLAR") for endpoint in ENDPOINTS}
    drawn |= {f"blood_tmb_{endpoint}": curves_of(high, endpoint, "blood TMB at least 16") for endpoint in ENDPOINTS}
    return drawn | {"hazard_ratios": hazard_ratios(compared(patients), "atezolizumab", "docetaxel", TITLE)}


def main() -> None:
    reader = argparse.ArgumentParser(description="Response, progression and survival in OAK and POPLAR.")
    reader.add_argument("patients", nargs="?", type=Path, default=TABLE)
    reader.add_argument("--out", type=Path, default=Path("runs") / "oak_poplar", help="folder of the figures")
    chosen = reader.parse_args()
    if not chosen.patients.exists():
        reader.error(f"{chosen.patients} is not here; docs/oak_poplar.md says where the table comes from")
    patients = read(chosen.patients)
    print(report(patients))
    chosen.out.mkdir(parents=True, exist_ok=True)
    for name, figure in figures(patients).items():
        figure.save(chosen.out / f"{name}.svg", titled=True)
    print(f"\nFigures are in {chosen.out}.")


if __name__ == "__main__":
    main()
