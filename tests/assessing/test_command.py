"""`remission assess` and what belongs to it, as a person types it."""

import json

from remission import cli
from remission.assessing import Assessment
from tests.assessing.small import MEASUREMENTS, PATIENTS


def test_the_example_is_copied_and_judged(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.run(["copy", "scans-example", "mine"]) == 0
    capsys.readouterr()
    arguments = ["mine/example_measurements.csv", "--criteria", "recist1.1", "--patients", "mine/example_patients.csv", "--out", "out"]
    assert cli.run(["assess", *arguments]) == 0
    printed = capsys.readouterr()
    assert "secondary" in printed.out
    assert "report: out/report.html" in printed.err
    assert (tmp_path / "out" / "report.html").exists()
    assert Assessment.load("out").criterion == "recist1.1"


def test_an_example_is_never_written_over(tmp_path, capsys):
    (tmp_path / "example_patients.csv").write_text("mine", encoding="utf-8")
    assert cli.run(["copy", "scans-example", str(tmp_path)]) == 2
    assert not (tmp_path / "example_measurements.csv").exists()
    assert (tmp_path / "example_patients.csv").read_text(encoding="utf-8") == "mine"


def test_json_is_the_only_thing_on_stdout(capsys):
    assert cli.run(["assess", str(MEASUREMENTS), "--criteria", "recist1.1", "--patients", str(PATIENTS), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document["patients"]) == [f"P-0{number}" for number in range(1, 9)]
    assert {"criteria", "options", "patients", "arms", "notes"} <= set(document)


def test_options_come_from_a_file(tmp_path, capsys):
    (tmp_path / "options.toml").write_text('censoring = "ema"\n', encoding="utf-8")
    arguments = [str(MEASUREMENTS), "--criteria", "recist1.1", "--options", str(tmp_path / "options.toml"), "--json"]
    assert cli.run(["assess", *arguments]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["options"]["censoring"] == "ema"
    assert document["patients"]["P-06"]["pfs_event"] is True


def test_what_is_wrong_ends_with_2_and_a_remedy(tmp_path, capsys):
    assert cli.run(["assess", "nowhere.csv", "--criteria", "recist1.1"]) == 2
    assert cli.run(["assess", str(MEASUREMENTS), "--criteria", "recist"]) == 2
    assert cli.run(["assess", str(MEASUREMENTS)]) == 2
    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")
    assert cli.run(["assess", str(MEASUREMENTS), "--criteria", "recist1.1", "--out", str(tmp_path)]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_criteria_are_listed_with_their_titles(capsys):
    assert cli.run(["list", "criteria"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("recist1.1") and "Eisenhauer 2009" in line for line in lines)
    assert len(lines) == 7


def test_a_criterion_is_described_with_rules_options_and_sources(capsys):
    assert cli.run(["describe", "recist1.1"]) == 0
    text = capsys.readouterr().out
    assert "partial_response" in text
    assert "stable_days" in text
    assert "censoring" in text
    assert text.count("source: ") >= 20
    assert "doi:10.1016/j.ejca.2008.10.026" in text
