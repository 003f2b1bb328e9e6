"""RANO 2.0: response of gliomas of every grade, with confirmation of early progression (Wen 2023).

In the patient: as in RANO 2010, the burden of the targets with steroids and clinical state. Progression in the first 12 weeks after
radiation is preliminary: it counts, from the day it was first seen, only when a scan at least four weeks later shows it again. FLAIR is
read only where the tumor does not enhance, or not all of it does.

Represented: [G4], and [G6] where `immunotherapy` is chosen. The burden is a sum of products (2d), of volumes of the spheroids on both
diameters (3d) or of longest diameters (1d), each with its thresholds. A minor response of a tumor that does not enhance is stable disease
with a sentence of its own.

Left out: the baseline after radiation is not chosen here (the baseline is the last visit at or before time zero); enhancing and other
parts of a mixed tumor are not judged side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from remission.response import best_response
from remission.response.arrays import Flags
from remission.response.choices import Choice, read_choices
from remission.response.criterion import Criterion
from remission.response.judged import LABELS, PART_LABELS, Judged, Response
from remission.response.rano import AREA, LENGTH, VOLUME, Facts, Measure, Options, Rules, facts
from remission.response.rano_2010 import early_after_radiation, immune_waiting
from remission.response.rano_decisions import NO_SIGN, best_of, calm, course, first_sign, judged_visits, signs_of
from remission.response.rano_words import Missing, Sign, Terms
from remission.response.rules import read_rules
from remission.response.scans import Scans

RULES: Rules = read_rules(Path(__file__).with_suffix(".csv"))
CHOICES: Mapping[str, Choice] = {**best_response.CHOICES, **read_choices(Path(__file__).with_suffix(".options.csv"))}
MEASURES: Mapping[str, Measure] = {"1d": LENGTH, "2d": AREA, "3d": VOLUME}


def visits(scans: Scans, options: Options) -> Judged:
    """One response per visit."""
    terms = terms_of(options)
    swelling = options["tumor"] != "enhancing"
    found = facts(scans, options, RULES, terms.measure, flair=swelling)
    shown = signs_of(found, terms, options, new=True, flair=swelling)
    proven = early_after_radiation(found, RULES) & shown[Sign.NEW_LESION] & (options["early_new_lesion"] == "outside")
    sign = np.where(proven, np.int8(Sign.NEW_LESION), first_sign(shown))
    ladder = calm(found, terms, options, np.full_like(sign, NO_SIGN))
    immune, later = immune_waiting(found, options, RULES)
    waits = (must_be_confirmed(found, options) & ~proven) | immune
    wait = np.where(immune, later, options["progression_confirmation_days"])
    grown = np.where((sign == Sign.GROWTH) | (sign == Sign.RETURN), found.burden, np.nan)
    growth = (grown, terms.rise) if options["confirmed_by"] == "growth" else None
    run = course(scans, sign >= 0, waits, wait, ladder.codes != Response.NE, growth)
    return judged_visits(scans, found, terms, sign, ladder, run, Missing.STEROID)


def must_be_confirmed(found: Facts, options: Options) -> Flags:
    """Visits at which progression is preliminary [M, V]."""
    if options["confirmation_of_progression"] == "early":
        return early_after_radiation(found, RULES)
    return np.full(found.burden.shape, options["confirmation_of_progression"] == "always")


def terms_of(options: Options) -> Terms:
    """What the sentences say."""
    measure = MEASURES[options["dimension"]]
    end = f"_{options['dimension']}"
    minor = "minor_response" + end  # there is none by one diameter
    return Terms(
        measure=measure,
        rule="G4",
        rise=RULES["progression" + end].value,
        fall=RULES["partial_response" + end].value,
        minor=RULES[minor].value if options["tumor"] != "enhancing" and minor in RULES else 0,
        allowed_steroid=options["physiologic_steroid"],
        measurable=f"{RULES['measurable_diameter'].value:g} x {RULES['measurable_perpendicular'].value:g} mm",
        confirmation="G4, G6" if options["immunotherapy"] else "G4",
        small_followed=options["unmeasurable_targets"] == "non-target",
    )


CRITERION = Criterion(
    name="rano2",
    title="RANO 2.0, glioma of any grade (Wen 2023, doi:10.1200/JCO.23.01059)",
    rules=RULES,
    choices=CHOICES,
    labels=LABELS,
    visits=visits,
    best=best_of,
    uses=("diameter_mm", "perpendicular_mm", "steroid", "clinical", "flair"),
    refractory="solid",
    two_axes=True,
    target_labels=PART_LABELS,
)
