"""Lymphocytes of the typical patient after lymphodepletion, and after each of its two drugs alone."""

import numpy as np

from remission.diseases.b_all import LYMPHODEPLETION
from remission.model.regimen import Regimen
from scripts.docs.drawing import follow, lines

arms = {"both": LYMPHODEPLETION}
for agent in LYMPHODEPLETION.agents:
    arms[agent.split(":")[1]] = Regimen.of(row for row in LYMPHODEPLETION.rows if row.agent == agent)
drawn = {name: follow(regimen, np.arange(-8.0, 60.0, 0.25), "lymphocytes.relative") for name, regimen in arms.items()}
lines(drawn, "days from the planned infusion", "lymphocytes, of normal", log=False)
