"""The pictures of the pages: one script each in `docs/figures`, and the trial of the README."""

from __future__ import annotations

import json
import runpy
import sys
from dataclasses import replace
from pathlib import Path

from remission.plots import kaplan_meier
from remission.results import flat
from remission.trial import prepare, run_study
from scripts.docs.drawing import on_paper
from scripts.docs.model import scenario, study
from scripts.docs.sections import OPEN_RESULT, RESULT, ROOT

FIGURES = ROOT / "docs" / "figures"
PICTURE = ROOT / "docs" / "images" / "relapse_free_survival.svg"
PATIENTS, WIDTH = 2000, 760.0
LUNG_REPORT = ROOT / "docs" / "images" / "oak_poplar.txt"
LUNG_PICTURES = ("oak_os", "oak_pfs", "hazard_ratios")
OPEN = {
    "turnover 0.2": {"growth.turnover": 0.2},
    "turnover 0.5 (as calibrated)": {},
    "turnover 0.8": {"growth.turnover": 0.8},
    "no loss of CD19": {"switching:antigen.per_division": 0.0},
    "no rejecting host cells": {"rejection.initial": 0.0},
}


def scripts() -> list[str]:
    """The names of the figure scripts."""
    return sorted(path.stem for path in FIGURES.glob("*.py") if not path.stem.startswith("_"))


def draw(name: str, path: Path) -> None:
    """Run one figure script, which writes its picture to `path`."""
    before, sys.argv = sys.argv, [name, str(path)]
    try:
        runpy.run_path(str(FIGURES / f"{name}.py"), run_name="__main__")
    finally:
        sys.argv = before


def trial(patients: int = PATIENTS) -> None:
    """Run the bundled trial; store what the pages show of it, and draw the README's picture."""
    found = run_study(replace(study(), scenario=scenario().only(["car_t"])), patients)
    document = found.json()
    kept = ("scenario", "seed", "patients", "version", "pairing", "intended_use", "failed", "cohort")
    stored = {key: document[key] for key in kept} | {"made_of": digests(), "arms": {"car_t": document["arms"]["car_t"]}}
    RESULT.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    PICTURE.write_text(on_paper(_picture(found).svg(WIDTH)), encoding="utf-8")


def open_choices(patients: int = PATIENTS // 2) -> None:
    """Run the CAR-T arm under choices that the data leave open, and store what comes out."""
    rows = {name: _under(changes, patients) for name, changes in OPEN.items()}
    stored = {"patients": patients, "seed": scenario().seed, "made_of": digests(), "rows": rows}
    OPEN_RESULT.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


def _under(changes: dict[str, float], patients: int) -> dict[str, float | None]:
    """Headline estimates of the CAR-T arm with some numbers changed."""
    own = replace(prepare(scenario().only(["car_t"]), changes))
    arm = flat(run_study(own, patients).json()["arms"]["car_t"])
    return {name: arm.get(name) for name in ("treated", "orr", "rfs.12", "rfs.24", "rfs.36", "os.36", "relapse.cd19_negative")}


def lung() -> bool:
    """What the example of OAK and POPLAR prints and draws; False where its table is not here, and the stored text and pictures stay."""
    example = runpy.run_path(str(ROOT / "examples" / "oak_poplar.py"))
    if not example["TABLE"].exists():
        return False
    patients = example["read"](example["TABLE"])
    LUNG_REPORT.write_text(example["report"](patients) + "\n", encoding="utf-8")
    drawn = example["figures"](patients)
    for name in LUNG_PICTURES:
        LUNG_REPORT.with_name(f"{name}.svg").write_text(on_paper(drawn[name].svg(WIDTH, titled=True)), encoding="utf-8")
    return True


def _picture(found):
    """Relapse-free survival beside ELIANA's published points."""
    arms = {arm.key: arm.title for arm in found.scenario.arms}
    targets = found.tables["targets"]
    eliana = targets.filter(targets["name"].str.starts_with("eliana."))
    return kaplan_meier(found.tables["tte"], "rfs", arms, eliana, last_month=60, name="Relapse-free survival of responders")


def digests() -> dict[str, str]:
    """What a stored result depends on."""
    return {"system": study().system.digest, "parameters": study().parameters.digest()}
