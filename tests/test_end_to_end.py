"""The command line with the whole model behind it: what scripts depend on, and what a user may get wrong."""

import json
from pathlib import Path

import polars as pl
import pytest

from remission import cli, run_directory
from remission import trial as trial_module

BUNDLED = Path(trial_module.__file__).parent / "scenarios" / "b-all-car-t.toml"
SIZE = "10"


@pytest.fixture(autouse=True)
def here(tmp_path_factory, tmp_path, monkeypatch):
    """A working folder of its own, and cohorts apart from those of real runs."""
    folder = tmp_path_factory.getbasetemp() / "cohorts"
    monkeypatch.setattr(trial_module, "cache_directory", lambda: folder)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def strict(text):
    def refuse(word):
        raise AssertionError(f"`{word}` is no JSON")

    return json.loads(text, parse_constant=refuse)


def trial(*arguments, name="b-all-car-t"):
    return cli.run(["trial", name, "--patients", SIZE, *arguments])


# ---- what is printed and kept


def test_a_trial_prints_one_document_and_keeps_a_folder(here, capsys):
    assert trial("--json", "--seed", "5") == 0
    printed = capsys.readouterr()
    document = strict(printed.out)
    assert (document["scenario"], document["seed"], document["patients"]) == ("b_all_car_t", 5, int(SIZE))
    assert document["failed"] == dict.fromkeys(document["arms"], 0)
    assert "Research use only" in document["intended_use"]
    folder = here / "runs" / "b-all-car-t-5"
    assert f"report: {Path('runs/b-all-car-t-5/report.html')}" in printed.err
    assert strict((folder / "result.json").read_text()) == document
    assert "<html" in (folder / "report.html").read_text()[:400].lower()
    assert run_directory.read_marker(folder)["state"] == "finished"
    subjects = pl.read_parquet(folder / "subjects.parquet")
    assert subjects.height == 3 * int(SIZE)
    for path in folder.glob("*.parquet"):
        table = pl.read_parquet(path)
        floats = table.select(pl.col(pl.Float64, pl.Float32))
        assert not floats.select(pl.all().is_nan().any()).transpose().to_series().any() if floats.width and floats.height else True, path


@pytest.mark.slow
def test_a_trial_prints_a_table_without_json(capsys):
    assert trial("--arms", "car-t") == 0
    printed = capsys.readouterr()
    assert "{" not in printed.out
    assert "Treated" in printed.out or "treated" in printed.out.lower()
    assert "car_t" in printed.err


@pytest.mark.slow
@pytest.mark.parametrize("arm", ["car_t", "car_t_without_lymphodepletion", "salvage_chemotherapy"])
def test_every_arm_can_be_run_alone(capsys, arm):
    assert trial("--arms", arm, "--json") == 0
    assert list(strict(capsys.readouterr().out)["arms"]) == [arm]


def test_a_number_set_on_the_command_line_is_used(capsys):
    assert trial("--arms", "car_t", "--json", "--set", "supply.failure_probability=1") == 0
    document = strict(capsys.readouterr().out)
    assert document["arms"]["car_t"]["n"]["treated"] == 0


def test_a_single_patient_is_a_trial(capsys):
    assert cli.run(["trial", "b-all-car-t", "--patients", "1", "--json"]) == 0
    assert strict(capsys.readouterr().out)["arms"]["car_t"]["n"]["enrolled"] == 1


def test_a_copied_scenario_runs_like_the_bundled_one(here, capsys):
    assert cli.run(["copy", "b-all-car-t"]) == 0
    assert cli.run(["check", "b-all-car-t.toml"]) == 0
    capsys.readouterr()
    assert trial("--json", "--arms", "car_t") == 0
    one = strict(capsys.readouterr().out)
    assert trial("--json", "--arms", "car_t", name="b-all-car-t.toml") == 0
    other = strict(capsys.readouterr().out)
    assert one["arms"] == other["arms"]


