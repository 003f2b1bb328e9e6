"""The same patients at every point: what a free number changes, and what it must not."""

import numpy as np
import pytest

from remission.calibration import Sizes, calibrate, stored
from remission.calibration.evaluation import Evaluator
from remission.calibration.free_parameters import point, read_free
from remission.calibration.job import current
from remission.calibration.summaries import HIGH_DOSE, LOW_DOSE
from remission.engine.ensemble import Options
from remission.scenario import read_scenario
from remission.trial import RTOL, cohort_of, prepare

pytestmark = pytest.mark.slow
SEED = 11


@pytest.fixture(scope="module")
def evaluator():
    study = prepare(read_scenario("b-all-car-t"))
    cohort = cohort_of(study, 24, SEED, None, Options(rtol=RTOL))
    return Evaluator(study, cohort, read_free(stored.FOLDER / "b_all.free.csv"), SEED, months=12.0, dose_patients=10)


@pytest.fixture(scope="module")
def here(evaluator):
    return point(evaluator.free, current(evaluator.study, evaluator.free))


def moved(evaluator, x, key, by):
    other = x.copy()
    other[[one.key for one in evaluator.free].index(key)] += by
    return other


def test_at_the_tables_own_point_the_patients_are_those_of_the_cohort(evaluator, here):
    patients = evaluator.patients(here)
    for key, values in evaluator.cohort.values.items():
        assert np.allclose(patients.values[key], values, rtol=1e-9, equal_nan=True), key
    assert np.allclose(patients.y, evaluator.cohort.y, rtol=1e-6)


def test_a_changed_median_moves_that_number_in_proportion_and_no_other(evaluator, here):
    patients = evaluator.patients(moved(evaluator, here, "car_t.memory_loss.median", np.log(2)))
    assert np.allclose(patients.values["car_t.memory_loss"] / evaluator.cohort.values["car_t.memory_loss"], 2, rtol=1e-6)
    rows, free = evaluator.study.parameters.rows, {one.parameter for one in evaluator.free}
    for key, values in evaluator.cohort.values.items():
        if key == "car_t.memory_loss":
            continue
        touched = key in free or rows[key].formula is not None  # a free number goes through its logarithm and back
        assert np.allclose(patients.values[key], values, rtol=1e-9 if touched else 0.0, atol=0.0, equal_nan=True), key


def test_a_state_that_starts_with_a_free_number_is_scaled_with_it(evaluator, here):
    slot = evaluator.study.system.state_slot("rejection.rejecting")
    patients = evaluator.patients(moved(evaluator, here, "rejection.initial.median", np.log(3)))
    assert np.allclose(patients.y[:, slot], 3 * evaluator.cohort.y[:, slot], rtol=1e-6)


def test_a_number_of_history_makes_the_same_patients_anew(evaluator, here):
    key = "switching:antigen.per_division.median"
    same = evaluator.patients(moved(evaluator, here, key, 1e-7))
    assert np.array_equal(same.index, evaluator.cohort.index)
    assert np.allclose(same.y, evaluator.cohort.y, rtol=1e-3, atol=1.0)
    other = evaluator.patients(moved(evaluator, here, key, np.log(0.2)))
    assert set(other.index) <= set(evaluator.cohort.index)


def test_other_doses_are_given_inside_the_label(evaluator, here):
    runs = evaluator.run(here, ["car_t", LOW_DOSE, HIGH_DOSE])
    low, high = runs[LOW_DOSE].dose, runs[HIGH_DOSE].dose
    weight = runs[LOW_DOSE].covariates["weight_kg"]
    given = low > 0
    assert low.size == 10
    assert np.all(high[given] >= low[given])
    assert np.all(high[given] <= np.maximum(5.01e6 * weight[given], 2.51e8))
    assert np.all(low[given] >= 0.19e6 * np.minimum(weight[given], 50))


def test_a_small_calibration_runs_goes_on_and_is_written(tmp_path):
    sizes = Sizes(
        patients=40, quick=20, report=30, draws=3, draw_patients=20, prior_draws=2, prior_patients=10, dose_patients=10, rounds=1, steps=1,
        months=12.0,
    )  # fmt: skip
    folder = tmp_path / "fit"
    first = calibrate("b_all", out=folder, sizes=sizes)
    again = calibrate("b_all", out=folder, sizes=sizes)
    assert first.json() == again.json()
    first.save(folder)
    assert {path.name for path in (folder / "package").rglob("*.*")} == {
        "b_all.population.csv", "b_all.posterior.csv", "b_all.calibration.json",
    }  # fmt: skip
    assert first.table().height == first.points.shape[1]
