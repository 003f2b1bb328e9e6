"""Running one arm: the cohort gets the arm's regimen, goes through the clinic, and becomes an `ArmRun`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from remission.arm_run import ArmRun, words
from remission.dose_rows import add_rows, dose_table, engine_rows, in_system, one_row
from remission.engine.batch import Batch
from remission.engine.choice import pilot
from remission.engine.compile import compile_system
from remission.engine.ensemble import Options, arm, simulate, start, watch
from remission.engine.layout import FAILURES, Record, Status
from remission.engine.steppers import Method
from remission.measurement import LABEL, Reader
from remission.model.regimen import Regimen
from remission.model.system import System
from remission.plan_of_visits import Plan, plan_of
from remission.population import Cohort, covariates, pack
from remission.protocol import ALARMS, B_CELLS, CRS, LATER_LINE, NEURO, WATCHED, Clinic, died
from remission.protocol import CELLS as CELLS_SEEN
from remission.random import exponential, uniform
from remission.response.leukemia import RULES, best_response, judge_visits, relapse_is_cd19_negative
from remission.response.records import Records
from remission.response.residual_disease import judge_residual_disease
from remission.scenario import ArmSpec, ProtocolSpec

CELLS = "car_t"
BRIDGING = "combination:bridging"
NOTHING_OFF: frozenset[str] = frozenset()
SCALES = {
    "crs": ("cytokine_release", "severity", {"penn": "penn", "lee": "lee", "astct": "astct"}),
    "icans": ("neurotoxicity", "severity", {"astct": "icans"}),
    "neurotoxicity": ("neurotoxicity", "severity", {"ctcae": "ctcae"}),
}
LATENT = {"crs": "cytokine_release", "neurotoxicity": "neurotoxicity"}


@dataclass(frozen=True)
class Supplied:
    """When each enrolled patient begins the arm's own therapy, and why some never do. Arrays [M]; infinity = never."""

    anchor: np.ndarray
    not_treated_day: np.ndarray
    reason: np.ndarray
    factors: dict[str, np.ndarray]


def supplied(values: Mapping[str, np.ndarray], patients: np.ndarray, seed: int, cells: bool, certain: bool = False) -> Supplied:
    """Manufacture and waiting: a product may fail or come too late, and patients may leave before; neither where it is `certain`."""
    members = len(patients)
    none = Supplied(np.zeros(members), np.full(members, np.nan), np.full(members, "", dtype=object), {})
    if not cells or "supply.vein_to_vein" not in values:
        return none
    key = patients.astype(np.uint64)
    ready = values["supply.vein_to_vein"]
    failed = uniform(seed, key, "supply:manufacture", 0) < values["supply.failure_probability"]
    leaving = exponential(seed, key, "supply:dropout", 0) / np.maximum(values["supply.dropout_rate"], 1e-12)
    left = leaving < ready
    if certain:
        failed, left = np.zeros(members, bool), np.zeros(members, bool)
    never = np.where(failed, np.where(left, np.minimum(leaving, ready), ready), np.where(left, leaving, np.nan))
    reason = np.where(left, "adverse event or withdrawal before infusion", np.where(failed, "no product", "")).astype(object)
    bridged = uniform(seed, key, "supply:bridging", 0) < values["supply.bridging_probability"]
    factors = {BRIDGING: bridged.astype(float), CELLS: values.get("supply.cell_yield", np.ones(members))}
    return Supplied(np.where(np.isfinite(never), np.inf, ready), never, reason, factors)


@dataclass(frozen=True)
class Course:
    """What a run of one arm leaves: the clinic with its readings, who was supplied when, the batch, and the end of follow-up [M]."""

    clinic: Clinic
    supply: Supplied
    batch: Batch
    end: np.ndarray
    cells: bool


