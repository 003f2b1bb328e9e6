import json

import numpy as np
import pytest

from remission.errors import InputError
from remission.population import Cohort, covariates, limits_of, pack, within
from remission.trial import cohort_of
from tests.bundled_trial import OPTIONS, cohort, study


@pytest.fixture
def saved(tmp_path):
    cohort().save(tmp_path / "cohort")
    return tmp_path / "cohort"


def test_a_saved_cohort_is_read_back_to_the_bit(saved):
    own, read = cohort(), Cohort.load(saved)
    for name in ("index", "attempt", "y", "phase"):
        assert getattr(own, name).dtype == getattr(read, name).dtype
        assert np.array_equal(getattr(own, name), getattr(read, name), equal_nan=True)
    assert own.values.keys() == read.values.keys()
    assert all(np.array_equal(own.values[key], read.values[key]) for key in own.values)
    assert own.chart.equals(read.chart)
    assert (own.flow, own.key) == (read.flow, read.key)


def cut(name):
    def change(folder):
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[: len(whole) // 3])

    return change


def emptied(name):
    return lambda folder: (folder / name).write_bytes(b"")


def missing(name):
    return lambda folder: (folder / name).unlink()


def other_format(folder):
    head = json.loads((folder / "cohort.json").read_text())
    (folder / "cohort.json").write_text(json.dumps(head | {"format": -1}))


DAMAGE = {
    "numbers cut": cut("cohort.npz"),
    "numbers empty": emptied("cohort.npz"),
    "numbers missing": missing("cohort.npz"),
    "chart cut": cut("cohort.parquet"),
    "chart empty": emptied("cohort.parquet"),
    "head cut": cut("cohort.json"),
    "head missing": missing("cohort.json"),
    "head a list": lambda folder: (folder / "cohort.json").write_text("[]"),
    "another format": other_format,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_cohort_is_refused_and_never_crashes(saved, damage):
    DAMAGE[damage](saved)
    with pytest.raises(InputError) as caught:
        Cohort.load(saved)
    assert caught.value.remedy == "build the cohort again"


def test_a_cohort_is_built_once_and_rebuilt_when_damaged(tmp_path, monkeypatch):
    monkeypatch.setattr("remission.trial.cache_directory", lambda: tmp_path)
    first = cohort_of(study(), 3, 5, options=OPTIONS)
    folder = next((tmp_path / "cohorts").iterdir())
    with monkeypatch.context() as m:
        m.setattr("remission.trial.make_cohort", None)
        assert np.array_equal(cohort_of(study(), 3, 5).y, first.y)
    cut("cohort.npz")(folder)
    assert np.array_equal(cohort_of(study(), 3, 5, options=OPTIONS).y, first.y)
    assert np.array_equal(Cohort.load(folder).y, first.y)


def test_some_of_the_patients_keep_their_own_rows():
    rows = np.array([5, 2, 9])
    some = cohort().take(rows)
    assert some.size == 3
    assert some.chart["patient"].to_list() == cohort().index[rows].tolist() == some.index.tolist()
    assert all(np.array_equal(some.values[key], cohort().values[key][rows]) for key in some.values)


def test_numbers_stand_where_the_engine_looks_for_them():
    system, values, sites = study().system, cohort().values, study().sites
    packed = pack(system, values, sites, 3)
    assert packed.shape == (cohort().size, system.parameter_size(3))
    for name, (per, position) in system.parameter_slots.items():
        if per == "patient":
            assert np.array_equal(packed[:, position], values[name]), name
    assert np.isfinite(packed).all()


def test_covariates_have_bare_names():
    assert {"age", "weight_kg", "bsa_m2"} <= set(covariates(cohort().values))


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"agee": (3, 25)}, "did you mean `age`"),
        ({"sex": ("female",)}, "known covariates"),
        ({"age": "young"}, "no pair"),
        ({"age": ("young", "old")}, "no pair"),
        ({"age": 5}, "no pair"),
        ({"age": (3, 5, 9)}, "no pair"),
        ({"age": (25, 3)}, "above the upper"),
        ({"age": (float("nan"), 3)}, "above the upper"),
        ({"age": None}, "no pair"),
    ],
)
def test_limits_that_say_nothing_are_refused(where, message):
    with pytest.raises(InputError, match=message) as caught:
        limits_of(where, study().parameters.rows)
    assert caught.value.place
    assert caught.value.remedy


def test_limits_include_both_ends():
    values = {"patient.age": np.array([2.9, 3.0, 10.0, 25.0, 25.1]), "growth.growth_rate": np.zeros(5)}
    assert within(values, {"age": (3, 25)}).tolist() == [False, True, True, True, False]
    assert within(values, {}).all()
