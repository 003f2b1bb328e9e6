"""Every patient has its own numbers, and keeps them whatever else is in the run."""

import pickle
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remission.correlations import Correlation
from remission.distributions import parse
from remission.errors import InputError
from remission.parameters import ParameterSet, Row
from remission.tables import Layer


def row(value, distribution="", per="patient", low=None, high=None, unit="1", evidence="assumed", layers=()):
    """A complete row, for tests that look at one column of it."""
    formula = isinstance(value, str)
    return Row(
        "x", value, unit, per, None if formula else parse(distribution), low, high, None if formula else evidence, None, "m", "", layers
    )


def antibody(**changes):
    """An antibody in a patient with lesions and clones: spread, formula, three scopes."""
    rows = {
        "antibody.volume": row(6.0, "lognormal(cv=0.2)", low=3.0, high=10.0, unit="L"),
        "antibody.half_life": row(22.0, "lognormal(cv=0.3)", low=8.0, high=40.0, unit="day"),
        "antibody.clearance": row("=log(2)*volume/half_life", unit="L/day"),
        "antibody.release": row(2.5, "lognormal(sd=0.8)", per="lesion", low=0.0, high=10.0),
        "antibody.share": row(0.3, "logitnormal(sd=1)", per="clone", low=0.0, high=1.0),
        "antibody.reach": row("=release*share*volume", per="clone"),
        "growth.rate": row(0.01, unit="1/day", low=0.0, high=1.0),
    }
    return ParameterSet(rows | changes.pop("rows", {}), **changes)


def test_arrays_have_the_shape_of_their_scope():
    drawn = antibody().draw(1, np.arange(5), lesions=3, clones=2)
    assert {key: array.shape for key, array in drawn.items()} == {
        "antibody.volume": (5,),
        "antibody.half_life": (5,),
        "antibody.clearance": (5,),
        "antibody.release": (5, 3),
        "antibody.share": (5, 3, 2),
        "antibody.reach": (5, 3, 2),
        "growth.rate": (5,),
    }
    assert all(a.dtype == np.float64 and a.flags.c_contiguous and a.flags.writeable for a in drawn.values())


def test_formulas_follow_the_numbers_of_each_patient_lesion_and_clone():
    drawn = antibody().draw(1, np.arange(50), lesions=3, clones=2)
    np.testing.assert_allclose(drawn["antibody.clearance"], np.log(2) * drawn["antibody.volume"] / drawn["antibody.half_life"], rtol=1e-14)
    expected = drawn["antibody.release"][:, :, None] * drawn["antibody.share"] * drawn["antibody.volume"][:, None, None]
    np.testing.assert_allclose(drawn["antibody.reach"], expected, rtol=1e-14)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**63), order=st.permutations(range(9)), first=st.integers(0, 9))
def test_a_patient_is_the_same_in_any_batch_and_order(seed, order, first):
    correlated = (Correlation("antibody.volume", "antibody.half_life", 0.6),)
    parameters = antibody(correlations=correlated)
    whole = parameters.draw(seed, np.arange(9), lesions=2, clones=2)
    shuffled = parameters.draw(seed, np.array(order), lesions=2, clones=2)
    prefix = parameters.draw(seed, np.arange(first), lesions=2, clones=2)
    for key in whole:
        assert np.array_equal(shuffled[key], whole[key][list(order)]), key
        assert np.array_equal(prefix[key], whole[key][:first]), key


def test_a_patient_is_the_same_in_a_large_batch():
    parameters = antibody(correlations=(Correlation("antibody.volume", "antibody.half_life", 0.6),))
    whole = parameters.draw(3, np.arange(10_001), lesions=2)
    for i in (0, 17, 9_999, 10_000):
        alone = parameters.draw(3, [i], lesions=2)
        assert all(np.array_equal(alone[key][0], whole[key][i]) for key in whole)


def test_more_lesions_or_clones_leave_the_first_ones_alone():
    few = antibody().draw(1, np.arange(4), lesions=2, clones=2)
    many = antibody().draw(1, np.arange(4), lesions=7, clones=5)
    assert np.array_equal(few["antibody.release"], many["antibody.release"][:, :2])
    assert np.array_equal(few["antibody.share"], many["antibody.share"][:, :2, :2])


def test_a_further_parameter_changes_nobody():
    drawn = antibody().draw(1, np.arange(20))
    more = antibody(rows={"aaa.new": row(1.0, "lognormal(sd=1)")}).draw(1, np.arange(20))
    assert all(np.array_equal(drawn[key], more[key]) for key in drawn)


