"""All parameters of one run: what they are, where they come from, and what they are in each patient.

A `ParameterSet` is made of the rows of all modules after layering. `draw` gives every patient its own numbers, keyed
on (seed, patient, parameter, lesion and clone) alone: the first n patients of any cohort are the cohort of size n, and
more lesions, more parameters or another order change nobody's numbers. `with_values` is the last layer (`--set`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from .correlations import Correlation, Group, check_correlations, groups_of, read_correlations
from .draws import drawn, patient_indices, process, shape_of, spread_over
from .errors import InputError, Problems, nearest
from .formulas import in_order, parse_formula
from .layers import layer
from .overrides import changed_rows
from .random import uniform
from .tables import Layer, Row, Table, check_row, scopes, split_key

__all__ = ["Correlation", "Layer", "ParameterSet", "Row", "Table", "layer", "read_correlations", "split_key"]

_COLUMNS = ("key", "value", "formula", "unit", "per", "distribution", "low", "high", "evidence", "source", "meaning", "layers", "place")
_NUMBERS = ("value", "low", "high")


@dataclass(frozen=True)
class ParameterSet:
    """The rows of a run by full key, their correlations, and the covariates that formulas may read.

    `rows` are taken as they are, `correlations` of modules that are not in this run are left out. `covariates` are bare
    names (`age`, `weight`) whose values are given to `draw` for each patient. Everything is checked here, so that a set
    that exists can be drawn from; `InputError` lists all problems.
    """

    rows: Mapping[str, Row]
    correlations: tuple[Correlation, ...] = ()
    covariates: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self):
        object.__setattr__(self, "rows", dict(self.rows))
        object.__setattr__(self, "covariates", frozenset(self.covariates))
        problems = Problems()
        for key, row in self.rows.items():
            with problems.collect():
                check_row(row)
            with problems.collect(row.place or key):
                _check_scopes(key, self.rows, self.covariates)
        with problems.collect():
            object.__setattr__(self, "correlations", check_correlations(self.correlations, self.rows))
        problems.raise_if_any()
        _ = self._formula_order, self._groups

    @cached_property
    def _formula_order(self) -> tuple[str, ...]:
        return in_order(
            {
                key: tuple(resolve(name, key, self.rows, self.covariates) for name in parse_formula(row.formula).names)
                for key, row in self.rows.items()
                if row.formula is not None
            }
        )

    @cached_property
    def _groups(self) -> tuple[Group, ...]:
        return groups_of(self.correlations)

    def with_values(self, values: Mapping[str, float | str], place: str = "--set") -> ParameterSet:
        """The same set with some rows changed, as by `--set KEY=VALUE`.

        `key`: a number (the row becomes fixed), or a text: a number, a number with a unit (`22 hour`), a number with a
        law (`2.5 lognormal(cv=0.2)`), or a formula (`=2*volume`). `key.median` changes the median and keeps the spread;
        `key.sd` and `key.cv` change the spread (0 switches it off); `key.distribution` changes the law. A number outside
        low..high is refused with the allowed range. A number set here has the evidence `assumed` and the source `place`.
        """
        return ParameterSet({**self.rows, **changed_rows(self.rows, values, place)}, self.correlations, self.covariates)

    def draw(
        self,
        seed: int,
        patients: Iterable[int] | np.ndarray,
        lesions: int = 1,
        clones: int = 1,
        fixed: Mapping[str, ArrayLike] | None = None,
    ) -> dict[str, np.ndarray]:
        """The numbers of some patients, by key.

        `patients` are M whole indices. Arrays have the shape [M] for rows per patient, [M, lesions] per lesion,
        [M, lesions, clones] per clone, and are new and contiguous. `fixed` gives values instead of draws, for keys and
        for covariates: a number or an array of any leading part of that shape. A formula that is undefined for some
        patient gives nan or infinity there; the run counts such a member as failed.
        """
        indices = patient_indices(patients)
        shape = (len(indices), lesions, clones)
        values = self._given(fixed or {}, shape)
        coupled = self._coupled(seed, indices, values)
        for key, row in self.rows.items():
            if key not in values and row.formula is None:
                values[key] = drawn(key, row, seed, indices, shape, coupled)
        self._follow(values, shape)
        return {key: values[key] for key in self.rows}

    def typical(self, lesions: int = 1, clones: int = 1, fixed: Mapping[str, ArrayLike] | None = None) -> dict[str, np.ndarray]:
        """One patient without any spread: every row at its value, formulas following. Shapes as in `draw` with M = 1."""
        shape = (1, lesions, clones)
        values = self._given(fixed or {}, shape)
        for key, row in self.rows.items():
            if key not in values and row.formula is None:
                values[key] = np.full(shape_of(row, shape), row.number)
        self._follow(values, shape)
        return {key: values[key] for key in self.rows}

    def assumed(self) -> list[str]:
        """Keys whose number nobody has confirmed."""
        return [key for key, row in self.rows.items() if row.evidence == "assumed"]

    def digest(self) -> str:
        """A hash of what decides the numbers: values, units, scopes, laws, limits, correlations; not of the prose."""
        rows = [[k, r.value_text, r.unit, r.per, r.law.text(), *map(repr, r.limits)] for k, r in sorted(self.rows.items())]
        pairs = sorted([*c.pair, repr(float(c.correlation))] for c in self.correlations)
        return blake2b(json.dumps([rows, pairs, sorted(self.covariates)]).encode(), digest_size=16).hexdigest()

    def table(self) -> pl.DataFrame:
        """One line per parameter, with the layers it went through."""
        lines = [
            {
                "key": key,
                "value": None if row.formula is not None else row.value,
                "formula": None if row.formula is None else row.value,
                "unit": row.unit,
                "per": row.per,
                "distribution": row.law.text() or None,
                "low": row.low,
                "high": row.high,
                "evidence": row.evidence,
                "source": row.source,
                "meaning": row.meaning,
                "layers": " < ".join(said.name for said in row.layers) or None,
                "place": row.place or None,
            }
            for key, row in self.rows.items()
        ]
        return pl.DataFrame(lines, schema={column: pl.Float64 if column in _NUMBERS else pl.String for column in _COLUMNS})

    def _given(self, fixed: Mapping[str, ArrayLike], shape: tuple[int, int, int]) -> dict[str, np.ndarray]:
        """Checked values that are not drawn, in full shape; all covariates that formulas read must be among them."""
        problems = Problems()
        values: dict[str, np.ndarray] = {}
        for key, value in fixed.items():
            with problems.collect(f"fixed `{key}`"):
                values[key] = self._given_value(key, value, shape)
        for name in sorted(self._covariates_read - set(fixed)):
            problems.add(f"the covariate `{name}` is read by a formula but not given", remedy=f"give `{name}` for each patient")
        problems.raise_if_any()
        return values

    def _given_value(self, key: str, value: ArrayLike, shape: tuple[int, int, int]) -> np.ndarray:
        row = self.rows.get(key)
        if row is None and key not in self.covariates:
            raise InputError(f"unknown parameter{nearest(key, [*self.rows, *self.covariates])}", remedy="use a full key")
        wanted = shape[:1] if row is None else shape_of(row, shape)
        array = spread_over(value, wanted)
        low, high = (-np.inf, np.inf) if row is None else row.limits
        wrong = ~(np.isfinite(array) & (array >= low) & (array <= high))
        if wrong.any():
            remedy = "give finite numbers" if row is None else f"allowed is {low:g}..{high:g} {row.unit}"
            raise InputError(f"{int(wrong.sum())} of {array.size} numbers cannot be used", value=float(array[wrong][0]), remedy=remedy)
        return array

    @cached_property
    def _covariates_read(self) -> frozenset[str]:
        read = (resolve(n, k, self.rows, self.covariates) for k in self._formula_order for n in parse_formula(self.rows[k].formula).names)
        return frozenset(read) & self.covariates

    def _coupled(self, seed: int, indices: np.ndarray, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Uniform numbers of correlated rows; a row that is fixed keeps its place, so that its partners keep their numbers."""
        coupled: dict[str, np.ndarray] = {}
        for group in self._groups:
            if any(key not in values for key in group.keys):
                coupled |= group.couple({key: uniform(seed, indices, process(key), 0) for key in group.keys})
        return coupled

    def _follow(self, values: dict[str, np.ndarray], shape: tuple[int, int, int]) -> None:
        """Evaluate the formulas in order, for all patients at once."""
        for key in self._formula_order:
            if key in values:
                continue
            row = self.rows[key]
            wanted = shape_of(row, shape)
            formula = parse_formula(row.formula)
            sources = {name: values[resolve(name, key, self.rows, self.covariates)] for name in formula.names}
            aligned = {name: array.reshape(array.shape + (1,) * (len(wanted) - array.ndim)) for name, array in sources.items()}
            values[key] = np.array(np.broadcast_to(formula.evaluate(aligned), wanted))


