"""Subgroups: known in time, or at a landmark, or refused."""

import numpy as np
import polars as pl
import pytest

from remission.errors import InputError
from remission.results.tables import BURDEN_GROUPS
from tests.support_results import made_up_arms, made_up_result


@pytest.fixture(scope="module")
def result():
    return made_up_result(800)


def own(table, arm="car_t"):
    return table.filter(pl.col("arm") == arm)


def test_response_by_burden_adds_up_to_the_arm(result):
    table = own(result.by("burden").table("ORR"))
    assert table["level"].to_list() == list(BURDEN_GROUPS)
    whole = result.json()["arms"]["car_t"]["orr"]
    assert (table["x"].sum(), table["n"].sum()) == (whole["x"], whole["n"])
    assert table["value"][0] > table["value"][3]


def test_five_percent_of_blasts_is_no_longer_low_burden():
    from remission.results.tables import burden_group

    assert burden_group(np.array([0.049, 0.05, 0.2, 0.5, np.nan])).tolist() == [*BURDEN_GROUPS, ""]


def test_doses_are_cut_into_thirds_of_equal_size(result):
    sizes = own(result.by("dose").table("ORR"))["n"]
    assert sizes.max() - sizes.min() <= 1


def test_an_arm_without_cells_has_no_dose_groups(result):
    assert own(result.by("dose").table("ORR"), "salvage_chemotherapy").is_empty()
    table = result.tables["subgroups"]
    assert set(own(table, "salvage_chemotherapy")["variable"]) == {"burden", "age"}


def test_the_standard_table_has_the_columns_of_the_forest(result):
    table = result.tables["subgroups"]
    assert table.columns == ["arm", "variable", "level", "n", "x", "value", "low", "high", "endpoint"]
    assert set(own(table)["variable"]) == {"burden", "dose", "fludarabine_exposure", "age"}
    assert {"orr", "rfs_12", "efs_12", "os_12"} == set(table["endpoint"])
    assert "below 13.8 mg h/L" in table["level"].to_list()


def test_times_are_read_by_month_in_each_level(result):
    table = own(result.by("age").table("RFS"))
    assert set(table["endpoint"]) == {"rfs_12", "rfs_24", "rfs_36"}
    assert table.filter(pl.col("endpoint") == "rfs_12")["n"].sum() == result.json()["arms"]["car_t"]["rfs"]["n"]


@pytest.mark.parametrize("variable", ["cmax", "crs_penn", "response", "b_cell_recovery"])
def test_a_group_defined_after_time_zero_is_refused_unless_landmarked(result, variable):
    with pytest.raises(InputError, match="after time zero.*landmark"):
        result.by(variable)
    assert result.by(variable, landmark="60 d").table("OS").height > 0


@pytest.mark.parametrize("variable", ["relapse_day", "icans_astct", "tocilizumab"])
def test_a_late_group_without_a_day_is_refused_even_with_a_landmark(result, variable):
    for landmark in (None, "60 d"):
        with pytest.raises(InputError, match="no day on which it is known"):
            result.by(variable, landmark=landmark)


def test_a_dose_is_not_known_at_enrollment(result):
    with pytest.raises(InputError, match="known only after enrollment.*landmark"):
        result.by("dose").table("efs_itt")
    assert result.by("age").table("efs_itt").height > 0


def test_a_landmark_counts_those_still_watched_and_starts_their_clock(result):
    table = own(result.by("b_cell_recovery", landmark="180 d").table("OS", months=(12,)))
    subjects = own(result.tables["subjects"]).filter(pl.col("treated"))
    alive = subjects.filter(pl.min_horizontal("death_day", "last_contact_day") - pl.col("infusion_day") > 180)
    recovered = alive.filter(pl.col("b_cell_recovery_day") <= 180)
    assert table["n"].to_list() == [alive.height - recovered.height, recovered.height]


def test_who_responds_after_the_landmark_is_not_yet_a_responder(result):
    table = own(result.by("response", landmark="14 d").table("OS", months=(12,)))
    assert table["n"].to_list()[1] == 0
    assert own(result.by("response", landmark="40 d").table("OS", months=(12,)))["n"].to_list()[1] > 0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda result: result.by("burdn"), "did you mean `burden`"),
        (lambda result: result.by("cmax", landmark="-3 d"), "day after infusion"),
        (lambda result: result.by("cmax", landmark="soon"), "span of time"),
        (lambda result: result.by("cmax", landmark="28 d").table("ORR"), "times to an event"),
        (lambda result: result.by("age").table("PFS"), "no endpoint `PFS`"),
    ],
)
def test_a_wrong_question_is_answered_with_the_way_out(result, call, said):
    with pytest.raises(InputError, match=said):
        call(result)


def test_a_covariate_of_the_patients_is_cut_into_thirds(result):
    assert own(result.by("weight_kg").table("ORR"))["level"].to_list() == ["lowest third", "middle third", "highest third"]


def test_a_scale_nobody_read_is_refused():
    arms = {key: run.__class__(**{**run.__dict__, "grades": {}}) for key, run in made_up_arms(60).items()}
    with pytest.raises(InputError, match="patients have no `crs_penn`"):
        made_up_result(arms=arms).by("crs_penn", landmark="28 d")
