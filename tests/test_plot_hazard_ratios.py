"""Hazard ratios by group as a figure, and figures that stand alone with their title."""

from xml.etree import ElementTree

import polars as pl
import pytest

from remission import plots
from remission.plots.hazard_ratios import hazard_ratios

WIDTHS = (plots.DESK, plots.PHONE)
ROWS = pl.DataFrame(
    [
        ("Overall survival", "all", 680, 457, 0.78, 0.65, 0.93),
        ("Overall survival", "a group with a name that is far too long for one line of a phone", 113, 73, 0.48, 0.02, 30.0),
        ("Overall survival", "nobody", 0, 0, None, None, None),
        ("Progression-free survival", "all", 680, 610, 0.99, 0.84, 1.16),
    ],
    schema=["endpoint", "group", "n", "events", "ratio", "low", "high"],
    orient="row",
)


def said(svg):
    return [element.text or "" for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("text")]


@pytest.mark.parametrize("width", WIDTHS)
def test_every_group_stands_under_its_endpoint_with_ratio_and_interval(width):
    words = said(hazard_ratios(ROWS, "new", "old").svg(width))
    assert words.count("0.78 (0.65–0.93)") == 1
    assert {"Overall survival", "Progression-free survival", "not estimable", "← new better", "old better →"} <= set(words)


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_drawn_outside_the_page_even_when_an_interval_goes_beyond_the_axis(width):
    for element in ElementTree.fromstring(hazard_ratios(ROWS, "new", "old").svg(width)).iter():
        for key in ("x", "x1", "x2", "cx"):
            if element.get(key) is not None:
                assert -1 <= float(element.get(key)) <= width + 1


def test_the_description_says_what_the_figure_shows():
    figure = hazard_ratios(ROWS, "new", "old", "Ratios")
    assert "Overall survival, all: 0.78 (0.65 to 0.93)" in figure.description
    assert "nobody: not estimable" in figure.description


def test_without_any_ratio_the_figure_says_so():
    assert "No hazard ratio" in hazard_ratios(ROWS.filter(pl.col("n") == 0), "new", "old").svg()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_figure_that_stands_alone_carries_its_title(width, tmp_path):
    figure = hazard_ratios(ROWS, "new", "old", "Hazard ratios of the new drug against the old one, a title of two lines on a phone")
    assert "Hazard" not in " ".join(said(figure.svg(width)))
    figure.save(tmp_path / "figure.svg", width, titled=True)
    assert figure.title in " ".join(said((tmp_path / "figure.svg").read_text(encoding="utf-8")))
