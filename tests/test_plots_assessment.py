"""Figures of an assessment show the patients they were given."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import polars as pl
import pytest

from remission import plots
from remission.assessing import assess
from remission.plots.labels import apart
from remission.plots.palette import ink_on
from remission.plots.responses import COLORS, from_best, response_color
from remission.plots.sampling import spread
from tests.assessing.small import course, example, sheet

WIDTHS = (plots.DESK, plots.PHONE)
NAMES = ("waterfall", "spider", "swimmer", "timeline", "pfs")


@pytest.fixture(scope="module")
def found():
    return example()


def drawn(found, name):
    return found.plot(name, "P-04") if name == "timeline" else found.plot(name)


def said(svg):
    return [element.text or "" for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("text")]


def tips(svg):
    return [element.text or "" for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("title")]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_figure_is_one_svg_that_names_itself(found, name, width):
    figure = drawn(found, name)
    drawing = ElementTree.fromstring(figure.svg(width))
    assert drawing.get("role") == "img"
    assert drawing.get("aria-label") == figure.title
    assert next(iter(drawing)).text == figure.description
    assert "nan" not in figure.svg(width).lower()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_drawn_outside_the_page(found, name, width):
    for element in ElementTree.fromstring(drawn(found, name).svg(width)).iter():
        for key in ("x", "x1", "x2", "cx"):
            if element.get(key) is not None:
                assert -1 <= float(element.get(key)) <= width + 1


def test_the_waterfall_goes_from_growth_to_shrinkage(found):
    words = [tip.split(",")[0] for tip in tips(found.plot("waterfall").svg())]
    assert words == ["P-05", "P-06", "P-03", "P-07", "P-01", "P-04", "P-02"]


def test_patients_without_a_later_sum_are_counted_in_words(found):
    assert "1 patient without a sum after baseline: not drawn" in said(found.plot("waterfall").svg())


def test_growth_beyond_the_axis_is_cut_and_said(found):
    figure = assess(sheet([*course("a", {0: 20, 56: 60}), *course("b", {0: 20, 56: 18})]), "recist1.1").plot("waterfall")
    assert "+200%" in said(figure.svg())
    assert any("bar cut at 100%" in tip for tip in tips(figure.svg()))


def test_the_spider_marks_the_first_new_lesion(found):
    assert "P-04: new lesion, day 167" in tips(found.plot("spider").svg())


def test_a_lane_says_the_response_of_every_visit_and_what_happened(found):
    words = tips(found.plot("swimmer").svg())
    assert "P-01, day 55: PR" in words
    assert "P-01: new therapy, day 238" in words
    assert "P-03: death, day 322" in words
    assert "P-02: first response, day 57" in words


def test_the_longest_lane_of_an_arm_comes_first(found):
    words = [word for word in said(found.plot("swimmer").svg()) if word.startswith("P-0")]
    assert words == ["P-01", "P-03", "P-04", "P-02", "P-06", "P-07", "P-05", "P-08"]


def test_the_timeline_says_the_rule_of_every_visit(found):
    words = tips(drawn(found, "timeline").svg())
    rules = found.table("visits").filter(pl.col("patient") == "P-04")["rule"].to_list()
    assert all(any(rule in word for word in words) for rule in rules)
    assert "death, day 251" in said(drawn(found, "timeline").svg())


def test_a_patient_with_one_visit_has_a_timeline(found):
    assert "BL" in said(found.plot("timeline", "P-08").svg(plots.PHONE))


def test_visits_too_close_for_words_keep_their_marks():
    days = {float(day): 40.0 for day in range(0, 400, 4)}
    figure = assess(sheet(course("a", days)), "recist1.1").plot("timeline", "a")
    assert len([tip for tip in tips(figure.svg(plots.PHONE)) if ": SD. " in tip]) == 99
    assert said(figure.svg(plots.PHONE)).count("SD") < 99


def test_a_figure_without_data_says_why():
    found = assess(sheet(course("a", {0: 50})), "recist1.1")
    assert "No patient has a measured burden" in found.plot("waterfall").svg()
    assert "No patient has a measured burden" in found.plot("spider").svg()


def test_of_many_patients_a_spread_is_drawn_and_counted():
    rows = [row for number in range(400) for row in course(f"p{number:03d}", {0: 50.0, 56: 20.0 + number / 10})]
    found = assess(sheet(rows), "recist1.1")
    assert "300 of 400 patients drawn, spread evenly" in said(found.plot("waterfall").svg())
    assert sum(word.startswith("p") for word in said(found.plot("swimmer").svg())) == 40


def test_a_spread_has_both_ends_and_no_patient_twice():
    rows = spread(pl.DataFrame({"patient": range(1000)}), 7)["patient"].to_list()
    assert rows[0] == 0
    assert rows[-1] == 999
    assert len(set(rows)) == len(rows) == 7


def test_labels_are_moved_apart_and_stay_inside():
    places = apart([10, 11, 12, 95, 99, 100], 12, 0, 100)
    assert min(np.diff(sorted(places))) >= 12 - 1e-9
    assert max(places) <= 100


def test_the_same_kind_of_response_has_one_color_in_every_criterion():
    assert response_color("PR") == response_color("iPR") == response_color("PMR")
    assert response_color("iCPD") == response_color("relapse") == COLORS["PD"]
    assert from_best(["PD", "iCR", None, "SD", "CR"]) == ["CR", "iCR", "SD", "PD"]


def test_words_on_a_response_can_be_read():
    assert {ink_on(color) for color in COLORS.values()} == {"#1c2430", "#ffffff"}


def test_short_strokes_mark_those_who_were_censored(found):
    times = found.table("times").filter((pl.col("param") == "os") & (pl.col("event") == 0))
    strokes = [
        element
        for element in ElementTree.fromstring(found.plot("os").svg()).iter()
        if element.get("stroke-width") == "1.4" and element.get("x1") == element.get("x2")
    ]
    assert len(strokes) == times.height
