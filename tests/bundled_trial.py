"""The bundled trial in few patients, built once for all tests that look at the clinic, the arms and the results."""

from dataclasses import replace
from functools import cache

import numpy as np

from remission.arm_run import ArmRun, flatten
from remission.arms import Course, course_of, run_arm
from remission.engine.ensemble import Options
from remission.history import make_cohort
from remission.population import Cohort
from remission.scenario import ProtocolSpec, Scenario, read_scenario
from remission.trial import RTOL, Study, prepare

SEED = 3
SIZE = 40
OPTIONS = Options(rtol=RTOL, threads=2)


@cache
def scenario() -> Scenario:
    return read_scenario("b-all-car-t")


@cache
def study() -> Study:
    return prepare(scenario())


def made(size: int, where=None, history: str = "relapsed_or_refractory", seed: int = SEED, options: Options = OPTIONS, **more) -> Cohort:
    own = study()
    return make_cohort(own.system, own.parameters, own.disease, size, seed, where or {}, history, options=options, **more)


@cache
def cohort() -> Cohort:
    """Children and young adults, made refractory."""
    return made(SIZE, {"age": (3.0, 25.0)})


def ran(arm: str = "car_t", patients: Cohort | None = None, options: Options = OPTIONS, key: str | None = None, **protocol) -> ArmRun:
    """An arm of the bundled trial in these patients, with changes of its protocol."""
    own, spec = study(), scenario().arm(arm)
    plan: ProtocolSpec = replace(scenario().protocol, **protocol)
    spec = replace(spec, key=key or spec.key)
    return run_arm(own.system, patients or cohort(), spec, plan, own.sites, SEED, options)


@cache
def plain_run(arm: str = "car_t") -> ArmRun:
    return ran(arm)


@cache
def course(arm: str = "car_t") -> Course:
    own = study()
    return course_of(own.system, cohort(), scenario().arm(arm), scenario().protocol, own.sites, SEED, OPTIONS)


def differing(one: ArmRun, other: ArmRun, leaving: tuple[str, ...] = ("records.arm",)) -> list[str]:
    """Names of the arrays in which two runs are not the same to the bit."""
    a, b = flatten(one), flatten(other)
    assert a.keys() == b.keys()
    return [name for name in a if name not in leaving and not _same(a[name], b[name])]


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f" and b.dtype.kind == "f"))
