"""Resistance to checkpoint inhibitors, as the Society for Immunotherapy of Cancer (SITC) defines it.

In the patient: a tumor that never yields to the antibody (primary resistance), one that yields for half a year or longer and then grows
under it (secondary), and one that grows again only long after the antibody was stopped, which may still be sensitive (late progression).

Represented: the days of one line of therapy under a short list of cases. An antibody given too briefly says nothing (not evaluable).
Single agent after Kluger 2020, with chemotherapy after Rizvi 2023, which counts the time to progression whatever the best response was.

Left out: adjuvant treatment, rechallenge, biopsies, tumors whose slow growth asks for other times.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from remission.durations import DAYS_PER_MONTH
from remission.response.arrays import Flags
from remission.response.cases import Case, Classes, decided
from remission.response.criterion import Options
from remission.response.judged import RESPONSES, Response
from remission.response.line_of_therapy import STABLE, Line
from remission.response.rules import TOLERANCE, Rule, at_least, more_than, read_rules

RULES: Mapping[str, Rule] = read_rules(Path(__file__).with_suffix(".csv"))
SINGLE_AGENT = "SITC, PD-1 blockade alone (Kluger 2020, doi:10.1136/jitc-2019-000398)"
COMBINATION = "SITC, checkpoint inhibitor with chemotherapy (Rizvi 2023, doi:10.1136/jitc-2022-005920)"
NO_END = "no end of treatment is given, so it is taken as lasting until then"
NO_START = "no start of treatment is given, so it is taken as day 0"


def single_agent(line: Line, options: Options, rules: Mapping[str, Rule] = RULES) -> Classes:
    """Resistance to an antibody against PD-1 or PD-L1 given alone."""
    limits = limits_of(rules)
    early = line.to_progression < limits["durable_days"] - TOLERANCE
    responded = line.is_best(*RESPONSES)
    brief = ~at_least(line.exposure, limits["secondary_exposure_days"]) & bool(options["secondary_exposure"])
    since = "{months:.1f} months ({to_progression:g} days) after the start of treatment"
    cases = [
        *unjudged(line, options, limits),
        *too_brief(line, options, limits, "exposure_days"),
        late(line, limits),
        Case("primary", f"best response {{best}}: progression on day {{progression:g}}, {since}", ~responded & ~line.is_best(*STABLE)),
        Case(
            "primary",
            f"{{best}} for less than {{durable_months:g}} months: progression on day {{progression:g}}, {since}",
            early & (~responded | (options["early_responder"] == "primary")),
        ),
        Case(
            "secondary",
            f"best response {{best}}, then progression on day {{progression:g}}, {since}; a responder that progresses before "
            "{durable_months:g} months is taken as secondary",
            early & responded,
        ),
        Case(
            "not evaluable",
            "progression on day {progression:g} after {exposure:g} days on treatment; secondary resistance needs "
            "{secondary_exposure_days:g} days ({secondary_exposure_months:g} months)",
            brief,
        ),
        Case(
            "secondary",
            f"{{best}} for at least {{durable_months:g}} months, then progression on day {{progression:g}}, {since}",
            line.progressed,
        ),
    ]
    return decided(SINGLE_AGENT, line, cases, limits, remarks_of(line, limits))


def combination(line: Line, options: Options, rules: Mapping[str, Rule] = RULES) -> Classes:
    """Resistance to a checkpoint inhibitor given with chemotherapy."""
    limits = limits_of(rules)
    early = ~more_than(line.to_progression, limits["combination_days"])
    since = "{months:.1f} months ({to_progression:g} days) after the start of treatment, whatever the best response ({best})"
    cases = [
        *unjudged(line, options, limits, confirm=False),
        *too_brief(line, options, limits, "combination_exposure_days"),
        late(line, limits),
        Case("primary", f"progression on day {{progression:g}}, {since}; up to {{combination_months:g}} months is primary", early),
        Case(
            "not evaluable",
            "progression on day {progression:g} after {exposure:g} days on treatment; beyond {combination_months:g} months resistance "
            "needs more than {combination_days:g} days of it",
            ~more_than(line.exposure, limits["combination_days"]),
        ),
        Case("secondary", f"progression on day {{progression:g}}, {since}; beyond {{combination_months:g}} months", line.progressed),
    ]
    return decided(COMBINATION, line, cases, limits, remarks_of(line, limits))


def limits_of(rules: Mapping[str, Rule]) -> dict[str, float]:
    """The limits by name, those in months also in days (`durable_months` and `durable_days`)."""
    values = {name: rule.value for name, rule in rules.items()}
    days = {name.replace("_months", "_days"): rule.value * DAYS_PER_MONTH for name, rule in rules.items() if rule.unit == "month"}
    return values | days


def unjudged(line: Line, options: Options, limits: Mapping[str, float], confirm: bool = True) -> list[Case]:
    """The cases in which nothing can be said of a progression, or there is none."""
    controlled = at_least(line.last - line.start, limits["durable_days"])
    unconfirmed = np.isnan(line.confirmed) & bool(options["confirm_progression"]) & confirm
    return [
        *without_progression(line, controlled, "not resistant"),
        before_treatment(line),
        Case(
            "not evaluable",
            "progression on day {progression:g} was not confirmed by a scan at least {confirmation_days:g} days later",
            unconfirmed,
        ),
    ]


def without_progression(line: Line, controlled: Flags, word: str) -> list[Case]:
    """The cases of patients whose progression was never documented."""
    open_ended = ~line.progressed
    return [
        Case("not evaluable", "no visit after the baseline could be judged", ~line.judged & ~line.died),
        Case("not evaluable", "death on day {death:g} before any visit could be judged", ~line.judged),
        Case(
            "not evaluable",
            "progression was seen and never confirmed (last judged visit: day {last:g})",
            open_ended & line.is_best(Response.UNCONFIRMED_PD),
        ),
        Case(
            "not evaluable",
            "death on day {death:g} without documented progression; last judged visit on day {last:g}, best response {best}",
            line.died & ~controlled,
        ),
        Case(
            word,
            "no progression up to the last judged visit on day {last:g}, best response {best}; death on day {death:g} without progression",
            line.died,
        ),
        Case(
            "not evaluable",
            "another therapy began on day {other:g}, before progression on day {progression:g}",
            line.progressed & (line.other < line.progression - TOLERANCE),
        ),
        Case(
            "not evaluable",
            "no best response could be given by the last judged visit on day {last:g}",
            open_ended & line.is_best(Response.NE, Response.NONE),
        ),
        Case(word, "no progression up to the last judged visit on day {last:g}; best response {best}", open_ended),
    ]


def before_treatment(line: Line) -> Case:
    """Progression that treatment had no time to prevent."""
    why = "progression on day {progression:g} is not after the start of treatment on day {start:g}"
    return Case("not evaluable", why, ~more_than(line.to_progression, 0.0))


def too_brief(line: Line, options: Options, limits: Mapping[str, float], needed: str) -> list[Case]:
    """The cases of too little treatment, counted in days, in cycles or in both; cycles stand alone where no end of treatment is known."""
    long_enough, enough = at_least(line.exposure, limits[needed]), at_least(line.cycles, limits["exposure_cycles"])
    counted, ended = np.isfinite(line.cycles), np.isfinite(line.stop)
    met = {
        "either": np.where(counted & ~ended, enough, long_enough | enough),
        "both": long_enough & (enough | ~counted),
        "weeks": long_enough,
        "cycles": enough,
    }[options["exposure"]]
    brief = ~met & (not options["rapid_progression"])
    why = "progression on day {progression:g} after {exposure:g} days on treatment"
    asked = f"at least {{{needed}:g}} days or {{exposure_cycles:g}} cycles are needed"
    return [
        Case("not evaluable", f"{why} and {{cycles:g}} cycle(s); {asked}", brief & counted),
        Case("not evaluable", f"{why}; {asked}", brief),
    ]


def late(line: Line, limits: Mapping[str, float]) -> Case:
    """Progression so long after the end of treatment that the tumor may still be sensitive."""
    why = (
        "progression on day {progression:g}, {after_stop:g} days after treatment ended on day {stop:g}; beyond {after_stop_days:g} days "
        "(12 weeks) it is not resistance; best response {best}"
    )
    return Case("late progression", why, more_than(line.after_stop, limits["after_stop_days"]))


def remarks_of(line: Line, limits: Mapping[str, float]) -> dict[str, Flags]:
    """What is added to every reason: how missing dates were taken, and whether the progression was confirmed."""
    soon = more_than(line.after_stop, 0.0) & ~more_than(line.after_stop, limits["after_stop_days"])
    return {
        "this is {after_stop:g} days after treatment ended, within the {after_stop_days:g} days (12 weeks) of resistance": soon,
        "confirmed on day {confirmed:g}": np.isfinite(line.confirmed),
        "not confirmed by a later scan": line.progressed & np.isnan(line.confirmed),
        NO_START: (line.progressed | line.died) & ~line.start_known,
        NO_END: line.progressed & np.isnan(line.stop),
    }
