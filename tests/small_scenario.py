"""A small trial and the few names it needs, so that tests of reading and of the command line do not depend on the biology."""

from dataclasses import dataclass
from typing import ClassVar

from remission.model.module import AbstractTherapy

GOOD = """
name = "small"
disease = "b_all"
endpoints = ["ORR", "OS"]
seed = 3
pairing = "randomized"

[population]
size = 50
where = {age = [3, 25], sex = "female"}

[arms.treated]
title = "Treated"
regimen = [{agent = "chemotherapy:flag", amount = "30 mg/m2", day = [0, 1], every = "28 d", times = 2}]

[arms.control]
regimen = []

[protocol]
visits = "day 28, then every 3 months to 2 years"
data_cut = "30 months"
accrual = "6 months"
dropout = "2 %/year"
crossover = {control = "treated"}

[[protocol.rules]]
name = "calm"
when = "crs_astct >= 2"
at = "safety"
give = [{agent = "car_t", amount = "5 cells"}]

[intercurrent]
death = "composite"
"""


@dataclass(frozen=True)
class Chemotherapy(AbstractTherapy):
    dose_unit: ClassVar[str] = "mg"


@dataclass(frozen=True)
class CarT(AbstractTherapy):
    dose_unit: ClassVar[str] = "cell"
