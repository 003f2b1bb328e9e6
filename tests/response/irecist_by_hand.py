"""iRECIST for one patient, written out slowly from Seymour 2017 and the EORTC questions, to compare the vectorized one with.

`lesions` are (kind, organ); a visit is (day, clinically worse, [(status, size or None), ...]) in the order of the lesions.
"""

LITTLE = 1e-9
NE, ABSENT, SMALL, MEASURED, PRESENT, GROWING = range(6)
TARGETS, OTHERS, NODES, NEW = (0, 1), (2, 3), (1, 3), 4
CALM = ("iCR", "iPR", "iSD", "non-iCR/non-iUPD")


def judge_patient(lesions, visits, options):
    """What every visit is called."""
    start = max([0] + [place for place, visit in enumerate(visits) if visit[0] <= 0])
    patient = Patient(lesions, visits, start, options)
    return ["NE"] * start + ["baseline"] + [patient.called(place) for place in range(start + 1, len(visits))]


def best_of(answers, days, by_eye, options):
    """iBOR, and the day progression is dated to."""
    stop = answers.index("iCPD") if "iCPD" in answers else len(answers)
    before = list(zip(answers[:stop], days[:stop], strict=True))
    day = None
    for answer, when in before:
        if answer == "iUPD":
            day = when if day is None else day
        elif answer in CALM:
            day = None
    if "iCPD" not in answers and not options["unconfirmed_at_end"]:
        day = None
    reached = [answer for place, answer in enumerate(answers[:stop]) if not taken_back(answers[:stop], place, options)]
    for wanted in ("iCR", "iPR"):
        if wanted in reached or (wanted == "iPR" and len(reached) < stop):
            return wanted, day
    since = days[answers.index("baseline")] if options["stable_from"] == "baseline" else 0
    if any(answer in CALM and when >= since + options["stable_days"] - LITTLE for answer, when in before):
        return ("non-iCR/non-iUPD" if by_eye else "iSD"), day
    if "iCPD" in answers:
        return "iCPD", day
    return ("iUPD" if "iUPD" in answers else "NE"), day


def taken_back(answers, place, options):
    """Whether a complete response is read as a partial one because disease was seen again at the next visit that says anything."""
    if options["strict_cr"] or answers[place] != "iCR":
        return False
    later = [answer for answer in answers[place + 1 :] if answer not in ("NE", "iCR")]
    return bool(later) and later[0] in ("iPR", "iSD")


def added(sizes):
    """The sum, unless a size is not known or there is none."""
    return sum(sizes) if sizes and None not in sizes else None


