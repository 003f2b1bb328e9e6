"""RANO 2010: response of high-grade gliomas by enhancement, FLAIR, steroids and clinical state (Wen 2010).

In the patient: the sum of the products of perpendicular diameters (SPD) of the enhancing lesions. Response needs half of it gone, on no
more steroids and without decline; progression is a quarter more than the lowest, a new lesion, growth on FLAIR, or decline. In the first
12 weeks after radiation two or three in ten patients show more enhancement without more tumor, so that inside the high-dose region it
is no progression.

Represented: [G1] to [G3], and [G6] (iRANO) where `immunotherapy` is chosen: progression that only scans show, within 6 months of the
start of treatment, must be seen again 3 months later. Where the new enhancement lies is not in the data but an option.

Left out: histology as proof of progression, and the choice of up to five targets (the data say which lesions are targets).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from remission.response import best_response
from remission.response.arrays import Flags, Floats
from remission.response.choices import Choice, read_choices
from remission.response.criterion import Criterion
from remission.response.judged import LABELS, PART_LABELS, Judged, Response
from remission.response.rano import AREA, Facts, Options, Rules, facts
from remission.response.rano_decisions import best_of, calm, course, first_sign, judged_visits, signs_of
from remission.response.rano_words import Missing, Sign, Terms
from remission.response.rules import TOLERANCE, read_rules
from remission.response.scans import Scans

RULES: Rules = read_rules(Path(__file__).with_suffix(".csv"))
CHOICES: Mapping[str, Choice] = {**best_response.CHOICES, **read_choices(Path(__file__).with_suffix(".options.csv"))}


def visits(scans: Scans, options: Options) -> Judged:
    """One response per visit."""
    terms = terms_of(options)
    found = facts(scans, options, RULES, AREA)
    shown = signs_of(found, terms, options, new=True, flair=options["flair_progression"])
    early, outside = early_after_radiation(found, RULES), options["early_new_lesion"] == "outside"
    held = {sign: flags & early for sign, flags in shown.items() if not (sign is Sign.NEW_LESION and outside)}
    counted = {sign: flags & ~held.get(sign, np.zeros_like(flags)) for sign, flags in shown.items()}
    sign = first_sign(counted)
    ladder = calm(found, terms, options, first_sign(held))
    waits, wait = immune_waiting(found, options, RULES)
    run = course(scans, sign >= 0, waits, wait, ladder.codes != Response.NE)
    return judged_visits(scans, found, terms, sign, ladder, run, Missing.STEROID)


def terms_of(options: Options) -> Terms:
    """What the sentences say."""
    return Terms(
        measure=AREA,
        rule="G2",
        rise=RULES["progression"].value,
        fall=RULES["partial_response"].value,
        allowed_steroid=options["physiologic_steroid"],
        measurable=f"{RULES['measurable_diameter'].value:g} x {RULES['measurable_perpendicular'].value:g} mm",
        confirmation="G6",
        held="G3",
        small_followed=options["unmeasurable_targets"] == "non-target",
    )


def early_after_radiation(found: Facts, rules: Rules) -> Flags:
    """Visits in the first weeks after the end of radiation [M, V]."""
    return (found.since_radiation >= 0) & (found.since_radiation < rules["early_period"].value - TOLERANCE)


def immune_waiting(found: Facts, options: Options, rules: Rules) -> tuple[Flags, Floats]:
    """Visits at which progression must be confirmed because of immunotherapy [M, V], and how long after."""
    since = found.since_treatment
    inside = (since >= 0) & (since <= rules["immune_period"].value + TOLERANCE)
    return inside & ~found.worse & options["immunotherapy"], np.full(since.shape, rules["immune_confirmation"].value)


CRITERION = Criterion(
    name="rano2010",
    title="RANO 2010, high-grade glioma (Wen 2010, doi:10.1200/JCO.2009.26.3541)",
    rules=RULES,
    choices=CHOICES,
    labels=LABELS,
    visits=visits,
    best=best_of,
    needs=("perpendicular_mm",),
    uses=("diameter_mm", "steroid", "clinical", "flair"),
    refractory="solid",
    two_axes=True,
    target_labels=PART_LABELS,
)
