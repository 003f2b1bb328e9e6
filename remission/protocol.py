"""The clinic of a trial: it sees patients by plan and when something alarms them, reads, judges and acts.

Decisions use readings only. Their effects are dose rows: rules of the protocol (tocilizumab, steroids), transplant in remission, and
the next line after relapse or without response. When a responder goes to transplant is a random event: the hazard of
`transplant.csv` against a draw of the patient's own, carried out if remission still holds that day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from remission.dose_rows import edit_rows, one_row, rows_of
from remission.engine.batch import Batch
from remission.engine.layout import Record, Status
from remission.measurement import Reader
from remission.model.system import System
from remission.plan_of_visits import CONTRACTION, FOLLOW_CELLS, NEUROTOXICITY_OVER, Plan
from remission.protocol_rules import Rule
from remission.random import exponential
from remission.readings import Readings
from remission.response.leukemia import RULES, shows_disease
from remission.therapies import get as therapy

SAME_TIME = 1e-6
TRANSPLANT, LATER_LINE = "transplant", "later_line"
AFTER_CHEMOTHERAPY = ("first_day_after_chemotherapy", "last_day", "rate_after_chemotherapy")
ALARMS = ("blood.circulating_blasts", "extramedullary.cells")
CELLS, CRS, NEURO, B_CELLS = "car_t.blood_level", "cytokine_release.severity", "neurotoxicity.severity", "b_cells.relative"
WATCHED = (CELLS, CRS, NEURO, B_CELLS)


@dataclass
class Clinic:
    """The visit protocol of one arm. Arrays [M] in the order of the batch; days on the clock of enrollment.

    Blasts on a blood film are confirmed by a marrow at the same visit. Failure is frank disease from the first assessment on, or any
    disease at the end of the response window. Grades of cytokine release and neurotoxicity are read at the bedside without error.
    """

    system: System
    plan: Plan
    rules: tuple[Rule, ...]
    reader: Reader
    numbers: dict[str, np.ndarray]
    given: dict[str, np.ndarray]
    anchor: np.ndarray
    end: np.ndarray
    seed: int
    own_agents: tuple[str, ...]
    cells: bool = True
    later_lines: bool = True
    transplants: bool = True

    def __post_init__(self):
        members = len(self.anchor)
        self.readings = Readings(members)
        self.position = np.zeros(members, int)
        self.extra = np.full(members, np.inf)
        self.remission = np.full(members, np.nan)
        self.relapse = np.full(members, np.nan)
        self.failure = np.full(members, np.nan)
        self.transplant_due = np.full(members, np.inf)
        self.transplant = np.full(members, np.nan)
        self.acted = {rule.name: (np.zeros(members, int), np.full(members, -np.inf)) for rule in self.rules}
        self.level = np.full((members, self.plan.day.size), np.nan)
        self.exposure = np.full(members, np.nan)
        self.burden = np.full(members, np.nan)
        self.acute = {name: np.full((members, len(Record)), np.nan) for name in (CELLS, CRS, NEURO)}
        self.agents = {agent.name: k for k, agent in enumerate(self.system.agents)}
        self.slot = {output.name: self.system.output_slot(output.name) for output in self.system.of("outputs", "patient")}
        self.states = {state.name: self.system.state_slot(state.name) for state in self.system.of("states", "patient")}
        self._transplant_luck = exponential(self.seed, self.reader.patients.astype(np.uint64), "protocol:transplant", 0)

    # ---- when ------------------------------------------------------------------------------------------------------
    def next_visit(self, batch: Batch) -> np.ndarray:
        inside = self.position < self.plan.day.size
        planned = np.where(inside, self.anchor + self.plan.day[np.minimum(self.position, self.plan.day.size - 1)], np.inf)
        return np.minimum(np.minimum(planned, self.extra), self.transplant_due)

    # ---- a visit ---------------------------------------------------------------------------------------------------
    def visit(self, batch: Batch, which: np.ndarray, observed: np.ndarray) -> Batch:
        """Read what this visit reads, judge, act, and move on to the next."""
        t, self.present = batch.t, batch.y
        inside = self.position < self.plan.day.size
        at = np.minimum(self.position, self.plan.day.size - 1)
        planned = which & inside & (t == self.anchor + self.plan.day[at])
        alarmed = which & (batch.state.trigger >= 0)
        extra = which & (t == self.extra)
        marrow = (planned & self.plan.marrow[at]) | alarmed
        examined = marrow | extra
        safety = planned & self.plan.safety[at]
        self._follow_cells(planned, at, observed)
        batch = self._watch_anew(batch, planned, self.plan.day[at], observed)
        self.extra[extra] = np.inf
        self.position[planned] += 1
        batch = self._judge(batch, np.flatnonzero(examined), marrow, observed)
        batch = self._transplant(batch, np.flatnonzero(which & (t == self.transplant_due)))
        return self._apply_rules(batch, safety, examined, observed)

    def _out(self, observed: np.ndarray, name: str, rows: np.ndarray) -> np.ndarray:
        """An output or a patient state of these members; NaN where the model has none of the name."""
        if name in self.states:
            return self.present[rows, self.states[name]]
        return observed[rows, self.slot[name]] if name in self.slot else np.full(rows.size, np.nan)

    def _follow_cells(self, planned: np.ndarray, at: np.ndarray, observed: np.ndarray) -> None:
        rows = np.flatnonzero(planned)
        self.level[rows, at[rows]] = self._out(observed, "car_t.blood_level", rows)
        first = rows[at[rows] == 0]
        self.exposure[first] = self._out(observed, "chemotherapy:fludarabine.exposure", first)
        self.burden[first] = self._out(observed, "marrow.blast_fraction", first)

    def _watch_anew(self, batch: Batch, planned: np.ndarray, day: np.ndarray, observed: np.ndarray) -> Batch:
        """What is watched changes with time: the end of fever once it began, of detectable cells once they contract, and the
        return of B cells from day 40, when the first expansion and its acute harms are over and set down."""
        if not (self.cells and planned.any()):
            return batch
        numbers, above, below = self.reader.numbers, batch.watch.above.copy(), batch.watch.below.copy()
        rows = np.flatnonzero(planned)
        feverish = rows[self._out(observed, "cytokine_release.astct", rows) >= 1]
        waiting = feverish[np.isnan(below[feverish, WATCHED.index(CRS)])]
        below[waiting, WATCHED.index(CRS)] = self.numbers["cytokine_release.fever"][waiting]
        contracting, over = planned & (day == CONTRACTION), planned & (day == FOLLOW_CELLS)
        below[contracting, WATCHED.index(CELLS)] = numbers["cells_detected"][contracting]
        above[over, WATCHED.index(B_CELLS)] = numbers["b_cells_recovered"][over]
        for name, last in ((CELLS, FOLLOW_CELLS), (CRS, FOLLOW_CELLS), (NEURO, NEUROTOXICITY_OVER)):
            now = planned & (day == last)
            self.acute[name][now] = batch.watch.record[now, WATCHED.index(name)]
        return replace(batch, watch=batch.watch._replace(above=above, below=below))

    def acute_record(self, batch: Batch, name: str) -> np.ndarray:
        """The running end points of the acute phase; where a patient did not reach its end, those of the whole course."""
        whole = batch.watch.record[:, WATCHED.index(name)]
        return np.where(np.isnan(self.acute[name]).all(axis=1, keepdims=True), whole, self.acute[name])

    def _judge(self, batch: Batch, rows: np.ndarray, marrow: np.ndarray, observed: np.ndarray) -> Batch:
        """Read the disease and decide on remission, relapse and failure."""
        if not rows.size:
            return batch
        day = batch.t[rows] - self.anchor[rows]
        read = self._read(rows, marrow[rows], observed)
        self.readings.add(rows, day, **read)
        diseased = shows_disease(read["blasts"], read["circulating"], read["extramedullary"])
        clear = ~diseased & (read["blasts"] < RULES["remission_blasts"].value)
        in_remission = np.isfinite(self.remission[rows]) & np.isnan(self.relapse[rows])
        window = RULES["response_window"].value + RULES["visit_window"].value
        fresh = ~in_remission & np.isnan(self.relapse[rows]) & np.isnan(self.failure[rows])
        first = clear & fresh & (day > 0) & (day <= window)
        relapsed = diseased & in_remission
        frank = (read["blasts"] >= self.reader.numbers["frank_disease"][rows]) & (day >= self.plan.first_assessment)
        late = day >= window - 2 * RULES["visit_window"].value
        failed = diseased & fresh & np.isnan(self.remission[rows]) & (frank | late)
        self._enter_remission(rows[first], batch.t)
        self.relapse[rows[relapsed]] = batch.t[rows[relapsed]]
        self.failure[rows[failed]] = batch.t[rows[failed]]
        batch = self._arm(batch, rows[first], True)
        return self._next_line(self._arm(batch, rows[relapsed], False), rows[relapsed | failed])

    def _read(self, rows: np.ndarray, marrow: np.ndarray, observed: np.ndarray) -> dict[str, np.ndarray]:
        visit, read = self.readings.count[rows], self.reader
        blasts = self._out(observed, "marrow.blast_fraction", rows)
        neutrophils = read.count(rows, visit, self._out(observed, "neutrophils", rows), "neutrophils")
        circulating = self._out(observed, "blood.circulating_blasts", rows)
        leukocytes = read.numbers["leukocytes_per_neutrophil"][rows] * neutrophils * 1e9 + circulating
        negative = self._out(observed, "antigen.cd19_negative_fraction", rows)
        film = read.share(rows, visit, circulating / np.maximum(leukocytes, 1.0), "film", "blood_cells_counted")
        marrow = marrow | (film >= RULES["circulating_blasts"].value)
        smear = np.where(marrow, read.share(rows, visit, blasts, "marrow", "marrow_cells_counted"), np.nan)
        confirmed = np.where(marrow & (smear < RULES["remission_blasts"].value), 0.0, film)
        return {
            "blasts": smear,
            "circulating": np.where(film >= RULES["remission_blasts"].value, film, confirmed),
            "extramedullary": read.found(rows, self._out(observed, "extramedullary.cells", rows)),
            "neutrophils": neutrophils,
            "platelets": read.count(rows, visit, self._out(observed, "platelets", rows), "platelets"),
            "negative_share": read.share(rows, visit, np.nan_to_num(negative), "phenotype", "phenotype_cells_read"),
            "residual": np.where(marrow, read.residual_disease(rows, visit, blasts), np.nan),
        }

    def _enter_remission(self, rows: np.ndarray, t: np.ndarray) -> None:
        """Date the remission, plan the visit that confirms it, and the day a transplant would come."""
        self.remission[rows] = t[rows]
        self.extra[rows] = np.minimum(self.extra[rows], t[rows] + RULES["maintenance"].value)
        if self.transplants and f"{TRANSPLANT}.rate_in_remission" in self.numbers and TRANSPLANT in self.agents:
            names = ("first_day", "last_day", "rate_in_remission") if self.cells else AFTER_CHEMOTHERAPY
            first, last, rate = (self.numbers[f"{TRANSPLANT}.{name}"][rows] for name in names)
            begin = np.maximum(self.anchor[rows] + first, t[rows])
            due = begin + self._transplant_luck[rows] / np.maximum(rate, 1e-12)
            self.transplant_due[rows] = np.where((due <= self.anchor[rows] + last) & (due > t[rows]), due, np.inf)

    def _arm(self, batch: Batch, rows: np.ndarray, on: bool) -> Batch:
        armed = batch.watch.armed.copy()
        armed[rows] = int(on)
        met = batch.watch.met.copy()
        met[rows] = -1
        return replace(batch, watch=batch.watch._replace(armed=armed, met=met))

    # ---- acts ------------------------------------------------------------------------------------------------------
    def _next_line(self, batch: Batch, rows: np.ndarray) -> Batch:
        """Stop the arm's own therapy and begin what comes after it."""
        self.transplant_due[rows] = np.inf
        own = self._numbers(self.own_agents)
        if not (self.later_lines and LATER_LINE in self.agents):
            return edit_rows(batch, rows, drop=own)
        delay = self.numbers[f"{LATER_LINE}.delay"][rows]
        return edit_rows(batch, rows, drop=own, add=one_row(batch.t[rows] + delay, self.agents[LATER_LINE]))

    def _numbers(self, agents: Iterable[str]) -> list[int]:
        """The numbers of those agents that the model has."""
        return [self.agents[name] for name in agents if name in self.agents]

    def _transplant(self, batch: Batch, rows: np.ndarray) -> Batch:
        self.transplant_due[rows] = np.inf
        still = rows[np.isnan(self.relapse[rows])]
        self.transplant[still] = batch.t[still]
        return edit_rows(batch, still, add=one_row(batch.t[still], self.agents[TRANSPLANT])) if still.size else batch

    def _apply_rules(self, batch: Batch, safety: np.ndarray, examined: np.ndarray, observed: np.ndarray) -> Batch:
        occasions = {"safety": safety, "visit": examined, "unscheduled": examined, "any": safety | examined}
        for rule in self.rules:
            done, last = self.acted[rule.name]
            rows = np.flatnonzero(occasions[rule.at] & (done < rule.times) & (batch.t - last >= rule.wait - SAME_TIME))
            rows = rows[self._holds(rule, rows, observed)]
            done[rows] += 1
            last[rows] = batch.t[rows]
            batch = self._act(batch, rule, rows)
        return batch

    def _holds(self, rule: Rule, rows: np.ndarray, observed: np.ndarray) -> np.ndarray:
        keep = np.ones(rows.size, bool)
        for condition in rule.when:
            value = self._out(observed, condition.measure, rows)
            keep &= COMPARE[condition.comparison](value, condition.threshold)
        return keep

    def _act(self, batch: Batch, rule: Rule, rows: np.ndarray) -> Batch:
        if not rows.size:
            return batch
        given = {name: values[rows] for name, values in self.given.items()}
        batch = edit_rows(batch, rows, add=rows_of(self.system, rule.give, batch.t[rows], given, float(self.end.max())))
        stopped = self.own_agents if rule.end_therapy else [therapy(name).label for name in rule.stop]
        batch = edit_rows(batch, rows, drop=self._numbers(stopped)) if stopped else batch
        return self._next_line(batch, rows) if rule.next_line else batch


COMPARE = {">=": np.greater_equal, "<=": np.less_equal, ">": np.greater, "<": np.less}


def died(batch: Batch) -> np.ndarray:
    """Who died during the run."""
    return (batch.status == Status.STOPPED) & (batch.state.fatal >= 0)
