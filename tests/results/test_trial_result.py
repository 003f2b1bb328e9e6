"""The result of a trial: its document, its folder, and the questions asked of it."""

import json
import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from remission.errors import InputError
from remission.results import TrialResult, gathered
from tests.support_results import KINDS, made_up_arm, made_up_arms, made_up_result, made_up_scenario, with_failure


@pytest.fixture(scope="module")
def result():
    return made_up_result()


@pytest.fixture(scope="module")
def document(result):
    return result.json()


def numbers(value):
    if isinstance(value, dict):
        return [number for inner in value.values() for number in numbers(inner)]
    if isinstance(value, list):
        return [number for inner in value for number in numbers(inner)]
    return [value] if isinstance(value, float) else []


def test_the_document_has_the_keys_of_the_contract_in_their_order(document):
    keys = ("scenario", "seed", "patients", "version", "pairing", "intended_use", "failed", "arms", "contrasts", "seconds", "notes")
    assert [key for key in document if key in keys] == list(keys)
    assert "Research use only" in document["intended_use"]


def test_the_document_is_strict_json_without_nan(document):
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert all(math.isfinite(number) for number in numbers(document))


def test_the_cell_arm_has_every_key_and_chemotherapy_only_those_that_apply(document):
    cells, chemotherapy = document["arms"]["car_t"], document["arms"]["salvage_chemotherapy"]
    shares = {"orr", "orr_itt", "cr", "cr_itt", "cri", "mrd_negative", "treated"}
    times = {"dor", "dor_with_transplant", "rfs", "rfs_with_transplant", "efs", "efs_itt", "os", "os_itt"}
    assert shares | times | {"n", "relapse", "kinetics", "toxicity", "b_cell_recovery", "cumulative_relapse"} <= set(cells)
    assert not {"kinetics", "toxicity", "b_cell_recovery", "pfs"} & set(chemotherapy)


def test_a_failed_member_is_counted_and_left_out_of_estimates():
    arms = made_up_arms()
    arms["car_t"] = with_failure(arms["car_t"], 17)
    result = made_up_result(arms=arms)
    document = result.json()
    assert document["failed"] == {"car_t": 1, "car_t_without_lymphodepletion": 0, "salvage_chemotherapy": 0}
    assert document["arms"]["car_t"]["n"]["enrolled"] == 400
    assert document["arms"]["car_t"]["orr_itt"]["n"] == 399
    assert result.tables["failures"].rows() == [(17, "car_t", "non_finite", "a state became infinite or not a number")]
    assert result.tables["tte"].filter((pl.col("arm") == "car_t") & (pl.col("patient") == 17)).is_empty()
    assert any("Failed members of car_t: 1" in note for note in result.notes)


def test_only_endpoints_of_the_scenario_are_read():
    scenario = replace(made_up_scenario(), endpoints=("ORR", "OS", "PFS"))
    given = ("counterfactual", {}, [], {}, pl.DataFrame())
    result = TrialResult.of(scenario, made_up_arms(60), 1, *given)
    assert {"orr", "os"} <= set(result.json()["arms"]["car_t"])
    assert not {"efs", "rfs", "cr"} & set(result.json()["arms"]["car_t"])
    assert any("PFS" in note for note in result.notes)


def test_a_saved_result_is_the_same_when_loaded(tmp_path, result):
    result.save(tmp_path / "run")
    loaded = TrialResult.load(tmp_path / "run")
    assert loaded.json() == result.json()
    assert list(loaded.tables) == list(result.tables)
    assert all(loaded.tables[name].equals(table) for name, table in result.tables.items())
    assert loaded.scenario == result.scenario
    assert loaded.notes == result.notes
    assert loaded.compare("EFS").equals(result.compare("EFS"))


def test_the_folder_names_seed_schema_versions_and_tolerances(tmp_path, result):
    result.save(tmp_path / "run")
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (facts["program"], facts["schema"], facts["seed"]) == ("remission", 1, 1)
    assert {"remission", "python", "numpy"} <= set(facts["versions"])
    assert facts["run"]["tolerances"] == {"relative": 1e-6, "absolute": 1e-9}


def test_the_text_of_the_scenario_is_kept(tmp_path):
    file = tmp_path / "small.toml"
    file.write_text('name = "small_trial"\n')
    scenario = replace(made_up_scenario(60), path=file)
    TrialResult.of(scenario, made_up_arms(60), 1, "counterfactual", {}, [], {}, pl.DataFrame()).save(tmp_path / "run")
    loaded = TrialResult.load(tmp_path / "run")
    assert loaded.facts["scenario_text"] == 'name = "small_trial"\n'
    assert loaded.scenario == replace(scenario, path=None)


