import json
import os
import subprocess
import sys
from types import SimpleNamespace

import polars
import pytest

from remission import cli, run_directory
from remission.errors import FailedMembers, InputError, RunError
from tests.small_scenario import GOOD


class Result:
    """What a job returns, small."""

    def __init__(self, failure=None):
        self.failure = failure

    def json(self):
        return {"scenario": "small", "arms": {"treated": {"orr": {"value": 0.5, "high": float("nan")}}}}

    def table(self):
        return polars.DataFrame({"arm": ["treated"], "orr": [0.51234567]})

    def save(self, directory):
        run_directory.prepare(directory)


def write_report(result, path):
    path.write_text("<html></html>")
    return path


@pytest.fixture
def calls(monkeypatch):
    """The requests the command line makes of the job, which is a fake."""
    made = []

    def run_scenario(scenario, progress, **request):
        made.append((scenario, request))
        progress("simulating", 1, 2)
        progress("simulating", 2, 2)
        return Result()

    report = SimpleNamespace(write=write_report, text_table=lambda result: "endpoint  treated\nresponse  51%")
    monkeypatch.setitem(sys.modules, "remission.trial", SimpleNamespace(run_scenario=run_scenario))
    monkeypatch.setitem(sys.modules, "remission.report", report)
    return made


@pytest.fixture
def here(tmp_path, monkeypatch, small_catalog):
    """A working folder with a good scenario in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(GOOD)
    return tmp_path


def trial(*arguments):
    return cli.run(["trial", "small.toml", *arguments])


def test_a_trial_prints_a_table_and_where_the_report_is(here, calls, capsys):
    assert trial() == 0
    printed = capsys.readouterr()
    assert "treated" in printed.out
    assert "51%" in printed.out
    assert "report: runs/small-3/report.html" in printed.err
    assert (here / "runs/small-3/report.html").exists()


def test_the_options_reach_the_job(here, calls):
    options = [
        "--patients",
        "2,000",
        "--arms",
        "control",
        "--seed",
        "7",
        "--set",
        "car_t.a.median=4",
        "--set",
        "car_t.b = 2 mg",
        "--out",
        "o",
    ]
    assert trial(*options, "--resume", "--workers", "2", "--device", "cpu", "--max-failed", "1%") == 0
    scenario, request = calls[0]
    assert scenario.name == "small"
    assert request == {
        "patients": 2000,
        "arms": ["control"],
        "seed": 7,
        "overrides": {"car_t.a.median": 4.0, "car_t.b": "2 mg"},
        "out": here.__class__("o"),
        "resume": True,
        "workers": 2,
        "device": "cpu",
        "max_failed": 0.01,
    }


def test_what_is_not_said_is_left_to_the_scenario(here, calls):
    assert trial() == 0
    request = calls[0][1]
    assert (request["patients"], request["arms"], request["seed"], request["resume"]) == (None, None, None, False)
    assert (request["device"], request["max_failed"], request["workers"]) == ("auto", 0.0, os.cpu_count())


def test_json_is_alone_on_stdout(here, calls, capsys):
    assert trial("--json") == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"scenario": "small", "arms": {"treated": {"orr": {"value": 0.5, "high": None}}}}
    assert "simulating" in printed.err


BAD_OPTIONS = {
    "no patients": (["--patients", "0"], "--patients"),
    "negative patients": (["--patients", "-3"], "--patients"),
    "patients as a word": (["--patients", "abc"], "--patients"),
    "fractional patients": (["--patients", "2.5"], "--patients"),
    "negative seed": (["--seed", "-1"], "--seed"),
    "seed as a word": (["--seed", "lucky"], "--seed"),
    "unknown arm": (["--arms", "treatd"], "did you mean `treated`"),
    "empty arms": (["--arms", ","], "--arms"),
    "set without value": (["--set", "car_t.volume"], "--set KEY=VALUE"),
    "set twice": (["--set", "a=1", "--set", "a=2"], "twice"),
    "no workers": (["--workers", "0"], "--workers"),
    "unknown device": (["--device", "tpu"], "auto, cpu or cuda"),
    "share above one": (["--max-failed", "2"], "--max-failed"),
    "no share": (["--max-failed", "few"], "--max-failed"),
    "unknown option": (["--patient", "3"], "--patient"),
    "second scenario": (["other.toml"], "other.toml"),
    "output under a file": (["--out", "small.toml/run"], "cannot be written"),
    "output is a file": (["--out", "small.toml"], "is a file"),
    "output in a system folder": (["--out", "/proc/remission"], "cannot be written"),
    "output is somebody's": (["--out", "."], "other things than a run"),
}


@pytest.mark.parametrize("case", BAD_OPTIONS)
def test_a_wrong_option_is_one_clear_line_and_exit_2(here, calls, capsys, case):
    arguments, message = BAD_OPTIONS[case]
    assert trial(*arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert printed.err.startswith("remission: ")
    assert len(printed.err.strip().splitlines()) == 1
    assert not calls


def test_cuda_without_a_device_is_exit_2_with_a_remedy(here, calls, capsys, monkeypatch):
    monkeypatch.setattr(cli.options, "has_cuda", lambda: False)
    assert trial("--device", "cuda") == 2
    assert "--device cpu" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["trial", "nowhere.toml"], ["trial", "b-all-cat-t"], ["check", "x"], ["describe", "nothing"], ["list", "drugs"]]
)
def test_an_unknown_name_is_exit_2(here, capsys, arguments):
    assert cli.run(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("remission: ")


@pytest.mark.parametrize("arguments", [["trail"], [], ["trial"], ["--wrong"], ["list"]])
def test_a_wrong_command_line_is_exit_2(capsys, arguments):
    assert cli.run(arguments) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_wrong_scenario_lists_all_problems_without_traceback(here, calls, capsys):
    (here / "small.toml").write_text(GOOD.replace("seed = 3", "sede = 3").replace("size = 50", "size = 0"))
    assert trial("--json") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "2 problems" in printed.err
    assert "did you mean `seed`" in printed.err


@pytest.mark.parametrize(("error", "code"), [(InputError("bad", "here"), 2), (RunError("broken"), 1), (FailedMembers("3 of 10"), 3)])
def test_errors_of_the_job_become_exit_codes(here, calls, monkeypatch, capsys, error, code):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(sys.modules["remission.trial"], "run_scenario", fail)
    assert trial() == code
    assert str(error) in capsys.readouterr().err


def test_too_many_failed_members_are_told_after_the_results(here, calls, monkeypatch, capsys):
    failure = FailedMembers("member 17 failed: not finite")
    monkeypatch.setattr(sys.modules["remission.trial"], "run_scenario", lambda *_, **__: Result(failure))
    assert trial("--json") == 3
    printed = capsys.readouterr()
    assert json.loads(printed.out)["scenario"] == "small"
    assert "member 17" in printed.err
    assert (here / "runs/small-3/report.html").exists()


def test_an_interrupted_run_says_how_to_go_on(here, calls, monkeypatch, capsys):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["remission.trial"], "run_scenario", stop)
    assert trial() == 130
    assert "--resume" in capsys.readouterr().err


def test_an_earlier_run_is_replaced_and_nothing_else(tmp_path):
    run_directory.prepare(tmp_path / "run")
    (tmp_path / "run" / "old.parquet").write_text("old")
    run_directory.prepare(tmp_path / "run", resume=True)
    assert (tmp_path / "run" / "old.parquet").exists()
    run_directory.prepare(tmp_path / "run")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["run.json"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match="other things"):
        run_directory.prepare(tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "precious"


def test_a_marker_of_another_program_is_no_run(tmp_path):
    (tmp_path / "run.json").write_text('{"program": "other"}')
    with pytest.raises(InputError, match="other things"):
        run_directory.check(tmp_path)


def test_a_scenario_is_checked(here, capsys, monkeypatch):
    monkeypatch.setattr("remission.trial.prepare", lambda design: design)  # the small catalog has no tables to compose
    assert cli.run(["check", "small.toml"]) == 0
    assert "fine (2 arms" in capsys.readouterr().out


def test_a_scenario_is_described_as_it_would_be_run(here, capsys):
    assert cli.run(["describe", "small.toml"]) == 0
    text = capsys.readouterr().out
    assert "chemotherapy:flag 30 mg/m2, day 0, 1 every 28 d, 2 times" in text
    assert "no therapy" in text


def test_criteria_are_listed_and_described(capsys):
    assert cli.run(["list", "criteria"]) == 0
    assert "leukemia" in capsys.readouterr().out
    assert cli.run(["describe", "leukemia"]) == 0
    assert "remission_blasts" in capsys.readouterr().out


def test_a_bundled_scenario_is_copied_once(here, capsys):
    assert cli.run(["copy", "b-all-car-t", "mine"]) == 0
    assert (here / "mine" / "b-all-car-t.toml").read_text().startswith("# A virtual trial")
    assert cli.run(["copy", "b_all_car_t", "mine"]) == 2
    assert "exists" in capsys.readouterr().err
    assert cli.run(["copy", "b_all_car_t", "small.toml"]) == 2


def job(monkeypatch, module, name, made):
    def run(*arguments, progress, **request):
        made.append((arguments, request))
        return Result()

    monkeypatch.setitem(sys.modules, f"remission.{module}", SimpleNamespace(**{name: run}))


def test_a_calibration_is_run_and_saved(here, monkeypatch, capsys):
    made = []
    job(monkeypatch, "calibration", "calibrate", made)
    cli.calibrate("b-all", out=None)
    assert made == [(("b_all",), {"targets": None, "out": here.__class__("runs/calibrate-b-all")})]
    assert "0.5123" in capsys.readouterr().out
    assert run_directory.is_run(here / "runs/calibrate-b-all")


def test_a_validation_prints_json_alone(here, monkeypatch, capsys):
    made = []
    job(monkeypatch, "calibration", "validate", made)
    cli.validate(["b-all"], as_json=True)
    assert made == [((["b_all"],), {})]
    assert json.loads(capsys.readouterr().out)["scenario"] == "small"


def test_single_patients_are_simulated(here, monkeypatch, capsys):
    made = []
    job(monkeypatch, "simulation", "simulate_scenario", made)
    cli.simulate("small.toml", patients="3", seed="5")
    assert made[0][1] == {"patients": 3, "seed": 5}
    assert "treated" in capsys.readouterr().out


def test_jobs_that_are_not_in_this_version_are_no_commands(capsys):
    assert cli.run(["plan"]) == 2
    assert "No such command" in capsys.readouterr().err


def test_the_module_runs_as_a_program():
    done = subprocess.run([sys.executable, "-m", "remission", "--version"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("remission ")
