"""Options of the command line, from text to values: a wrong one is one clear line that names the option."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from importlib.util import find_spec

from .errors import InputError, Problems

MOST_PATIENTS = 1_000_000_000


def whole(option: str, text: str | None, low: int = 1, high: int = MOST_PATIENTS) -> int | None:
    """A whole number, thousands may be set off by `,` or `_`; nothing when nothing was said."""
    if text is None:
        return None
    try:
        value = int(text.strip().replace(",", "").replace("_", ""))
    except ValueError:
        raise InputError("this is no whole number", option, text, f"write a number such as {max(low, 2000)}") from None
    if not low <= value <= high:
        raise InputError("the number is outside its range", option, value, f"use {low} to {high}")
    return value


def share(option: str, text: str) -> float:
    """A share from 0 to 1, or a percentage such as `2%`."""
    try:
        value = float(text.strip().removesuffix("%")) / (100.0 if text.strip().endswith("%") else 1.0)
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= 1.0:
        raise InputError("this is no share", option, text, "write a number from 0 to 1, such as 0.01")
    return value


def workers(text: str) -> int:
    """A number of threads; `auto` is one for each core."""
    available = os.cpu_count() or 1
    return available if text.strip() == "auto" else whole("--workers", text, 1, 4096) or available


def device(text: str) -> str:
    """`auto`, `cpu` or `cuda`; `cuda` only where it can be used."""
    name = text.strip().lower()
    if name not in ("auto", "cpu", "cuda"):
        raise InputError("this is no device", "--device", text, "use auto, cpu or cuda")
    if name == "cuda" and not has_cuda():
        raise InputError("no CUDA device can be used here", "--device", text, "use `--device cpu` or `--device auto`")
    return name


def has_cuda() -> bool:
    """Whether this version can run on a CUDA device, and there is one."""
    if find_spec("remission.engine.gpu") is None:
        return False
    from numba import cuda

    return bool(cuda.is_available())


def assignments(texts: Iterable[str]) -> dict[str, float | str]:
    """`KEY=VALUE` texts as a mapping; a value that is a number becomes one."""
    problems, values = Problems(), {}
    for text in texts:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not (key and equals and value):
            problems.add("this sets nothing", "--set", text, "write `--set KEY=VALUE`, such as `--set car_t.kill_capacity.median=4`")
        elif key in values:
            problems.add("this is set twice", "--set", key, "keep one")
        else:
            values[key] = _number_or_text(value)
    problems.raise_if_any()
    return values


def names(option: str, text: str | None) -> list[str] | None:
    """Names between commas; nothing when nothing was said."""
    if text is None:
        return None
    found = [name.strip().replace("-", "_") for name in text.split(",") if name.strip()]
    if not found:
        raise InputError("no name is given", option, text, "write names between commas, or leave the option out")
    return found


def _number_or_text(text: str) -> float | str:
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text
