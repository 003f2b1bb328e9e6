"""The criteria of the RANO group once more, for one patient at a time, in plain Python; only to be compared with.

Written from the rules, not from the package: no arrays, no shared code beside the codes of scans and responses, thresholds as numbers.
"""

from math import isnan, nan, pi

import numpy as np

from remission.response.judged import Response as R
from remission.response.scans import Kind, Status

THRESHOLDS = {  # fall, rise, minor response
    ("rano2010", 2): (0.50, 0.25, None),
    ("rano2", 1): (0.30, 0.20, None),
    ("rano2", 2): (0.50, 0.25, 0.25),
    ("rano2", 3): (0.65, 0.40, 0.40),
    ("rano-bm", 1): (0.30, 0.20, None),
}
SMALL = {"rano2010": (10, 10), "rano2": (10, 10), "rano-bm": (10, 5)}


def judge(name, scans, patient, options):
    """Overall responses of the visits and the day of progression of one patient."""
    return Patient(name, scans, patient, options).judge()


class Patient:
    def __init__(self, name, scans, patient, options):
        self.name, self.o = name, options
        self.dimensions = {"rano2010": 2, "rano-bm": 1}.get(name) or int(options["dimension"][0])
        self.fall, self.rise, self.minor = THRESHOLDS[name, self.dimensions]
        self.days = [float(day) for day in scans.day[patient] if not isnan(day)]
        self.base = max([v for v, day in enumerate(self.days) if day <= 0], default=0)
        unpaired = scans.perpendicular is None
        self.lesions = []
        for place in np.flatnonzero(scans.kind[patient] >= 0):
            seen = [
                (
                    int(scans.status[patient, v, place]),
                    float(scans.diameter[patient, v, place]),
                    nan if unpaired else float(scans.perpendicular[patient, v, place]),
                )
                for v in range(len(self.days))
            ]
            self.lesions.append((int(scans.kind[patient, place]), seen))
        self.finding = {
            name: [float(scans.findings[name][patient, v]) if name in scans.findings else nan for v in range(len(self.days))]
            for name in ("steroid", "clinical", "flair")
        }
        self.radiation = float(scans.patients.radiation_end[patient])
        start = float(scans.patients.treatment_start[patient])
        self.start = 0.0 if isnan(start) else start
        self.reads_flair = {
            "rano2010": True,
            "rano2": options.get("tumor") != "enhancing",
            "rano-bm": options.get("flair_progression"),
        }[name]
        self.split()

    def split(self):
        self.targets, self.others, self.new = [], [], []
        long, short = SMALL[self.name]
        long = self.o.get("minimum_diameter", long)
        for kind, seen in self.lesions:
            status, diameter, across = seen[self.base]
            under = status == Status.TOO_SMALL or diameter < long - 1e-9 or across < short - 1e-9
            if kind == Kind.NEW:
                self.new.append(seen)
            elif kind in (Kind.NON_TARGET, Kind.NON_TARGET_NODE) or (under and self.o["unmeasurable_targets"] == "non-target"):
                self.others.append(seen)
            else:
                self.targets.append(seen)

    def length(self, status, diameter):
        if status == Status.ABSENT:
            return 0.0
        if status == Status.TOO_SMALL:
            return 5.0 if isnan(diameter) else diameter
        return diameter if status == Status.MEASURED else nan

    def size(self, status, diameter, across):
        length = self.length(status, diameter)
        if self.dimensions == 1 or isnan(length) or status == Status.ABSENT:
            return length
        if isnan(across) and self.o["missing_perpendicular"] == "round":
            across = length
        if isnan(across) and status == Status.TOO_SMALL:
            across = min(5.0, length)
        if self.dimensions == 2:
            return length * across
        return pi / 6 * max(length, across) * min(length, across) ** 2 if not isnan(across) else nan

    def total(self, v):
        sizes = [self.size(*seen[v]) for seen in self.targets]
        known = sum(size for size in sizes if not isnan(size))
        return (nan if not sizes or any(map(isnan, sizes)) else known), known

    def judge(self):
        codes, nadir, at = [], nan, 0
        pending = due = level = nan
        progression = nan
        for v, day in enumerate(self.days):
            total, known = self.total(v)
            if v < self.base:
                codes.append(R.EARLIER)
                continue
            if v == self.base:
                codes.append(R.BASELINE)
            elif not isnan(progression):
                codes.append(R.PD)
            else:
                self.now = (v, total, known, nadir, at)
                counts, held = self.signs()
                calm = self.calm(held)
                hit = bool(counts)
                waits, wait = self.waits(counts)
                waiting = not isnan(pending)
                confirms = hit and waiting and day >= due - 1e-9
                if self.o.get("confirmed_by") == "growth" and confirms:
                    here = total if self.first(counts) in (0, 1) else nan
                    confirms = not (here < level * (1 + self.rise) * (1 - 1e-9))
                if confirms or (hit and not waits):
                    progression = pending if waiting else day
                    codes.append(R.PD)
                elif hit:
                    if not waiting:
                        pending, due, level = day, day + wait, total if self.first(counts) in (0, 1) else nan
                    codes.append(R.SD)
                else:
                    codes.append(calm)
                    if waiting and calm != R.NE:
                        pending = nan
            if not isnan(total) and (isnan(nadir) or total < nadir):
                nadir, at = total, v
        return codes, progression

    def dose(self):
        v, *_, nadir, at = self.now
        steroid = self.finding["steroid"]
        start, now = steroid[self.base], steroid[v]
        before = steroid[at] if not isnan(nadir) else nan
        more, less = now > start + 1e-9, now < before - 1e-9
        taken = now if not isnan(now) else (0.0 if isnan(start) else start)
        return more, less, taken <= self.o["physiologic_steroid"] + 1e-9

    def grew(self, amount):
        """Whether this burden is progression by size."""
        nadir = self.now[3]
        if isnan(amount) or isnan(nadir) or amount <= 1e-9 or amount < nadir * (1 + self.rise) * (1 - 1e-9):
            return False
        if self.name != "rano-bm":
            return self.o["small_growth"] == "progression" or self.sizable()
        return self.lesion_rise() >= 5 - 1e-9

    def sizable(self):
        v = self.now[0]
        return any(self.length(s[v][0], s[v][1]) >= 10 - 1e-9 and not s[v][2] < 10 - 1e-9 for s in self.targets)

    def lesion_rise(self):
        v, _, _, _, at = self.now
        rises = [-1.0]
        for seen in self.targets:
            now = self.length(seen[v][0], seen[v][1])
            if self.o["lesion_reference"] == "nadir":
                before = self.length(seen[at][0], seen[at][1])
            else:
                earlier = [self.length(seen[u][0], seen[u][1]) for u in range(self.base, v)]
                before = min((one for one in earlier if not isnan(one)), default=nan)
            if not isnan(now - before):
                rises.append(now - before)
        return max(rises)

    def signs(self):
        """Numbers of the signs that count now and of those held back, in order of rank."""
        v, total, known, nadir, _ = self.now
        _, less, _ = self.dose()
        excused = less and self.o.get("growth_on_less_steroid") == "stable"
        swelling = self.reads_flair and self.finding["flair"][v] > 0
        found = []
        if self.grew(total):
            if nadir == 0:
                found.append(1)
            elif not excused:
                found.append(0)
        if isnan(total) and self.grew(known) and not excused:
            found.append(2)
        if any(seen[v][0] == Status.PROGRESSION for seen in self.others):
            found.append(3)
        new = any(seen[v][0] >= Status.TOO_SMALL for seen in self.new)
        if new and not (self.name == "rano-bm" and self.o["immunotherapy"]):
            found.append(4)
        if swelling and not excused and (self.name != "rano2010" or self.o["flair_progression"]):
            found.append(6)
        if self.finding["clinical"][v] > 0:
            found.append(7)
        if self.name == "rano2010" and self.early():
            counts = [sign for sign in found if sign == 4 and self.o["early_new_lesion"] == "outside"]
            return counts, [sign for sign in found if sign not in counts]
        return found, []

    def early(self):
        return 0 <= self.days[self.now[0]] - self.radiation < 84 - 1e-9

    def waits(self, counts):
        day = self.days[self.now[0]]
        if self.name == "rano-bm":
            return False, 0
        if self.o["immunotherapy"] and 0 <= day - self.start <= 182.625 and 7 not in counts:
            return True, 84
        if self.name == "rano2010":
            return False, 84
        required = {"early": self.early(), "always": True, "never": False}[self.o["confirmation_of_progression"]]
        return required and not self.outside(counts), self.o["progression_confirmation_days"]

    def outside(self, counts):
        """A new lesion is known to lie outside the high-dose region early after radiation."""
        return self.name != "rano-bm" and self.early() and 4 in counts and self.o["early_new_lesion"] == "outside"

    def first(self, counts):
        return 4 if self.outside(counts) else min(counts)

    def calm(self, held):
        v, total, _, nadir, _ = self.now
        more, less, off = self.dose()
        excused = less and self.o.get("growth_on_less_steroid") == "stable"
        start = self.total(self.base)[0]
        statuses = [seen[v][0] for seen in self.targets]
        gone = bool(statuses) and all(status == Status.ABSENT for status in statuses)
        others = [seen[v][0] for seen in self.others]
        persists = any(status >= Status.TOO_SMALL for status in others)
        unseen = not persists and any(status == Status.NOT_EVALUABLE for status in others)
        if self.targets and isnan(total):
            return R.NE
        if self.targets and not gone and isnan(start):
            return R.NE
        if not self.targets and unseen:
            return R.NE
        if self.o["missing_findings"] == "not evaluable" and self.lacks(v):
            return R.NE
        if held or any(seen[v][0] >= Status.TOO_SMALL for seen in self.new):
            return R.SD
        swelling = self.reads_flair and self.finding["flair"][v] > 0
        if excused and (swelling or (nadir > 0 and total >= nadir * (1 + self.rise) * (1 - 1e-9))):
            return R.SD
        if more and self.o["stable_on_more_steroid"] == "NE":
            return R.NE
        if not self.targets:
            if self.name != "rano-bm" or not others:
                return R.SD
            return R.CR if not persists and off else R.NON_CR_NON_PD
        if swelling:
            return R.SD
        fallen = start > 0 and total <= start * (1 - self.fall) * (1 + 1e-9)
        if gone and not persists and not unseen and off:
            return R.CR
        if (gone or fallen) and not more:
            return R.PR
        return R.SD

    def lacks(self, v):
        names = ["steroid", "clinical"] + (["flair"] if self.name != "rano-bm" and self.reads_flair else [])
        return any(isnan(self.finding[name][v]) for name in names) or isnan(self.finding["steroid"][self.base])
