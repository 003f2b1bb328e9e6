"""An error names the place, the value and the way out."""

import pickle

import pytest

from remission.errors import FailedMembers, InputError, ModelError, Problems, RemissionError, RunError, UnitError, nearest


def test_message_is_one_line_with_place_value_and_remedy():
    error = InputError("unknown unit", "car_t.csv row 3", "mgg", "use `mg`")
    assert str(error) == "car_t.csv row 3: unknown unit (value `mgg`); use `mg`"


def test_parts_that_are_missing_leave_no_trace():
    assert str(InputError("no arms")) == "no arms"
    assert str(InputError("must be positive", value=-1.5)) == "must be positive (value -1.5)"


@pytest.mark.parametrize(
    ("error", "parent", "code"),
    [
        (RemissionError, Exception, 1),
        (InputError, RemissionError, 2),
        (ModelError, RemissionError, 2),
        (UnitError, ModelError, 2),
        (RunError, RemissionError, 1),
        (FailedMembers, RunError, 3),
    ],
)
def test_the_tree_and_its_exit_codes(error, parent, code):
    assert issubclass(error, parent)
    assert error.exit_code == code


def test_all_problems_are_reported_together():
    problems = Problems()
    problems.add("empty name", "a.csv row 2")
    with problems.collect("a.csv row 3"):
        raise InputError("unknown law", value="lognormall")
    with pytest.raises(InputError) as caught:
        problems.raise_if_any()
    assert str(caught.value) == "2 problems:\n  - a.csv row 2: empty name\n  - a.csv row 3: unknown law (value `lognormall`)"
    assert len(caught.value.problems) == 2


def test_a_single_problem_is_raised_as_itself():
    problems = Problems()
    problems.add("empty name", "a.csv row 2")
    with pytest.raises(InputError, match=r"^a.csv row 2: empty name$"):
        problems.raise_if_any()


def test_no_problem_raises_nothing():
    Problems().raise_if_any()
    assert not Problems()


def test_collected_lists_are_joined_not_nested():
    inner, outer = Problems(), Problems()
    inner.add("one")
    inner.add("two")
    with outer.collect("file.csv"):
        inner.raise_if_any()
    assert [str(problem) for problem in outer.found] == ["file.csv: one", "file.csv: two"]


def test_other_errors_are_not_collected():
    with pytest.raises(ZeroDivisionError), Problems().collect():
        raise ZeroDivisionError


def test_nearest_name_is_offered():
    assert nearest("clearence", ["clearance", "volume"]) == ", did you mean `clearance`?"
    assert nearest("B-ALL", ["b_all", "b_nhl"]) == ", did you mean `b_all`?"
    assert nearest("xyz", ["clearance", "volume"]) == ""
    assert nearest("x", []) == ""


def test_long_values_are_shortened():
    assert len(str(InputError("bad", value="x" * 1000))) < 150


def test_errors_travel_between_processes():
    error = InputError("bad", "a.csv", 3, "fix it")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
