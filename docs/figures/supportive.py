"""Cytokine effect after infusion, without tocilizumab and with one dose of 8 mg/kg on day 6."""

import numpy as np

from remission.diseases.b_all import INFUSION, LYMPHODEPLETION
from remission.model.regimen import Regimen
from scripts.docs.drawing import follow, lines

cells = LYMPHODEPLETION + INFUSION
arms = {"no tocilizumab": cells, "tocilizumab on day 6": cells + Regimen("supportive:tocilizumab", "8 mg/kg", day=6, duration="1 h")}
drawn = {name: follow(regimen, np.arange(-7.0, 29.0, 0.1), "cytokines.effect", {"growth.initial": 5e11}) for name, regimen in arms.items()}
lines(drawn, "days after infusion", "cytokine effect", log=False)
