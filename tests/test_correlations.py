"""Parameters that vary together do so by a matrix that can exist."""

import re

import numpy as np
import pytest

from remission.correlations import Correlation, check_correlations, groups_of, read_correlations
from remission.distributions import LogNormal
from remission.errors import InputError
from remission.parameters import ParameterSet, Row
from remission.random import uniform

HEADER = "a,b,correlation,source"


def spread(**changes):
    return Row(**({"name": "x", "value": 1.0, "unit": "1", "per": "patient", "distribution": LogNormal(1.0)} | changes))


ROWS = {key: spread(evidence="assumed", meaning="m") for key in ("m.a", "m.b", "m.c", "n.d")}


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write_lines(*lines, header=HEADER):
        (tmp_path / "b_all.correlations.csv").write_text("\n".join([header, *lines]))
        return "b_all.correlations.csv"

    return write_lines


def test_a_good_table_reads_as_written(write):
    found = read_correlations(write("m.a,m.b,0.5,someone2017", "", "n.d,m.b,-0.3,assumed"))
    assert [(c.a, c.b, c.correlation, c.source) for c in found] == [
        ("m.a", "m.b", 0.5, "someone2017"),
        ("n.d", "m.b", -0.3, "assumed"),
    ]
    assert found[1].place == "b_all.correlations.csv row 4"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("m.a,m.c,high,assumed", "this is no correlation (value `high`)"),
        ("m.a,m.c,1,assumed", "strictly between -1 and 1 (value 1.0)"),
        ("m.a,m.c,nan,assumed", "strictly between -1 and 1"),
        ("m.a,m.a,0.5,assumed", "two different parameters (value `m.a`)"),
        ("m.a,,0.5,assumed", "two different parameters"),
        ("m.a,m.c,0.5,", "has no source"),
        ("m.a,m.c,0.5", "3 cells where the header has 4"),
        ("m.b,m.a,0.5,assumed", "the pair stands twice (value `m.a and m.b`)"),
    ],
)
def test_a_mistake_is_named_with_file_row_value_and_remedy(write, line, message):
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        read_correlations(write("m.a,m.b,0.2,assumed", line))
    assert str(caught.value).startswith("b_all.correlations.csv row 3: ")
    assert caught.value.remedy


def test_all_mistakes_are_listed(write):
    with pytest.raises(InputError) as caught:
        read_correlations(write("m.a,m.b,2,assumed", "m.a,m.c,x,assumed"))
    assert len(caught.value.problems) == 2


def test_a_wrong_header_is_explained(write):
    with pytest.raises(InputError, match="unknown column `r`"):
        read_correlations(write(header="a,b,r,source"))


@pytest.mark.parametrize(
    ("pair", "changes", "message"),
    [
        (("m.a", "m.bb"), {}, "unknown parameter `m.bb`, did you mean `m.b`?"),
        (("m.a", "m.b"), {"per": "lesion"}, "only rows per patient can be correlated; this is per lesion"),
        (("m.a", "m.b"), {"value": "=a"}, "a formula cannot be correlated"),
        (("m.a", "m.b"), {"distribution": None}, "a fixed row cannot be correlated"),
    ],
)
def test_rows_that_cannot_be_correlated_are_refused(pair, changes, message):
    rows = ROWS | {"m.b": spread(**changes)}
    with pytest.raises(InputError, match=re.escape(message)):
        check_correlations([Correlation(*pair, 0.5)], rows)


def test_correlations_with_therapies_that_a_run_leaves_out_are_dropped():
    kept = check_correlations([Correlation("m.a", "car_t.x", 0.5), Correlation("m.a", "m.b", 0.1)], ROWS)
    assert [c.pair for c in kept] == [("m.a", "m.b")]


def test_correlations_that_contradict_each_other_are_refused():
    contradiction = [Correlation("m.a", "m.b", 0.9), Correlation("m.b", "m.c", 0.9), Correlation("m.a", "m.c", -0.9, place="f.csv row 4")]
    with pytest.raises(InputError, match=r"f.csv row 4: the correlations of m.a, m.b, m.c contradict each other"):
        groups_of(contradiction)
    with pytest.raises(InputError, match="contradict"):
        ParameterSet(ROWS, tuple(contradiction))


def test_groups_are_what_is_linked_whatever_the_order_of_rows():
    pairs = [Correlation("m.c", "m.a", 0.2), Correlation("x.y", "x.z", 0.3), Correlation("m.b", "m.c", 0.4)]
    groups = groups_of(pairs)
    assert [group.keys for group in groups] == [("m.a", "m.b", "m.c"), ("x.y", "x.z")]
    again = groups_of(pairs[::-1])
    assert all(np.array_equal(a.cholesky, b.cholesky) for a, b in zip(groups, again, strict=True))


def test_coupled_numbers_are_uniform_and_have_the_correlation_asked_for():
    (group,) = groups_of([Correlation("a", "b", 0.8), Correlation("b", "c", -0.5)])
    patients = np.arange(50_000)
    coupled = group.couple({key: uniform(1, patients, key) for key in group.keys})
    for numbers in coupled.values():
        counts, _ = np.histogram(numbers, bins=10, range=(0, 1))
        assert ((counts - 5000) ** 2 / 5000).sum() < 40
    # Pearson correlation of the uniforms of a Gaussian copula: 6/pi * asin(r/2), Pearson (1907).
    matrix = np.corrcoef([coupled["a"], coupled["b"], coupled["c"]])
    for (i, j), r in {(0, 1): 0.8, (1, 2): -0.5, (0, 2): 0.0}.items():
        assert matrix[i, j] == pytest.approx(6 / np.pi * np.arcsin(r / 2), abs=0.02)