def test_a_stopped_run_is_gone_on_with(here, capsys, monkeypatch):
    monkeypatch.setattr(trial_module, "PART", 4)
    assert trial("--json", "--out", "whole") == 0
    whole = strict(capsys.readouterr().out)
    with monkeypatch.context() as patch:
        save, made = trial_module.save_part, []

        def stopped(run, path):
            if len(made) == 4:
                raise KeyboardInterrupt
            made.append(path)
            save(run, path)

        patch.setattr(trial_module, "save_part", stopped)
        assert trial("--json", "--out", "part") == 130
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "--resume" in printed.err
    assert trial("--json", "--out", "part", "--resume") == 0
    rest = strict(capsys.readouterr().out)
    assert rest | {"seconds": 0} == whole | {"seconds": 0}
    for path in (here / "whole").glob("*.parquet"):
        assert pl.read_parquet(path).equals(pl.read_parquet(here / "part" / path.name)), path.name


def test_resume_of_another_design_is_refused_and_keeps_it(here, capsys):
    assert trial("--arms", "car_t", "--out", "run", "--json") == 0
    kept = (here / "run" / "result.json").read_text()
    assert trial("--arms", "car_t", "--out", "run", "--seed", "2", "--resume") == 2
    assert "--resume" in capsys.readouterr().err
    assert (here / "run" / "result.json").read_text() == kept


def test_a_fault_is_reported_and_ends_with_3(here, capsys, monkeypatch):
    assert trial("--arms", "car_t", "--out", "plain", "--json") == 0
    patient = pl.read_parquet(here / "plain" / "subjects.parquet").filter(pl.col("treated"))["patient"][0]
    capsys.readouterr()
    monkeypatch.setenv("REMISSION_FAULT", f"member={patient}")
    assert trial("--arms", "car_t", "--json") == 3
    printed = capsys.readouterr()
    assert strict(printed.out)["failed"] == {"car_t": 1}
    assert f"patients {patient}" in printed.err
    assert "--max-failed" in printed.err
    folder = here / "runs" / "b-all-car-t-1"
    assert pl.read_parquet(folder / "failures.parquet")["patient"].to_list() == [patient]
    assert (folder / "report.html").exists()
    assert trial("--arms", "car_t", "--json", "--max-failed", "1") == 0
    assert trial("--arms", "car_t", "--json", "--max-failed", "10%") == 0
    assert trial("--arms", "car_t", "--json", "--max-failed", "9%") == 3


def test_member_17_fails_in_a_fresh_trial_with_a_cohort_not_built_before(capsys, monkeypatch):
    monkeypatch.setenv("REMISSION_FAULT", "member=17")
    assert cli.run(["trial", "b-all-car-t", "--patients", "19", "--seed", "77", "--arms", "car_t", "--json"]) == 3
    document = strict(capsys.readouterr().out)
    assert document["failed"] == {"car_t": 1}
    assert document["arms"]["car_t"]["n"]["enrolled"] == 19


def test_a_foreign_folder_is_left_alone(here, capsys):
    (here / "thesis").mkdir()
    (here / "thesis" / "chapter.txt").write_text("precious")
    assert trial("--out", "thesis") == 2
    assert trial("--out", "thesis", "--resume") == 2
    assert [path.name for path in (here / "thesis").iterdir()] == ["chapter.txt"]


def test_an_earlier_run_survives_a_wrong_command(here, capsys):
    assert trial("--arms", "car_t", "--out", "run", "--json") == 0
    kept = (here / "run" / "result.json").read_text()
    assert trial("--arms", "car_t", "--out", "run", "--set", "car_t.no_such=1") == 2
    assert (here / "run" / "result.json").read_text() == kept


def test_single_patients_are_followed_as_one_document(capsys, here):
    assert cli.run(["simulate", "b-all-car-t", "--patients", "2", "--json", "--out", "paths"]) == 0
    document = strict(capsys.readouterr().out)
    assert {"scenario", "seed", "arms", "notes"} <= document.keys()
    assert [len(own) for own in document["arms"].values()] == [2, 2, 2]
    assert (here / "paths" / "trajectories.parquet").exists()


def test_single_patients_are_shown_as_a_table(capsys):
    assert cli.run(["simulate", "b-all-car-t"]) == 0
    assert "marrow" in capsys.readouterr().out


# ---- what is wrong: one clear message with place and remedy, exit 2, no traceback


def changed(before, after):
    def write(folder):
        text = BUNDLED.read_text(encoding="utf-8")
        assert before in text
        (folder / "bad.toml").write_text(text.replace(before, after, 1), encoding="utf-8")

    return write


def written(content):
    return lambda folder: (folder / "bad.toml").write_bytes(content)


