"""Linear algebra of a patient with lesions: the Jacobian is an arrow, and cost is linear in lesions.

Lesions couple only through patient-scope states, so the matrix has a patient corner (`pp`) and, for each lesion, its own
block (`ll`), a patient-row strip (`pl`) and a patient-column strip (`lp`), with the same structure in every lesion.
`Arrow` works out once, from the structure alone, in which order to eliminate and which entries fill in; the result is a
short list of operations that `factor` and `solve` read, once per lesion. No pivoting: the matrices are 1/(gamma h) - J.

Storage is one flat array: `[pp_size][lesion 0: lesion_size][lesion 1: lesion_size]...`; slots of `ll`, `pl`, `lp` are
relative to the start of the lesion.

Elimination order: Markowitz (1957), Management Science 3:255.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

Pair = tuple[int, int]


class Steps(NamedTuple):
    """The operations on one diagonal block, as flat lists (CSR: `*_start[k]` to `*_start[k+1]` belongs to k)."""

    pivot: np.ndarray
    multiplier_start: np.ndarray
    multiplier: np.ndarray
    inside_start: np.ndarray
    inside_target: np.ndarray
    inside_source: np.ndarray
    corner_start: np.ndarray
    corner_target: np.ndarray
    corner_source: np.ndarray
    order: np.ndarray
    lower_start: np.ndarray
    lower_slot: np.ndarray
    lower_column: np.ndarray
    upper_start: np.ndarray
    upper_slot: np.ndarray
    upper_column: np.ndarray
    right_start: np.ndarray
    right_slot: np.ndarray
    right_column: np.ndarray
    strip_slot: np.ndarray
    strip_row: np.ndarray
    strip_column: np.ndarray


class Operations(NamedTuple):
    """Everything `factor` and `solve` read: sizes, where the diagonal is, the steps of a lesion and of the corner."""

    n_patient: int
    n_block: int
    pp_size: int
    lesion_size: int
    pp_diagonal: np.ndarray
    ll_diagonal: np.ndarray
    lesion: Steps
    corner: Steps


@dataclass(frozen=True)
class Arrow:
    """Structure of the arrow matrix and its factors, for any number of lesions.

    pp, ll, pl, lp: structural non-zeros of the Jacobian as (row, column) within the part; `pl` has patient rows and
    block columns, `lp` block rows and patient columns. Slots include the entries that fill in.
    """

    n_patient: int
    n_block: int
    slot_pp: dict[Pair, int]
    slot_ll: dict[Pair, int]
    slot_pl: dict[Pair, int]
    slot_lp: dict[Pair, int]
    pp_size: int
    lesion_size: int
    operations: Operations

    def size(self, lesions: int) -> int:
        """Length of the storage for this many lesions."""
        return self.pp_size + lesions * self.lesion_size

    def operation_counts(self, lesions: int) -> tuple[int, int]:
        """Arithmetic operations of one factorization and of one solve."""
        f_lesion, s_lesion = _counts(self.operations.lesion)
        f_corner, s_corner = _counts(self.operations.corner)
        return f_corner + lesions * f_lesion, s_corner + lesions * s_lesion


def arrow(
    n_patient: int,
    n_block: int,
    pp: Iterable[Pair],
    pl: Iterable[Pair],
    lp: Iterable[Pair],
    ll: Iterable[Pair],
) -> Arrow:
    """Order the elimination, find the fill-in and list the operations."""
    block = set(ll) | {(i, i) for i in range(n_block)}
    rows, columns = set(pl), set(lp)
    order = _eliminate(n_block, block, rows, columns)
    corner = set(pp) | {(i, i) for i in range(n_patient)} | _schur_fill(rows, columns)
    corner_order = _eliminate(n_patient, corner, set(), set())
    slot_pp = {pair: k for k, pair in enumerate(sorted(corner))}
    slot_ll = {pair: k for k, pair in enumerate(sorted(block))}
    slot_pl = {pair: k + len(slot_ll) for k, pair in enumerate(sorted(rows))}
    slot_lp = {pair: k + len(slot_ll) + len(slot_pl) for k, pair in enumerate(sorted(columns))}
    lesion_size = len(slot_ll) + len(slot_pl) + len(slot_lp)
    operations = Operations(
        n_patient,
        n_block,
        len(slot_pp),
        lesion_size,
        _index([slot_pp[i, i] for i in range(n_patient)]),
        _index([slot_ll[i, i] for i in range(n_block)]),
        _steps(order, slot_ll, slot_pl, slot_lp, slot_pp),
        _steps(corner_order, slot_pp, {}, {}, {}),
    )
    return Arrow(n_patient, n_block, slot_pp, slot_ll, slot_pl, slot_lp, len(slot_pp), lesion_size, operations)


def _eliminate(n: int, block: set[Pair], rows: set[Pair], columns: set[Pair]) -> list[int]:
    """Markowitz order of the block; adds the fill-in to the three sets in place."""
    left, order = set(range(n)), []
    while left:
        pivot = min(left, key=lambda k: (_markowitz(k, left, block, rows, columns), k))
        left.remove(pivot)
        order.append(pivot)
        below = [i for i in left if (i, pivot) in block]
        right = [j for j in left if (pivot, j) in block]
        outer_rows = [r for r, j in rows if j == pivot]
        outer_columns = [c for i, c in columns if i == pivot]
        block |= {(i, j) for i in below for j in right}
        columns |= {(i, c) for i in below for c in outer_columns}
        rows |= {(r, j) for r in outer_rows for j in right}
    return order


def _markowitz(k: int, left: set[int], block: set[Pair], rows: set[Pair], columns: set[Pair]) -> int:
    below = sum((i, k) in block for i in left if i != k) + sum(j == k for _, j in rows)
    right = sum((k, j) in block for j in left if j != k) + sum(i == k for i, _ in columns)
    return below * right


def _schur_fill(rows: set[Pair], columns: set[Pair]) -> set[Pair]:
    return {(r, c) for r, k in rows for i, c in columns if i == k}


def _steps(
    order: list[int],
    block: dict[Pair, int],
    rows: dict[Pair, int],
    columns: dict[Pair, int],
    corner: dict[Pair, int],
) -> Steps:
    """List the operations of one block in elimination order."""
    place = {k: position for position, k in enumerate(order)}
    multipliers, inside, into_corner, lower, upper, right = [], [], [], [], [], []
    for k in order:
        later = [j for j in order if place[j] > place[k] and (k, j) in block]
        outer = sorted(c for i, c in columns if i == k)
        mine = []
        for i in (i for i in order if place[i] > place[k] and (i, k) in block):
            mine.append(block[i, k])
            inside.append([(block[i, j], block[k, j]) for j in later] + [(columns[i, c], columns[k, c]) for c in outer])
            into_corner.append([])
        for r in sorted(r for r, j in rows if j == k):
            mine.append(rows[r, k])
            inside.append([(rows[r, j], block[k, j]) for j in later])
            into_corner.append([(corner[r, c], columns[k, c]) for c in outer])
        multipliers.append(mine)
        lower.append([(block[k, j], j) for j in order if place[j] < place[k] and (k, j) in block])
        upper.append([(block[k, j], j) for j in later])
        right.append([(columns[k, c], c) for c in outer])
    strip = sorted((r, j, slot) for (r, j), slot in rows.items())
    start, flat = _csr(multipliers)
    return Steps(
        _index([block[k, k] for k in order]),
        start,
        _index(flat),
        *_pairs(inside),
        *_pairs(into_corner),
        _index(order),
        *_pairs(lower),
        *_pairs(upper),
        *_pairs(right),
        _index([slot for _, _, slot in strip]),
        _index([r for r, _, _ in strip]),
        _index([j for _, j, _ in strip]),
    )


def _index(values: list[int]) -> np.ndarray:
    """Unsigned, so that the kernels need no test for negative indices."""
    return np.array(values, np.uint32)


def _csr(lists: list[list]) -> tuple[np.ndarray, list]:
    lengths = [len(x) for x in lists]
    return _index([0, *np.cumsum(lengths).tolist()] if lists else [0]), [x for one in lists for x in one]


def _pairs(lists: list[list[Pair]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    start, flat = _csr(lists)
    return start, _index([a for a, _ in flat]), _index([b for _, b in flat])


def _counts(steps: Steps) -> tuple[int, int]:
    factor = steps.pivot.size + steps.multiplier.size + 2 * (steps.inside_target.size + steps.corner_target.size)
    entries = steps.lower_slot.size + steps.upper_slot.size + steps.right_slot.size + steps.strip_slot.size
    return factor, 2 * entries + steps.pivot.size


@njit(error_model="numpy", fastmath={"contract"})
def _factor_block(steps, block, corner):
    """Factor one block in place; what it adds to the patient corner goes there."""
    for k in range(steps.pivot.size):
        inverse = 1.0 / block[steps.pivot[k]]
        block[steps.pivot[k]] = inverse
        for m in range(steps.multiplier_start[k], steps.multiplier_start[k + 1]):
            value = block[steps.multiplier[m]] * inverse
            block[steps.multiplier[m]] = value
            for u in range(steps.inside_start[m], steps.inside_start[m + 1]):
                block[steps.inside_target[u]] -= value * block[steps.inside_source[u]]
            for u in range(steps.corner_start[m], steps.corner_start[m + 1]):
                corner[steps.corner_target[u]] -= value * block[steps.corner_source[u]]


@njit(error_model="numpy", fastmath={"contract"})
def factor(operations, storage, lesions):
    """LU factors of the arrow in place; the diagonal then holds the reciprocal pivots."""
    corner = storage[: operations.pp_size]
    for lesion in range(lesions):
        start = operations.pp_size + lesion * operations.lesion_size
        _factor_block(operations.lesion, storage[start : start + operations.lesion_size], corner)
    _factor_block(operations.corner, corner, corner)


@njit(error_model="numpy", fastmath={"contract"})
def _forward(steps, block, x):
    for k in range(steps.order.size):
        value = x[steps.order[k]]
        for u in range(steps.lower_start[k], steps.lower_start[k + 1]):
            value -= block[steps.lower_slot[u]] * x[steps.lower_column[u]]
        x[steps.order[k]] = value


@njit(error_model="numpy", fastmath={"contract"})
def _backward(steps, block, x, patient):
    for position in range(steps.order.size, 0, -1):
        k = position - 1
        value = x[steps.order[k]]
        for u in range(steps.right_start[k], steps.right_start[k + 1]):
            value -= block[steps.right_slot[u]] * patient[steps.right_column[u]]
        for u in range(steps.upper_start[k], steps.upper_start[k + 1]):
            value -= block[steps.upper_slot[u]] * x[steps.upper_column[u]]
        x[steps.order[k]] = value * block[steps.pivot[k]]


@njit(error_model="numpy", fastmath={"contract"})
def solve(operations, storage, x, lesions):
    """Solve in place with the factors of `factor`; x is laid out like the state."""
    patient = x[: operations.n_patient]
    for lesion in range(lesions):
        start = operations.pp_size + lesion * operations.lesion_size
        block = storage[start : start + operations.lesion_size]
        first = operations.n_patient + lesion * operations.n_block
        part = x[first : first + operations.n_block]
        _forward(operations.lesion, block, part)
        for u in range(operations.lesion.strip_slot.size):
            row, column = operations.lesion.strip_row[u], operations.lesion.strip_column[u]
            patient[row] -= block[operations.lesion.strip_slot[u]] * part[column]
    corner = storage[: operations.pp_size]
    _forward(operations.corner, corner, patient)
    _backward(operations.corner, corner, patient, patient)
    for lesion in range(lesions):
        start = operations.pp_size + lesion * operations.lesion_size
        first = operations.n_patient + lesion * operations.n_block
        block = storage[start : start + operations.lesion_size]
        _backward(operations.lesion, block, x[first : first + operations.n_block], patient)