def test_a_second_result_replaces_tables_and_a_strange_folder_is_refused(tmp_path, result):
    made_up_result(60, more_tables={"measurements": pl.DataFrame({"day": [1]})}).save(tmp_path / "run")
    result.save(tmp_path / "run")
    assert not (tmp_path / "run" / "measurements.parquet").exists()
    (tmp_path / "letter.txt").write_text("private")
    with pytest.raises(InputError, match="other things"):
        result.save(tmp_path)


@pytest.mark.parametrize("broken", ["nothing", "schema", "table"])
def test_a_folder_without_a_whole_result_is_refused(tmp_path, result, broken):
    if broken != "nothing":
        result.save(tmp_path)
    if broken == "schema":
        (tmp_path / "run.json").write_text((tmp_path / "run.json").read_text().replace('"schema": 1', '"schema": 99'))
    if broken == "table":
        (tmp_path / "subjects.parquet").write_text("not a table")
    with pytest.raises(InputError):
        TrialResult.load(tmp_path)


def test_the_table_holds_the_headline_of_each_arm(result):
    table = result.table()
    assert table.columns[:4] == ["arm", "endpoint", "month", "value"]
    row = table.row(by_predicate=(pl.col("arm") == "car_t") & (pl.col("endpoint") == "orr"), named=True)
    assert row["value"] == result.json()["arms"]["car_t"]["orr"]["value"]
    assert set(result.table("RFS")["endpoint"]) == {"rfs", "rfs.median", "rfs_with_transplant", "rfs_with_transplant.median"}
    assert result.table(full=True).height > table.height
    with pytest.raises(InputError, match="did you mean"):
        result.table("rfz")


def test_intervals_over_posterior_draws_are_kept_apart_from_the_others():
    draws = [made_up_result(60, seed=seed).json()["arms"]["car_t"] for seed in range(1, 9)]
    values = gathered(draws)
    assert len(values["orr"]) == 8
    assert {"rfs.12", "rfs.median", "toxicity.crs.penn.any", "relapse.cd19_negative", "kinetics.tmax_day"} <= set(values)
    arms = made_up_result(60, model_draws={"car_t": values}).json()["arms"]
    low, high = arms["car_t"]["orr"]["model"]
    assert min(values["orr"]) <= low <= high <= max(values["orr"])
    assert arms["car_t"]["rfs"]["rates"]["12"]["model"] is not None
    assert arms["salvage_chemotherapy"]["orr"]["model"] is None


def test_figures_are_drawn_from_the_tables_and_an_unknown_one_is_refused(result):
    pytest.importorskip("remission.plots")
    for name in ("RFS", "os", "flow", "kinetics", "relapse", "toxicity", "forest"):
        assert "<svg" in result.plot(name).svg()
    with pytest.raises(InputError, match="did you mean `kinetics`"):
        result.plot("kinetiks")


def test_the_report_reads_the_result(result):
    report = pytest.importorskip("remission.report")
    html = report.html(result)
    assert "Research use only" in html
    assert "Flow of patients" in html


def test_tables_turn_into_pandas(result):
    assert len(result.table().to_pandas()) == result.table().height


def test_an_arm_in_which_nobody_responds_or_is_treated_has_no_numbers_but_a_document():
    kind = replace(KINDS["car_t"], responds=0.0)
    silent = made_up_arm("car_t", kind, 40)
    nobody = replace(silent, treated=np.zeros(40, bool), records=replace(silent.records, infusion_day=np.full(40, np.nan)))
    for run in (silent, nobody):
        arm = made_up_result(arms={"car_t": run}).json()["arms"]["car_t"]
        assert arm["rfs"]["n"] == 0
        assert arm["rfs"]["median"] is None
        assert arm["relapse"]["cd19_negative"]["value"] is None
    assert arm["orr"] == {"value": None, "mcse": None, "trial": [0.0, 1.0], "model": None, "x": 0, "n": 0}


def test_four_thousand_patients_in_three_arms_take_two_seconds():
    from time import process_time

    arms = made_up_arms(4000)
    made_up_result(100)
    start = process_time()
    made_up_result(arms=arms)
    assert process_time() - start < 4.0  # two cores' time in two seconds
