"""What an assessment returns: the same document saved and loaded, tables, figures, and a report that opens offline."""

import json
import re

import polars as pl
import pytest

from remission.assessing import Assessment, assess
from remission.assessing.words import sentences
from remission.errors import InputError
from remission.printing import json_text
from remission.report.assessment import html, text_table, write
from remission.response import criteria
from remission.response.scans import Scans
from tests.assessing.small import course, example, sheet


@pytest.fixture(scope="module")
def found():
    return example()


def test_a_saved_assessment_is_the_same_when_loaded(found, tmp_path):
    found.save(tmp_path / "run")
    again = Assessment.load(tmp_path / "run")
    assert again.json() == found.json()
    assert again.notes == found.notes
    assert all(again.tables[name].equals(found.tables[name]) for name in found.tables)
    assert html(again) == html(found)
    assert json.loads((tmp_path / "run" / "result.json").read_text(encoding="utf-8")) == json.loads(json_text(found.json()))


def test_a_folder_of_something_else_is_refused(found, tmp_path):
    with pytest.raises(InputError, match="holds no assessment"):
        Assessment.load(tmp_path)
    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(InputError, match="other things"):
        found.save(tmp_path)
    assert (tmp_path / "mine.txt").exists()


def test_an_assessment_of_another_schema_is_refused(found, tmp_path):
    found.save(tmp_path / "run")
    marker = tmp_path / "run" / "run.json"
    marker.write_text(json.dumps({**json.loads(marker.read_text(encoding="utf-8")), "schema": 99}), encoding="utf-8")
    with pytest.raises(InputError, match="another version"):
        Assessment.load(tmp_path / "run")


def test_the_document_holds_no_number_that_is_not_finite(found):
    assert "NaN" not in json.dumps(found.json(), allow_nan=False)


def test_the_document_says_what_it_is_for(found):
    assert found.json()["intended_use"].startswith("Research use only")


@pytest.mark.parametrize("name", ["patients", "visits", "lesions", "times", "arms", "adsl", "adtr", "adrs", "adtte"])
def test_tables_are_found_by_name(found, name):
    assert found.table(name).height > 0


def test_an_unknown_table_or_figure_names_the_nearest_one(found):
    with pytest.raises(InputError, match="did you mean `visits`"):
        found.table("visit")
    with pytest.raises(InputError, match="did you mean `swimmer`"):
        found.plot("swimer")
    with pytest.raises(InputError, match="did you mean `P-01`"):
        found.plot("timeline", "P01")


@pytest.mark.parametrize("name", ["waterfall", "spider", "swimmer", "pfs", "os", "dor", "ttp"])
def test_figures_are_drawn_by_name(found, name):
    assert found.plot(name).svg().startswith("<svg")


def test_the_sentences_of_all_visits_are_those_of_each(found):
    scans = Scans.of_sizes([0, 56, 112, 168], [[50, 30, 36, 60], [50, None, 52, 20], [0, 0, 20, 20]])
    judged, _ = criteria.get("recist1.1").judge(scans)
    one_by_one = [judged.sentence(patient, visit) for patient in range(3) for visit in range(4)]
    assert sentences(judged, scans.held) == one_by_one


def test_the_report_is_one_file_that_fetches_nothing(found, tmp_path):
    text = write(found, tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.findall(r'(?:src|href)="(?!#)', text)
    assert "<script" not in text
    assert "Research use only" in text


def test_the_report_says_every_rule_option_and_source(found):
    text = html(found)
    visits = found.table("visits")
    assert all(rule.replace("<", "&lt;") in text for rule in visits["rule"])
    assert "stable_days" in text
    assert "Eisenhauer 2009" in text
    assert text.count("<details class") + text.count('class="patient"') >= 8


def test_the_report_escapes_names_from_the_file():
    text = html(assess(sheet(course("<b>x</b>", {0: 50, 56: 20})), "recist1.1"))
    assert "<b>x</b>" not in text


def test_the_terminal_shows_patients_and_arms(found):
    text = text_table(found)
    assert "P-05" in text
    assert "75% (19–99%), 3/4" in text
    assert max(map(len, text.splitlines())) <= 120


def test_the_same_file_gives_the_same_report(found):
    assert html(example()) == html(found)
    assert json_text(example().json()) == json_text(found.json())


def test_a_dated_file_shows_dates_below_days():
    rows = sheet(course("a", {0: 40, 56: 20})).with_columns(date=pl.Series(["2024-03-01", "2024-04-30"])).drop("day")
    text = html(assess(rows, "recist1.1", pl.DataFrame({"patient": ["a"], "time_zero": ["2024-03-05"]})))
    assert "day 56<br><small>2024-04-30</small>" in text


def test_findings_stand_beside_the_visits_that_they_decide():
    rows = {"patient": ["a"] * 2, "day": [0.0, 28.0], "blasts": [60.0, 2.0], "anc": [0.3, 1.5], "platelets": [20.0, 150.0]}
    text = html(assess(pl.DataFrame(rows), "leukemia"))
    assert '<th scope="col">Neutrophils</th>' in text
    assert '<th scope="col">Non-target</th>' not in text


def test_a_changed_option_is_shown_with_its_default():
    text = html(example(censoring="ema"))
    assert "1 changed" in text
    assert "<b>ema</b><small> default fda</small>" in text
