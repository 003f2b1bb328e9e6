"""How responses look: one color for each kind, whatever letters a criterion puts around it (PR, iPR, PMR).

Falling disease is blue, growing disease orange; what is in between is gray. Marks carry their letters wherever there is room, so that
color is never the only sign.
"""

from __future__ import annotations

from collections.abc import Iterable

KINDS = {
    "CR": ("CR", "iCR", "CMR"),
    "CRh": ("CRh",),
    "CRi": ("CRi",),
    "PR": ("PR", "iPR", "PMR"),
    "MLFS": ("MLFS",),
    "SD": ("SD", "iSD", "NMR", "no response"),
    "non-CR/non-PD": ("non-CR/non-PD", "non-iCR/non-iUPD"),
    "iUPD": ("iUPD",),
    "PD": ("PD", "iCPD", "PMD", "relapse"),
    "NE": ("NE",),
    "baseline": ("baseline",),
}
"""Kinds from best to worst, with the words of the criteria for each."""
COLORS = {
    "CR": "#0b3c6f",
    "CRh": "#1f5f9c",
    "CRi": "#3a78b3",
    "PR": "#4f9bd0",
    "MLFS": "#9cc6e3",
    "SD": "#a3abb8",
    "non-CR/non-PD": "#7b8494",
    "iUPD": "#f3b562",
    "PD": "#d55e00",
    "NE": "#eadfc4",
    "baseline": "#ffffff",
}
_KIND_OF = {word: kind for kind, words in KINDS.items() for word in words}
_ORDER = list(_KIND_OF)


def response_color(word: str | None) -> str:
    """The color of a response as a criterion writes it; that of NE for words nobody knows."""
    return COLORS[_KIND_OF.get(word or "NE", "NE")]


def from_best(words: Iterable[str | None]) -> list[str]:
    """The responses that occur, best first."""
    met = {word for word in words if word}
    return sorted(met, key=lambda word: (_ORDER.index(word) if word in _ORDER else len(_ORDER), word))
