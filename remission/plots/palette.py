"""Colors and type of every figure: dark on white, told apart without color vision, the same meaning everywhere.

The arm colors are those of Okabe and Ito, "Color universal design", 2008 (from memory); arms differ by dash as well. Grades of
toxicity run from pale to dark, so they keep their order in gray.
"""

FONT = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"
INK = "#1c2430"
QUIET = "#566072"
RULE = "#d5dae1"
PAPER = "#ffffff"
FAINT = "#f3f5f8"

ARM_COLORS = ("#0072b2", "#d55e00", "#007a5a", "#a3477f", "#8a6100", "#444444")
ARM_DASHES = (None, "7 3", "2 3", "9 3 2 3", "12 4", "4 2")

GRADE_COLORS = ("#e6eaf0", "#fbe3b0", "#f6b65f", "#e17f2d", "#b8441a", "#64190f")

FATE_COLORS = {
    "cd19_negative": "#d55e00",
    "cd19_positive": "#0072b2",
    "other": "#a3477f",
    "death": "#5b6473",
}


def arm_color(index: int) -> str:
    return ARM_COLORS[index % len(ARM_COLORS)]


def arm_dash(index: int) -> str | None:
    return ARM_DASHES[index % len(ARM_DASHES)]


def ink_on(fill: str) -> str:
    """Dark or white, whichever reads better on the fill (relative luminance of WCAG 2)."""
    channels = [int(fill[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return INK if luminance > 0.25 else PAPER
