"""RANO-BM: response of metastases in the brain (Lin 2015).

In the patient: lesions in the brain are judged apart from the body, which has RECIST. The sum of longest diameters must fall by three
tenths, without more steroids or decline; a rise of two tenths is progression only when one lesion grew by 5 mm.

Represented: [G5]. Lesions of the brain alone are given. On immunotherapy a new lesion alone is no progression, yet bars a response.

Left out: response of the body and of both together, and the choice of up to five targets (the data say which lesions are targets).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from remission.response import best_response
from remission.response.choices import Choice, read_choices
from remission.response.criterion import Criterion
from remission.response.judged import PART_LABELS, Best, Judged, Response
from remission.response.rano import LENGTH, Options, Rules, facts
from remission.response.rano_decisions import NO_SIGN, best_of, calm, course, first_sign, judged_visits, signs_of
from remission.response.rano_words import Missing, Terms
from remission.response.rules import read_rules
from remission.response.scans import Scans

RULES: Rules = read_rules(Path(__file__).with_suffix(".csv"))
CHOICES: Mapping[str, Choice] = {**best_response.CHOICES, **read_choices(Path(__file__).with_suffix(".options.csv"))}


def visits(scans: Scans, options: Options) -> Judged:
    """One response per visit."""
    terms = terms_of(options)
    found = facts(scans, options, RULES, LENGTH, flair=options["flair_progression"])
    found = replace(found, missing=found.missing & ~np.int8(Missing.FLAIR))
    sign = first_sign(signs_of(found, terms, options, new=not options["immunotherapy"], flair=True))
    ladder = calm(found, terms, options, np.full_like(sign, NO_SIGN), by_eye=True)
    nothing = np.zeros(sign.shape)
    run = course(scans, sign >= 0, nothing > 0, nothing, ladder.codes != Response.NE)
    return judged_visits(scans, found, terms, sign, ladder, run, 0)


def best(scans: Scans, judged: Judged, options: Options) -> Best:
    """The best response of each patient."""
    return best_of(scans, judged, options, by_eye=True)


def terms_of(options: Options) -> Terms:
    """What the sentences say."""
    return Terms(
        measure=LENGTH,
        rule="G5",
        rise=RULES["progression"].value,
        fall=RULES["partial_response"].value,
        allowed_steroid=options["physiologic_steroid"],
        measurable=f"{options['minimum_diameter']:g} x {RULES['measurable_perpendicular'].value:g} mm",
        lesion_rise=RULES["lesion_rise"].value,
        small_followed=options["unmeasurable_targets"] == "non-target",
    )


CRITERION = Criterion(
    name="rano-bm",
    title="RANO-BM, metastases of the brain (Lin 2015, doi:10.1016/S1470-2045(15)70057-4)",
    rules=RULES,
    choices=CHOICES,
    labels=PART_LABELS,
    visits=visits,
    best=best,
    uses=("diameter_mm", "perpendicular_mm", "steroid", "clinical", "flair"),
    refractory="solid",
    target_labels=PART_LABELS,
)
