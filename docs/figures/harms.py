"""Severity of cytokine release in the typical patient, by blasts at infusion."""

import numpy as np

from remission.diseases.b_all import INFUSION, LYMPHODEPLETION
from scripts.docs.drawing import follow, lines

given = LYMPHODEPLETION + INFUSION
cases = {"1e11 blasts": 1e11, "3e11 blasts": 3e11, "1e12 blasts": 1e12}
drawn = {
    name: follow(given, np.arange(-7.0, 29.0, 0.1), "cytokine_release.severity", {"growth.initial": cells}) for name, cells in cases.items()
}
lines(drawn, "days after infusion", "severity (log 10 of the cytokine effect)", log=False, floor=-3.0)
