"""The arrow solver gives what a dense solver gives, for any number of lesions, in straight lines and by tables."""

import numpy as np
import pytest

from remission.engine import linear
from remission.engine.elimination import functions
from remission.engine.flops import flops
from remission.engine.linear import arrow
from tests.reference.direct import as_python

SHAPES = [(5, 4), (1, 7), (6, 0), (0, 3), (12, 9)]


def random_pattern(rng, rows, columns, share):
    return {(i, j) for i in range(rows) for j in range(columns) if rng.random() < share}


def random_system(rng, n_patient, n_block, lesions, sparse=False, early=True):
    """An arrow and a dense matrix of its structure; in a sparse one, half of the patient's states know nothing of the lesions."""
    parts = {
        "pp": random_pattern(rng, n_patient, n_patient, 0.3),
        "pl": random_pattern(rng, n_patient, n_block, 0.2),
        "lp": random_pattern(rng, n_block, n_patient, 0.2),
        "ll": random_pattern(rng, n_block, n_block, 0.3),
    }
    if sparse:
        half = n_patient // 2
        parts["pl"] = {(i, j) for i, j in parts["pl"] if i >= half}
        parts["pp"] = {(i, j) for i, j in parts["pp"] if i >= half or j <= i}
    structure = arrow(n_patient, n_block, **parts, early=early)
    n = n_patient + lesions * n_block
    dense = np.diag(10.0 + rng.random(n))
    for i, j in parts["pp"]:
        dense[i, j] += rng.normal()
    for lesion in range(lesions):
        base = n_patient + lesion * n_block
        for i, j in parts["pl"]:
            dense[i, base + j] += rng.normal()
        for i, j in parts["lp"]:
            dense[base + i, j] += rng.normal()
        for i, j in parts["ll"]:
            dense[base + i, base + j] += rng.normal()
    return structure, dense


def stored(structure, dense, lesions):
    storage = np.zeros(structure.size(lesions))
    n_patient, n_block = structure.n_patient, structure.n_block
    for (i, j), slot in structure.slot_pp.items():
        storage[slot] = dense[i, j]
    for lesion in range(lesions):
        base, first = structure.pp_size + lesion * structure.lesion_size, n_patient + lesion * n_block
        for (i, j), slot in structure.slot_ll.items():
            storage[base + slot] = dense[first + i, first + j]
        for (i, j), slot in structure.slot_pl.items():
            storage[base + slot] = dense[i, first + j]
        for (i, j), slot in structure.slot_lp.items():
            storage[base + slot] = dense[first + i, j]
    return storage


def unread(structure, lesions):
    """Places of the entries that fill in, which straight text never reads before it writes them."""
    corner = [structure.slot_pp[pair] for pair in structure.filled["pp"]]
    of = {"ll": structure.slot_ll, "pl": structure.slot_pl, "lp": structure.slot_lp}
    inside = [of[part][pair] for part in of for pair in structure.filled[part]]
    starts = [structure.pp_size + lesion * structure.lesion_size for lesion in range(lesions)]
    return [*corner, *(start + slot for start in starts for slot in inside)]


def check(structure, dense, lesions, rng):
    text = as_python(functions(structure))
    storage, x = stored(structure, dense, lesions), rng.normal(size=dense.shape[0])
    if not structure.is_long:
        storage[unread(structure, lesions)] = np.nan
    expected = np.linalg.solve(dense, x) if x.size else x.copy()
    text["factor"](storage, lesions)
    text["solve"](storage, x, lesions)
    np.testing.assert_allclose(x, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("tables", [False, True], ids=["in straight lines", "by tables"])
@pytest.mark.parametrize("lesions", [0, 1, 2, 6])
@pytest.mark.parametrize(("n_patient", "n_block"), SHAPES)
def test_arrow_solution_equals_the_dense_solution(n_patient, n_block, lesions, tables, monkeypatch):
    if tables:
        monkeypatch.setattr(linear, "LONGEST", -1)
    rng = np.random.default_rng(100 * n_patient + 10 * n_block + lesions)
    for sparse in (False, True):
        structure, dense = random_system(rng, n_patient, n_block, lesions, sparse)
        check(structure, dense, lesions, rng)


def test_patient_states_that_no_lesion_acts_upon_go_first_and_cost_less():
    first, later = (random_system(np.random.default_rng(2), 12, 9, 1, sparse=True, early=early)[0] for early in (True, False))
    assert first.early
    assert not later.early
    assert first.operation_counts(6)[0] < later.operation_counts(6)[0]


def test_a_lesion_more_costs_one_lesion_more():
    structure, _ = random_system(np.random.default_rng(1), 6, 5, 1)
    costs = np.array([structure.operation_counts(lesions) for lesions in range(4)])
    assert (np.diff(costs, axis=0) == np.diff(costs, axis=0)[0]).all()


def test_a_tree_of_transfers_fills_nothing_in():
    chain = {(i + 1, i) for i in range(9)}
    structure = arrow(10, 0, chain, (), (), ())
    assert structure.pp_size == 10 + len(chain)


@pytest.mark.parametrize("seed", range(5))
def test_operations_of_the_text_are_those_counted(seed):
    structure, _ = random_system(np.random.default_rng(seed), 7, 5, 1)
    counted = flops(functions(structure))
    assert (sum(counted["factor"]), sum(counted["solve"])) == structure.operation_counts(1)


def test_every_entry_is_stored_once():
    structure, _ = random_system(np.random.default_rng(3), 7, 5, 1)
    stores = [line.split(" = ")[0].strip() for line in functions(structure).splitlines() if line.strip().startswith("a[a_at")]
    assert len(stores) == len(set(stores))
