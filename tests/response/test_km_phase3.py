"""Reconstructed curves of phase 3 trials: medians, landmarks and hazard ratios as their publications print them.

The curves were read off figures, so a median may be 0.2 months and a survival 1.5 points away from what is printed; the README says that
a published hazard ratio may differ by 0.1. It does not say which arm is the reference, so either direction is accepted, and where the
article stratified or adjusted its model the plain one must differ.
"""

import csv
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from remission.response.comparison import log_rank
from remission.response.cox import cox
from remission.response.survival import kaplan_meier, quantile, survival_at
from tests.shared_data import shared

FAR_FROM_PRINTED = {
    "CA097375_3",
    "CEREBEL_2B",
    "DELTA_2A",
    "ENESTg1_2B",
    "NeoALTTO(a)_2D",
    "SMX1132531_1",
    "TEXT-SOFT(2)_2D",
}
"""Reconstructions further than 0.1 from the printed hazard ratio, either direction: few deaths or strata in the article's model."""
PRINTED = {  # the first arm against the second: hazard ratio and its limits
    ("Checkmate017_1", "nivolumab", "docetaxel"): (0.59, 0.44, 0.79),
    ("Checkmate017_2B", "nivolumab", "docetaxel"): (0.62, 0.47, 0.81),
    ("KEYNOTE024_1A", "pembrolizumab", "chemo"): (0.50, 0.37, 0.68),
    ("KEYNOTE024_2", "pembrolizumab", "chemo"): (0.60, 0.41, 0.89),
    ("RECOURSE_1A", "tas-102", "placebo"): (0.68, 0.58, 0.81),
}


def rows():
    with open(Path(__file__).parents[1] / "reference" / "km_phase3_published.csv", encoding="utf-8", newline="") as text:
        return [pytest.param(row, id=f"{row['dataset']} {row['arm']}") for row in csv.DictReader(text)]


@pytest.fixture(scope="module")
def patients():
    return pl.read_csv(shared("km_phase3", "ipd.csv")).partition_by("dataset", as_dict=True)


def arm(patients, dataset, name):
    if (dataset,) not in patients:
        pytest.skip(f"{dataset} is not among the curves")
    own = patients[dataset,].filter(pl.col("arm") == name)
    return own["time_months"].to_numpy(), own["event"].to_numpy()


@pytest.mark.parametrize("row", rows())
def test_medians_and_landmarks_are_those_printed(patients, row):
    curve = kaplan_meier(*arm(patients, row["dataset"], row["arm"]))
    median = quantile(curve)
    for found, column in ((median.value, "median"), (median.low, "low"), (median.high, "high")):
        if row[column]:
            assert found == pytest.approx(float(row[column]), abs=0.2)
    if row["month"]:
        (landmark,) = survival_at(curve, float(row["month"]))
        for found, column in ((landmark.value, "rate"), (landmark.low, "rate_low"), (landmark.high, "rate_high")):
            if row[column]:
                assert found == pytest.approx(float(row[column]), abs=0.015)


@pytest.mark.parametrize(("who", "printed"), PRINTED.items(), ids=lambda part: part[0] if isinstance(part[0], str) else "")
def test_hazard_ratios_of_well_known_trials_are_those_printed(patients, who, printed):
    dataset, first, second = who
    one, other = arm(patients, dataset, first), arm(patients, dataset, second)
    time, event = np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]])
    treated = np.repeat([1.0, 0.0], [one[0].size, other[0].size])
    ratio = cox(time, event, treated).hazard_ratio()
    assert (ratio.value, ratio.low) == pytest.approx(printed[:2], abs=0.05)
    assert ratio.high == pytest.approx(printed[2], abs=0.1)
    assert log_rank(time, event, treated).p < 0.05


def test_95_of_100_published_hazard_ratios_are_found_again(patients):
    trials = pl.read_csv(shared("km_phase3", "trials.csv")).filter(pl.col("published_hr").is_not_null())
    far = {name for name, printed in trials.select("dataset", "published_hr").iter_rows() if distance(patients[name,], printed) > 0.1}
    assert 1 - len(far) / trials.height >= 0.95
    if trials.height == 226:
        assert far == FAR_FROM_PRINTED


def distance(curves, printed):
    """From the printed hazard ratio to that of the model, in the direction that is nearer."""
    first = curves["arm"].min()
    fit = cox(curves["time_months"].to_numpy(), curves["event"].to_numpy(), (curves["arm"] == first).cast(pl.Int8).to_numpy())
    ratio = float(np.exp(fit.coefficients[0]))
    return min(abs(ratio - printed), abs(1 / ratio - printed))
