"""A file of options (TOML): flat keys, or keys in sections named like a criterion, `endpoints` or `refractory`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from remission.errors import Problems, nearest
from remission.reading import read_text, read_toml
from remission.response import criteria

SECTIONS = ("endpoints", "refractory")


def read_options(path: str | Path, criterion: str | None = None) -> dict[str, object]:
    """The options by name, none of an empty file; sections of criteria other than `criterion`, when that is given, are left out."""
    problems, found = Problems(), {}

    def keep(key: str, value: object, section: str) -> None:
        place = f"{path}, [{section}]: `{key}`" if section else f"{path}: `{key}`"
        if isinstance(value, Mapping | list):
            known = (*criteria.names(), *SECTIONS)
            remedy = f"write single values, without a heading or under one of {', '.join(f'[{name}]' for name in known)}"
            problems.add(f"this is no option{nearest(key, known)}", place, remedy=remedy)
        elif key in found:
            problems.add("the option is given twice", place, value, "keep it at one place")
        else:
            found[key] = value

    table = read_toml(Path(path)) if read_text(Path(path)).strip() else {}
    for key, value in _sections(table).items():
        if not isinstance(value, Mapping) or not _is_section(key):
            keep(key, value, "")
        elif criterion is None or key in SECTIONS or key.lower().replace("_", "-") == criterion.lower().replace("_", "-"):
            for name, one in value.items():
                keep(name, one, key)
    problems.raise_if_any()
    return found


def _is_section(name: str) -> bool:
    return name.lower().replace("_", "-") in (*criteria.names(), *SECTIONS)


def _sections(table: Mapping[str, object]) -> dict[str, object]:
    """`[recist1.1]` without quotes is a table in a table to TOML; here it is one name."""
    found: dict[str, object] = {}
    for key, value in table.items():
        if isinstance(value, Mapping) and not _is_section(key):
            found |= {f"{key}.{inner}": one for inner, one in value.items() if isinstance(one, Mapping) and _is_section(f"{key}.{inner}")}
            rest = {inner: one for inner, one in value.items() if f"{key}.{inner}" not in found}
            if rest or not value:
                found[key] = rest
        else:
            found[key] = value
    return found
