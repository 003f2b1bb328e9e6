"""Results of a virtual trial: `TrialResult.of` reads the arms of a run, `TrialResult.load` a saved one."""

from remission.results.posterior import flat, gathered
from remission.results.trial_result import TrialResult

__all__ = ["TrialResult", "flat", "gathered"]
