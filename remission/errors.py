"""What can go wrong, and how it is said.

    RemissionError                  exit 1   anything this package raises on purpose
    ├── InputError                  exit 2   a file, a key, a row or an option is wrong
    ├── ModelError                  exit 2   a module or a composition of modules is wrong
    │   └── UnitError               exit 2   an equation joins quantities that do not fit
    └── RunError                    exit 1   the input was fine, the run was not
        └── FailedMembers           exit 3   more members failed than `--max-failed` allows

A message names the place, the value and the remedy. A check of many things collects its problems in
`Problems` and reports them together, so that nobody repairs a table one run at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from os import PathLike
from typing import ClassVar


class RemissionError(Exception):
    """Anything this package raises on purpose; `exit_code` is what the command line returns."""

    exit_code: ClassVar[int] = 1


class InputError(RemissionError):
    """Something the user wrote cannot be used: says where, what, and what to do instead.

    `message` says what is wrong, `place` where it stands (a file and row, a key, an option), `value` what was
    found there, `remedy` the way out. `problems` holds the single errors when several were collected.
    """

    exit_code: ClassVar[int] = 2

    def __init__(
        self,
        message: str,
        place: str | PathLike[str] | None = None,
        value: object = None,
        remedy: str | None = None,
        problems: Iterable[InputError] = (),
    ):
        super().__init__(message, place, value, remedy, tuple(problems))
        self.message = message
        self.place = None if place is None else str(place)
        self.value = value
        self.remedy = remedy
        self.problems = tuple(problems) or (self,)

    def __str__(self) -> str:
        if len(self.problems) > 1:
            return "\n".join([f"{self.message}:", *(f"  - {problem}" for problem in self.problems)])
        place = f"{self.place}: " if self.place else ""
        value = "" if self.value is None else f" (value {_shown(self.value)})"
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{place}{self.message}{value}{remedy}"

    def at(self, place: str | PathLike[str]) -> InputError:
        """The same error, said to be at `place` (an inner place is kept after it)."""
        if len(self.problems) > 1:
            return InputError(self.message, problems=[problem.at(place) for problem in self.problems])
        joined = f"{place}: {self.place}" if self.place else str(place)
        return InputError(self.message, joined, self.value, self.remedy)


class ModelError(RemissionError):
    """A module, or the way modules were put together, makes no system of equations."""

    exit_code: ClassVar[int] = 2


class UnitError(ModelError):
    """An equation adds, compares or assigns quantities of different dimension."""


class RunError(RemissionError):
    """The input was accepted, yet the run could not be finished."""


class FailedMembers(RunError):
    """More members of an ensemble failed than the user allowed."""

    exit_code: ClassVar[int] = 3


@dataclass
class Problems:
    """The problems found by one check, kept until all of them are known."""

    found: list[InputError] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def add(
        self,
        message: str,
        place: str | PathLike[str] | None = None,
        value: object = None,
        remedy: str | None = None,
    ) -> None:
        """Note one problem and go on."""
        self.found.append(InputError(message, place, value, remedy))

    @contextmanager
    def collect(self, place: str | PathLike[str] | None = None) -> Iterator[None]:
        """Note an `InputError` raised inside the block, at `place` if given, instead of stopping there."""
        try:
            yield
        except InputError as error:
            self.found.extend((error if place is None else error.at(place)).problems)

    def raise_if_any(self) -> None:
        """Raise one `InputError` that lists every problem; do nothing when there are none."""
        if len(self.found) == 1:
            raise self.found[0]
        if self.found:
            raise InputError(f"{len(self.found)} problems", problems=self.found)


def nearest(name: str, names: Iterable[str]) -> str:
    """The text `, did you mean `x`?` for the closest known name, or nothing when none is close."""
    by_folded = {_folded(known): known for known in sorted(names)}
    begun = [known for known in by_folded if known.startswith(_folded(name)) and len(name) > 2]
    close = begun[:1] or get_close_matches(_folded(name), by_folded, n=1, cutoff=0.65)
    return f", did you mean `{by_folded[close[0]]}`?" if close else ""


def _folded(name: str) -> str:
    return name.lower().replace("-", "_")


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    text = f"`{text}`" if isinstance(value, str) else text
    return text if len(text) <= 120 else text[:117] + "..."