def test_lesions_clones_and_parameters_are_drawn_independently():
    drawn = antibody().draw(1, np.arange(20_000), lesions=2, clones=2)
    share = drawn["antibody.share"].reshape(20_000, 4)
    columns = [drawn["antibody.volume"], drawn["antibody.half_life"], *drawn["antibody.release"].T, *share.T]
    matrix = np.corrcoef(columns) - np.eye(len(columns))
    assert np.abs(matrix).max() < 5 / np.sqrt(20_000)


def test_limits_hold_and_the_median_is_the_value():
    volume = antibody(rows={"antibody.volume": row(6.0, "lognormal(cv=0.2)", unit="L")}).draw(5, np.arange(40_000))["antibody.volume"]
    assert np.median(volume) == pytest.approx(6.0, rel=0.01)
    assert volume.std() / volume.mean() == pytest.approx(0.2, rel=0.03)
    truncated = antibody().draw(5, np.arange(40_000))["antibody.volume"]
    assert truncated.min() >= 3
    assert truncated.max() <= 10


def test_correlated_parameters_vary_together_and_keep_their_laws():
    pair = (Correlation("antibody.half_life", "antibody.volume", 0.7),)
    apart, together = (antibody(correlations=c).draw(1, np.arange(40_000)) for c in ((), pair))
    logs = [np.log(together[key]) for key in ("antibody.volume", "antibody.half_life")]
    assert np.corrcoef(logs)[0, 1] == pytest.approx(0.69, abs=0.03)
    for key in ("antibody.volume", "antibody.half_life"):
        np.testing.assert_allclose(np.quantile(together[key], [0.05, 0.5, 0.95]), np.quantile(apart[key], [0.05, 0.5, 0.95]), rtol=0.02)


def test_fixing_one_of_a_correlated_pair_leaves_the_other_alone():
    parameters = antibody(correlations=(Correlation("antibody.half_life", "antibody.volume", 0.7),))
    before = parameters.draw(1, np.arange(30))
    after = parameters.with_values({"antibody.half_life": 20}).draw(1, np.arange(30))
    assert np.array_equal(before["antibody.volume"], after["antibody.volume"])
    given = parameters.draw(1, np.arange(30), fixed={"antibody.half_life": 20})
    assert np.array_equal(before["antibody.volume"], given["antibody.volume"])


def test_given_values_replace_draws_and_formulas_follow():
    drawn = antibody().draw(1, np.arange(3), lesions=2, fixed={"antibody.volume": [4, 5, 6], "antibody.half_life": 10})
    np.testing.assert_allclose(drawn["antibody.clearance"], np.log(2) * np.array([4, 5, 6]) / 10)
    lesions = antibody().draw(1, np.arange(3), lesions=2, fixed={"antibody.release": [1, 2, 3]})
    assert lesions["antibody.release"].tolist() == [[1, 1], [2, 2], [3, 3]]
    formula = antibody().draw(1, np.arange(3), fixed={"antibody.clearance": 0.2})
    assert formula["antibody.clearance"].tolist() == [0.2, 0.2, 0.2]


@pytest.mark.parametrize(
    ("fixed", "message"),
    [
        ({"antibody.volum": 5}, "did you mean `antibody.volume`"),
        ({"antibody.volume": 11}, r"value 11.0.*allowed is 3..10 L"),
        ({"antibody.volume": [5, np.nan, 5]}, "1 of 3 numbers"),
        ({"antibody.volume": [5, 5]}, "do not fit"),
        ({"antibody.volume": "much"}, "do not fit"),
        ({"growth.rate": np.inf}, "numbers cannot be used"),
    ],
)
def test_given_values_are_checked(fixed, message):
    with pytest.raises(InputError, match=message):
        antibody().draw(1, np.arange(3), fixed=fixed)


def test_covariates_come_with_each_patient():
    parameters = antibody(rows={"antibody.dose": row("=2*weight", unit="mg")}, covariates={"weight", "age"})
    drawn = parameters.draw(1, np.arange(3), fixed={"weight": [50, 60, 70]})
    assert drawn["antibody.dose"].tolist() == [100, 120, 140]
    assert "weight" not in drawn
    with pytest.raises(InputError, match="covariate `weight` is read by a formula but not given"):
        parameters.draw(1, np.arange(3))


def test_the_typical_patient_has_the_values_of_the_table():
    typical = antibody().typical(lesions=2, clones=3)
    assert typical["antibody.volume"].tolist() == [6.0]
    assert typical["antibody.clearance"][0] == pytest.approx(np.log(2) * 6 / 22)
    assert typical["antibody.share"].shape == (1, 2, 3)


