"""The decisions of iRECIST in words: which rule decided a visit.

Represented: one number per visit, a kind of decision and what it rests on. Calm visits speak as in RECIST 1.1 (`recist_words`). What
speaks for progression, or for further progression, may come together in many ways: one digit for each part of the disease, so sentences
are made when they are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from math import prod
from typing import overload

from remission.response.recist_words import PLAIN

SINCE = "iUPD of day {iupd:g}"
EVIDENCE = (
    (
        "",
        "R4: the sum, {sum:.1f} mm, is {rise:.1f} mm and at least 20 % above its lowest, {nadir:.1f} mm",
        "R7: the measured targets alone, {measured:.1f} mm, are at least 5 mm and 20 % above the lowest sum, {nadir:.1f} mm",
        "R4: a target was recorded as progressing",
        "I2a: the targets, {measured:.1f} mm, are at least 5 mm above the {reference:.1f} mm then",
        "I2a: a target was recorded as progressing again",
    ),
    ("", "R5: a non-target lesion has progressed", "I2b: a non-target lesion has grown further"),
    ("", "I1, I2c: a new lesion that was not there before"),
    (
        "",
        "I3: the sum of the old new targets, {new_measured:.1f} mm, is at least 5 mm and 20 % above its lowest",
        "I2c: the new targets, {new_measured:.1f} mm, are at least 5 mm above the {new_reference:.1f} mm then",
    ),
    ("", "I3: an old new lesion followed by eye has progressed", "I2c: a new lesion followed by eye has grown"),
    ("", "R6: disease is there again after a complete response", "R6: a lesion that had vanished is there again"),
)
"""What speaks for progression: targets, non-targets, new lesions that were not there before, new targets, new non-targets, return."""
STILL = (
    ("", "the sum, {sum:.1f} mm, is still {rise:.1f} mm above its lowest, {nadir:.1f} mm, but not 5 mm above the {reference:.1f} mm then"),
    ("", "the targets still show progression, but no further"),
    ("", "a non-target lesion has still progressed, but no further"),
    ("", "a new lesion is still there but not larger, and the targets have not shrunk since (I4, scenario F)"),
    ("", "disease that came back is still there"),
)
"""What keeps iUPD open without confirming it."""


class Said(IntEnum):
    """Kinds of decisions."""

    CALM = 0
    BUT_NEW = 1
    RESET = 2
    RESET_WITH_NEW = 3
    RESET_BUT_NEW = 4
    STARTS = 5
    CONFIRMED = 6
    EARLY = 7
    RENEWED = 8
    REMAINS = 9
    UNSTABLE = 10
    UNKNOWN = 11
    DISREGARDED = 12
    AFTER = 13


OPENING = {
    Said.STARTS: "",
    Said.CONFIRMED: f"{SINCE} is confirmed: ",
    Said.EARLY: f"I4: a scan under 4 weeks (less 2 days) after {SINCE} cannot confirm it: ",
    Said.RENEWED: f"I2: too late, or after a visit that was not evaluable, to confirm {SINCE}, so it must be confirmed anew: ",
    Said.REMAINS: f"I3: {SINCE} is neither confirmed nor ended: ",
    Said.UNSTABLE: f"I6: the patient was clinically worse at {SINCE} or since, which counts as progression; later scans do not undo it",
    Said.UNKNOWN: f"I3: not everything that made {SINCE} was evaluated, so it is neither confirmed nor ended",
    Said.DISREGARDED: f"I4: a scan under 4 weeks (less 2 days) after {SINCE} is disregarded",
    Said.AFTER: "I5: progression of day {iupd:g} is confirmed; a later visit does not undo it",
}
CLOSING = {
    Said.CALM: "",
    Said.BUT_NEW: "; a new lesion is still there, so iPR",
    Said.RESET: f"; {SINCE} ends unconfirmed, and a later progression would start anew (I3)",
    Said.RESET_WITH_NEW: f"; the targets have shrunk since {SINCE}, which ends although a new lesion is still there (I4, scenario B)",
    Said.RESET_BUT_NEW: f"; {SINCE} ends unconfirmed (I3); a new lesion is still there, so iPR",
}
CALM = tuple(PLAIN.values())


def places(digits: tuple[tuple[str, ...], ...]) -> int:
    """How many combinations of these parts there are."""
    return prod(len(digit) for digit in digits)


def _size(said: Said) -> int:
    if said in CLOSING:
        return len(CALM)
    return places(EVIDENCE) if said <= Said.RENEWED else places(STILL) if said == Said.REMAINS else 1


OFFSET = tuple(sum(_size(other) for other in Said if other < said) for said in Said)
"""The place of the first sentence of each kind."""


class Sentences(Sequence[str]):
    """Every sentence a decision may have, made when it is asked for."""

    def __len__(self) -> int:
        return OFFSET[-1] + 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        said = max(kind for kind in Said if OFFSET[kind] <= index)
        place = index - OFFSET[said]
        if said in CLOSING:
            return CALM[place] + CLOSING[said]
        return OPENING[said] + _together(place, STILL if said == Said.REMAINS else EVIDENCE if said < Said.REMAINS else ())


def _together(place: int, digits: tuple[tuple[str, ...], ...]) -> str:
    """The parts of one combination; the first digit counts least."""
    parts = []
    for digit in digits:
        parts.append(digit[place % len(digit)])
        place //= len(digit)
    return "; ".join(part for part in parts if part)


SENTENCES = Sentences()
