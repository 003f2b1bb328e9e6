"""Patients at the edges of the rules, each told in a sentence, through `remission.assessing.assess` on a spreadsheet and, where no reading
is involved, through the criterion itself.

Expected values come from the rules alone. Rules that were not read at their source are named `unconfirmed_rule`.
"""

from __future__ import annotations

import json
import random
from datetime import date, timedelta

import polars as pl
import pytest

from remission.assessing import assess
from remission.errors import InputError
from remission.response import criteria
from tests.assessing.told import Answers, called_directly, check, frame, made_by_reading, told, write

NO_ASSESSMENT = (0, False, "no assessment")
CALM_BRAIN = {"steroid": "0 0", "clinical": "0 0", "flair": "0 0"}
CALM_BRAIN_3 = {"steroid": "0 0 0", "clinical": "0 0 0", "flair": "0 0 0"}


def recist(says, *arguments, **more):
    return told(says, "recist1.1", *arguments, **more)


def irecist(says, *arguments, **more):
    return told(says, "irecist", *arguments, **more)


def rano2010(says, days, lesions, overall, options=None, **more):
    calm = {name: " ".join(["0"] * len(days.split())) for name in ("steroid", "clinical", "flair")}
    return told(says, "rano2010", days, lesions, overall, options, **{**calm, **more})


def rano2(says, days, lesions, overall, options=None, **more):
    calm = {name: " ".join(["0"] * len(days.split())) for name in ("steroid", "clinical", "flair")}
    return told(says, "rano2", days, lesions, overall, options, **{**calm, **more})


def rano_bm(says, days, lesions, overall, options=None, **more):
    calm = {name: " ".join(["0"] * len(days.split())) for name in ("steroid", "clinical", "flair")}
    return told(says, "rano-bm", days, lesions, overall, options, **{**calm, **more})


def lugano(says, *arguments, **more):
    return told(says, "lugano", *arguments, **more)


def leukemia(says, days, overall, options=None, **more):
    return told(says, "leukemia", days, more.pop("lesions", ""), overall, options, **more)


THRESHOLDS = [
    recist("118 mm that become 82.6 mm have fallen by exactly 30 %", "0 56", "T1 118 82.6", "b PR"),
    recist("118 mm that become 82.61 mm have not", "0 56", "T1 118 82.61", "b SD"),
    recist("33.3 mm that become 23.31 mm have fallen by exactly 30 %", "0 56", "T1 33.3 23.31", "b PR"),
    recist("two lesions whose tenths add up to a fall by 30 % respond", "0 56", "T1 10.1 7.07; T2 20.2 14.14", "b PR"),
    recist("five lesions whose tenths add up to a fall by 30 % respond", "0 56",
           "T1 10.3 7.21; T2 11.7 8.19; T3 12.9 9.03; T4 13.1 9.17; T5 14.9 10.43", "b PR"),
    recist("82.6 mm that become 99.12 mm have risen by exactly 20 %", "0 56 112", "T1 118 82.6 99.12", "b PR PD"),
    recist("82.6 mm that become 99.11 mm have not", "0 56 112", "T1 118 82.6 99.11", "b PR SD"),
    recist("24.9 mm that become 29.9 mm have risen by exactly 5 mm", "0 56", "T1 24.9 29.9", "b PD"),
    recist("24.9 mm that become 29.89 mm have not", "0 56", "T1 24.9 29.89", "b SD"),
    recist("a rise by 5 mm that is 19.9 % is no progression", "0 56", "T1 25.1 30.1", "b SD"),
    recist("25 mm that become 30 mm meet both limits at once", "0 56", "T1 25 30", "b PD"),
    recist("25 mm that become 29.99 mm meet neither", "0 56", "T1 25 29.99", "b SD"),
    recist("the 5 mm are of the sum, not of one lesion", "0 56", "T1 12 15; T2 12 15", "b PD", sum="24 30"),
    recist("progression prevails where a response from the baseline holds too", "0 56 112", "T1 100 50 60", "b PR PD"),
    recist("the nadir is the lowest sum, not the last", "0 56 112 168", "T1 100 60 66 72", "b PR PR PD", nadir="- 100 60 60"),
    recist("slow growth that stays under 20 % of the nadir is none", "0 56 112 168", "T1 100 60 65 71.9", "b PR PR PR"),
    recist("growth from the baseline counts when nothing was ever lower", "0 56 112", "T1 50 55 60", "b SD PD"),
    recist("a fall of the sum by 30 % counts though one lesion grew", "0 56", "T1 60 20; T2 20 30", "b PR"),
]  # fmt: skip

NODES = [
    recist("a node of 9.9 mm is normal", "0 56", "N1 15 9.9", "b CR"),
    recist("a node of exactly 10 mm is not", "0 56", "N1 15 10", "b PR"),
    recist("a node too small to measure is normal", "0 56", "N1 20 s", "b CR", sum="20 5"),
    recist("a node that has gone counts 0", "0 56", "N1 20 a; T1 20 a", "b CR", sum="40 0"),
    recist("a node of 9 mm stays in the sum", "0 56", "N1 20 9; T1 30 26", "b PR", sum="50 35"),
    recist("a normal node is no complete response while another target is there", "0 56", "N1 40 9; T1 10 10", "b PR"),
    recist("a node followed by eye of 9 mm is gone", "0 56", "T1 50 a; D1 p12 p9", "b CR", non_target="b CR"),
    recist("a node followed by eye of 10 mm is not", "0 56", "T1 50 a; D1 p12 p10", "b PR", non_target="b non"),
    recist("a node followed by eye without a size is there", "0 56", "T1 50 a; D1 p p", "b PR"),
    recist("a lesion followed by eye of 9 mm is not gone, for it is no node", "0 56", "T1 50 a; E1 p12 p9", "b PR"),
    recist("a node that grows from 9 to 9.9 mm stays a complete response", "0 56 112", "N1 20 9 9.9", "b CR CR"),
    recist("a node that grows from 9 to 10 mm after a complete response is progression", "0 56 112", "N1 20 9 10", "b CR PD"),
    recist("a node that grows from 9 to 10 mm beside other disease is not", "0 56 112", "N1 20 9 10; T1 30 20 20", "b PR PR"),
]  # fmt: skip

SMALL_AND_BACK = [
    recist("a lesion too small to measure that was measured counts what was measured", "0 56", "T1 40 s6", "b PR", sum="40 6"),
    recist("what counts for a lesion too small to measure is an option", "0 56", "T1 10 s; T2 10 9", "b SD", {"too_small": 6}, sum="20 15"),
    recist("with 5 mm the same lesions have fallen by 30 %", "0 56", "T1 10 s; T2 10 9", "b PR", sum="20 14"),
    recist("a lesion too small to measure is no complete response", "0 56", "T1 10 s", "b PR"),
    recist("a diameter of 0 is a lesion that has gone", "0 56", "T1 40 0", "b CR", sum="40 0"),
    recist("a lesion that returns while others remain enters the sum again", "0 56 112", "T1 30 a s; T2 60 50 52", "b PR PR",
           sum="90 50 57"),
    recist("a protocol may call its return progression", "0 56 112", "T1 30 a s; T2 60 50 52", "b PR PD", {"reappearing": "progression"}),
    recist("a lesion that returns large is progression by the sum", "0 56 112", "T1 30 a 20; T2 60 50 50", "b PR PD"),
    recist("after a complete response the smallest return is progression", "0 56 112", "T1 30 a s", "b CR PD"),
    recist("so is that of a lesion followed by eye", "0 56 112", "T1 30 a a; E1 p a p", "b CR PD"),
    recist("so it is when a scan that showed nothing lies between", "0 56 112 168", "T1 50 a x 10", "b CR NE PD"),
    recist("a complete response that is reconsidered was a partial one", "0 56 112", "T1 50 a 20", "b CR PR", {"strict_cr": False},
           best="PR", best_confirmed="PR"),
    recist("a confirmed complete response is not reconsidered", "0 56 112 168", "T1 50 a a 20", "b CR CR PD", {"strict_cr": False},
           best="CR", best_confirmed="CR"),
    recist("a lesion growing from 2 to 8 mm is progression only from 5 mm more", "0 56 112 168", "T1 20 2 6.9 7", "b PR PR PD"),
]  # fmt: skip

