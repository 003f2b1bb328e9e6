import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remission import catalog
from remission.errors import InputError
from remission.scenario import read_scenario, scenario_from
from remission.visits import read_visits
from tests.small_scenario import GOOD


@pytest.fixture
def read(small_catalog, tmp_path):
    def read_text(text, name="trial.toml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_scenario(path)

    return read_text


def test_a_scenario_reads_into_values(read):
    scenario = read(GOOD)
    assert scenario.title == "small"
    assert (scenario.seed, scenario.pairing, scenario.endpoints) == (3, "randomized", ("ORR", "OS"))
    assert scenario.population.where == {"age": (3, 25), "sex": ("female",)}
    assert [arm.key for arm in scenario.arms] == ["treated", "control"]
    assert scenario.arm("control").regimen.rows == ()
    assert scenario.agents == ("chemotherapy:flag", "car_t")
    assert scenario.protocol.visits[:2] == (28, pytest.approx(28 + 3 * 30.4375))
    assert scenario.protocol.dropout == pytest.approx(0.02 / 365.25)
    assert scenario.protocol.crossover == {"control": "treated"}
    assert str(scenario.protocol.rules[0].when[0]) == "crs_astct >= 2"
    assert scenario.intercurrent == {"death": "composite"}


def test_arms_can_be_chosen_and_keep_their_order(read):
    assert [arm.key for arm in read(GOOD).only(["control", "treated"]).arms] == ["treated", "control"]
    with pytest.raises(InputError, match="did you mean `treated`"):
        read(GOOD).only(["traeted"])


BAD = {
    "unknown disease": ('disease = "b_all"', 'disease = "b_al"', "did you mean `b_all`"),
    "unknown modality": ('agent = "chemotherapy:flag"', 'agent = "chemoterapy:flag"', "did you mean `chemotherapy`"),
    "unknown agent": ('agent = "chemotherapy:flag"', 'agent = "chemotherapy:flg"', "did you mean `flag`"),
    "unknown endpoint": ('"ORR", "OS"', '"ORR", "OOS"', "did you mean `OS`"),
    "endpoint twice": ('"ORR", "OS"', '"OS", "OS"', "given twice"),
    "unknown top key": ("seed = 3", "sede = 3", "did you mean `seed`"),
    "unknown population key": ("size = 50", "sizes = 50", "did you mean `size`"),
    "unknown arm key": ('title = "Treated"', 'titel = "Treated"', "did you mean `title`"),
    "unknown dose key": ("times = 2", "time = 2", "did you mean `times`"),
    "unknown protocol key": ('data_cut = "30 months"', 'data_cutt = "30 months"', "did you mean `data_cut`"),
    "unknown event": ('death = "composite"', 'deaht = "composite"', "did you mean `death`"),
    "unknown strategy": ('death = "composite"', 'death = "composit"', "did you mean `composite`"),
    "unknown pairing": ('"randomized"', '"randomised"', "did you mean `randomized`"),
    "unknown anchor": ("times = 2", 'times = 2, anchor = "infusions"', "did you mean `infusion`"),
    "unknown criteria": ("[intercurrent]", "[protocol.x]\n[intercurrent]", "unknown key"),
    "wrong unit": ('"30 mg/m2"', '"30 mgg/m2"', "doses are not given in `mgg/m2`"),
    "unit of another agent": ('"30 mg/m2"', '"30 cells"', "is dosed in `mg`, not in `cell`"),
    "negative dose": ('"30 mg/m2"', '"-30 mg/m2"', "cannot be negative"),
    "dose without unit": ('"30 mg/m2"', "30", "no unit"),
    "visit after the end": ('data_cut = "30 months"', 'data_cut = "20 months"', "after the data cut"),
    "visits without end": (" to 2 years", "", "never end"),
    "visits not understood": ("day 28, then", "after lunch, then", "not understood"),
    "visit before day 0": ("day 28, then", "day -28, then", "before day 0"),
    "visits in disorder": ("day 28, then", "day 28, day 7, then", "does not follow"),
    "endless visits": ("every 3 months", "every 1 s", "too close together"),
    "windows overlap": ('accrual = "6 months"', 'visit_window = "60 d"', "overlap"),
    "accrual too long": ('accrual = "6 months"', 'accrual = "6 years"', "accrual ends after"),
    "negative span": ('accrual = "6 months"', 'accrual = "-6 months"', "cannot be negative"),
    "no span": ('accrual = "6 months"', 'accrual = "6 mg"', "no unit of time"),
    "no rate": ('"2 %/year"', '"2 %"', "no rate of dropout"),
    "negative rate": ('"2 %/year"', '"-2 %/year"', "0 or more"),
    "zero patients": ("size = 50", "size = 0", "outside its range"),
    "fractional patients": ("size = 50", "size = 50.5", "whole number"),
    "patients as text": ("size = 50", 'size = "50"', "whole number"),
    "negative seed": ("seed = 3", "seed = -3", "outside its range"),
    "limits swapped": ("[3, 25]", "[25, 3]", "above the upper"),
    "limits no pair": ("[3, 25]", "[3]", "pair of numbers"),
    "name not text": ('name = "small"', "name = 7", "no name"),
    "title not text": ('title = "Treated"', "title = 7", "must be text"),
    "regimen no list": ("regimen = []", 'regimen = "none"', "list of doses"),
    "dose no table": ("regimen = []", "regimen = [3]", "no table"),
    "arms twice": ("[arms.control]", "[arms.treated-]\nregimen = []\n[arms.treated_]", "two arms are named"),
    "table twice": ("[arms.control]", "[arms.treated]", "not TOML"),
    "arm name": ("[arms.control]", '[arms."the control"]', "no name"),
    "arm missing": ('control = "treated"', 'control = "treatd"', "did you mean `treated`"),
    "cross over to itself": ('control = "treated"', 'control = "control"', "itself"),
    "condition": ('"crs_astct >= 2"', '"crs_astct about 2"', "no condition"),
    "rule without effect": ('give = [{agent = "car_t", amount = "5 cells"}]', "", "does nothing"),
    "occasion": ('at = "safety"', 'at = "saftey"', "did you mean `safety`"),
    "rule with wrong agent": ('agent = "car_t"', 'agent = "car_x"', "did you mean `car_t`"),
    "section no table": ('[intercurrent]\ndeath = "composite"', "", None),
    "not TOML": ('name = "small"', 'name = "small', "not TOML"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_wrong_scenario_is_refused_with_place_and_remedy(read, case):
    before, after, message = BAD[case]
    assert GOOD.count(before) >= 1
    if message is None:
        assert read(GOOD.replace(before, after)).intercurrent == {}
        return
    with pytest.raises(InputError) as caught:
        read(GOOD.replace(before, after, 1))
    assert message in str(caught.value)
    for problem in caught.value.problems:
        assert "trial.toml" in str(problem), str(problem)
        assert problem.remedy or "did you mean" in problem.message, str(problem)


def test_all_problems_are_told_at_once(read):
    text = GOOD.replace("seed = 3", "sede = 3").replace("size = 50", "size = 0").replace("30 mg/m2", "-1 mg").replace('"b_all"', '"x"')
    with pytest.raises(InputError, match="4 problems"):
        read(text)


@pytest.mark.parametrize("section", ["name", "disease", "arms", "protocol"])
def test_a_missing_part_is_named(read, section):
    lines = [line for line in GOOD.splitlines() if not line.startswith(f"{section} =")]
    text = "\n".join(lines) if section in ("name", "disease") else GOOD.replace(f"[{section}", f"[x{section}").replace("x[", "[x")
    with pytest.raises(InputError) as caught:
        read(text)
    assert f"`{section}" in str(caught.value) or "no arms" in str(caught.value)


@pytest.mark.parametrize("section", ["population", "arms", "protocol", "intercurrent"])
def test_a_section_that_is_no_table_is_refused(read, section):
    with pytest.raises(InputError, match=r"table|no arms"):
        read(f'name = "x"\ndisease = "b_all"\n{section} = 5\n')


WILD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["1e999 mg", "-1 d", "every 1 s to 9 years", "nan", "AUC", "5 % / year", "a >= 1", "1 %/"]),
    st.dates(),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.sampled_from(["agent", "amount", "day", "x"]), st.integers(), max_size=2),
)