class Patient:
    """One patient, visit after visit."""

    def __init__(self, lesions, visits, start, options):
        self.lesions, self.visits, self.start, self.options = lesions, visits, start, options
        self.every = range(len(lesions))
        self.targets = [one for one in self.every if lesions[one][0] in TARGETS]
        self.others = [one for one in self.every if lesions[one][0] in OTHERS]
        self.news = [one for one in self.every if lesions[one][0] == NEW]
        self.totals = {start: self.total(start)}
        self.measured_news, self.seen_news, self.lowest_news, self.counted = [], [], None, set()
        self.confirmed, self.iupd = False, {}
        self.responses, self.complete, self.cured, self.clear, self.lasts = [], [], False, False, False

    def status(self, one, place):
        return self.visits[place][2][one][0]

    def seen(self, one, place):
        return self.status(one, place) >= SMALL

    def extent(self, one, place):
        status, size = self.visits[place][2][one]
        if status == NE:
            return None
        if status == ABSENT:
            return 0.0
        return self.options["too_small"] if status == SMALL and size is None else size

    def measure(self, one, place):
        return self.extent(one, place) if self.status(one, place) in (ABSENT, SMALL, MEASURED) else None

    def total(self, place):
        sizes = [self.measure(one, place) for one in self.targets]
        return added(sizes)

    def alone(self, place):
        return sum(size for size in (self.measure(one, place) for one in self.targets) if size is not None)

    def ill(self, one, place):
        if not self.seen(one, place):
            return False
        if self.lesions[one][0] in NODES:
            size = self.visits[place][2][one][1]
            return not (self.status(one, place) == SMALL or (size is not None and size < 10 - LITTLE))
        return True

    # each part of the disease on its own

    def target(self, place):
        if not self.targets:
            return None
        sizes = [(self.measure(one, place), self.lesions[one][0] in NODES) for one in self.targets]
        if all(size is not None and size < (10 - LITTLE if node else LITTLE) for size, node in sizes):
            return "iCR"
        earlier = [total for total in self.totals.values() if total is not None]
        compared = self.alone(place) if self.options["partial_progression"] else self.total(place)
        if any(self.status(one, place) == GROWING for one in self.targets):
            return "PD"
        if earlier and compared is not None:
            lowest = min(earlier)
            if compared - lowest >= 5 - LITTLE and compared >= lowest * 1.2 - LITTLE * lowest:
                return "PD"
        base, now = self.totals[self.start], self.total(place)
        if base is None or now is None:
            return "NE"
        return "iPR" if now <= base * 0.7 + LITTLE * base else "iSD"

    def other(self, place):
        if not self.others:
            return None
        states = [self.status(one, place) for one in self.others]
        if GROWING in states:
            return "PD"
        if NE in states:
            return "NE"
        return "non-iCR/non-iUPD" if any(self.ill(one, place) for one in self.others) else "iCR"

    def together(self, target, other):
        if target is None:
            return other or "NE"
        return "iPR" if target == "iCR" and other not in ("iCR", None) else target

    def is_node(self, one):
        organ = self.lesions[one][1]
        beside = [kind for kind, place in self.lesions if place == organ and kind != NEW]
        return organ >= 0 and bool(beside) and all(kind in NODES for kind in beside)

    def note_new_lesions(self, place):
        """New lesions seen for the first time; the largest that are large enough are measured from now on."""
        arrived = [one for one in self.news if self.seen(one, place) and one not in self.seen_news]
        self.seen_news += arrived
        joined = False
        for one in sorted(arrived, key=lambda one: -(self.extent(one, place) or 0)):
            organ = -2 if self.is_node(one) else self.lesions[one][1]
            organs = [-2 if self.is_node(two) else self.lesions[two][1] for two in self.measured_news]
            enough = (self.extent(one, place) or 0) >= (15 if self.is_node(one) else 10) - LITTLE
            if enough and len(self.measured_news) < 5 and (organ == -1 or organs.count(organ) < 2):
                self.measured_news.append(one)
                joined = True
        return joined, arrived

    def new_total(self, place):
        sizes = [self.extent(one, place) for one in self.measured_news]
        return added(sizes)

    def new_alone(self, place):
        return sum(self.extent(one, place) or 0 for one in self.measured_news)

    # the visit

    def called(self, place):
        joined, arrived = self.note_new_lesions(place)
        answer = self.decided(place, joined, arrived)
        total, fresh = self.total(place), self.new_total(place)
        if self.options["strict_cr"] or not (self.target(place) == "iCR" and self.other(place) in ("iCR", None)):
            self.totals[place] = total
        if joined:
            self.lowest_news = fresh
        elif fresh is not None:
            self.lowest_news = fresh if self.lowest_news is None else min(fresh, self.lowest_news)
        return answer

    def decided(self, place, joined, arrived):
        if self.confirmed:
            return "iCPD"
        target, other = self.target(place), self.other(place)
        present = [one for one in self.news if self.seen(one, place)]
        additional = [one for one in present if one not in self.counted]
        ill = any(self.ill(one, place) for one in self.targets + self.others)
        by_eye = [one for one in self.seen_news if one not in self.measured_news and one not in arrived]
        new_worse = any(self.status(one, place) == GROWING for one in by_eye)
        new_grown = not joined and self.new_risen(self.new_alone(place), self.lowest_news)
        back = self.came_back(place, ill, present)
        if not self.iupd:
            news = bool(additional) or new_worse or new_grown
            if target == "PD" or other == "PD" or news or back:
                self.counted |= set(present)
                self.open_iupd(place, target, other, news or (self.clear and bool(present) and back), back)
                return "iUPD"
            answer = self.remembered(place, self.together(target, other), target, ill, present)
            self.counted |= set(present)
            return answer
        return self.waiting(place, target, other, present, additional, new_worse, new_grown, ill)

    @staticmethod
    def new_risen(now, lowest):
        return lowest is not None and now >= lowest + 5 - LITTLE and now >= lowest * (1.2 - LITTLE)

    def came_back(self, place, ill, present):
        if self.cured and (ill or (self.clear and present)):
            return True
        if self.options["reappearing"] == "sum":
            return False
        return any(self.vanished(one, place) and self.ill(one, place) for one in self.targets + self.others)

    def vanished(self, one, place):
        states = [self.ill(one, past) for past in range(self.start, place) if self.status(one, past) != NE]
        return bool(states) and not states[-1] and any(states)

    def open_iupd(self, place, target, other, news, back):
        day = self.visits[place][0]
        self.iupd = {
            "window": day,
            "latest": day,
            "missed": False,
            "unstable": self.worse(place),
            "target": target == "PD" or back,
            "other": other == "PD" or back,
            "new": news,
            "back": back,
            **self.sizes(place),
        }
        self.responses, self.complete, self.cured, self.clear, self.lasts = [], [], False, False, False

    def sizes(self, place):
        return {
            "total": self.total(place),
            "new total": self.new_total(place),
            "each": {one: self.extent(one, place) for one in self.every},
        }

    def worse(self, place):
        return self.visits[place][1] and self.options["clinical_worsening"] == "progression"

    def waiting(self, place, target, other, present, additional, new_worse, new_grown, ill):
        was, options, day = self.iupd, self.options, self.visits[place][0]
        again = options["repeated_progression"] == "growth"
        compared = self.alone(place) if options["partial_progression"] else self.total(place)
        further = []
        if was["target"]:
            further.append(compared is not None and was["total"] is not None and compared >= was["total"] + 5 - LITTLE)
            further.append(again and any(self.status(one, place) == GROWING for one in self.targets))
        else:
            further.append(target == "PD")
        if was["other"]:
            further += [self.larger(one, place, again) for one in self.others]
        else:
            further.append(other == "PD")
        if was["new"]:
            further.append(was["new total"] is not None and self.new_alone(place) >= was["new total"] + 5 - LITTLE)
            further += [self.larger(one, place, again) for one in self.news if one not in self.measured_news]
        else:
            further += [new_worse, new_grown]
        returned = options["reappearing"] == "progression"
        returned = returned and any(self.vanished(one, place) and self.ill(one, place) for one in self.targets + self.others)
        further += [bool(additional), returned]
        early = day < was["window"] + 26 - LITTLE
        late = day > was["latest"] + 58 + LITTLE and not options["late_confirmation"]
        stale = late or (was["missed"] and not options["progression_across_missing"])
        symptom = early and bool(additional) and self.visits[place][1] and options["symptom_scan"]
        if any(further) and (symptom or (not early and not stale)):
            self.confirmed = True
            return "iCPD"
        if early and options["early_scan"] == "disregarded":
            return "NE"
        smaller = self.below(self.total(place), was["total"])
        if options["shrinkage"] == "any":
            smaller = smaller or self.below(self.new_total(place), was["new total"])
        still_target, still_other = was["target"] and target == "PD", was["other"] and other == "PD"
        still_new = was["new"] and bool(present) and not smaller
        still_back = was["back"] and ill and not smaller
        if any(further) or still_target or still_other or still_new or still_back:
            was["unstable"] = was["unstable"] or self.worse(place)
            news = bool(additional) or (not was["new"] and (new_worse or new_grown)) or (was["new"] and bool(present))
            if not early:
                self.go_on(place, target, other, present, any(further), news, ill)
            return "iUPD"
        lost = [one for one in self.news if self.status(one, place) == NE and self.last_seen(one, place)]
        unknown = (was["target"] and target == "NE") or (was["other"] and other == "NE")
        unknown = unknown or (was["new"] and not present and lost and not smaller)
        calm = self.together(target, other)
        self.counted |= set(present)
        if unknown or calm == "NE":
            was["missed"] = True
            return "NE"
        if was["unstable"]:
            return "iUPD"
        self.iupd = {}
        return self.remembered(place, calm, target, ill, present)

    def larger(self, one, place, again):
        was, now = self.iupd["each"][one], self.extent(one, place)
        if was is not None and now is not None:
            return now > was + LITTLE
        return (again and self.status(one, place) == GROWING) or (self.seen(one, place) and was == 0)

    @staticmethod
    def below(now, was):
        return now is not None and was is not None and now < was - LITTLE

    def last_seen(self, one, place):
        states = [self.status(one, past) for past in range(self.start + 1, place) if self.status(one, past) != NE]
        return bool(states) and states[-1] >= SMALL

    def go_on(self, place, target, other, present, further, news, ill):
        """iUPD remains; what it is compared with moves on; growth that could not confirm any more starts the waiting anew."""
        was, now = self.iupd, self.sizes(place)
        lost = any(self.status(one, place) == NE and self.last_seen(one, place) for one in self.news)
        back = was["back"] and ill
        was["target"] = target == "PD" or back or (was["target"] and target == "NE")
        was["other"] = other == "PD" or back or (was["other"] and other == "NE")
        was["new"] = news or (was["new"] and lost)
        was["back"] = back
        was["latest"], was["missed"] = self.visits[place][0], False
        self.counted |= set(present)
        if further:
            was["window"] = self.visits[place][0]
            was.update(now)
        else:
            was["total"] = self.next(was["total"], now["total"])
            was["new total"] = self.next(was["new total"], now["new total"])
            was["each"] = {one: self.next(was["each"][one], now["each"][one]) for one in self.every}

    def next(self, was, now):
        if was is None or now is None:
            return now if was is None else was
        return {"lowest": min(was, now), "first": was, "last": now}[self.options["further_from"]]

    # what responses leave behind

    def remembered(self, place, calm, target, ill, present):
        """A calm visit: R6, R10 and new lesions that bar a complete response."""
        options, day = self.options, self.visits[place][0]
        answer = calm
        if calm == "iCR" and present and not options["complete_with_new_lesion"]:
            answer = calm = "iPR"
        if calm == "iSD" and target == "iSD" and self.lasts:
            answer = "iPR"
        self.note_response(calm, day)
        if calm == "iCR":
            self.complete.append(day)
            if options["strict_cr"] or day >= self.complete[0] + options["confirmation_days"] - LITTLE:
                self.cured = True
            if self.cured and not present:
                self.clear = True
        elif ill:
            self.complete = self.complete if self.cured else []
        return answer

    def note_response(self, calm, day):
        """R10: runs of responses, which a few missing visits do not end."""
        options = self.options
        if calm in ("iCR", "iPR"):
            self.responses = [one for one in self.responses if one != "blank"] + [day]
            enough = options["pr_persists"] == "assigned"
            enough = enough or (options["pr_persists"] == "confirmed" and day >= self.responses[0] + options["confirmation_days"] - LITTLE)
            self.lasts = self.lasts or enough
        elif calm == "NE":
            self.responses.append("blank")
            if not options["confirmation_across_missing"] or self.responses.count("blank") > options["missing_between"]:
                self.responses = []
        elif not (calm == "iSD" and options["confirmation_across_stable"]):
            self.responses = []
        else:
            self.responses = [one for one in self.responses if one != "blank"]
