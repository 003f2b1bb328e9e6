"""The calibration that the package carries: complete, of the tables as they are now, and what the default population is."""

import csv

import numpy as np
import pytest

from remission.calibration import stored
from remission.calibration.free_parameters import read_free
from remission.calibration.job import Sizes
from remission.parameters import Table
from remission.scenario import read_scenario
from remission.trial import prepare
from remission.validating.job import check_tables

NAME = "b_all"


@pytest.fixture(scope="module")
def account():
    return stored.read_account(NAME)


def test_no_table_has_changed_since_the_calibration():
    """When this fails, numbers were changed after the fit: run `remission calibrate b_all --out DIR`, copy DIR/package over remission."""
    assert check_tables(NAME) == []


def test_a_changed_table_is_named_with_the_command_that_mends_it(account):
    hashes = {**account["tables"], "therapies/car_t.csv": "another"}
    (line,) = stored.stale(NAME, hashes)
    assert "therapies/car_t.csv" in line
    assert "remission calibrate b_all" in line


def test_the_population_of_the_disease_is_the_calibrated_point():
    first, study = stored.read_draws(NAME)[0], prepare(read_scenario("b-all-car-t"))
    for key, value in first.items():
        name, _, aspect = key.rpartition(".")
        row = study.parameters.rows[name]
        assert (row.number if aspect == "median" else row.law.sd) == pytest.approx(value, rel=1e-3), key
        assert row.evidence == "calibrated"
        assert row.layers[-1].name == "population"


def test_the_population_table_names_free_numbers_and_cut_points_only():
    rows = Table.read(stored.population_path(NAME), override=True).rows
    free = {one.parameter for one in read_free(stored.FOLDER / f"{NAME}.free.csv")}
    assert set(rows) - free == {key for key in rows if key.startswith(("cytokine_release.", "neurotoxicity."))}
    assert free <= set(rows)


def test_posterior_draws_are_enough_and_inside_their_limits():
    draws = stored.read_draws(NAME)
    assert len(draws) >= 65
    for one in read_free(stored.FOLDER / f"{NAME}.free.csv"):
        values = np.array([draw[one.key] for draw in draws])
        assert one.low <= values.min() < values.max() <= one.high


def test_the_fit_used_the_patients_that_were_promised(account):
    assert account["sizes"]["patients"] >= 5000
    assert account["sizes"]["draws"] >= 65
    assert Sizes().report == 20_000


def test_every_free_number_says_what_the_data_did_to_it(account):
    free = read_free(stored.FOLDER / f"{NAME}.free.csv")
    assert [line["key"] for line in account["parameters"]] == [one.key for one in free]
    assert all(line["contraction"] < 1 for line in account["parameters"])
    assert all(abs(line["shift"]) <= 3 for line in account["parameters"])


def test_the_directions_left_open_say_what_changes_along_them(account):
    assert account["directions"]
    for direction in account["directions"]:
        assert direction["kept"] >= 0.5
        assert "orr lost without lymphodepletion" in direction["change_per_sd"]


def test_estimates_over_draws_are_there_for_every_arm(account):
    draws = len(stored.read_draws(NAME))  # the calibrated point and the draws
    for arm in ("car_t", "car_t_without_lymphodepletion", "salvage_chemotherapy"):
        assert len(account["model_draws"][arm]["orr"]) == draws - 1
        assert len(account["model_draws"][arm]["rfs.12"]) == draws - 1


def test_each_headline_window_holds_in_half_of_the_draws_or_more(account):
    low = {name: share for name, share in account["windows_inside"].items() if share < 0.5}
    assert not low


def test_cut_points_rise_with_the_grade():
    with stored.population_path(NAME).open(encoding="utf-8", newline="") as file:
        values = {row["name"]: float(row["value"]) for row in csv.DictReader(file)}
    for stem in ("cytokine_release.penn", "cytokine_release.lee", "cytokine_release.astct", "neurotoxicity.icans", "neurotoxicity.ctcae"):
        cuts = [values[f"{stem}_{grade}"] for grade in (1, 2, 3, 4) if f"{stem}_{grade}" in values]
        assert cuts == sorted(cuts)