SPLIT_AND_MERGED = [
    recist("a piece that disappears leaves the other", "0 56 112", "T1 40 . .; T1.1 . 18 18; T1.2 . 10 a", "b PR PR", sum="40 28 18"),
    recist("a lesion that splits at the second scan counts whole until then", "0 56 112", "T1 40 30 .; T1.1 . . 15; T1.2 . . 10", "b SD PR",
           sum="40 30 25"),
    recist("a lesion that loses a piece and is measured itself counts both", "0 56", "T1 40 20; T1.1 . 10", "b SD", sum="40 30"),
    recist("pieces larger than the whole are progression", "0 56", "T1 40 .; T1a . 30; T1b . 25", "b PD", sum="40 55"),
    recist("a piece that was not seen makes the visit not evaluable", "0 56 112", "T1 40 . .; T1.1 . 18 18; T1.2 . 10 x", "b PR NE"),
    recist("lesions that merge and grow are progression over their nadir", "0 56 112", "T1 20 . .; T2 25 . .; T1+T2 . 40 56", "b SD PD",
           nadir="- 45 40"),
    recist("three lesions that merge are one", "0 56", "T1 20 .; T2 25 .; T3 15 .; T1+T2+T3 . 40", "b PR", sum="60 40"),
    recist("two that merge beside a third leave that one as it is", "0 56", "T1 20 .; T2 25 .; T3 15 15; T1+T2 . 28", "b SD",
           sum="60 43"),
]  # fmt: skip

MISSING = [
    recist("a scan without one of the targets is not evaluable and lowers no nadir", "0 56 112", "T1 50 x 60; T2 50 10 50", "b NE SD",
           nadir="- 100 100", sum="100 - 110"),
    recist("targets measured alone prove progression at exactly 20 %", "0 56", "T1 20 42; T2 20 30; T3 20 x", "b PD"),
    recist("and not under it", "0 56", "T1 20 42; T2 20 29.9; T3 20 x", "b NE"),
    recist("a protocol may want all targets for progression", "0 56", "T1 20 50; T2 20 50; T3 20 x", "b NE",
           {"partial_progression": False}),
    recist("a new lesion is progression though a target is missing", "0 56", "T1 20 .; T2 20 20; X1 . p", "b PD"),
    recist("clear growth of another lesion is progression though a target is missing", "0 56", "T1 20 .; T2 20 20; E1 p g", "b PD"),
    recist("a missing target is not evaluable though everything else has gone", "0 56", "T1 20 x; T2 20 a; E1 p a", "b NE"),
    recist("a partial response needs no other lesion to be seen", "0 56", "T1 50 30; E1 p .", "b PR", non_target="b NE"),
    recist("stable disease neither", "0 56", "T1 50 50; E1 p .", "b SD"),
    recist("organs scanned on two days are two visits that each miss a lesion", "0 56 57", "T1 50 30 .; T2 50 . 30", "b NE NE"),
    recist("a visit with nothing but a lesion followed by eye is not evaluable", "0 56 112", "T1 50 . 50; E1 p p p", "b NE SD"),
    recist("a baseline that was not measured in full gives no response", "0 56", "T1 50 20; E1 x p", "b PR"),
]  # fmt: skip

BY_EYE = [
    recist("without targets lesions that stay are non-CR/non-PD", "0 56", "E1 p p", "b non", best="non-CR/non-PD", target="- -"),
    recist("without targets lesions that have gone are a complete response", "0 56", "E1 p a; D1 p16 p8", "b CR", best="CR"),
    recist("without targets one lesion that was not seen bars it", "0 56", "E1 p a; E2 p x", "b NE", best="NE"),
    recist("without targets clear growth is progression", "0 56", "E1 p g; E2 p x", "b PD"),
    recist("without targets a new lesion is progression", "0 56", "E1 p a; X1 . p", "b PD"),
    recist("without targets a sum is never given", "0 56", "E1 p p", "b non", sum="- -", best_change=None),
    recist("one of two lesions that has gone is no response", "0 56", "E1 p a; E2 p p", "b non"),
    recist("a partial response of targets does not outweigh clear growth of others", "0 56", "T1 50 20; E1 p g", "b PD", target="b PR"),
    recist("a patient without disease whose new lesion appears has progressed", "0 56", "X1 . p", "b PD", clinical="0 0"),
]  # fmt: skip

LATCHED = [
    recist("a new lesion that goes away stays progression", "0 56 112", "T1 50 40 30; X1 . p a", "b PD PD", new="0 1 1"),
    recist("a tumor that shrinks after progression has still progressed", "0 56 112", "T1 50 65 20", "b PD PD", best="PD",
           sum="50 65 20", change=30.0, rule="day 56"),
    recist("a new lesion too small to measure is new", "0 56", "T1 50 20; X1 . s", "b PD"),
    recist("a new lesion said to be absent is not there yet", "0 56 112", "T1 50 50 50; X1 . a p", "b SD PD", progression_day=112),
    recist("a new lesion that was not evaluated is not there yet", "0 56 112", "T1 50 50 50; X1 . x p", "b SD PD", new="0 0 1"),
    recist("the best change is the lowest sum before progression", "0 56 112 168", "T1 100 60 90 20", "b PR PD PD", change=-40.0),
]  # fmt: skip

CONFIRMATION = [
    recist("a response seen again after 27 days is not confirmed", "0 56 83", "T1 50 30 30", "b PR PR", best="PR", best_confirmed="SD",
           confirmed_response_day=None),
    recist("after 28 days it is, from the first scan", "0 56 84", "T1 50 30 30", "b PR PR", best_confirmed="PR",
           confirmed_response_day=56),
    recist("two scans 14 days apart and a third confirm it together", "0 56 70 84", "T1 50 30 30 30", "b PR PR PR", best_confirmed="PR",
           confirmed_response_day=56),
    recist("a protocol may ask for 6 weeks", "0 56 97", "T1 50 30 30", "b PR PR", {"confirmation_days": 42}, best_confirmed="SD"),
    recist("6 weeks later is enough", "0 56 98", "T1 50 30 30", "b PR PR", {"confirmation_days": 42}, best_confirmed="PR"),
    recist("a missing visit may lie between a response and its confirmation unconfirmed_rule", "0 56 84 112", "T1 50 30 x 30", "b PR NE PR",
           best_confirmed="PR", confirmed_response_day=56),
    recist("or may not", "0 56 84 112", "T1 50 30 x 30", "b PR NE PR", {"confirmation_across_missing": False}, best_confirmed="SD"),
    recist("two missing visits may not unconfirmed_rule", "0 56 84 112 140", "T1 50 30 x x 30", "b PR NE NE PR", best_confirmed="SD"),
    recist("unless the protocol says so", "0 56 84 112 140", "T1 50 30 x x 30", "b PR NE NE PR", {"missing_between": 2},
           best_confirmed="PR"),
    recist("a complete response is confirmed across a missing visit", "0 56 84 112", "T1 50 a x a", "b CR NE CR", best_confirmed="CR"),
    recist("or not", "0 56 84 112", "T1 50 a x a", "b CR NE CR", {"confirmation_across_missing": False}, best_confirmed="SD"),
    recist("stable disease between two partial responses confirms nothing", "0 56 112 168", "T1 100 70 80 70", "b PR SD PR",
           best_confirmed="SD"),
    recist("unless the protocol says so", "0 56 112 168", "T1 100 70 80 70", "b PR SD PR", {"confirmation_across_stable": True},
           best_confirmed="PR"),
    recist("a partial response before a complete one is confirmed as partial", "0 56 84", "T1 50 30 a", "b PR CR", best="CR",
           best_confirmed="PR", response_day=56),
    recist("a partial response in week 4 that nobody saw again is not evaluable", "0 28 56", "T1 50 30 x", "b PR NE", best_confirmed="NE"),
    recist("in week 8 it was stable disease", "0 56 112", "T1 50 30 x", "b PR NE", best_confirmed="SD"),
    recist("a complete response in week 4, then a new lesion, is progression", "0 28 56", "T1 50 a a; X1 . . p", "b CR PD",
           best="CR", best_confirmed="PD"),
    recist("after a confirmed response a smaller fall is still a response", "0 56 84 112", "T1 100 70 70 79", "b PR PR PR"),
    recist("before it is confirmed it is stable disease", "0 56 70 112", "T1 100 70 79 79", "b PR SD SD"),
    recist("a protocol may let the first one last", "0 56 112", "T1 100 70 80", "b PR PR", {"pr_persists": "assigned"}),
    recist("or none", "0 56 112 168", "T1 100 70 70 80", "b PR PR SD", {"pr_persists": "never"}),
    recist("a lasting response ends with 20 % over its nadir", "0 56 112 168 224", "T1 100 70 70 80 84", "b PR PR PR PD"),
]  # fmt: skip

