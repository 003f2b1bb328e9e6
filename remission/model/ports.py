"""The ports: the only way modules act on each other. The table is the contract; a further row is a decision page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Port:
    """One accumulator: modules contribute, any module reads. `sum` starts at 0, `product` at 1."""

    name: str
    per: str
    rule: str
    unit: str
    channels: str = ""


PORTS = {
    port.name: port
    for port in (
        Port("growth", "clone", "product", "1"),
        Port("capacity", "lesion", "product", "1"),
        Port("kill", "clone", "sum", "1/day", "cause"),
        Port("sensitivity", "clone", "product", "1", "drug class or effector kind"),
        Port("antigen", "clone", "product", "1", "antigen"),
        Port("access", "lesion", "product", "1", "small_molecule, antibody, cell, virus, light"),
        Port("t_cell_activity", "lesion", "product", "1", "endogenous, engineered"),
        Port("priming", "patient", "product", "1"),
        Port("recruitment", "lesion", "product", "1"),
        Port("antigen_release", "lesion", "sum", "cell/day"),
        Port("dead_cells", "lesion", "sum", "cell/day"),
        Port("edema", "lesion", "sum", "mL"),
        Port("seeding", "lesion", "product", "1"),
        Port("lymphocyte_loss", "patient", "sum", "1/day", "lineage"),
        Port("marrow_toxicity", "patient", "sum", "1/day", "lineage"),
        Port("cytokine_release", "patient", "sum", "1/day", "mediator"),
        Port("steroid", "patient", "sum", "mg/day", "dexamethasone equivalent"),
        Port("symptoms", "patient", "sum", "1", "cause"),
        Port("death_hazard", "patient", "sum", "1/day", "cause"),
        Port("organ_dose", "patient", "sum", "Gy", "organ"),
    )
}

SHARED = {
    "cells": ("clone", "cell"),
    "size": ("lesion", "mL"),
    "lymphocytes": ("patient", "cell"),
    "b_cells": ("patient", "cell"),
    "neutrophils": ("patient", "Gcell/L"),
    "platelets": ("patient", "Gcell/L"),
}
