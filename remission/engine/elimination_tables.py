"""`factor` and `solve` for arrows that are too long to write out: the same operations, read from tables in loops.

Entries are updated in place, pivot after pivot: the block of a lesion with its strips, then the patient corner.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate

from remission.engine.linear import Arrow, Pair
from remission.engine.places import INDENT


@dataclass(frozen=True)
class Block:
    """One diagonal block with the strips that go with it.

    offset: what stands before every slot of the block in the text ("" for the corner); part: the same for its part of x.
    """

    name: str
    order: tuple[int, ...]
    inside: dict[Pair, int]
    rows: dict[Pair, int] = field(default_factory=dict)
    columns: dict[Pair, int] = field(default_factory=dict)
    offset: str = ""
    part: str = ""


def elimination_by_tables(structure: Arrow) -> tuple[list[str], dict[str, list[str]]]:
    """Lines of tables, and the bodies of `factor` and `solve`, for an arrow without early states."""
    corner = Block("CORNER", structure.late, structure.slot_pp)
    slots = structure.slot_ll, structure.slot_pl, structure.slot_lp
    lesion = Block("LESION", structure.block_order, *slots, offset="a_at + ", part="x_at + ")
    at = f"a_at = {structure.pp_size} + l * {structure.lesion_size}", f"x_at = {structure.n_patient} + l * {structure.n_block}"
    tables = [*_tables(lesion, structure.slot_pp), *_tables(corner, {})]
    totals = sorted({r for r, _ in structure.slot_pl})
    strip = [f"t{r} = t{r} - a[a_at + {slot}] * x[x_at + {j}]" for (r, j), slot in sorted(structure.slot_pl.items())]
    factor = _loop(at[:1], _text(FACTOR + FACTOR_CORNER, lesion)) + _text(FACTOR, corner)
    solve = [f"t{r} = x[{r}]" for r in totals] + _loop(at, _text(FORWARD, lesion) + strip) + [f"x[{r}] = t{r}" for r in totals]
    solve += _text(FORWARD, corner) + _text(BACKWARD, corner) + _loop(at, _text(BACKWARD, lesion))
    return tables, {"factor": factor, "solve": solve}


def _loop(starts: tuple[str, ...], body: list[str]) -> list[str]:
    return ["for l in range(L):", *(INDENT + line for line in (*starts, *body))]


def _tables(b: Block, corner: dict[Pair, int]) -> list[str]:
    """Every operation of one block as slots, with where each pivot's begin."""
    at = {k: position for position, k in enumerate(b.order)}
    below = {k: [i for i in b.order if at[i] > at[k] and (i, k) in b.inside] for k in b.order}
    right = {k: [j for j in b.order if at[j] > at[k] and (k, j) in b.inside] for k in b.order}
    left = {k: [j for j in b.order if at[j] < at[k] and (k, j) in b.inside] for k in b.order}
    outer = {k: sorted(c for i, c in b.columns if i == k) for k in b.order}
    strip = {k: sorted(r for r, j in b.rows if j == k) for k in b.order}
    multipliers, inside, into_corner = [], [], []
    for k in b.order:
        multipliers.append([b.inside[i, k] for i in below[k]] + [b.rows[r, k] for r in strip[k]])
        for i in below[k]:
            inside.append([(b.inside[i, j], b.inside[k, j]) for j in right[k]] + [(b.columns[i, c], b.columns[k, c]) for c in outer[k]])
            into_corner.append([])
        for r in strip[k]:
            inside.append([(b.rows[r, j], b.inside[k, j]) for j in right[k]])
            into_corner.append([(corner[r, c], b.columns[k, c]) for c in outer[k]])
    made = {"ORDER": list(b.order) or [0], "PIVOT": [b.inside[k, k] for k in b.order] or [0]}
    made |= {"MULTIPLIER_START": _starts(multipliers), "MULTIPLIER": [slot for row in multipliers for slot in row] or [0]}
    made |= _pairs("INSIDE", inside) | _pairs("OUT", into_corner)
    made |= _pairs("LEFT", [[(b.inside[k, j], j) for j in left[k]] for k in b.order])
    made |= _pairs("RIGHT", [[(b.inside[k, j], j) for j in right[k]] for k in b.order])
    made |= _pairs("OUTER", [[(b.columns[k, c], c) for c in outer[k]] for k in b.order])
    return [f"{b.name}_{name} = {values}" for name, values in made.items()]


def _starts(rows: list[list]) -> list[int]:
    """Where each row starts when all stand one after the other; the last entry is the end."""
    return [0, *accumulate(len(row) for row in rows)]


def _pairs(name: str, rows: list[list[Pair]]) -> dict[str, list[int]]:
    to, source = ([pair[side] for row in rows for pair in row] or [0] for side in (0, 1))
    return {f"{name}_START": _starts(rows), f"{name}_TO": to, f"{name}_FROM": source}


def _text(lines: str, b: Block) -> list[str]:
    filled = lines.replace("NAME", b.name).replace("A_", b.offset).replace("X_", b.part).replace("SIZE", str(len(b.order)))
    return [line for line in filled.splitlines() if line.strip()]


FACTOR = """
for k in range(SIZE):
    inverse = 1.0 / a[A_NAME_PIVOT[k]]
    a[A_NAME_PIVOT[k]] = inverse
    for m in range(NAME_MULTIPLIER_START[k], NAME_MULTIPLIER_START[k + 1]):
        value = a[A_NAME_MULTIPLIER[m]] * inverse
        a[A_NAME_MULTIPLIER[m]] = value
        for u in range(NAME_INSIDE_START[m], NAME_INSIDE_START[m + 1]):
            a[A_NAME_INSIDE_TO[u]] = a[A_NAME_INSIDE_TO[u]] - value * a[A_NAME_INSIDE_FROM[u]]
"""
FACTOR_CORNER = """
        for u in range(NAME_OUT_START[m], NAME_OUT_START[m + 1]):
            a[NAME_OUT_TO[u]] = a[NAME_OUT_TO[u]] - value * a[A_NAME_OUT_FROM[u]]
"""
FORWARD = """
for k in range(SIZE):
    value = x[X_NAME_ORDER[k]]
    for u in range(NAME_LEFT_START[k], NAME_LEFT_START[k + 1]):
        value = value - a[A_NAME_LEFT_TO[u]] * x[X_NAME_LEFT_FROM[u]]
    x[X_NAME_ORDER[k]] = value
"""
BACKWARD = """
for position in range(SIZE):
    k = SIZE - 1 - position
    value = x[X_NAME_ORDER[k]]
    for u in range(NAME_OUTER_START[k], NAME_OUTER_START[k + 1]):
        value = value - a[A_NAME_OUTER_TO[u]] * x[NAME_OUTER_FROM[u]]
    for u in range(NAME_RIGHT_START[k], NAME_RIGHT_START[k + 1]):
        value = value - a[A_NAME_RIGHT_TO[u]] * x[X_NAME_RIGHT_FROM[u]]
    x[X_NAME_ORDER[k]] = value * a[A_NAME_PIVOT[k]]
"""