STABLE = [
    recist("stable disease on day 41, then progression, is progression", "0 41 80", "T1 50 50 70", "b SD PD", best="PD"),
    recist("on day 42 it was stable disease", "0 42 80", "T1 50 50 70", "b SD PD", best="SD"),
    recist("a protocol may ask for 7 weeks", "0 48 90", "T1 50 50 70", "b SD PD", {"stable_days": 49}, best="PD"),
    recist("and day 49 is enough", "0 49 90", "T1 50 50 70", "b SD PD", {"stable_days": 49}, best="SD"),
    recist("stable disease on day 41 alone is not evaluable", "0 41", "T1 50 50", "b SD", best="NE"),
    recist("the time counts from the scan at baseline", "-10 32 80", "T1 50 50 70", "b SD PD", best="SD"),
    recist("41 days after it are too few", "-10 31 80", "T1 50 50 70", "b SD PD", best="PD"),
    recist("it may count from time zero", "-10 35 80", "T1 50 50 70", "b SD PD", {"stable_from": "time zero"}, best="PD"),
    recist("a response in week 5 counts as one without confirmation", "0 35 80", "T1 50 30 50", "b PR PD", best="PR", best_confirmed="PD"),
    recist("lesions followed by eye that stay for 41 days say nothing", "0 41", "E1 p p", "b non", best="NE"),
]  # fmt: skip

EARLY = [
    recist("death before the first scan is not evaluable and an event", "0", "T1 50", "b", death=30, best="NE", pfs=(30, True, "death"),
           os=(30, True, "death"), dor=None),
    recist("a protocol may call it progression", "0", "T1 50", "b", {"early_progression": "progression"}, death=30, best="PD",
           best_confirmed="PD"),
    recist("up to day 84", "0", "T1 50", "b", {"early_progression": "progression"}, death=84, best="PD"),
    recist("not on day 85", "0", "T1 50", "b", {"early_progression": "progression"}, death=85, best="NE"),
    recist("death after a scan that showed nothing is early too", "0 40", "T1 50 x", "b NE", {"early_progression": "progression"}, death=60,
           best="PD"),
    recist("death long before any scan is censored at time zero", "0", "T1 50", "b", death=200, pfs=NO_ASSESSMENT, os=(200, True)),
    recist("to the EMA it is an event", "0", "T1 50", "b", {"censoring": "ema"}, death=200, pfs=(200, True, "death")),
    recist("a baseline alone says nothing", "0", "T1 50", "b", best="NE", pfs=NO_ASSESSMENT, os=(0, False, "last visit"),
           best_change=None),
    recist("scans that show nothing count as none", "0 56", "T1 50 x", "b NE", best="NE", pfs=NO_ASSESSMENT, os=(56, False, "last visit")),
]  # fmt: skip

BASELINES = [
    recist("without a scan up to time zero the first one is the baseline", "14 70", "T1 50 30", "b PR", response_day=70),
    recist("of two scans before time zero the last is the baseline", "-28 -3 56", "T1 100 60 45", "NE b SD", nadir="- - 60"),
    recist("a smaller tumor before the baseline is no nadir", "-28 -3 56", "T1 20 50 55", "NE b SD"),
    recist("a scan on the day of time zero is the baseline", "-14 0 56", "T1 100 50 34", "NE b PR"),
    recist("a scan a day later is not", "-14 1 57", "T1 100 69 84", "b PR PD"),
    recist("time zero may lie elsewhere on the clock", "3 10 66", "T1 100 50 34", "NE b PR", time_zero=10, response_day=56),
    recist("three scans before time zero leave two unjudged", "-60 -30 -1 56", "T1 10 20 30 30", "NE NE b SD"),
    recist("with a single scan after time zero there is no response", "20", "T1 50", "b", best="NE", pfs=NO_ASSESSMENT),
]  # fmt: skip

TIMES = [
    recist("progression on the day the window of the second missed visit closes is an event", "0 56 112 231", "T1 50 50 50 70",
           "b SD SD PD", pfs=(231, True)),
    recist("a day later it is censored", "0 56 112 232", "T1 50 50 50 70", "b SD SD PD", pfs=(112, False, "missed visits")),
    recist("scans that showed nothing are missed visits", "0 56 112 168 224", "T1 50 50 x x 70", "b SD NE NE PD",
           pfs=(56, False, "missed visits")),
    recist("one that showed nothing does not censor", "0 56 112 168", "T1 50 50 x 70", "b SD NE PD", pfs=(168, True)),
    recist("to the EMA progression after missed visits is an event", "0 56 112 168 224", "T1 50 50 x x 70", "b SD NE NE PD",
           {"censoring": "ema"}, pfs=(224, True)),
    recist("a protocol may let missed visits never censor", "0 56 112 400", "T1 50 50 50 70", "b SD SD PD", {"missed_visits": 0},
           pfs=(400, True)),
    recist("or one be enough", "0 56 112 224", "T1 50 50 50 70", "b SD SD PD", {"missed_visits": 1}, pfs=(112, False, "missed visits")),
    recist("visits planned every 28 days are missed sooner", "0 56 112 200", "T1 50 50 50 70", "b SD SD PD", {"visit_interval": 28},
           pfs=(112, False, "missed visits")),
    recist("at the patient's own pace they were not", "0 56 112 200", "T1 50 50 50 70", "b SD SD PD", pfs=(200, True)),
    recist("a new therapy on the day of progression does not censor unconfirmed_rule", "0 56 112", "T1 50 50 70", "b SD PD",
           new_therapy=112,
           pfs=(112, True, "progression")),
    recist("one after it neither", "0 56 112", "T1 50 50 70", "b SD PD", new_therapy=120, pfs=(112, True)),
    recist("one before a death censors at the last scan unconfirmed_rule", "0 56 112", "T1 50 50 50", "b SD SD", new_therapy=130, death=150,
           pfs=(112, False, "new therapy"), os=(150, True)),
    recist("to the EMA the death is an event", "0 56 112", "T1 50 50 50", "b SD SD", {"censoring": "ema"}, new_therapy=130, death=150,
           pfs=(150, True, "death")),
    recist("a scan on the day of the new therapy counts unconfirmed_rule", "0 56 112 168", "T1 50 50 50 70", "b SD SD PD", new_therapy=112,
           pfs=(112, False, "new therapy")),
    recist("a new therapy without progression censors at the scan before it unconfirmed_rule", "0 56 112 168", "T1 50 50 50 50",
           "b SD SD SD", new_therapy=130, pfs=(112, False, "new therapy")),
    recist("to the EMA it changes nothing", "0 56 112 168", "T1 50 50 50 50", "b SD SD SD", {"censoring": "ema"}, new_therapy=130,
           pfs=(168, False, "last assessment")),
    recist("a new therapy before the first scan leaves nothing", "0 56", "T1 50 70", "b PD", new_therapy=30, pfs=(0, False)),
    recist("death on the day of progression is a progression", "0 56", "T1 50 70", "b PD", death=56, pfs=(56, True, "progression")),
    recist("a patient alive at the last contact is censored there", "0 56", "T1 50 50", "b SD", last_contact=90, pfs=(56, False),
           os=(90, False, "last contact")),
    recist("a response that goes on is censored at the last scan", "0 56 112", "T1 50 30 30", "b PR PR",
           dor=(56, False, "last assessment")),
    recist("death ends a response", "0 56 112", "T1 50 30 30", "b PR PR", death=130, dor=(74, True, "death")),
    recist("a new therapy ends the watching of a response unconfirmed_rule", "0 56 112 168", "T1 50 30 30 50", "b PR PR PD",
           new_therapy=120,
           dor=(56, False, "new therapy")),
    recist("a response never seen again may not count", "0 56 112", "T1 50 30 50", "b PR PD", {"confirmed": True}, dor=None,
           pfs=(112, True)),
    recist("by default it does", "0 56 112", "T1 50 30 50", "b PR PD", dor=(56, True, "progression")),
    recist("a response followed by two missed visits lasts no day that anyone saw", "0 56 300", "T1 50 30 50", "b PR PD",
           dor=(0, False, "missed visits")),
    recist("who never responded has no duration", "0 56 112", "T1 50 50 70", "b SD PD", dor=None),
    recist("all days count from time zero", "100 156 212", "T1 50 50 70", "b SD PD", time_zero=100, last_contact=300, pfs=(112, True),
           os=(200, False, "last contact"), progression_day=112),
]  # fmt: skip