def test_an_undefined_formula_fails_softly_for_that_patient_alone():
    parameters = antibody(rows={"antibody.y": row("=log(volume - 5)")})
    drawn = parameters.draw(1, np.arange(3), fixed={"antibody.volume": [4, 6, 7]})
    assert np.isfinite(drawn["antibody.y"]).tolist() == [False, True, True]


@pytest.mark.parametrize("patients", [[-1], [0.5], [[1, 2]], ["a"]])
def test_patients_are_whole_indices(patients):
    with pytest.raises(InputError, match="whole indices"):
        antibody().draw(1, patients)


def test_no_patients_and_no_lesions_are_allowed():
    assert antibody().draw(1, [])["antibody.volume"].shape == (0,)
    assert antibody().draw(1, [1], lesions=0)["antibody.share"].shape == (1, 0, 1)


# --- mistakes in rows -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"a.x": row("=y"), "a.y": row("=z"), "a.z": row("=x")}, r"in a circle: a\.(x|y|z) -> a\.\w -> a\.\w -> a\.\w"),
        ({"a.x": row("=x")}, "circle: a.x -> a.x"),
        ({"a.x": row("=volum"), "a.volume": row(1.0)}, "reads `volum`, which is not there, did you mean `volume`"),
        ({"a.x": row("=b.y")}, "reads `b.y`, which is not there"),
        ({"a.x": row("=y"), "a.y": row(1.0, per="clone")}, "per patient but reads `y`, which is per clone"),
        ({"a.x": row(5.0, low=6.0, high=7.0)}, r"allowed range 6..7 \(value 5.0\)"),
        ({"a.x": row(5.0, "uniform")}, "needs low and high"),
        ({"a.x": row(5.0, evidence="measured")}, "measured but has no source"),
    ],
)
def test_a_set_that_exists_can_be_drawn_from(rows, message):
    with pytest.raises(InputError, match=message):
        ParameterSet(rows)


def test_all_problems_of_a_set_are_listed():
    with pytest.raises(InputError) as caught:
        ParameterSet({"a.x": row("=nothing"), "a.y": row(5.0, "uniform"), "a.z": row(1.0, low=2.0)})
    assert len(caught.value.problems) == 3


# --- setting values by hand -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected", "law"),
    [
        (5, 5.0, ""),
        ("5", 5.0, ""),
        ("5e0", 5.0, ""),
        ("5000 mL", 5.0, ""),
        ("5 lognormal(sd=0.4)", 5.0, "lognormal(sd=0.4)"),
        ("5 uniform", 5.0, "uniform"),
        (np.float64(5), 5.0, ""),
    ],
)
def test_a_value_set_by_hand_replaces_number_and_spread(value, expected, law):
    changed = antibody().with_values({"antibody.volume": value}).rows["antibody.volume"]
    assert changed.value == expected
    assert changed.law.text() == law
    assert changed.evidence == "assumed"
    assert changed.source == "--set"


def test_spread_and_median_can_be_set_alone():
    start = antibody()
    spread = start.with_values({"antibody.volume.sd": 0.5}).rows["antibody.volume"]
    assert (spread.value, spread.law.text()) == (6.0, "lognormal(sd=0.5)")
    assert start.with_values({"antibody.volume.cv": "0.3"}).rows["antibody.volume"].law.cv == pytest.approx(0.3)
    median = start.with_values({"antibody.volume.median": 5}).rows["antibody.volume"]
    assert (median.value, median.law) == (5.0, start.rows["antibody.volume"].law)
    assert start.with_values({"antibody.volume.sd": 0}).rows["antibody.volume"].law.text() == ""
    law = start.with_values({"antibody.volume.distribution": "loguniform"}).rows["antibody.volume"]
    assert (law.value, law.law.text()) == (6.0, "loguniform")


def test_median_and_spread_can_be_set_together():
    changed = antibody().with_values({"antibody.volume.median": 5, "antibody.volume.sd": 0.1}).rows["antibody.volume"]
    assert (changed.value, changed.law.text()) == (5.0, "lognormal(sd=0.1)")
    assert len(changed.layers) == 2


def test_a_hyphen_reads_as_an_underscore():
    assert antibody().with_values({"antibody.half-life": 20}).rows["antibody.half_life"].value == 20


def test_a_row_may_become_a_formula_and_back():
    formula = antibody().with_values({"antibody.volume": "=3 * growth.rate"})
    assert formula.draw(1, [0])["antibody.volume"].tolist() == pytest.approx([0.03])
    number = formula.with_values({"antibody.clearance": 0.2})
    assert number.draw(1, [0])["antibody.clearance"].tolist() == [0.2]


