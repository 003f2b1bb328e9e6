"""A trial result with made-up numbers, in the shape a run gives, for tests of figures and reports. Nothing here is a finding."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from remission.model.regimen import Regimen
from remission.protocol_rules import Condition, Rule
from remission.response.estimates import clopper_pearson
from remission.response.survival import kaplan_meier, quantile, survival_at
from remission.scenario import ArmSpec, PopulationSpec, ProtocolSpec, Scenario

MONTH = 30.4375
TITLES = {
    "car_t": "CAR-T after lymphodepletion",
    "car_t_without_lymphodepletion": "CAR-T without lymphodepletion",
    "salvage_chemotherapy": "Salvage chemotherapy",
}
SHARES = {"car_t": 0.82, "car_t_without_lymphodepletion": 0.66, "salvage_chemotherapy": 0.31}
RELAPSES = {"car_t": 0.46, "car_t_without_lymphodepletion": 0.62, "salvage_chemotherapy": 0.86}
SCALES = {
    "crs_astct": (0.24, 0.38, 0.22, 0.11, 0.05),
    "crs_lee": (0.24, 0.3, 0.26, 0.13, 0.07),
    "crs_penn": (0.22, 0.1, 0.22, 0.24, 0.22),
    "icans_astct": (0.79, 0.09, 0.05, 0.05, 0.02),
    "neuro_ctcae": (0.6, 0.17, 0.1, 0.11, 0.02),
}
DESIGNED = 97


@dataclass(frozen=True)
class MadeUpTrial:
    scenario: Scenario
    document: dict[str, Any]
    tables: dict[str, pl.DataFrame]
    facts: dict[str, Any]

    def json(self) -> dict[str, Any]:
        return self.document

    def without(self, *names: str) -> "MadeUpTrial":
        """The same result with these tables left out."""
        return replace(self, tables={name: table for name, table in self.tables.items() if name not in names})


def made_up_trial(patients: int = 400, seed: int = 1) -> MadeUpTrial:
    draws = np.random.default_rng(seed)
    subjects = pl.concat([_subjects(draws, arm, patients) for arm in SHARES])
    times = pl.concat([_times(draws, subjects.filter(pl.col("arm") == arm)) for arm in SHARES])
    tables = {
        "subjects": subjects,
        "tte": times,
        "kinetics": _kinetics(),
        "toxicity": _toxicity(patients),
        "flow": _flow(subjects),
        "subgroups": _subgroups(),
        "assumed": _assumed(),
        "targets": _targets(),
        "failures": pl.DataFrame(
            {"patient": [17], "arm": ["car_t"], "status": ["non_finite"], "reason": ["a state is not a number on day 12"]}
        ),
    }
    return MadeUpTrial(_scenario(patients), _document(subjects, times, patients), tables, {"design_sizes": dict.fromkeys(SHARES, DESIGNED)})


def _scenario(patients: int) -> Scenario:
    depletion = Regimen("chemotherapy:fludarabine", "30 mg/m2", day=[-6, -5, -4, -3], anchor="infusion")
    depletion += Regimen("chemotherapy:cyclophosphamide", "500 mg/m2", day=[-6, -5], duration="1 h", anchor="infusion")
    bands = [{"up_to": 50, "amount": "3.0e6 cells/kg", "low": 0.2e6, "high": 5.0e6}, {"above": 50, "amount": "1.5e8 cells"}]
    cells = Regimen("car_t:tisagenlecleucel", bands, day=0, anchor="infusion")
    note = "Extrapolation: no trial of this product without lymphodepletion informs the level; its spread over the ensemble is shown."
    arms = (
        ArmSpec("car_t", TITLES["car_t"], depletion + cells),
        ArmSpec("car_t_without_lymphodepletion", TITLES["car_t_without_lymphodepletion"], cells, note),
        ArmSpec(
            "salvage_chemotherapy",
            TITLES["salvage_chemotherapy"],
            Regimen("chemotherapy:flag", "30 mg/m2", day=[0, 1, 2], every=28, times=2),
        ),
    )
    rule = Rule("tocilizumab", (Condition("crs_grade", ">=", 3),), "safety", Regimen("supportive:tocilizumab", "8 mg/kg"), times=2)
    visits = (28.0, 91.0, *(91.0 * step for step in range(2, 21)))
    protocol = ProtocolSpec(visits, (*range(15), 21.0, 28.0), (rule,), anchor="infusion", accrual=670.0)
    population = PopulationSpec(patients, {"age": (3.0, 25.0)})
    strategies = {"no_infusion": "treatment_policy", "transplant": "hypothetical", "death": "composite"}
    endpoints = ("ORR", "CR", "DoR", "RFS", "EFS", "OS")
    title = "CAR-T against CD19 in relapsed or refractory B-cell ALL"
    return Scenario("b-all-car-t", title, "b_all", arms, protocol, population, strategies, endpoints)


def _subjects(draws: np.random.Generator, arm: str, patients: int) -> pl.DataFrame:
    treated = draws.random(patients) < (0.82 if arm.startswith("car_t") else 0.97)
    responds = treated & (draws.random(patients) < SHARES[arm])
    full = draws.random(patients) < 0.74
    relapse = np.where(responds & (draws.random(patients) < RELAPSES[arm]), 60 + draws.weibull(0.9, patients) * 330, np.nan)
    spared = responds & np.isnan(relapse) & (draws.random(patients) > 0.08)
    death = np.where(spared, np.nan, draws.exponential(300, patients) + 40)
    death = np.where(np.isnan(relapse), death, relapse + draws.exponential(400, patients))
    best = np.where(responds, np.where(full, "CR", "CRi"), np.where(treated, "NR", "not infused"))
    phenotype = np.where(draws.random(patients) < 0.56, "cd19_negative", "cd19_positive")
    return pl.DataFrame(
        {
            "patient": np.arange(patients),
            "arm": arm,
            "treated": treated,
            "best_response": best,
            "response_day": np.where(responds, 28.0, np.nan),
            "relapse_day": relapse,
            "relapse_phenotype": [None if np.isnan(day) else kind for day, kind in zip(relapse, phenotype, strict=True)],
            "death_day": death,
        }
    ).with_columns(pl.col("response_day", "relapse_day", "death_day").fill_nan(None))


def _times(draws: np.random.Generator, subjects: pl.DataFrame) -> pl.DataFrame:
    """Times to relapse or death, seen until a cut between 2.5 and 5 years."""
    cut = draws.uniform(900, 1826, subjects.height)
    base = subjects.with_columns(cut=pl.Series(cut))
    first = pl.min_horizontal("relapse_day", "death_day")
    failed = pl.when(pl.col("best_response").is_in(["CR", "CRi"])).then(first).otherwise(1.0)
    spans = {"rfs": first - 28, "dor": pl.col("relapse_day") - 28, "efs": failed, "os": pl.col("death_day")}
    parts = []
    for param, event_day in spans.items():
        own = base.filter(pl.col("treated") if param in ("efs", "os") else pl.col("response_day").is_not_null())
        day = pl.min_horizontal(event_day, "cut").alias("days")
        happened = (event_day.is_not_null() & (event_day <= pl.col("cut"))).alias("event")
        reason = pl.when(happened).then(pl.lit("event")).otherwise(pl.lit("end of follow-up")).alias("reason")
        parts.append(own.select("patient", "arm", pl.lit(param).alias("param"), day, happened, reason))
    return pl.concat(parts)


def _kinetics() -> pl.DataFrame:
    day = np.concatenate([np.arange(0, 28.5, 0.5), np.arange(30, 740, 10)])
    parts = []
    for arm, peak in (("car_t", 24000.0), ("car_t_without_lymphodepletion", 5200.0)):
        rise, fall = np.exp(np.minimum(day - 9.3, 0) * 0.9), 0.94 * np.exp(-np.maximum(day - 9.3, 0) / 6.2)
        middle = peak * rise * (fall + 0.06 * np.exp(-np.maximum(day - 9.3, 0) / 190))
        distance = {"q05": -1.6, "q25": -0.7, "q50": 0.0, "q75": 0.7, "q95": 1.6}
        spread = {name: middle * np.exp(z * (0.9 + day / 600)) for name, z in distance.items()}
        parts.append(pl.DataFrame({"arm": [arm] * day.size, "day": day, **spread, "unit": ["copies/µg DNA"] * day.size}))
    return pl.concat(parts)


def _toxicity(patients: int) -> pl.DataFrame:
    rows = []
    for arm in ("car_t", "car_t_without_lymphodepletion"):
        for scale, shares in SCALES.items():
            milder = np.array(shares) * ([1] * 5 if arm == "car_t" else [1.5, 1, 0.7, 0.6, 0.5])
            for grade, share in enumerate(milder / milder.sum()):
                rows.append((arm, scale, grade, round(share * patients), float(share)))
    return pl.DataFrame(rows, schema=["arm", "scale", "grade", "n", "share"], orient="row")


def _flow(subjects: pl.DataFrame) -> pl.DataFrame:
    rows = [("cohort", "candidates", 3125, None), ("cohort", "enrolled", 2000, None)]
    for arm in SHARES:
        own = subjects.filter(pl.col("arm") == arm)
        n, treated = own.height, int(own["treated"].sum())
        left, responders = n - treated, int(own["response_day"].is_not_null().sum())
        failed = left // 2
        rows += [
            (arm, "enrolled", n, None),
            (arm, "not treated", failed, "manufacturing failure" if arm != "salvage_chemotherapy" else "withdrew"),
        ]
        rows += [(arm, "not treated", left - failed, "death or event before infusion"), (arm, "treated", treated, None)]
        rows += [(arm, "evaluable", treated - 3, None), (arm, "no response", treated - 3 - responders, "no response by month 3")]
        rows += [(arm, "responders", responders, None), (arm, "relapsed", int(own["relapse_day"].is_not_null().sum()), "relapsed")]
    return pl.DataFrame(rows, schema=["arm", "step", "n", "reason"], orient="row")


def _subgroups() -> pl.DataFrame:
    levels = {
        "blasts at enrollment": (("below 5%", 120, 0.9), ("5% to 50%", 150, 0.84), ("50% or more", 130, 0.72)),
        "dose": (("lowest third", 133, 0.8), ("middle third", 133, 0.82), ("highest third", 134, 0.83)),
        "fludarabine AUC": (("below 13.8 mg h/L", 90, 0.74), ("13.8 mg h/L or more", 310, 0.84)),
        "age": (("below 10 years", 170, 0.83), ("10 years or more", 230, 0.81)),
    }
    rows = []
    for arm, weaker in (("car_t", 1.0), ("car_t_without_lymphodepletion", 0.8)):
        for endpoint, factor in (("orr", 1.0), ("efs_12", 0.6)):
            for variable, named in levels.items():
                for level, n, share in named:
                    value = share * factor * weaker
                    x = round(n * value) if endpoint == "orr" else None
                    rows.append((arm, variable, level, n, x, value, *clopper_pearson(n * value, n), endpoint))
    return pl.DataFrame(
        rows, schema=["arm", "variable", "level", "n", "x", "value", "low", "high", "endpoint"], orient="row", infer_schema_length=None
    )


def _assumed() -> pl.DataFrame:
    keys = (
        "car_t.exhaustion_rate",
        "car_t.memory_share",
        "growth.turnover",
        "cytokine_release.macrophage_gain",
        "chemotherapy:fludarabine.kill_rate",
    )
    values, units = (0.04, 0.05, 0.5, 1.2e-7, 0.35), ("1/day", "1", "1", "pg/mL/cell/day", "1/day")
    meaning = "how fast it happens in the patient, a sentence that says so in words and runs over a line on a phone"
    return pl.DataFrame(
        {
            "key": keys,
            "value": values,
            "unit": units,
            "evidence": "assumed",
            "source": [None, "stein2019", None, None, None],
            "meaning": meaning,
        }
    )


def _targets() -> pl.DataFrame:
    rows = [
        ("eliana.orr", "car_t", "orr", None, 0.82, 0.72, 0.9, 79, "laetsch2023", "calibrate", True),
        ("eliana.orr_itt", "car_t", "orr_itt", None, 0.67, 0.567, 0.762, 97, "grupp2018", "calibrate", True),
        ("eliana.rfs_12", "car_t", "rfs", 12.0, 0.59, None, None, 61, "maude2018", "calibrate", True),
        ("eliana.rfs_24", "car_t", "rfs", 24.0, 0.58, None, None, 65, "laetsch2023", "calibrate", True),
        ("eliana.rfs_36", "car_t", "rfs", 36.0, 0.52, 0.37, 0.66, 65, "laetsch2023", "calibrate", True),
        ("germany.rfs_24", "car_t", "rfs", 24.0, 0.517, None, None, 71, "bader2023", "validate", True),
        ("eliana.efs_12", "car_t", "efs", 12.0, 0.5, 0.35, 0.64, 75, "maude2018", "validate", True),
        ("eliana.os_12", "car_t", "os", 12.0, 0.76, 0.63, 0.86, 75, "maude2018", "validate", True),
        ("eliana.os_36", "car_t", "os", 36.0, 0.63, 0.51, 0.73, 79, "laetsch2023", "validate", True),
        ("cibmtr.orr", "car_t", "orr", None, 0.855, 0.806, 0.896, 255, "pasquini2020", "validate", True),
        ("uk.orr", "car_t", "orr", None, 0.92, 0.858, 0.961, 125, "oporto2024", "validate", False),
        ("eliana.crs_any_penn", "car_t", "crs.penn.any", None, 0.77, 0.662, 0.862, 75, "maude2018", "calibrate", True),
        ("zuma3.orr", "car_t", "orr", None, 0.709, 0.57, 0.82, 55, "shah2021", "transport", None),
        ("eliana.relapse_cd19_negative", "car_t", "relapse_cd19_negative", None, 0.74, 0.488, 0.909, 19, "maude2018", "calibrate", True),
        ("eliana.tmax", "car_t", "tmax", None, 9.3, None, None, 90, "stein2019", "calibrate", None),
        ("inovate.orr", "salvage_chemotherapy", "orr_itt", None, 0.309, 0.239, 0.386, 162, "kantarjian2019", "calibrate", True),
        ("inovate.os", "salvage_chemotherapy", "os", None, 6.2, None, None, 162, "kantarjian2019", "calibrate", None),
    ]
    names = ["name", "arm", "endpoint", "month", "value", "low", "high", "n", "source", "role", "inside"]
    return pl.DataFrame(rows, schema=names, orient="row")


def _document(subjects: pl.DataFrame, times: pl.DataFrame, patients: int) -> dict[str, Any]:
    arms = {arm: _arm(subjects.filter(pl.col("arm") == arm), times.filter(pl.col("arm") == arm)) for arm in SHARES}
    return {
        "scenario": "b-all-car-t",
        "seed": 1,
        "patients": patients,
        "version": "0.1.0",
        "pairing": "counterfactual",
        "intended_use": "Simulated patients under stated assumptions. Not for decisions about the care of any person.",
        "failed": {"car_t": 1},
        "arms": arms,
        "contrasts": _contrasts(),
        "seconds": {"population": 3.21, "simulation": 41.5},
        "notes": ["Survival after relapse is a sourced hazard.", "B-cell recovery <5 % counts as aplasia & is read at visits."],
    }


def _arm(own: pl.DataFrame, times: pl.DataFrame) -> dict[str, Any]:
    enrolled, treated = own.height, int(own["treated"].sum())
    best = own["best_response"]
    responders = int(best.is_in(["CR", "CRi"]).sum())
    arm = {
        "n": {"enrolled": enrolled, "treated": treated, "evaluable": treated},
        "orr": _rate(responders, treated),
        "orr_itt": _rate(responders, enrolled),
        "cr": _rate(int((best == "CR").sum()), treated),
        "cri": _rate(int((best == "CRi").sum()), treated),
        "mrd_negative": _rate(round(responders * 0.995), responders),
        **{param: _time(times.filter(pl.col("param") == param)) for param in ("dor", "rfs", "efs", "os")},
    }
    if own["arm"][0] == "salvage_chemotherapy":
        return arm
    relapsed = own.filter(pl.col("relapse_day") < 36 * MONTH)["relapse_phenotype"]
    negative = int((relapsed == "cd19_negative").sum())
    phenotypes = {"cd19_negative": _rate(negative, relapsed.len()), "cd19_positive": _rate(relapsed.len() - negative, relapsed.len())}
    kinetics = {"tmax_day": {"median": 9.4, "q05": 7.1, "q95": 14.2}, "cmax": {"median": 24310.0, "q05": 4100.0, "q95": 118000.0}}
    severe = {"penn": (0.78, 0.46), "lee": (0.76, 0.2), "astct": (0.76, 0.16)}
    crs = {
        scale: {"any": _rate(share[0] * treated, treated), "grade3plus": _rate(share[1] * treated, treated)}
        for scale, share in severe.items()
    }
    icans = {"astct": {"any": _rate(0.21 * treated, treated), "grade3plus": _rate(0.07 * treated, treated)}}
    return {
        **arm,
        "relapse": {"n": relapsed.len(), "within_months": 36, **phenotypes},
        "kinetics": {**kinetics, "cmax_ratio_responders": 1.74},
        "toxicity": {"crs": crs, "icans": icans},
    }


def _contrasts() -> list[dict[str, Any]]:
    told = {"arms": ["car_t", "salvage_chemotherapy"], "pairing": "counterfactual", "trial": None}
    share = {"endpoint": "orr_itt", "population": "enrolled", "measure": "difference of shares", "value": 0.39, "mcse": 0.011}
    time = {"endpoint": "os_itt", "population": "enrolled", "measure": "difference of restricted means, months", "value": 9.4, "mcse": 0.3}
    return [told | share, told | time | {"until_months": 36.0}]


def _rate(x: float, n: int) -> dict[str, Any]:
    x = round(x)
    value = x / n if n else None
    low, high = clopper_pearson(value * DESIGNED, DESIGNED) if n else (None, None)
    error = (value * (1 - value) / n) ** 0.5 if n else None
    return {
        "value": value,
        "mcse": error,
        "trial": [low, high],
        "model": [max(low - 0.02, 0), min(high + 0.02, 1)] if n else None,
        "x": x,
        "n": n,
    }


def _time(own: pl.DataFrame) -> dict[str, Any]:
    curve = kaplan_meier(own["days"].to_numpy() / MONTH, own["event"].to_numpy())
    median = quantile(curve)
    rates = {}
    for month in (6, 12, 24, 36, 60):
        seen = survival_at(curve, month, scale=own.height / DESIGNED)[0]
        if seen.value is not None:
            rate = {
                "value": seen.value,
                "mcse": seen.error and seen.error * (DESIGNED / own.height) ** 0.5,
                "trial": [seen.low, seen.high],
                "model": None,
                "x": None,
                "n": own.height,
            }
            rates[str(month)] = rate
    trial = [median.low, median.high]
    events = int(own["event"].sum())
    return {"median": median.value, "mcse": median.error, "trial": trial, "model": None, "n": own.height, "events": events, "rates": rates}
