import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remission.errors import InputError, Problems
from remission.model.dosing import expand
from remission.model.regimen import Regimen, read_regimen

ENROLLED = {"enrollment": np.zeros(2)}
ADULT = {"weight_kg": np.array([70.0, 50.0]), "height_cm": np.array([175.0, 160.0]), "gfr": np.array([100.0, 60.0])}
LABEL = [
    {"up_to": 50, "amount": "3e6 cells/kg", "low": 0.2e6, "high": 5.0e6},
    {"above": 50, "amount": "1.5e8 cells", "low": 0.1e8, "high": 2.5e8},
]


def days_of(regimen, until=1000.0):
    table = expand(regimen, {"enrollment": np.zeros(1)}, {}, until=until)
    return table.time[0].tolist()


def test_a_row_reads_as_the_clinic_writes_it():
    row = Regimen("chemotherapy:fludarabine", "30 mg/m2", day=[-6, -5], duration="30 min", anchor="infusion")
    assert str(row) == "chemotherapy:fludarabine 30 mg/m2 over 0.5 h, day -6, -5 from infusion"


def test_python_and_toml_rows_give_the_same_regimen():
    problems = Problems()
    rows = [{"agent": "radiation", "amount": 9, "unit": "Gy", "day": [0, 2, 4], "lesions": ["brain_1"]}]
    assert read_regimen(rows, "arm", problems) == Regimen("radiation", "9 Gy", day=[0, 2, 4], lesions="brain_1")
    assert not problems


def test_without_rows_nothing_is_given():
    table = expand(Regimen(), ENROLLED)
    assert table.time.shape == (2, 0)
    assert str(Regimen()) == "no therapy"


def test_a_daily_tablet_goes_on_as_long_as_the_run():
    assert days_of(Regimen("targeted:osimertinib", "80 mg", every="1 d"), until=4) == [0, 1, 2, 3, 4]


def test_a_tablet_without_end_needs_an_end():
    with pytest.raises(InputError, match="without end"):
        expand(Regimen("targeted:osimertinib", "80 mg", every="1 d"), ENROLLED)


def test_a_cycle_repeats_all_its_days():
    cycle = Regimen("chemotherapy:x", "2 mg", day=[0, 1], every="28 d", times=2)
    assert days_of(cycle) == [0, 1, 28, 29]


def test_doses_of_one_time_keep_the_order_given():
    both = Regimen("b", "1 mg", day=[0, 5]) + Regimen("a", "2 mg", day=[5, 0])
    table = expand(both, ENROLLED)
    assert [table.agents[index] for index in table.agent[0]] == ["b", "a", "b", "a"]
    assert table.time[0].tolist() == [0, 0, 5, 5]


def test_each_patient_has_its_own_infusion_day_and_some_have_none():
    regimen = Regimen("car_t", "1e8 cells", anchor="infusion") + Regimen("chemotherapy:bridge", "10 mg", day=14)
    table = expand(regimen, {"enrollment": np.zeros(3), "infusion": np.array([30.0, 7.0, np.inf])})
    assert table.time.tolist() == [[14, 30], [7, 14], [14, np.inf]]
    assert table.agent.tolist() == [[1, 0], [0, 1], [1, 0]]
    assert table.amount[2].tolist() == [10, 0]
    assert table.units == ("cell", "mg")


def test_nan_means_the_anchor_never_comes():
    table = expand(Regimen("car_t", "1e8 cells", anchor="infusion"), {"infusion": np.array([np.nan])})
    assert table.time.size == 0


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("30 mg/m2", [30 * np.sqrt(175 * 70 / 3600), 30 * np.sqrt(160 * 50 / 3600)]),
        ("2 mg/kg", [140, 100]),
        ("1.5 g", [1500, 1500]),
        ("AUC 5", [5 * 125, 5 * 85]),
        ("2e6 cells/kg", [1.4e8, 1e8]),
        ("1e9 PFU", [1e9, 1e9]),
        ("1.8 Gy", [1.8, 1.8]),
        ("100 J/cm2", [100, 100]),
        ("10 µg/kg", [0.7, 0.5]),
    ],
)
def test_doses_are_resolved_with_the_patient(amount, expected):
    table = expand(Regimen("any", amount), ENROLLED, ADULT)
    np.testing.assert_allclose(table.amount[:, 0], expected, rtol=1e-12)


def test_carboplatin_by_calvert_matches_the_published_example():
    # Calvert 1989: dose (mg) = target AUC x (GFR + 25); AUC 7 at 100 mL/min is 875 mg
    table = expand(Regimen("chemotherapy:carboplatin", "7 AUC"), {"enrollment": np.zeros(1)}, {"gfr": 100.0})
    assert table.amount[0, 0] == 875


def test_a_given_body_surface_goes_before_the_formula():
    table = expand(Regimen("any", "10 mg/m2"), ENROLLED, {"bsa_m2": 2.0})
    assert table.amount[0, 0] == 20


