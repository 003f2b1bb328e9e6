"""Estimates as flat names and numbers, to gather them over posterior draws and to carry their spread back.

A name is the path in the document of an arm: `orr`, `rfs.median`, `rfs.12`, `toxicity.crs.penn.any`, `relapse.cd19_negative`,
`kinetics.tmax_day` (its median).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from remission.response.estimates import model_interval

Draws = Mapping[str, list[float | None]]


def is_rate(value: object) -> bool:
    return isinstance(value, Mapping) and "value" in value and "mcse" in value


def is_time(value: object) -> bool:
    return isinstance(value, Mapping) and "rates" in value


def flat(document: Mapping[str, Any], path: str = "") -> dict[str, float | None]:
    """Every estimate of an arm by its path; not reached is None."""
    found: dict[str, float | None] = {}
    for key, value in document.items():
        name = f"{path}.{key}" if path else key
        if is_rate(value):
            found[name] = value["value"]
        elif is_time(value):
            found[f"{name}.median"] = value["median"]
            found |= {f"{name}.{month}": rate["value"] for month, rate in value["rates"].items()}
        elif isinstance(value, Mapping):
            found |= {name: value["median"]} if "q05" in value else flat(value, name)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[name] = value
    return found


def gathered(draws: Iterable[Mapping[str, Any]]) -> dict[str, list[float | None]]:
    """Values over posterior draws from the documents of one arm, one document a draw."""
    values: dict[str, list[float | None]] = {}
    for document in draws:
        for name, value in flat(document).items():
            values.setdefault(name, []).append(value)
    return values


def with_model(document: Mapping[str, Any], draws: Draws, path: str = "") -> dict[str, Any]:
    """The document of an arm with `model` intervals over posterior draws; a median that a draw does not reach is later than any time."""
    filled = {}
    for key, value in document.items():
        name = f"{path}.{key}" if path else key
        if is_rate(value):
            filled[key] = value | {"model": _interval(_reached(draws.get(name)))}
        elif is_time(value):
            rates = {month: rate | {"model": _interval(_reached(draws.get(f"{name}.{month}")))} for month, rate in value["rates"].items()}
            filled[key] = value | {"model": _interval(draws.get(f"{name}.median")), "rates": rates}
        else:
            filled[key] = with_model(value, draws, name) if isinstance(value, Mapping) else value
    return filled


def _reached(values: list[float | None] | None) -> list[float | None] | None:
    return None if values is None else [value for value in values if value is not None]


def _interval(values: list[float | None] | None) -> list[float | None] | None:
    interval = model_interval(values)
    return None if interval is None else list(interval)
