"""The criteria of the RANO group agree with a second, scalar reading of the rules on thousands of made-up patients."""

import numpy as np
import pytest

from remission.response import criteria
from remission.response.scans import Kind, Patients, Scans, Status
from tests.response import rano_reference

BEGINNINGS = {"baseline": "baseline", "NE": ("NE: ", "before the baseline"), "SD": ("SD: ", "preliminary PD: ")}
CASES = [(name, seed) for name in ("rano2010", "rano2", "rano-bm") for seed in range(8)]


def made_up(rng, patients=250, visits=7, lesions=4):
    """Patients whose lesions often sit on the thresholds, with gaps everywhere."""
    shape = (patients, visits, lesions)
    kind = rng.choice([-1, 0, 0, 0, 0, 1, 2, 4], size=(patients, lesions)).astype(np.int8)
    status = rng.choice([0, 1, 2, 3, 5], p=[0.03, 0.15, 0.08, 0.72, 0.02], size=shape).astype(np.int8)
    eye = np.isin(kind, (Kind.NON_TARGET, Kind.NEW))[:, None, :]
    seen = rng.choice([0, 1, 2, 4, 5], p=[0.05, 0.45, 0.05, 0.4, 0.05], size=shape)
    late = rng.choice([1, 1, 1, 1, 1, 1, 4], size=shape)
    status = np.where(eye, np.where((kind == Kind.NEW)[:, None, :], late, seen), np.where(status == 5, 3, status)).astype(np.int8)
    drift = rng.choice([0.7, 0.8, 1.0], size=(patients, 1, 1)) ** np.arange(visits)[:, None]
    measured = np.isin(status, (Status.MEASURED,)) | ((status == Status.TOO_SMALL) & (rng.random(shape) < 0.3))
    base = rng.choice([8.0, 10.0, 12.0, 20.0, 25.0, 32.0], size=shape) * np.where(rng.random(shape) < 0.8, drift, 1)
    diameter = np.where(measured, np.round(base, 1), np.nan)
    across = np.where(rng.random(shape) < 0.97, np.round(diameter * rng.choice([0.5, 0.8, 1.0], size=shape), 1), np.nan)
    day = np.cumsum(rng.choice([14.0, 27.0, 28.0, 56.0, 84.0], size=(patients, visits)), axis=1) - rng.choice(
        [14.0, 60.0], size=(patients, 1)
    )
    day[rng.random(patients) < 0.2, -2:] = np.nan
    gaps = rng.choice([0.0, 0.0, 0.2])
    findings = {
        "steroid": rng.choice([0.0, 0.75, 2.0, 4.0], p=[0.5, 0.2, 0.2, 0.1], size=day.shape),
        "clinical": rng.choice([-1.0, 0.0, 1.0], p=[0.2, 0.75, 0.05], size=day.shape),
        "flair": rng.choice([-1.0, 0.0, 1.0], p=[0.2, 0.72, 0.08], size=day.shape),
    }
    findings = {name: np.where(rng.random(day.shape) < gaps, np.nan, values) for name, values in findings.items() if rng.random() < 0.9}
    people = Patients.numbered(
        patients,
        radiation_end=rng.choice([np.nan, -30.0, 0.0, 56.0], size=patients),
        treatment_start=rng.choice([np.nan, 0.0, 14.0], size=patients),
    )
    return Scans(people, day, kind, status, diameter, across, findings=findings)


def some_options(rng, criterion):
    """The defaults, with about a third of the options of words changed."""
    found = {}
    for name, choice in criterion.choices.items():
        if choice.choices == "number":
            continue
        words = [True, False] if choice.choices == "true|false" else choice.choices.split("|")
        if rng.random() < 0.35:
            found[name] = words[int(rng.integers(len(words)))]
    return found


