"""Equations of a problem as one text, and the forms the peers take: a Python function, a JAX function, Antimony.

A line is a kind, a name, `=` and an expression in the notation of Python, with `log`, `maximum` and `**`::

    start x = expression of parameters       a state, and its value at day 0
    dose x = parameter                       what a dose adds to it
    let y = expression                       a name for later lines
    rate x = expression                      its rate of change, per day

Lines with `_#` belong to a lesion: a run of such lines is repeated for every lesion with its number. `sum(x_#)` is a sum over lesions.

Left out: time in the equations, events other than doses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from math import log
from typing import Any

import numpy as np

_SUM = re.compile(r"sum\((\w+_)#\)")
_NUMBER = "_#"


@dataclass(frozen=True)
class Equations:
    """The lines of a text, lesions written out, and the names of the parameters in the order of the table."""

    name: str
    lines: tuple[tuple[str, str, str], ...]
    parameters: tuple[str, ...]

    def _of(self, kind: str) -> dict[str, str]:
        return {name: expression for word, name, expression in self.lines if word == kind}

    @cached_property
    def states(self) -> tuple[str, ...]:
        """Names of the states, in the order of the text."""
        return tuple(self._of("start"))

    @cached_property
    def jumps(self) -> tuple[tuple[int, int], ...]:
        """What a dose does, as (state, parameter that is added to it)."""
        return tuple((self.states.index(state), self.parameters.index(amount)) for state, amount in self._of("dose").items())

    def initial(self, parameters: np.ndarray) -> np.ndarray:
        """States at day 0 [M, S] for parameters [M, P]."""
        values = {name: parameters[:, i] for i, name in enumerate(self.parameters)}
        columns = [eval(expression, {"__builtins__": {}}, values) for expression in self._of("start").values()]
        return np.stack([np.broadcast_to(np.asarray(column, float), len(parameters)) for column in columns], axis=1).copy()

    def python(self) -> str:
        """Source of `rates(t, y, p, dy)`, which writes dy/dt into `dy`."""
        rates = self._of("rate")
        body = [*self._unpacked(), *(f"dy[{i}] = {rates[state]}" for i, state in enumerate(self.states))]
        return _function("rates(t, y, p, dy)", body)

    def function(self) -> Callable[..., None]:
        """`rates(t, y, p, dy)` as a Python function, ready to be compiled by numba."""
        space: dict[str, Any] = {"log": log, "maximum": max}
        exec(compile(self.python(), f"equations of {self.name}", "exec"), space)
        return space["rates"]

    def vector(self, library) -> Callable:
        """`rates(t, y, p)` in the functions of an array library (numpy, jax.numpy); returns dy/dt."""
        rates = self._of("rate")
        stacked = f"return stack([{', '.join(rates[state] for state in self.states)}])"
        space = {"log": library.log, "maximum": library.maximum, "stack": library.stack}
        exec(compile(_function("rates(t, y, p)", [*self._unpacked(), stacked]), f"equations of {self.name}", "exec"), space)
        return space["rates"]

    def _unpacked(self) -> Iterator[str]:
        yield from (f"{name} = y[{i}]" for i, name in enumerate(self.states))
        yield from (f"{name} = p[{i}]" for i, name in enumerate(self.parameters))
        yield from (f"{name} = {expression}" for name, expression in self._of("let").items())

    def antimony(self, every: float | None) -> str:
        """The model as Antimony text; doses come every so many days, the first after the one at day 0, at `next_dose`."""
        lines = [f"model {self.name.replace('-', '_')}", *(f"  var {state};" for state in self.states)]
        lines += [f"  {name} = 1;" for name in self.parameters]
        lines += [f"  {name} = {_antimony(expression)};" for name, expression in self._of("start").items()]
        lines += [f"  {name} := {_antimony(expression)};" for name, expression in self._of("let").items()]
        lines += [f"  {name}' = {_antimony(expression)};" for name, expression in self._of("rate").items()]
        if every is not None:
            jumps = [f"{state} = {state} + {amount}" for state, amount in self._of("dose").items()]
            lines.append(f"  next_dose = {every!r};")
            lines.append(f"  at (time >= next_dose): {', '.join([*jumps, f'next_dose = next_dose + {every!r}'])};")
        return "\n".join([*lines, "end"])


def read(name: str, text: str, parameters: tuple[str, ...], lesions: int) -> Equations:
    """The equations of a text; `parameters` in the order of their table, those of lesions with `_#`."""
    own = tuple(line.strip() for line in text.splitlines() if line.strip())
    written = tuple(_parts(line) for line in _repeated(own, lesions))
    return Equations(name, written, tuple(_repeated(parameters, lesions)))


def _repeated(lines: tuple[str, ...], lesions: int) -> Iterator[str]:
    """Sums written out, and each run of lines of a lesion repeated for every lesion."""
    numbers = range(1, lesions + 1)
    summed = [_SUM.sub(lambda found: "(" + " + ".join(f"{found[1]}{number}" for number in numbers) + ")", line) for line in lines]
    for of_lesion, block in groupby(summed, lambda line: _NUMBER in line):
        own = list(block)
        yield from (line.replace("#", str(number)) for number in numbers for line in own) if of_lesion else own


def _parts(line: str) -> tuple[str, str, str]:
    head, _, expression = line.partition("=")
    kind, name = head.split()
    return kind, name, expression.strip()


def _function(head: str, body: list[str]) -> str:
    return "\n".join([f"def {head}:", *(f"    {line}" for line in body), ""])


def _antimony(expression: str) -> str:
    return re.sub(r"\blog\(", "ln(", expression.replace("**", "^")).replace("maximum(", "max(")
