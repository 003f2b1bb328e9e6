"""ADaM-like tables: a statistician's programs find what they expect, with the numbers of the assessment."""

import polars as pl
import pytest

from remission.assessing import assess
from tests.assessing.small import course, example, sheet


@pytest.fixture(scope="module")
def adam():
    return example().adam


def of(table, patient, code):
    return table.filter((pl.col("USUBJID") == patient) & (pl.col("PARAMCD") == code))


def test_one_row_per_subject_with_flags_as_y_or_nothing(adam):
    subjects = adam["adsl"]
    assert subjects["USUBJID"].to_list() == [f"P-0{number}" for number in range(1, 9)]
    assert subjects["DTHFL"].to_list() == [None, None, "Y", "Y", "Y", None, None, "Y"]
    assert subjects["BOR"].to_list() == ["PR", "CR", "SD", "PR", "PD", "SD", "PR", "NE"]
    assert {"ARM", "TRT01P", "TRTSDY", "DTHADY"} <= set(subjects.columns)


def test_the_sum_has_its_base_change_and_nadir(adam):
    sums = of(adam["adtr"], "P-01", "SDIAM")
    assert sums["ADY"].to_list() == [-9, 55, 112, 168, 224]
    assert sums["AVAL"].to_list() == [118, 79, 71, 67.5, 87]
    assert sums["BASE"].to_list() == [118] * 5
    assert sums["ABLFL"].to_list() == ["Y", None, None, None, None]
    assert sums["CHG"].to_list() == [None, -39, -47, -50.5, -31]
    assert sums["PCHG"][1] == pytest.approx(-33.0508, abs=1e-3)
    assert sums["NADIR"].to_list() == [None, 118, 79, 71, 67.5]
    assert sums["CHGNAD"][4] == 19.5


def test_lesions_keep_their_names_groups_and_status(adam):
    lesion = of(adam["adtr"], "P-02", "LDIAM").filter(pl.col("TRLNKID") == "lung-1")
    assert lesion["AVALC"].to_list() == ["MEASURED", "MEASURED", "TOO SMALL", "ABSENT", "ABSENT"]
    assert lesion["AVAL"].to_list() == [24.5, 11, 5, 0, 0]
    assert set(lesion["TRGRPID"]) == {"TARGET"}
    assert set(lesion["TRLOC"]) == {"lung"}


def test_responses_by_visit_carry_the_rule(adam):
    overall = of(adam["adrs"], "P-04", "OVR")
    assert overall["AVALC"].to_list() == ["PR", "PR", "PD"]
    assert overall["AVAL"].to_list() == [2, 2, 5]
    assert overall["RULE"].null_count() == 0
    assert of(adam["adrs"], "P-04", "NEWLIND")["AVALC"].to_list() == ["N", "N", "Y"]
    assert of(adam["adrs"], "P-04", "NTRGRESP").is_empty()


def test_best_responses_are_dated_to_the_visit_that_reached_them(adam):
    best = {patient: of(adam["adrs"], patient, "BOR") for patient in ("P-01", "P-02", "P-05")}
    assert [(rows["AVALC"][0], rows["ADY"][0]) for rows in best.values()] == [("PR", 55), ("CR", 170), ("PD", 49)]
    assert of(adam["adrs"], "P-05", "RSP")["AVALC"].to_list() == ["N"]
    assert of(adam["adrs"], "P-05", "PD")["ADY"].to_list() == [49]


def test_an_event_is_cnsr_0_and_censoring_is_1_with_its_reason(adam):
    rows = adam["adtte"].filter(pl.col("PARAMCD") == "PFS")
    assert rows["AVAL"].to_list() == [224, 226, 171, 167, 49, 112, 111, 38]
    assert rows["CNSR"].to_list() == [0, 1, 0, 0, 0, 1, 1, 0]
    assert rows["EVNTDESC"][5] == "MISSED VISITS"
    duration = of(adam["adtte"], "P-01", "DOR")
    assert (duration["STARTDY"][0], duration["AVAL"][0], duration["ADY"][0]) == (55, 169, 224)


def test_every_time_is_the_difference_of_its_two_days(adam):
    rows = adam["adtte"]
    assert (rows["ADY"] - rows["STARTDY"]).to_list() == rows["AVAL"].to_list()


def test_dated_measurements_give_dates():
    rows = sheet(course("a", {0: 40, 56: 20})).with_columns(date=pl.Series(["2024-03-01", "2024-04-30"])).drop("day")
    people = pl.DataFrame({"patient": ["a"], "time_zero": ["2024-03-05"], "last_contact": ["2024-06-01"]})
    adam = assess(rows, "recist1.1", people).adam
    assert adam["adsl"]["RANDDT"].cast(pl.String).to_list() == ["2024-03-05"]
    assert adam["adsl"]["LSTALVDT"].cast(pl.String).to_list() == ["2024-06-01"]
    assert of(adam["adtr"], "a", "SDIAM")["ADT"].cast(pl.String).to_list() == ["2024-03-01", "2024-04-30"]
    assert of(adam["adtte"], "a", "PFS")["ADT"].cast(pl.String).to_list() == ["2024-04-30"]


def test_products_of_diameters_are_a_parameter_of_their_own():
    rows = sheet(course("a", {0: 40, 56: 20})).with_columns(perpendicular_mm=pl.Series([30.0, 10.0]))
    found = assess(rows, "rano2010").adam["adtr"]
    assert of(found, "a", "SPROD")["AVAL"].to_list() == [1200, 200]
    assert of(found, "a", "PERP")["AVAL"].to_list() == [30, 10]


def test_tables_are_written_as_parquet_and_csv(tmp_path):
    example().save(tmp_path / "run")
    for name in ("adsl", "adtr", "adrs", "adtte"):
        parquet = pl.read_parquet(tmp_path / "run" / "adam" / f"{name}.parquet")
        csv = pl.read_csv(tmp_path / "run" / "adam" / f"{name}.csv", infer_schema_length=None)
        assert csv.columns == parquet.columns
        assert csv.height == parquet.height


def test_marrow_blasts_are_the_burden_of_leukemia():
    rows = pl.DataFrame({"patient": ["a"] * 2, "day": [0.0, 28.0], "blasts": [60.0, 2.0], "anc": [0.3, 1.5], "platelets": [20.0, 150.0]})
    adam = assess(rows, "leukemia").adam
    assert of(adam["adtr"], "a", "BLASTS")["AVAL"].to_list() == [60, 2]
    assert of(adam["adrs"], "a", "OVR")["AVALC"].to_list() == ["CR"]


def test_every_parquet_says_what_it_is_for(tmp_path):
    example().save(tmp_path / "run")
    for path in (tmp_path / "run").rglob("*.parquet"):
        assert pl.read_parquet_metadata(path)["intended_use"].startswith("Research use only")


def test_a_visit_before_the_baseline_is_no_response_and_no_change():
    adam = assess(sheet(course("a", {-60: 40, -5: 50, 56: 30})), "recist1.1").adam
    assert of(adam["adrs"], "a", "OVR")["ADY"].to_list() == [56]
    assert of(adam["adtr"], "a", "LDIAM")["CHG"].to_list() == [None, None, -20]
