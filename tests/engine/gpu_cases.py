"""Small runs that the processor and CUDA must agree on. As a program it runs them all on CUDA and keeps what comes out::

NUMBA_ENABLE_CUDASIM=1 python -m tests.engine.gpu_cases FILE
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from remission.engine.batch import Batch, Dose, pack_doses, rows_to_come, take, with_rows_to_come
from remission.engine.devices import DeviceBatch
from remission.engine.ensemble import Options, advance, arm, observe, simulate, start, watch
from remission.engine.steppers import Method
from tests.engine.systems import clone_under_drug, two_compartments

OPTIONS = Options(seed=11, threads=1)
RATES = np.array([[0.3, 0.2, 0.1, 0.0], [0.5, 0.1, 0.3, 0.0], [1.0, 0.4, 0.2, 0.0]])
ROWS = [Dose(0.0, 0, 10.0), Dose(0.5, 0, 8.0, 0.7, input=0), Dose(1.0, 0, 5.0), Dose(1.0, 0, 5.0)]


def kinetics(rows=ROWS, copies: int = 1) -> Batch:
    """Three patients with boluses at the start and at one time, and an infusion; or several times three."""
    number = 3 * copies
    return start(two_compartments(), np.arange(number), np.tile(RATES, (copies, 1)), doses=pack_doses([rows] * number), options=OPTIONS)


def clones(capacity: int, rows=((), (), ()), arrivals=0.0, spread=0.0) -> Batch:
    """Patients with one lesion each of 100 cells under a decaying drug."""
    number = len(rows)
    parameters = np.tile([0.085, 0.5, 0.6, 1.0 / 12.0, arrivals, spread, *[100.0] * capacity], (number, 1))
    return start(clone_under_drug(), np.arange(number), parameters, 1, pack_doses(rows), options=OPTIONS)


def doses_saves_and_records(options: Options) -> Batch:
    batch = arm(watch(kinetics(), [0, 1], above=3.0, below=1.0), [1], 2.5, [True])
    stopped = advance(two_compartments(), batch, 3.0, np.linspace(0.0, 3.0, 7), options)
    return advance(two_compartments(), stopped, 4.0, np.linspace(0.0, 4.0, 9), options)


def explicit_method(options: Options) -> Batch:
    return advance(two_compartments(), kinetics(), 3.0, options=replace(options, method=Method.TSIT5))


def chance(options: Options) -> Batch:
    """Clones become small, are lost or come back; founders arrive, lesions spread, cells are killed and placed."""
    rows = [[], [Dose(5.0, 0, 0.7), Dose(20.0, 1, 30.0)], [Dose(30.0, 1, 400.0)], []]
    return advance(clone_under_drug(), clones(4, rows, arrivals=0.05, spread=0.03), 40.0, options=options)


def out_of_lesions(options: Options) -> Batch:
    return advance(clone_under_drug(), clones(1, spread=0.2), 30.0, options=options)


def failures(options: Options) -> Batch:
    """One patient that is no number, and too few steps for the others."""
    batch = kinetics()
    y = batch.y.copy()
    y[1] = np.nan
    return advance(two_compartments(), replace(batch, state=batch.state._replace(y=y)), 3.0, options=replace(options, max_steps=6))


def nobody(options: Options) -> Batch:
    empty = start(two_compartments(), np.arange(0), RATES[:0], options=OPTIONS)
    return advance(two_compartments(), empty, 3.0, options=options)


def no_time(options: Options) -> Batch:
    return advance(two_compartments(), kinetics(), 0.0, np.array([0.0]), options)


class Topping:
    """Sees a patient every day, and gives another dose when little is left."""

    def next_visit(self, batch: Batch) -> np.ndarray:
        return np.floor(batch.t) + 1.0

    def visit(self, batch: Batch, which: np.ndarray, observed: np.ndarray) -> Batch:
        low = np.flatnonzero(which & (observed[:, 0] < 4.0))
        return with_rows_to_come(batch, {int(m): [*rows_to_come(batch, int(m)), Dose(float(batch.t[m]) + 0.25, 0, 3.0)] for m in low})


def visits(options: Options) -> Batch:
    return simulate(two_compartments(), kinetics([Dose(0.0, 0, 10.0)]), 5.0, protocol=Topping(), options=options)


def more_room(options: Options) -> Batch:
    """Patients who run out of lesions are run again with twice the room."""

    def made(patients, capacity) -> Batch:
        whole = clones(capacity or 1, spread=0.05)
        return whole if patients is None else take(whole, np.asarray(patients, np.int64))

    return simulate(clone_under_drug(), made, 30.0, options=options)


CASES: dict[str, Callable[[Options], Batch]] = {
    case.__name__: case
    for case in (doses_saves_and_records, explicit_method, chance, out_of_lesions, failures, nobody, no_time, visits, more_room)
}


def travel() -> dict[str, Any]:
    """What goes to the device and back when one patient gets another dose between two visits: names of arrays."""
    from numba import cuda

    from remission.engine import gpu_memory
    from remission.engine.gpu import advance_on_device, on_device

    sent, fetched = [], []
    send, bring = cuda.to_device, gpu_memory.fetched

    def counted_sending(array):
        sent.append(array.nbytes)
        return send(array)

    def counted_fetching(device):
        fetched.append(device.size * device.dtype.itemsize)
        return bring(device)

    first = advance_on_device(two_compartments(), on_device(kinetics([Dose(0.0, 0, 10.0), Dose(9.0, 0, 1.0)], 3)), 1.0, options=OPTIONS)
    changed = with_rows_to_come(first, {1: [Dose(1.5, 0, 3.0)]})
    cuda.to_device, gpu_memory.fetched = counted_sending, counted_fetching
    try:
        second = advance_on_device(two_compartments(), changed, 2.0, options=OPTIONS)
        before_reading = list(fetched)
        seen = observe(two_compartments(), second)
        level = float(second.y[1, 0])
    finally:
        cuda.to_device, gpu_memory.fetched = send, bring
    places = [place for place in second.images if second.images[place][1] is first.images[place][1]]
    return {
        "kept": sorted(places),
        "sent": sent,
        "fetched": before_reading,
        "fetched_by_reading": len(fetched) - len(before_reading),
        "level": level,
        "seen": seen,
        "is_there": isinstance(second, DeviceBatch),
    }


def main(path: Path) -> None:
    from remission.engine.gpu import to_host

    results = {name: to_host(case(replace(OPTIONS, device="cuda"))) for name, case in CASES.items()}
    path.write_bytes(pickle.dumps({"batches": results, "travel": travel()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
