"""Blasts under three induction courses, when no cell is resistant at first and when one in a million is."""

import numpy as np

from remission.model.regimen import Regimen
from scripts.docs.drawing import follow, lines

courses = Regimen("combination:induction", "1 courses", day=[0, 35, 70])
share = "switching:chemotherapy.founder_share"
cases = {"no resistant cell": 0.0, "one in a million": 1e-6}
drawn = {name: follow(courses, np.arange(0.0, 366.0), "growth.burden", {share: value}) for name, value in cases.items()}
lines(drawn, "days from diagnosis", "blasts", floor=1)
