"""Large ensembles run in the memory of one piece."""

import tracemalloc

import numpy as np
import pytest

from remission.engine.batch import Dose, pack_doses
from remission.engine.ensemble import Options, advance, start, watch
from remission.engine.layout import Record
from remission.engine.pieces import run_in_pieces
from tests.engine.systems import two_compartments
from tests.engine.test_kinetics import RATES

DAYS = 20.0
LOOSE = Options(rtol=1e-4)


def members(numbers: np.ndarray):
    """Patients with clearances of their own and one bolus; the area and the peak of both compartments are watched."""
    rates = np.tile([*RATES, 0.0], (numbers.size, 1))
    rates[:, 0] *= 0.5 + (numbers % 997) / 997
    return watch(start(two_compartments(), numbers, rates, 0, pack_doses([[Dose(1.0, 0, 10.0)]] * numbers.size)), [0, 1])


def area_of(batch) -> dict[str, np.ndarray]:
    return {"area": batch.watch.record[:, :, Record.AREA].astype(np.float32)}


def test_pieces_give_what_one_batch_gives_to_the_bit():
    whole = advance(two_compartments(), members(np.arange(1000)), DAYS, options=LOOSE)
    told = []
    kept = run_in_pieces(
        two_compartments(), 1000, members, DAYS, options=LOOSE, piece=300, progress=lambda done, size: told.append((done, size))
    )
    np.testing.assert_array_equal(kept["record.area"], whole.watch.record[:, :, Record.AREA])
    np.testing.assert_array_equal(kept["status"], whole.status)
    assert told == [(300, 1000), (600, 1000), (900, 1000), (1000, 1000)]


def test_no_members_are_no_rows():
    assert run_in_pieces(two_compartments(), 0, members, DAYS, options=LOOSE)["day"].shape == (0,)


def peak_of(size: int) -> int:
    """Largest memory in use while so many patients run, bytes, without what is kept of them."""
    tracemalloc.start()
    kept = run_in_pieces(two_compartments(), size, members, DAYS, area_of, options=LOOSE, piece=8192)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak - sum(array.nbytes for array in kept.values())


@pytest.mark.slow
def test_memory_is_flat_from_ten_thousand_patients_to_a_million():
    assert peak_of(1_000_000) < 1.1 * peak_of(10_000)
