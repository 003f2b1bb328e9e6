"""Properties of every criterion under random patients and random options.

A crowd is drawn with everything a clinic sends: missing scans, lesions too small, gone and back, new ones, findings here and there,
deaths, other therapies. It is a valid spreadsheet, so that the same crowd goes through arrays and through a table of rows.
"""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remission.assessing import assess
from remission.response import criteria, refractory, scan_endpoints
from remission.response.judged import Best, Judged, Response
from remission.response.progression import progression_free
from remission.response.scans import Kind, Patients, Scans, Status

SEEDS = st.integers(0, 2**32 - 1)
PEOPLE, VISITS, LESIONS = 24, 7, 7
BETTER, WORSE = 0, 2
"""Moods of patients, beside those who go on as they are."""
NAMES = criteria.names()
FEW = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
FINDINGS = {
    "steroid": (0, 0.5, 2, 4),
    "clinical": (-1, 0, 0, 0, 0, 0, 1),
    "flair": (-1, 0, 0, 0, 0, 0, 1),
    "pet_score": (1, 2, 3, 4, 4, 5),
    "spleen_cm": (11.5, 13, 15, 16, 17.5),
    "blasts": (0, 2, 4.9, 5, 30, 60),
    "anc": (2.5, 1.0, 0.9, 0.5, 0.3),
    "platelets": (200, 100, 50, 90, 20),
    "mrd": (0, 5e-5, 1e-4, 1e-3, 1e-2),
}


def crowd(seed, people=PEOPLE, coarse=False):
    """Random patients; `coarse` ones have lesions of at least 100 mm in steps of 10 mm, none too small, so that rules in mm never bind."""
    random = np.random.default_rng(seed)
    day = np.cumsum(random.integers(14, 71, (people, VISITS)), axis=1).astype(float)
    day -= day[np.arange(people), random.integers(0, 2, people)][:, None] + random.integers(-5, 6, people)[:, None]
    held = np.arange(VISITS) < (random.integers(1, VISITS + 1, people) * (random.random(people) > 0.04))[:, None]
    day[~held] = np.nan
    early = (held & (day <= 0)).sum(axis=1)
    baseline = np.maximum(early, 1) - 1
    mood = random.choice(3, people)
    kind = random.choice([-1, -1, 0, 0, 1, 2, 3, 4], (people, LESIONS)).astype(np.int8)
    kind[:, 0] = np.where(random.random(people) < 0.8, random.integers(0, 2, people), kind[:, 0])
    kind = np.where(((mood == BETTER) & (random.random(people) < 0.4))[:, None], np.int8(-1), kind)
    kind = np.where((mood == BETTER)[:, None] & (kind == Kind.NEW), np.int8(-1), kind)
    status, diameter, perpendicular = _lesions(random, kind, held, baseline, mood, coarse)
    last = np.where(held, day, 0.0).max(axis=1)
    known = Patients(
        np.array([f"P{place}" for place in range(people)], dtype=object),
        random.choice(np.array(["A", "B"], dtype=object), people),
        treatment_start=np.where(random.random(people) < 0.5, 0.0, np.nan),
        cycles=_maybe(random, random.integers(1, 9, people)),
        radiation_end=_maybe(random, random.integers(-120, 1, people)),
        new_therapy=_maybe(random, np.maximum(random.integers(1, 300, people), 1), 0.2),
        death=np.nan,
    )
    death = _maybe(random, np.maximum(last, np.nan_to_num(known.new_therapy)) + random.integers(1, 200, people), 0.4)
    findings = {name: np.where(held, _seen(random, values, held.shape, mood), np.nan) for name, values in FINDINGS.items()}
    return Scans(replace(known, death=death), day, kind, status, diameter, perpendicular, findings=findings)


