"""Why a visit of a patient with lymphoma was judged as it was, in words; numbers come in braces from the judgment."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class Why(IntEnum):
    """The rule that decided a visit."""

    NOT_HELD = 0
    EARLIER = 1
    BASELINE = 2
    BASELINE_SUM = 3
    BASELINE_SCORE = 4
    BASELINE_BOTH = 5
    AFTER = 6
    NEW = 7
    CMR = 8
    PMR = 9
    NMR = 10
    PMD = 11
    PMD_AGAIN = 12
    PET_UNKNOWN = 13
    GROWN = 14
    RETURNED = 15
    NON_TARGET = 16
    SPLEEN = 17
    CR = 18
    PR = 19
    PR_REST = 20
    PR_SPLEEN = 21
    PR_OTHER = 22
    SD = 23
    SD_SPLEEN = 24
    SD_OTHER = 25
    NE_TARGETS = 26
    NE = 27
    IR1 = 28
    IR2 = 29
    IR3 = 30
    CONFIRMED = 31


SENTENCES: Mapping[Why, str] = {
    Why.NOT_HELD: "",
    Why.EARLIER: "before the baseline; not judged",
    Why.BASELINE: "baseline, no target measured in both axes and no PET score",
    Why.BASELINE_SUM: "baseline: sum of products {sum:.0f} mm2",
    Why.BASELINE_SCORE: "baseline: PET score {score:.0f}",
    Why.BASELINE_BOTH: "baseline: sum of products {sum:.0f} mm2, PET score {score:.0f}",
    Why.AFTER: "progression on day {progression:.0f}",
    Why.NEW: "a new lesion was seen at this visit or before: progression [L1, L3]",
    Why.CMR: "PET score {score:.0f} (3 or less) and no new lesion: complete metabolic response, whatever mass is left [L1]",
    Why.PMR: "PET score {score:.0f}, lower than {baseline_score:.0f} at baseline, no new lesion: partial metabolic response [L1]",
    Why.NMR: "PET score {score:.0f}, {baseline_score:.0f} at baseline, no new lesion: no metabolic response [L1]",
    Why.PMD: "PET score {score:.0f}, higher than {reference_score:.0f} before: progressive metabolic disease [L1]",
    Why.PMD_AGAIN: "PET score {score:.0f} again after a complete metabolic response: progressive metabolic disease [L1]",
    Why.PET_UNKNOWN: "PET score {score:.0f}, but none at baseline to compare with, and CT cannot be judged: not evaluable [L1]",
    Why.GROWN: (
        "a target of now {diameter:.1f} mm: product {lowest_product:.0f} to {product:.0f} mm2 over its own lowest"
        " ({growth:+.1f} %, at least 50 %) and {lesion_rise:.1f} mm more in an axis: progression [L3]"
    ),
    Why.RETURNED: "a target that had gone has returned: progression [L3]",
    Why.NON_TARGET: "a lesion was recorded as progressing unequivocally: progression [L3]",
    Why.SPLEEN: "spleen {spleen:.1f} cm, {spleen_reference:.1f} cm before: progression [L3]",
    Why.CR: "every node at most 15 mm, all other disease gone, spleen normal: complete response [L2]",
    Why.PR: "sum of products {sum:.0f} mm2, {from_baseline:+.1f} % from baseline (fall of at least 50 %): partial response [L2]",
    Why.PR_REST: "targets normal or gone, other disease left or not evaluated: partial response [L2]",
    Why.PR_SPLEEN: "targets normal or gone, spleen not yet normal or not measured: partial response [L2]",
    Why.PR_OTHER: "no target; spleen {spleen:.1f} cm lost more than half of its excess: partial response [L2]",
    Why.SD: "sum of products {sum:.0f} mm2, {from_baseline:+.2f} % from baseline, no progression: stable disease [L2, L3]",
    Why.SD_SPLEEN: "targets shrunk, but spleen {spleen:.1f} cm has not lost more than half of its excess: stable disease [L2]",
    Why.SD_OTHER: "no target; other disease left without progression: stable disease [L2, L3]",
    Why.NE_TARGETS: "a target was not measured in both axes, no other sign of progression: not evaluable [L2]",
    Why.NE: "no PET score that can be judged and nothing followed on CT was looked at: not evaluable",
    Why.IR1: "indeterminate response IR1: sum of products {nadir:.0f} to {sum:.0f} mm2 over its lowest within 12 weeks, no decline [LYRIC]",
    Why.IR2: "indeterminate response IR2: a new or growing lesion while the sum rose by less than 50 % [LYRIC]",
    Why.IR3: "indeterminate response IR3: higher uptake without growth or a new lesion [LYRIC]",
    Why.CONFIRMED: "progression confirms the indeterminate response of day {progression:.0f} [LYRIC]",
}
