"""Made-up arms of a trial, in the shape a run leaves them, for tests of results. Nothing here is a finding."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from remission.arm_run import ArmRun
from remission.engine.layout import Status
from remission.model.regimen import Regimen
from remission.response.leukemia import Response
from remission.response.records import Records
from remission.results import TrialResult
from remission.scenario import ArmSpec, PopulationSpec, ProtocolSpec, Scenario

LEVEL_DAYS = np.array([0, 1, 3, 5, 7, 9, 11, 14, 21, 28, 60, 90, 180, 365, 730, 1095], dtype=float)
CUT = 1826.0
NEVER = np.nan


@dataclass(frozen=True)
class Kind:
    """What an arm is like: share of responders, share that relapses, days to relapse, factor on expansion (0: no cells)."""

    responds: float
    relapses: float
    days: float
    expansion: float
    note: str | None = None


KINDS = {
    "car_t": Kind(0.86, 0.45, 330.0, 1.0),
    "car_t_without_lymphodepletion": Kind(0.66, 0.6, 220.0, 0.2, "extrapolation"),
    "salvage_chemotherapy": Kind(0.31, 0.85, 120.0, 0.0),
}


def made_up_arms(patients: int = 400, seed: int = 1, kinds: dict[str, Kind] | None = None) -> dict[str, ArmRun]:
    """Arms of the same patients with the same luck."""
    return {key: made_up_arm(key, kind, patients, seed) for key, kind in (kinds or KINDS).items()}


def made_up_arm(key: str, kind: Kind, patients: int = 400, seed: int = 1) -> ArmRun:
    luck = np.random.default_rng(seed).random((14, patients))
    cells = kind.expansion > 0
    treated = luck[0] < (0.82 if cells else 0.97)
    infusion = np.where(treated, 20 + 40 * luck[1] if cells else 3.0, NEVER)
    burden = luck[2] ** 1.5
    responded = treated & (luck[3] < kind.responds * (1.1 - 0.2 * burden))
    events = _events(kind, luck, infusion, treated, responded)
    cmax = np.where(treated & cells, np.exp(3 + 1.2 * _normal(luck[4]) + 0.4 * responded) * kind.expansion, NEVER)
    grade = np.where(treated & cells, np.searchsorted([0.25, 0.5, 0.7, 0.9], (luck[5] + burden) / 2 + 0.1), 0)
    return ArmRun(
        key=key,
        title=key.replace("_", " "),
        note=kind.note,
        records=Records.of({"patient": np.arange(patients), "arm": key, **events}),
        response=np.where(responded, np.where(luck[6] < 0.74, Response.CR, Response.CRI), np.where(treated, Response.NO_RESPONSE, 0)),
        residual_negative=np.where(responded & (luck[7] < 0.9), (luck[7] < 0.88).astype(float), NEVER),
        treated=treated,
        evaluable=treated & (luck[8] < 0.98),
        status=np.where(np.isfinite(events["death_day"]), int(Status.STOPPED), int(Status.OK)),
        cause=np.where(np.isfinite(events["death_day"]), np.where(events["death_from_leukemia"], "leukemia", "infection"), ""),
        not_treated=np.where(treated, "", np.where(luck[1] < 0.5, "manufacturing failure", "death or event before infusion")),
        dose=np.where(treated & cells, np.exp(18.4 + 0.5 * _normal(luck[9])), 0.0),
        burden=burden,
        exposure=np.where(treated & (key == "car_t"), 13.8 * np.exp(0.3 * _normal(luck[10])), NEVER),
        cmax=cmax,
        tmax=np.where(np.isfinite(cmax), 9.5 * np.exp(0.2 * _normal(luck[11])), NEVER),
        level_day=LEVEL_DAYS,
        level=np.where(np.isfinite(cmax), cmax, 0.0)[:, None] * np.exp(-np.abs(LEVEL_DAYS - 9.5) / 20),
        persistence=np.where(np.isfinite(cmax), 168 * np.exp(_normal(luck[12])), NEVER),
        crs_onset=np.where(grade > 0, 1 + 5 * luck[5], NEVER),
        crs_end=np.where(grade > 0, 9 + 5 * luck[5], NEVER),
        tocilizumab=grade >= 3,
        steroid=grade >= 4,
        b_cell_recovery=np.where(responded & cells & (luck[13] < 0.6), 60 + 600 * luck[13], NEVER),
        relapse_site=np.where(np.isfinite(events["relapse_day"]), np.where(luck[9] < 0.8, "marrow", "extramedullary"), ""),
        grades=_grades(grade),
        covariates={"age": 3 + 22 * luck[11], "weight_kg": 15 + 60 * luck[11]},
    )


def _grades(grade: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    """Every scale from one severity, so that Penn is the sternest."""
    milder, mildest = np.maximum(grade - 1, 0), np.maximum(grade - 2, 0)
    crs = {"astct": milder, "lee": milder, "penn": grade}
    return {"crs": crs, "icans": {"astct": mildest}, "neurotoxicity": {"ctcae": mildest}}


def _events(kind: Kind, luck: np.ndarray, infusion: np.ndarray, treated: np.ndarray, responded: np.ndarray) -> dict[str, np.ndarray]:
    """Days of what happened, on the clock of enrollment."""
    response = np.where(responded, infusion + 28, NEVER)
    relapse = np.where(responded & (luck[8] < kind.relapses), response + 10 - kind.days * np.log(luck[9]), NEVER)
    transplant = np.where(responded & (luck[10] < 0.12), response + 60 + 90 * luck[12], NEVER)
    transplant = np.where(transplant < np.nan_to_num(relapse, nan=np.inf), transplant, NEVER)
    ill = np.where(np.isfinite(relapse), relapse, np.where(responded, NEVER, np.nan_to_num(infusion, nan=20.0)))
    death = ill - 400 * np.log(luck[4])
    other = np.where(responded & (luck[7] > 0.93), response + 500 * luck[6], NEVER)
    first = np.fmin(death, other)
    last = np.fmin(np.fmin(CUT - 300 * luck[13], 4e4), np.where(np.isfinite(first), first, np.inf))
    relapse = np.where(relapse <= np.nan_to_num(first, nan=np.inf), relapse, NEVER)
    seen = {name: np.where(day <= last, day, NEVER) for name, day in (("relapse_day", relapse), ("transplant_day", transplant))}
    return {
        "infusion_day": infusion,
        "not_infused_day": np.where(treated, NEVER, 30.0),
        "response_day": response,
        "no_response_day": np.where(treated & ~responded, infusion + 28, NEVER),
        **seen,
        "relapse_cd19_negative": np.where(np.isfinite(seen["relapse_day"]), luck[6] < 0.6, -1),
        "death_day": np.where(first <= last, first, NEVER),
        "death_from_leukemia": death <= np.nan_to_num(other, nan=np.inf),
        "last_contact_day": last,
    }


def _normal(luck: np.ndarray) -> np.ndarray:
    """Roughly normal values from uniform ones."""
    return (np.log(luck) - np.log1p(-luck)) / 1.7


def made_up_scenario(patients: int = 400, pairing: str = "counterfactual", kinds: dict[str, Kind] | None = None) -> Scenario:
    cells = Regimen("car_t:tisagenlecleucel", [{"up_to": 50, "amount": "3.0e6 cells/kg"}, {"above": 50, "amount": "1.5e8 cells"}])
    arms = tuple(
        ArmSpec(key, key.replace("_", " "), cells if kind.expansion else Regimen(), kind.note) for key, kind in (kinds or KINDS).items()
    )
    protocol = ProtocolSpec((28.0, 91.0), tuple(float(day) for day in range(15)), anchor="infusion")
    population = PopulationSpec(patients, {"age": (3.0, 25.0)})
    endpoints = ("ORR", "CR", "CRi", "MRD", "DoR", "RFS", "EFS", "OS")
    return Scenario("small_trial", "A small trial", "b_all", arms, protocol, population, {"death": "composite"}, endpoints, 1, pairing)


def made_up_result(
    patients: int = 400, seed: int = 1, arms: dict[str, ArmRun] | None = None, pairing: str = "counterfactual", **more
) -> TrialResult:
    runs = arms or made_up_arms(patients, seed)
    scenario = made_up_scenario(patients, pairing)
    assumed = pl.DataFrame(
        {"key": ["car_t.exhaustion_rate"], "value": [0.04], "unit": ["1/day"], "evidence": ["assumed"], "meaning": ["how fast"]}
    )
    cohort = {"candidates_drawn": 2 * patients, "acceptance_rate": 0.5, "effective_sample_size": float(patients)}
    given = {"cohort": cohort, "assumed": assumed, "run": {"tolerances": {"relative": 1e-6, "absolute": 1e-9}}}
    return TrialResult.of(scenario, runs, seed, pairing, {"simulation": 1.5}, ["A note."], **{**given, **more})


def with_failure(run: ArmRun, member: int) -> ArmRun:
    """The arm with one member whose numbers ran away."""
    status = run.status.copy()
    status[member] = int(Status.NON_FINITE)
    return replace(run, status=status)
