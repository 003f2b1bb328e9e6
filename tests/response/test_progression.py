"""Progression-free survival under the conservative (F1) and the inclusive (F2) rule set."""

import numpy as np
import pytest

from remission.errors import InputError
from remission.response.progression import End, progression_free

EVERY_56_DAYS = np.arange(56, 1000, 56)
NO = np.nan


def judge(scans, progression=NO, death=NO, therapy=NO, rule="conservative"):
    found = progression_free([scans], progression, death, EVERY_56_DAYS, new_therapy_day=therapy, rule=rule)
    return float(found.days[0]), bool(found.event[0])


@pytest.mark.parametrize(
    ("scans", "happened", "conservative", "inclusive"),
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
        ([56, 112], {"progression": 112, "death": 115}, (112, True), (112, True)),
    ],
    ids=[
        "two missed scans",
        "one missed scan",
        "new therapy first",
        "death between visits",
        "death long after the last scan",
        "death before the first scan",
        "death long after time zero without a scan",
        "never seen",
        "no progression",
        "new therapy without progression",
        "progression, then death",
    ],
)
def test_which_progressions_count(scans, happened, conservative, inclusive):
    assert judge(scans, **happened) == conservative
    assert judge(scans, **happened, rule="inclusive") == inclusive


def test_a_visit_is_not_missed_while_its_window_is_open():
    assert judge([56, 112], death=230) == (230, True)
    assert judge([56, 112], death=232) == (112, False)


def test_the_end_says_why():
    scans = [[56, 112, 280], [NO, NO, NO], [56, 112, 168]]
    found = progression_free(scans, [280, NO, 168], NO, EVERY_56_DAYS, new_therapy_day=[NO, NO, 130])
    assert [End(code) for code in found.end] == [End.MISSED_VISITS, End.NO_ASSESSMENT, End.NEW_THERAPY]
    assert End.NEW_THERAPY.text == "new therapy"


def test_an_unknown_rule_set_is_refused():
    with pytest.raises(InputError, match="conservative or inclusive"):
        judge([56], rule="f3")
