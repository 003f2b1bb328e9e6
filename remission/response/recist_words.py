"""The decisions of RECIST 1.1 in words: which rule decided a visit.

Represented: one number per visit, the place of a sentence in `SENTENCES`. Progression may have several grounds at once; its sentences
name them all, so there is one for every combination.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from remission.response.arrays import Codes, Flags, Floats
from remission.response.criterion import Options
from remission.response.judged import Response
from remission.response.scans import Scans

if TYPE_CHECKING:
    from remission.response.recist import Burden

GONE = "every target is gone or a node under 10 mm"
SIZE = "the sum, {sum:.1f} mm,"
PLAIN = {
    "no visit": "no visit",
    "earlier": "before the baseline; not judged",
    "baseline": "baseline: the sum of the targets is {sum:.1f} mm",
    "baseline unknown": "baseline: the sum is not known, a target was not measured",
    "baseline by eye": "baseline: no target, the lesions are followed by eye",
    "baseline nothing": "baseline: no lesion",
    "after": "progression on day {progression:g}; a later visit does not undo it",
    "cr": f"R4, R5: {GONE}, and every non-target lesion is gone",
    "cr targets": f"R4: {GONE}; there is no non-target lesion",
    "pr persists": f"R7: {GONE}, but a non-target lesion persists",
    "pr missing": f"R7: {GONE}, but not every non-target lesion was evaluated",
    "pr": f"R4: {SIZE} is {{fall:.1f}} % below the baseline, {{baseline:.1f}} mm",
    "pr lasts": f"R10: a partial response lasts until progression; {SIZE} is now {{from_baseline:+.1f}} % from the baseline, "
    "{baseline:.1f} mm, and {rise:+.1f} mm from its lowest, {nadir:.1f} mm",
    # two decimals: stable disease just short of a threshold is not written as the threshold itself, -29.96 % and not -30.0 %
    "sd": f"R4: {SIZE} is {{from_baseline:+.2f}} % from the baseline, {{baseline:.1f}} mm, and {{from_nadir:+.2f}} % ({{rise:+.2f}} mm) "
    "from its lowest, {nadir:.1f} mm: neither a fall by 30 % nor a rise by 20 % and 5 mm",
    "sd from zero": f"R4: {SIZE} is {{from_baseline:+.2f}} % from the baseline, {{baseline:.1f}} mm, and {{rise:+.2f}} mm from its lowest, "
    "{nadir:.1f} mm: neither a fall by 30 % nor a rise by 5 mm",
    "ne": "R7: not every target was measured, and those that were, {measured:.1f} mm, do not prove progression",
    "ne missing": "R7: not every target was measured",
    "ne blind": "R7: no target was measured",
    "ne start": f"R7: {SIZE} cannot be judged, the sum at the baseline is not known",
    "eye cr": "R5: every non-target lesion is gone; there is no target",
    "eye persists": "R5: a non-target lesion persists without progression; there is no target",
    "eye missing": "R5: not every non-target lesion was evaluated; there is no target",
    "nothing": "no lesion to judge",
}
GROUNDS = (
    f"R4: {SIZE} is {{from_nadir:.1f}} % and {{rise:.1f}} mm above its lowest, {{nadir:.1f}} mm",
    f"R4: {SIZE} has grown from {{nadir:.1f}} mm",
    "R7: the measured targets alone, {measured:.1f} mm, are 20 % and 5 mm above the lowest sum, {nadir:.1f} mm",
    "R4: a target was recorded as progressing",
    "R5: a non-target lesion has progressed",
    "R6: a new lesion",
    "R6: disease is there again after a complete response",
    "R6: a lesion that had vanished is there again",
)
PLACE = {name: place for place, name in enumerate(PLAIN)}
SENTENCES = (
    *PLAIN.values(),
    *("; ".join(words for bit, words in enumerate(GROUNDS) if mask & 1 << bit) for mask in range(1 << len(GROUNDS))),
)


class History(NamedTuple):
    """The overall response with what earlier visits make of it, arrays [M, V].

    lasting: a partial response only because of an earlier one; again: disease after a complete response; returned: a lesion is there that
    had vanished (by choice); after: progression was called at an earlier visit.
    """

    overall: Codes
    lasting: Flags
    again: Flags
    returned: Flags
    after: Flags


class Grounds(NamedTuple):
    """All that a decision rests on, arrays [M, V]; the last five as in `History`."""

    burden: Burden
    nadir: Floats
    target: Codes
    non_target: Codes
    new: Flags
    overall: Codes
    lasting: Flags
    again: Flags
    returned: Flags
    after: Flags


def decisions(scans: Scans, grounds: Grounds, options: Options) -> NDArray[np.int16]:
    """The sentence of every visit [M, V]."""
    rule: NDArray[np.int16] = np.full(scans.day.shape, PLACE["no visit"], dtype=np.int16)
    for name, where in _calm(grounds, options):
        rule[where] = PLACE[name]
    progressed = grounds.overall == Response.PD
    rule[progressed] = len(PLAIN) + _grounds(grounds)[progressed]
    rule[grounds.after] = PLACE["after"]
    place = np.arange(scans.day.shape[1]) - scans.baseline[:, None]
    rule[place < 0] = PLACE["earlier"]
    rule = np.where(place == 0, _baseline(grounds)[:, None], rule)
    rule[~scans.held] = PLACE["no visit"]
    return rule


def _calm(grounds: Grounds, options: Options) -> list[tuple[str, Flags]]:
    """What may decide a visit without progression; a later entry wins."""
    target, other = grounds.target, grounds.non_target
    gone, by_eye = target == Response.CR, target == Response.NONE
    missing = target == Response.NE
    return [
        ("cr", gone),
        ("cr targets", gone & (other == Response.NONE)),
        ("pr persists", gone & (other == Response.NON_CR_NON_PD)),
        ("pr missing", gone & (other == Response.NE)),
        ("pr", target == Response.PR),
        ("sd", target == Response.SD),
        ("sd from zero", (target == Response.SD) & (grounds.nadir <= 0)),
        ("pr lasts", grounds.lasting),
        ("ne" if options["partial_progression"] else "ne missing", missing),
        ("ne blind", missing & grounds.burden.blind),
        ("ne start", missing & ~np.isnan(grounds.burden.sum)),
        ("eye cr", by_eye & (other == Response.CR)),
        ("eye persists", by_eye & (other == Response.NON_CR_NON_PD)),
        ("eye missing", by_eye & (other == Response.NE)),
        ("nothing", by_eye & (other == Response.NONE)),
    ]


def _grounds(grounds: Grounds) -> NDArray[np.int16]:
    """Which of `GROUNDS` hold, as bits [M, V]."""
    burden = grounds.burden
    by_target = (grounds.target == Response.PD) & ~burden.recorded
    known, from_zero = ~np.isnan(burden.sum), grounds.nadir <= 0
    bits = (
        by_target & known & ~from_zero,
        by_target & known & from_zero,
        by_target & ~known,
        (grounds.target == Response.PD) & burden.recorded,
        grounds.non_target == Response.PD,
        grounds.new,
        grounds.again,
        grounds.returned,
    )
    mask = np.zeros(grounds.overall.shape, dtype=np.int16)
    for bit, holds in enumerate(bits):
        mask |= holds.astype(np.int16) << bit
    return mask


def _baseline(grounds: Grounds) -> NDArray[np.int16]:
    """The sentence of each patient's baseline [M]."""
    burden = grounds.burden
    measured = np.where(np.isnan(burden.start), PLACE["baseline unknown"], PLACE["baseline"])
    seen = (grounds.non_target != Response.NONE).any(axis=1)
    by_eye = np.where(seen, PLACE["baseline by eye"], PLACE["baseline nothing"])
    return np.where(burden.present, measured, by_eye).astype(np.int16)