def _seen(random, values, shape, mood):
    """Findings at random; patients who get better have the values of the first half after a while."""
    later = np.broadcast_to(np.arange(shape[1]) > 1, shape) & (mood == BETTER)[:, None]
    better, any_ = (random.choice(np.array(some, dtype=float), shape) for some in (values[: len(values) // 2 + 1], values))
    found = np.where(later, better, any_)
    return np.where(random.random(shape) < 0.85, found, np.nan)


def _maybe(random, values, share=0.5):
    return np.where(random.random(values.shape) < share, values.astype(float), np.nan)


def _lesions(random, kind, held, baseline, mood, coarse):
    """What is seen of the lesions: a walk of sizes, with gaps; targets have a size at the baseline, new lesions nothing up to it."""
    shape = (*held.shape, kind.shape[1])
    better = (mood == BETTER)[:, None, None]
    steps = np.where(better, random.choice([-0.9, -0.5, -0.2, 0], shape), random.choice([-0.4, -0.2, 0, 0, 0.1, 0.2, 0.35], shape))
    walk = np.exp(np.cumsum(steps, axis=1)) * random.uniform(11, 70, (shape[0], 1, shape[2]))
    size = np.clip(np.round(walk * 10 / 10) * 10 + 90, 100, 900) if coarse else np.clip(np.round(walk, 1), 1, 400)
    across = np.round(size * random.choice([1, 1, 0.8, 0.5], size.shape), 1) if not coarse else size
    drawn = random.random(shape)
    going = better & (random.random(shape) < np.minimum(0.25 * np.arange(shape[1]), 0.85)[:, None])
    drawn = np.where(going, 0.15, np.where((mood == WORSE)[:, None, None], drawn, np.where(drawn < 0.1, drawn, 0.4 + 0.6 * drawn)))
    target = (kind == Kind.TARGET) | (kind == Kind.TARGET_NODE)
    measured = np.select([drawn < 0.07, drawn < 0.22, (drawn < 0.3) & (not coarse)], [0, 1, 2], 3)
    by_eye = np.select([drawn < 0.07, drawn < 0.3, drawn < 0.36], [0, 1, 5], 4)
    status = np.where(target[:, None, :], measured, by_eye).astype(np.int8)
    first = (np.arange(shape[1]) == baseline[:, None])[:, :, None]
    up_to = (np.arange(shape[1]) <= baseline[:, None])[:, :, None]
    status = np.where(first & target[:, None, :], np.int8(Status.MEASURED), status)
    status = np.where(first & ~target[:, None, :] & (status <= Status.ABSENT), np.int8(Status.PRESENT), status)
    new = (kind == Kind.NEW)[:, None, :]
    status = np.where(up_to & new, np.int8(Status.NOT_EVALUABLE), status)
    rare = new & (random.random((shape[0], 1, shape[2])) < 0.7) & (np.arange(shape[1]) < 4)[None, :, None]
    status = np.where(rare, np.int8(Status.NOT_EVALUABLE), status)
    status = np.where(held[:, :, None] & (kind >= 0)[:, None, :], status, np.int8(Status.NOT_EVALUABLE))
    sized = (status == Status.MEASURED) | ((status >= Status.PRESENT) & (drawn > 0.5))
    return status, np.where(sized, size, np.nan), np.where(sized, across, np.nan)


def options_of(criterion, seed):
    """Some of its options, chosen at random."""
    random = np.random.default_rng(seed)
    chosen = {}
    for name, choice in criterion.choices.items():
        if choice.choices != "number" and random.random() < 0.5:
            words = choice.choices.split("|")
            word = str(words[random.integers(len(words))])
            chosen[name] = word == "true" if words == ["true", "false"] else word
    return chosen


def table_of(scans):
    """The crowd as measurements and patients."""
    rows = []
    people = scans.patients
    for place, visit in np.argwhere(scans.held).tolist():
        here = {"patient": people.patient[place], "day": scans.day[place, visit]}
        found = {name: _none(values[place, visit]) for name, values in scans.findings.items()}
        rows.append({**here, **found})
        for lesion in np.flatnonzero(scans.kind[place] >= 0).tolist():
            kind, status = Kind(int(scans.kind[place, lesion])), Status(int(scans.status[place, visit, lesion]))
            if kind is Kind.NEW and status is Status.NOT_EVALUABLE:
                continue
            size, across = scans.diameter[place, visit, lesion], scans.perpendicular[place, visit, lesion]
            seen = {"lesion": f"L{lesion}", "kind": kind.text, "status": status.text, "new": int(kind is Kind.NEW)}
            rows.append({**here, **seen, "diameter_mm": _none(size), "perpendicular_mm": _none(across)})
    words = {"patient": pl.String, "day": pl.Float64, "lesion": pl.String, "kind": pl.String, "status": pl.String, "new": pl.Int64}
    sizes = dict.fromkeys(("diameter_mm", "perpendicular_mm", *scans.findings), pl.Float64)
    dates = ("treatment_start", "radiation_end", "cycles", "new_therapy", "death")
    known = {name: [_none(value) for value in getattr(people, name)] for name in dates}
    told = {"patient": people.patient.tolist(), "arm": people.arm.tolist(), **known}
    kinds = {"patient": pl.String, "arm": pl.String, **dict.fromkeys(dates, pl.Float64)}
    return pl.DataFrame(rows, schema=words | sizes), pl.DataFrame(told, schema=kinds)


def _none(value):
    return None if np.isnan(value) else float(value)


def _same(first, second, kind):
    for one in fields(kind):
        a, b = getattr(first, one.name), getattr(second, one.name)
        if isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b, err_msg=one.name)


ANSWERS = {
    "recist1.1": {"CR", "PR", "SD", "PD", "NE", "non-CR/non-PD"},
    "irecist": {"iCR", "iPR", "iSD", "iUPD", "iCPD", "NE", "non-iCR/non-iUPD"},
    "rano2010": {"CR", "PR", "SD", "PD", "NE"},
    "rano2": {"CR", "PR", "SD", "PD", "NE"},
    "rano-bm": {"CR", "PR", "SD", "PD", "NE", "non-CR/non-PD"},
    "lugano": {"CR", "PR", "SD", "PD", "CMR", "PMR", "NMR", "PMD", "NE"},
    "leukemia": {"CR", "CRi", "no response", "relapse", "NE"},
}


@pytest.mark.parametrize("name", NAMES)
def test_the_crowds_have_patients_of_every_kind(name):
    criterion, scans = criteria.get(name), crowd(5, people=1500)
    judged, _ = criterion.judge(scans)
    assert ANSWERS[name] <= set(criterion.written(judged)[scans.later])


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(seed=SEEDS)
def test_a_patient_alone_is_judged_as_in_a_crowd(name, seed):
    criterion, scans = criteria.get(name), crowd(seed)
    options = options_of(criterion, seed)
    judged, best = criterion.judge(scans, options)
    in_parts, parts_best = criterion.judge(scans, options, piece=5)
    _same(judged, in_parts, Judged)
    _same(best, parts_best, Best)
    for patient in range(0, PEOPLE, 4):
        alone, own = criterion.judge(scans.some(slice(patient, patient + 1)), options)
        for one in fields(Best):
            np.testing.assert_array_equal(getattr(own, one.name)[0], getattr(best, one.name)[patient], err_msg=one.name)
        for label in ("sum", "nadir", "target", "non_target", "new", "overall", "rule"):
            np.testing.assert_array_equal(getattr(alone, label)[0], getattr(judged, label)[patient], err_msg=label)
        for visit in range(VISITS):
            assert alone.sentence(0, visit) == judged.sentence(patient, visit)


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(seed=SEEDS)
def test_empty_places_for_visits_and_lesions_change_nothing(name, seed):
    criterion, scans = criteria.get(name), crowd(seed)
    options = options_of(criterion, seed)
    judged, best = criterion.judge(scans, options)
    wide, wide_best = criterion.judge(_padded(scans), options)
    np.testing.assert_array_equal(wide.overall[:, :VISITS], judged.overall)
    np.testing.assert_array_equal(wide.rule[:, :VISITS], judged.rule)
    np.testing.assert_array_equal(wide.sum[:, :VISITS], judged.sum)
    assert (wide.overall[:, VISITS:] == Response.NONE).all()
    _same(wide_best, best, Best)


def _padded(scans):
    def longer(values, fill, axis=1):
        shape = [(0, 0)] * values.ndim
        shape[axis] = (0, 2)
        return np.pad(values, shape, constant_values=fill)

    def both(values, fill):
        return longer(longer(values, fill), fill, axis=2)

    return Scans(
        scans.patients,
        longer(scans.day, np.nan),
        longer(scans.kind, -1),
        both(scans.status, 0),
        both(scans.diameter, np.nan),
        both(scans.perpendicular, np.nan),
        findings={name: longer(values, np.nan) for name, values in scans.findings.items()},
    )


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(seed=SEEDS)
def test_a_later_visit_changes_nothing_that_was_said_before(name, seed):
    criterion, scans = criteria.get(name), crowd(seed)
    options = options_of(criterion, seed)
    judged, _ = criterion.judge(scans, options)
    enough = int(scans.baseline.max()) + 1
    for visits in range(enough, VISITS):
        before, _ = criterion.judge(_first(scans, visits), options)
        for label in ("overall", "target", "non_target", "new", "nadir", "sum"):
            np.testing.assert_array_equal(getattr(before, label), getattr(judged, label)[:, :visits], err_msg=label)
        for patient, visit in np.argwhere(scans.held[::5, :visits]).tolist():
            assert before.sentence(5 * patient, visit) == judged.sentence(5 * patient, visit)


def _first(scans, visits):
    return Scans(
        scans.patients,
        scans.day[:, :visits],
        scans.kind,
        scans.status[:, :visits],
        scans.diameter[:, :visits],
        scans.perpendicular[:, :visits],
        findings={name: values[:, :visits] for name, values in scans.findings.items()},
    )


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(seed=SEEDS)
def test_progression_is_never_undone(name, seed):
    """In iRECIST that is confirmed progression; unconfirmed progression may pass."""
    criterion, scans = criteria.get(name), crowd(seed)
    judged, best = criterion.judge(scans, options_of(criterion, seed))
    progressed = judged.overall == Response.PD
    after = np.logical_or.accumulate(progressed, axis=1) & scans.held
    assert (judged.overall[after] == Response.PD).all()
    first = np.where(progressed.any(axis=1), scans.day[np.arange(PEOPLE), progressed.argmax(axis=1)], np.nan)
    dated = np.isfinite(first)
    assert np.isfinite(best.progression_day[dated]).all()
    assert (best.progression_day[dated] <= first[dated]).all()
    assert not (progressed & ~scans.later).any()


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(seed=SEEDS, factor=st.sampled_from([1.1, 1.5, 2.0, 3.7, 10.0]))
def test_larger_lesions_all_alike_are_judged_the_same(name, seed, factor):
    criterion, scans = criteria.get(name), crowd(seed, coarse=True)
    options = options_of(criterion, seed)
    judged, best = criterion.judge(scans, options)
    larger = replace(scans, diameter=scans.diameter * factor, perpendicular=scans.perpendicular * factor)
    other, other_best = criterion.judge(larger, options)
    np.testing.assert_array_equal(other.overall, judged.overall)
    np.testing.assert_array_equal(other_best.best, best.best)
    np.testing.assert_array_equal(other_best.progression_day, best.progression_day)
    np.testing.assert_allclose(other_best.best_change, best.best_change, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(seed=SEEDS)
def test_the_order_of_lesions_is_irrelevant(name, seed):
    criterion, scans = criteria.get(name), crowd(seed)
    options = options_of(criterion, seed)
    order = np.random.default_rng(seed).permutation(LESIONS)
    turned = replace(
        scans,
        kind=scans.kind[:, order],
        status=scans.status[:, :, order],
        diameter=scans.diameter[:, :, order],
        perpendicular=scans.perpendicular[:, :, order],
    )
    judged, best = criterion.judge(scans, options)
    other, other_best = criterion.judge(turned, options)
    np.testing.assert_array_equal(other.overall, judged.overall)
    np.testing.assert_allclose(other.sum, judged.sum)
    np.testing.assert_array_equal(other_best.best_confirmed, best.best_confirmed)


@pytest.mark.parametrize("name", NAMES)
@settings(FEW, max_examples=4)
@given(seed=SEEDS)
def test_rows_in_any_order_and_patients_alone_say_the_same(name, seed):
    scans = crowd(seed, people=10)
    measurements, people = table_of(scans)
    whole = assess(measurements, name, people).json()
    mixed = measurements.sample(fraction=1.0, shuffle=True, seed=seed % 1000)
    other = assess(mixed, name, people.sample(fraction=1.0, shuffle=True, seed=seed % 1000)).json()
    assert other["patients"] == whole["patients"]
    assert {arm: found["n"] for arm, found in other["arms"].items()} == {arm: found["n"] for arm, found in whole["arms"].items()}
    assert other["arms"] == whole["arms"]
    chosen = scans.patients.patient[np.flatnonzero(scans.held.any(axis=1))[0]]
    own = measurements.filter(pl.col("patient") == chosen), people.filter(pl.col("patient") == chosen)
    assert assess(own[0], name, own[1]).json()["patients"][chosen] == whole["patients"][chosen]


@pytest.mark.parametrize("name", NAMES)
@settings(FEW, max_examples=4)
@given(seed=SEEDS)
def test_a_spreadsheet_is_judged_as_the_arrays_it_was_made_of(name, seed):
    scans = crowd(seed, people=10)
    measurements, people = table_of(scans)
    answers = assess(measurements, name, people).json()["patients"]
    criterion = criteria.get(name)
    judged, best = criterion.judge(scans)
    words, bests = criterion.written(judged), criterion.written_best(judged, best.best)
    for place, patient in enumerate(scans.patients.patient):
        found = answers[patient]
        assert [visit["overall"] for visit in found["visits"]] == words[place][scans.held[place]].tolist()
        assert found["best"] == bests[place]


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(seed=SEEDS)
def test_times_to_events_fit_each_other(name, seed):
    criterion, scans = criteria.get(name), crowd(seed)
    judged, best = criterion.judge(scans)
    fda = scan_endpoints.endpoints_of(scans, judged, best, {"censoring": "fda"}, name)
    ema = scan_endpoints.endpoints_of(scans, judged, best, {"censoring": "ema"}, name)
    assert (fda["pfs"].days <= ema["pfs"].days).all()
    assert (ema["pfs"].event | ~fda["pfs"].event).all()
    both = fda["pfs"].event
    np.testing.assert_array_equal(fda["pfs"].days[both], ema["pfs"].days[both])
    for rows in (fda, ema):
        assert (rows["pfs"].days <= rows["os"].days).all()
        assert (rows["pfs"].event | ~rows["ttp"].event).all()
        np.testing.assert_array_equal(rows["dor"].index, np.flatnonzero(np.isfinite(best.response_day)))
        assert all((one.days >= 0).all() for one in rows.values())
        died = rows["os"].event
        np.testing.assert_array_equal(rows["os"].days[died], scans.patients.death[died])


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(seed=SEEDS)
def test_every_patient_has_a_best_response_a_class_and_a_reason(name, seed):
    criterion, scans = criteria.get(name), crowd(seed)
    options = criterion.options(options_of(criterion, seed))
    judged, best = criterion.judge(scans, options)
    assert set(criterion.written_best(judged, best.best)) <= {*criterion.labels.values(), *criterion.metabolic_labels.values()}
    classes = refractory.classify(refractory.definition(criterion.refractory, options), scans, judged, best, options)
    for patient in range(PEOPLE):
        assert "nan" not in classes.why[patient]
        for visit in np.flatnonzero(scans.held[patient]).tolist():
            said = judged.sentence(patient, visit)
            assert said
            assert "nan" not in said


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_censoring_by_the_fda_rules_is_as_a_reader_would_do_it(data):
    """Visits planned every 8 weeks, read one patient at a time: new therapy first, then missed visits, then the event."""
    visits = sorted(data.draw(st.sets(st.integers(1, 8).map(lambda number: 56 * number), max_size=6)))
    day = st.one_of(st.none(), st.integers(1, 600))
    progression = data.draw(st.sampled_from([None, *visits])) if visits else None
    death, therapy = data.draw(day), data.draw(day)
    death = None if death is None or (visits and death < visits[-1]) else death
    found = progression_free(
        [visits or [np.nan]], _nan(progression), _nan(death), new_therapy_day=_nan(therapy), rule="fda", visit_interval=56
    )
    assert (found.days[0], bool(found.event[0])) == _fda(visits, progression, death, therapy)


def _nan(day):
    return np.nan if day is None else float(day)


def _fda(visits, progression, death, therapy):
    happened = [one for one in (progression, death) if one is not None]
    if not happened:
        seen = [one for one in visits if therapy is None or one <= therapy]
        return (max(seen, default=0), False)
    event = min(happened)
    seen = [one for one in visits if one < event]
    if therapy is not None and therapy < event:
        return (max((one for one in seen if one <= therapy), default=0), False)
    last = max(seen, default=0)
    second_window_closes = last + 2 * 56 + 7
    return (last, False) if event > second_window_closes else (event, True)


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(seed=SEEDS)
def test_the_best_response_is_one_that_a_visit_had(name, seed):
    criterion, scans = criteria.get(name), crowd(seed)
    scans = replace(scans, kind=np.where(np.arange(PEOPLE)[:, None] % 6 == 0, np.int8(-1), scans.kind))
    judged, best = criterion.judge(scans)
    words = criterion.written(judged)
    for patient, reached in enumerate(criterion.written_best(judged, best.best)):
        assert reached in {"NE", *words[patient][scans.later[patient]]}


@pytest.mark.parametrize("name", NAMES)
def test_judging_changes_nothing_of_what_it_is_given(name):
    criterion, scans = criteria.get(name), crowd(11)
    for value in (*(getattr(scans, one.name) for one in fields(Scans)), *scans.findings.values()):
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
    judged, best = criterion.judge(scans)
    scan_endpoints.endpoints_of(scans, judged, best, {}, name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(0, 3, 2), (4, 3, 0), (1, 1, 1), (0, 1, 0)])
def test_crowds_without_patients_later_visits_or_lesions_are_judged(name, shape):
    """Everyone is not evaluable; a single visit is the baseline."""
    people, visits, lesions = shape
    days = np.broadcast_to(28.0 * np.arange(visits), (people, visits))
    places = np.zeros(shape)
    scans = Scans(Patients.numbered(people), days, np.zeros((people, lesions), np.int8), places.astype(np.int8), places + 20, places + 20)
    judged, best = criteria.get(name).judge(scans)
    times = scan_endpoints.endpoints_of(scans, judged, best, {}, name)
    assert judged.overall.shape == (people, visits)
    if visits < 2 or not (lesions == 0 and name.startswith("rano")):  # without measurable disease a brain tumor is stable at best
        assert (best.best == Response.NE).all()
    assert not times["pfs"].event.any()
    assert times["dor"].index.size == 0
    definition = refractory.definition(criteria.get(name).refractory, {})
    classes = refractory.classify(definition, scans, judged, best)
    assert classes.word.shape == (people,)