def leaves(value, path=()):
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [leaf for key, one in inner for leaf in leaves(one, (*path, key))]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_stands_in_a_scenario_it_is_read_or_refused(small_catalog, data):
    tables = tomllib.loads(GOOD)
    *path, last = data.draw(st.sampled_from(leaves(tables)))
    inside = tables
    for key in path:
        inside = inside[key]
    inside[last] = data.draw(WILD)
    try:
        scenario_from(tables)
    except InputError as error:
        assert error.problems


def test_a_number_of_thousands_of_digits_is_refused(read):
    with pytest.raises(InputError, match="not TOML"):
        read("seed = " + "9" * 5000)


def test_an_empty_file_says_so(read):
    with pytest.raises(InputError, match="the file is empty"):
        read("  \n")


def test_a_file_in_another_encoding_says_so(read):
    with pytest.raises(InputError, match="not UTF-8"):
        read('title = "Thérapie"'.encode("latin-1"))
    with pytest.raises(InputError, match="not UTF-8"):
        read(GOOD.encode("utf-16"))


def test_a_byte_order_mark_is_no_obstacle(read):
    assert read(b"\xef\xbb\xbf" + GOOD.encode()).name == "small"


def test_deep_nesting_is_refused(read):
    with pytest.raises(InputError, match="too deeply"):
        read("x = " + "[" * 20_000 + "]" * 20_000)


def test_a_large_file_is_refused(read):
    with pytest.raises(InputError, match="too large"):
        read("#" * 3_000_000)


def test_a_folder_is_no_scenario(small_catalog, tmp_path):
    folder = tmp_path / "folder.toml"
    folder.mkdir()
    with pytest.raises(InputError, match="folder"):
        read_scenario(folder)


def test_a_file_that_is_not_there_is_named(small_catalog, tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_scenario(tmp_path / "none.toml")


def test_an_unknown_name_gets_the_nearest_bundled_one():
    with pytest.raises(InputError, match="did you mean `b_all_car_t`"):
        read_scenario("b-all-cart")


@pytest.mark.parametrize("path", sorted(catalog.scenarios().values()), ids=lambda path: path.stem)
def test_every_bundled_scenario_reads_cleanly(path: Path):
    scenario = read_scenario(path)
    assert scenario.name == path.stem.replace("-", "_")


def test_visits_of_the_bundled_trial_are_those_of_the_protocol():
    plan = read_visits("day 28, month 3, then every 3 months to 5 years")
    month = 30.4375
    assert plan == pytest.approx([28, *(3 * month * k for k in range(1, 21))])


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ("every 56 d for 1 year", [56, 112, 168, 224, 280, 336]),
        ("daily to day 3, day 21, and day 28", [1, 2, 3, 21, 28]),
        ([1, "1 week", "month 1"], [1, 7, 30.4375]),
        ("0 d, weekly until 14 d", [0, 7, 14]),
    ],
)
def test_visit_plans_read_as_printed(plan, expected):
    assert read_visits(plan) == pytest.approx(expected)


def test_a_plan_without_end_takes_the_end_of_the_trial():
    assert read_visits("day 28, then every 28 d", end=100) == (28, 56, 84)
