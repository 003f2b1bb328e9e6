"""Why a visit of a patient with leukemia was judged as it was, in words; numbers come in braces from the judgment."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class Why(IntEnum):
    """The rule that decided a visit."""

    NOT_HELD = 0
    EARLIER = 1
    BASELINE = 2
    BASELINE_BLASTS = 3
    AFTER = 4
    RELAPSE = 5
    RELAPSE_OUTSIDE = 6
    RELAPSE_MRD = 7
    NO_RESPONSE = 8
    NO_RESPONSE_OUTSIDE = 9
    CR = 10
    CRH = 11
    CRI = 12
    MLFS = 13
    CLEAR = 14
    NO_COUNTS = 15
    NO_MARROW = 16
    UNEXAMINED = 17


class Residual(IntEnum):
    """What is said of residual disease; each reading has its own words."""

    UNKNOWN = 0
    NEGATIVE = 1
    NEGATIVE_SEEN = 2
    POSITIVE = 3
    BLIND = 4
    RELAPSE = 5


_COUNTS = "neutrophils {anc:.4g}, platelets {platelets:.4g}"
SENTENCES: Mapping[Why, str] = {
    Why.NOT_HELD: "",
    Why.EARLIER: "before the baseline; not judged",
    Why.BASELINE: "baseline, marrow not examined",
    Why.BASELINE_BLASTS: "baseline: {blasts:.4g} % marrow blasts",
    Why.AFTER: "relapse on day {relapse:.0f}",
    Why.RELAPSE: "{blasts:.4g} % marrow blasts (5 % or more) after a remission: relapse [A1]",
    Why.RELAPSE_OUTSIDE: "disease outside the marrow after a remission: relapse [A1]",
    Why.RELAPSE_MRD: "residual disease rose tenfold, confirmed: relapse of day {relapse:.0f} [A3]",
    Why.NO_RESPONSE: "{blasts:.4g} % marrow blasts (5 % or more), no remission before: no response [A1]",
    Why.NO_RESPONSE_OUTSIDE: "disease outside the marrow, no remission before: no response [A1]",
    Why.CR: "{blasts:.4g} % marrow blasts (under 5 %), " + _COUNTS + " (1.0 and 100 or more): complete remission [A1]",
    Why.CRH: "{blasts:.4g} % marrow blasts (under 5 %), " + _COUNTS + " (0.5 and 50 or more): remission, partial recovery [A1]",
    Why.CRI: "{blasts:.4g} % marrow blasts (under 5 %), " + _COUNTS + " (not 1.0 and 100): remission, incomplete recovery [A1]",
    Why.MLFS: "{blasts:.4g} % marrow blasts (under 5 %), " + _COUNTS + " (neither recovered): leukemia-free state [A1]",
    Why.CLEAR: "marrow not examined; counts known and no disease outside it: no sign of relapse, not evaluable for response [A1]",
    Why.NO_COUNTS: "{blasts:.4g} % marrow blasts, but neutrophils or platelets were not counted: not evaluable [A1]",
    Why.NO_MARROW: "marrow not examined: not evaluable [A1]",
    Why.UNEXAMINED: "no remission can be called: blood blasts or disease outside the marrow not examined: not evaluable [A1]",
}
RESIDUAL: Mapping[Residual, str] = {
    Residual.UNKNOWN: "",
    Residual.NEGATIVE: "; MRD {mrd:.1e}: negative (under {mrd_limit:.0e}) [A2]",
    Residual.NEGATIVE_SEEN: "; MRD {mrd:.1e}: negative (under {mrd_limit:.0e}), yet detectable [A2]",
    Residual.POSITIVE: "; MRD {mrd:.1e}: positive ({mrd_limit:.0e} or more) [A2]",
    Residual.BLIND: "; MRD {mrd:.1e}: not evaluable, too few cells for a limit of {mrd_limit:.0e} [A2]",
    Residual.RELAPSE: "; MRD {mrd:.1e}: relapse of residual disease, confirmed [A3]",
}
