"""A figure: one drawing made for the width it is shown at.

A page holds each figure twice, drawn for a desk and drawn for a phone, and shows the one that fits; letters keep their size.
"""

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from remission.plots.svg import document, group, text, wrapped

DESK, PHONE = 900.0, 370.0


@dataclass(frozen=True)
class Drawing:
    """Elements of one drawing and the height they need, in pixels."""

    parts: list[str]
    height: float


@dataclass(frozen=True)
class Figure:
    """What is shown (`title`), in words for those who cannot see it (`description`), and how to draw it at a width in pixels."""

    title: str
    description: str
    draw: Callable[[float], Drawing]

    def svg(self, width: float = DESK, titled: bool = False) -> str:
        """The drawing as SVG text; `titled` writes the title above it, for a file that stands alone."""
        drawing = _titled(self.title, self.draw(width), width) if titled else self.draw(width)
        return document(drawing.parts, width, drawing.height, self.title, self.description)

    def html(self) -> str:
        """Both drawings; the style sheet of the page shows one."""
        return f'<div class="wide">{self.svg(DESK)}</div><div class="narrow">{self.svg(PHONE)}</div>'

    def save(self, path: str | PathLike[str], width: float = DESK, titled: bool = False) -> None:
        """Write the drawing as an `.svg` file."""
        Path(path).write_text(self.svg(width, titled), encoding="utf-8")

    def _repr_svg_(self) -> str:
        return self.svg()


def _titled(title: str, drawing: Drawing, width: float) -> Drawing:
    lines = wrapped(title, width - 8, 16)
    words = [text(line, 4, 20 + 20 * place, 16, font_weight=600) for place, line in enumerate(lines)]
    room = 14 + 20 * len(lines)
    return Drawing([*words, group(drawing.parts, transform=f"translate(0 {room})")], drawing.height + room)


def is_phone(width: float) -> bool:
    return width < 600


def without_data(title: str, reason: str) -> Figure:
    """A figure that says why there is nothing to draw."""
    from remission.plots.palette import QUIET

    return Figure(title, reason, lambda width: Drawing([text(reason, 4, 24, fill=QUIET)], 36))
