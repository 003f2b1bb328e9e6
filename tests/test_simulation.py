"""Single patients over time."""

import json

import numpy as np
import polars as pl
import pytest

from remission import trial as trial_module
from remission.errors import InputError
from remission.simulation import simulate_scenario
from tests.bundled_trial import scenario


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trial_module, "cache_directory", lambda: tmp_path_factory.getbasetemp() / "cohorts")
        return simulate_scenario(scenario(), patients=3, seed=4)


def of(paths, arm, patient, output):
    table = paths.table().filter((pl.col("arm") == arm) & (pl.col("patient") == patient) & (pl.col("output") == output))
    return table["day"].to_numpy(), table["value"].to_numpy()


def patients(paths):
    return paths.table()["patient"].unique(maintain_order=True).to_list()


def test_every_output_of_every_patient_in_every_arm_is_there(paths):
    table = paths.table()
    assert table.columns == ["arm", "patient", "day", "output", "unit", "value"]
    assert table["arm"].unique(maintain_order=True).to_list() == [arm.key for arm in scenario().arms]
    assert len(patients(paths)) == 3
    assert table.group_by("arm", "patient").agg(pl.col("output").n_unique())["output"].n_unique() == 1
    assert table.null_count().sum_horizontal()[0] == 0
    assert np.isfinite(table["value"].to_numpy()).all()


def test_days_rise_from_enrollment(paths):
    for patient in patients(paths):
        days, _ = of(paths, "car_t", patient, "marrow.blast_fraction")
        assert days[0] == 0
        assert (np.diff(days) > 0).all()


def test_arms_begin_with_the_same_patient(paths):
    for patient in patients(paths):
        first = {arm.key: of(paths, arm.key, patient, "marrow.blast_fraction")[1][0] for arm in scenario().arms}
        assert len(set(first.values())) == 1
        assert next(iter(first.values())) >= 0.05


def test_engineered_cells_are_there_only_after_infusion(paths):
    for patient in patients(paths):
        assert of(paths, "car_t", patient, "car_t.blood_level")[1][0] == 0
        assert (of(paths, "salvage_chemotherapy", patient, "car_t.blood_level")[1] == 0).all()
    assert max(of(paths, "car_t", patient, "car_t.blood_level")[1].max() for patient in patients(paths)) > 0


def test_shares_stay_shares(paths):
    for name in ("marrow.blast_fraction", "antigen.cd19_negative_fraction"):
        values = paths.table().filter(pl.col("output") == name)["value"].to_numpy()
        assert values.min() >= -1e-9
        assert values.max() <= 1 + 1e-9


def test_values_after_death_are_left_out(paths):
    last = paths.table().group_by("arm", "patient").agg(pl.col("day").max())["day"].to_numpy()
    assert last.min() < last.max()


def test_the_document_is_json(paths):
    document = json.loads(json.dumps(paths.json(), allow_nan=False))
    assert document["scenario"] == "b_all_car_t"
    assert document["seed"] == 4
    assert "Research use only" in document["intended_use"]
    one = next(iter(document["arms"]["car_t"].values()))
    assert all(len(values) == len(one["day"]) for values in one["outputs"].values())


def test_trajectories_are_saved_in_a_folder_of_their_own(paths, tmp_path):
    paths.save(tmp_path / "run")
    assert pl.read_parquet(tmp_path / "run" / "trajectories.parquet").equals(paths.table())
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match="other things"):
        paths.save(tmp_path / "other")
