"""Running members with the derivatives of their outputs by parameters, for fits.

A fit needs smooth courses, so by default nothing is left to chance: no clone is small (`n_small` 0) and no random event happens.
Left out: what `model.sensitivities` leaves out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from remission.engine.compile import compile_system
from remission.engine.ensemble import Options, simulate, start
from remission.engine.layout import Doses
from remission.errors import InputError
from remission.formulas import in_order, parse_formula
from remission.model.sensitivities import sensitivity_name, with_sensitivities
from remission.model.system import Output, System
from remission.parameters import ParameterSet, resolve

Array = np.ndarray

SMOOTH = Options(rtol=1e-6, n_small=0.0)
STEP = 6e-6


@dataclass(frozen=True)
class Sensitivities:
    """Outputs of members over time and their derivatives by parameters.

    `day` [T]; `columns` [O] are (output, lesion, clone), with 0 where an output has none; `parameters` [K]; `values` [M, T, O];
    `slopes` [M, T, O, K] in the unit of the output per unit of the parameter; `status` [M], see `Status`. A number is nan
    where the member was not there.
    """

    day: Array
    columns: tuple[tuple[str, int, int], ...]
    parameters: tuple[str, ...]
    values: Array
    slopes: Array
    status: Array

    def along(self, slopes: Mapping[str, Mapping[str, ArrayLike]]) -> Sensitivities:
        """The same outputs by other quantities: {quantity: {parameter: its slope by the quantity, one number or [M]}}.

        Parameters that are not named have slope 0. `InputError` when a parameter is not among those differentiated by.
        """
        weights = np.zeros((len(self.status), len(self.parameters), len(slopes)))
        for column, (quantity, own) in enumerate(slopes.items()):
            for key, slope in own.items():
                if key not in self.parameters:
                    raise InputError(f"`{quantity}` acts through `{key}`", remedy="differentiate by it too")
                weights[:, self.parameters.index(key), column] = slope
        turned = np.einsum("mtok,mkq->mtoq", self.slopes, weights)
        return Sensitivities(self.day, self.columns, tuple(slopes), self.values, turned, self.status)


def run_with_sensitivities(
    system: System,
    parameters: Iterable[str],
    outputs: Iterable[str],
    patients: Array,
    p: Array,
    n_lesions: Array | int,
    until: float | Array,
    save: Array,
    doses: Doses | None = None,
    options: Options = SMOOTH,
    sizes: Mapping[str, float] | None = None,
    events: bool = False,
) -> Sensitivities:
    """Members from day 0 to `until`, with `outputs` and their derivatives by `parameters` on the days `save`.

    `patients` [M], `p` [M, P] and `doses` as for `start` of the system without sensitivities; `sizes` as for
    `with_sensitivities`. A parameter of a lesion or clone stands for the common value of all its copies. With `events` random
    events happen, on days that are not differentiated; a member that one ends has nan from then on.
    """
    chosen, names = tuple(parameters), tuple(outputs)
    augmented = with_sensitivities(system if events else _without_events(system), chosen, names, sizes)
    compiled = compile_system(augmented)
    batch = start(compiled, patients, p, n_lesions, doses, options=options)
    batch = simulate(compiled, batch, until, save=np.asarray(save, float), options=options)
    columns = _columns(system, names, batch.capacity)
    own = [augmented.output_slot(*column) for column in columns]
    by = [[augmented.output_slot(sensitivity_name(name, key), *at) for key in chosen] for name, *at in columns]
    slopes = batch.saved[:, :, np.array(by, np.int64).reshape(len(columns), len(chosen))]
    return Sensitivities(np.asarray(save, float), columns, chosen, batch.saved[:, :, own], slopes, batch.status)


def _without_events(system: System) -> System:
    return replace(system, quadratures=tuple(q for q in system.quadratures if q.kind == "integral"))


def _columns(system: System, names: Sequence[str], capacity: int) -> tuple[tuple[str, int, int], ...]:
    known = {output.name: output for output in system.outputs}
    return tuple((name, *at) for name in names for at in _places(system, known[name], capacity))


def _places(system: System, output: Output, capacity: int) -> list[tuple[int, int]]:
    lesions = 1 if output.per == "patient" else capacity
    return [(lesion, clone) for lesion in range(lesions) for clone in range(system.n_clones if output.per == "clone" else 1)]


def formula_slopes(parameters: ParameterSet, row: str, values: Mapping[str, Array], into: Iterable[str]) -> dict[str, Array]:
    """How rows follow one row through the formulas of the tables: the slope of each of `into` by `row`, [M].

    `values` are all numbers of M patients as `draw` gives them. Taken by central differences of the formulas, to about ten digits;
    rows that do not follow are left out. `InputError` where a slope differs between lesions or clones of a patient: then no one
    number stands for the parameter.
    """
    if row not in parameters.rows:
        raise InputError(f"there is no row `{row}`", remedy="use a full key")
    largest = np.abs(values[row]).max(initial=0.0) or 1.0
    step = STEP * np.maximum(np.abs(values[row]), 1e-3 * largest)
    above, below = (_followed(parameters, row, values, values[row] + side * step) for side in (1.0, -1.0))
    moved = above[row] - below[row]
    return {key: _common(key, above[key] - below[key], moved) for key in into if key in above}


def _followed(parameters: ParameterSet, row: str, values: Mapping[str, Array], moved: Array) -> dict[str, Array]:
    """The row at other numbers, and every row that reads it, directly or through others."""
    formulas = {key: parse_formula(own.formula) for key, own in parameters.rows.items() if own.formula is not None and key != row}
    reads = {key: {name: resolve(name, key, parameters.rows, parameters.covariates) for name in f.names} for key, f in formulas.items()}
    found = {row: moved}
    for key in in_order({key: tuple(own.values()) for key, own in reads.items()}):
        if not set(reads[key].values()) & set(found):
            continue
        sources = {name: np.asarray(found.get(other, values.get(other))) for name, other in reads[key].items()}
        depth = values[key].ndim
        sources = {name: array.reshape(array.shape + (1,) * (depth - array.ndim)) for name, array in sources.items()}
        found[key] = np.broadcast_to(formulas[key].evaluate(sources), values[key].shape)
    return found


def _common(key: str, change: Array, moved: Array) -> Array:
    slope = (change / moved.reshape(moved.shape + (1,) * (change.ndim - moved.ndim))).reshape(len(change), -1)
    if np.ptp(slope, axis=1).max(initial=0.0) > 1e-6 * np.abs(slope).max(initial=0.0):
        raise InputError(f"the slope of `{key}` differs between lesions or clones", remedy="differentiate by `" + key + "` itself")
    return slope[:, 0]
