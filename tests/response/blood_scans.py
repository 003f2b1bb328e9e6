"""Scans of patients with lymphoma or leukemia in words: lesions with two axes, findings of the visits."""

import numpy as np

from remission.response.scans import Kind, Patients, Scans, Status

NODE, MASS, EYE, EYE_NODE, NEW = Kind.TARGET_NODE, Kind.TARGET, Kind.NON_TARGET, Kind.NON_TARGET_NODE, Kind.NEW
GONE, SMALL, THERE, GROWING, UNSEEN = Status.ABSENT, Status.TOO_SMALL, Status.PRESENT, Status.PROGRESSION, Status.NOT_EVALUABLE


def scans(days, *lesions, patients=None, **findings):
    """One patient; a lesion is its kind and what was seen of it at each visit: a pair of axes (mm), one axis, or a `Status`."""
    places = (1, len(days), max(len(lesions), 1))
    status, long, short = np.zeros(places, np.int8), np.full(places, np.nan), np.full(places, np.nan)
    kinds = np.full((1, places[2]), -1, dtype=np.int8)
    for lesion, (kind, seen) in enumerate(lesions):
        assert len(seen) == len(days)
        kinds[0, lesion] = kind
        for visit, one in enumerate(seen):
            if isinstance(one, Status):
                status[0, visit, lesion] = one
                continue
            status[0, visit, lesion] = Status.MEASURED
            axes = one if isinstance(one, tuple) else (one, np.nan)
            long[0, visit, lesion], short[0, visit, lesion] = axes
    known = {name: np.array([values], dtype=np.float64) for name, values in findings.items()}
    people = Patients.numbered(1) if patients is None else patients
    return Scans(people, np.array([days], dtype=np.float64), kinds, status, long, short, findings=known)


def joined(patients):
    """Several patients with the same numbers of visits and lesions as one crowd."""
    names = patients[0].findings
    return Scans(
        Patients.numbered(len(patients)),
        *(np.concatenate([getattr(one, name) for one in patients]) for name in ("day", "kind", "status", "diameter", "perpendicular")),
        findings={name: np.concatenate([one.findings[name] for one in patients]) for name in names},
    )
