"""Blasts after relapse under a later line, by how strongly it kills in this patient."""

import numpy as np

from remission.model.regimen import Regimen
from scripts.docs.drawing import follow, lines
from scripts.docs.model import study

median = study().parameters.rows["later_line.kill"].number
cases = {"a quarter of the median": median / 4, "the median": median, "twice the median": 2 * median}
line = Regimen("later_line", "1 courses", day=0)
drawn = {
    name: follow(line, np.arange(0.0, 366.0), "growth.burden", {"growth.initial": 5e11, "later_line.kill": kill})
    for name, kill in cases.items()
}
lines(drawn, "days from the first dose", "blasts", floor=1)