@pytest.mark.parametrize(("name", "seed"), CASES)
def test_every_visit_of_made_up_patients_reads_as_the_scalar_rules_say(name, seed):
    rng = np.random.default_rng([seed, len(name)])
    criterion = criteria.get(name)
    given = some_options(rng, criterion) if seed else {}
    scans = made_up(rng)
    options = criterion.options(given)
    judged, best = criterion.judge(scans, given)
    for patient in range(scans.day.shape[0]):
        codes, progression = rano_reference.judge(name, scans, patient, options)
        found = judged.overall[patient, : len(codes)]
        assert list(found) == list(codes), f"patient {patient}, {given}: {[judged.sentence(patient, v) for v in range(len(codes))]}"
        if not np.isnan(progression) or options.get("unconfirmed_last", "stable") == "stable":
            assert np.array_equal(best.progression_day[patient], progression, equal_nan=True), f"patient {patient}, {given}"


@pytest.mark.parametrize("name", ["rano2010", "rano2", "rano-bm"])
def test_every_sentence_can_be_read_and_begins_with_its_response(name):
    rng = np.random.default_rng(5)
    criterion = criteria.get(name)
    for given in ({}, some_options(rng, criterion), some_options(rng, criterion)):
        scans = made_up(rng, patients=120)
        judged, _ = criterion.judge(scans, given)
        words = criterion.written(judged)
        for patient, visit in np.argwhere(scans.held):
            said, word = judged.sentence(patient, visit), words[patient, visit]
            begins = {"baseline": "baseline", "NE": ("NE: ", "before the baseline"), "SD": ("SD: ", "preliminary PD: ")}.get(
                word, f"{word}: "
            )
            assert said.startswith(begins), (word, said)
            assert "nan" not in said, said
            assert "{" not in said, said


@pytest.mark.parametrize("name", ["rano2010", "rano2", "rano-bm"])
def test_the_visits_so_far_are_read_the_same_whatever_comes_later(name):
    scans = made_up(np.random.default_rng(11))
    criterion = criteria.get(name)
    whole, _ = criterion.judge(scans)
    for visits in range(1, scans.day.shape[1]):
        findings = {name: values[:, :visits] for name, values in scans.findings.items()}
        cut = (scans.day, scans.status, scans.diameter, scans.perpendicular)
        day, status, diameter, across = (values[:, :visits] for values in cut)
        part, _ = criterion.judge(Scans(scans.patients, day, scans.kind, status, diameter, across, findings=findings))
        settled = (scans.baseline < visits) & ~((day <= 0).all(axis=1) & (scans.day <= 0).sum(axis=1) > visits)
        same = (scans.baseline == part.baseline) & settled
        assert np.array_equal(whole.overall[same, :visits], part.overall[same])


@pytest.mark.parametrize("name", ["rano2010", "rano2", "rano-bm"])
def test_progression_is_never_undone_and_one_patient_reads_as_in_a_crowd(name):
    scans = made_up(np.random.default_rng(12))
    criterion = criteria.get(name)
    judged, best = criterion.judge(scans)
    progressed = judged.overall == 1
    assert (np.logical_or.accumulate(progressed, axis=1) & scans.later == progressed).all()
    for patient in range(0, 250, 17):
        alone, alone_best = criterion.judge(scans.some(np.array([patient])))
        assert np.array_equal(alone.overall[0], judged.overall[patient])
        assert alone_best.best[0] == best.best[patient]
        assert alone_best.best_confirmed[0] == best.best_confirmed[patient]


@pytest.mark.parametrize("name", ["rano2010", "rano2"])
def test_doubling_every_diameter_leaves_criteria_of_percentages_alone(name):
    scans = made_up(np.random.default_rng(13))
    status = np.where((scans.status == Status.TOO_SMALL) & np.isnan(scans.diameter), np.int8(Status.NOT_EVALUABLE), scans.status)
    across = np.where((status == Status.TOO_SMALL) & np.isnan(scans.perpendicular), scans.diameter, scans.perpendicular)
    read = [
        criteria.get(name).judge(Scans(scans.patients, scans.day, scans.kind, status, size * scans.diameter, size * across))[0].overall
        for size in (1, 2)
    ]
    assert np.array_equal(*read)
