"""The figure of work and precision."""

from remission.plots.figure import PHONE
from remission.plots.work_precision import best_of, work_precision


def point(name, error, rate):
    return {"name": name, "error_median": error, "patients_per_s": rate}


POINTS = [
    point("engine", 1e-6, 900.0), point("engine", 1e-5, 1200.0), point("engine", 1e-4, 1100.0), point("engine", None, 5000.0),
    point("other", 3e-6, 20.0), point("other", 4e-3, 45.0), point("broken", float("inf"), 7.0),
]  # fmt: skip


def test_runs_that_others_of_the_same_contestant_beat_are_left_out():
    assert best_of(POINTS, "engine") == [(1e-6, 900.0), (1e-5, 1200.0)]
    assert best_of(POINTS, "broken") == []


def test_every_contestant_with_a_result_has_a_line_and_a_name():
    figure = work_precision(POINTS, "qsp-40", {"engine": "remission", "other": "somebody, with method"}, 5e-6)
    for drawing in (figure.svg(), figure.svg(PHONE)):
        assert drawing.count("<circle") == 4
        assert ">somebody</text>" in drawing
        assert "broken" not in drawing
    assert "fastest 1,200/s" in figure.description


def test_without_results_it_says_so():
    assert "No run has a result" in work_precision([point("a", None, 1.0)], "cart-6", {}, 5e-6).svg()
