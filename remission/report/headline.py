"""The top of a report: a few large numbers, then every endpoint with its three uncertainties beside the published ones."""

from collections.abc import Iterator, Mapping

import polars as pl

from remission.plots.published import whole_arm
from remission.plots.rounding import ABSENT, count, months, months_interval, number, percent, percent_interval, points
from remission.report.elements import Markup, details, joined, paragraph, table, tag
from remission.report.estimates import Found, Json, citation, estimates, find, is_rate, is_time, rate, short_title, title, trial_name

CARDS = (("orr", None), ("orr_itt", None), ("rfs", 12), ("rfs", 24), ("os", 12), ("os", 36))
GLANCE = (
    ("orr", None),
    ("orr_itt", None),
    ("cr", None),
    ("cri", None),
    ("mrd_negative", None),
    ("rfs", 12),
    ("rfs", 24),
    ("rfs", 36),
    ("efs", 12),
    ("os", 12),
    ("os", 36),
    ("relapse_cd19_negative", None),
    ("crs.astct.grade3plus", None),
    ("crs.lee.grade3plus", None),
    ("crs.penn.grade3plus", None),
    ("icans.astct.grade3plus", None),
)
"""What is set side by side for all arms, in the report and in the terminal."""
MONTHS_SHOWN = ("12", "24", "36")
SHOWN = ("orr", "orr_itt", "cr", "cri", "mrd_negative", "rfs", "efs", "pfs", "os")
COLUMNS = ("Endpoint", "Simulated", "Error (mcse)", "Trial (95%)", "Model (95%)", "Published")
ROLE_ORDER = {"calibrate": 0, "validate": 1, "transport": 2}


def uncertainties(size: str) -> list[tuple[str, str]]:
    """What the three columns mean; `size` is the trial whose interval is given."""
    return [
        ("Error (mcse)", "error of the simulation itself, smaller with more simulated patients; percentage points, or months"),
        ("Trial (95%)", f"what one trial of {size} would report, were the model right"),
        ("Model (95%)", "the spread over sets of parameters that agree with the data used for calibration; a dash means it was not run"),
    ]


def cards(arm: Json, targets: pl.DataFrame) -> Markup:
    """The numbers a reader looks for first, each with the trial it is set beside."""
    shown = []
    for endpoint, month in CARDS:
        share = find(arm, endpoint, month)
        if share is None or share.value is None:
            continue
        seen = matching(same_product(targets), endpoint, month)
        beside = f"{_source(seen[0])}: {_published_value(seen[0])}" if seen else "no published value"
        label = title(endpoint, month)
        shown.append(tag("div", tag("span", percent(share.value), class_="big"), tag("span", label), tag("small", beside), class_="card"))
    return tag("div", *shown, class_="cards")


def at_a_glance(arms: Mapping[str, Json], titles: Mapping[str, str]) -> Markup:
    """The endpoints of all arms side by side, each with the interval of a trial of the designed size."""
    rows = []
    for endpoint, month in GLANCE:
        found = [find(arms[arm], endpoint, month) for arm in titles]
        if any(share is not None and share.value is not None for share in found):
            rows.append((short_title(endpoint, month), *(_brief(share) for share in found)))
    counts = [f"{count(arms[arm]['n'].get('treated'))} of {count(arms[arm]['n'].get('enrolled'))}" for arm in titles]
    return table(
        ("Endpoint", *titles.values()),
        [("Treated, of enrolled", *counts), *rows],
        class_="glance",
        caption="All arms, with the interval of one trial (95%)",
    )


def endpoint_table(arm: Json, targets: pl.DataFrame) -> Markup:
    """Endpoints of an arm with the three uncertainties named; months and endpoints less often asked for are folded away."""
    rows, more = [], []
    for key, estimate in estimates(arm):
        chosen = list(_rows(key, estimate, targets))
        shown = [row for month, row in chosen if key in SHOWN and month in (None, "median", *MONTHS_SHOWN)]
        rest = [row for _, row in chosen if row not in shown]
        for place, kept in ((rows, shown), (more, rest)):
            place += [(title(key),), *kept] if kept and is_time(estimate) else kept
    folded = details("More endpoints and months", table(COLUMNS, more, class_="stacked endpoints")) if more else Markup("")
    return joined([table(COLUMNS, rows, class_="stacked endpoints"), folded])


