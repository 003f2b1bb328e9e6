"""A criterion: its name, its table of rules, its options, and the two functions that apply them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remission.errors import InputError
from remission.response.arrays import Codes, Flags
from remission.response.choices import Choice, settled
from remission.response.judged import Best, Judged, Response, joined_best, joined_judged
from remission.response.rules import Rule
from remission.response.scans import PIECE, Scans, in_pieces

Options = Mapping[str, Any]


@dataclass(frozen=True)
class Criterion:
    """How a clinic judges scans, under the name the command line knows.

    visits: scans and options to a response per visit; best: those, the judgment and options to a best response per patient. labels:
    how the codes of `Response` are written in overall responses; target_labels the same in those of targets and non-targets. needs:
    columns without which nothing can be judged; uses: others it reads. refractory: the definition of refractory disease used unless
    another is chosen (`remission.response.refractory`). metabolic_labels: how overall responses are written at visits that PET decided,
    where `judged.numbers["metabolic"]` is 1. two_axes: lesions are measured by both axes wherever a file has them; by_lesion: progression
    is that of a single lesion, not of the burden; remissions: there is no stable disease, but remission and relapse.
    """

    name: str
    title: str
    rules: Mapping[str, Rule]
    choices: Mapping[str, Choice]
    labels: Mapping[Response, str]
    visits: Callable[[Scans, Options], Judged]
    best: Callable[[Scans, Judged, Options], Best]
    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    refractory: str = "solid"
    target_labels: Mapping[Response, str] = field(default_factory=dict)
    metabolic_labels: Mapping[Response, str] = field(default_factory=dict)
    two_axes: bool = False
    by_lesion: bool = False
    remissions: bool = False

    def options(self, given: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Every option with its value; `InputError` for unknown names and wrong values."""
        return settled(self.choices, given)

    def judge(self, scans: Scans, given: Mapping[str, object] | None = None, piece: int = PIECE) -> tuple[Judged, Best]:
        """Visits and patients judged, in pieces on all cores; a patient is judged the same alone and in any crowd.

        `InputError` for unknown or wrong options, and for scans without any visit.
        """
        options = self.options(given)

        def one(part: Scans) -> tuple[Judged, Best]:
            judged = self.visits(part, options)
            return judged, self.best(part, judged, options)

        if not scans.day.shape[1]:
            raise InputError("the scans have no visits", remedy="give at least one visit; a day of NaN says that it was not held")
        if not scans.day.shape[0]:
            return one(scans)
        found = in_pieces(one, scans, piece)
        return joined_judged([judged for judged, _ in found]), joined_best([best for _, best in found])

    def written(self, judged: Judged) -> NDArray[Any]:
        """Overall responses in words [M, V]."""
        words = _words(self.labels)[judged.overall]
        metabolic = judged.numbers.get("metabolic")
        if metabolic is None or not self.metabolic_labels:
            return words
        return np.where(metabolic == 1, _words({**self.labels, **self.metabolic_labels})[judged.overall], words)

    def written_best(self, judged: Judged, codes: Codes) -> NDArray[Any]:
        """Best responses (`codes` [M], of `Best`) in words [M], as the first visit with that response has it.

        One that no visit shows (not confirmed, or nothing) is written as PET has it where PET decided any visit.
        """
        plain, metabolic = _words(self.labels)[codes], judged.numbers.get("metabolic")
        if metabolic is None or not self.metabolic_labels:
            return plain
        reached = judged.overall == codes[:, None]
        by_pet = np.where(
            reached.any(axis=1), ((metabolic == 1) & reached & (_order(reached) == 1)).any(axis=1), (metabolic == 1).any(axis=1)
        )
        return np.where(by_pet, _words({**self.labels, **self.metabolic_labels})[codes], plain)


def _order(flags: Flags) -> NDArray[np.int64]:
    """How many flags were set up to each visit [M, V]."""
    return np.cumsum(flags, axis=1, dtype=np.int64)


def _words(labels: Mapping[Response, str]) -> NDArray[Any]:
    """Words by code; the last one is that of `NONE`, which is -1."""
    return np.array([*(labels.get(code, code.name) for code in Response if code >= 0), ""], dtype=object)