IMMUNE = [
    irecist("a rise by exactly 5 mm confirms progression", "0 56 84", "T1 100 125 130", "b iUPD iCPD"),
    irecist("a rise by 4.9 mm does not", "0 56 84", "T1 100 125 129.9", "b iUPD iUPD"),
    irecist("new targets that grow by exactly 5 mm confirm it", "0 56 84", "T1 50 50 50; X1 . 12 17", "b iUPD iCPD"),
    irecist("by 4.9 mm they do not", "0 56 84", "T1 50 50 50; X1 . 12 16.9", "b iUPD iUPD"),
    irecist("two new targets count together", "0 56 84", "T1 50 50 50; X1 . 12 15; X2 . 11 13.5", "b iUPD iCPD"),
    irecist("a further new lesion confirms it", "0 56 84", "T1 50 50 50; X1 . p p; X2 . . p", "b iUPD iCPD"),
    irecist("a new lesion that stays does not", "0 56 84", "T1 50 50 50; X1 . p p", "b iUPD iUPD"),
    irecist("one followed by eye that grows clearly does", "0 56 84", "T1 50 50 50; X1 . p g", "b iUPD iCPD"),
    irecist("clear growth of another lesion confirms progression of targets", "0 56 84", "T1 100 125 125; E1 p p g", "b iUPD iCPD"),
    irecist("growth of targets confirms progression of other lesions", "0 56 84", "T1 100 100 121; E1 p g p", "b iUPD iCPD"),
    irecist("a new lesion that has gone again leaves stable disease", "0 56 84", "T1 50 48 48; X1 . p a", "b iUPD iSD", new="0 1 1",
            best="iSD", pfs=(84, False)),
    irecist("what was growing clearly and is again is read as further growth", "0 56 84", "T1 50 50 50; E1 p g g", "b iUPD iCPD"),
    irecist("or as no further growth", "0 56 84", "T1 50 50 50; E1 p g g", "b iUPD iUPD", {"repeated_progression": "unchanged"}),
    irecist("a scan 25 days later cannot confirm", "0 56 81", "T1 100 125 140", "b iUPD iUPD"),
    irecist("a scan 26 days later can, for two days either way are allowed", "0 56 82", "T1 100 125 140", "b iUPD iCPD"),
    irecist("after the bar was reset growth over the same nadir is unconfirmed again", "0 56 84 112", "T1 100 125 110 130",
            "b iUPD iSD iUPD", progression_day=112),
    irecist("progression that passes twice never counts", "0 56 84 112 140", "T1 100 125 110 125 110", "b iUPD iSD iUPD iSD",
            best="iSD", pfs=(140, False, "last assessment"), progression_day=None),
    irecist("a scan that showed nothing may lie between", "0 56 84 112", "T1 100 125 x 131", "b iUPD NE iCPD", progression_day=56),
    irecist("or may not", "0 56 84 112", "T1 100 125 x 131", "b iUPD NE iUPD", {"progression_across_missing": False}),
    irecist("confirmed progression is never undone", "0 56 84 112", "T1 100 125 131 10", "b iUPD iCPD iCPD", best="iCPD"),
    irecist("unconfirmed progression that nothing follows is dated to its scan", "0 56", "T1 100 125", "b iUPD", best="iUPD",
            pfs=(56, True, "progression")),
    irecist("also when death follows", "0 56", "T1 100 125", "b iUPD", death=80, pfs=(56, True, "progression"), os=(80, True)),
    irecist("a protocol may count confirmed progression alone unconfirmed_rule", "0 56", "T1 100 125", "b iUPD",
            {"unconfirmed_at_end": False}, death=80, pfs=(80, True, "death")),
    irecist("a tumor that shrinks to nothing after iUPD is a complete response", "0 56 84", "T1 30 40 a", "b iUPD iCR", best="iCR",
            response_day=84),
    irecist("targets that shrink while a new lesion stays respond", "0 56 84", "T1 50 50 30; X1 . 12 12", "b iUPD iPR"),
    irecist("an iUPD at a worse visit stays though the tumor shrinks unconfirmed_rule", "0 56 84", "T1 100 125 68", "b iUPD iUPD",
            clinical="0 1 0"),
    irecist("unless that is ignored", "0 56 84", "T1 100 125 68", "b iUPD iPR", {"clinical_worsening": "ignored"}, clinical="0 1 0"),
    irecist("an early scan for a symptom that shows another new lesion confirms", "0 56 70", "T1 50 50 50; X1 . p p; X2 . . p",
            "b iUPD iCPD", clinical="0 0 1"),
    irecist("without a symptom it does not", "0 56 70", "T1 50 50 50; X1 . p p; X2 . . p", "b iUPD iUPD", clinical="0 0 0"),
    irecist("a new node of 14 mm is followed by eye, and does not confirm by 5 mm", "0 56 84", "N1@node 20 20 20; X1@node . 14 14",
            "b iUPD iUPD"),
    irecist("without targets iUPD comes from lesions followed by eye", "0 56 84", "E1 p g p", "b iUPD inon"),
    irecist("without progression the words are those of RECIST with an i", "0 56 112 168", "T1 100 90 70 a", "b iSD iPR iCR",
            best="iCR"),
    irecist("a response is confirmed across iUPD that passed", "0 56 84 112", "T1 100 60 80 60", "b iPR iUPD iPR", best_confirmed="iPR"),
    irecist("or not", "0 56 84 112", "T1 100 60 80 60", "b iPR iUPD iPR", {"confirmation_across_iupd": False}, best_confirmed="iSD"),
]  # fmt: skip

GLIOMA = [
    rano2010("products that fall by exactly 50 % respond", "0 56", "T1 33.3x10 16.65x10", "b PR"),
    rano2010("by 49.9 % they do not", "0 56", "T1 40x30 30x20.04", "b SD"),
    rano2010("products that rise by exactly 25 % are progression", "0 56", "T1 40x20 40x25", "b PD"),
    rano2010("by 24.9 % they are not", "0 56", "T1 40x20 40x24.98", "b SD"),
    rano2010("growth on less steroid than at the nadir is stable", "0 56", "T1 40x20 40x25", "b SD", steroid="4 2"),
    rano2010("unless the protocol counts it", "0 56", "T1 40x20 40x25", "b PD", {"growth_on_less_steroid": "progression"}, steroid="4 2"),
    rano2010("growth on more steroid is progression", "0 56", "T1 40x20 40x25", "b PD", steroid="2 8"),
    rano2010("more steroid alone is never progression", "0 56", "T1 40x20 40x20", "b SD", steroid="2 16"),
    rano2010("but may be called not evaluable", "0 56", "T1 40x20 40x20", "b NE", {"stable_on_more_steroid": "NE"}, steroid="2 16"),
    rano2010("0.75 mg of dexamethasone only replaces and allows a complete response", "0 56", "T1 40x20 a", "b CR", steroid="2 0.75"),
    rano2010("0.8 mg does not", "0 56", "T1 40x20 a", "b PR", steroid="2 0.8"),
    rano2010("a complete response on more steroid is none", "0 56", "T1 40x20 a", "b SD", steroid="2 4"),
    rano2010("growth on FLAIR is progression though enhancement has gone", "0 56", "T1 40x20 a", "b PD", flair="0 1"),
    rano2010("or only bars the response", "0 56", "T1 40x20 a", "b SD", {"flair_progression": False}, flair="0 1"),
    rano2010("decline is progression though the tumor has shrunk", "0 56", "T1 40x20 20x10", "b PD", clinical="0 1"),
    rano2010("a new lesion that goes away stays progression", "0 56 112", "T1 40x20 40x20 40x20; X1 . p a", "b PD PD"),
    rano2010("growth 83 days after radiation is no progression", "0 83", "T1 40x20 40x30", "b SD", radiation_end=0),
    rano2010("on day 84 it is", "0 84", "T1 40x20 40x30", "b PD", radiation_end=0),
    rano2010("a new lesion 8 weeks after radiation is taken to lie inside the field", "0 56", "T1 40x20 40x20; X1 . p", "b SD",
             radiation_end=0),
    rano2010("or outside of it", "0 56", "T1 40x20 40x20; X1 . p", "b PD", {"early_new_lesion": "outside"}, radiation_end=0),
    rano2010("a lesion that is measured in one scan only makes the next not evaluable", "0 56", "T1 40x20 x; T2 20x20 20x20", "b NE"),
    rano2010("a response on the next scan 27 days later is not confirmed", "0 56 83", "T1 40x30 20x20 20x20", "b PR PR",
             best_confirmed="SD"),
    rano2010("28 days later it is", "0 56 84", "T1 40x30 20x20 20x20", "b PR PR", best_confirmed="PR"),
    told("without a steroid dose it is taken as stable, and said so", "rano2010", "0 56", "T1 40x30 20x20", "b PR"),
    told("or as not evaluable", "rano2010", "0 56", "T1 40x30 20x20", "b NE", {"missing_findings": "not evaluable"}),
    rano2("preliminary progression that has shrunk 4 weeks later never was unconfirmed_rule", "0 56 84", "T1 30x20 30x28 30x21", "b SD SD",
          radiation_end=0, progression_day=None),
    rano2("a scan 27 days later confirms nothing unconfirmed_rule", "0 56 83", "T1 30x20 30x28 30x28", "b SD SD", radiation_end=0,
          progression_day=None),
    rano2("the day of preliminary progression is that of progression unconfirmed_rule", "0 56 84", "T1 30x20 30x28 30x28", "b SD PD",
          radiation_end=0, pfs=(56, True, "progression"), best="PD"),
    rano2("12 weeks after radiation growth counts at once", "0 84", "T1 30x20 30x28", "b PD", radiation_end=0),
    rano2("without a date of radiation it does too", "0 56", "T1 30x20 30x28", "b PD"),
    rano2("a protocol may always want a confirming scan", "0 56", "T1 30x20 30x28", "b SD", {"confirmation_of_progression": "always"}),
    rano2("or never", "0 56", "T1 30x20 30x28", "b PD", {"confirmation_of_progression": "never"}, radiation_end=0),
    rano2("growth on FLAIR says nothing of an enhancing tumor", "0 56", "T1 30x20 30x20", "b SD", flair="0 1"),
    rano2("but of one that does not enhance", "0 56", "T1 30x20 30x20", "b PD", {"tumor": "non-enhancing"}, flair="0 1"),
    rano2("volumes that rise by exactly 40 % are progression unconfirmed_rule", "0 56", "T1 30x20 42x20", "b PD", {"dimension": "3d"}),
    rano2("by 39.7 % they are not unconfirmed_rule", "0 56", "T1 30x20 41.9x20", "b SD", {"dimension": "3d"}),
    rano2("volumes that fall by exactly 65 % respond unconfirmed_rule", "0 56", "T1 40x10 14x10", "b PR", {"dimension": "3d"}),
    rano2("by 64.75 % they do not unconfirmed_rule", "0 56", "T1 40x10 14.1x10", "b SD", {"dimension": "3d"}),
]  # fmt: skip

