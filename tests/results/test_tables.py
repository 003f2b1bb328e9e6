"""The tables of a trial, in the columns figures and reports read."""

import numpy as np
import polars as pl
import pytest

from tests.support_results import LEVEL_DAYS, made_up_arms, made_up_result

SUBJECTS = [
    "patient",
    "arm",
    "enrolled",
    "treated",
    "infusion_day",
    "age",
    "weight_kg",
    "burden_enrolled",
    "burden_group",
    "dose_cells",
    "best_response",
    "response_day",
    "relapse_day",
    "relapse_phenotype",
    "relapse_site",
    "death_day",
    "death_cause",
    "transplant_day",
    "cmax",
    "tmax_day",
    "crs_astct",
    "crs_penn",
    "crs_lee",
    "icans_astct",
    "neuro_ctcae",
    "crs_onset_day",
    "crs_duration_day",
    "status",
]


@pytest.fixture(scope="module")
def arms():
    return made_up_arms()


@pytest.fixture(scope="module")
def tables(arms):
    return made_up_result(arms=arms).tables


def test_there_is_one_row_per_enrolled_patient_with_its_columns(tables):
    subjects = tables["subjects"]
    assert set(SUBJECTS) <= set(subjects.columns)
    assert subjects.height == 1200
    assert subjects["enrolled"].all()


def test_nothing_is_nan_and_what_did_not_happen_is_null(tables):
    for table in tables.values():
        for column in table.iter_columns():
            assert not column.dtype.is_float() or not column.is_nan().any()
    subjects = tables["subjects"]
    assert subjects.filter(~pl.col("treated"))["infusion_day"].is_null().all()
    assert subjects.filter(pl.col("relapse_day").is_null())["relapse_phenotype"].is_null().all()
    assert subjects.filter(pl.col("relapse_day").is_not_null())["relapse_phenotype"].is_in(["cd19_negative", "cd19_positive"]).all()


def test_best_responses_are_those_of_the_record(tables, arms):
    best = tables["subjects"].filter(pl.col("arm") == "car_t")["best_response"]
    assert set(best) == {"CR", "CRi", "NR", "not infused"}
    assert (best == "not infused").sum() == int((~arms["car_t"].treated).sum())


def test_times_have_a_reason_for_every_row(tables):
    times = tables["tte"]
    assert times.columns == ["patient", "arm", "param", "days", "event", "reason"]
    assert set(times.filter(pl.col("param") == "rfs", pl.col("event") == 1)["reason"]) <= {"relapse", "leukemia death", "other death"}
    assert "transplant" in times.filter(pl.col("param") == "rfs", pl.col("event") == 0)["reason"].to_list()


def test_the_kinetics_fan_is_ordered_and_absent_without_cells(tables):
    fan = tables["kinetics"]
    assert fan.filter(pl.col("arm") == "car_t")["day"].to_list() == LEVEL_DAYS.tolist()
    quantiles = fan.select("q05", "q25", "q50", "q75", "q95").to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert "salvage_chemotherapy" not in fan["arm"].to_list()


def test_grades_of_a_scale_add_up_to_the_treated(tables, arms):
    grades = tables["toxicity"].filter(pl.col("arm") == "car_t")
    assert set(grades["scale"]) == {"crs_astct", "crs_lee", "crs_penn", "icans_astct", "neuro_ctcae"}
    sums = grades.group_by("scale").agg(pl.col("n").sum(), pl.col("share").sum())
    assert set(sums["n"]) == {int(arms["car_t"].treated.sum())}
    assert sums["share"].to_list() == pytest.approx([1.0] * 5)


@pytest.mark.parametrize("arm", ["car_t", "car_t_without_lymphodepletion", "salvage_chemotherapy"])
def test_whoever_leaves_the_flow_is_counted_once(tables, arm):
    left, before = 0, None
    for row in tables["flow"].filter(pl.col("arm") == arm).iter_rows(named=True):
        if row["reason"] is not None:
            left += row["n"]
            continue
        assert before is None or before - left == row["n"]
        before, left = row["n"], 0


def test_candidates_before_enrollment_stand_apart(tables):
    assert tables["flow"].filter(pl.col("arm") == "cohort").rows() == [("cohort", "candidates drawn", 800, None)]
