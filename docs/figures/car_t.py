"""CAR-T cells, blasts and B cells of the typical patient who is infused with 5e11 blasts."""

import numpy as np

from remission.diseases.b_all import INFUSION, LYMPHODEPLETION
from scripts.docs.drawing import follow, lines
from scripts.docs.model import study

days, given = np.arange(-7.0, 181.0), LYMPHODEPLETION + INFUSION
burden = {"growth.initial": 5e11, "switching:antigen.per_division": 0.0}
seen = {"CAR-T cells": "car_t.total", "blasts in the marrow": "marrow.blasts", "B cells": "b_cells.relative"}
drawn = {name: follow(given, days, output, burden) for name, output in seen.items()}
drawn["B cells"] = days, drawn["B cells"][1] * study().parameters.rows["b_cells.normal"].number
lines(drawn, "days after infusion", "cells", floor=1e3)
