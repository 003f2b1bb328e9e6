"""What a reader of an assessment should know of the file: said in words, nothing of it refused."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from remission.assessing.people import People
from remission.assessing.rows import Rows
from remission.assessing.shaping import Shaped
from remission.response.arrays import Flags
from remission.response.criterion import Criterion
from remission.response.scans import NON_TARGETS, TARGETS, Kind, Scans, Status
from remission.response.target_choice import RULES

NAMED = 5
"""Patients or rows named in one note."""
MOST_TARGETS, PER_ORGAN = RULES["targets"].value, RULES["targets_per_organ"].value
NODE, LESION = RULES["measurable_node"].value, RULES["measurable"].value
"""How many targets RECIST 1.1 takes, and the millimeters a node and another target have at the baseline."""
FEW_BLASTS = 5.0
"""Percent of the marrow under which a patient is named whose leukemia is to be treated."""
LONG = 300.0
"""Millimeters over which a diameter is named, in case it has another unit."""
CLOSE = 7.0
"""Days under which two visits of a patient are named."""


def notes_of(scans: Scans, rows: Rows, shaped: Shaped, people: People, pieces: list[str], criterion: Criterion | None) -> tuple[str, ...]:
    """All notes of one reading, in the order of the file, the patients, the lesions."""
    found = [
        *_of_rows(rows, shaped),
        *_of_patients(scans, people),
        *_of_baselines(scans),
        *_of_targets(scans, pieces),
        *_of_blasts(scans, criterion),
        *_of_columns(rows, criterion),
    ]
    return tuple(found)


def listed(names: Sequence[object]) -> str:
    """The first names and how many more there are."""
    text = ", ".join(str(name) for name in names[:NAMED])
    return text if len(names) <= NAMED else f"{text} and {len(names) - NAMED:,} more"


def _of_rows(rows: Rows, shaped: Shaped) -> list[str]:
    found = []
    if rows.sheet.empty.size:
        found.append(f"{rows.sheet.name}: rows without any entry were left out: {listed(rows.sheet.empty.tolist())}")
    if shaped.repeated.size:
        numbers = rows.sheet.rows[np.sort(shaped.repeated)].tolist()
        found.append(f"{rows.sheet.name}: rows that repeat an earlier row were counted once: {listed(numbers)}")
    return found


def _of_patients(scans: Scans, people: People) -> list[str]:
    found = []
    without = ~scans.held.any(axis=1)
    if without.any():
        found.append(f"patients without any scan, counted as not evaluable: {_who(scans, np.asarray(without))}")
    if people.sheet is not None and people.sheet.empty.size:
        found.append(f"{people.sheet.name}: rows without any entry were left out: {listed(people.sheet.empty.tolist())}")
    step = np.diff(scans.day, axis=1)
    close = np.asarray((step < CLOSE).any(axis=1))
    if close.any():
        found.append(f"visits less than {CLOSE:g} days apart were judged one by one: {_who(scans, close)}")
    return found


def _of_baselines(scans: Scans) -> list[str]:
    found = []
    early = (scans.held & (scans.day <= 0)).sum(axis=1)
    late = np.asarray(scans.held.any(axis=1) & (early == 0))
    if late.any():
        found.append(f"no visit at or before time zero, so the first visit is the baseline: {_who(scans, late)}")
    if (early > 1).any():
        found.append(f"several visits at or before time zero, of which the last is the baseline: {_who(scans, np.asarray(early > 1))}")
    return found


def _of_blasts(scans: Scans, criterion: Criterion | None) -> list[str]:
    """Leukemia that would be in remission from the start is named, in case blasts were written as a fraction."""
    if criterion is None or criterion.name != "leukemia" or not scans.day.shape[1]:
        return []
    first = np.take_along_axis(scans.finding("blasts"), np.maximum(scans.baseline, 0)[:, None], axis=1)[:, 0]
    few = (first < FEW_BLASTS) & scans.held.any(axis=1)
    if not few.any():
        return []
    return [f"marrow blasts under {FEW_BLASTS:g} % at baseline, taken as percent (0.6 is 0.6 %, not 60 %): {_who(scans, few)}"]


def _of_targets(scans: Scans, pieces: list[str]) -> list[str]:
    if not scans.kind.size:
        return []
    target, node = scans.is_kind(*TARGETS), scans.is_kind(Kind.TARGET_NODE)
    visit = np.maximum(scans.baseline, 0)[:, None, None]
    size = np.take_along_axis(scans.diameter, visit, axis=1)[:, 0]
    status = np.take_along_axis(scans.status, visit, axis=1)[:, 0]
    there = target & (status >= Status.TOO_SMALL)
    several = there.sum(axis=1) > MOST_TARGETS
    small = there & ((status == Status.TOO_SMALL) | (size < np.where(node, NODE, LESION)))
    crowded = _crowded(scans, there & ~node) | ((there & node).sum(axis=1) > PER_ORGAN)
    unseen = scans.is_kind(*NON_TARGETS) & (status == Status.NOT_EVALUABLE)
    long = (scans.diameter > LONG).any(axis=(1, 2))
    said = (
        (several, f"more than {MOST_TARGETS:g} targets, judged as given"),
        (crowded, f"more than {PER_ORGAN:g} targets in one organ, judged as given"),
        (small.any(axis=1), f"target nodes under {NODE:g} mm or other targets under {LESION:g} mm at baseline, judged as given"),
        (unseen.any(axis=1), "non-targets not evaluated at baseline"),
        (long, f"diameters over {LONG:g} mm, taken as millimeters"),
    )
    found = [f"{text}: {_who(scans, np.asarray(flagged))}" for flagged, text in said if flagged.any()]
    if pieces:
        found.append(f"lesions named as parts of baseline targets that split or merged, counted in their place: {listed(pieces)}")
    return found


def _crowded(scans: Scans, target: Flags) -> Flags:
    """Patients with more targets in one organ than are chosen."""
    crowded = np.zeros(target.shape[0], dtype=bool)
    if scans.organ is None:
        return crowded
    for lesion in range(target.shape[1]):
        organ = scans.organ[:, lesion]
        same = target & (scans.organ == organ[:, None]) & (organ >= 0)[:, None]
        crowded |= same.sum(axis=1) > PER_ORGAN
    return crowded


def _of_columns(rows: Rows, criterion: Criterion | None) -> list[str]:
    if criterion is None:
        return []
    found = []
    unused = [name for name in rows.findings if name not in (*criterion.needs, *criterion.uses)]
    if unused:
        found.append(f"columns that {criterion.name} does not use: {', '.join(unused)}")
    missing = [name for name in criterion.uses if not rows.sheet.has(name)]
    if missing:
        found.append(f"columns that {criterion.name} reads and that are not there: {', '.join(missing)}; what that means, each visit says")
    return found


def _who(scans: Scans, flagged: Flags) -> str:
    return listed(scans.patients.patient[flagged].tolist())
