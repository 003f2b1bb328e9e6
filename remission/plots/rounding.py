"""How numbers are said: as many digits as mean something, and words where there is no number."""

import math
import re

ABSENT = "–"
NOT_REACHED = "not reached"


def percent(share: float | None, digits: int = 0) -> str:
    """A share as a percentage; what rounds to nothing or to all without being so is `<1%` or `>99%`."""
    if share is None or math.isnan(share):
        return ABSENT
    edge = 0.5 * 10.0 ** -(digits + 2)
    if 0 < share < edge:
        return f"<{10.0**-digits:g}%"
    if 1 - edge < share < 1:
        return f">{100 - 10.0**-digits:g}%"
    return f"{100 * share:.{digits}f}%"


def percent_interval(low: float | None, high: float | None) -> str:
    """Two limits of a share, as `72–90%`."""
    if low is None and high is None:
        return ABSENT
    return f"{ABSENT if low is None else f'{100 * low:.0f}'}–{ABSENT if high is None else f'{100 * high:.0f}%'}"


def points(error: float | None) -> str:
    """An error of a share in percentage points."""
    if error is None or math.isnan(error):
        return ABSENT
    return "<0.1" if 0 < error < 0.0005 else f"{100 * error:.1f}"


def number(value: float | None, digits: int = 3) -> str:
    """Three significant digits, thousands apart, powers of ten from a million."""
    if value is None or math.isnan(value):
        return ABSENT
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if size >= 6 or size < -4:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}×10{_raised(int(exponent))}"
    rounded = round(value, digits - 1 - size)
    decimals = max(0, digits - 1 - size)
    written = f"{rounded:,.{decimals}f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def power_of_ten(value: float) -> str:
    """A whole power of ten, short enough for an axis: 1, 10, 100, then `10³`."""
    exponent = round(math.log10(value))
    return f"{10**exponent}" if 0 <= exponent <= 2 else f"10{_raised(exponent)}"


def months(value: float | None) -> str:
    """A median time in months; `None` is not reached."""
    return NOT_REACHED if value is None or math.isnan(value) else f"{value:.1f}"


def months_interval(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return ABSENT
    return f"{months(low)}–{months(high)}"


def unit(text: str | None) -> str:
    """A unit as it is printed: `mg/m2` is `mg/m²`, `uL` is `µL`, a pure number has none."""
    if text in (None, "", "1"):
        return ""
    micro = re.sub(r"\bu(?=[Lgm]\b)", "µ", str(text))
    return re.sub(r"(?<=m)([23])\b", lambda found: _raised(int(found[1])), micro)


def counted(n: int, one: str, many: str | None = None) -> str:
    """`1 member`, `2 members`."""
    return f"{count(n)} {one if n == 1 else many or one + 's'}"


def count(value: int | float | None) -> str:
    return ABSENT if value is None else f"{int(value):,}"


def words(key: str) -> str:
    """A key as words: `salvage_chemotherapy` is `Salvage chemotherapy`."""
    spaced = key.replace("_", " ").strip()
    return spaced[:1].upper() + spaced[1:]


def _raised(exponent: int) -> str:
    return str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