def enrolled(
    system: System,
    cohort: Cohort,
    spec: ArmSpec,
    protocol: ProtocolSpec,
    sites: tuple[str, ...],
    seed: int,
    options: Options,
    without: frozenset[str] = NOTHING_OFF,
) -> Course:
    """The course of one arm on the day of enrollment, before anything has happened; see `course_of`."""
    regimen = in_system(system, spec.regimen)
    cells = CELLS in regimen.agents
    plan = plan_of(protocol.visits, protocol.safety if cells else (), cells)
    supply = supplied(cohort.values, cohort.index, seed, cells, certain="no_infusion" in without)
    expected = np.where(np.isfinite(supply.anchor), supply.anchor, supply.not_treated_day)
    end = np.nan_to_num(expected) + plan.end + 1.0
    clinic = _clinic(system, cohort, regimen, protocol, plan, supply, end, seed, without)
    batch = _watched(system, _enrolled(system, cohort, regimen, supply, sites, end, seed, options), cohort)
    return Course(clinic, supply, batch, end, cells)


def course_of(
    system: System,
    cohort: Cohort,
    spec: ArmSpec,
    protocol: ProtocolSpec,
    sites: tuple[str, ...],
    seed: int,
    options: Options,
    progress: Callable[[str, float], None] | None = None,
    save: np.ndarray | None = None,
    without: frozenset[str] = NOTHING_OFF,
) -> Course:
    """Take every patient of the cohort through one arm; `save` are days on which all outputs are kept.

    `without` names intercurrent events that are switched off (their strategy is hypothetical): `no_infusion`, `transplant`, `new_therapy`.
    """
    course = enrolled(system, cohort, spec, protocol, sites, seed, options, without)
    seen = course.clinic if progress is None else _Told(course.clinic, progress, spec.key, float(course.end.max()))
    options = replace(options, seed=seed)
    batch = simulate(compile_system(system), course.batch, course.end, save=save, protocol=seen, options=options)
    return replace(course, batch=batch)


def method_of(
    system: System,
    cohort: Cohort,
    spec: ArmSpec,
    protocol: ProtocolSpec,
    sites: tuple[str, ...],
    seed: int,
    options: Options,
) -> Method:
    """The cheaper method for an arm, by the first patients of its cohort without their clinic."""
    course = enrolled(system, cohort, spec, protocol, sites, seed, options)
    return pilot(compile_system(system), course.batch, course.end, replace(options, seed=seed))


def run_arm(
    system: System,
    cohort: Cohort,
    spec: ArmSpec,
    protocol: ProtocolSpec,
    sites: tuple[str, ...],
    seed: int,
    options: Options,
    progress: Callable[[str, float], None] | None = None,
    without: frozenset[str] = NOTHING_OFF,
) -> ArmRun:
    """One arm in every patient of the cohort; see `course_of`."""
    course = course_of(system, cohort, spec, protocol, sites, seed, options, progress, without=without)
    return _finished(system, cohort, spec, course, protocol, seed)


class _Told:
    """A clinic that says how far it is."""

    def __init__(self, clinic: Clinic, progress, name: str, horizon: float):
        self.clinic, self.progress, self.name, self.horizon = clinic, progress, name, horizon

    def next_visit(self, batch: Batch) -> np.ndarray:
        going = batch.status == Status.OK
        self.progress(self.name, float(np.mean(np.where(going, batch.t / self.horizon, 1.0))))
        return self.clinic.next_visit(batch)

    def visit(self, batch: Batch, which: np.ndarray, observed: np.ndarray) -> Batch:
        return self.clinic.visit(batch, which, observed)


def _clinic(
    system, cohort: Cohort, regimen: Regimen, protocol: ProtocolSpec, plan: Plan, supply: Supplied, end, seed: int, without: frozenset[str]
) -> Clinic:
    numbers = {key.split(".", 1)[1]: array for key, array in cohort.values.items() if key.startswith(LABEL + ".")}
    return Clinic(
        system=system,
        plan=plan,
        rules=protocol.rules,
        reader=Reader(seed, cohort.index, numbers),
        numbers=cohort.values,
        given=covariates(cohort.values),
        anchor=supply.anchor,
        end=end,
        seed=seed,
        own_agents=regimen.agents,
        cells=CELLS in regimen.agents,
        later_lines=protocol.later_lines and "new_therapy" not in without,
        transplants="transplant" not in without,
    )


