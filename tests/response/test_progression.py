"""Progression-free survival under the rule sets of the FDA (F1) and the EMA (F2)."""

import numpy as np
import pytest

from remission.errors import InputError
from remission.response.progression import End, interval_of, progression_free

EVERY_56_DAYS = np.arange(56, 1000, 56)
NO = np.nan


def judge(scans, progression=NO, death=NO, therapy=NO, rule="fda", planned=EVERY_56_DAYS, **more):
    found = progression_free([scans], progression, death, planned, new_therapy_day=therapy, rule=rule, **more)
    return float(found.days[0]), bool(found.event[0])


@pytest.mark.parametrize("planned", [EVERY_56_DAYS, None], ids=["schedule of the protocol", "the patient's own pace"])
@pytest.mark.parametrize(
    ("scans", "happened", "fda", "ema"),
    [
        ([56, 112, 280], {"progression": 280}, (112, False), (280, True)),
        ([56, 112, 224], {"progression": 224}, (224, True), (224, True)),
        ([56, 112, 168], {"progression": 168, "therapy": 130}, (112, False), (168, True)),
        ([56, 112], {"death": 150}, (150, True), (150, True)),
        ([56, 112], {"death": 400}, (112, False), (400, True)),
        ([NO], {"death": 30}, (30, True), (30, True)),
        ([NO], {"death": 300}, (0, False), (300, True)),
        ([NO], {}, (0, False), (0, False)),
        ([56, 112], {}, (112, False), (112, False)),
        ([56, 112], {"therapy": 60}, (56, False), (112, False)),
        ([56, 112], {"therapy": 112}, (112, False), (112, False)),
        ([56, 112], {"therapy": 30}, (0, False), (112, False)),
        ([56, 112], {"progression": 112, "therapy": 112}, (112, True), (112, True)),
        ([56, 112], {"progression": 112, "death": 115}, (112, True), (112, True)),
        ([56, 112, 168], {"progression": 168, "death": 90}, (90, True), (90, True)),
    ],
    ids=[
        "example 40: two missed scans",
        "example 41: one missed scan",
        "example 42: new therapy first",
        "example 43: death between visits",
        "example 43: death long after the last scan",
        "death before the first scan",
        "death long after time zero without a scan",
        "never seen",
        "no progression",
        "new therapy without progression",
        "new therapy on the day of the last scan",
        "new therapy before the first scan",
        "new therapy on the day of progression",
        "progression, then death",
        "a scan dated after death",
    ],
)
def test_which_progressions_count(scans, happened, fda, ema, planned):
    assert judge(scans, **happened, planned=planned) == fda
    assert judge(scans, **happened, planned=planned, rule="ema") == ema


@pytest.mark.parametrize("planned", [EVERY_56_DAYS, None])
def test_a_visit_is_not_missed_while_its_window_is_open(planned):
    assert judge([56, 112], death=231, planned=planned) == (231, True)
    assert judge([56, 112], death=232, planned=planned) == (112, False)


def test_the_number_of_missed_visits_and_their_window_are_choices():
    assert judge([56, 112], death=232, missed_visits=3) == (232, True)
    assert judge([56, 112], death=170, missed_visits=1) == (170, True)
    assert judge([56, 112], death=176, missed_visits=1) == (112, False)
    assert judge([56, 112], death=232, visit_window=14) == (232, True)
    assert judge([56, 112], death=239, visit_window=14) == (112, False)


def test_who_is_seen_more_often_has_missed_two_visits_sooner():
    assert judge([42, 84], death=175, planned=None) == (175, True)
    assert judge([42, 84], death=176, planned=None) == (84, False)
    assert judge([42, 84], death=176, planned=None, visit_interval=56) == (176, True)


@pytest.mark.parametrize(
    ("days", "interval"),
    [
        ([56, 112, 168], 56),
        ([60, 112, NO], 56),
        ([40, 80, 200], 84),
        ([7, 14, 21], 28),
        ([300, 600, 900], 168),
        ([NO, NO, NO], 56),
        ([56, 56, 112], 56),
        ([NO, 56, 112], 56),
    ],
    ids=[
        "regular",
        "two visits of unlike gaps",
        "one gap is long",
        "weekly looks are no schedule of scans",
        "yearly",
        "nobody looked",
        "two looks on one day",
        "a visit that could not be judged",
    ],
)
def test_the_planned_interval_is_that_of_even_visits_or_at_least_twelve_weeks(days, interval):
    held = np.array([days], dtype=float)
    assert interval_of(held, np.isfinite(held))[0] == interval


def test_patients_are_judged_the_same_alone_and_together():
    generator = np.random.default_rng(3)
    held = np.sort(np.where(generator.random((200, 8)) < 0.3, np.nan, generator.integers(1, 900, (200, 8)).astype(float)), axis=1)
    days = [np.where(generator.random(200) < 0.5, np.nan, generator.integers(1, 900, 200)) for _ in range(3)]
    together = progression_free(held, days[0], days[1], new_therapy_day=days[2])
    alone = [progression_free(held[i : i + 1], days[0][i], days[1][i], new_therapy_day=days[2][i]) for i in range(200)]
    assert [float(one.days[0]) for one in alone] == together.days.tolist()
    assert [int(one.end[0]) for one in alone] == together.end.tolist()


def test_the_end_says_why():
    scans = [[56, 112, 280], [NO, NO, NO], [56, 112, 168], [56, 112, NO]]
    found = progression_free(scans, [280, NO, 168, NO], NO, EVERY_56_DAYS, new_therapy_day=[NO, NO, 130, NO])
    assert [End(code) for code in found.end] == [End.MISSED_VISITS, End.NO_ASSESSMENT, End.NEW_THERAPY, End.LAST_ASSESSMENT]
    assert End.NEW_THERAPY.text == "new therapy"


def test_an_unknown_rule_set_is_refused():
    with pytest.raises(InputError, match="fda or ema"):
        judge([56], rule="f3")


def test_a_scan_to_confirm_a_response_does_not_shorten_the_schedule():
    """Visits on days 56 and 84 are no schedule of 28 or 42 days: progression on day 252 follows at most one missed visit."""
    found = progression_free([[56, 84, 252]], [252], [np.nan])
    assert found.event[0]
    assert found.days[0] == 252


def test_uneven_visits_still_have_an_end_to_what_they_document():
    found = progression_free([[56, 84, 400]], [400], [np.nan])
    assert not found.event[0]
    assert found.days[0] == 84


def test_even_visits_give_their_own_schedule_within_the_window():
    assert interval_of(np.array([[56.0, 118.0, 174.0]]), np.ones((1, 3), bool))[0] == 56
    assert interval_of(np.array([[42.0, 140.0]]), np.ones((1, 2), bool))[0] == 84