def resolve(name: str, key: str, rows: Mapping[str, Row], covariates: Iterable[str] = ()) -> str:
    """The key that `name` means in the formula of `key`: same module first, then a full key, then a covariate."""
    module = split_key(key)[0]
    for candidate in (f"{module}.{name}" if module and "." not in name else name, name):
        if candidate in rows:
            return candidate
    if name in covariates:
        return name
    near = [split_key(k)[1] for k in rows if split_key(k)[0] == module] if "." not in name else list(rows)
    advice = "name a row of the same module, `module.name`, or a covariate"
    raise InputError(f"`{key}` reads `{name}`, which is not there{nearest(name, [*near, *covariates])}", remedy=advice)


def _check_scopes(key: str, rows: Mapping[str, Row], covariates: frozenset[str]) -> None:
    """A formula may read what is known at its own scope or a wider one."""
    row = rows[key]
    if row.formula is None or row.per not in scopes:
        return
    for name in parse_formula(row.formula).names:
        other = rows.get(resolve(name, key, rows, covariates))
        if other is not None and other.per in scopes and scopes.index(other.per) > scopes.index(row.per):
            message = f"`{key}` is per {row.per} but reads `{name}`, which is per {other.per}"
            raise InputError(message, remedy=f"make `{key}` per {other.per}")