METASTASES = [
    rano_bm("a rise by 20 % in which one lesion grew by exactly 5 mm is progression", "0 56", "T1 15 20; T2 10 10", "b PD"),
    rano_bm("by 4.9 mm it is not", "0 56", "T1 15 19.9; T2 9.5 9.6", "b SD"),
    rano_bm("a rise by 10 mm in 60 is not 20 %", "0 56", "T1 30 40; T2 30 30", "b SD"),
    rano_bm("lesions of 12 and 20 mm go through response, growth too small, and progression", "0 56 112 168",
            "T1 12 8 11 8; T2 20 14 16 19",
            "b PR SD PD"),
    rano_bm("a new lesion is progression", "0 56", "T1 20 20; X1 . p", "b PD"),
    rano_bm("not alone under immunotherapy", "0 56", "T1 20 20; X1 . p", "b SD", {"immunotherapy": True}),
    rano_bm("a fall by exactly 30 % responds", "0 56", "T1 30.1 21.07", "b PR"),
    rano_bm("not on more steroid", "0 56", "T1 30.1 21.07", "b SD", steroid="0 2"),
    rano_bm("any steroid bars a complete response", "0 56", "T1 20 a", "b PR", steroid="2 0.5"),
    rano_bm("decline is progression", "0 56", "T1 20 12", "b PD", clinical="0 1"),
    rano_bm("without targets what has gone is a complete response", "0 56", "E1 p a", "b CR"),
    rano_bm("without targets what stays is non-CR/non-PD", "0 56", "E1 p p", "b non"),
]  # fmt: skip

LYMPHOMA = [
    lugano("a node of exactly 15 mm is normal", "0 56", "N1 30x20 15x10", "b CR"),
    lugano("a node of 15.1 mm is not", "0 56", "N1 30x20 15.1x10", "b PR"),
    lugano("the longer axis counts in whichever column it stands", "0 56", "N1 20x30 10x15.1", "b PR"),
    lugano("disease outside nodes must have gone", "0 56", "T1 30x20 s", "b PR", sum="600 25"),
    lugano("and then the response is complete", "0 56", "T1 30x20 a", "b CR"),
    lugano("products that fall by exactly 50 % respond", "0 56", "N1 40x30 30x20", "b PR"),
    lugano("by 49.8 % they do not", "0 56", "N1 40x30 30.1x20", "b SD"),
    lugano("a node of 20 mm that grows by exactly 50 % and 5 mm is progression", "0 56", "N1 20x16 25x19.2", "b PD"),
    lugano("by 4.9 mm it is not", "0 56", "N1 20x16 24.9x20", "b SD"),
    lugano("a node over 20 mm must grow by 10 mm", "0 56", "N1 30x20 39.9x24", "b SD"),
    lugano("and then is progression", "0 56", "N1 30x20 40x24", "b PD"),
    lugano("one node that grows is progression though the sum falls", "0 56", "N1 40x40 14x10; N2 16x12 22x14", "b PD"),
    lugano("a node that grows over its own lowest is progression", "0 56 112", "N1 40x40 14x10 22x14", "b CR PD"),
    lugano("a spleen of 15 cm that becomes 16.0 cm has not grown by more than half of its excess", "0 56", "N1 30x20 30x20", "b SD",
           spleen_cm="15 16"),
    lugano("a normal spleen that grows by 2 cm to 14 cm is progression", "0 56", "N1 30x20 30x20", "b PD", spleen_cm="12 14"),
    lugano("by 1.9 cm it is not", "0 56", "N1 30x20 30x20", "b SD", spleen_cm="12 13.9"),
    lugano("a spleen that loses exactly half of its excess bars a response", "0 56", "N1 30x20 20x10", "b SD", spleen_cm="17 15"),
    lugano("one that loses more does not", "0 56", "N1 30x20 20x10", "b PR", spleen_cm="17 14.9"),
    lugano("an enlarged spleen bars a complete response", "0 56", "N1 30x20 15x10", "b PR", spleen_cm="17 14"),
    lugano("a score of 4 after a complete metabolic response is progression", "0 56 112", "T1 40x30 40x30 40x30", "b CMR PMD",
           pet_score="5 2 4"),
    lugano("or is compared with the baseline", "0 56 112", "T1 40x30 40x30 40x30", "b CMR PMR", {"score_after_complete": "compared"},
           pet_score="5 2 4"),
    lugano("a higher score is progression", "0 56", "T1 40x30 40x30", "b PMD", pet_score="4 5"),
    lugano("a scan without PET is judged by CT", "0 56 112", "N1 40x30 20x20 22x20", "b PR PMR", pet_score="5 . 4"),
    lugano("growth on CT of what still takes up is progression whatever the score", "0 56 112", "N1 40x30 20x20 30x20", "b PR PD",
           pet_score="5 . 4"),
    lugano("a score of 4 without one at baseline is judged by CT", "0 56", "N1 40x30 20x20", "b PR", pet_score=". 4"),
    lugano("a score of 3 needs none", "0 56", "N1 40x30 40x30", "b CMR", pet_score=". 3"),
    lugano("CT may decide alone", "0 56", "N1 40x30 20x20", "b PR", {"decides": "ct"}, pet_score="5 3"),
    lugano("the worse of both may decide", "0 56", "N1 40x30 20x20", "b PR", {"decides": "worse"}, pet_score="5 3"),
    lugano("a new lesion that goes away stays progression", "0 56 112", "N1 40x30 20x20 20x20; X1 . p a", "b PD PD"),
    lugano("a node that was not seen cannot be judged", "0 56", "N1 30x20 x; N2 30x20 30x20", "b NE"),
    lugano("a node that grows is progression though another was not seen", "0 56", "N1 30x20 x; N2 30x20 40x30", "b PD"),
]  # fmt: skip

