import numpy as np
import pytest

from remission.measurement import LABEL, TABLE, Reader
from remission.parameters import Table

MANY = 4000


def reader(patients=MANY, seed=1, **numbers):
    rows = Table.read(TABLE).of_module(LABEL)
    default = {key.split(".")[1]: float(row.value) for key, row in rows.items()} | numbers
    return Reader(seed, np.arange(patients), {name: np.broadcast_to(np.asarray(value, float), patients) for name, value in default.items()})


def everybody(own):
    return np.arange(len(own.patients)), np.zeros(len(own.patients), int)


def test_a_share_is_counted_in_whole_cells_around_the_truth():
    own = reader()
    read = own.share(*everybody(own), np.full(MANY, 0.05), "marrow", "marrow_cells_counted")
    assert np.allclose(read * 500, np.round(read * 500))
    assert read.mean() == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 500 / MANY))
    assert read.std() == pytest.approx(np.sqrt(0.05 * 0.95 / 500), rel=0.06)


@pytest.mark.parametrize("true", [-0.1, 0.0, 1.0, 1.3])
def test_shares_at_the_ends_are_read_as_they_are(true):
    own = reader(5)
    assert (own.share(*everybody(own), np.full(5, true), "marrow", "marrow_cells_counted") == np.clip(true, 0, 1)).all()


def test_counts_have_their_error():
    own = reader()
    read = own.count(*everybody(own), np.full(MANY, 2.0), "neutrophils")
    assert np.log(read / 2).std() == pytest.approx(0.08, rel=0.06)
    assert abs(np.log(read / 2).mean()) < 0.006
    assert (own.count(*everybody(own), np.zeros(MANY), "neutrophils") == 0).all()


def test_luck_belongs_to_the_patient_and_the_visit():
    own = reader(50)
    rows = np.array([40, 3, 17])
    whole = own.count(np.arange(50), np.full(50, 2), np.ones(50), "platelets")
    assert np.array_equal(own.count(rows, np.full(3, 2), np.ones(3), "platelets"), whole[rows])
    assert not np.array_equal(own.count(rows, np.full(3, 3), np.ones(3), "platelets"), whole[rows])
    assert not np.array_equal(own.count(rows, np.full(3, 2), np.ones(3), "neutrophils"), whole[rows])
    assert not np.array_equal(reader(50, seed=2).count(rows, np.full(3, 2), np.ones(3), "platelets"), whole[rows])


def test_every_patient_is_read_with_numbers_of_his_own():
    """In parts of any size: a reading must not depend on who comes first."""
    own = reader(4, count_error=[0.0, 0.5, 0.0, 0.5])
    read = own.count(*everybody(own), np.ones(4), "neutrophils")
    assert (read[[0, 2]] == 1).all()
    assert (read[[1, 3]] != 1).all()


def test_a_fraction_of_a_cell_is_not_counted():
    own = reader(20, marrow_cells_counted=500.5)
    read = own.share(*everybody(own), np.full(20, 0.3), "marrow", "marrow_cells_counted")
    assert np.isfinite(read).all()
    assert np.allclose(read * 500, np.round(read * 500))


def test_a_mass_is_found_from_its_limit_on():
    own = reader(3)
    assert own.found(np.arange(3), np.array([0.0, 0.99e9, 1e9])).tolist() == [0, 0, 1]


def test_residual_disease_below_its_limit_is_not_seen():
    own = reader(200)
    none = own.residual_disease(*everybody(own), np.zeros(200))
    much = own.residual_disease(*everybody(own), np.full(200, 0.01))
    assert (none == 0).all()
    assert (much > 1e-4).all()


def test_readings_of_nothing_are_nothing():
    own = reader(2)
    assert np.isnan(own.count(*everybody(own), np.full(2, np.nan), "neutrophils")).all()
    assert np.isnan(own.share(*everybody(own), np.full(2, np.nan), "marrow", "marrow_cells_counted")).all()
