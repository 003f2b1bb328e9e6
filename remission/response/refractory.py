"""Refractory and relapsed disease, as each disease defines it.

In the patient: disease that the last therapy did not turn back is refractory, disease that came back after a response is relapsed, and
where neither has happened it is not refractory. The words are the same everywhere; the cycles, months and responses behind them differ.

Represented: one function per definition over the days of one line of therapy (`line_of_therapy`), found by name in `DEFINITIONS`;
resistance to checkpoint inhibitors is `resistance.py`. What cannot be said is "not evaluable", with the reason.

Left out: how many lines failed before, myeloma, castration-resistant prostate cancer, residual disease as failure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from remission.errors import InputError, nearest
from remission.response import resistance
from remission.response.arrays import Flags
from remission.response.cases import Case, Classes, decided
from remission.response.choices import Choice, read_choices, settled
from remission.response.criterion import Options
from remission.response.judged import REMISSIONS, RESPONSES, Best, Judged, Response
from remission.response.line_of_therapy import Line, line_of
from remission.response.resistance import NO_START, before_treatment, limits_of, without_progression
from remission.response.rules import TOLERANCE, Rule, at_least, more_than, read_rules
from remission.response.scans import Scans

RULES: Mapping[str, Rule] = read_rules(Path(__file__).with_suffix(".csv"))
CHOICES: Mapping[str, Choice] = read_choices(Path(__file__).with_suffix(".options.csv"))
SCHOLAR1 = "SCHOLAR-1, refractory large B-cell lymphoma (Crump 2017, doi:10.1182/blood-2017-03-769620)"
LYMPHOBLASTIC = "Acute lymphoblastic leukemia, no remission by the end of induction (Schrappe 2012, doi:10.1056/NEJMoa1110169)"
MYELOID = "Acute myeloid leukemia, no remission after 2 courses (ELN 2022, doi:10.1182/blood.2022016867)"
SOLID = "Solid tumor, by the last therapy (generic rule, from memory, unconfirmed)"
NO_CYCLES = "the number of cycles is not given and taken as enough"


def scholar1(line: Line, options: Options, rules: Mapping[str, Rule] = RULES) -> Classes:
    """Refractory large B-cell lymphoma: no better than stable after enough cycles, or a relapse within 12 months of transplantation."""
    limits = limits_of(rules)
    grafted = np.isfinite(line.transplant) & (np.isnan(line.progression) | more_than(line.progression, line.transplant))
    unanswered = ~line.is_best(*RESPONSES) & ~grafted
    enough, needed = _cycles(line, options, limits)
    exempt = line.is_best(Response.PD) & (not options["progression_needs_cycles"])
    after = "relapse on day {progression:g}, {after_transplant_months:.1f} months ({after_transplant:g} days) after the transplantation"
    limit = "{scholar1_transplant_months:g} months ({scholar1_transplant_days:g} days)"
    within = ~more_than(line.after_transplant, limits["scholar1_transplant_days"])
    cases = [
        *_nothing_seen(line),
        *_elsewhere(line),
        Case("refractory", f"{after}, within {limit}", grafted & line.progressed & within),
        Case("relapsed", f"{after}, beyond {limit}", grafted & line.progressed),
        Case("not refractory", "no relapse after the transplantation up to the last judged visit on day {last:g}", grafted),
        Case("not evaluable", f"best response {{best}} after {{cycles:g}} cycle(s); {needed}", unanswered & ~enough & ~exempt),
        Case(
            "refractory",
            "best response {best} after {cycles:g} cycle(s), last judged visit on day {last:g}",
            unanswered & np.isfinite(line.cycles),
        ),
        Case("refractory", "best response {best}, last judged visit on day {last:g}", unanswered),
        *_responders(line),
    ]
    asked = unanswered & np.isnan(line.cycles) & ~exempt & line.judged & ~line.is_best(Response.NE, Response.UNCONFIRMED_PD)
    remarks = {NO_CYCLES: asked, NO_START: line.judged & ~line.start_known & (options["line"] == "transplant")}
    return decided(SCHOLAR1, line, cases, limits, remarks)


def lymphoblastic(line: Line, options: Options, rules: Mapping[str, Rule] = RULES) -> Classes:
    """Refractory acute lymphoblastic leukemia: no CR or CRi by the end of induction; relapsed once a remission is lost."""
    limits = limits_of(rules)
    remarks = {NO_START: ~line.is_best(*REMISSIONS) & line.judged & ~line.start_known}
    return decided(LYMPHOBLASTIC, line, _leukemia(line, options, limits), limits, remarks)


def myeloid(line: Line, options: Options, rules: Mapping[str, Rule] = RULES) -> Classes:
    """Refractory acute myeloid leukemia: no CR, CRh or CRi after two courses of intensive induction."""
    limits = limits_of(rules)
    failed = ~line.is_best(*REMISSIONS)
    few = failed & (line.cycles < limits["aml_courses"] - TOLERANCE)
    short = Case("not evaluable", "best response {best} after {cycles:g} course(s) of induction; {aml_courses:g} are needed", few)
    cases = [*_nothing_seen(line), *_elsewhere(line), short, *_leukemia(line, options, limits)]
    remarks = {NO_CYCLES: failed & line.judged & np.isnan(line.cycles), NO_START: failed & line.judged & ~line.start_known}
    return decided(MYELOID, line, cases, limits, remarks)


def solid(line: Line, options: Options, rules: Mapping[str, Rule] = RULES) -> Classes:
    """A refractory solid tumor: progression as best response to the last therapy, or after less than 6 months of stable disease."""
    limits = limits_of(rules)
    responded = line.is_best(*RESPONSES)
    stable = line.best > Response.UNCONFIRMED_PD
    controlled = at_least(line.last - line.start, limits["solid_stable_days"])
    since = "{months:.1f} months ({to_progression:g} days) after the start of treatment"
    on_therapy = ~more_than(line.after_stop, limits["solid_stop_days"]) & (options["progression_on_therapy"] == "refractory")
    cases = [
        *without_progression(line, controlled, "not refractory"),
        before_treatment(line),
        Case("refractory", f"best response {{best}}: progression on day {{progression:g}}, {since}", ~stable),
        Case(
            "refractory",
            f"{{best}} for less than {{solid_stable_months:g}} months: progression on day {{progression:g}}, {since}",
            ~responded & (line.to_progression < limits["solid_stable_days"] - TOLERANCE),
        ),
        Case(
            "refractory",
            f"{{best}}, then progression on day {{progression:g}}, {since}, on treatment or within {{solid_stop_days:g}} days of its end",
            on_therapy,
        ),
        Case("relapsed", f"{{best}}, then progression on day {{progression:g}}, {since}", line.progressed),
    ]
    return decided(SOLID, line, cases, limits, {NO_START: (line.progressed | line.died) & ~line.start_known})


DEFINITIONS: Mapping[str, Callable[[Line, Options], Classes]] = {
    "sitc": resistance.single_agent,
    "sitc_combination": resistance.combination,
    "scholar1": scholar1,
    "all": lymphoblastic,
    "aml": myeloid,
    "solid": solid,
}
"""The definitions by name."""


def classify(
    name: str, scans: Scans, judged: Judged, best: Best, options: Options | None = None, transplant: ArrayLike | None = None
) -> Classes:
    """What a definition of refractory disease calls every patient, and why.

    `options` are names of `CHOICES` with their values; other names are those of other tables and passed over. `transplant` [M]: the day
    of an autologous transplantation, NaN for none (SCHOLAR-1 alone asks; with `line` transplant it is the start of treatment).
    """
    if name not in DEFINITIONS:
        known = ", ".join(DEFINITIONS)
        raise InputError(f"there is no definition of refractory disease `{name}`{nearest(name, DEFINITIONS)}", remedy=f"use {known}")
    chosen = settled(CHOICES, {key: value for key, value in (options or {}).items() if key in CHOICES})
    line = line_of(
        scans,
        judged,
        best,
        wait=resistance.RULES["confirmation_days"].value,
        confirmed_response=chosen["confirmed_response"],
        death_is_progression=chosen["death_as_progression"],
    )
    given = line.start if chosen["line"] == "transplant" else np.nan if transplant is None else transplant
    line = replace(line, transplant=np.broadcast_to(np.asarray(given, dtype=np.float64), line.start.shape))
    return DEFINITIONS[name](line, chosen)


def definition(default: str, options: Options | None = None) -> str:
    """The name of the definition to use: the one chosen by the option `refractory`, else `default` (of the criterion, with its disease)."""
    chosen = (options or {}).get("refractory", "default")
    if chosen != "default":
        return str(chosen)
    return "aml" if default == "all" and (options or {}).get("disease") == "aml" else default


def _nothing_seen(line: Line) -> list[Case]:
    unseen = line.is_best(Response.NE, Response.NONE) & ~line.progressed
    return [
        Case("not evaluable", "death on day {death:g} before any visit could be judged", ~line.judged & line.died),
        Case("not evaluable", "no visit after the baseline could be judged", ~line.judged),
        Case("not evaluable", "no best response could be given by the last judged visit on day {last:g}", unseen),
        Case("not evaluable", "progression was seen and never confirmed", line.is_best(Response.UNCONFIRMED_PD) & ~line.progressed),
    ]


def _elsewhere(line: Line) -> list[Case]:
    other = line.progressed & (line.other < line.progression - TOLERANCE) & line.is_best(*RESPONSES)
    return [Case("not evaluable", "another therapy began on day {other:g}, before progression on day {progression:g}", other)]


def _responders(line: Line) -> list[Case]:
    return [
        Case(
            "relapsed", "best response {best}, first response on day {response:g}, then progression on day {progression:g}", line.progressed
        ),
        Case("not refractory", "best response {best}, first response on day {response:g}, no progression up to day {last:g}", line.judged),
    ]


def _cycles(line: Line, options: Options, limits: Mapping[str, float]) -> tuple[Flags, str]:
    """Whether the cycles of the line were enough (also where they are not known), and how many that is in words."""
    if options["line"] != "first":
        enough = at_least(line.cycles, limits["scholar1_later_line_cycles"])
        return enough | np.isnan(line.cycles), "{scholar1_later_line_cycles:g} of later-line therapy are needed"
    count = limits["scholar1_first_line_cycles"]
    strict = options["first_line_cycles"] == "more_than_4"
    enough = more_than(line.cycles, count) if strict else at_least(line.cycles, count)
    how_many = "more than" if strict else "at least"
    return enough | np.isnan(line.cycles), f"{how_many} {{scholar1_first_line_cycles:g}} of first-line therapy are needed"


def _leukemia(line: Line, options: Options, limits: Mapping[str, float]) -> list[Case]:
    """The cases of acute leukemia once the courses were enough."""
    failed = ~line.is_best(*REMISSIONS)
    induced = at_least(line.last - line.start, limits["induction_days"] - limits["visit_window"])
    soon = line.progression - line.response < limits["early_relapse_days"] - TOLERANCE
    lost = "best response {best}, in remission from day {response:g}, then relapse on day {progression:g}"
    early = f"{lost}, less than {{early_relapse_months:g}} months later (early relapse)"
    unfinished = (
        "before the end of induction ({induction_days:g} days from its start on day {start:g}, {visit_window:g} days earlier at most)"
    )
    return [
        *_nothing_seen(line),
        *_elsewhere(line),
        Case(
            "not evaluable",
            f"no remission by death on day {{death:g}}; last judged visit on day {{last:g}}, {unfinished}",
            failed & ~induced & line.died,
        ),
        Case("not evaluable", f"no remission by the last judged visit on day {{last:g}}, {unfinished}", failed & ~induced),
        Case("refractory", "no remission by the last judged visit on day {last:g}; best response {best}", failed),
        Case(options["early_relapse"], early, line.progressed & soon),
        Case("relapsed", lost, line.progressed),
        Case("not refractory", "{best} from day {response:g}, no relapse up to day {last:g}", line.judged),
    ]
