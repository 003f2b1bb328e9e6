"""Sources named in a report, written out from the package's bibliography."""

import re
from collections.abc import Iterable
from importlib.resources import files

from remission.report.elements import Markup, joined, tag

_ENTRY = re.compile(r"^@\w+\{([^,\s]+),(.*)\}\s*$", re.MULTILINE)
_FIELD = re.compile(r"(\w+)\s*=\s*\{((?:[^{}]|\{[^{}]*\})*)\}")


def bibliography() -> dict[str, dict[str, str]]:
    """The fields of every entry by key; entries stand on one line each."""
    text = (files("remission") / "references.bib").read_text(encoding="utf-8")
    return {
        key: {name: value.replace("{", "").replace("}", "") for name, value in _FIELD.findall(body)} for key, body in _ENTRY.findall(text)
    }


def references(keys: Iterable[str | None]) -> Markup:
    """The entries of these keys in order of the alphabet; a key that is not in the bibliography is listed as it is."""
    known = bibliography()
    wanted = sorted({key for key in keys if key})
    return tag("ul", *(tag("li", _entry(key, known.get(key, {}))) for key in wanted), class_="references")


def _entry(key: str, fields: dict[str, str]) -> Markup:
    if not fields:
        return joined([key])
    author = fields.get("author", "").replace(" and others", " et al.").replace(" and ", "; ")
    where = ", ".join(fields[name] for name in ("journal", "year") if name in fields)
    parts = [tag("b", key), f": {author.rstrip('.')}. {fields.get('title', '')}. {where}."]
    if "doi" in fields:
        parts.append(f" doi:{fields['doi']}")
    if "note" in fields:
        parts.append(f" ({fields['note']})")
    return joined(parts)
