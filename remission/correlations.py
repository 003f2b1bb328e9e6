"""Parameters that vary together: pairs with a correlation on the normal scale (a Gaussian copula).

`<disease>.correlations.csv` has the columns `a,b,correlation,source`. Correlated rows are per patient. The laws of the
single parameters stay as they are; only which values meet in one patient changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import ndtr, ndtri

from .errors import InputError, Problems, nearest
from .spreadsheets import check_header, read_csv, shown_path
from .tables import Row, split_key

columns = ("a", "b", "correlation", "source")
_SMALLEST_EIGENVALUE = 1e-9


@dataclass(frozen=True)
class Correlation:
    """The correlation of two parameters, in (-1, 1), where it comes from, and where it is written."""

    a: str
    b: str
    correlation: float
    source: str = ""
    place: str = ""

    @property
    def pair(self) -> tuple[str, str]:
        """Both keys in alphabetical order."""
        return (self.a, self.b) if self.a < self.b else (self.b, self.a)


@dataclass(frozen=True)
class Group:
    """Parameters linked by correlations, alphabetically, and the Cholesky factor of their matrix."""

    keys: tuple[str, ...]
    cholesky: np.ndarray

    def couple(self, uniforms: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Turn independent uniform numbers (one array per key, shape [patients]) into correlated ones.

        Sums run in a fixed order, element by element, so that a patient's numbers do not depend on the batch.
        """
        normal = [ndtri(uniforms[key]) for key in self.keys]
        coupled = {}
        for i, key in enumerate(self.keys):
            total = self.cholesky[i, 0] * normal[0]
            for j in range(1, i + 1):
                total = total + self.cholesky[i, j] * normal[j]
            coupled[key] = np.clip(ndtr(total), np.nextafter(0.0, 1.0), np.nextafter(1.0, 0.0))
        return coupled


def read_correlations(path: str | Path) -> tuple[Correlation, ...]:
    """Read a table of correlations; `InputError` lists everything that is wrong with it."""
    place = shown_path(path)
    lines = read_csv(Path(path), place)
    check_header(lines[0][1] if lines else [], columns, columns, place)
    problems = Problems()
    found: dict[tuple[str, str], Correlation] = {}
    for number, cells in lines[1:]:
        with problems.collect(f"{place} row {number}"):
            correlation = _correlation(dict(zip(lines[0][1], cells, strict=False)), len(cells), f"{place} row {number}")
            if correlation.pair in found:
                raise InputError("the pair stands twice", value=" and ".join(correlation.pair), remedy="keep one")
            found[correlation.pair] = correlation
    problems.raise_if_any()
    return tuple(found.values())


def check_correlations(correlations: Iterable[Correlation], rows: Mapping[str, Row]) -> tuple[Correlation, ...]:
    """Those correlations whose two modules are in this run; `InputError` lists the ones that cannot be."""
    modules = {split_key(key)[0] for key in rows}
    present = tuple(c for c in correlations if all(split_key(key)[0] in modules for key in c.pair))
    problems = Problems()
    for correlation in present:
        for key in correlation.pair:
            with problems.collect():
                _check_partner(key, rows, correlation.place)
    problems.raise_if_any()
    return present


def groups_of(correlations: Iterable[Correlation]) -> tuple[Group, ...]:
    """Connected groups with their Cholesky factors; `InputError` when a matrix is not positive definite."""
    correlations = tuple(correlations)
    return tuple(_group(keys, correlations) for keys in _connected(correlations))


def _correlation(cells: Mapping[str, str], count: int, place: str) -> Correlation:
    if count != len(columns):
        raise InputError(f"{count} cells where the header has {len(columns)}", remedy="put a text that has a comma in double quotes")
    try:
        number = float(cells["correlation"])
    except ValueError as error:
        raise InputError("this is no correlation", value=cells["correlation"], remedy="write a number between -1 and 1") from error
    if not -1 < number < 1:
        raise InputError("a correlation lies strictly between -1 and 1", value=number, remedy="for 1, make one row a formula of the other")
    if not cells["a"] or not cells["b"] or cells["a"] == cells["b"]:
        raise InputError("a correlation needs two different parameters", value=cells["a"], remedy="fill `a` and `b` with full keys")
    if not cells["source"]:
        raise InputError("the correlation has no source", value=f"{cells['a']}, {cells['b']}", remedy="name it, or write `assumed`")
    return Correlation(cells["a"], cells["b"], number, cells["source"], place)


def _check_partner(key: str, rows: Mapping[str, Row], place: str) -> None:
    if key not in rows:
        raise InputError(f"unknown parameter `{key}`{nearest(key, rows)}", place, remedy="use a full key such as `car_t.volume`")
    row = rows[key]
    if row.formula is not None:
        raise InputError("a formula cannot be correlated", place, key, "correlate the rows that it names")
    if row.per != "patient":
        raise InputError(f"only rows per patient can be correlated; this is per {row.per}", place, key, "drop the pair")
    if row.distribution is None:  # a spread taken away by a later layer reads `Fixed`, and its partners keep their numbers
        raise InputError("a fixed row cannot be correlated", place, key, "give it a distribution")


def _connected(correlations: tuple[Correlation, ...]) -> list[tuple[str, ...]]:
    """Keys that are linked directly or through others, each group and the list in alphabetical order."""
    groups: list[set[str]] = []
    for correlation in correlations:
        joined = set(correlation.pair).union(*(group for group in groups if group & set(correlation.pair)))
        groups = [group for group in groups if not group & joined] + [joined]
    return sorted(tuple(sorted(group)) for group in groups)


def _group(keys: tuple[str, ...], correlations: tuple[Correlation, ...]) -> Group:
    position = {key: i for i, key in enumerate(keys)}
    matrix = np.eye(len(keys))
    places = []
    for correlation in correlations:
        if correlation.a in position:
            i, j = position[correlation.a], position[correlation.b]
            matrix[i, j] = matrix[j, i] = correlation.correlation
            places.append(correlation.place)
    smallest = float(np.linalg.eigvalsh(matrix)[0])
    if smallest < _SMALLEST_EIGENVALUE:
        raise InputError(
            f"the correlations of {', '.join(keys)} contradict each other (smallest eigenvalue {smallest:.3g})",
            next(filter(None, places), None),
            remedy="bring the correlations nearer to 0, or fill in the missing pairs (a missing pair is 0)",
        )
    return Group(keys, np.linalg.cholesky(matrix))