MARROW = [
    leukemia("4.9 % blasts and recovered counts are a complete remission", "0 28", "b CR", blasts="60 4.9", anc=". 1.0", platelets=". 100"),
    leukemia("5 % blasts are not", "0 28", "b none", blasts="60 5", anc=". 1.0", platelets=". 100"),
    leukemia("neutrophils of 0.99 make it a CRi", "0 28", "b CRi", blasts="60 2", anc=". 0.99", platelets=". 100"),
    leukemia("platelets of 99 too", "0 28", "b CRi", blasts="60 2", anc=". 1.0", platelets=". 99"),
    leukemia("in lymphoblastic leukemia both counts may be low", "0 28", "b CRi", blasts="60 2", anc=". 0.1", platelets=". 5"),
    leukemia("in myeloid leukemia 0.5 and 50 are a CRh", "0 28", "b CRh", {"disease": "aml"}, blasts="60 2", anc=". 0.5",
             platelets=". 50"),
    leukemia("0.49 and 50 are none", "0 28", "b MLFS", {"disease": "aml"}, blasts="60 2", anc=". 0.49", platelets=". 50"),
    leukemia("0.5 and 49 neither", "0 28", "b MLFS", {"disease": "aml"}, blasts="60 2", anc=". 0.5", platelets=". 49"),
    leukemia("full neutrophils and platelets of 40 are a CRi", "0 28", "b CRi", {"disease": "aml"}, blasts="60 2", anc=". 1.5",
             platelets=". 40"),
    leukemia("full neutrophils and platelets of 60 are a CRh", "0 28", "b CRh", {"disease": "aml"}, blasts="60 2", anc=". 1.5",
             platelets=". 60"),
    leukemia("blasts that come back are a relapse, which stays", "0 28 56 84", "b CR relapse relapse", blasts="60 2 6 1", anc=". 2 2 2",
             platelets=". 150 150 150", pfs=(56, True, "relapse"), best="CR"),
    leukemia("blasts that never went are no response", "0 28 56", "b none none", blasts="60 30 20", anc=". 1 1", platelets=". 100 100",
             best="no response"),
    leukemia("a marrow without counts cannot be judged", "0 28", "b NE", blasts="60 2"),
    leukemia("counts without a marrow neither", "0 28", "b NE", blasts="60 .", anc=". 2", platelets=". 150"),
    leukemia("yet they keep a patient in remission under observation", "0 28 56 84", "b CR NE relapse", blasts="60 2 . 8",
             anc=". 2 2 2", platelets=". 150 150 150", pfs=(84, True)),
    leukemia("disease outside the marrow is no remission", "0 28", "b none", blasts="60 2", anc=". 2", platelets=". 150", lesions="E1 p p"),
    leukemia("when it has gone it is one", "0 28", "b CR", blasts="60 2", anc=". 2", platelets=". 150", lesions="E1 p a"),
    leukemia("new disease outside the marrow is a relapse", "0 28 56", "b CR relapse", blasts="60 2 2", anc=". 2 2",
             platelets=". 150 150", lesions="X1 . . p"),
    leukemia("a remission seen again after 27 days is not confirmed", "0 28 55", "b CR CR", blasts="60 2 2", anc=". 2 2",
             platelets=". 150 150", best="CR", best_confirmed="NE"),
    leukemia("after 28 days it is", "0 28 56", "b CR CR", blasts="60 2 2", anc=". 2 2", platelets=". 150 150", best_confirmed="CR"),
    leukemia("a CRi that becomes a CR counts from the CRi", "0 28 56", "b CRi CR", blasts="60 2 2", anc=". 0.5 2", platelets=". 60 150",
             best="CR", response_day=28),
    leukemia("a reading of exactly 0.0001 is positive unconfirmed_rule", "0 28", "b CR", blasts="60 2", anc=". 2", platelets=". 150",
             mrd=". 0.0001", rule="positive"),
    leukemia("in myeloid leukemia it is negative unconfirmed_rule", "0 28", "b CR", {"disease": "aml"}, blasts="60 2", anc=". 2",
             platelets=". 150", mrd=". 0.0001", rule="negative"),
]  # fmt: skip

REFRACTORY = [
    recist("stable for 182 days is under 6 months and primary resistance", "0 91 182", "T1 50 50 70", "b SD PD", treatment_start=0,
           treatment_end=182, refractory="primary"),
    recist("183 days are secondary", "0 91 183", "T1 50 50 70", "b SD PD", treatment_start=0, treatment_end=183, refractory="secondary"),
    recist("a responder that progresses in month 5 is primary", "0 56 150", "T1 50 30 50", "b PR PD", treatment_start=0,
           treatment_end=150, refractory="primary"),
    recist("or secondary", "0 56 150", "T1 50 30 50", "b PR PD", {"early_responder": "secondary"}, treatment_start=0, treatment_end=150,
           refractory="secondary"),
    recist("progression 84 days after the end is still resistance", "0 56 126", "T1 50 50 70", "b SD PD", treatment_start=0,
           treatment_end=42, refractory="primary"),
    recist("85 days after it is late", "0 56 127", "T1 50 50 70", "b SD PD", treatment_start=0, treatment_end=42,
           refractory="late progression"),
    recist("41 days of treatment say nothing", "0 56", "T1 50 70", "b PD", treatment_start=0, treatment_end=41, refractory="not evaluable"),
    recist("42 days are enough", "0 56", "T1 50 70", "b PD", treatment_start=0, treatment_end=42, refractory="primary"),
    recist("who has not progressed after 7 months is not resistant", "0 100 213", "T1 50 50 50", "b SD SD", treatment_start=0,
           refractory="not resistant"),
    lugano("lymphoma that is stable after one cycle cannot be judged", "0 42", "N1 40x30 40x30", "b SD", cycles=1,
           refractory="not evaluable"),
    lugano("four cycles of a first line are not more than four", "0 84", "N1 40x30 40x30", "b SD", {"line": "first"}, cycles=4,
           refractory="not evaluable"),
    lugano("unless at least four are asked for", "0 84", "N1 40x30 40x30", "b SD", {"line": "first", "first_line_cycles": "at_least_4"},
           cycles=4, refractory="refractory"),
    lugano("a relapse on day 365 after transplantation is refractory", "0 180 365", "N1 20x18 15x10 40x30", "b CR PD",
           {"line": "transplant"}, treatment_start=0, refractory="refractory"),
    lugano("on day 366 it is a relapse", "0 180 366", "N1 20x18 15x10 40x30", "b CR PD", {"line": "transplant"}, treatment_start=0,
           refractory="relapsed"),
    leukemia("leukemia without remission after induction is refractory", "0 28", "b none", blasts="60 30", anc=". 1", platelets=". 50",
             treatment_start=0, refractory="refractory"),
    leukemia("myeloid leukemia after one course cannot be judged", "0 28", "b none", {"disease": "aml"}, blasts="60 30", anc=". 1",
             platelets=". 50", treatment_start=0, cycles=1, refractory="not evaluable"),
    leukemia("after two courses it is refractory", "0 56", "b none", {"disease": "aml"}, blasts="60 30", anc=". 1", platelets=". 50",
             treatment_start=0, cycles=2, refractory="refractory"),
    leukemia("a remission that is lost is a relapse", "0 28 300", "b CR relapse", blasts="60 2 30", anc=". 2 1", platelets=". 150 50",
             treatment_start=0, refractory="relapsed"),
]  # fmt: skip

