"""What is kept on the way: extremes, areas, first crossings, triggers, and visits that edit what follows."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

from remission.engine.batch import Dose, pack_doses, with_rows_to_come
from remission.engine.choice import pilot
from remission.engine.ensemble import Options, advance, arm, simulate, start, watch
from remission.engine.layout import Record, Status
from remission.engine.steppers import Method
from remission.errors import RunError
from tests.engine.systems import binding, two_compartments
from tests.engine.test_kinetics import RATES, amounts

CENTRAL, PERIPHERAL, AREA = 0, 1, 2
BOLUS = [Dose(1.0, 0, 10.0)]
TIGHT = Options(rtol=1e-9, threads=1)


def patients(rows, number=1):
    return start(two_compartments(), np.arange(number), np.tile([*RATES, 0.0], (number, 1)), 0, pack_doses([rows] * number))


def test_the_peak_and_its_day_are_found_inside_a_step():
    result = advance(two_compartments(), watch(patients(BOLUS), [CENTRAL, PERIPHERAL]), 30.0, options=TIGHT)
    record = result.watch.record[0]
    peak = minimize_scalar(lambda day: -amounts(BOLUS, day)[1], bounds=(1.0, 10.0), method="bounded", options={"xatol": 1e-9})
    assert record[1, Record.HIGHEST] == pytest.approx(-peak.fun, rel=1e-6)
    assert record[1, Record.HIGHEST_DAY] == pytest.approx(peak.x, abs=1e-3)
    assert record[0, Record.HIGHEST] == 10.0
    assert record[0, Record.HIGHEST_DAY] == 1.0
    assert record[0, Record.LOWEST] == 0.0


def test_the_area_is_the_integral():
    result = advance(two_compartments(), watch(patients(BOLUS), [CENTRAL]), 30.0, options=TIGHT)
    assert result.watch.record[0, 0, Record.AREA] == pytest.approx(result.state.q[0, 0], rel=1e-9)


def test_first_crossings_are_dated():
    batch = watch(patients(BOLUS), [PERIPHERAL], above=1.0, below=np.nan)
    result = advance(two_compartments(), batch, 30.0, options=TIGHT)
    day = brentq(lambda day: amounts(BOLUS, day)[1] - 1.0, 1.0, 2.0, xtol=1e-10)
    assert result.watch.record[0, 0, Record.ABOVE_DAY] == pytest.approx(day, abs=1e-5)
    assert np.isnan(result.watch.record[0, 0, Record.BELOW_DAY])


def test_end_points_do_not_depend_on_visits():
    whole = advance(two_compartments(), watch(patients(BOLUS), [PERIPHERAL], above=1.0), 30.0, options=TIGHT)
    stops = watch(patients(BOLUS), [PERIPHERAL], above=1.0)
    for day in (1.0, 2.2, 7.0, 30.0):
        stops = advance(two_compartments(), stops, day, options=TIGHT)
    np.testing.assert_allclose(stops.watch.record, whole.watch.record, rtol=1e-4, atol=1e-6)


def test_a_falling_trigger_stops_the_member_where_the_level_is_met():
    batch = arm(patients(BOLUS, 2), [CENTRAL], [2.0], [False], armed=[[1], [0]])
    result = advance(two_compartments(), batch, 30.0, options=TIGHT)
    day = brentq(lambda day: amounts(BOLUS, day)[0] - 2.0, 1.1, 20.0, xtol=1e-10)
    assert result.t[0] == pytest.approx(day, abs=2e-6)
    assert result.state.trigger.tolist() == [0, -1]
    assert result.t[1] == 30.0
    again = advance(two_compartments(), result, 30.0, options=TIGHT)
    assert again.t[0] == 30.0
    np.testing.assert_allclose(again.y[0], result.y[1], rtol=1e-6)


def test_a_dose_that_jumps_over_the_level_is_a_crossing():
    result = advance(two_compartments(), arm(patients(BOLUS), [CENTRAL], [5.0], [True]), 30.0)
    assert result.t[0] == 1.0
    assert result.y[0, 0] == 10.0


class DoseAgainWhenLow:
    """Visits every week; gives a further dose when the drug is low, and stops everything after three."""

    def __init__(self):
        self.given = np.zeros(10, int)
        self.seen = []

    def next_visit(self, batch):
        return 7.0 * (np.floor(batch.t / 7.0) + 1.0)

    def visit(self, batch, which, observed):
        self.seen += batch.t[which].tolist()
        low = which & (observed[:, CENTRAL] < 1.0) & (self.given[batch.patient.astype(int)] < 3)
        self.given[batch.patient[low].astype(int)] += 1
        return with_rows_to_come(batch, {m: [Dose(batch.t[m], 0, 10.0)] for m in np.flatnonzero(low)})


def test_a_protocol_sees_members_at_visits_and_doses_them():
    protocol = DoseAgainWhenLow()
    grid = np.arange(0.0, 60.5, 0.5)
    result = simulate(two_compartments(), patients([], 2), 60.0, save=grid, protocol=protocol, options=TIGHT)
    assert protocol.given.tolist()[:2] == [3, 3]
    assert sorted(set(protocol.seen)) == [7.0 * k for k in range(1, 9)]
    days = [7.0 + grid[1:][np.diff(result.saved[0, :, 0]) > 0][k] - 7.5 for k in range(3)]
    exact = np.array([amounts([Dose(d, 0, 10.0) for d in days if d < day], day) for day in grid])
    np.testing.assert_allclose(result.saved[0, :, :2], exact, atol=1e-6)
    assert not np.isnan(result.saved).any()


def test_without_a_protocol_a_simulation_is_one_advance():
    whole = advance(two_compartments(), patients(BOLUS), 30.0)
    np.testing.assert_array_equal(simulate(two_compartments(), patients(BOLUS), 30.0).y, whole.y)
    by_regimen = simulate(two_compartments(), patients([]), 30.0, regimen=pack_doses([BOLUS]))
    np.testing.assert_array_equal(by_regimen.y, whole.y)


class Stuck:
    """A protocol whose next visit is always now."""

    def next_visit(self, batch):
        return batch.t.copy()

    def visit(self, batch, which, observed):
        return batch


def test_a_protocol_that_stands_still_is_refused():
    with pytest.raises(RunError, match="not after the present day"):
        simulate(two_compartments(), patients([]), 10.0, protocol=Stuck())


def test_a_stopped_member_stays_where_it_is():
    batch = patients(BOLUS, 2)
    batch = replace(batch, state=batch.state._replace(status=np.array([Status.OK, Status.EXCLUDED], np.int64)))
    assert advance(two_compartments(), batch, 30.0).t.tolist() == [30.0, 0.0]


def test_the_pilot_takes_the_explicit_method_only_where_it_is_cheaper():
    stiff = start(binding(), np.arange(4), [[1e5, 1e2, 0.5]] * 4, 0)
    mild = start(binding(), np.arange(4), [[0.1, 0.1, 0.05]] * 4, 0)
    assert pilot(binding(), stiff, 30.0) == Method.RODAS5P
    assert pilot(binding(), mild, 30.0) == Method.TSIT5


def test_a_rise_is_counted_from_the_lowest_value_so_far():
    """As progression is: an amount that falls, and rises again under an infusion, is half as much again as its nadir on a certain day."""
    rows = [*BOLUS, Dose(20.0, 0, 20.0, 10.0, input=0)]
    begun = advance(two_compartments(), patients(rows), 2.0, options=TIGHT)
    result = advance(two_compartments(), watch(begun, [CENTRAL, PERIPHERAL], rise=[1.5, np.nan]), 30.0, options=TIGHT)
    nadir = amounts(rows, 20.0)[0]
    day = brentq(lambda day: amounts(rows, day)[0] - 1.5 * nadir, 20.0, 30.0, xtol=1e-10)
    assert result.watch.record[0, 0, Record.LOWEST] == pytest.approx(nadir, rel=1e-6)
    assert result.watch.record[0, 0, Record.RISE_DAY] == pytest.approx(day, abs=1e-5)
    assert np.isnan(result.watch.record[0, 1, Record.RISE_DAY])
