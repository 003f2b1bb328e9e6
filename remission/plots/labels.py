"""Words beside marks, moved apart so that none covers another."""

from collections.abc import Sequence


def apart(wanted: Sequence[float], step: float, low: float, high: float) -> list[float]:
    """Places as near as may be to those wanted, `step` pixels apart, between `low` and `high` where they fit."""
    order = sorted(range(len(wanted)), key=lambda one: (wanted[one], one))
    placed = [0.0] * len(wanted)
    last = low - step
    for one in order:
        last = max(wanted[one], last + step)
        placed[one] = last
    limit = high + step
    for one in reversed(order):
        limit = min(placed[one], limit - step)
        placed[one] = limit
    return placed
