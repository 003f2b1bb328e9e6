"""The text of `factor` and `solve` for one arrow: straight lines in elimination order, one loop over lesions.

Every entry of the factors is one statement (Crout's order: all that is subtracted from an entry at once), so that it is stored
once. Rows below the diagonal hold the multipliers, the diagonal holds the reciprocal pivots. States are numbered as in a
patient with one lesion: the patient's, then the lesion's. An arrow whose text would be too long is eliminated by tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

from remission.engine.elimination_tables import elimination_by_tables
from remission.engine.linear import Arrow, Pair
from remission.engine.places import INDENT

Bodies = dict[str, list[str]]


def elimination(structure: Arrow) -> tuple[list[str], Bodies]:
    """Lines of tables, and the bodies of `factor` and `solve`."""
    if structure.is_long:
        return elimination_by_tables(structure)
    return [], {"factor": Factors(structure).lines(), "solve": _Solution(structure).lines()}


def functions(structure: Arrow) -> str:
    """The text of `factor(a, L)` and `solve(a, x, L)` with their tables, for a system that is written by hand."""
    tables, bodies = elimination(structure)
    lines = [*tables, "", "", "def factor(a, L):", *(INDENT + line for line in bodies["factor"] or ["pass"])]
    return "\n".join([*lines, "", "", "def solve(a, x, L):", *(INDENT + line for line in bodies["solve"] or ["pass"])]) + "\n"


class _Straight:
    """States in elimination order, and the text of every entry."""

    def __init__(self, structure: Arrow):
        n = structure.n_patient
        self.structure, self.early, self.late = structure, structure.early, structure.late
        self.block = tuple(n + k for k in structure.block_order)
        self.place = {k: position for position, k in enumerate(self.early + self.block + self.late)}
        self.entries: dict[Pair, str] = {}
        self.filled: set[Pair] = set()
        for part, slots in (("pp", structure.slot_pp), ("ll", structure.slot_ll), ("pl", structure.slot_pl), ("lp", structure.slot_lp)):
            row, column = (n if part[0] == "l" else 0), (n if part[1] == "l" else 0)
            start = "" if part == "pp" else "a_at + "
            self.entries |= {(row + i, column + j): f"a[{start}{slot}]" for (i, j), slot in slots.items()}
            self.filled |= {(row + i, column + j) for i, j in structure.filled[part]}

    def before(self, states: tuple[int, ...], k: int) -> list[int]:
        """Those of some states that are eliminated before a state."""
        return [m for m in states if self.place[m] < self.place[k]]

    def after(self, states: tuple[int, ...], k: int) -> list[int]:
        return [m for m in states if self.place[m] > self.place[k]]

    def loop(self, body: list[str]) -> list[str]:
        """A loop over lesions."""
        if not self.block:
            return []
        s = self.structure
        starts = {"a_at": f"{s.pp_size} + l * {s.lesion_size}", "x_at": f"{s.n_patient} + l * {s.n_block}"}
        used = [f"{name} = {start}" for name, start in starts.items() if any(name in line for line in body)]
        return ["for l in range(L):", *(INDENT + line for line in (*used, *body))]


@dataclass(frozen=True)
class Step:
    """One entry of the factors: its place in the arrow, and the statements that make it of what it starts from."""

    part: str
    pair: Pair
    write: Callable[[str], list[str]]


class Factors(_Straight):
    """The statements of a factorization: steps before the loop over lesions, in it, and after it.

    `totals` names what lesions take from each entry of the patient corner: lesion after lesion is subtracted there.
    """

    def __init__(self, structure: Arrow):
        super().__init__(structure)
        patient = self.early + self.late
        self.before_loop = [step for k in self.early for step in self._pivot(k, patient, self.early)]
        self.within = [step for i in sorted(self.block) for e in self.early for step in self._step((i, e), self.early, e)]
        for k in self.block:
            self.within += self._pivot(k, self.block + self.late, self.early + self.block)
        self.after_loop = [step for k in self.late for step in self._pivot(k, self.late, patient)]
        self.totals = {pair: f"u{pair[0]}_{pair[1]}" for pair in product(self.late, self.late) if self._taken(pair)}

    def lines(self) -> list[str]:
        """The body of `factor`."""
        before = [line for step in self.before_loop for line in step.write(self._start(step))]
        before += [f"{name} = {self.entries[pair]}" for pair, name in self.totals.items()]
        within = [line for step in self.within for line in step.write(self._start(step))]
        after = [line for step in self.after_loop for line in step.write(self.totals.get(step.pair, self._start(step)))]
        return before + self.loop(within + self.taken()) + after

    def taken(self) -> list[str]:
        """What a lesion takes from the patient corner, one statement per entry."""
        return [f"{name} = {_difference(name, self._taken(pair))}" for pair, name in self.totals.items()]

    def _taken(self, pair: Pair) -> list[str]:
        i, j = pair
        return [f"{_name(i, m)} * {_name(m, j)}" for m in self.block if self._both(i, m, j)]

    def _start(self, step: Step) -> str:
        pair = self.numbered(step)
        return "" if pair in self.filled else self.entries[pair]

    def numbered(self, step: Step) -> Pair:
        """Row and column of a step as states of a patient with one lesion."""
        n = self.structure.n_patient
        return step.pair[0] + (n if step.part[0] == "l" else 0), step.pair[1] + (n if step.part[1] == "l" else 0)

    def _pivot(self, k: int, others: tuple[int, ...], earlier: tuple[int, ...]) -> list[Step]:
        """The pivot, its row to the right and the multipliers below it, among `others`."""
        steps = self._step((k, k), earlier)
        for j in self.after(others, k):
            steps += self._step((k, j), earlier)
        for i in self.after(others, k):
            steps += self._step((i, k), earlier, k)
        return steps

    def _step(self, pair: Pair, earlier: tuple[int, ...], pivot: int | None = None) -> list[Step]:
        """The entry at a pair, if there is one: what is subtracted, the division by the pivot, and the store."""
        if pair not in self.entries:
            return []
        (i, j), n = pair, self.structure.n_patient
        first = i if self.place[i] < self.place[j] else j
        terms = [f"{_name(i, m)} * {_name(m, j)}" for m in self.before(earlier, first) if self._both(i, m, j)]

        def write(start: str) -> list[str]:
            value = _difference(start, terms)
            if i == j:
                value = f"1.0 / ({value})"
            elif pivot is not None:
                value = f"({value}) * {_name(pivot, pivot)}" if _is_sum(value) else f"{value} * {_name(pivot, pivot)}"
            lines = [f"{_name(i, j)} = {value}"]
            return lines if lines == [f"{_name(i, j)} = {self.entries[pair]}"] else [*lines, f"{self.entries[pair]} = {_name(i, j)}"]

        part = ("l" if i >= n else "p") + ("l" if j >= n else "p")
        return [Step(part, (i - n if i >= n else i, j - n if j >= n else j), write)]

    def _both(self, i: int, m: int, j: int) -> bool:
        return (i, m) in self.entries and (m, j) in self.entries


class _Solution(_Straight):
    """A solution in place: the patient's part stays in names until the end."""

    def lines(self) -> list[str]:
        patient, n = self.early + self.late, self.structure.n_patient
        lines = [line for k in self.early for line in self._row(k, self.before(self.early, k), load=True)]
        lines += [f"x{k} = x[{k}]" for k in self.late]
        earlier = {k: self.early + tuple(self.before(self.block, k)) for k in self.block}
        forward = [line for k in self.block for line in self._row(k, earlier[k], load=True)]
        forward += [line for k in self.late for line in self._row(k, self.block)]
        stores = [f"x[x_at + {k - n}] = x{k}" for k in sorted(self.block) if self._changes(k, earlier[k])]
        lines += self.loop(forward + stores) if forward else []
        lines += [line for k in self.late for line in self._row(k, self.early + tuple(self.before(self.late, k)))]
        lines += [line for k in reversed(self.late) for line in self._row(k, self.after(self.late, k), scale=True)]
        backward = []
        for k in reversed(self.block):
            others = tuple(self.late) + tuple(self.after(self.block, k))
            backward += [*self._row(k, others, scale=True, load=True), f"x[x_at + {k - n}] = x{k}"]
        lines += self.loop(backward)
        lines += [line for k in reversed(self.early) for line in self._row(k, self.after(patient, k), scale=True)]
        return lines + [f"x[{k}] = x{k}" for k in range(n)]

    def _changes(self, k: int, others) -> bool:
        return any((k, m) in self.entries for m in others)

    def _row(self, k: int, others, scale: bool = False, load: bool = False) -> list[str]:
        """x of one state, less what its entries make of others; `load`: from the array; `scale`: times the reciprocal pivot."""
        n = self.structure.n_patient
        place = f"x[{k}]" if k < n else f"x[x_at + {k - n}]"
        start = place if load else f"x{k}"
        terms = [f"{self.entries[k, m]} * x{m}" for m in others if (k, m) in self.entries]
        value = _difference(start, terms)
        if scale:
            value = f"({value}) * {self.entries[k, k]}" if terms else f"{value} * {self.entries[k, k]}"
        return [f"x{k} = {value}"] if terms or scale or load else []


def _name(i: int, j: int) -> str:
    return f"e{i}_{j}"


def _is_sum(text: str) -> bool:
    """Whether a text is a sum or difference and not one element or call."""
    depth = 0
    for i, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if depth == 0 and letter in "+-" and text[i - 1 : i + 2] in (" + ", " - "):
            return True
    return text.startswith("-")


def _difference(start: str, terms: list[str]) -> str:
    """start less all terms; no start is zero."""
    if start or not terms:
        return " - ".join([start or "lane_of(0.0)", *terms])
    return " - ".join([f"-({terms[0]})", *terms[1:]])
