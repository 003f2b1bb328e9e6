"""The report stands on its own, says what it rests on, and never reads like advice."""

import re
from html.parser import HTMLParser

import polars as pl
import pytest

from remission import report
from remission.errors import InputError
from remission.report.estimates import citation, find, short_title, trial_name
from remission.report.references import bibliography
from tests.made_up_trial import made_up_trial

VOID = {"meta", "br", "link", "img", "path", "rect", "line", "circle"}


@pytest.fixture(scope="module")
def trial():
    return made_up_trial(150)


@pytest.fixture(scope="module")
def page(trial):
    return report.html(trial)


def words_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)))


class Balance(HTMLParser):
    """Follows opening and closing tags."""

    def __init__(self):
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


def test_every_tag_is_closed(page):
    balance = Balance()
    balance.feed(page)
    assert balance.open == []


def test_the_report_opens_offline_and_runs_nothing(page):
    assert "default-src 'none'" in page
    without_names = page.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"<script|<link|<img|<iframe|\bsrc=|@import|url\(|https?://", without_names)


def test_the_report_is_small_enough_to_mail(page):
    assert len(page.encode()) < 5_000_000


def test_the_research_notice_comes_before_any_number(page, trial):
    assert words_of(page).count(trial.json()["intended_use"]) == 1
    assert words_of(page).index(trial.json()["intended_use"]) < words_of(page).index("Response (CR + CRi)")


def test_response_among_treated_and_enrolled_stand_side_by_side_with_eliana(page):
    said = words_of(page)
    assert "Response (CR + CRi), of treated ELIANA: 82% of 79 (72–90%)" in said
    assert "Response (CR + CRi), of enrolled ELIANA: 67% of 97 (57–76%)" in said


def test_the_three_uncertainties_are_named_apart(page):
    said = words_of(page)
    for name in ("Error (mcse)", "Trial (95%)", "Model (95%)"):
        assert f"{name}" in said


def test_intervals_say_for_which_trial_they_are(page, trial):
    assert "what one trial of 97 patients per arm would report" in words_of(page)
    undesigned = type(trial)(trial.scenario, trial.document, trial.tables, {})
    assert "what one trial of as many patients as were simulated would report" in words_of(report.html(undesigned))


def test_arms_are_compared_pair_by_pair(page):
    said = words_of(page)
    assert "CAR-T after lymphodepletion minus salvage chemotherapy" in said
    assert "Response, of enrolled Difference of shares +39.0 points 1.1" in said
    assert "Difference of restricted means, months up to month 36 +9.4 months" in said


def test_candidates_before_any_arm_are_told(page):
    assert "Before enrollment: candidates 3,125, enrolled 2,000." in words_of(page)


def test_every_section_is_there(page):
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    assert headings == [
        "Endpoints",
        "Beside published trials",
        "Design",
        "Flow of patients",
        "Time to event",
        "CAR-T cells in blood",
        "Relapse",
        "Toxicity",
        "Subgroups",
        "Failed members",
        "Assumed parameters",
        "Notes and run",
        "Sources",
    ]


def test_each_link_of_the_contents_leads_somewhere(page):
    for target in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{target}"' in page


def test_every_assumed_parameter_is_listed(page, trial):
    said = words_of(page)
    assert "5 parameters in play are assumed" in said
    for key in trial.tables["assumed"]["key"]:
        assert key.rpartition(".")[2] in said


def test_failed_members_are_counted_and_named(page):
    said = words_of(page)
    assert "1 member of the ensemble did not end normally" in said
    assert "patient 17" in said
    assert "a state is not a number on day 12" in said


def test_the_extrapolated_arm_says_so(page):
    assert "Extrapolation: no trial of this product" in words_of(page)


def test_seed_and_version_are_there(page):
    assert "Seed 1" in words_of(page)
    assert "remission 0.1.0" in words_of(page)


def test_what_comes_from_data_is_escaped(page):
    assert "&lt;5 %" in page
    assert "aplasia &amp; is read" in page


def test_nothing_reads_like_advice(page):
    assert not re.search(
        r"\b(we recommend|recommended|should be treated|best option|you should|consult|superior)\b", words_of(page), re.IGNORECASE
    )


def test_tables_that_are_missing_leave_their_sections_out(trial):
    lean = trial.without("flow", "kinetics", "toxicity", "subgroups", "assumed", "failures", "targets", "tte", "subjects")
    page = report.html(lean)
    assert re.findall(r"<h2>(.*?)</h2>", page) == [
        "Endpoints",
        "Design",
        "Failed members",
        "Assumed parameters",
        "Notes and run",
        "Sources",
    ]
    assert "Every simulated patient was followed to the end." in page
    assert "Response" in report.text_table(lean)


def test_a_report_is_written_where_asked(tmp_path, trial):
    path = report.write(trial, tmp_path / "new" / "report.html")
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path, trial):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="the report cannot be written"):
        report.write(trial, tmp_path / "file" / "report.html")


def test_the_terminal_table_fits_its_width_and_shows_both_denominators(trial):
    table = report.text_table(trial, width=110)
    assert max(len(line.rstrip()) for line in table.splitlines()) <= 110
    assert "82% of 79, ELIANA" in table
    assert "67% of 97, ELIANA" in table
    assert "1 member failed." in table
    assert trial.json()["intended_use"] in table


def test_targets_find_their_share(trial):
    arm = trial.json()["arms"]["car_t"]
    assert find(arm, "orr").value == arm["orr"]["value"]
    assert find(arm, "rfs", 12.0).value == arm["rfs"]["rates"]["12"]["value"]
    assert find(arm, "crs.penn.grade3plus").value == arm["toxicity"]["crs"]["penn"]["grade3plus"]["value"]
    assert find(arm, "relapse_cd19_negative").value == arm["relapse"]["cd19_negative"]["value"]
    assert find(arm, "treated").value == arm["n"]["treated"] / arm["n"]["enrolled"]
    assert find(arm, "rfs", 18.0) is None
    assert find(arm, "relapse_hazard_ratio") is None
    assert find(arm, "crs.onset") is None


def test_names_of_trials_and_papers_are_written_out():
    assert [trial_name("eliana.orr"), trial_name("zuma3.os"), trial_name("germany.cr")] == ["ELIANA", "ZUMA-3", "Germany"]
    assert [citation("laetsch2023"), citation("fabrizio2022em"), citation("ensign"), citation(None)] == [
        "Laetsch 2023",
        "Fabrizio 2022",
        "Ensign",
        "source not given",
    ]
    assert short_title("os", 12) == "OS, of treated, 12 months"


def test_sources_are_written_out_from_the_bibliography(page):
    assert bibliography()["laetsch2023"]["year"] == "2023"
    assert bibliography()["laetsch2023"]["journal"] in page


def test_an_arm_nobody_was_treated_in_is_still_reported(trial):
    document = trial.json()
    nobody = {
        "n": {"enrolled": 0, "treated": 0, "evaluable": 0},
        "orr": {"value": None, "mcse": None, "trial": [None, None], "model": None, "x": 0, "n": 0},
    }
    arms = {**document["arms"], "salvage_chemotherapy": nobody}
    tables = {
        name: table.filter(pl.col("arm") != "salvage_chemotherapy") if "arm" in table.columns else table
        for name, table in trial.tables.items()
    }
    changed = type(trial)(trial.scenario, {**document, "arms": arms}, tables, trial.facts)
    assert "Salvage chemotherapy" in report.html(changed)
    assert "–" in report.text_table(changed)
