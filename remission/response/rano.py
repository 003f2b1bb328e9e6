"""What the criteria of brain tumors share: the burden of the targets, and the findings beside it.

In the patient: contrast enhancement can grow, shrink or come back for reasons other than tumor. Steroids seal vessels, radiation opens
them, and immune cells swell a lesion. So the criteria of the Response Assessment in Neuro-Oncology group (RANO) read the size of the
targets together with the dose of steroids, the clinical state, FLAIR, new lesions and the time since radiation.

Represented: the size of a lesion is its longest diameter, the product with the one across it, or the volume of the spheroid on both; the
burden is the sum over the targets. `Facts` holds what a visit says, [M, V], before any rule is applied; `rano_decisions.py` applies them.

Left out: slices, cysts and cavities, Karnofsky scores (the clinical state is given as better, stable or worse), histology, perfusion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remission.response.arrays import Codes, Flags, Floats, at
from remission.response.criterion import Options
from remission.response.judged import Response, lowest_before
from remission.response.rules import TOLERANCE, Rule
from remission.response.scans import NON_TARGETS, TARGETS, Kind, Scans, Status

Rules = Mapping[str, Rule]


@dataclass(frozen=True)
class Measure:
    """How the size of a lesion enters the burden, and how a sentence calls it."""

    dimensions: int
    word: str
    unit: str


LENGTH = Measure(1, "sum of diameters", "mm")
AREA = Measure(2, "SPD", "mm2")
VOLUME = Measure(3, "volume", "mm3")


class Missing(IntEnum):
    """Findings that were not given at a visit, as bits."""

    STEROID = 1
    CLINICAL = 2
    FLAIR = 4


@dataclass(frozen=True)
class Facts:
    """What a visit says before any rule is applied, arrays [M, V] unless said otherwise.

    burden: sum over the targets, NaN where one is not known; known: the sum of those that are. start [M, 1]: the burden at the baseline;
    nadir: the lowest before the visit. rise: the largest growth of one target since the visit of the nadir, mm of diameter. gone: every
    target absent. sizable: a target is of measurable size now. unpaired: a target has a diameter but none across it. targets [M, 1]:
    there are targets to measure; small [M, 1]: one was under the measurable size at the baseline. non_target: codes. new: a new lesion
    is seen now. dose in mg/day of dexamethasone, with that at the baseline [M, 1] and at the nadir. missing: bits of `Missing`.
    since_radiation, since_treatment: days, NaN when unknown.
    """

    burden: Floats
    known: Floats
    start: Floats
    nadir: Floats
    rise: Floats
    gone: Flags
    sizable: Flags
    unpaired: Flags
    targets: Flags
    small: Flags
    non_target: Codes
    new: Flags
    dose: Floats
    dose_start: Floats
    dose_nadir: Floats
    worse: Flags
    flair_up: Flags
    missing: NDArray[np.int8]
    since_radiation: Floats
    since_treatment: Floats

    @property
    def more_steroid(self) -> Flags:
        """The dose is above that of the baseline; one that was not given is taken as stable."""
        return self.dose > self.dose_start + TOLERANCE

    @property
    def less_steroid(self) -> Flags:
        """The dose is below that at the nadir; one that was not given is taken as stable."""
        return self.dose < self.dose_nadir - TOLERANCE

    def off_steroid(self, allowed: float) -> Flags:
        """The dose is at most this one; where it was not given it is that of the baseline, and none if that was not given either."""
        taken = np.where(np.isnan(self.dose), np.nan_to_num(self.dose_start), self.dose)
        return taken <= allowed + TOLERANCE

    def grown(self, burden: Floats, share: float) -> Flags:
        """The burden is at least this share above its nadir; anything is above a nadir of nothing."""
        return (burden > TOLERANCE) & (burden >= self.nadir * (1 + share) - TOLERANCE * self.nadir)

    def fallen(self, share: float) -> Flags:
        """The burden is at least this share below the baseline."""
        return (self.start > 0) & (self.burden <= self.start * (1 - share) + TOLERANCE * self.start)


def facts(scans: Scans, options: Options, rules: Rules, measure: Measure, *, flair: bool = True) -> Facts:
    """What the visits say; without `flair` that finding is not read."""
    targets, others, small = followed(scans, options, rules)
    status, length, size = lesion_sizes(scans, measure, rules["too_small"].value, options.get("missing_perpendicular") == "round")
    here = targets.T[:, :, None]
    unknown = here & np.isnan(size)
    known = np.where(here & ~unknown, size, 0.0).sum(axis=0)
    burden = np.where(_some(unknown) | ~_some(targets.T)[:, None], np.nan, known)
    lowest, nadir = lowest_visit(burden, scans.counted), lowest_before(burden, scans.counted)
    dose, dose_start = scans.finding("steroid"), at(scans.finding("steroid"), scans.baseline)[:, None]
    state = scans.finding("clinical")
    swelling = scans.finding("flair") if flair else np.zeros(scans.day.shape)
    return Facts(
        burden=burden,
        known=known,
        start=at(burden, scans.baseline)[:, None],
        nadir=nadir,
        rise=largest_rise(np.where(here, length, np.nan), scans.counted, lowest, options.get("lesion_reference", "")),
        gone=_some(targets.T)[:, None] & ~_some(here & (status != Status.ABSENT)),
        sizable=_some(here & measurable(scans, length, rules)),
        unpaired=_some(unknown & ~np.isnan(length)),
        targets=_some(targets.T)[:, None],
        small=_some(small.T)[:, None],
        non_target=non_target_response(status, others),
        new=_some(scans.is_kind(Kind.NEW).T[:, :, None] & (status >= Status.TOO_SMALL)) & scans.later,
        dose=dose,
        dose_start=dose_start,
        dose_nadir=np.where(np.isnan(nadir), np.nan, np.take_along_axis(dose, lowest, axis=1)),
        worse=state > 0,
        flair_up=swelling > 0,
        missing=_missing(np.isnan(dose) | np.isnan(dose_start), np.isnan(state), np.isnan(swelling)),
        since_radiation=scans.day - scans.patients.radiation_end[:, None],
        since_treatment=scans.day - np.nan_to_num(scans.patients.treatment_start)[:, None],
    )


def followed(scans: Scans, options: Options, rules: Rules) -> tuple[Flags, Flags, Flags]:
    """Which lesions are measured, which are followed by eye, and which targets are under the measurable size at the baseline [M, L]."""
    targets = scans.is_kind(*TARGETS)
    others = scans.is_kind(*NON_TARGETS)
    least = options.get("minimum_diameter", rules["measurable_diameter"].value)
    small = _at_baseline(scans, scans.diameter) < least - TOLERANCE
    if scans.perpendicular is not None:
        small |= _at_baseline(scans, scans.perpendicular) < rules["measurable_perpendicular"].value - TOLERANCE
    small = targets & (small | (_at_baseline(scans, scans.status) == Status.TOO_SMALL))
    if options["unmeasurable_targets"] == "non-target":
        return targets & ~small, others | small, small
    return targets, others, small


def lesion_sizes(scans: Scans, measure: Measure, too_small: float, as_round: bool) -> tuple[Codes, Floats, Floats]:
    """Status, diameter and size of every lesion [L, M, V], the size in the unit of the measure; NaN where it is not known.

    A lesion too small to measure has the size of one of `too_small` mm in each direction. Lesions without a diameter across the longest
    have no product, unless they are taken `as_round`. Lesions come first because sums over a short last axis are slow.
    """
    status, length = _lesions_first(scans.status), _lesions_first(scans.diameter)
    tiny, absent = status == Status.TOO_SMALL, status == Status.ABSENT
    np.copyto(length, too_small, where=tiny & np.isnan(length))
    np.copyto(length, 0.0, where=absent)
    np.copyto(length, np.nan, where=(status < Status.ABSENT) | (status > Status.MEASURED))
    if measure.dimensions == 1:
        return status, length, length
    across = np.full_like(length, np.nan) if scans.perpendicular is None else _lesions_first(scans.perpendicular)
    unpaired = np.isnan(across)
    np.copyto(across, np.minimum(length, too_small), where=tiny & unpaired)
    np.copyto(across, length, where=absent | (unpaired & as_round))
    if measure.dimensions == 2:
        return status, length, length * across
    return status, length, np.pi / 6 * np.maximum(length, across) * np.minimum(length, across) ** 2


def measurable(scans: Scans, length: Floats, rules: Rules) -> Flags:
    """Which lesions are of measurable size at a visit [L, M, V], by the diameters that are known."""
    large = length >= rules["measurable_diameter"].value - TOLERANCE
    if scans.perpendicular is None:
        return large
    return large & ~(_lesions_first(scans.perpendicular) < rules["measurable_perpendicular"].value - TOLERANCE)


def lowest_visit(burden: Floats, counted: Flags) -> NDArray[np.int64]:
    """The visit of the nadir: where the lowest burden before each visit was first seen [M, V]; 0 where none was known."""
    found = np.zeros(burden.shape, dtype=np.int64)
    lowest = np.full(burden.shape[0], np.inf)
    place = np.zeros(burden.shape[0], dtype=np.int64)
    for visit in range(1, burden.shape[1]):
        lower = counted[:, visit - 1] & (burden[:, visit - 1] < lowest)
        lowest = np.where(lower, burden[:, visit - 1], lowest)
        place = np.where(lower, visit - 1, place)
        found[:, visit] = place
    return found


def largest_rise(length: Floats, counted: Flags, lowest: NDArray[np.int64], reference: str) -> Floats:
    """The largest growth of one lesion's diameter [M, V], mm: since the visit of the nadir, or since that lesion was smallest.

    Criteria that do not ask for it name no reference.
    """
    if not reference:
        return np.broadcast_to(-np.inf, counted.shape)
    if reference == "nadir":
        before = np.take_along_axis(length, lowest[None], axis=2)
    else:
        smallest = np.fmin.accumulate(np.where(counted, length, np.nan), axis=2)
        before = np.concatenate([np.full_like(length[:, :, :1], np.nan), smallest[:, :, :-1]], axis=2)
    return np.fmax.reduce(length - before, axis=0, initial=-np.inf)


def non_target_response(status: Codes, others: Flags) -> Codes:
    """Lesions followed by eye [M, V]: progression, still there, not all evaluated, or gone; `NONE` where there are none."""
    here = others.T[:, :, None]
    there = _some(here & (status >= Status.TOO_SMALL))
    unknown = _some(here & (status == Status.NOT_EVALUABLE))
    code = np.where(there, np.int8(Response.NON_CR_NON_PD), np.where(unknown, np.int8(Response.NE), np.int8(Response.CR)))
    code = np.where(_some(here & (status == Status.PROGRESSION)), np.int8(Response.PD), code)
    return np.where(_some(others.T)[:, None], code, np.int8(Response.NONE))


def _lesions_first(values: NDArray[Any]) -> NDArray[Any]:
    """A copy [L, M, V] of what is known per lesion [M, V, L]."""
    return np.moveaxis(values, 2, 0).copy()


def _some(flags: Flags) -> Flags:
    """Whether one of the lesions (the first axis) is so."""
    return np.logical_or.reduce(flags, axis=0)


def _at_baseline(scans: Scans, values: NDArray[Any]) -> NDArray[Any]:
    return values[np.arange(len(values)), np.maximum(scans.baseline, 0)]


def _missing(steroid: Flags, clinical: Flags, flair: Flags) -> NDArray[np.int8]:
    return (Missing.STEROID * steroid + Missing.CLINICAL * clinical + Missing.FLAIR * flair).astype(np.int8)
