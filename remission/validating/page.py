"""The generated page `docs/validation.md`: what was calibrated, what was not, misses first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from remission.calibration.headlines import WINDOWS
from remission.validating.scores import Score, by_trial

if TYPE_CHECKING:
    from remission.validating.job import ValidationResult

ROLES = {
    "calibrate": "Fitted",
    "validate": "Not fitted",
    "transport": "Other products and populations",
}
HEADER = """# Validation

This page is written by `python scripts/validation_page.py` from what `remission validate` finds. Research use only.

A target is **inside** when the published value lies in the central 95 % of replicates: trials of its size, from draws of the posterior,
watched as long as the trial watched. The **width ratio** compares that interval with pure sampling from one set of numbers; up to 1.5 is
sharp. The **reference** is something simpler: the mean of the same number in other trials, or no difference. *Internal* targets were seen
while the model was chosen. A dash means that it cannot be said.
"""


def page(result: ValidationResult) -> str:
    """The page as Markdown."""
    parts = [HEADER]
    for name, scores in result.scores.items():
        parts += _disease(name, scores, result.accounts[name], result)
    return "\n".join(parts).rstrip() + "\n"


def _disease(name: str, scores: Sequence[Score], account: Mapping[str, Any], result: ValidationResult) -> list[str]:
    parts = [f"## {name}\n", _counts(result.summary()["roles"]), _misses(scores), _windows(account), _trials(scores)]
    for role, title in ROLES.items():
        mine = [one for one in scores if one.target.role == role and one.inside is not None]
        if mine:
            parts += [f"### {title}\n", _table(mine)]
    return [*parts, _unread(scores), _calibration(account)]


def _counts(roles: Mapping[str, Mapping[str, int]]) -> str:
    rows = [(ROLES[role], c["targets"], c["judged"], c["inside"], c["sharp"]) for role, c in roles.items()]
    return markdown(("", "Targets", "Judged", "Inside", "Sharp"), rows)


def _misses(scores: Sequence[Score]) -> str:
    missed = [one for one in scores if one.inside is False]
    if not missed:
        return "### Misses\n\nNone.\n"
    return "### Misses\n\n" + _table(missed)


def _windows(account: Mapping[str, Any]) -> str:
    inside, lines, report = account["windows_inside"], account["headlines"], account["report"]
    sizes = account["sizes"]
    rows = []
    for window in WINDOWS:
        drawn = sorted(value for value in lines[window.name][1:] if value is not None)
        span = f"{_number(_at(drawn, 0.025))} to {_number(_at(drawn, 0.975))}" if drawn else "-"
        known = report["headlines"].get(window.name)
        rows.append((window.name, _limits(window), _number(known), span, f"{inside[window.name]:.2f}"))
    said = (
        f"At the calibrated point on {report['patients']} patients that the fit did not see "
        f"(arms compared on {report['patients_of_other_arms']}), "
        f"and over {sizes['draws'] - 1} posterior draws of {sizes['draw_patients']} patients each. "
        "The posterior is not narrowed to raise a share.\n"
    )
    return (
        "### Headline windows\n\n" + said + "\n" + markdown(("Number", "Window", "Value", "95 % of draws", "Share of draws inside"), rows)
    )


def _limits(window) -> str:
    if window.low is None:
        return f"at most {window.high:g}"
    return f"above {window.low:g}" if window.high is None else f"{window.low:g} to {window.high:g}"


def _at(values: Sequence[float], share: float) -> float:
    return values[round(share * (len(values) - 1))]


def _trials(scores: Sequence[Score]) -> str:
    rows = [
        (one["trial"], one["targets"], one["judged"], one["inside"], _number(one["score"]), _number(one["score_where_referenced"]),
         _number(one["reference_score"]))
        for one in by_trial(scores)
        if one["judged"]
    ]  # fmt: skip
    said = (
        "The score is the root mean square distance of published values from the middle of their replicates, in standard deviations of the "
        "replicates: about 1 is chance, less is better. The last two columns use only targets that have a reference.\n"
    )
    header = ("Trial", "Targets", "Judged", "Inside", "Score", "Score, with reference", "Score of the reference")
    return "### One score per trial\n\n" + said + "\n" + markdown(header, rows)


def _table(scores: Iterable[Score]) -> str:
    rows = []
    for one in scores:
        target = one.target
        published = _number(target.value) + (f" ({_number(target.low)} to {_number(target.high)})" if target.low is not None else "")
        interval = f"{_number(one.median)} ({_number(one.low)} to {_number(one.high)})"
        name = target.name + (" (internal)" if target.internal else "")
        what = ", ".join(
            part for part in (target.endpoint, target.subgroup, "" if target.month is None else f"month {target.month:g}") if part
        )
        verdict = "-" if one.inside is None else "yes" if one.inside else "**no**"
        beats = "-" if one.beats_reference is None else "yes" if one.beats_reference else "no"
        size = "-" if target.n is None else f"{target.n:g}"
        rows.append((name, what, size, published, interval, verdict, _number(one.width_ratio), beats, target.source))
    header = ("Target", "What", "n", "Published", "Replicates, 95 %", "Inside", "Width ratio", "Beats reference", "Source")
    return markdown(header, rows)


def _unread(scores: Sequence[Score]) -> str:
    rows = [(one.target.name, one.target.role, _number(one.target.value), one.why_not or "-") for one in scores if one.inside is None]
    return "### Without a verdict\n\n" + markdown(("Target", "Role", "Published", "Why"), rows)


def _calibration(account: Mapping[str, Any]) -> str:
    rows = [
        (
            one["key"],
            f"{one['prior']:.3g}",
            f"{one['value']:.3g}",
            f"{one['low']:.3g} to {one['high']:.3g}",
            f"{one['contraction']:.2f}",
            f"{one['shift']:+.1f}",
        )
        for one in account["parameters"]
    ]
    header = ("Number", "Prior", "Calibrated", "95 %", "Contraction", "Shift, prior sd")
    worth = account["importance"]
    weights = (
        f"importance weights make {worth['of']} draws worth {worth['effective_draws']:.0f}; the noise of "
        f"{account['sizes']['draw_patients']} patients a draw is part of that, and all draws count the same here"
    )
    notes = "\n".join(f"- {note}" for note in [*account["notes"], weights])
    parts = ["### Calibration\n", notes, "", markdown(header, rows), _fitted(account), _open(account)]
    return "\n".join(parts)


def _fitted(account: Mapping[str, Any]) -> str:
    """How far each fitted number is from its target, and what the priors alone expected."""
    prior = {one["name"]: one for one in account["prior_predictive"]}
    rows = [
        (one["name"], _number(one["published"]), _number(prior[one["name"]]["median"]), f"{one['standard_errors']:+.1f}")
        for one in account["fit"]["targets"]
    ]
    fit = account["fit"]
    of_it = f"{fit['from_targets']:.0f} of it from {len(rows)} targets"
    said = f"Cost {fit['costs'][0]:.0f} at the start, {fit['cost']:.0f} at the end, {of_it}.\n"
    header = ("Target", "Published", "Prior median", "Fit, standard errors off")
    return "#### Targets of the fit\n\n" + said + "\n" + markdown(header, rows)


def _open(account: Mapping[str, Any]) -> str:
    """The directions that targets leave open."""
    rows = []
    for one in account["directions"]:
        change = "; ".join(f"{name} {value:+.3f}" for name, value in one["change_per_sd"].items() if value is not None)
        rows.append((f"{one['kept']:.2f}", one["direction"], change))
    said = "Directions that keep at least half of the prior's variance, and what changes along one standard deviation of each.\n"
    return "#### What the targets leave open\n\n" + said + "\n" + markdown(("Variance kept", "Direction", "Changes"), rows)


def markdown(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join("---" for _ in header) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)]) + "\n"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
