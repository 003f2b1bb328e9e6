"""A virtual trial of CAR-T therapy against salvage chemotherapy in relapsed or refractory B-ALL, from Python.

The same regimens as in the bundled scenario `b-all-car-t`; its rules of supportive care, drop-out and data cut are left out here.
"""

import sys

import polars as pl

import remission as rm

patients = int(sys.argv[1]) if len(sys.argv) > 1 else 500

bridging = rm.Regimen("combination:bridging", "1 courses", day=7, anchor="enrollment")
lymphodepletion = rm.Regimen(
    "chemotherapy:fludarabine", "30 mg/m2", day=[-6, -5, -4, -3], duration="30 min", anchor="infusion"
) + rm.Regimen("chemotherapy:cyclophosphamide", "500 mg/m2", day=[-6, -5], duration="1 h", anchor="infusion")
cells = rm.Regimen(
    "car_t:tisagenlecleucel",
    [
        {"up_to": 50, "amount": "3.0e6 cells/kg", "low": 0.2e6, "high": 5.0e6},
        {"above": 50, "amount": "1.5e8 cells", "low": 0.1e8, "high": 2.5e8},
    ],
    anchor="infusion",
)
salvage = rm.Regimen("chemotherapy:fludarabine", "30 mg/m2", day=[0, 1, 2, 3, 4], every="28 d", times=2, duration="30 min") + rm.Regimen(
    "chemotherapy:cytarabine", "2 g/m2", day=[0, 1, 2, 3, 4], every="28 d", times=2, duration="4 h"
)

system = rm.build(disease="b_all", therapies=["car_t:tisagenlecleucel", "chemotherapy:fludarabine", "chemotherapy:cyclophosphamide"])
children = rm.Population(system, size=patients, where={"age": (3, 25)}, seed=1)
trial = rm.Trial(
    arms=[rm.Arm("CAR-T", bridging + lymphodepletion + cells), rm.Arm("salvage chemotherapy", salvage)],
    population=children,
    visits="day 28, month 3, then every 3 months to 5 years",
    endpoints=["ORR", "CR", "DoR", "RFS", "EFS", "OS"],
    title="CAR-T or salvage chemotherapy in B-ALL",
)
result = rm.run_trial(trial, device="auto", seed=1)

pl.Config.set_tbl_rows(-1).set_tbl_cols(-1).set_tbl_width_chars(160)
print(result.table())
print(result.compare("RFS"))
print(result.by("burden").table("ORR"))