def _enrolled(system: System, cohort: Cohort, regimen: Regimen, supply: Supplied, sites, end, seed: int, options: Options) -> Batch:
    """The batch on the day of enrollment: state and clones as history left them, doses by the arm."""
    anchors = {"enrollment": np.zeros(cohort.size), "first_dose": np.zeros(cohort.size), "infusion": supply.anchor}
    agents = set(regimen.agents)
    factors = {name: factor for name, factor in supply.factors.items() if name in agents}
    table = dose_table(system, regimen, anchors, covariates(cohort.values), float(end.max()), factors=factors)
    batch = start(
        compile_system(system), cohort.index, pack(system, cohort.values, sites, len(sites)), len(sites), engine_rows(system, table),
         options=replace(options, seed=seed),
    )  # fmt: skip
    batch = _resumed(batch, cohort)
    agent = [a.name for a in system.agents]
    if LATER_LINE not in agent:
        return batch
    without = np.flatnonzero(np.isfinite(supply.not_treated_day))
    days = supply.not_treated_day[without] + cohort.values[f"{LATER_LINE}.delay"][without]
    return add_rows(batch, without, one_row(days, agent.index(LATER_LINE)))


def _resumed(batch: Batch, cohort: Cohort) -> Batch:
    """The batch with the states and the clones of the cohort."""
    k = batch.clones.phase.shape[1]
    phase, entries, small = np.split(cohort.phase, [k, 2 * k], axis=1)
    clones = batch.clones._replace(
        phase=phase.astype(batch.clones.phase.dtype),
        entries=entries.astype(batch.clones.entries.dtype),
        small=np.ascontiguousarray(small.reshape(batch.clones.small.shape)),
    )
    flags = np.ascontiguousarray((clones.phase == 2).astype(float))
    return replace(batch, state=batch.state._replace(y=cohort.y.copy(), flags=flags), clones=clones)


def _watched(system: System, batch: Batch, cohort: Cohort) -> Batch:
    """Running end points of cells and cytokines, and alarms that wait for remission."""
    names = {output.name for output in system.of("outputs", "patient")}
    above = np.full((batch.size, len(WATCHED)), np.nan)
    if "cytokine_release.fever" in cohort.values:
        above[:, WATCHED.index("cytokine_release.severity")] = cohort.values["cytokine_release.fever"]
    slots = [system.output_slot(name if name in names else ALARMS[0]) for name in WATCHED]  # an arm without cells keeps their places
    batch = watch(batch, slots, above)
    levels = [cohort.values[f"{LABEL}.{name}"] for name in ("circulating_alarm", "extramedullary_alarm")]
    return arm(batch, [system.output_slot(name) for name in ALARMS], np.stack(levels, axis=1), [True, True], armed=False)


