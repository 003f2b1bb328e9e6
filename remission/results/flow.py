"""Where patients went: from candidates to enrollment, infusion, response and the end of follow-up.

A row without reason counts those who reached a step; a row with a reason those who left after the step before it. Rows of the arm
`cohort` come before enrollment and belong to every arm.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import polars as pl

from remission.arm_run import ArmRun
from remission.response.endpoints import Reason, time_to_event
from remission.results.members import analyzed, failed, flag, responders

COHORT = "cohort"
ENDS = {
    "relapsed": (Reason.RELAPSE,),
    "died in remission": (Reason.LEUKEMIA_DEATH, Reason.OTHER_DEATH),
    "transplanted in remission": (Reason.TRANSPLANT,),
    "another therapy in remission": (Reason.NEW_THERAPY,),
}
Row = tuple[str, str, int, str | None]


def flow(runs: Iterable[ArmRun], cohort: Mapping[str, float]) -> pl.DataFrame:
    """The steps of every arm, after those of the cohort; `cohort` counts candidates (whole numbers are shown)."""
    rows = [(COHORT, name.replace("_", " "), int(n), None) for name, n in cohort.items() if _is_count(n)]
    rows += [row for run in runs for row in _arm(run)]
    return pl.DataFrame(rows, schema={"arm": pl.String, "step": pl.String, "n": pl.Int64, "reason": pl.String}, orient="row")


def _is_count(value: object) -> bool:
    """Whether a number counts candidates; shares such as the acceptance rate do not."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _arm(run: ArmRun) -> list[Row]:
    own = analyzed(run)
    treated, evaluable, responded = flag(own.treated), flag(own.evaluable), responders(own)
    judged = treated & (evaluable | responded)
    rows: list[Row] = [(run.key, "enrolled", int(run.response.size), None)]
    rows += _left(run.key, "failed member", {"not followed to the end by the solver": int(failed(run).sum())})
    rows += _left(run.key, "not treated", _counted(own.not_treated[~treated]))
    rows += [(run.key, "treated", int(treated.sum()), None)]
    rows += _left(run.key, "not evaluable", {"not assessed": int((treated & ~judged).sum())})
    rows += [(run.key, "evaluable", int(judged.sum()), None)]
    rows += _left(run.key, "no response", {"no response": int((judged & ~responded).sum())})
    rows += [(run.key, "responders", int(responded.sum()), None)]
    remission = time_to_event(own.records, "rfs")
    ends = {name: int(np.isin(remission.reason, reasons).sum()) for name, reasons in ENDS.items()}
    rows += _left(run.key, "end of remission", ends)
    return [*rows, (run.key, "in remission when last seen", int(responded.sum()) - sum(ends.values()), None)]


def _left(arm: str, step: str, reasons: Mapping[str, int]) -> list[Row]:
    return [(arm, step, n, reason) for reason, n in reasons.items() if n]


def _counted(reasons: np.ndarray) -> dict[str, int]:
    """Reasons with their counts, the most frequent first."""
    words, counts = np.unique(np.where(reasons == "", "reason not recorded", reasons.astype(str)), return_counts=True)
    return {str(words[place]): int(counts[place]) for place in np.argsort(-counts, kind="stable")}
