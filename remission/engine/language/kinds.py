"""What a value of the lane language can be.

A program in this language is written for one patient; compiled, one value of kind `LANE` holds a number for each of the W
patients that a vector register carries. Uniform kinds hold one value for the whole group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from llvmlite import ir

from remission.errors import ModelError


class LanguageError(ModelError):
    """A text that the lane language does not know how to read; names the function and line."""


@dataclass(frozen=True)
class Scalar:
    """A plain kind, by name."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class LaneArray:
    """Numbers [n][W]: `a[i]` is a LANE, `a[i, lane]` the number of one patient, `a[i:]` the rest of the array."""

    def __str__(self) -> str:
        return "lane array"


@dataclass(frozen=True)
class Array:
    """An array of the batch, in memory as numpy keeps it (C order): `a[m, i]` is one element."""

    element: Scalar
    rank: int

    def __str__(self) -> str:
        return f"array of the batch with {self.rank} indices"


@dataclass(frozen=True)
class Record:
    """A group of named values and arrays, passed as the address of a table of 64-bit words."""

    name: str
    fields: tuple[tuple[str, Scalar | LaneArray | Array], ...]

    def __str__(self) -> str:
        return f"record `{self.name}`"

    def place(self, field: str) -> tuple[int, Scalar | LaneArray | Array]:
        """Word at which a field begins, and its kind; an array takes one word for its address and one per further axis."""
        word = 0
        for name, kind in self.fields:
            if name == field:
                return word, kind
            word += kind.rank if isinstance(kind, Array) else 1
        raise LanguageError(f"`{self.name}` has no field `{field}`")


@dataclass(frozen=True)
class Several:
    """What a function returns with a tuple."""

    kinds: tuple[Scalar | LaneArray, ...]

    def __str__(self) -> str:
        return f"tuple ({', '.join(map(str, self.kinds))})"


NUMBER, WHOLE, KEY, TRUTH = Scalar("number"), Scalar("whole"), Scalar("key"), Scalar("truth")
SHORT = Scalar("short")  # a whole number that an array keeps in one byte
LANE, MASK, NOTHING = Scalar("lane"), Scalar("mask"), Scalar("nothing")
LANES_OF = LaneArray()
Kind: TypeAlias = Scalar | LaneArray | Array | Record | Several

_RANK = {TRUTH: 0, WHOLE: 1, NUMBER: 2, LANE: 3}


def joined(a: Kind, b: Kind) -> Kind:
    """The kind that can hold both, for a name that is assigned twice."""
    if a == b:
        return a
    if {a, b} == {TRUTH, MASK}:
        return MASK
    if {a, b} == {WHOLE, KEY}:
        return KEY
    if isinstance(a, Several) and isinstance(b, Several) and len(a.kinds) == len(b.kinds):
        pairs = zip(a.kinds, b.kinds, strict=True)
        return Several(tuple(joined(x, y) for x, y in pairs))  # type: ignore[arg-type]
    if isinstance(a, Scalar) and isinstance(b, Scalar) and a in _RANK and b in _RANK:
        return a if _RANK[a] > _RANK[b] else b
    raise LanguageError(f"one name for a {a} and a {b}")


WORD = ir.IntType(64)
DOUBLE = ir.DoubleType()
BIT = ir.IntType(1)
BYTE = ir.IntType(8)


def machine_type(kind: Kind, width: int) -> ir.Type:
    """The LLVM type that holds a value of this kind in a program of this many lanes."""
    if isinstance(kind, LaneArray):
        return DOUBLE.as_pointer()
    if isinstance(kind, (Record, Array)):
        return WORD.as_pointer()
    if isinstance(kind, Several):
        return ir.LiteralStructType([machine_type(part, width) for part in kind.kinds])
    if kind == LANE:
        return DOUBLE if width == 1 else ir.VectorType(DOUBLE, width)
    if kind == MASK:
        return BIT if width == 1 else ir.VectorType(BIT, width)
    return {NUMBER: DOUBLE, WHOLE: WORD, KEY: WORD, TRUTH: BIT, NOTHING: ir.VoidType()}[kind]
