"""What CT shows of a lymphoma: lymph nodes and masses by the product of their two axes, other disease by eye, the spleen by its length.

In the patient: up to six targets give a sum of products (SPD); a node of at most 15 mm is normal. Response asks what has become of the
sum; progression asks of each lesion alone whether its product has grown by half over its own lowest and an axis by 5 or 10 mm. A
lesion's lowest begins with the visit that first saw it, so the pieces of a mass that splits are not growth.

Represented: arrays patients by visits, with thresholds of `lugano.csv` and options of `lugano.options.csv`.
Left out: the marrow (record it as a non-target), the liver's size, and which six lesions to choose: targets are taken as given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from remission.response.arrays import Codes, Flags, Floats, at, first, last
from remission.response.criterion import Options
from remission.response.judged import Response, framed, lowest_before
from remission.response.rules import TOLERANCE, Rule, read_rules
from remission.response.scans import NON_TARGETS, TARGETS, Kind, Scans, Status

RULES: Mapping[str, Rule] = read_rules(Path(__file__).with_name("lugano.csv"))
GONE = (Response.CR, Response.NONE)


@dataclass(frozen=True)
class Axes:
    """Longest and shortest diameter of every lesion, mm [M, V, L]; NaN where an axis is not known, 0 where the lesion has gone."""

    long: Floats
    short: Floats
    shown: Floats
    """The longest axis that was measured, even where the other was not."""


@dataclass(frozen=True)
class Growth:
    """Progression of single targets [M, V], with the numbers of the lesion that grew most: product and longest diameter, now and lowest."""

    grown: Flags
    returned: Flags
    product: Floats
    lowest_product: Floats
    diameter: Floats
    rise: Floats
    """Rise of the axis that grew most, mm."""


@dataclass(frozen=True)
class Spleen:
    """The spleen at each visit [M, V]; `normal` and `regressed` hold too for one that never was enlarged, not where it was not measured."""

    length: Floats
    reference: Floats
    enlarged: Flags
    normal: Flags
    regressed: Flags
    unknown: Flags
    progressed: Flags


@dataclass(frozen=True)
class Ct:
    """All that CT says of each visit [M, V]."""

    sum: Floats
    nadir: Floats
    target: Codes
    non_target: Codes
    growth: Growth
    spleen: Spleen
    code: Codes
    """The response by CT, without new lesions."""


def read_ct(scans: Scans, options: Options) -> Ct:
    """Every visit by CT."""
    axes = axes_of(scans, options)
    growth, spleen = _growth(scans, axes, options), _spleen(scans, options)
    burden = _sum_of_products(scans, axes)
    targets = _target_response(scans, axes, burden, growth)
    others = _non_target_response(scans, axes)
    code = _overall(targets, others, growth, spleen)
    return Ct(burden, lowest_before(burden, scans.counted), targets, others, growth, spleen, code)


def axes_of(scans: Scans, options: Options) -> Axes:
    """Both axes of every lesion, whichever column holds the longer one; a lesion too small to measure has the same in both."""
    first, measured = scans.sizes(options["too_small"]), scans.status == Status.MEASURED
    if scans.perpendicular is None:
        second = np.where(measured, np.nan, first)
    else:
        second = np.where(measured | ~np.isnan(scans.perpendicular), scans.perpendicular, first)
    if options["single_axis"] == "round":
        second = np.where(np.isnan(second), first, second)
    return Axes(np.maximum(first, second), np.minimum(first, second), np.fmax(first, second))


def any_lesion(flags: Flags) -> Flags:
    """Whether a flag is set for any lesion, the last axis; lesion by lesion, which is faster than a reduction over so few."""
    found = np.zeros(flags.shape[:-1], dtype=bool)
    for lesion in range(flags.shape[-1]):
        found |= flags[..., lesion]
    return found


def first_known(scans: Scans, values: Floats) -> Floats:
    """A finding at the baseline or last before it; where there is none the first one after, from its visit on [M, V]."""
    known = scans.held & ~np.isnan(values)
    until = known & (np.arange(values.shape[1]) <= scans.baseline[:, None])
    since = np.logical_or.accumulate(known, axis=1)
    later = np.where(since, first(values, known)[:, None], np.nan)
    return np.where(until.any(axis=1)[:, None], last(values, until)[:, None], later)


def enlarged_by(now: Floats, before: Floats, share: float) -> Flags:
    """Whether a burden rose by at least this share."""
    return np.asarray((now > before) & (now >= before * (1 + share - TOLERANCE)))


def needed_rise(size: Floats) -> Floats:
    """The rise of an axis that makes a lesion of this longest diameter progress, mm."""
    small = size <= RULES["small_lesion"].value + TOLERANCE
    return np.where(small, RULES["small_rise"].value, RULES["large_rise"].value)


def _growth(scans: Scans, axes: Axes, options: Options) -> Growth:
    """Each target against its own lowest; a sequential look at the visits."""
    target, node = scans.is_kind(*TARGETS), scans.is_kind(Kind.TARGET_NODE)
    abnormal = np.where(node, RULES["normal_node"].value, options["extranodal_progression"]) + TOLERANCE
    as_new = np.where(node, RULES["normal_node"].value, RULES["extranodal"].value) + TOLERANCE
    back_from = np.zeros(as_new.shape) if options["regrowth"] == "any" else as_new
    lowest, low_long, low_short = (np.full(target.shape, np.inf) for _ in range(3))
    known_before, resolved = np.zeros(target.shape, dtype=bool), np.zeros(target.shape, dtype=bool)
    found = Growth(*(np.zeros(scans.day.shape, dtype=bool) for _ in range(2)), *(np.full(scans.day.shape, np.nan) for _ in range(4)))
    for visit in range(scans.day.shape[1]):
        looked, there = target & scans.counted[:, visit, None], scans.seen[:, visit]
        long, short = axes.long[:, visit].copy(), axes.short[:, visit].copy()
        now, rise = long * short, np.maximum(long - low_long, short - low_short)
        needed = needed_rise(low_long if options["lesion_size"] == "lowest" else long)
        grown = looked & (long > abnormal) & (rise >= needed - TOLERANCE) & enlarged_by(now, lowest, RULES["progression"].value)
        returned = looked & resolved & there & ~(axes.shown[:, visit] <= back_from)
        _note(found, visit, grown, returned, (now, lowest, long, rise))

        known_before |= looked & there
        resolved |= known_before & looked & (scans.status[:, visit] == Status.ABSENT)
        counts = known_before & looked & ~np.isnan(now)
        for low, size in ((lowest, now), (low_long, long), (low_short, short)):
            np.minimum(low, size, out=low, where=counts)
    return found


def _note(found: Growth, visit: int, grown: Flags, returned: Flags, sizes: Sequence[Floats]) -> None:
    """Enter a visit, with the numbers of the lesion whose product is the largest among those that progressed."""
    found.grown[:, visit], found.returned[:, visit] = any_lesion(grown), any_lesion(returned)
    rows = np.flatnonzero(found.grown[:, visit] | found.returned[:, visit])
    if not rows.size:
        return
    shown = np.where(found.grown[rows, visit][:, None], grown[rows], returned[rows])
    lesion = np.where(shown, np.nan_to_num(sizes[0][rows], nan=0.0), -1.0).argmax(axis=1)
    for values, kept in zip(sizes, (found.product, found.lowest_product, found.diameter, found.rise), strict=True):
        kept[rows, visit] = values[rows, lesion]


def _sum_of_products(scans: Scans, axes: Axes) -> Floats:
    """The products of all targets added up [M, V], mm2; NaN where one is not known, without targets and before the baseline."""
    target = scans.is_kind(*TARGETS)
    total = np.where(scans.counted & any_lesion(target)[:, None], 0.0, np.nan)
    for lesion in range(target.shape[1]):
        total += np.where(target[:, lesion, None], axes.long[..., lesion] * axes.short[..., lesion], 0.0)
    return total


def _target_response(scans: Scans, axes: Axes, burden: Floats, growth: Growth) -> Codes:
    """The targets alone [M, V]: CR when every node is normal and every other target has gone, whatever the sum."""
    target, node = scans.is_kind(*TARGETS), scans.is_kind(Kind.TARGET_NODE)[:, None, :]
    normal = np.where(node, axes.long <= RULES["normal_node"].value + TOLERANCE, scans.status == Status.ABSENT)
    recorded = any_lesion((scans.status == Status.PROGRESSION) & target[:, None, :])
    complete = ~any_lesion(~normal & target[:, None, :])
    start = at(burden, scans.baseline)[:, None]
    partial = burden <= start * (1 - RULES["partial_response"].value + TOLERANCE)
    unknown = np.isnan(burden) | np.isnan(start)
    choices = [growth.grown | growth.returned | recorded, complete, unknown, partial]
    code = np.select(choices, [Response.PD, Response.CR, Response.NE, Response.PR], Response.SD)
    return framed(scans, code.astype(np.int8), any_lesion(target)[:, None])


def _non_target_response(scans: Scans, axes: Axes) -> Codes:
    """Disease that is not measured [M, V]."""
    followed, status = scans.is_kind(*NON_TARGETS), scans.status
    node, there = scans.is_kind(Kind.NON_TARGET_NODE)[:, None, :], followed[:, None, :]
    small = (status == Status.TOO_SMALL) | ((status == Status.MEASURED) & (axes.shown <= RULES["normal_node"].value + TOLERANCE))
    gone = ~any_lesion(there & ~((status == Status.ABSENT) | (node & small)))
    progressed = any_lesion(there & (status == Status.PROGRESSION))
    unknown = any_lesion(there & (status == Status.NOT_EVALUABLE))
    code = np.select([progressed, unknown, gone], [Response.PD, Response.NE, Response.CR], Response.NON_CR_NON_PD)
    return framed(scans, code.astype(np.int8), any_lesion(followed)[:, None])


def _spleen(scans: Scans, options: Options) -> Spleen:
    """The spleen against its length at the baseline, or at the first visit that measured it."""
    length, normal = scans.finding("spleen_cm"), options["normal_spleen"]
    start = first_known(scans, length)
    lowest = np.fmin(lowest_before(length, scans.counted), start)
    reference = lowest if options["spleen_reference"] == "lowest" else start
    swollen, excess = start > normal + TOLERANCE, reference - normal
    grown = (excess > TOLERANCE) & (length > normal + (1 + RULES["spleen_progression"].value) * excess + TOLERANCE)
    again = (lowest <= normal + TOLERANCE) & (length > normal + TOLERANCE) & (length >= lowest + RULES["spleen_rise"].value - TOLERANCE)
    regressed = length - normal < (1 - RULES["spleen_regression"].value) * (start - normal) - TOLERANCE
    return Spleen(
        length=length,
        reference=np.where(again, lowest, reference),
        enlarged=swollen,
        normal=~swollen | (length <= normal + TOLERANCE),
        regressed=~swollen | regressed,
        unknown=swollen & np.isnan(length),
        progressed=scans.later & (grown | again),
    )


def _overall(target: Codes, non_target: Codes, growth: Growth, spleen: Spleen) -> Codes:
    """Targets, other disease and spleen as one response [M, V]; without targets, by the others alone."""
    progressed = (target == Response.PD) | (non_target == Response.PD) | spleen.progressed
    nothing = (target == Response.NONE) & (non_target == Response.NONE) & ~spleen.enlarged
    rest_gone = np.isin(non_target, GONE)
    complete = np.isin(target, GONE) & rest_gone & spleen.normal
    shrunk = np.isin(target, (Response.CR, Response.PR)) | ((target == Response.NONE) & rest_gone & spleen.enlarged & ~spleen.unknown)
    partial = shrunk & (spleen.regressed | spleen.unknown)
    without = (target == Response.NONE) & ((non_target == Response.NE) | (rest_gone & spleen.unknown))
    unknown = (target == Response.NE) | without
    choices = [progressed, nothing, complete, partial, unknown]
    return np.select(choices, [Response.PD, Response.NE, Response.CR, Response.PR, Response.NE], Response.SD).astype(np.int8)
