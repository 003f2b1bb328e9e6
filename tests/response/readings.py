"""One patient's scans in words, for tests of response criteria."""

import numpy as np

from remission.response.scans import Kind, Patients, Scans, Status

WORDS = {
    "ne": Status.NOT_EVALUABLE,
    "absent": Status.ABSENT,
    "small": Status.TOO_SMALL,
    "present": Status.PRESENT,
    "growing": Status.PROGRESSION,
}


def scans(days, *lesions, **known):
    """Scans of one patient: `days` of the visits, then for each lesion its kind and what was seen of it at each visit.

    A number is a size in mm, a word one of `WORDS`, a pair both. `known` are days of `Patients`.
    """
    kinds = np.array([[kind for kind, _ in lesions]], dtype=np.int8).reshape(1, len(lesions))
    status = np.zeros((1, len(days), len(lesions)), dtype=np.int8)
    diameter = np.full(status.shape, np.nan)
    for lesion, (_, seen) in enumerate(lesions):
        assert len(seen) == len(days)
        for visit, one in enumerate(seen):
            word, size = one if isinstance(one, tuple) else (one, np.nan) if isinstance(one, str) else (None, float(one))
            status[0, visit, lesion] = Status.MEASURED if word is None else WORDS[word]
            diameter[0, visit, lesion] = size
    return Scans(Patients.numbered(1, **known), np.array([days], dtype=np.float64), kinds, status, diameter)


def target(*seen):
    return Kind.TARGET, seen


def node(*seen):
    return Kind.TARGET_NODE, seen


def other(*seen):
    return Kind.NON_TARGET, seen


def other_node(*seen):
    return Kind.NON_TARGET_NODE, seen


def new(*seen):
    return Kind.NEW, seen
