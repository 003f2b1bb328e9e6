"""Patients with one line of therapy, written as their visits, for tests of refractory disease."""

import numpy as np

from remission.response.judged import Best, Judged, Response
from remission.response.refractory import classify
from remission.response.scans import Patients, Scans

CR, PR, SD, PD, NE = Response.CR, Response.PR, Response.SD, Response.PD, Response.NE
CRI, NO_RESPONSE, MLFS, UNCONFIRMED = Response.CRI, Response.NO_RESPONSE, Response.MLFS, Response.UNCONFIRMED_PD
WEEK, MONTH = 7, 30.4375
ORDER = (CR, Response.CRH, CRI, PR, MLFS, SD, Response.NON_CR_NON_PD, NO_RESPONSE, PD, UNCONFIRMED, NE)


def line(visits, *, best=None, progression=None, **dates):
    """One patient: `visits` maps days to overall responses; best response and progression follow from them unless given."""
    day, codes = [0.0, *visits], [Response.BASELINE, *visits.values()]
    overall = np.array([codes], dtype=np.int8)
    scans = Scans.of_sizes([day], np.full((1, len(day)), 20.0), patients=Patients.numbered(1, **dates))
    first = {code: next((when for when, seen in visits.items() if seen == code), np.nan) for code in ORDER}
    reached = best if best is not None else next((code for code in ORDER if code in visits.values()), NE)
    grown = first[PD] if progression is None else progression
    responded = first[reached] if reached in (CR, PR, Response.CRH, CRI) else np.nan
    return scans, _judged(scans, overall), _best(reached, responded, grown)


def called(name, patient, transplant=None, **options):
    """The class of one patient and why."""
    classes = classify(name, *patient, options=options, transplant=transplant)
    return classes.word[0], classes.why[0]


def word(name, patient, transplant=None, **options):
    return called(name, patient, transplant, **options)[0]


def _judged(scans, overall):
    unknown = np.full(overall.shape, np.nan)
    nothing = np.full(overall.shape, Response.NONE, dtype=np.int8)
    new = np.zeros(overall.shape, dtype=bool)
    return Judged(scans.baseline, unknown, unknown, overall, nothing, new, overall, np.zeros(overall.shape, np.int16), [""], {})


def _best(code, response, progression):
    codes = np.array([code], dtype=np.int8)
    begun, grown, unknown = (np.array([float(day)]) for day in (response, progression, np.nan))
    return Best(codes, codes, begun, begun, unknown, grown, unknown, unknown)
