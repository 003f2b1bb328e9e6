"""What iRECIST sees at a visit, what it remembers of a patient, and what it makes of both.

Represented: values of arrays over patients [M]; `irecist_course` goes from one visit to the next with them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from remission.response.arrays import Codes, Flags, Floats

Numbers = NDArray[np.int16]


class Limits(NamedTuple):
    """Thresholds: further rise in mm, relative growth of new targets, and the days after iUPD from and to which a scan confirms."""

    rise: float
    growth: float
    earliest: float
    latest: float


@dataclass(frozen=True)
class Visit:
    """What is seen at one visit, arrays [M]; of lesions followed by eye [M, K]. Made for all visits, [V, M], and then cut.

    target, non_target, calm: responses without history, `calm` without new lesions too; sum, measured, recorded: of the targets; ill:
    lesions of the baseline are seen; again: one that had vanished is back; worse: the patient is; there to new_worse: of the new lesions
    (`NewLesions`). eye: sizes; eye_worse: recorded as progressing; eye_other, eye_new: which are non-targets, or new non-targets; new:
    new lesions that are seen.
    """

    day: Floats
    later: Flags
    target: Codes
    non_target: Codes
    calm: Codes
    sum: Floats
    measured: Floats
    recorded: Flags
    ill: Flags
    again: Flags
    worse: Flags
    there: Flags
    missed: Flags
    joined: Flags
    new_sum: Floats
    new_measured: Floats
    new_worse: Flags
    eye: Floats
    eye_worse: Flags
    eye_seen: Flags
    eye_other: Flags
    eye_new: Flags
    new: Flags

    def at(self, visit: int) -> Visit:
        """One of the visits, out of all of them."""
        return Visit(*(getattr(self, one.name)[visit] for one in fields(self)))


@dataclass(frozen=True)
class Course:
    """What is remembered of each patient, arrays [M].

    open: iUPD waits; in_targets, in_others, in_new, back: it shows in targets, non-targets, new lesions, disease that returned. iupd: the
    day it was first seen; window: the day from which the time to confirmation counts; latest: the last visit that showed it; gap: a visit
    since was not evaluable; counted [M, K]: new lesions that are not additional; unstable: the patient was worse at iUPD. reference,
    new_reference, eye_reference [M, K]: what further growth is compared with. lowest_new: the lowest sum of new targets. done:
    progression is confirmed. run, blanks, lasts: when the present run of responses began, the last visits in a row that were not
    evaluable, and whether a partial response lasts (R10); complete_run, cured, clear: when the run of complete ones began, whether any
    disease is progression now (R6), and new lesions as well.
    """

    open: Flags
    in_targets: Flags
    in_others: Flags
    in_new: Flags
    back: Flags
    iupd: Floats
    window: Floats
    latest: Floats
    gap: Flags
    counted: Flags
    unstable: Flags
    reference: Floats
    new_reference: Floats
    eye_reference: Floats
    lowest_new: Floats
    done: Flags
    run: Floats
    blanks: Floats
    lasts: Flags
    complete_run: Floats
    cured: Flags
    clear: Flags

    @classmethod
    def beginning(cls, patients: int, eyes: int) -> Course:
        """Nothing to remember yet."""
        no, unknown = np.zeros(patients, dtype=bool), np.full(patients, np.nan)
        values = {one.name: no if one.type == "Flags" else unknown for one in fields(cls)}
        values["blanks"] = np.zeros(patients)
        wide = {"eye_reference": np.full((patients, eyes), np.nan), "counted": np.zeros((patients, eyes), dtype=bool)}
        return cls(**{**values, **wide})


class Verdict(NamedTuple):
    """What a visit is called, arrays [M]; `lasts`: a partial response only because an earlier one was; said and words: `irecist_words`."""

    code: Codes
    lasts: Flags
    said: Codes
    words: Numbers


class Grounds(NamedTuple):
    """What speaks for progression at a visit, arrays [M]: anything; a new lesion; others for words, in the order of `EVIDENCE`."""

    any: Flags
    fresh: Flags
    new: Flags
    back: Flags
    words: Numbers


class Outcome(NamedTuple):
    """What becomes of progression at a visit, arrays [M]; at most one of the first six holds, `early` and `renews` within `remains`."""

    starts: Flags
    confirms: Flags
    remains: Flags
    bound: Flags
    ends: Flags
    open_gap: Flags
    dropped: Flags
    early: Flags
    renews: Flags
