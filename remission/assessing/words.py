"""Codes of responses as a criterion writes them, and the rule that decided each visit in words, for many visits at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remission.response.arrays import at
from remission.response.judged import MARKS, Judged, Response

Texts = list[str | None]


def labels(codes: NDArray[Any], written: Mapping[Response, str]) -> Texts:
    """Each code as the criterion writes it; None where there is nothing of the kind."""
    known = {code: code.name.replace("_", "-") for code in Response} | MARKS | dict(written)
    table = np.array([None if code is Response.NONE else known[code] for code in sorted(Response)], dtype=object)
    return table[np.asarray(codes, dtype=np.int64) - int(min(Response))].tolist()


def sentences(judged: Judged, held: NDArray[np.bool_]) -> list[str]:
    """The sentences of the visits that are `held`, patient by patient: those of `Judged.sentence`, made one rule at a time."""
    rule = judged.rule[held]
    said = np.empty(rule.size, dtype=object)
    columns = _Columns(judged, held)
    for number in np.unique(rule):
        rows = np.flatnonzero(rule == number)
        said[rows] = _filled(judged.sentences[int(number)], columns, rows)
    return said.tolist()


class _Columns:
    """What sentences quote, one array each over the held visits, made when a sentence asks for it."""

    def __init__(self, judged: Judged, held: NDArray[np.bool_]):
        self._judged, self._held, self._made = judged, held, {}

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        if name not in self._made:
            self._made[name] = self._read(name)
        return self._made[name]

    def _read(self, name: str) -> NDArray[np.float64]:
        judged, held = self._judged, self._held
        if name in judged.numbers:
            return np.asarray(judged.numbers[name], dtype=np.float64)[held]
        if name == "sum":
            return judged.sum[held]
        if name == "nadir":
            return judged.nadir[held]
        if name == "baseline":
            return np.broadcast_to(at(judged.sum, judged.baseline)[:, None], held.shape)[held]
        if name == "rise":
            return self["sum"] - self["nadir"]
        if name == "fall":
            return -self["from_baseline"]
        return percent_change(self["sum"], self[name.removeprefix("from_")])


def percent_change(value: NDArray[np.float64], of: NDArray[np.float64]) -> NDArray[np.float64]:
    """Change in percent of `of`; NaN where that is not above 0."""
    usable = of > 0
    return np.where(usable, 100 * (value - of) / np.where(usable, of, 1.0), np.nan)


def _filled(sentence: str, columns: _Columns, rows: NDArray[np.int64]) -> list[str]:
    """A sentence with the numbers of each of these visits."""
    names, template = [], []
    for literal, name, spec, conversion in Formatter().parse(sentence):
        template.append(literal.replace("{", "{{").replace("}", "}}"))
        if name is not None:
            names.append(name)
            template.append("{" + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "") + "}")
    written = "".join(template)
    if not names:
        return [written.format()] * rows.size
    return list(map(written.format, *(columns[name][rows].tolist() for name in names)))


def whole(values: Iterable[float | None]) -> list[float | int | None]:
    """Numbers of days as people write them: 56, not 56.0."""
    return [int(value) if value is not None and value == int(value) else value for value in values]