def _finished(system: System, cohort: Cohort, spec: ArmSpec, course: Course, protocol: ProtocolSpec, seed: int) -> ArmRun:
    clinic, supply, batch, end, cells = course.clinic, course.supply, course.batch, course.end, course.cells
    dead = died(batch)
    death = np.where(dead, batch.t, np.nan)
    cause = np.array([hazard.name.rpartition(".")[2] for hazard in compile_system(system).hazards] + [""], dtype=object)
    causes = np.where(dead, cause[np.where(dead, batch.state.fatal, -1)], "")
    contact = _last_contact(cohort, batch, end, protocol, seed)
    treated = np.isfinite(supply.anchor) & ~(death < supply.anchor) & (contact >= supply.anchor) & ~np.isin(batch.status, FAILURES)
    lost = np.where(death < supply.anchor, "death before treatment", "lost before treatment")
    otherwise = np.where(np.isin(batch.status, FAILURES), "", lost)
    reason = np.where(treated, "", np.where(supply.reason != "", supply.reason, otherwise))
    anchor = np.where(treated, supply.anchor, np.nan)
    judged = _judged(clinic, anchor, contact)
    records = _records(cohort, spec, clinic, judged, anchor, supply, death, causes, contact)
    seen = {name: batch.watch.record[:, i] for i, name in enumerate(WATCHED)}
    acute = {name: clinic.acute_record(batch, name) for name in (CELLS_SEEN, CRS, NEURO)}
    only = (lambda array: np.where(treated & cells, array, np.nan)) if cells else (lambda array: np.full(cohort.size, np.nan))
    return ArmRun(
        key=spec.key,
        title=spec.title,
        note=spec.note,
        records=records,
        response=np.where(treated, judged.code, 0),
        residual_negative=_residual(clinic, judged, treated),
        treated=treated,
        evaluable=treated & ((judged.code > 0) | (causes == "leukemia")),
        status=np.where(dead, int(Status.OK), batch.status),
        cause=words(causes),
        not_treated=words(np.where(treated, "", reason)),
        dose=_dose(system, batch, treated),
        burden=np.where(cells & np.isfinite(clinic.burden), clinic.burden, cohort.chart["burden"].to_numpy()),
        exposure=only(np.where(clinic.exposure > 0, clinic.exposure, np.nan)),
        cmax=only(acute[CELLS_SEEN][:, Record.HIGHEST]),
        tmax=only(acute[CELLS_SEEN][:, Record.HIGHEST_DAY] - anchor),
        level_day=clinic.plan.day,
        level=np.where(treated[:, None] & cells, clinic.level, np.nan),
        persistence=only(np.fmin(seen[CELLS_SEEN][:, Record.BELOW_DAY], _last_look(records)) - anchor),
        crs_onset=only(acute[CRS][:, Record.ABOVE_DAY] - anchor),
        crs_end=only(_fever_over(acute[CRS], seen[CRS]) - anchor),
        tocilizumab=treated & _given(clinic, "most_block"),
        steroid=treated & _given(clinic, "dexamethasone_equivalent"),
        b_cell_recovery=only(seen[B_CELLS][:, Record.ABOVE_DAY] - anchor),
        relapse_site=words(_relapse_site(clinic, judged)),
        grades=_grades(cohort, acute, treated, causes) if cells else {},
        covariates=covariates(cohort.values) | {"burden_enrolled": cohort.chart["burden"].to_numpy()},
        severity={name: only(acute[f"{module}.severity"][:, Record.HIGHEST]) for name, module in LATENT.items()} if cells else {},
    )


def _last_look(records: Records) -> np.ndarray:
    """The last day on which engineered cells were looked for: until relapse, death, transplant or last contact."""
    return np.fmin.reduce([records.relapse_day, records.death_day, records.transplant_day, records.last_contact_day])


