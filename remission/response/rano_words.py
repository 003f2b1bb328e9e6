"""What a decision by the criteria of brain tumors says: every sentence with its thresholds, and the findings that were not given.

A decision is the number of a sentence. Signs of progression stand in the order in which one is named, and are said in one of four ways: it
is progression, it is preliminary, it confirms an earlier one, or it is held back early after radiation. Numbers of the visit are filled in
when somebody reads (`Judged.sentence`); thresholds, units and the ids of rules are those of the criterion (`Terms`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from remission.response.rano import Measure, Missing

ENDINGS = 16
"""Endings of a sentence: the bits of `Missing`, and one for a preliminary progression that was not confirmed."""
UNCONFIRMED = 8


class Sign(IntEnum):
    """What shows progression; the first that applies is named."""

    GROWTH = 0
    RETURN = 1
    KNOWN_PART = 2
    NON_TARGET = 3
    NEW_LESION = 4
    PSEUDORESPONSE = 5
    FLAIR = 6
    CLINICAL = 7


SIGNS = {
    Sign.GROWTH: "the {W} of {sum:.6g} {U} is {from_nadir:.1f} % over the nadir of {nadir:.6g} {U}, progression from {P} %{L}",
    Sign.RETURN: "a target is back, {W} {sum:.6g} {U} after 0{L}",
    Sign.KNOWN_PART: "the targets that were measured alone are {known:.6g} {U}, at least {P} % over the nadir of {nadir:.6g} {U}{L}",
    Sign.NON_TARGET: "a lesion that is not a target has progressed",
    Sign.NEW_LESION: "a new lesion",
    Sign.PSEUDORESPONSE: "FLAIR has grown while the {W} is {from_baseline:+.1f} % from the baseline: a pseudoresponse",
    Sign.FLAIR: "FLAIR has grown",
    Sign.CLINICAL: "the clinical state is worse",
}
WAYS = {
    "PD": "{sign} [{R}]",
    "PRELIMINARY": "preliminary PD: {sign}; first seen on day {since:.6g}, counts when a scan from day {due:.6g} on confirms it [{C}]",
    "CONFIRMED": "{sign}; confirms the preliminary PD of day {since:.6g} [{C}]",
    "HELD": "{sign}, but {weeks:.1f} weeks after radiation, and none known outside the high-dose region (early_new_lesion): not PD [{H}]",
}
OTHERS = {
    "NOT_HELD": "no visit",
    "EARLIER": "before the baseline; not judged",
    "BASELINE": "baseline, {W} {sum:.6g} {U}",
    "BASELINE_SMALL": "baseline, {W} {sum:.6g} {U}; a target is under {M}{S} [{R}]",
    "BASELINE_UNKNOWN": "baseline; a target was not evaluated, so its {W} is not known",
    "BASELINE_UNPAIRED": "baseline; a target has no perpendicular diameter, so its {W} is not known",
    "BASELINE_EMPTY": "baseline without a target to measure",
    "AFTER": "progression on day {since:.6g}",
    "NO_BASELINE": "the {W} at the baseline is not known, so change cannot be judged [{R}]",
    "UNPAIRED": "a target has no perpendicular diameter, so the {W} is not known [{R}]",
    "TARGET_MISSING": "not every target was evaluated, and nothing that was counts as progression [{R}]",
    "NOT_GIVEN": "not given, and by choice not taken as stable",
    "OTHERS_MISSING": "not every lesion was evaluated, and there is no target [{R}]",
    "NEW_ON_IMMUNOTHERAPY": "a new lesion alone is not PD under immunotherapy, but bars a response [{R}]",
    "GROWN_ON_LESS": "the {W} of {sum:.6g} {U} is {from_nadir:.1f} % over the nadir of {nadir:.6g} {U}, but the steroid fell from "
    "{dose_before:.6g} to {dose:.6g} mg/day: not PD [{R}]",
    "FLAIR_ON_LESS": "FLAIR has grown, but the steroid fell from {dose_before:.6g} to {dose:.6g} mg/day: not PD [{R}]",
    "MORE_STEROID": "no progression, but the steroid rose from {dose_before:.6g} to {dose:.6g} mg/day: neither SD nor PD [{R}]",
    "FLAIR_BARS": "FLAIR has grown, which bars a response [{R}]",
    "EMPTY": "no target of measurable size at the baseline: stable disease is the best there is, and there is no progression [{R}]",
    "EYE_CR": "every lesion is gone; off steroids and not worse [{R}]",
    "EYE_CR_BARRED": "every lesion is gone, but the steroid bars CR ({dose:.6g} mg/day) [{R}]",
    "EYE": "lesions that cannot be measured persist without progression [{R}]",
    "CR": "every lesion of the baseline is gone; steroid at most {A} mg/day and clinically not worse [{R}]",
    "GONE_STEROID": "every target is gone, but CR is barred by the steroid of {dose:.6g} mg/day (above {A}) [{R}]",
    "GONE_MORE": "every target is gone, but a response is barred by the steroid, up from {dose_before:.6g} to {dose:.6g} mg/day [{R}]",
    "GONE_OTHERS": "every target is gone, other lesions are not [{R}]",
    "PR": "the {W} of {sum:.6g} {U} is {from_baseline:+.1f} % from the baseline of {baseline:.6g} {U}, PR from -{F} % [{R}]",
    "FALL_STEROID": "the {W} of {sum:.6g} {U} is {from_baseline:+.1f} % from the baseline of {baseline:.6g} {U}, but a response is "
    "barred by the steroid, up from {dose_before:.6g} to {dose:.6g} mg/day [{R}]",
    "MINOR": "the {W} of {sum:.6g} {U} is {from_baseline:+.1f} % from the baseline of {baseline:.6g} {U}: a minor response, "
    "from -{N} %, counted as SD [{R}]",
    "NO_LESION_GREW": "the {W} of {sum:.6g} {U} is {from_nadir:.1f} % over the nadir of {nadir:.6g} {U}, but no lesion grew by {X} mm "
    "(most: {lesion_rise:.1f} mm): not PD [{R}]",
    "SMALL_GROWTH": "the {W} of {sum:.6g} {U} is {from_nadir:.1f} % over the nadir of {nadir:.6g} {U}, but no target is of measurable "
    "size ({M}): not PD [{R}]",
    "SD": "the {W} of {sum:.6g} {U} is {from_baseline:+.2f} % from the baseline of {baseline:.6g} {U} and {from_nadir:+.2f} % from the "
    "nadir of {nadir:.6g} {U}: neither PR nor PD [{R}]",
    "SD_AFTER_NOTHING": "the {W} is {sum:.6g} {U}: neither PR nor PD [{R}]",
}
SINGLE = tuple(OTHERS)
HEAD = {name: place for place, name in enumerate((*SINGLE, *(f"{way} {sign.name}" for way in WAYS for sign in Sign)))}
"""The place of each decision; times `ENDINGS`, plus the ending, it is the number of the sentence."""
WRITTEN = {
    "PD": ("AFTER",),
    "NE": ("NO_BASELINE", "UNPAIRED", "TARGET_MISSING", "NOT_GIVEN", "OTHERS_MISSING", "MORE_STEROID"),
    "CR": ("CR", "EYE_CR"),
    "PR": ("GONE_STEROID", "GONE_OTHERS", "PR"),
    "non-CR/non-PD": ("EYE", "EYE_CR_BARRED"),
    "": ("NOT_HELD", "EARLIER", "BASELINE", "BASELINE_SMALL", "BASELINE_UNKNOWN", "BASELINE_UNPAIRED", "BASELINE_EMPTY"),
}


@dataclass(frozen=True)
class Terms:
    """What the sentences of a criterion say: its thresholds in percent and mm, and the ids of its rules."""

    measure: Measure
    rule: str
    rise: float
    fall: float
    allowed_steroid: float
    measurable: str
    confirmation: str = ""
    held: str = ""
    lesion_rise: float | None = None
    minor: float = 0
    small_followed: bool = False


@lru_cache(maxsize=64)
def sentences(terms: Terms) -> tuple[str, ...]:
    """Every decision with every ending."""
    fill = {
        "W": terms.measure.word,
        "U": terms.measure.unit,
        "P": f"{100 * terms.rise:g}",
        "F": f"{100 * terms.fall:g}",
        "N": f"{100 * terms.minor:g}",
        "A": f"{terms.allowed_steroid:g}",
        "M": terms.measurable,
        "S": ", followed by eye" if terms.small_followed else ", judged as given",
        "R": terms.rule,
        "C": terms.confirmation or terms.rule,
        "H": terms.held or terms.rule,
        "X": f"{terms.lesion_rise or 0:g}",
        "L": "" if terms.lesion_rise is None else f", and one lesion grew by {{lesion_rise:.1f}} mm, from {terms.lesion_rise:g} mm",
    }
    signs = [pattern for _, pattern in sorted(SIGNS.items())]
    heads = [_beginning(name) + OTHERS[name] for name in SINGLE]
    heads += [_beginning(way) + text.replace("{sign}", sign) for way, text in WAYS.items() for sign in signs]
    named, taken = _endings(": "), _endings("; ", " not given, taken as stable")
    endings = [named if name == "NOT_GIVEN" else taken for name in (*SINGLE, *("" for _ in heads[len(SINGLE) :]))]
    return tuple(_filled(head, fill) + ending for head, every in zip(heads, endings, strict=True) for ending in every)


def _beginning(name: str) -> str:
    if name in WAYS:
        return {"PD": "PD: ", "PRELIMINARY": "", "CONFIRMED": "PD: ", "HELD": "SD: "}[name]
    found = next((code for code, names in WRITTEN.items() if name in names), "SD")
    return f"{found}: " if found else ""


def _filled(text: str, fill: Mapping[str, str]) -> str:
    for key, value in fill.items():
        text = text.replace(f"{{{key}}}", value)
    return text


def _endings(before: str, after: str = "") -> list[str]:
    names = {Missing.STEROID: "steroid", Missing.CLINICAL: "clinical state", Missing.FLAIR: "FLAIR"}
    found = []
    for bits in range(ENDINGS):
        absent = [name for bit, name in names.items() if bits & bit]
        listed = " and ".join([", ".join(absent[:-1]), *absent[-1:]] if len(absent) > 1 else absent)
        ending = f"{before}{listed}{after}" if absent else ""
        found.append(ending + ("; the preliminary PD of day {since:.6g} was not confirmed" if bits & UNCONFIRMED else ""))
    return found
