"""The arrow solver gives what a dense solver gives, for any number of lesions."""

import numpy as np
import pytest

from remission.engine.linear import arrow, factor, solve


def random_pattern(rng, rows, columns, share):
    return {(i, j) for i in range(rows) for j in range(columns) if rng.random() < share}


def random_system(rng, n_patient, n_block, lesions):
    parts = {
        "pp": random_pattern(rng, n_patient, n_patient, 0.3),
        "pl": random_pattern(rng, n_patient, n_block, 0.2),
        "lp": random_pattern(rng, n_block, n_patient, 0.2),
        "ll": random_pattern(rng, n_block, n_block, 0.3),
    }
    structure = arrow(n_patient, n_block, **parts)
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


@pytest.mark.parametrize("lesions", range(7))
@pytest.mark.parametrize(("n_patient", "n_block"), [(5, 4), (1, 7), (6, 0), (0, 3), (12, 9)])
def test_arrow_solution_equals_the_dense_solution(n_patient, n_block, lesions):
    rng = np.random.default_rng(100 * n_patient + 10 * n_block + lesions)
    structure, dense = random_system(rng, n_patient, n_block, lesions)
    storage, x = stored(structure, dense, lesions), rng.normal(size=dense.shape[0])
    expected = np.linalg.solve(dense, x) if x.size else x.copy()
    factor(structure.operations, storage, lesions)
    solve(structure.operations, storage, x, lesions)
    np.testing.assert_allclose(x, expected, rtol=1e-10, atol=1e-12)


def test_a_lesion_more_costs_one_lesion_more():
    structure, _ = random_system(np.random.default_rng(1), 6, 5, 1)
    costs = np.array([structure.operation_counts(lesions) for lesions in range(4)])
    assert (np.diff(costs, axis=0) == np.diff(costs, axis=0)[0]).all()


def test_a_tree_of_transfers_fills_nothing_in():
    chain = {(i + 1, i) for i in range(9)}
    structure = arrow(10, 0, chain, (), (), ())
    assert structure.pp_size == 10 + len(chain)