def _fever_over(acute: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Day the first fever was over: its first fall below the cut after a check had found it; the next check where none did."""
    begun = acute[:, Record.ABOVE_DAY]
    fell = whole[:, Record.BELOW_DAY]
    return np.where(fell >= begun, fell, np.ceil(begun))


def _last_contact(cohort: Cohort, batch: Batch, end, protocol: ProtocolSpec, seed: int) -> np.ndarray:
    """The day after which nothing is seen: death, end of follow-up, the data cut, or loss to follow-up."""
    last = np.where(batch.status == Status.STOPPED, batch.t, end)
    if protocol.data_cut is not None:
        entered = protocol.accrual * uniform(seed, cohort.index.astype(np.uint64), "protocol:accrual", 0)
        last = np.minimum(last, protocol.data_cut - entered)
    if protocol.dropout > 0:
        lost = exponential(seed, cohort.index.astype(np.uint64), "protocol:dropout", 0) / protocol.dropout
        last = np.minimum(last, lost)
    return last


@dataclass(frozen=True)
class _Judged:
    """Response on the clock of the anchor."""

    code: np.ndarray
    response: np.ndarray
    relapse: np.ndarray
    failure: np.ndarray
    negative: np.ndarray


def _judged(clinic: Clinic, anchor: np.ndarray, contact: np.ndarray) -> _Judged:
    read = clinic.readings
    late = read.day > (contact - anchor)[:, None]
    day = np.where(late, np.nan, read.day)
    order = np.argsort(np.where(np.isnan(day), np.inf, day), axis=1, kind="stable")
    day = np.take_along_axis(day, order, axis=1)
    v = {name: np.take_along_axis(np.where(late, np.nan, array), order, axis=1) for name, array in read.values.items()}
    codes = judge_visits(v["blasts"], v["circulating"], v["extramedullary"], v["neutrophils"], v["platelets"])
    ended = np.fmin(clinic.failure, clinic.relapse) - anchor  # what follows is the answer to another therapy
    best = best_response(day, codes, last_day=np.nan_to_num(ended, nan=np.inf))
    negative = relapse_is_cd19_negative(day, v["negative_share"], best.relapse_day)
    return _Judged(best.code, best.response_day, best.relapse_day, best.no_response_day, negative)


def _records(cohort, spec, clinic, judged: _Judged, anchor, supply: Supplied, death, causes, contact) -> Records:
    return Records.of(
        {
            "patient": cohort.index,
            "arm": spec.key,
            "infusion_day": anchor,
            "not_infused_day": np.where(
                np.isnan(anchor), np.where(np.isfinite(supply.not_treated_day), supply.not_treated_day, death), np.nan
            ),
            "response_day": anchor + judged.response,
            "no_response_day": anchor + judged.failure,
            "relapse_day": anchor + judged.relapse,
            "relapse_cd19_negative": judged.negative,
            "death_day": death,
            "death_from_leukemia": causes == "leukemia",
            "transplant_day": clinic.transplant,
            "last_contact_day": contact,
            "last_assessment_day": np.fmin(anchor + clinic.readings.last_day(), contact),
        }
    )


def _residual(clinic: Clinic, judged: _Judged, treated: np.ndarray) -> np.ndarray:
    """1 where residual disease was below its limit between response and the end of its window, 0 where never, NaN unread."""
    read = clinic.readings
    window = RULES["response_window"].value + RULES["visit_window"].value
    inside = (read.day >= judged.response[:, None]) & (read.day <= window)
    value = np.where(inside, read.values["residual"], np.nan)
    lowest = np.fmin.reduce(value, axis=1)
    negative = judge_residual_disease(np.nan_to_num(lowest, nan=1.0)).negative
    return np.where(treated & np.isfinite(lowest), negative.astype(float), np.nan)


def _dose(system: System, batch: Batch, treated: np.ndarray) -> np.ndarray:
    names = [agent.name for agent in system.agents]
    if CELLS not in names:
        return np.zeros(batch.size)
    mine = batch.doses.agent == names.index(CELLS)
    return np.where(treated, np.where(mine, batch.doses.amount, 0.0).sum(axis=1), 0.0)


def _given(clinic: Clinic, effect: str) -> np.ndarray:
    """To whom a rule gave an agent with this effect: `most_block` of the receptor, or `dexamethasone_equivalent`."""
    given = np.zeros(clinic.anchor.size, bool)
    for rule in clinic.rules:
        strength = [clinic.numbers[key] for agent in rule.give.agents if (key := f"{agent}.{effect}") in clinic.numbers]
        given |= (clinic.acted[rule.name][0] > 0) & np.any([own > 0 for own in strength], axis=0) if strength else False
    return given


def _relapse_site(clinic: Clinic, judged: _Judged) -> np.ndarray:
    at = clinic.readings.day == judged.relapse[:, None]
    marrow = (at & (clinic.readings.values["blasts"] >= 0.05)).any(axis=1)
    blood = (at & (clinic.readings.values["circulating"] >= 0.01)).any(axis=1)
    outside = (at & (clinic.readings.values["extramedullary"] > 0)).any(axis=1)
    inside = marrow | blood
    return np.select([inside & outside, inside, outside], ["both", "marrow", "extramedullary"], "")


def _grades(cohort: Cohort, watched: dict[str, np.ndarray], treated: np.ndarray, causes: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    """Worst grade of each scale, from the highest severity and the scale's cut points; 5 where it was the cause of death."""
    made: dict[str, dict[str, np.ndarray]] = {}
    for event, (module, output, scales) in SCALES.items():
        severity = watched[f"{module}.{output}"][:, Record.HIGHEST]
        made[event] = {}
        for scale, stem in scales.items():
            cuts = [cohort.values.get(f"{module}.{stem}_{grade}", cohort.values.get(f"{module}.fever")) for grade in (1, 2, 3, 4)]
            worst = np.where(causes == module, 5, sum((severity > cut).astype(int) for cut in cuts))
            made[event][scale] = np.where(treated, worst, 0)
    return made
