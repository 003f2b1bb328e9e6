"""Linear algebra of a patient with lesions: the Jacobian is an arrow, and cost is linear in lesions.

Lesions couple only through patient-scope states, so the matrix has a patient corner (`pp`) and, for each lesion, its own
block (`ll`), a patient-row strip (`pl`) and a patient-column strip (`lp`), with the same structure in every lesion.
`Arrow` works out once, from the structure alone, in which order to eliminate and which entries fill in; `elimination.py`
writes the factorization and the solution in that order. No pivoting: the matrices are 1/(gamma h) - J.

Patient states that no lesion acts upon directly (a drug, say) may go first: their rows do not reach into the lesions, so that the
arrow stays one, and every column taken out of a strip is one less in each lesion's elimination.

Storage is one flat array: `[pp_size][lesion 0: lesion_size][lesion 1: lesion_size]...`; slots of `ll`, `pl`, `lp` are
relative to the start of the lesion.

Elimination order: Markowitz (1957), Management Science 3:255.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Pair = tuple[int, int]
LONGEST = 6000


@dataclass(frozen=True)
class Arrow:
    """Structure of the arrow matrix and its factors, for any number of lesions.

    slot_pp, slot_ll, slot_pl, slot_lp: place of each entry (row, column) of a part in the storage, entries that fill in
        included; `pl` has patient rows and block columns, `lp` block rows and patient columns.
    early, block_order, late: in which order states are eliminated: some of the patient's, a lesion's, the patient's others.
    filled: slots of each part that are zero in the Jacobian and that nothing but their own lesion's (or the corner's)
        elimination changes; straight text never reads them before it writes them.
    """

    n_patient: int
    n_block: int
    slot_pp: dict[Pair, int]
    slot_ll: dict[Pair, int]
    slot_pl: dict[Pair, int]
    slot_lp: dict[Pair, int]
    pp_size: int
    lesion_size: int
    early: tuple[int, ...]
    block_order: tuple[int, ...]
    late: tuple[int, ...]
    filled: dict[str, frozenset[Pair]]

    def size(self, lesions: int) -> int:
        """Length of the storage for this many lesions."""
        return self.pp_size + lesions * self.lesion_size

    def operation_counts(self, lesions: int) -> tuple[int, int]:
        """Arithmetic operations of one factorization and of one solution; a product and a difference count two,
        in an entry that fills in one less."""
        (corner, divided), (block, own) = self._products()
        divided -= len(self.filled["pp"])
        own -= sum(len(self.filled[part]) for part in ("ll", "pl", "lp"))
        entries = self.pp_size - self.n_patient, self.lesion_size - self.n_block
        factors = 2 * (corner + lesions * block) + divided + lesions * own + self.n_patient + lesions * self.n_block
        return factors, 2 * (entries[0] + lesions * entries[1]) + self.n_patient + lesions * self.n_block

    def _products(self) -> tuple[Pair, Pair]:
        """(products, multipliers) of the factorization apart from lesions, and of each lesion."""
        below, right = self._neighbours()
        own = {"p": [0, 0], "l": [0, 0]}
        for pivot in [("p", k) for k in self.early + self.late] + [("l", k) for k in self.block_order]:
            for row in below[pivot]:
                part = own["l" if "l" in (pivot[0], row[0]) else "p"]
                part[0] += len(right[pivot])
                part[1] += 1
        return (own["p"][0], own["p"][1]), (own["l"][0], own["l"][1])

    def _neighbours(self) -> tuple[dict, dict]:
        """For each state of a patient with one lesion: rows below and columns right of its pivot, as (scope, number)."""
        order = [("p", k) for k in self.early] + [("l", k) for k in self.block_order] + [("p", k) for k in self.late]
        place = {state: i for i, state in enumerate(order)}
        below, right = {state: [] for state in order}, {state: [] for state in order}
        for part, slots in (("pp", self.slot_pp), ("ll", self.slot_ll), ("pl", self.slot_pl), ("lp", self.slot_lp)):
            for i, j in slots:
                row, column = (part[0], i), (part[1], j)
                if place[row] > place[column]:
                    below[column].append(row)
                elif place[row] < place[column]:
                    right[row].append(column)
        return below, right

    @property
    def is_long(self) -> bool:
        """Whether elimination has too many products to be written out."""
        return sum(products for products, _ in self._products()) > LONGEST


def arrow(
    n_patient: int,
    n_block: int,
    pp: Iterable[Pair],
    pl: Iterable[Pair],
    lp: Iterable[Pair],
    ll: Iterable[Pair],
    early: bool = True,
) -> Arrow:
    """Order the elimination and find the fill-in.

    pp, pl, lp, ll: structural non-zeros of the Jacobian as (row, column) within the part. early: whether patient states that no
    lesion acts upon directly may be eliminated before the lesions.
    """
    given = {"pp": set(pp) | {(i, i) for i in range(n_patient)}, "ll": set(ll) | {(i, i) for i in range(n_block)}}
    given |= {"pl": set(pl), "lp": set(lp)}
    corner, block, rows, columns = (set(given[part]) for part in ("pp", "ll", "pl", "lp"))
    first = _early(n_patient, corner, rows, columns) if early else []
    outer = {(i, c) for i, c in columns if c not in first}
    order = _eliminate(range(n_block), block, rows, outer)
    columns |= outer
    shared = _schur_fill(rows, outer)
    corner |= shared
    last = _eliminate([i for i in range(n_patient) if i not in first], corner, set(), set())
    slots = {"pp": _numbered(corner, 0), "ll": _numbered(block, 0)}
    slots["pl"] = _numbered(rows, len(block))
    slots["lp"] = _numbered(columns, len(block) + len(rows))
    filled = {part: frozenset(set(slots[part]) - given[part] - (shared if part == "pp" else set())) for part in slots}
    sizes = len(corner), len(block) + len(rows) + len(columns)
    made = Arrow(
        n_patient, n_block, slots["pp"], slots["ll"], slots["pl"], slots["lp"], *sizes, tuple(first), tuple(order), tuple(last), filled
    )
    return arrow(n_patient, n_block, pp, pl, lp, ll, early=False) if first and made.is_long else made


def _numbered(pairs: set[Pair], first: int) -> dict[Pair, int]:
    return {pair: first + k for k, pair in enumerate(sorted(pairs))}


def _early(n: int, corner: set[Pair], rows: set[Pair], columns: set[Pair]) -> list[int]:
    """Patient states to eliminate before the lesions, as long as the strip of columns does not grow; fills in place."""
    left, order = set(range(n)), []
    open_to = left - {r for r, _ in rows}
    while open_to and columns:
        reach = {k: ([i for i in left if i != k and (i, k) in corner], [j for j in left if j != k and (k, j) in corner]) for k in open_to}
        within = {k: [i for i, c in columns if c == k] for k in open_to}
        grown = {k: sum((i, j) not in columns for i in within[k] for j in reach[k][1]) - len(within[k]) for k in open_to}
        pivot = min(open_to, key=lambda k: ((len(reach[k][0]) + len(within[k])) * len(reach[k][1]), grown[k], k))
        open_to.remove(pivot)
        if grown[pivot] > 0:
            continue
        left.remove(pivot)
        order.append(pivot)
        below, right = reach[pivot]
        corner |= {(i, j) for i in below for j in right}
        columns |= {(i, j) for i in within[pivot] for j in right}
    return order


def _eliminate(states: Iterable[int], block: set[Pair], rows: set[Pair], columns: set[Pair]) -> list[int]:
    """Markowitz order of the states of a block; adds the fill-in to the three sets in place."""
    left, order = set(states), []
    below = {k: {i for i, j in block if j == k and i != k and i in left} for k in left}
    right = {k: {j for i, j in block if i == k and j != k and j in left} for k in left}
    outer_below = {k: {r for r, j in rows if j == k} for k in left}
    outer_right = {k: {c for i, c in columns if i == k} for k in left}
    while left:
        counts = {k: (len(below[k]) + len(outer_below[k])) * (len(right[k]) + len(outer_right[k])) for k in left}
        pivot = min(left, key=lambda k: (counts[k], k))
        left.remove(pivot)
        order.append(pivot)
        for i in below[pivot]:
            right[i] = (right[i] | right[pivot]) - {i, pivot}
            outer_right[i] |= outer_right[pivot]
        for j in right[pivot]:
            below[j] = (below[j] | below[pivot]) - {j, pivot}
            outer_below[j] |= outer_below[pivot]
        block |= {(i, j) for i in below[pivot] for j in right[pivot]}
        columns |= {(i, c) for i in below[pivot] for c in outer_right[pivot]}
        rows |= {(r, j) for r in outer_below[pivot] for j in right[pivot]}
    return order


def _schur_fill(rows: set[Pair], columns: set[Pair]) -> set[Pair]:
    """What the elimination of a lesion changes in the patient corner."""
    return {(r, c) for r, k in rows for i, c in columns if i == k}
