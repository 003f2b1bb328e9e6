"""Numbers that stand for words in the arrays of a run, for Python and for the kernel.

The kernel reads the plain constants: they are the members of the enumerations, in their order.
"""

from enum import IntEnum


class Status(IntEnum):
    """How a member ended. Steps exhausted, non-finite and out of domain are failures of the solver."""

    OK = 0
    STEPS_EXHAUSTED = 1
    NON_FINITE = 2
    OUT_OF_DOMAIN = 3
    EXCLUDED = 4
    NOT_REACHED = 5
    NEEDS_CAPACITY = 6
    STOPPED = 7


FAILURES = (Status.STEPS_EXHAUSTED, Status.NON_FINITE, Status.OUT_OF_DOMAIN)


class Phase(IntEnum):
    """What a clone in a lesion is: gone, so few cells that chance decides, or many enough for the equations."""

    EXTINCT = 0
    SMALL = 1
    ESTABLISHED = 2


class Record(IntEnum):
    """Columns of a running end point."""

    LOWEST = 0
    LOWEST_DAY = 1
    HIGHEST = 2
    HIGHEST_DAY = 3
    AREA = 4
    ABOVE_DAY = 5
    BELOW_DAY = 6
    RISE_DAY = 7


OK, STEPS_EXHAUSTED, NON_FINITE, OUT_OF_DOMAIN, EXCLUDED, NOT_REACHED, NEEDS_CAPACITY, STOPPED = map(int, Status)
EXTINCT, SMALL, ESTABLISHED = map(int, Phase)
LOWEST, LOWEST_DAY, HIGHEST, HIGHEST_DAY, AREA, ABOVE_DAY, BELOW_DAY, RISE_DAY = map(int, Record)
RECORD_COLUMNS = len(Record)
