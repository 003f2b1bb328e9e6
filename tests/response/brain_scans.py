"""One patient's scans of the brain in words, for tests of the criteria of the RANO group."""

import numpy as np

from remission.response import criteria
from remission.response.scans import FINDINGS, Kind, Patients, Scans, Status

WORDS = {
    "ne": Status.NOT_EVALUABLE,
    "absent": Status.ABSENT,
    "small": Status.TOO_SMALL,
    "present": Status.PRESENT,
    "growing": Status.PROGRESSION,
}


def target(*seen):
    return Kind.TARGET, seen


def other(*seen):
    return Kind.NON_TARGET, seen


def new(*seen):
    return Kind.NEW, seen


def scans(days, *lesions, steroid=0, clinical=0, flair=0, **known):
    """One patient: days of the visits, lesions, then findings (one value, or one per visit; None where they were not given).

    What was seen of a lesion at a visit is a word, a pair of diameters, or one diameter without that across it.
    """
    shape = (1, len(days), len(lesions))
    status = np.zeros(shape, dtype=np.int8)
    diameter, across = np.full(shape, np.nan), np.full(shape, np.nan)
    for place, (_, seen) in enumerate(lesions):
        assert len(seen) == len(days)
        for visit, one in enumerate(seen):
            here = (0, visit, place)
            status[here] = WORDS[one] if isinstance(one, str) else Status.MEASURED
            if isinstance(one, tuple):
                diameter[here], across[here] = one
            elif not isinstance(one, str):
                diameter[here] = one
    given = {"steroid": steroid, "clinical": clinical, "flair": flair}
    findings = {name: _by_visit(value, len(days)) for name, value in given.items() if name in FINDINGS and value is not None}
    kind = np.array([[kind for kind, _ in lesions]], dtype=np.int8).reshape(1, len(lesions))
    day = np.array([days], dtype=np.float64)
    return Scans(Patients.numbered(1, **known), day, kind, status, diameter, across, findings=findings)


def areas(*sums):
    """A target of 20 mm across with these products of diameters; 0 is absent."""
    return target(*("absent" if area == 0 else (area / 20, 20.0) for area in sums))


def _by_visit(value, visits):
    values = value if isinstance(value, list | tuple) else [value] * visits
    return np.array([[np.nan if one is None else one for one in values]], dtype=np.float64)


def words(criterion, patient, **options):
    """Overall responses of the visits, as they are written."""
    one = criteria.get(criterion)
    judged, _ = one.judge(patient, options)
    return list(one.written(judged)[0])


def last_word(criterion, patient, **options):
    return words(criterion, patient, **options)[-1]


def sentence(criterion, patient, visit=-1, **options):
    judged, _ = criteria.get(criterion).judge(patient, options)
    return judged.sentence(0, visit % patient.day.shape[1])


def best(criterion, patient, **options):
    return criteria.get(criterion).judge(patient, options)[1]
