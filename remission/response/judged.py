"""What a criterion says of scans: one response per visit with the rule that decided it, and one best response per patient.

In the patients: whether the disease at this visit has gone, shrunk, stayed or grown, measured against the baseline and the lowest burden
since; and, over all visits, the best that was reached, when it began and when the disease grew again.

Represented: codes in arrays, patients by visits. Words for people are made from codes and numbers only when they are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from remission.response.arrays import Codes, Flags, Floats
from remission.response.scans import Scans


class Response(IntEnum):
    """Codes shared by all criteria; each criterion says in its `labels` how it writes them (PR, iPR, PMR)."""

    NONE = -1
    """No visit, or nothing of the kind to judge (no non-target lesion)."""
    NE = 0
    PD = 1
    UNCONFIRMED_PD = 2
    SD = 3
    NON_CR_NON_PD = 4
    PR = 5
    CR = 6
    BASELINE = 7
    NO_RESPONSE = 8
    MLFS = 9
    CRI = 10
    CRH = 11
    EARLIER = 12
    """A visit before the baseline."""


REMISSIONS = (Response.CR, Response.CRH, Response.CRI)
RESPONSES = (*REMISSIONS, Response.PR)
MARKS = {Response.NE: "NE", Response.BASELINE: "baseline", Response.EARLIER: "NE"}
"""How every criterion writes the codes that are no response."""
LABELS = {**MARKS, Response.PD: "PD", Response.SD: "SD", Response.PR: "PR", Response.CR: "CR"}
"""How most criteria write responses of the whole visit."""
PART_LABELS = {**LABELS, Response.NON_CR_NON_PD: "non-CR/non-PD"}
"""How they write those of the targets and of the other lesions."""


@dataclass(frozen=True)
class Judged:
    """One criterion's answer per visit, arrays [M, V].

    sum: the burden in `unit` (mm; mm2 for products), NaN where it is not known; nadir: the lowest burden known before this visit, the
    baseline included. target, non_target, overall: codes of `Response`; new: a new lesion was there. rule: position in `sentences`,
    the decision in words with {names} of `numbers`. numbers: further arrays [M, V] that sentences quote (sum, nadir, baseline,
    from_baseline, fall (its opposite) and from_nadir in percent, rise are always there).
    """

    baseline: NDArray[np.int64]
    sum: Floats
    nadir: Floats
    target: Codes
    non_target: Codes
    new: Flags
    overall: Codes
    rule: NDArray[np.int16]
    sentences: Sequence[str]
    numbers: Mapping[str, Floats]
    unit: str = "mm"

    def sentence(self, patient: int, visit: int) -> str:
        """The rule that decided a visit, in words with its numbers."""
        burden, lowest = float(self.sum[patient, visit]), float(self.nadir[patient, visit])
        first = int(self.baseline[patient])
        start = float(self.sum[patient, first]) if first >= 0 else float("nan")
        quoted = {name: float(values[patient, visit]) for name, values in self.numbers.items()}
        shown = {
            "sum": burden,
            "nadir": lowest,
            "baseline": start,
            "from_baseline": _percent(burden, start),
            "fall": -_percent(burden, start),
            "from_nadir": _percent(burden, lowest),
            "rise": burden - lowest,
        }
        return self.sentences[int(self.rule[patient, visit])].format(**shown | quoted)


@dataclass(frozen=True)
class Best:
    """One criterion's answer per patient, arrays [M]; days from time zero, NaN where there is none.

    best, best_confirmed: codes of `Response`, without and with confirmation. response_day: first visit of the first response (CR or PR,
    in leukemia a remission); confirmed_response_day: first visit of the first response that was later confirmed; complete_day: first
    complete response. progression_day: the day progression is dated to. last_adequate_day: the last visit before any progression that
    could be judged. best_change: largest fall of the burden from the baseline up to progression, percent (negative is a fall).
    """

    best: Codes
    best_confirmed: Codes
    response_day: Floats
    confirmed_response_day: Floats
    complete_day: Floats
    progression_day: Floats
    last_adequate_day: Floats
    best_change: Floats


def joined_judged(pieces: Sequence[Judged]) -> Judged:
    """Judgments of pieces of patients as one."""
    first = pieces[0]
    if len(pieces) == 1:
        return first
    arrays = {
        one.name: np.concatenate([getattr(piece, one.name) for piece in pieces])
        for one in fields(Judged)
        if one.name not in ("sentences", "numbers", "unit")
    }
    numbers = {name: np.concatenate([piece.numbers[name] for piece in pieces]) for name in first.numbers}
    return Judged(**arrays, sentences=first.sentences, numbers=numbers, unit=first.unit)


def joined_best(pieces: Sequence[Best]) -> Best:
    """Best responses of pieces of patients as one."""
    return Best(**{one.name: np.concatenate([getattr(piece, one.name) for piece in pieces]) for one in fields(Best)})


def framed(scans: Scans, codes: Codes, there: Flags) -> Codes:
    """Codes with the marks of the baseline and of visits before it [M, V]; `NONE` where no visit was held or nothing is `there`."""
    there = there & scans.held
    shown = np.where(there, codes, np.int8(Response.NONE))
    np.copyto(shown, np.int8(Response.BASELINE), where=there & scans.counted & ~scans.later)
    np.copyto(shown, np.int8(Response.EARLIER), where=there & ~scans.counted)
    return shown


def lowest_before(burden: Floats, counted: Flags) -> Floats:
    """The lowest known burden before each visit [M, V] among the visits that are `counted` (`Scans.counted`); NaN where none was known."""
    known = np.where(counted & ~np.isnan(burden), burden, np.inf)
    before = np.minimum.accumulate(known, axis=1)[:, :-1]
    lowest = np.full(burden.shape, np.nan)
    lowest[:, 1:] = np.where(np.isfinite(before), before, np.nan)
    return lowest


def _percent(value: float, of: float) -> float:
    return 100 * (value - of) / of if of > 0 else float("nan")
