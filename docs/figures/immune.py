"""CAR-T cells of the typical patient, with and without lymphodepletion."""

import numpy as np

from remission.diseases.b_all import INFUSION, LYMPHODEPLETION
from scripts.docs.drawing import follow, lines

arms = {"after lymphodepletion": LYMPHODEPLETION + INFUSION, "without lymphodepletion": INFUSION}
burden = {"growth.initial": 2e11}
drawn = {name: follow(given, np.arange(-7.0, 366.0), "car_t.total", burden) for name, given in arms.items()}
lines(drawn, "days after infusion", "CAR-T cells", floor=1e2)
