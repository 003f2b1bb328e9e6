"""Keys of a figure, laid out in as many lines as the width asks for."""

from dataclasses import dataclass

from remission.plots.marks import arrow, cross
from remission.plots.palette import INK, PAPER, QUIET
from remission.plots.svg import circle, diamond, line, rect, text, text_width


@dataclass(frozen=True)
class Key:
    """One entry: words and the mark they explain (`line`, `area`, `dot`, `diamond`, `hollow`, `bar`, `under`, `cross`, `arrow`)."""

    words: str
    color: str
    mark: str = "line"
    dash: str | None = None


def legend(keys: list[Key], left: float, top: float, width: float, size: float = 12) -> tuple[list[str], float]:
    """The keys from `left`, `top`, within `width`, and the height they take."""
    parts, x, y = [], left, top + size
    for key in keys:
        needed = 34 + text_width(key.words, size) + 14
        if x > left and x + needed > left + width:
            x, y = left, y + size + 8
        parts += [_mark(key, x, y - size * 0.35), text(key.words, x + 32, y, size)]
        x += needed
    return parts, y - top + 10


def _mark(key: Key, x: float, y: float) -> str:
    if key.mark == "area":
        edge = {"stroke": QUIET, "stroke_width": 0.7} if key.color == PAPER else {}
        return rect(x + 8, y - 6, 16, 12, key.color, **edge)
    if key.mark == "dot":
        return circle(x + 16, y, 5, fill=key.color)
    if key.mark == "diamond":
        return diamond(x + 16, y, 6, fill=key.color)
    if key.mark == "hollow":
        return diamond(x + 16, y, 5.5, fill="#fff", stroke=key.color or INK, stroke_width=1.6)
    if key.mark == "bar":
        return rect(x + 14.5, y - 8, 3, 16, key.color)
    if key.mark == "under":
        return rect(x + 4, y - 1.5, 22, 3, key.color)
    if key.mark == "cross":
        return cross(x + 16, y, 5, color=key.color)
    if key.mark == "arrow":
        return arrow(x + 8, y, key.color)
    return line(x + 2, y, x + 26, y, stroke=key.color, width=2.6, stroke_dasharray=key.dash)
