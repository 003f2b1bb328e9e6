"""The few SVG elements the figures are drawn with, as text.

Figures are small drawings of their own: they stay sharp at any size, need no script, and a report that holds them opens offline.
Positions and lengths are pixels of the drawing, y downwards.

Left out: gradients, filters, animation, scripts.
"""

from collections.abc import Iterable
from html import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remission.plots.palette import FONT, INK

NARROW_LETTERS = set("iljtfrI.,:;'|!()[]- ")
WIDE_LETTERS = set("mwMW%@≥≤—")


def element(tag: str, *content: str, **attributes: object) -> str:
    """One element; `_` in an attribute stands for `-`, an attribute that is `None` is left out, content is taken as is."""
    given = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None}
    written = "".join(f' {key}="{_attribute(value)}"' for key, value in given.items())
    inside = "".join(content)
    return f"<{tag}{written}>{inside}</{tag}>" if inside else f"<{tag}{written}/>"


def text(words: str, x: float, y: float, size: float = 13, anchor: str = "start", fill: str = INK, **attributes: object) -> str:
    return element("text", escape(words), x=x, y=y, font_size=size, text_anchor=anchor, fill=fill, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, stroke: str = INK, width: float = 1, **attributes: object) -> str:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, stroke_width=width, **attributes)


def rect(x: float, y: float, width: float, height: float, fill: str, tip: str | None = None, **attributes: object) -> str:
    return element("rect", title(tip), x=x, y=y, width=max(width, 0.0), height=max(height, 0.0), fill=fill, **attributes)


def path(data: str, **attributes: object) -> str:
    return element("path", d=data, **{"fill": "none", **attributes})


def title(tip: str | None) -> str:
    """The words a pointer resting on a mark shows, and a screen reader says."""
    return element("title", escape(tip)) if tip else ""


def group(parts: Iterable[str], **attributes: object) -> str:
    return element("g", *parts, **attributes)


def diamond(x: float, y: float, radius: float, tip: str | None = None, **attributes: object) -> str:
    corners = f"M{_short(x)} {_short(y - radius)}l{_short(radius)} {_short(radius)}l{_short(-radius)} {_short(radius)}"
    return element("path", title(tip), d=f"{corners}l{_short(-radius)} {_short(-radius)}z", **attributes)


def circle(x: float, y: float, radius: float, tip: str | None = None, **attributes: object) -> str:
    return element("circle", title(tip), cx=x, cy=y, r=radius, **attributes)


def polyline(xs: ArrayLike, ys: ArrayLike) -> str:
    """Path data through the points, in order."""
    points = zip(np.asarray(xs, dtype=float), np.asarray(ys, dtype=float), strict=True)
    return "M" + "L".join(f"{_short(x)} {_short(y)}" for x, y in points)


def ribbon(xs: ArrayLike, low: ArrayLike, high: ArrayLike) -> str:
    """Path data of the area between two curves over the same `xs`."""
    across, below = np.asarray(xs, dtype=float), np.asarray(low, dtype=float)
    there_and_back = np.concatenate([np.asarray(high, dtype=float), below[::-1]])
    return polyline(np.concatenate([across, across[::-1]]), there_and_back) + "z"


def staircase(xs: ArrayLike, ys: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners of a step curve that keeps each value until the next x."""
    across, up = np.asarray(xs, dtype=float), np.asarray(ys, dtype=float)
    return np.repeat(across, 2)[1:], np.repeat(up, 2)[:-1]


def text_width(words: str, size: float = 13) -> float:
    """About how wide words are in a wide sans-serif face, in pixels."""
    return size * sum(_letter_width(letter) for letter in words)


def _letter_width(letter: str) -> float:
    if letter in NARROW_LETTERS:
        return 0.36
    return 0.9 if letter in WIDE_LETTERS else 0.69 if letter.isupper() else 0.61


def wrapped(words: str, width: float, size: float = 13) -> list[str]:
    """The words broken into lines of at most `width` pixels; a word longer than a line keeps its own."""
    lines: list[str] = []
    for word in words.split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return lines or [""]


def document(parts: Iterable[str], width: float, height: float, label: str, description: str) -> str:
    """A whole drawing that scales with its place and says what it shows to those who cannot see it."""
    return element(
        "svg",
        element("desc", escape(description)),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_short(width)} {_short(height)}",
        width=_short(width),
        height=_short(height),
        role="img",
        aria_label=label,
        font_family=FONT,
    )


def _attribute(value: object) -> str:
    return _short(value) if isinstance(value, float) else escape(str(value), quote=True)


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