def nested(folder):
    (folder / "bad.toml").write_text("name = " + "[" * 5000 + "]" * 5000)


def unreadable(folder):
    (folder / "bad.toml").mkdir()


BAD_FILES = {
    "unknown disease": (changed('disease = "b_all"', 'disease = "b_al"'), ["bad.toml", "did you mean `b_all`"]),
    "unknown agent": (changed("chemotherapy:cytarabine", "chemotherapy:cytarabin"), ["bad.toml", "salvage_chemotherapy", "did you mean"]),
    "unknown therapy": (changed("chemotherapy:cytarabine", "chemo:cytarabine"), ["bad.toml", "unknown therapy"]),
    "unknown key": (changed("pairing =", "pairng ="), ["bad.toml", "did you mean `pairing`"]),
    "unknown key of an arm": (changed("note =", "noet ="), ["bad.toml", "did you mean `note`"]),
    "wrong unit": (changed('amount = "2 g/m2"', 'amount = "2 Gy"'), ["bad.toml", "dosed in `mg`"]),
    "unit that is none": (changed('amount = "2 g/m2"', 'amount = "2 gg/m2"'), ["bad.toml", "gg/m2"]),
    "negative dose": (changed('amount = "2 g/m2"', 'amount = "-2 g/m2"'), ["bad.toml", "cannot be negative"]),
    "dose that is no number": (changed('amount = "2 g/m2"', 'amount = "much"'), ["bad.toml", "much"]),
    "infinite dose": (changed('amount = "2 g/m2"', 'amount = "1e999 g/m2"'), ["bad.toml"]),
    "visit after the end": (changed('data_cut = "66 months"', 'data_cut = "12 months"'), ["bad.toml", "after the data cut"]),
    "visits in disorder": (changed("day 28, month 3, then every", "month 3, day 28, then every"), ["bad.toml", "does not follow"]),
    "no visits": (changed('visits = "day 28, month 3, then every 3 months to 5 years"', 'visits = ""'), ["bad.toml", "visits"]),
    "no arms": (written(b'name = "x"\ndisease = "b_all"\n[protocol]\nvisits = "day 28"\n'), ["bad.toml", "arms"]),
    "arm without regimen": (changed("[arms.car_t]", "[arms.nothing]\n[arms.car_t]"), ["bad.toml", "regimen"]),
    "zero patients": (changed("size = 2000", "size = 0"), ["bad.toml", "size"]),
    "negative patients": (changed("size = 2000", "size = -5"), ["bad.toml", "size"]),
    "patients as text": (changed("size = 2000", 'size = "many"'), ["bad.toml", "size"]),
    "unknown covariate": (changed("age = [3, 25]", "agee = [3, 25]"), ["population.where", "did you mean `age`"]),
    "limits as text": (changed("age = [3, 25]", 'age = "young"'), ["population.where", "pair of numbers"]),
    "limits swapped": (changed("age = [3, 25]", "age = [25, 3]"), ["bad.toml", "above the upper"]),
    "nobody inside the limits": (changed("age = [3, 25]", "age = [100, 120]"), ["population.where", "widen the limits"]),
    "unknown history": (changed('"relapsed_or_refractory"', '"relapsed"'), ["bad.toml", "history"]),
    "unknown pairing": (changed('"counterfactual"', '"counterfactal"'), ["bad.toml", "did you mean `counterfactual`"]),
    "unknown endpoint": (changed('"DoR"', '"DoRR"'), ["bad.toml", "endpoints"]),
    "negative seed": (changed("seed = 1", "seed = -1"), ["bad.toml", "seed"]),
    "rule that reads nothing": (changed("cytokine_release.penn >= 3", "crs_penn >= 3"), ["rule `tocilizumab`", "crs_penn"]),
    "rule without a number": (changed("cytokine_release.penn >= 3", "cytokine_release.penn is high"), ["bad.toml", "no condition"]),
    "crossover": (changed("later_lines = true", 'crossover = {salvage_chemotherapy = "car_t"}'), ["protocol.crossover", "no crossover"]),
    "not TOML": (written(b"name = = 3"), ["bad.toml", "not TOML"]),
    "another format": (written(b'{"name": "x"}'), ["bad.toml", "not TOML"]),
    "wrong encoding": (written("name = 'Ü'".encode("utf-16")), ["bad.toml"]),
    "latin-1": (written("name = 'Ü'".encode("latin-1")), ["bad.toml"]),
    "empty file": (written(b""), ["bad.toml", "empty"]),
    "binary": (written(bytes(range(256))), ["bad.toml"]),
    "deep nesting": (nested, ["bad.toml"]),
    "a folder": (unreadable, ["bad.toml"]),
    "missing file": (lambda folder: None, ["bad.toml"]),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_wrong_scenario_is_one_clear_message(here, capsys, case):
    write, words = BAD_FILES[case]
    write(here)
    told(cli.run(["trial", "bad.toml", "--patients", "200"]), capsys, words)
    assert not (here / "runs").exists() or not list((here / "runs").rglob("*.parquet"))


BAD_OPTIONS = {
    "zero patients": (["--patients", "0"], ["--patients"]),
    "negative patients": (["--patients", "-5"], ["--patients"]),
    "patients as a word": (["--patients", "many"], ["--patients"]),
    "unknown arm": (["--arms", "car_tt"], ["did you mean `car_t`"]),
    "unknown key": (["--set", "car_t.kill_capacty=3"], ["car_t.kill_capacty", "did you mean"]),
    "value outside its range": (["--set", "supply.failure_probability=2"], ["supply.failure_probability", "0..1"]),
    "value that is no number": (["--set", "growth.growth_rate=fast"], ["growth.growth_rate", "no number"]),
    "value that is not finite": (["--set", "growth.growth_rate=nan"], ["growth.growth_rate"]),
    "value in another unit": (["--set", "growth.growth_rate=0.1 mg"], ["growth.growth_rate"]),
    "formula in a circle": (["--set", "patient.bsa_m2==2*patient.bsa_m2"], ["patient.bsa_m2"]),
    "formula of nothing": (["--set", "patient.bsa_m2==2*patient.no_such"], ["no_such"]),
    "formula that is none": (["--set", "patient.bsa_m2==2*("], ["patient.bsa_m2"]),
    "law that is none": (["--set", "growth.growth_rate=0.1 lognormal(sd=-1)"], ["growth.growth_rate"]),
    "no key": (["--set", "=3"], ["--set"]),
    "seed as a word": (["--seed", "lucky"], ["--seed"]),
    "unwritable output": (["--out", "/proc/remission"], ["/proc/remission", "--out"]),
    "output is a file": (["--out", "file.txt"], ["file.txt", "--out"]),
    "no workers": (["--workers", "0"], ["--workers"]),
    "unknown device": (["--device", "abacus"], ["--device"]),
    "share above one": (["--max-failed", "1.5"], ["--max-failed"]),
    "unknown option": (["--pateints", "3"], ["--pateints"]),
}


@pytest.mark.parametrize("case", BAD_OPTIONS)
def test_a_wrong_option_is_one_clear_message(here, capsys, case):
    arguments, words = BAD_OPTIONS[case]
    (here / "file.txt").write_text("text")
    told(cli.run(["trial", "b-all-car-t", *arguments]), capsys, words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["trial", "b-all-cart"], ["did you mean"]),
        (["simulate", "b-all-car-t", "--patients", "none"], ["--patients"]),
        (["simulate", "nothing"], ["nothing"]),
        (["describe", "chemotherapy:fludarabin"], ["did you mean"]),
        (["check", "nothing.toml"], ["nothing.toml"]),
        (["list", "drugs"], ["drugs"]),
        (["calibrate", "b_al"], ["did you mean `b_all`"]),
        (["validate", "b_al"], ["did you mean `b_all`"]),
    ],
)
def test_other_commands_refuse_as_clearly(capsys, arguments, words):
    told(cli.run(arguments), capsys, words)


def test_a_fault_that_names_nobody_is_refused(capsys, monkeypatch):
    monkeypatch.setenv("REMISSION_FAULT", "member=x")
    told(trial("--arms", "car_t"), capsys, ["REMISSION_FAULT", "member=17"])


def told(code, capsys, words):
    """Exit 2, nothing on stdout, and a message on stderr with these words and no traceback."""
    printed = capsys.readouterr()
    assert code == 2, printed.err
    assert printed.out == ""
    assert "Traceback" not in printed.err
    message = printed.err[printed.err.index("remission: ") :]
    assert len(message) < 1500, message
    for word in words:
        assert word in message, message