MORE = [
    recist("a complete response seen once, at the last scan, was stable disease before", "0 56 112", "T1 50 50 a", "b SD CR", best="CR",
           best_confirmed="SD"),
    recist("a partial response seen once in week 4 is not evaluable when it must be confirmed", "0 30", "T1 50 30", "b PR",
           best_confirmed="NE"),
    recist("targets gone and nodes followed by eye normal are a complete response until one has 10 mm", "0 56 112",
           "T1 50 a a; D1 p12 p9 p10", "b CR PD"),
    recist("an unseen lesion after a complete response leaves a partial one", "0 56 112", "T1 50 a a; E1 p a x", "b CR PR"),
    recist("progression on the first scan after half a year is not dated", "0 200", "T1 50 70", "b PD", pfs=NO_ASSESSMENT),
    recist("to the EMA it is an event", "0 200", "T1 50 70", "b PD", {"censoring": "ema"}, pfs=(200, True)),
    recist("progression on a first scan in week 16 is", "0 112", "T1 50 70", "b PD", pfs=(112, True)),
    recist("a merged lesion that was not seen makes the visit not evaluable", "0 56 112",
           "T1 20 . .; T2 25 . .; T1+T2 . 40 .; T3 10 10 10", "b SD NE", sum="55 50 -"),
    recist("a whole said to have gone leaves its piece", "0 56", "T1 40 a; T1.1 . 18", "b PR", sum="40 18"),
    recist("targets called A.1 and A.2 from the start are two lesions", "0 56", "T1.1 20 10; T1.2 20 15", "b PR", sum="40 25"),
    recist("a scan that showed nothing ends no response", "0 56 112 168", "T1 50 30 x 30", "b PR NE PR", dor=(112, False),
           pfs=(168, False, "last assessment")),
    recist("a response is watched up to the last scan that showed something", "0 56 112 168", "T1 50 30 30 x", "b PR PR NE",
           dor=(56, False), pfs=(112, False)),
    recist("days may have decimals", "0 55.5 111.25", "T1 50 30 50", "b PR PD", dor=(55.75, True), pfs=(111.25, True)),
    recist("a target said to be progressing without a size is progression", "0 56", "T1 50 g; T2 20 20", "b PD"),
    recist("a response first seen under another therapy is not one of this", "0 56 112", "T1 50 50 20", "b SD PR", new_therapy=80,
           best="SD", dor=None, pfs=(56, False, "new therapy")),
    recist("one seen before stays", "0 56 112", "T1 50 30 20", "b PR PR", new_therapy=80, best="PR", dor=(0, False, "new therapy")),
    recist("a protocol may count it", "0 56 112", "T1 50 50 20", "b SD PR", {"under_new_therapy": "counted"}, new_therapy=80, best="PR"),
    leukemia("so it is with a remission", "0 28 56", "b none CR", blasts="60 30 2", anc=". 1 2", platelets=". 50 150", new_therapy=40,
             best="no response"),
    recist("a new lesion is progression even at a visit that looked at nothing else", "0 56", "T1 50 .; X1 . p", "b PD", target="b NE"),
    recist("nodes alone that halve respond", "0 56", "N1 20 10; N2 16 10", "b PR"),
    recist("growth of a node under 10 mm counts in the sum", "0 56 112", "N1 30 9.9 9.9; T1 10 10 16", "b PR PD",
           sum="40 19.9 25.9"),
    irecist("iUPD on the first scan after half a year is not dated", "0 200", "T1 50 70", "b iUPD", pfs=NO_ASSESSMENT),
    irecist("two scans before time zero leave the first unjudged", "-28 -3 56 84", "T1 100 50 65 71", "NE b iUPD iCPD"),
    irecist("targets measured alone confirm from 5 mm more than all had", "0 56 84", "T1 50 70 95; T2 20 20 x", "b iUPD iCPD"),
    irecist("and not with less", "0 56 84", "T1 50 70 94.9; T2 20 20 x", "b iUPD iUPD"),
    irecist("a new lesion confirms progression though the targets are stable again", "0 56 84", "T1 100 125 100; X1 . . p", "b iUPD iCPD",
            progression_day=56),
    irecist("a scan long after iUPD may confirm it", "0 56 200", "T1 100 125 140", "b iUPD iCPD"),
    irecist("or be too late and start anew", "0 56 200", "T1 100 125 140", "b iUPD iUPD", {"late_confirmation": False}),
    irecist("death after progression that passed ends progression-free survival", "0 56 84", "T1 100 125 110", "b iUPD iSD", death=100,
            pfs=(100, True, "death"), best="iSD"),
    irecist("a response before progression that was confirmed is the best", "0 56 112 140", "T1 100 60 80 86", "b iPR iUPD iCPD",
            best="iPR", progression_day=112, dor=(56, True)),
    irecist("a new target gone while the targets respond ends iUPD", "0 56 84", "T1 50 48 30; X1 . 14 a", "b iUPD iPR"),
    rano2010("decline is progression though a target was not seen", "0 56", "T1 40x20 x", "b PD", clinical="0 1"),
    rano2010("clear growth of what is not measured is progression", "0 56", "T1 40x20 20x10; E1 p g", "b PD"),
    rano2010("what is not measured bars a complete response", "0 56", "T1 40x20 a; E1 p p", "b PR"),
    rano2010("and allows it once it has gone", "0 56", "T1 40x20 a; E1 p a", "b CR"),
    rano2010("enhancement that returns after it had gone is progression", "0 56 112", "T1 40x20 a 10x10", "b CR PD"),
    rano2010("growth 6 weeks after radiation that came later is none", "0 56 112", "T1 40x20 40x20 40x30", "b SD SD", radiation_end=70),
    rano2010("a lesion too small to measure is still enhancement", "0 56", "T1 40x20 s", "b PR"),
    rano_bm("a target that was not seen makes the visit not evaluable", "0 56", "T1 20 x; T2 20 20", "b NE"),
    rano_bm("a new lesion bars a response under immunotherapy", "0 56", "T1 20 10; X1 . p", "b SD", {"immunotherapy": True}),
    lugano("scores alone are enough", "0 56", "", "b CMR", pet_score="5 3"),
    lugano("without scores and lesions nothing can be said", "0 56", "", "b NE", pet_score="5 .", clinical="0 0"),
    lugano("disease followed by eye bars a complete response", "0 56", "N1 30x20 15x10; E1 p p", "b PR"),
    lugano("clear growth of it is progression", "0 56", "N1 30x20 15x10; E1 p g", "b PD"),
    lugano("a mass that vanished and returns with 11 mm is progression", "0 56 112", "T1 40x30 a 11x8; N1 30x20 20x16 20x16", "b PR PD"),
    lugano("with 10 mm it is not yet", "0 56 112", "T1 40x30 a 10x8; N1 30x20 20x16 20x16", "b PR PR"),
    leukemia("disease outside the marrow alone is a relapse, which stays", "0 28 56 84", "b CR relapse relapse", blasts="60 2 2 2",
             anc=". 2 2 2", platelets=". 150 150 150", lesions="E1 p a p a", pfs=(56, True)),
    leukemia("blasts of 5.0 after a remission are a relapse", "0 28 56", "b CR relapse", blasts="60 2 5", anc=". 2 2",
             platelets=". 150 150"),
    leukemia("a baseline in remission by the counts is a baseline", "0 28", "b CR", blasts="2 2", anc="2 2", platelets="150 150"),
]  # fmt: skip

PATIENTS = [
    *MORE,
    *THRESHOLDS, *NODES, *SMALL_AND_BACK, *SPLIT_AND_MERGED, *MISSING, *BY_EYE, *LATCHED, *CONFIRMATION, *STABLE, *EARLY, *BASELINES,
    *TIMES, *IMMUNE, *GLIOMA, *METASTASES, *LYMPHOMA, *MARROW, *REFRACTORY,
]  # fmt: skip


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    return Answers(PATIENTS, tmp_path_factory.mktemp("edges"))


@pytest.mark.parametrize("patient", PATIENTS, ids=repr)
def test_patient(patient, answers):
    check(patient, answers[patient])


@pytest.mark.parametrize("name", criteria.names())
def test_every_patient_is_called_the_same_without_a_spreadsheet(name):
    wrong = []
    for patient in PATIENTS:
        if patient.criteria == name and not made_by_reading(patient):
            called = called_directly(patient)
            if called != [was if want == "*" else want for want, was in zip(patient.overall, called, strict=True)]:
                wrong.append((patient.says, called))
    assert not wrong


ONE_OF_EACH = [
    THRESHOLDS[0], NODES[0], SPLIT_AND_MERGED[0], SPLIT_AND_MERGED[5], MISSING[0], BY_EYE[0], LATCHED[3], CONFIRMATION[5], EARLY[0],
    BASELINES[1], BASELINES[5], TIMES[0], TIMES[10], TIMES[20], REFRACTORY[0],
]  # fmt: skip


def test_rows_in_any_order_say_the_same(tmp_path):
    cases = [(f"P{place}", one) for place, one in enumerate(ONE_OF_EACH)]
    straight = _found(*write(tmp_path / "straight", cases))
    order = list(range(frame(cases).height))
    random.Random(7).shuffle(order)
    assert _found(*write(tmp_path / "shuffled", cases, order)) == straight


def test_a_row_that_is_there_twice_counts_once(tmp_path):
    cases = [(f"P{place}", one) for place, one in enumerate(ONE_OF_EACH)]
    straight = _found(*write(tmp_path / "straight", cases))
    order = [row for row in range(frame(cases).height) for _ in range(1 + row % 2)]
    assert _found(*write(tmp_path / "doubled", cases, order)) == straight


def test_a_visit_that_disagrees_with_itself_is_refused(tmp_path):
    twice = frame([("P", THRESHOLDS[0])])
    other = twice.with_columns(diameter_mm=pl.lit("83"))
    with pytest.raises(InputError, match="row 4, column `diameter_mm`"):
        assess(pl.concat([twice, other[1:]]), "recist1.1")


def test_dates_say_the_same_as_days(tmp_path):
    cases = [(f"P{place}", one) for place, one in enumerate(ONE_OF_EACH)]
    measurements, patients = write(tmp_path, cases)
    by_days = _found(measurements, patients)
    sheet = frame(cases)
    dated = sheet.with_columns(date=sheet["day"].map_elements(_on_the_calendar, pl.String)).drop("day")
    people = pl.read_csv(patients, infer_schema=False)
    clock = [name for name in people.columns if name not in ("patient", "arm", "cycles")]
    zero = pl.col("time_zero").fill_null("0")
    people = people.with_columns(time_zero=pl.when(zero == "").then(pl.lit("0")).otherwise(zero))
    people = people.with_columns(pl.col(name).map_elements(_on_the_calendar, pl.String, skip_nulls=True) for name in clock)
    by_dates = assess(dated, "recist1.1", people)
    assert by_dates.json()["patients"] == by_days
    assert by_dates.table("adsl")["DTHDT"].drop_nulls().len() == people["death"].drop_nulls().len()


