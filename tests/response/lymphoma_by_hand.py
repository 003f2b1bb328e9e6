"""The Lugano classification for one patient, written out slowly from the dossier, to compare the vectorized one with.

A visit is a dict: day, lesions {name: (kind, status, longest, shortest)}, score, spleen (None where not given). Default options only.
"""

NODE, MASS, EYE, EYE_NODE, NEW = "target-node", "target", "non-target", "non-target-node", "new"
LITTLE = 1e-9


def judge_patient(visits):
    """The overall response of every visit in words, and whether PET gave it."""
    start = max([0] + [place for place, visit in enumerate(visits) if visit["day"] <= 0])
    answers, progressed, complete_before = [], None, False
    for place, visit in enumerate(visits):
        if place < start:
            answers.append("NE")
        elif place == start:
            answers.append("baseline")
        elif progressed:
            answers.append(progressed)
        else:
            answer = judge_visit(visits, start, place, complete_before)
            answers.append(answer)
            score = visit["score"]
            complete_before = complete_before or (score is not None and score <= 3)
            progressed = answer if answer in ("PD", "PMD") else None
    return answers


def judge_visit(visits, start, place, complete_before):
    new = any(
        kind == NEW and status not in ("not_evaluable", "absent")
        for visit in visits[start + 1 : place + 1]
        for kind, status, _, _ in visit["lesions"].values()
    )
    by_pet = judge_pet(visits, start, place, complete_before, new)
    by_ct = "PD" if new else judge_ct(visits, start, place)
    if by_pet in ("PMR", "NMR") and by_ct == "PD":
        return "PD"
    return by_pet or by_ct


def judge_pet(visits, start, place, complete_before, new):
    score = visits[place]["score"]
    if score is None:
        return None
    if new:
        return "PMD"
    if score <= 3:
        return "CMR"
    if complete_before:
        return "PMD"
    earlier = [visit["score"] for visit in visits[: start + 1] if visit["score"] is not None]
    if not earlier:
        return None
    if score > earlier[-1]:
        return "PMD"
    return "PMR" if score < earlier[-1] else "NMR"


def axes(lesion):
    """Longest and shortest axis, None where not known."""
    _, status, longest, shortest = lesion
    if status == "absent":
        return 0.0, 0.0
    if status == "too_small":
        return 5.0, 5.0
    if status == "measured" and longest is not None and shortest is not None:
        return longest, shortest
    return None


def judge_ct(visits, start, place):
    now = visits[place]["lesions"]
    targets = {name: lesion for name, lesion in now.items() if lesion[0] in (NODE, MASS)}
    others = {name: lesion for name, lesion in now.items() if lesion[0] in (EYE, EYE_NODE)}
    if any(lesion_progressed(visits, start, place, name) for name in targets):
        return "PD"
    if any(lesion[1] == "progression" for lesion in now.values() if lesion[0] != NEW):
        return "PD"
    spleen = judge_spleen(visits, start, place)
    if spleen == "PD":
        return "PD"
    target, other = judge_targets(visits, start, place, targets), judge_others(others)
    if target is None and other is None and spleen is None:
        return "NE"
    if target in ("CR", None) and other in ("CR", None) and spleen in ("CR", None):
        return "CR"
    if target in ("CR", "PR"):
        return "PR" if spleen in ("CR", "PR", "unknown", None) else "SD"
    if target is None:
        if other in ("CR", None):
            return {"unknown": "NE", "PR": "PR"}.get(spleen, "SD")
        return "NE" if other == "NE" else "SD"
    return target


def judge_targets(visits, start, place, targets):
    if not targets:
        return None
    now = {name: axes(lesion) for name, lesion in targets.items()}
    normal = []
    for name, lesion in targets.items():
        if lesion[0] == NODE:
            normal.append(now[name] is not None and now[name][0] <= 15 + LITTLE)
        else:
            normal.append(lesion[1] == "absent")
    if all(normal):
        return "CR"
    first = {name: axes(visits[start]["lesions"][name]) for name in targets}
    if None in now.values() or None in first.values():
        return "NE"
    before = sum(long * short for long, short in first.values())
    after = sum(long * short for long, short in now.values())
    return "PR" if after <= before * 0.5 + LITTLE * before else "SD"


def judge_others(others):
    if not others:
        return None
    if any(lesion[1] == "not_evaluable" for lesion in others.values()):
        return "NE"
    for kind, status, longest, _ in others.values():
        gone = status == "absent"
        if kind == EYE_NODE:
            gone = gone or status == "too_small" or (status == "measured" and longest <= 15 + LITTLE)
        if not gone:
            return "left"
    return "CR"


def lesion_progressed(visits, start, place, name):
    lesion = visits[place]["lesions"][name]
    earlier = [visit["lesions"][name] for visit in visits[start:place]]
    seen = [past[1] not in ("not_evaluable", "absent") for past in earlier]
    size = axes(lesion)
    limit = 15 if lesion[0] == NODE else 10
    gone_since = any(past[1] == "absent" and any(seen[:k]) for k, past in enumerate(earlier))
    if gone_since and lesion[1] not in ("not_evaluable", "absent"):
        big = size[0] > limit + LITTLE if size else True
        if lesion[1] == "too_small":
            big = False
        if big:
            return True
    first_seen = next((k for k, flag in enumerate(seen) if flag), None)
    if first_seen is None or size is None:
        return False
    known = [axes(past) for past in earlier[first_seen:] if axes(past) is not None]
    if not known:
        return False
    product = min(long * short for long, short in known)
    low_long, low_short = min(long for long, _ in known), min(short for _, short in known)
    rise = max(size[0] - low_long, size[1] - low_short)
    enough = 5 if low_long <= 20 + LITTLE else 10
    now = size[0] * size[1]
    return size[0] > 15 + LITTLE and now > product and now >= product * 1.5 - LITTLE * product and rise >= enough - LITTLE


def judge_spleen(visits, start, place, normal=13.0):
    lengths = [visit["spleen"] for visit in visits]
    before = [length for length in lengths[: start + 1] if length is not None]
    later = [length for length in lengths[start + 1 : place + 1] if length is not None]
    if not before and not later:
        return None
    first = before[-1] if before else later[0]
    past = [length for length in lengths[start:place] if length is not None]
    lowest = min([*past, first])
    now = lengths[place]
    if now is not None:
        if first > normal and now > normal + 1.5 * (first - normal) + LITTLE:
            return "PD"
        if lowest <= normal and now > normal and now >= lowest + 2 - LITTLE:
            return "PD"
    if first <= normal + LITTLE:
        return None
    if now is None:
        return "unknown"
    if now <= normal + LITTLE:
        return "CR"
    return "PR" if now - normal < 0.5 * (first - normal) - LITTLE else "SD"