def test_setting_a_value_remembers_the_layers_and_leaves_the_first_set_alone():
    start = antibody(rows={"antibody.volume": row(6.0, unit="L", layers=(Layer("module", "6.0", "a.csv row 2"),))})
    changed = start.with_values({"antibody.volume": "5000 mL"})
    assert [(said.name, said.value) for said in changed.rows["antibody.volume"].layers] == [("module", "6.0"), ("--set", "5000 mL")]
    assert start.rows["antibody.volume"].value == 6.0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"antibody.volume": 11}, r"--set antibody.volume: outside the allowed range \(value 11.0\); choose a number in 3..10 L"),
        ({"antibody.volume": "11000 mL"}, "choose a number in 3..10 L"),
        ({"antibody.volume.median": 2}, "choose a number in 3..10 L"),
        ({"antibody.volum": 5}, "unknown parameter, did you mean `antibody.volume`"),
        ({"antibody.volume.sdd": 5}, "did you mean `antibody.volume.sd`"),
        ({"volume": 5}, "unknown parameter"),
        ({"antibody.volume": "many"}, r"no number \(value `many`\)"),
        ({"antibody.volume": ""}, "no number"),
        ({"antibody.volume": True}, "no number"),
        ({"antibody.volume": None}, "no number"),
        ({"antibody.volume": float("nan")}, "no number"),
        ({"antibody.volume": "1e999"}, "no number"),
        ({"antibody.volume": "5 kg"}, "`kg` does not convert to `L`"),
        ({"antibody.volume": "5 furlogs"}, "no known unit"),
        ({"antibody.volume": "5 lognormall(sd=1)"}, "unknown distribution"),
        ({"antibody.volume": "=volume("}, "formula is not understood"),
        ({"antibody.volume": "=clearance"}, "in a circle"),
        ({"antibody.volume.sd": -1}, "0 or more"),
        ({"antibody.volume.sd": "0.3 L"}, "plain number"),
        ({"growth.rate.sd": 0.3}, "`fixed` has no sd to change.*write the number and its law"),
        ({"antibody.share.cv": 0.3}, "`logitnormal` has no cv"),
        ({"antibody.clearance.sd": 0.3}, "is a formula"),
        ({"antibody.clearance.median": 0.3}, "is a formula"),
        ({"antibody.volume.median": "5 lognormal(sd=1)"}, "a median is a number"),
    ],
)
def test_a_value_that_cannot_be_set_is_refused_with_exit_code_2(values, message):
    with pytest.raises(InputError, match=message) as caught:
        antibody().with_values(values)
    assert caught.value.exit_code == 2


def test_all_values_that_cannot_be_set_are_listed():
    with pytest.raises(InputError) as caught:
        antibody().with_values({"antibody.volume": 99, "nobody.knows": 1, "growth.rate": "x"})
    assert len(caught.value.problems) == 3


# --- what is kept ---------------------------------------------------------------------------------------------------


def test_assumed_numbers_are_counted():
    assert "antibody.volume" in antibody().assumed()
    assert "antibody.clearance" not in antibody().assumed()


def test_digest_follows_the_numbers_and_not_the_prose():
    start = antibody()
    assert start.digest() == antibody().digest()
    assert start.digest() == ParameterSet(dict(reversed(start.rows.items()))).digest()
    assert start.digest() == pickle.loads(pickle.dumps(start)).digest()
    changes = [{"antibody.volume": 5}, {"antibody.volume.sd": 0.1}, {"antibody.clearance": "=volume"}]
    digests = {start.with_values(change).digest() for change in changes}
    correlated = antibody(correlations=(Correlation("antibody.volume", "antibody.half_life", 0.5),)).digest()
    assert len(digests | {start.digest(), correlated}) == 5


def test_table_has_a_line_for_each_parameter():
    table = antibody().table()
    assert table.height == 7
    line = table.row(2, named=True)
    assert line["key"] == "antibody.clearance"
    assert line["formula"] == "=log(2)*volume/half_life"
    assert line["value"] is None
    assert ParameterSet({}).table().height == 0


def test_a_set_without_rows_draws_nothing():
    assert ParameterSet({}).draw(1, np.arange(3)) == {}


def test_twenty_thousand_patients_take_well_under_a_second():
    rows = {f"m.x{i}": row(1.0, "lognormal(cv=0.3)", low=0.1, high=9.0) for i in range(120)}
    parameters = ParameterSet(rows)
    parameters.draw(1, np.arange(10))
    start = time.process_time()
    parameters.draw(1, np.arange(20_000))
    assert time.process_time() - start < 0.8
