"""Marks of what happened to a patient: a cross for death, an arrow for one still followed."""

from remission.plots.palette import INK
from remission.plots.svg import element, title


def cross(x: float, y: float, radius: float, tip: str | None = None, color: str = INK) -> str:
    """A cross around a point, `radius` pixels to each side."""
    data = f"M{x - radius:.1f} {y - radius:.1f}l{2 * radius:.1f} {2 * radius:.1f}m0 {-2 * radius:.1f}l{-2 * radius:.1f} {2 * radius:.1f}"
    return element("path", title(tip), d=data, stroke=color, stroke_width=2.2, fill="none")


def arrow(x: float, y: float, color: str = INK) -> str:
    """An arrow to the right that begins at a point."""
    return element("path", d=f"M{x:.1f} {y:.1f}h12m-4 -4l4 4l-4 4", stroke=color, stroke_width=1.5, fill="none")
