"""Figures show the patients they were given: counts, shares and words can be read back from the drawing."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import polars as pl
import pytest

from remission import plots
from remission.plots.palette import ARM_COLORS, FATE_COLORS, GRADE_COLORS, INK, QUIET
from remission.plots.rounding import counted, months, number, percent, percent_interval, points, power_of_ten, unit
from tests.made_up_trial import MONTH, TITLES, made_up_trial

WIDTHS = (plots.DESK, plots.PHONE)


@pytest.fixture(scope="module")
def trial():
    return made_up_trial(120)


def figures(trial) -> dict[str, plots.Figure]:
    tables = trial.tables
    compared = pl.DataFrame(
        {
            **{
                "name": ["eliana.orr"],
                "label": ["Response · ELIANA"],
                "role": ["validate"],
                "simulated": [0.8],
                "low": [0.7],
                "high": [0.9],
            },
            **{
                "published": [0.6],
                "published_low": [0.5],
                "published_high": [0.7],
                "n": [79],
                "source": ["Laetsch 2023"],
                "inside": [False],
            },
        }
    )
    return {
        "survival": plots.kaplan_meier(tables["tte"], "rfs", TITLES, tables["targets"]),
        "kinetics": plots.kinetics_fan(tables["kinetics"], TITLES, "copies/µg DNA", detection=50.0),
        "relapse": plots.relapse_phenotype(tables["subjects"], tables["tte"], TITLES),
        "toxicity": plots.toxicity_by_grade(tables["toxicity"], TITLES),
        "forest": plots.forest(tables["subgroups"], "car_t", "orr", "Response", everyone=0.82),
        "flow": plots.flow_of_patients(tables["flow"], TITLES),
        "endpoints": plots.endpoints_versus_published(compared),
    }


def said(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("text")]


NAMES = ("survival", "kinetics", "relapse", "toxicity", "forest", "flow", "endpoints")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_figure_is_one_svg_that_names_itself(trial, name, width):
    figure = figures(trial)[name]
    drawing = ElementTree.fromstring(figure.svg(width))
    assert drawing.get("role") == "img"
    assert drawing.get("aria-label") == figure.title
    assert next(iter(drawing)).text == figure.description
    assert "nan" not in figure.svg(width).lower().replace("nanogram", "")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_drawn_outside_the_page(trial, name, width):
    for element in ElementTree.fromstring(figures(trial)[name].svg(width)).iter():
        for key in ("x", "x1", "x2", "cx"):
            if element.get(key) is not None:
                assert -1 <= float(element.get(key)) <= width + 1


def test_the_same_patients_give_the_same_drawing(trial):
    assert figures(trial)["survival"].svg() == figures(made_up_trial(120))["survival"].svg()


def test_numbers_at_risk_start_with_everybody_and_stand_under_their_ticks(trial):
    svg = plots.kaplan_meier(trial.tables["tte"], "os", {"car_t": "CAR-T"}).svg()
    at_start = trial.tables["tte"].filter((pl.col("arm") == "car_t") & (pl.col("param") == "os")).height
    words = ElementTree.fromstring(svg).findall("{http://www.w3.org/2000/svg}text")
    tick = next(word for word in words if word.text == "0")
    first = next(word for word in words if word.text == str(at_start))
    assert first.get("x") == tick.get("x")


def test_a_curve_without_events_stays_at_one():
    times = pl.DataFrame({"arm": ["a"] * 3, "param": ["os"] * 3, "days": [300.0, 400.0, 500.0], "event": [False] * 3})
    figure = plots.kaplan_meier(times, "os", {"a": "Arm"})
    assert "100% at 12 months, median not reached" in figure.description


def test_half_the_patients_dead_by_a_year_reads_so():
    times = pl.DataFrame({"arm": ["a"] * 4, "param": ["os"] * 4, "days": [100.0, 200.0, 700.0, 800.0], "event": [True, True, False, False]})
    assert "4 patients, 50% at 12 months" in plots.kaplan_meier(times, "os", {"a": "Arm"}).description


def test_published_points_say_what_they_are(trial):
    svg = plots.kaplan_meier(trial.tables["tte"], "rfs", TITLES, trial.tables["targets"]).svg()
    assert "eliana.rfs_36, month 36: 52% (37–66%), calibrate, laetsch2023" in svg
    assert "published, not fitted" in svg
    alone = plots.kaplan_meier(trial.tables["tte"], "dor", TITLES, trial.tables["targets"]).svg()
    assert "published" not in alone


def test_a_band_for_a_smaller_trial_is_wider():
    days = np.linspace(10, 1000, 400)
    times = pl.DataFrame({"arm": "a", "param": "os", "days": days, "event": np.arange(400) % 2 == 0})
    spans = [_band_height(plots.kaplan_meier(times, "os", {"a": "Arm"}, variance_scale={"a": scale})) for scale in (1.0, 4.0)]
    assert spans[1] == pytest.approx(2 * spans[0], rel=0.15)


def _band_height(figure: plots.Figure) -> float:
    """Mean height of the band between upper and lower limit, in pixels."""
    data = re.search(r'<path d="(M[^"]+z)" fill="#0072b2" fill-opacity', figure.svg())[1]
    points_ = np.array([[float(part) for part in pair.split()] for pair in data.strip("Mz").split("L")])
    upper, lower = np.split(points_[:, 1], 2)
    return float(np.mean(lower[::-1] - upper))


def test_relapses_are_counted_by_phenotype_within_the_months_shown():
    subjects = pl.DataFrame(
        {
            "patient": [1, 2, 3, 4],
            "arm": "a",
            "relapse_day": [100.0, 200.0, None, None],
            "relapse_phenotype": ["cd19_negative", "cd19_positive", None, None],
        }
    )
    times = pl.DataFrame(
        {"patient": [1, 2, 3, 4], "arm": "a", "param": "rfs", "days": [100.0, 200.0, 300.0, 1200.0], "event": [1, 1, 1, 0]}
    )
    figure = plots.relapse_phenotype(subjects, times, {"a": "Arm"})
    assert "CD19-negative 25%, relapse, CD19-positive 25%, died in remission 25%" in figure.description
    assert "2 relapses of 4; CD19-negative 50%" in said(figure.svg())
    early = plots.relapse_phenotype(subjects, times, {"a": "Arm"}, last_month=150 / MONTH)
    assert "1 relapse of 4; CD19-negative 100%" in said(early.svg())


def test_bars_of_grades_fill_the_whole_and_severe_shares_add_up(trial):
    figure = plots.toxicity_by_grade(trial.tables["toxicity"], {"car_t": "CAR-T"})
    assert "Cytokine release, Penn 46%" in figure.description
    bars = [element for element in ElementTree.fromstring(figure.svg()).iter() if element.get("stroke-width") == "0.7"]
    assert sum(float(bar.get("width")) for bar in bars) == pytest.approx(5 * (plots.DESK - 90 - 230), abs=2)


def test_patients_who_leave_stand_beside_the_step_before():
    flow = pl.DataFrame(
        {"arm": "a", "step": ["enrolled", "left", "treated"], "n": [97, 18, 79], "reason": [None, "manufacturing failure", None]}
    )
    words = said(plots.flow_of_patients(flow, {"a": "Arm"}).svg())
    assert words == ["Arm", "Enrolled", "97", "Manufacturing failure: 18", "Treated", "79  (81%)"]


def test_a_subgroup_without_patients_says_so():
    row = {"arm": "a", "variable": "age", "level": "below 1", "n": 0, "x": 0, "value": None, "low": None, "high": None, "endpoint": "orr"}
    frame = pl.DataFrame([row], schema_overrides={"value": pl.Float64, "low": pl.Float64, "high": pl.Float64})
    assert "no patients" in said(plots.forest(frame, "a", "orr").svg())


@pytest.mark.parametrize("width", WIDTHS)
def test_a_long_level_is_broken_into_lines(width):
    level = "highest third, above 170,000,000 cells given in one infusion"
    row = {"arm": "a", "variable": "dose", "level": level, "n": 9, "x": 5, "value": 0.5, "low": 0.2, "high": 0.8, "endpoint": "orr"}
    words = said(plots.forest(pl.DataFrame([row]), "a", "orr").svg(width))
    assert level not in words
    assert " ".join(words).replace("  ", " ").count("highest third, above") == 1


def test_values_of_a_subgroup_are_not_drawn_as_those_of_the_arm(trial):
    targets = trial.tables["targets"].with_columns(subgroup=pl.lit("no prior transplant"))
    assert "published" not in plots.kaplan_meier(trial.tables["tte"], "rfs", TITLES, targets).svg()


def test_a_published_value_outside_the_prediction_is_named(trial):
    assert "outside" in said(figures(trial)["endpoints"].svg())
    assert "80% | 60%" in said(figures(trial)["endpoints"].svg(plots.PHONE))


def test_figures_without_data_say_why(trial):
    empty = {name: table.clear() for name, table in trial.tables.items()}
    assert "No patient has a time" in plots.kaplan_meier(empty["tte"], "os", TITLES).description
    assert "No arm has CAR-T cells" in plots.kinetics_fan(empty["kinetics"], TITLES).description
    assert "No arm has responders" in plots.relapse_phenotype(empty["subjects"], empty["tte"], TITLES).description
    assert "No arm has graded" in plots.toxicity_by_grade(empty["toxicity"], TITLES).description
    assert "No subgroup" in plots.forest(empty["subgroups"], "car_t", "orr").description
    assert "No flow" in plots.flow_of_patients(empty["flow"], TITLES).description


def test_a_figure_saves_as_svg(tmp_path, trial):
    figures(trial)["flow"].save(tmp_path / "flow.svg")
    assert (tmp_path / "flow.svg").read_text(encoding="utf-8").startswith("<svg")


def contrast_with_white(color: str) -> float:
    """Contrast ratio of WCAG 2 against white."""
    channels = np.array([int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return 1.05 / (float(linear @ [0.2126, 0.7152, 0.0722]) + 0.05)


def test_words_and_lines_stand_out_from_white():
    """WCAG 2.1 asks 4.5 of words and 3 of lines and marks."""
    assert all(contrast_with_white(color) >= 4.5 for color in (INK, QUIET))
    assert all(contrast_with_white(color) >= 3 for color in (*ARM_COLORS, *FATE_COLORS.values()))


def test_grades_grow_darker():
    contrasts = [contrast_with_white(color) for color in GRADE_COLORS]
    assert contrasts == sorted(contrasts)


def test_numbers_keep_the_digits_that_mean_something():
    assert [percent(value) for value in (0.0, 0.002, 0.816, 0.997, 1.0, None)] == ["0%", "<1%", "82%", ">99%", "100%", "–"]
    assert [percent_interval(0.72, 0.9), percent_interval(None, None), percent_interval(0.5, None)] == ["72–90%", "–", "50––"]
    assert [number(value) for value in (0, 1.74, 24310, 1.2e-7, 1.7e8, None)] == ["0", "1.74", "24,300", "1.2×10⁻⁷", "1.7×10⁸", "–"]
    assert [points(0.0124), points(0.0001), months(None), months(24.06)] == ["1.2", "<0.1", "not reached", "24.1"]
    assert [power_of_ten(value) for value in (1, 100, 1000, 0.1)] == ["1", "100", "10³", "10⁻¹"]
    assert [unit("mg/m2"), unit("1"), counted(1, "member"), counted(2, "member")] == ["mg/m²", "", "1 member", "2 members"]
