"""Ten million residual blasts after transplantation, by how strongly the graft kills."""

import numpy as np

from remission.model.regimen import Regimen
from scripts.docs.drawing import follow, lines

graft = Regimen("transplant", "1e8 cells", day=0)
cases = {"no graft effect": 0.0, "half the median": 0.05, "the median": 0.1}
start = {"growth.initial": 1e7, "switching:chemotherapy.founder_share": 0.0}
drawn = {
    name: follow(graft, np.arange(0.0, 366.0), "growth.burden", {**start, "transplant.graft_kill": kill}) for name, kill in cases.items()
}
lines(drawn, "days after transplantation", "blasts", floor=1)