def test_a_missing_covariate_is_named():
    with pytest.raises(InputError, match="height_cm"):
        expand(Regimen("any", "10 mg/m2"), ENROLLED, {"weight_kg": 70.0})


def test_tisagenlecleucel_is_dosed_by_weight_band_and_kept_inside_the_label():
    covariates = {"weight_kg": np.array([20.0, 50.0, 80.0, 80.0, 20.0])}
    factors = {"car_t:tisagenlecleucel": np.array([1.0, 1.0, 1.0, 100.0, 0.001])}
    regimen = Regimen("car_t:tisagenlecleucel", LABEL)
    table = expand(regimen, {"enrollment": np.zeros(5)}, covariates, factors=factors)
    np.testing.assert_allclose(table.amount[:, 0], [6e7, 1.5e8, 1.5e8, 2.5e8, 4e6])


@given(st.floats(3, 150), st.floats(1e-3, 1e3))
def test_no_patient_gets_more_than_the_label_allows(weight, factor):
    regimen = Regimen("car_t", LABEL)
    table = expand(regimen, {"enrollment": np.zeros(1)}, {"weight_kg": weight}, factors={"car_t": np.array([factor])})
    low, high = (0.2e6 * weight, 5e6 * weight) if weight <= 50 else (1e7, 2.5e8)
    assert low * (1 - 1e-12) <= table.amount[0, 0] <= high * (1 + 1e-12)


def test_then_begins_when_the_last_interval_is_over():
    induction = Regimen("a", "1 mg", every="21 d", times=2)
    assert days_of(induction.then(Regimen("b", "1 mg", day=[0, 1]), after="7 d")) == [0, 21, 49, 50]


def test_then_after_an_infusion_waits_for_its_end():
    assert days_of(Regimen("a", "1 mg", duration="2 d").then(Regimen("b", "1 mg"))) == [0, 2]


def test_then_after_endless_therapy_is_refused():
    with pytest.raises(InputError, match="without end"):
        Regimen("a", "1 mg", every=1).then(Regimen("b", "1 mg"))


def test_then_needs_one_anchor():
    mixed = Regimen("a", "1 mg") + Regimen("a", "1 mg", anchor="infusion")
    with pytest.raises(InputError, match="one anchor"):
        mixed.then(Regimen("b", "1 mg"))


def test_then_counts_from_the_anchor_of_the_first():
    assert Regimen("a", "1 mg", anchor="infusion").then(Regimen("b", "1 mg")).rows[1].anchor == "infusion"


def test_a_delay_moves_only_the_agent_named():
    both = Regimen("a", "1 mg") + Regimen("b", "1 mg")
    assert days_of(both.delay("1 week", agent="b")) == [0, 7]


def test_a_hold_leaves_doses_out_and_does_not_shift_the_rest():
    weekly = Regimen("a", "1 mg", every=7, times=6)
    assert days_of(weekly.hold(14, 28)) == [0, 7, 28, 35]
    assert days_of(weekly.hold(-10, 1)) == [7, 14, 21, 28, 35]
    assert days_of(weekly.hold(100, 200)) == days_of(weekly)
    assert days_of(Regimen("a", "1 mg", every=7).hold(3, 30), until=40) == [0, 35]
    assert days_of(Regimen("a", "1 mg", day=[0, 3, 5]).hold(3, 5)) == [0, 5]


@given(st.integers(1, 30), st.integers(1, 12), st.integers(-20, 200), st.integers(0, 120))
def test_a_hold_leaves_exactly_the_doses_outside_it(every, times, start, length):
    regimen = Regimen("a", "1 mg", day=[0], every=every, times=times)
    expected = [k * every for k in range(times) if not start <= k * every < start + length]
    assert days_of(regimen.hold(start, start + length)) == expected


def test_scaling_to_zero_gives_doses_of_nothing():
    assert expand(Regimen("a", "5 mg").scale(0), ENROLLED).amount[0, 0] == 0
    assert not expand(Regimen("car_t", LABEL).scale(0), ENROLLED, ADULT).amount.any()


def test_verbs_leave_the_original_alone():
    first = Regimen("a", "5 mg")
    first.delay(3), first.scale(2), first.hold(0, 1), first + first
    assert first == Regimen("a", "5 mg")


def test_verbs_name_an_agent_that_is_not_there():
    with pytest.raises(InputError, match="gives no `b`"):
        Regimen("a", "5 mg").scale(2, agent="b")


def test_a_product_can_be_renamed_to_the_module_that_represents_it():
    both = Regimen("car_t:tisagenlecleucel", "1e8 cells") + Regimen("b", "1 mg")
    assert both.renamed({"car_t:tisagenlecleucel": "car_t"}).agents == ("car_t", "b")


def test_a_combination_is_dosed_in_courses():
    assert expand(Regimen("combination:bridging", "1 course"), ENROLLED).units == ("1",)


