"""Relapsed or refractory B-cell acute lymphoblastic leukemia in children and young adults."""

from __future__ import annotations

from pathlib import Path

from remission.diseases.patient import Patient
from remission.harms.blood_counts import BloodCounts
from remission.harms.cytokine_release import CytokineRelease
from remission.harms.death import Death
from remission.harms.neurotoxicity import Neurotoxicity
from remission.immune.b_cells import BCells
from remission.immune.cytokines import Cytokines
from remission.immune.lymphocytes import Lymphocytes
from remission.immune.rejection import Rejection
from remission.model.disease import Clones, Disease, Lesion, Line
from remission.model.regimen import Regimen
from remission.therapies.supply import Supply
from remission.tumor.antigen import Antigen
from remission.tumor.blood import Blood
from remission.tumor.extramedullary import Extramedullary
from remission.tumor.growth import Growth
from remission.tumor.marrow import Marrow
from remission.tumor.resistance import Resistance
from remission.tumor.spread import Spread
from remission.tumor.switching import Switching

LYMPHODEPLETION = Regimen("chemotherapy:fludarabine", "30 mg/m2", day=[-6, -5, -4, -3], duration="30 min", anchor="infusion") + Regimen(
    "chemotherapy:cyclophosphamide", "500 mg/m2", day=[-6, -5], duration="1 h", anchor="infusion"
)
INFUSION = Regimen(
    "car_t:tisagenlecleucel",
    [
        {"up_to": 50, "amount": "3.0e6 cells/kg", "low": 0.2e6, "high": 5.0e6},
        {"above": 50, "amount": "1.5e8 cells", "low": 0.1e8, "high": 2.5e8},
    ],
    anchor="infusion",
)
FLAG = Regimen("chemotherapy:fludarabine", "30 mg/m2", day=[0, 1, 2, 3, 4], every="28 d", times=2, duration="30 min") + Regimen(
    "chemotherapy:cytarabine", "2 g/m2", day=[0, 1, 2, 3, 4], every="28 d", times=2, duration="4 h"
)


def _line(name: str, days: list[float], watched: float) -> Line:
    """Courses of combination chemotherapy; the disease has just shown itself, so other sites are seeded anew."""
    spread = {"agent": "spread", "amount": "1 courses", "day": 0}
    courses = {"agent": "combination:induction", "amount": "1 courses", "day": days}
    return Line(name, (spread, courses), judged=35, watched=watched)


B_ALL = Disease(
    name="b_all",
    title="Relapsed or refractory B-cell acute lymphoblastic leukemia",
    lesions=(Lesion(site="marrow", measured_by="blast fraction"), Lesion(site="extramedullary", measured_by="examination")),
    clones=Clones.of(antigen=["cd19_positive", "cd19_negative"], chemotherapy=["sensitive", "resistant"]),
    modules=(
        Patient(),
        Growth(origin="marrow"),
        Spread("marrow", "extramedullary"),
        Switching("antigen", "cd19_positive", "cd19_negative"),
        Switching("chemotherapy", "sensitive", "resistant"),
        Antigen("cd19"),
        Resistance("chemotherapy"),
        Marrow(),
        Blood(),
        Extramedullary(),
        Lymphocytes(),
        Rejection(),
        BCells(),
        Cytokines(),
        BloodCounts(),
        CytokineRelease(),
        Neurotoxicity(),
        Supply(),
        Death(),
    ),
    criteria="leukemia",
    visits="day 28, month 3, then every 3 months",
    table=Path(__file__).with_suffix(".csv"),
    history=(
        _line("first line", [0, 35, 70, 105, 140, 175], watched=1825),
        _line("second line", [0, 35, 70], watched=1095),
        _line("third line", [0, 35], watched=730),
    ),
    regimens={"lymphodepletion + CAR-T": LYMPHODEPLETION + INFUSION, "salvage chemotherapy": FLAG},
)
