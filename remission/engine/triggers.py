"""Triggers of unscheduled visits: an output meets a level, inside a step or by a jump.

In the lane language; `lane` is one patient of the group.
"""

from remission.engine.operations import lane_of, select, static
from remission.engine.watching import END_ROW, SHARES, crosses, crossing, seen


def meets_trigger(watch, work):
    """Which patients meet a trigger in this step that they did not meet before."""
    met = lane_of(0.0) > 1.0
    for k in range(watch.triggers):
        output, sign, level = watch.trigger_output[k], watch.trigger_sign[k], work.trigger_level[k]
        was = work.met[k] == 1.0
        for row in static(range(1, 5)):
            now = crosses(seen(work, row, output), level, sign)
            met = met | (now & ~was & (work.armed[k] > 0.0))
            was = now
    return met


def first_trigger(watch, work, h, n, most, lesions, limit, lane):
    """Earliest armed trigger met before `limit`: its share of the step and its number, or (2, -1)."""
    found, share = -1, limit
    for k in range(watch.triggers):
        if work.armed[k, lane] > 0.0:
            output, level, sign = watch.trigger_output[k], work.trigger_level[k, lane], watch.trigger_sign[k]
            was, low = work.met[k, lane] == 1.0, 0.0
            for row in range(1, 5):
                x = SHARES[row]
                now = crosses(work.observed[row * work.n_observed + output, lane], level, sign)
                if now and not was and low < share:
                    x = crossing(work, h, n, most, lesions, output, level, sign, low, x, lane)
                    if x <= share:
                        found, share = k, x
                    break
                was, low = now, x
    if found < 0:
        share = 2.0
    return share, found


def trigger_after_jump(watch, work, row, lane):
    """Number of the armed trigger that a jump has met, or -1; the conditions are remembered."""
    found = -1
    for k in range(watch.triggers):
        value = work.observed[row * work.n_observed + watch.trigger_output[k], lane]
        now = crosses(value, work.trigger_level[k, lane], watch.trigger_sign[k])
        if now and work.met[k, lane] == 0.0 and work.armed[k, lane] > 0.0 and found < 0:
            found = k
        work.met[k, lane] = 1.0 if now else 0.0
    return found


def remember_triggers(watch, work, accepted):
    """Keep the trigger conditions as they are at the end of the step."""
    for k in range(watch.triggers):
        now = crosses(seen(work, END_ROW, watch.trigger_output[k]), work.trigger_level[k], watch.trigger_sign[k])
        work.met[k] = select(accepted, select(now, 1.0, 0.0), work.met[k])