def other_readings(arm: Json) -> Markup:
    """Kinetics and relapse of an arm, in a sentence or two; nothing where the arm has none."""
    said = []
    kinetics, relapse = arm.get("kinetics") or {}, arm.get("relapse") or {}
    if (kinetics.get("tmax_day") or {}).get("median") is not None:
        said.append(f"CAR-T cells peak on day {_range(kinetics['tmax_day'])}, at {_range(kinetics['cmax'])}")
    if kinetics.get("cmax_ratio_responders") is not None:
        said.append(f"geometric mean peak of responders over non-responders {number(kinetics['cmax_ratio_responders'])}")
    if is_rate(relapse.get("cd19_negative")):
        negative = rate(relapse["cd19_negative"])
        within = f"relapses within {relapse.get('within_months', 36)} months {count(relapse.get('n'))}"
        said.append(f"{within}, CD19-negative {percent(negative.value)} ({percent_interval(*negative.trial)} in one trial)")
    return paragraph(f"{'; '.join(said)}. Ranges are the 5th to the 95th percentile of patients.", class_="quiet") if said else Markup("")


def matching(targets: pl.DataFrame, endpoint: str, month: float | None, any_month: bool = False) -> list[dict]:
    """Published values of an endpoint of the whole arm, those the model was fitted to first; a share may be read at `any_month`."""
    at = pl.lit(True) if any_month else pl.col("month").is_null() if month is None else pl.col("month") == month
    found = whole_arm(targets).filter((pl.col("endpoint") == endpoint) & at).to_dicts()
    return sorted(found, key=lambda row: ROLE_ORDER.get(row["role"], 3))


def _rows(key: str, estimate: Json, targets: pl.DataFrame) -> Iterator[tuple[str | None, tuple[str, ...]]]:
    if is_rate(estimate):
        yield None, _share_row(title(key), rate(estimate), matching(targets, key, None, any_month=True))
        return
    median = rate(estimate)
    spread = months_interval(*median.model) if median.model else ABSENT
    seen = _published(matching(targets, key, None), in_months=True)
    simulated = Markup(f"{months(median.value)}{' months' if median.value is not None else ''}")
    mcse = number(median.mcse, 2) if median.mcse is not None else ABSENT
    yield "median", ("Median", simulated, mcse, months_interval(*median.trial), spread, seen)
    for month, landmark in estimate["rates"].items():
        yield month, _share_row(f"{month} months", rate(landmark), matching(targets, key, float(month)))


def _share_row(label: str, share: Found, seen: list[dict]) -> tuple[str, ...]:
    model = percent_interval(*share.model) if share.model else ABSENT
    counts = tag("small", f"{count(share.x)} of {count(share.n)}", class_="counts") if share.x is not None else ""
    simulated = joined([tag("b", percent(share.value)), counts])
    return label, simulated, points(share.mcse), percent_interval(*share.trial), model, _published(seen)


def _brief(share: Found | None) -> str:
    if share is None or share.value is None:
        return ABSENT
    return joined([tag("b", percent(share.value)), " ", tag("small", percent_interval(*share.trial))])


def same_product(targets: pl.DataFrame) -> pl.DataFrame:
    """Targets of the product and population of the trial, without those of others (`transport`)."""
    return targets.filter(pl.col("role") != "transport")


def _published(seen: list[dict], in_months: bool = False) -> str:
    if not seen:
        return ABSENT
    lines = []
    for row in seen[:2]:
        words = {"calibrate": "calibrated on", "validate": "not fitted", "transport": "other product"}.get(row["role"], row["role"])
        lines.append(joined([_published_value(row, in_months), tag("small", f" {_source(row)}, {citation(row['source'])}; {words}")]))
    if len(seen) > 2:
        lines.append(tag("small", f"and {len(seen) - 2} more below"))
    return joined(lines, "<br>")


def _published_value(row: Mapping, in_months: bool = False) -> str:
    if in_months:
        return f"{months(row['value'])} months" + (f" ({months_interval(row['low'], row['high'])})" if row["low"] is not None else "")
    size = f" of {row['n']}" if row["n"] else ""
    limits = f" ({percent_interval(row['low'], row['high'])})" if row["low"] is not None else ""
    return f"{percent(row['value'])}{size}{limits}"


def _source(row: Mapping) -> str:
    return trial_name(row["name"])


def _range(quantiles: Mapping) -> str:
    return f"{number(quantiles['median'])} ({number(quantiles['q05'])} to {number(quantiles['q95'])})"
