"""A definition as a list of cases: what each patient is called, and why in words.

In the patient: refractory, resistant or relapsed are words that a definition gives by the dates of a line of therapy and its best
response. Represented: cases in order; the first that holds decides. Sentences quote the numbers of the patient when somebody reads them.

Left out: which dates count, which is `line_of_therapy`, and the definitions themselves (`refractory`, `resistance`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remission.response.arrays import Codes, Flags, Floats
from remission.response.judged import Response
from remission.response.line_of_therapy import Line

WORDS = {
    Response.CRI: "CRi",
    Response.CRH: "CRh",
    Response.NON_CR_NON_PD: "non-CR/non-PD",
    Response.NO_RESPONSE: "no response",
    Response.UNCONFIRMED_PD: "unconfirmed progression",
}


@dataclass(frozen=True)
class Case:
    """One case of a definition: the word it gives, why (with {names} of numbers), and in whom it holds [M]."""

    word: str
    why: str
    holds: Flags


@dataclass(frozen=True)
class Classes:
    """What a definition calls every patient, arrays [M], and why in words.

    case: position in `words` and `sentences`; remarks: sentences added where their flag is set.
    """

    criterion: str
    case: NDArray[np.int8]
    words: Sequence[str]
    sentences: Sequence[str]
    best: Codes
    numbers: Mapping[str, Floats | float]
    remarks: Mapping[str, Flags]

    @cached_property
    def word(self) -> NDArray[Any]:
        """The class of every patient [M]."""
        return np.array(self.words, dtype=object)[self.case]

    @cached_property
    def why(self) -> list[str]:
        """The reason for every patient [M]."""
        return [self.sentence(patient) for patient in range(self.case.size)]

    def sentence(self, patient: int) -> str:
        """The reason for one patient, with days and numbers."""
        parts = [self.sentences[int(self.case[patient])], *(text for text, flags in self.remarks.items() if flags[patient])]
        return "; ".join(parts).format_map(_Quoted(self, patient))


class _Quoted(dict[str, Any]):
    """The numbers of one patient by name, looked up when a sentence quotes them."""

    def __init__(self, classes: Classes, patient: int):
        super().__init__()
        self.classes, self.patient = classes, patient

    def __missing__(self, name: str) -> float | str:
        if name == "best":
            code = Response(int(self.classes.best[self.patient]))
            return WORDS.get(code, code.name)
        value = self.classes.numbers[name]
        return float(value[self.patient] if isinstance(value, np.ndarray) else value)


def decided(criterion: str, line: Line, cases: Sequence[Case], limits: Mapping[str, float], remarks: Mapping[str, Flags]) -> Classes:
    """Every patient under the first case that holds; the last case is for all others."""
    case = np.select([one.holds for one in cases[:-1]], range(len(cases) - 1), default=len(cases) - 1).astype(np.int8)
    words, sentences = [one.word for one in cases], [one.why for one in cases]
    return Classes(criterion, case, words, sentences, line.best, {**line.numbers(), **limits}, remarks)