@pytest.mark.parametrize("form", ["xlsx", "parquet"])
def test_excel_and_parquet_say_the_same_as_csv(form, tmp_path):
    cases = [(f"P{place}", one) for place, one in enumerate(ONE_OF_EACH)]
    measurements, patients = write(tmp_path, cases)
    table = pl.read_csv(measurements, schema_overrides={"diameter_mm": pl.Float64})
    other = tmp_path / f"measurements.{form}"
    if form == "parquet":
        table.write_parquet(other)
    else:
        from openpyxl import Workbook

        book = Workbook()
        for row in [table.columns, *table.rows()]:
            book.active.append(list(row))
        book.save(other)
    assert _found(other, patients) == _found(measurements, patients)


def test_arms_keep_everyone_in_the_denominator_in_the_order_of_the_file(tmp_path):
    seen = {"late": ["50 30", "50 x", "50 50", "50 a"], "early": ["50 30", "50 x", "50 70"]}
    cases = [
        (f"{arm} {place}", recist(f"{arm} {place}", "0 56", f"T1 {sizes}", arm=arm))
        for arm, all_sizes in seen.items()
        for place, sizes in enumerate(all_sizes)
    ]
    arms = assess(*_with_criterion(write(tmp_path, cases))).json()["arms"]
    assert list(arms) == ["late", "early"]
    counts = {arm: (found["n"], found["orr"]["x"], found["cr"]["x"], found["dcr"]["x"]) for arm, found in arms.items()}
    assert counts == {"late": (4, 2, 1, 3), "early": (3, 1, 0, 1)}
    assert arms["early"]["orr"]["n"] == 3
    assert arms["early"]["dor"]["n"] == 1


def test_confirmed_responses_alone_count_when_that_is_chosen(tmp_path):
    sizes = ["50 30 30", "50 30 50", "50 50 50", "50 30 40"]
    cases = [(f"P{place}", recist("", "0 28 56", f"T1 {one}")) for place, one in enumerate(sizes)]
    measurements, _ = write(tmp_path, cases)
    wanted = {True: (1, 2, 1), False: (3, 4, 3)}
    for confirmed, counts in wanted.items():
        arm = assess(measurements, "recist1.1", options={"confirmed": confirmed}).json()["arms"]["all"]
        assert (arm["orr"]["x"], arm["dcr"]["x"], arm["dor"]["n"]) == counts


def test_a_file_in_which_nothing_is_measured_needs_no_diameters(tmp_path):
    sheet = frame([("P", BY_EYE[1])]).drop("diameter_mm", strict=False)
    sheet = sheet.filter(pl.col("kind") == "non-target")
    assert assess(sheet, "recist1.1").json()["patients"]["P"]["best"] == "CR"


def test_patients_without_an_arm_are_one_arm(tmp_path):
    found = assess(*_with_criterion(write(tmp_path, [("P", THRESHOLDS[0])]))).json()
    assert list(found["arms"]) == ["all"]
    assert found["patients"]["P"]["arm"] == "all"


def test_findings_may_stand_on_any_row_of_the_visit():
    apart = told("apart", "rano2010", "0 56", "T1 40x30 20x20; T2 20x20 10x10", steroid="2 4", clinical="0 0", flair="0 0")
    rows = frame([("P", apart)])
    lesions, own = rows.filter(pl.col("lesion").is_not_null()), rows.filter(pl.col("lesion").is_null())
    found = ["steroid", "clinical", "flair"]
    joined = lesions.drop(found).join(own.select("day", *found), on="day", how="left")
    last = joined.with_columns(pl.when(pl.col("lesion") == "T2").then(pl.col(name)).alias(name) for name in found)
    answers = [assess(table, "rano2010").json()["patients"] for table in (rows, joined, last)]
    assert answers[0] == answers[1] == answers[2]
    assert [visit["overall"] for visit in answers[0]["P"]["visits"]] == ["baseline", "SD"]


@pytest.mark.parametrize("name", criteria.names())
def test_no_option_stands_in_two_tables(name):
    from remission.response import refractory, scan_endpoints

    tables = [set(criteria.get(name).choices), set(scan_endpoints.CHOICES), set(refractory.CHOICES)]
    assert sum(len(table) for table in tables) == len(set.union(*tables))


def test_a_patient_known_only_from_the_table_of_patients_stays_in_the_denominator(tmp_path):
    measurements, patients = write(tmp_path, [("P", recist("seen", "0 56", "T1 50 30", arm="A"))])
    patients.write_text("patient,arm,death,last_contact\nP,A,,60\nearly,A,30,\nlate,A,400,\nlost,A,,50\n")
    found = assess(measurements, "recist1.1", patients).json()
    assert (found["arms"]["A"]["n"], found["arms"]["A"]["orr"]["x"]) == (4, 1)
    keys = ("best", "pfs_day", "pfs_event", "os_day", "os_event")
    ends = {name: tuple(one[key] for key in keys) for name, one in found["patients"].items()}
    assert ends["early"] == ("NE", 30, True, 30, True)
    assert ends["late"] == ("NE", 0, False, 400, True)
    assert ends["lost"] == ("NE", 0, False, 50, False)


def test_names_that_look_like_numbers_stay_names(tmp_path):
    cases = [(name, recist(name, "0 56", sizes)) for name, sizes in (("1", "T1 50 30"), ("1.0", "T1 50 50"), ("1e5", "T1 50 70"))]
    found = assess(*_with_criterion(write(tmp_path, cases))).json()["patients"]
    assert {name: one["best"] for name, one in found.items()} == {"1": "PR", "1.0": "SD", "1e5": "PD"}


ARM = {"n", "orr", "cr", "dcr", "dor", "pfs", "os"}
PATIENT = {"best", "best_confirmed", "pfs_day", "pfs_event", "dor_days", "refractory", "visits"}
VISIT = {"day", "sum_mm", "nadir_mm", "target", "non_target", "new", "overall", "rule"}


@pytest.mark.parametrize("name", criteria.names())
def test_the_document_has_every_key_and_no_number_that_is_none(name, tmp_path):
    cases = [(f"P{place}", one) for place, one in enumerate(PATIENTS) if one.criteria == name and not one.options]
    measurements, patients = write(tmp_path, cases)
    found = assess(measurements, name, patients).json()
    json.dumps(found, allow_nan=False)
    assert {"criteria", "options", "patients", "arms", "notes"} <= set(found)
    assert all(set(arm) >= ARM for arm in found["arms"].values())
    for one in found["patients"].values():
        assert set(one) >= PATIENT
        assert set(one["refractory"]) == {"class", "criterion", "why"}
        assert all(set(visit) == VISIT and visit["rule"] and "nan" not in visit["rule"] for visit in one["visits"])
        assert sum(visit["overall"] == "baseline" for visit in one["visits"]) <= 1


def test_rates_of_lymphoma_count_metabolic_responses_and_those_of_leukemia_incomplete_recovery(tmp_path):
    scores = ["5 3", "5 4", "4 4", "4 5"]
    cases = [(f"P{place}", lugano("", "0 56", "T1 40x30 40x30", pet_score=one)) for place, one in enumerate(scores)]
    measurements, _ = write(tmp_path / "lugano", cases)
    arm = assess(measurements, "lugano").json()["arms"]["all"]
    assert [arm[name]["x"] for name in ("orr", "cr", "dcr")] == [2, 1, 3]
    counts = [("2", "2"), ("2", "0.5"), ("30", "2")]
    told_ = [leukemia("", "0 28", "", blasts=f"60 {blasts}", anc=f". {anc}", platelets=". 150") for blasts, anc in counts]
    cases = [(f"P{place}", one) for place, one in enumerate(told_)]
    measurements, _ = write(tmp_path / "leukemia", cases)
    arm = assess(measurements, "leukemia").json()["arms"]["all"]
    assert [arm[name]["x"] for name in ("orr", "cr")] == [2, 1]


def _found(measurements, patients):
    return assess(measurements, "recist1.1", patients).json()["patients"]


def _with_criterion(files):
    return files[0], "recist1.1", files[1]


def _on_the_calendar(day):
    return (date(2024, 2, 1) + timedelta(days=int(float(day)))).isoformat()