def test_named_lesions_get_one_dose_each():
    table = expand(Regimen("radiation", "9 Gy", lesions=["x", "y"]), ENROLLED, lesions={"x": 0, "y": 3})
    assert table.lesion[0].tolist() == [0, 3]
    with pytest.raises(InputError, match="no lesion `z`"):
        expand(Regimen("radiation", "9 Gy", lesions="z"), ENROLLED, lesions={"x": 0})


def test_dose_records_export_as_nonmem_reads_them():
    regimen = Regimen("a", "24 mg", duration="12 h", day=[0, 1]) + Regimen("b", "5 mg", day=3)
    frame = expand(regimen, {"enrollment": np.array([0.0, np.inf, 2.0])}).nonmem([11, 12, 13])
    assert frame.columns == ["ID", "TIME", "AMT", "RATE", "EVID", "CMT", "LESION"]
    assert frame["ID"].to_list() == [11, 11, 11, 13, 13, 13]
    assert frame["TIME"].to_list() == [0, 1, 3, 2, 3, 5]
    assert frame["RATE"].to_list() == [48, 48, 0, 48, 48, 0]
    assert frame["CMT"].to_list() == [1, 1, 2, 1, 1, 2]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"agent": "a", "amount": "30 mgg"}, "did you mean `mg`"),
        ({"agent": "a", "amount": "-1 mg"}, "negative"),
        ({"agent": "a", "amount": 5}, "no unit"),
        ({"agent": "a", "amount": "5 mg", "unit": "g"}, "drop one"),
        ({"agent": "a", "amount": float("nan"), "unit": "mg"}, "no number"),
        ({"agent": "a", "amount": float("inf"), "unit": "mg"}, "finite"),
        ({"agent": "a", "amount": True, "unit": "mg"}, "no number"),
        ({"agent": "a", "amount": "much"}, "no amount"),
        ({"amount": "5 mg"}, "`agent` is missing"),
        ({"agent": "a"}, "`amount` is missing"),
        ({"agent": "Mixed Case", "amount": "5 mg"}, "no name of an agent"),
        ({"agent": "a", "amount": "5 mg", "dya": 3}, "did you mean `day`"),
        ({"agent": "a", "amount": "5 mg", "every": 0}, "longer than 0"),
        ({"agent": "a", "amount": "5 mg", "times": 3}, "needs `every`"),
        ({"agent": "a", "amount": "5 mg", "every": 7, "times": 0}, "from 1 to"),
        ({"agent": "a", "amount": "5 mg", "every": 2, "day": [0, 3]}, "two rows"),
        ({"agent": "a", "amount": "5 mg", "duration": "-1 h"}, "negative"),
        ({"agent": "a", "amount": "5 mg", "day": "soon"}, "span of time"),
        ({"agent": "a", "amount": "5 mg", "day": []}, "empty"),
        ({"agent": "a", "amount": "5 mg", "lesions": 3}, "list of names"),
        ({"agent": "a", "amount": "5 mg", "anchor": "infusoin"}, "did you mean `infusion`"),
        ({"agent": "a", "amount": []}, "last one open"),
        ({"agent": "a", "amount": [{"amount": "1 mg", "up_to": 50}]}, "last one open"),
        ({"agent": "a", "amount": [{"amount": "1 mg", "up_to": 50}, {"amount": "2 mg", "above": 60}]}, "without gap"),
        ({"agent": "a", "amount": [{"amount": "1 mg", "up_to": 50}, {"amount": "2 cells", "above": 50}]}, "mix kinds"),
        ({"agent": "a", "amount": [{"amount": "9 mg", "high": 8}]}, "outside 0 to 8"),
        ({"agent": "a", "amount": [{"amount": "9 mg", "hihg": 8}]}, "did you mean `high`"),
        ("a 5 mg", "no table"),
    ],
)
def test_a_wrong_row_is_refused_with_place_and_remedy(row, message):
    problems = Problems()
    read_regimen([row], "trial.toml: arms.x.regimen", problems)
    assert message in str(problems.found[0]), str(problems.found[0])
    assert all("trial.toml: arms.x.regimen, row 1" in str(problem) for problem in problems.found)


def test_doses_that_come_too_often_are_refused():
    with pytest.raises(InputError, match="more than"):
        expand(Regimen("a", "1 mg", every="1 s"), ENROLLED, until=1000)


def test_all_problems_of_a_row_come_together():
    with pytest.raises(InputError, match="4 problems"):
        Regimen("A B", "-1 mg", day="soon", every=-1)


def test_one_agent_in_two_kinds_of_unit_is_refused():
    with pytest.raises(InputError, match="one kind of unit"):
        expand(Regimen("a", "1 mg") + Regimen("a", "1 Gy"), ENROLLED)


def test_an_agent_the_model_lacks_is_named():
    with pytest.raises(InputError, match="did you mean `chemotherapy:flag`"):
        expand(Regimen("chemotherapy:flg", "1 mg"), ENROLLED, agents=["chemotherapy:flag"])
