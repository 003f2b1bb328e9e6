"""Patients of OAK and POPLAR: medians and responses of the README, the known pattern, and the example that shows it.

A fifth of the table is held out, so medians and shares lie within sampling error of those of the full table; where the full table is
there, they are those printed.
"""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from remission.response.comparison import log_rank
from remission.response.cox import cox
from remission.response.estimates import clopper_pearson
from remission.response.survival import kaplan_meier, quantile
from tests.shared_data import FOLDER, shared

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "oak_poplar.py"
SHARED_PATIENTS, ALL_PATIENTS = 910, 1137
FULL_TABLE = [
    ("OAK", "atezolizumab", 13.77, 2.79, 0.136),
    ("OAK", "docetaxel", 9.63, 4.04, 0.134),
    ("POPLAR", "atezolizumab", 12.55, 2.73, 0.153),
    ("POPLAR", "docetaxel", 9.72, 3.35, 0.147),
]
"""Median overall and progression-free survival in months and share with CR or PR, of all randomized."""


@pytest.fixture(scope="module")
def patients():
    return pl.read_csv(shared("oak_poplar_ipd", "patients.csv"), infer_schema_length=None)


@pytest.fixture(scope="module")
def example():
    return runpy.run_path(str(EXAMPLE))


def arm(patients, trial, name):
    return patients.filter((pl.col("trial") == trial) & (pl.col("arm") == name))


def ratio(own, endpoint):
    treated = (own["arm"] == "atezolizumab").cast(pl.Int8).to_numpy()
    return cox(own[f"{endpoint}_months"], own[f"{endpoint}_event"], treated, strata=own["trial"]).hazard_ratio()


@pytest.mark.parametrize(("trial", "name", "overall", "free", "share"), FULL_TABLE, ids=lambda part: part if isinstance(part, str) else "")
def test_medians_and_responses_are_those_of_the_full_table(patients, trial, name, overall, free, share):
    own = arm(patients, trial, name)
    responses = own["best_response"].is_in(["CR", "PR"]).fill_null(False).sum()
    medians = {
        expected: quantile(kaplan_meier(own[f"{end}_months"], own[f"{end}_event"])) for end, expected in (("os", overall), ("pfs", free))
    }
    if patients.height == ALL_PATIENTS:
        assert round(responses / own.height, 3) == share
        for expected, found in medians.items():
            assert found.value == pytest.approx(expected, abs=0.00501)
        return
    low, high = clopper_pearson(responses, own.height)
    assert low < share < high
    for expected, found in medians.items():
        assert found.low <= expected <= found.high
        assert found.value == pytest.approx(expected, rel=0.15)


def test_survival_is_better_with_atezolizumab_and_progression_is_not(patients):
    for trial in ("OAK", "POPLAR"):
        own = patients.filter(pl.col("trial") == trial)
        overall, free = ratio(own, "os"), ratio(own, "pfs")
        assert overall.high < 1
        assert free.low < 1 < free.high
        assert (
            log_rank(own["os_months"], own["os_event"], own["arm"]).p < 0.05 < log_rank(own["pfs_months"], own["pfs_event"], own["arm"]).p
        )


def test_hazard_ratios_of_oak_lie_in_the_intervals_of_its_article(patients):
    """Rittmeyer 2017, doi:10.1016/S0140-6736(16)32517-X: death 0.73 (0.62 to 0.87), progression or death 0.95 (0.82 to 1.10)."""
    oak = patients.filter(pl.col("trial") == "OAK")
    assert 0.62 < ratio(oak, "os").value < 0.87
    assert 0.82 < ratio(oak, "pfs").value < 1.10


def test_median_survival_by_pd_l1_is_that_of_the_article(patients):
    """Rittmeyer 2017: any PD-L1 15.7 against 10.3 months, none 12.6 against 8.9."""
    printed = {"TC1/2/3 or IC1/2/3": (15.7, 10.3), "TC0 and IC0": (12.6, 8.9)}
    for level, medians in printed.items():
        for name, expected in zip(("atezolizumab", "docetaxel"), medians, strict=True):
            own = arm(patients, "OAK", name).filter(pl.col("pdl1_tc1_ic1") == level)
            found = quantile(kaplan_meier(own["os_months"], own["os_event"]))
            assert found.low <= expected <= found.high


def test_high_blood_tmb_predicts_a_gain_in_progression_free_survival(patients):
    read = patients.filter(pl.col("btmb").is_not_null())
    assert (read["btmb_evaluable"] == "Y").all()
    high, low = read.filter(pl.col("btmb") >= 16), read.filter(pl.col("btmb") < 16)
    assert ratio(high, "pfs").high < 1
    assert ratio(low, "pfs").low < 1 < ratio(low, "pfs").high
    treated, has = (read["arm"] == "atezolizumab").to_numpy(), (read["btmb"] >= 16).to_numpy()
    both = cox(read["pfs_months"], read["pfs_event"], np.column_stack([treated, has, treated & has]), strata=read["trial"])
    assert both.hazard_ratio(2).value == pytest.approx(ratio(high, "pfs").value / ratio(low, "pfs").value, rel=0.1)
    assert both.p(2) < 0.1


def test_the_example_prints_what_the_page_shows(patients, example):
    page = (ROOT / "docs" / "oak_poplar.md").read_text(encoding="utf-8")
    stored = (ROOT / "docs" / "images" / "oak_poplar.txt").read_text(encoding="utf-8").rstrip()
    assert stored in page
    if patients.height == SHARED_PATIENTS:
        assert example["report"](patients) == stored, "the page on OAK and POPLAR is out of date; run `make docs`"


def test_the_example_draws_curves_with_numbers_at_risk(patients, tmp_path):
    done = subprocess.run(
        [sys.executable, EXAMPLE, FOLDER / "oak_poplar_ipd" / "patients.csv", "--out", tmp_path],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert "Hazard ratio of atezolizumab against docetaxel" in done.stdout
    assert {path.stem for path in tmp_path.glob("*.svg")} >= {"oak_os", "oak_pfs", "poplar_os", "blood_tmb_pfs", "hazard_ratios"}
    assert "Number at risk" in (tmp_path / "oak_os.svg").read_text(encoding="utf-8")


def test_without_the_table_the_example_says_where_it_comes_from(tmp_path):
    done = subprocess.run(
        [sys.executable, EXAMPLE, tmp_path / "none.csv"], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 2
    assert "oak_poplar.md" in done.stderr


def test_the_example_runs_on_any_table_of_its_columns(example):
    generator = np.random.default_rng(5)
    n = 400
    made = pl.DataFrame(
        {
            "trial": generator.choice(["OAK", "POPLAR"], n),
            "arm": generator.choice(["atezolizumab", "docetaxel"], n),
            "pdl1_tc1_ic1": generator.choice(["TC0 and IC0", "TC1/2/3 or IC1/2/3", "UNKNOWN"], n),
            "pdl1_tc3_ic3": generator.choice(["TC3 or IC3", "TC0/1/2 and IC0/1/2", "UNKNOWN"], n),
            "btmb": np.where(generator.random(n) < 0.2, np.nan, generator.integers(0, 40, n)),
            "best_response": generator.choice(["CR", "PR", "SD", "PD", "NE"], n),
            "pfs_months": generator.exponential(5, n),
            "pfs_event": generator.integers(0, 2, n),
            "os_months": generator.exponential(12, n),
            "os_event": generator.integers(0, 2, n),
        }
    ).with_columns(pl.col("btmb").fill_nan(None))
    assert "400 patients" in example["report"](made)
    assert all(figure.svg(titled=True).startswith("<svg") for figure in example["figures"](made).values())
