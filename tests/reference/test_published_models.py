"""Published CAR-T models, built with the same builder as ours, give their published numbers."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from remission.engine.batch import Dose

from .cases import CASES, measure, published, system_of
from .direct import Direct, integrate
from .runs import course, run

PUBLISHED = published()


@pytest.mark.parametrize("item", PUBLISHED, ids=lambda item: f"{item.case}-{item.output}-{item.measure}-{item.at:g}-{item.printed}")
def test_published_number_is_reproduced_at_default_tolerance(item):
    days, outputs = course(item.case)
    assert measure(item, days, outputs[item.output]) == pytest.approx(float(item.printed), abs=item.tolerance, rel=0)


def test_every_case_has_a_published_number():
    assert {item.case for item in PUBLISHED} == set(CASES)


@pytest.mark.parametrize("name", ["leukemia_1e6", "solid_dual", "stein", "kimmel", "hdlm_2_0.2e6", "raji"])
def test_an_independent_solver_agrees_along_the_whole_course(name):
    case = CASES[name]
    system, days = system_of(case.model), np.arange(0.0, min(case.until, 60.0) + 1)
    reference = integrate(Direct(system, values=case.values), days, case.doses, method="LSODA", rtol=1e-11, atol=1e-8)
    fine, outputs = course(name, 1e-9, 1e-6)
    at = np.round(days / (fine[1] - fine[0])).astype(int)
    for i, output in enumerate(system.outputs):
        ours = outputs[output.name.split(".")[-1]][at]
        np.testing.assert_allclose(ours, reference[:, i], rtol=1e-6, atol=1e-5, err_msg=output.name)


# ---- what the papers say in words ------------------------------------------------------------------------------------
def test_a_thousandfold_dose_changes_peak_car_t_by_less_than_15_percent():
    peaks = [course(name)[1]["C"][:2000].max() for name in ("leukemia_1e6", "leukemia", "leukemia_1e8", "leukemia_1e9")]
    assert max(peaks) / min(peaks) < 1.15


def test_car_t_peak_stays_below_dose_and_a_quarter_of_the_targets():
    assert course("leukemia")[1]["C"].max() < 1e7 + 0.25 * (5e10 + 2.5e10)


def test_progenitor_stimulus_as_flux_or_per_cell_gives_the_same_peak_to_four_digits():
    peaks = [_end_of_expansion(model) for model in ("leukemia_flux", "leukemia_per_cell")]
    assert peaks[0] == pytest.approx(peaks[1], rel=1e-4)


def _end_of_expansion(model: str) -> float:
    system, days = system_of(model), np.arange(0.0, 30.0, 0.05)
    batch = run(system, Direct(system).p[None], 30.0, days=days)
    return batch.saved[0, :, system.output_slot("leon_triana_leukemia.C")].max()


def test_lymphoma_is_cured_below_a_growth_rate_of_a_tenth_per_day_and_relapses_above():
    lowest = {rate: course(f"kimmel_{rate:.2f}")[1]["B"].min() for rate in (0.05, 0.10, 0.15, 0.20, 0.30, 0.50)}
    assert lowest[0.05] < 0.1
    assert 1 < lowest[0.10] < 2
    assert all(cells > 50 for rate, cells in lowest.items() if rate > 0.1)
    assert list(lowest.values()) == sorted(lowest.values())


def test_dose_alone_decides_between_elimination_dormancy_and_escape_in_mice():
    days, high = course("hdlm_2_2e6")
    _, low = course("hdlm_2_0.5e6")
    _, lowest = course("hdlm_2_0.2e6")
    late = days > 200
    assert high["T"][days > 50].max() < 1
    assert 100 < low["T"][late].min() < low["T"][late].max() < 2e3
    assert lowest["T"][late].min() > 1e10


def test_memory_clears_a_rechallenge_within_days():
    days, outputs = course("hdlm_2")
    assert outputs["T"][(days > 250) & (days < 250.1)].max() > 1e5
    assert outputs["T"][days > 255].max() < 1


# ---- CARRGO ----------------------------------------------------------------------------------------------------------
with Path(__file__).with_name("carrgo_wells.csv").open(encoding="utf-8") as file:
    WELLS = list(csv.DictReader(file))


def _well(row: dict) -> Direct:
    names = ("growth", "crowding", "kill", "response", "loss")
    return Direct(system_of("carrgo"), values={f"carrgo.{name}": float(row[name]) for name in names})


@pytest.mark.parametrize("row", WELLS, ids=lambda row: row["well"])
def test_glioma_and_car_t_rest_at_the_published_coexistence_point(row):
    growth, crowding, kill, response, loss = (float(row[name]) for name in ("growth", "crowding", "kill", "response", "loss"))
    tumor = loss / response
    car_t = growth * (1 - tumor * crowding) / kill
    for found, printed in ((tumor, row["X"]), (car_t, row["Y"])):
        rounding = 0.5 * 10.0 ** -len(printed.partition(".")[2])
        assert found == pytest.approx(float(printed), abs=0.01 * float(printed) + rounding)
    rates = _well(row).rates(np.array([tumor, car_t, 0.0]))
    assert np.abs(rates).max() < 24 * 1e-12


def test_the_1_to_8_well_settles_where_the_end_of_the_experiment_was_measured():
    system = system_of("carrgo")
    batch = run(system, _well(WELLS[0]).p[None], 80.0, days=np.array([80.0]))
    tumor, car_t, _ = batch.saved[0, 0]
    assert tumor == pytest.approx(0.4966, rel=0.01)
    assert car_t == pytest.approx(0.4155, rel=0.01)


def test_rates_per_hour_run_per_day_and_dexamethasone_halves_in_3_33_hours():
    direct = Direct(system_of("carrgo"))
    tumor, car_t, steroid = 0.3, 0.2, 0.7
    hourly = np.array(
        [
            0.230 * tumor * (1 - 0.559 * tumor) - (0.400 * car_t + 0.01 * steroid) * tumor,
            0.0463 * tumor * car_t - (0.0230 + 0.05 * steroid) * car_t,
            -np.log(2) / 3.33 * steroid,
        ]
    )
    np.testing.assert_allclose(direct.rates(np.array([tumor, car_t, steroid])), 24 * hourly, rtol=1e-12)


def test_dexamethasone_lowers_car_t_cells():
    system = system_of("carrgo")
    days, agent = np.linspace(0, 3, 31), system.agent_index("carrgo")
    parameters = np.repeat(Direct(system).p[None], 2, 0)
    batch = run(system, parameters, 3.0, [[], [Dose(0.5, agent, 1.0)]], days)
    car_t = batch.saved[:, :, system.output_slot("carrgo.Y")]
    np.testing.assert_allclose(car_t[0, :6], car_t[1, :6], rtol=1e-5)
    assert (car_t[1, 6:] < car_t[0, 6:]).all()
