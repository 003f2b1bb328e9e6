"""Pages with generated sections: between a marker and its end stands what the code says, and nothing written by hand."""

from __future__ import annotations

import re
from pathlib import Path

from scripts.docs.sections import ROOT, SECTIONS

START, END = "<!-- generated: {} -->", "<!-- end of generated -->"
_SECTION = re.compile(r"<!-- generated: (?P<what>[^>]+?) -->\n.*?<!-- end of generated -->", re.DOTALL)


def pages() -> list[Path]:
    """The README and every page of the docs."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def markers(text: str) -> list[str]:
    """What the sections of a page ask for."""
    return [found["what"] for found in _SECTION.finditer(text)]


def refreshed(text: str) -> str:
    """The text with every generated section made anew."""
    return _SECTION.sub(lambda found: _section(found["what"]), text)


def _section(what: str) -> str:
    kind, *arguments = what.split()
    made = SECTIONS[kind](*arguments)
    return f"{START.format(what)}\n{made}\n{END}"


def write(path: Path) -> bool:
    """Bring one page up to date; whether it changed."""
    before = path.read_text(encoding="utf-8")
    after = refreshed(before)
    if after != before:
        path.write_text(after, encoding="utf-8")
    return after != before
