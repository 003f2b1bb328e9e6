"""Layers: module < agent < disease < population < patient.

A later table names rows of earlier ones and fills only the columns that differ; each row remembers the layers it
went through. The last layer, values set by hand, is `overrides.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .distributions import Choice, Normal
from .errors import InputError, Problems, nearest
from .tables import Row, Table, check_row, columns, said_in, split_key
from .units import factor, unit


def layer(
    base: Mapping[str, Row],
    override: Table,
    layer_name: str,
    module: str | None = None,
    skip_absent: bool = False,
) -> dict[str, Row]:
    """The rows of `base` with those of `override` laid over them; cells left empty are inherited.

    Bare names belong to `module` (an agent's table over its modality's). A row of a module that `base` lacks is an
    error unless `skip_absent` (a disease may speak of therapies that this run leaves out). A number in another unit of
    the same dimension is converted. A new number without a word of evidence counts as `assumed`. All problems are listed.
    """
    problems = Problems()
    rows = dict(base)
    modules = {split_key(key)[0] for key in base}
    for name, row in override.rows.items():
        key = f"{module}.{name}" if module and "." not in name else name
        if key in base:
            with problems.collect():
                rows[key] = _laid_over(base[key], row, layer_name)
        elif not (skip_absent and split_key(key)[0] not in modules):
            problems.add(f"no parameter `{key}` to change{nearest(key, base)}", row.place, remedy="name a row of the modules in this run")
    problems.raise_if_any()
    return rows


def _laid_over(below: Row, above: Row, layer_name: str) -> Row:
    """One row over another, checked as a whole."""
    above = in_unit_of(below, above)
    said = {column: value for column in columns[1:] if (value := getattr(above, column)) is not None}
    if above.value is not None:
        said = _forgotten(below, above) | said
    row = replace(below, **said, place=above.place, layers=(*below.layers, said_in(above, layer_name)))
    check_row(row)
    return row


def _forgotten(below: Row, above: Row) -> dict:
    """What a new value does not inherit: a formula takes no spread and limits, a new number no evidence."""
    if above.formula is not None:
        return {"distribution": None, "low": None, "high": None, "evidence": None, "source": None}
    return {"evidence": "assumed", "source": None} if above.evidence is None and above.source is None else {}


def in_unit_of(below: Row, above: Row) -> Row:
    """`above` with its numbers converted to the unit of `below`; `InputError` when the dimension differs."""
    if above.unit is None or below.unit is None or unit(above.unit) == unit(below.unit):
        return above
    if above.formula is not None:
        raise InputError(f"a formula for `{below.name}` cannot change its unit", above.place, above.unit, f"write it in `{below.unit}`")
    try:
        f = factor(above.unit, below.unit)
    except InputError as error:
        raise error.at(f"{above.place}: `{below.name}`" if above.place else f"`{below.name}`") from error
    law = above.distribution
    if isinstance(law, Normal):
        law = Normal(law.sd * f)
    elif isinstance(law, Choice):
        law = Choice(tuple(value * f for value in law.values), law.weights)
    numbers = {column: number * f for column in ("value", "low", "high") if (number := getattr(above, column)) is not None}
    return replace(above, unit=below.unit, distribution=law, **numbers)
