"""RECIST 1.1 read again, one patient and one visit at a time, against the arrays."""

import math

import numpy as np
import pytest

from remission.response.best_response import bridges, confirmed
from remission.response.judged import Response
from remission.response.recist import CRITERION
from remission.response.scans import Kind, Scans, Status

GONE, KNOWN = ("CR", "none"), (Status.ABSENT, Status.TOO_SMALL, Status.MEASURED)


def drawn(patients, visits, seed):
    """Scans with every kind of lesion and status, sizes around the thresholds."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice([-1, 0, 0, 0, 1, 2, 3, 4], size=(patients, 4)).astype(np.int8)
    walk = np.cumsum(rng.normal(-0.1, 0.3, (patients, visits, 4)), axis=1)
    size = np.round(np.exp(np.log(25) + walk) * 2) / 2
    status = np.full(size.shape, Status.MEASURED)
    status = np.where(size < 9, rng.choice([Status.ABSENT, Status.TOO_SMALL, Status.MEASURED], size=size.shape), status)
    status = np.where(rng.random(size.shape) < 0.04, Status.NOT_EVALUABLE, status)
    eye = (kinds >= Kind.NON_TARGET)[:, None, :]
    status = np.where(eye, rng.choice([0, 1, 1, 2, 4, 4, 4, 4], size=size.shape), status)
    status = np.where(eye & (rng.random(size.shape) < 0.02), Status.PROGRESSION, status)
    status = np.where((kinds == Kind.NEW)[:, None, :] & (rng.random(size.shape) < 0.9), Status.ABSENT, status)
    day = np.sort(rng.choice(np.arange(-20, 400), size=(patients, visits)), axis=1).astype(float)
    day = day + np.arange(visits) / 16
    diameter = np.where(status == Status.MEASURED, size, np.nan)
    return Scans(Scans.of_sizes(day, size).patients, day, kinds, status.astype(np.int8), diameter)


class SlowPatient:
    """One patient, read visit by visit as a person would."""

    def __init__(self, seen, patient, first, options):
        self.first, self.days, self.options = first, seen.day[patient], options
        self.lesions = [
            (Kind(kind), [(seen.status[patient, v, one], seen.diameter[patient, v, one]) for v in range(len(self.days))])
            for one, kind in enumerate(seen.kind[patient])
            if kind >= 0
        ]

    def normal(self, kind, status, size):
        node = kind in (Kind.TARGET_NODE, Kind.NON_TARGET_NODE)
        if status == Status.ABSENT or (node and status == Status.TOO_SMALL):
            return True
        return status == Status.MEASURED and (size < 10 if node else size == 0)

    def sizes(self, visit):
        """Sizes of the targets, None where not measured."""
        found = []
        for kind, seen in self.lesions:
            status, size = seen[visit]
            if kind in (Kind.TARGET, Kind.TARGET_NODE):
                found.append({Status.ABSENT: 0.0, Status.TOO_SMALL: 5.0}.get(status, size) if status in KNOWN else None)
        return found

    def target(self, visit, nadir):
        sizes = self.sizes(visit)
        if not sizes:
            return "none"
        mine = [(kind, *seen[visit]) for kind, seen in self.lesions if kind in (Kind.TARGET, Kind.TARGET_NODE)]
        if all(self.normal(*one) for one in mine):
            return "CR"
        start, measured = self.sizes(self.first), sum(size for size in sizes if size is not None)
        proves = None not in sizes or self.options["partial_progression"]
        if proves and nadir is not None and measured >= 1.2 * nadir - 1e-9 and measured - nadir >= 5 - 1e-9:
            return "PD"
        if None in sizes or None in start:
            return "NE"
        return "PR" if measured <= 0.7 * sum(start) + 1e-9 else "SD"

    def others(self, visit):
        states = [(kind, *seen[visit]) for kind, seen in self.lesions if kind in (Kind.NON_TARGET, Kind.NON_TARGET_NODE)]
        if not states:
            return "none"
        if any(status == Status.PROGRESSION for _, status, _ in states):
            return "PD"
        if any(status == Status.NOT_EVALUABLE for _, status, _ in states):
            return "NE"
        return "CR" if all(self.normal(*state) for state in states) else "non-CR/non-PD"

    def any_new(self, visit):
        return any(
            kind == Kind.NEW and seen[earlier][0] >= Status.TOO_SMALL
            for kind, seen in self.lesions
            for earlier in range(self.first + 1, visit + 1)
        )

    def ill(self, lesion, visit):
        kind, seen = self.lesions[lesion]
        return seen[visit][0] >= Status.TOO_SMALL and not self.normal(kind, *seen[visit])

    def any_disease(self, visit):
        return any(self.ill(lesion, visit) for lesion in range(len(self.lesions)))

    def any_returned(self, visit):
        """Whether a lesion is there that was there and then was seen to have gone."""
        for lesion, (_, seen) in enumerate(self.lesions):
            states = [(self.ill(lesion, v), seen[v][0] != Status.NOT_EVALUABLE) for v in range(self.first, visit)]
            there = [at for at, (ill, _) in enumerate(states) if ill]
            gone = [at for at, (ill, evaluated) in enumerate(states) if evaluated and not ill]
            if self.ill(lesion, visit) and there and gone and gone[-1] > there[0]:
                return True
        return False

    def final(self, complete):
        """Whether any disease after these complete responses is progression."""
        if self.options["strict_cr"] or not complete:
            return bool(complete)
        runs = [
            (early, late)
            for early in complete
            for late in complete
            if self.days[late] - self.days[early] >= 28 and not any(self.any_disease(v) for v in range(early, late))
        ]
        return bool(runs)

    def table(self, target, others, new):
        if new or "PD" in (target, others):
            return "PD"
        if target == "none":
            return "NE" if others == "none" else others
        return "PR" if target == "CR" and others not in GONE else target

    def overall(self):
        """R4 to R7, R9 and R10, from the baseline on."""
        calls, responses, lasts, progressed, complete = ["baseline"], [], False, False, []
        sums = [] if None in self.sizes(self.first) or not self.sizes(self.first) else [sum(self.sizes(self.first))]
        for visit in range(self.first + 1, len(self.days)):
            call = self.table(self.target(visit, min(sums, default=None)), self.others(visit), self.any_new(visit))
            gone = call == "CR"
            returned = self.options["reappearing"] == "progression" and self.any_returned(visit)
            if progressed or returned or (self.final(complete) and self.any_disease(visit)):
                call = "PD"
            call = "PR" if call == "SD" and lasts else call
            progressed, complete = progressed or call == "PD", complete + [visit] * gone
            responses = self.run(responses, call, self.days[visit])
            lasts = lasts or self.enough([day for day, one in responses if one != "NE"])
            if self.sizes(visit) and None not in self.sizes(visit) and not (gone and not self.options["strict_cr"]):
                sums.append(sum(self.sizes(visit)))
            calls.append(call)
        return calls

    def enough(self, shown):
        """Whether a response seen on these days lasts."""
        if self.options["pr_persists"] == "assigned":
            return bool(shown)
        return self.options["pr_persists"] == "confirmed" and len(shown) > 1 and shown[-1] - shown[0] >= 28 - 1e-9

    def run(self, responses, call, day):
        """The responses in a row up to this visit, with one missing visit between at most."""
        if call in ("CR", "PR"):
            return [*responses, (day, call)]
        if call == "NE" and responses and responses[-1][1] != "NE":
            return [*responses, (day, call)]
        return []


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"strict_cr": False},
        {"reappearing": "progression"},
        {"partial_progression": False, "pr_persists": "assigned"},
        {"strict_cr": False, "pr_persists": "never"},
    ],
)
def test_the_arrays_say_what_a_slow_reader_says(given):
    seen = drawn(400, 7, seed=len(str(given)))
    judged, _ = CRITERION.judge(seen, given)
    met = set()
    for patient in range(400):
        first = int(judged.baseline[patient])
        words = [CRITERION.labels[code] for code in judged.overall[patient, first:]]
        assert words == SlowPatient(seen, patient, first, CRITERION.options(given)).overall(), patient
        met |= set(words)
    assert met == {"baseline", "CR", "PR", "SD", "PD", "NE", "non-CR/non-PD"}


@pytest.mark.parametrize("across", [True, False])
def test_a_response_is_confirmed_where_some_earlier_one_lies_28_days_back(across):
    rng = np.random.default_rng(7)
    codes = rng.choice([Response.NE, Response.SD, Response.PR, Response.PR, Response.CR], size=(500, 7)).astype(np.int8)
    day = np.cumsum(rng.integers(7, 30, codes.shape), axis=1).astype(float)
    options = {"confirmation_across_missing": across, "missing_between": math.inf, "confirmation_across_stable": False}
    kept, _ = confirmed(day, codes >= Response.PR, bridges(codes, options, partial=True), 28)
    passed = (Response.PR, Response.CR, Response.NE) if across else (Response.PR, Response.CR)
    for patient, visit in np.ndindex(codes.shape):
        pairs = [
            early
            for early in range(visit)
            if codes[patient, early] >= Response.PR
            and day[patient, visit] - day[patient, early] >= 28
            and all(code in passed for code in codes[patient, early:visit])
        ]
        assert kept[patient, visit] == (codes[patient, visit] >= Response.PR and bool(pairs))
