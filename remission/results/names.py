"""What endpoints are called: in a scenario, in the JSON of a result, and in the question of a user."""

from __future__ import annotations

from collections.abc import Iterable

from remission.errors import InputError, nearest
from remission.response.endpoints import ENDPOINTS as TIMES

FAMILIES = {
    "ORR": ("orr", "orr_itt"),
    "CR": ("cr", "cr_itt"),
    "CRi": ("cri", "cri_itt"),
    "MRD": ("mrd_negative",),
    "DoR": ("dor", "dor_with_transplant"),
    "RFS": ("rfs", "rfs_with_transplant"),
    "EFS": ("efs", "efs_with_transplant", "efs_itt", "efs_itt_with_transplant"),
    "OS": ("os", "os_itt"),
}
"""Keys of the JSON by endpoint of the scenario; `*_itt` among enrolled."""
SHARES = ("orr", "orr_itt", "cr", "cr_itt", "cri", "cri_itt")
POPULATIONS = {"enrollment_day": "enrolled", "infusion_day": "treated", "response_day": "responders of each arm"}
HARMS = {"neurotoxicity": "neuro"}
"""Harms whose name in targets and tables is shorter than the one of the model."""


def keys(endpoints: Iterable[str]) -> tuple[str, ...]:
    """The keys of the JSON that these endpoints of a scenario ask for; those of other criteria have none."""
    return tuple(key for name in endpoints for key in FAMILIES.get(name, ()))


def unread(endpoints: Iterable[str]) -> list[str]:
    """Endpoints that leukemia does not have."""
    return [name for name in endpoints if name not in FAMILIES]


def time_keys(endpoints: Iterable[str]) -> tuple[str, ...]:
    """The keys that are times to an event."""
    return tuple(key for key in keys(endpoints) if key in TIMES)


def found(name: str, known: Iterable[str]) -> str:
    """The key a user means by `ORR`, `os` or `rfs_with_transplant`; `InputError` names what there is."""
    key, there = name.strip().lower().replace("-", "_").replace(" ", "_"), list(known)
    key = "mrd_negative" if key == "mrd" else key
    if key not in there:
        raise InputError(f"this result has no endpoint `{name}`{nearest(key, there)}", value=name, remedy=f"use {', '.join(there)}")
    return key


def comparative(name: str, known: Iterable[str]) -> str:
    """The key arms are compared by: the twin among enrolled where there is one, for a comparison starts at enrollment."""
    there = list(known)
    key = found(name, there)
    base, transplant, _ = key.partition("_with_transplant")
    twin = f"{base}_itt{transplant}"
    return twin if twin in there else key


def population(key: str) -> str:
    """Whom an endpoint counts."""
    if key in TIMES:
        return POPULATIONS[TIMES[key].start]
    return "enrolled" if key.endswith("_itt") else "responders of each arm" if key == "mrd_negative" else "treated"
