"""Texts gathered into one program: every function and constant by its name, compiled for a number of lanes.

A function is compiled once for each combination of kinds it is called with, as a template is. Names are global: two different
things of one name are refused. What a text may say is in `docs/lane_language.md`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from llvmlite import ir

from remission.engine.language.builtins import BUILTINS
from remission.engine.language.function import FunctionCompiler, Widened
from remission.engine.language.kinds import (
    LANES_OF,
    NOTHING,
    WHOLE,
    WORD,
    Kind,
    LaneArray,
    LanguageError,
    Record,
    Several,
    machine_type,
)

COPIED = 40  # statements; a function apart that is no longer is copied into its callers all the same
PLAIN = (bool, int, float, np.integer, np.floating, np.ndarray, list, tuple)


@dataclass(frozen=True)
class Text:
    """One function as it was read. `apart`: compiled as a function of its own, copied into its callers only when it is short, whose
    lane arrays are known not to overlap."""

    node: ast.FunctionDef
    place: str
    apart: bool = False

    @property
    def statements(self) -> int:
        """How long it is."""
        return sum(isinstance(node, ast.stmt) for node in ast.walk(self.node)) - 1


@dataclass
class Names:
    """What a program may speak of."""

    functions: dict[str, Text] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)

    def add_module(self, module: ModuleType) -> None:
        """Functions and constants of a Python module that is written in the language."""
        path = Path(str(module.__file__))
        tree = ast.parse(path.read_text(encoding="utf-8"))
        self._add_functions(tree, path.name, apart=False)
        for name in _assigned(tree):
            value = getattr(module, name, None)
            if isinstance(value, PLAIN):
                self.add_constant(name, value, path.name)

    def add_text(self, text: str, place: str) -> None:
        """Functions and constants of a generated text; its functions stay functions of their own."""
        tree = ast.parse(text)
        self._add_functions(tree, place, apart=True)
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.add_constant(node.targets[0].id, ast.literal_eval(node.value), place)

    def _add_functions(self, tree: ast.Module, place: str, apart: bool) -> None:
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                if node.name in BUILTINS:
                    raise LanguageError(f"{place} defines `{node.name}`, which is built in; give it another name")
                if node.name in self.functions or node.name in self.constants:
                    raise LanguageError(f"two things of name `{node.name}`, one in {place}")
                self.functions[node.name] = Text(node, place, apart)

    def add_constant(self, name: str, value: Any, place: str) -> None:
        """A number, truth or table that the functions may read."""
        value = np.asarray(value) if isinstance(value, (list, tuple)) else value
        if name in self.functions or (name in self.constants and not np.array_equal(self.constants[name], value)):
            raise LanguageError(f"two things of name `{name}`, one in {place}")
        self.constants[name] = value


def _assigned(tree: ast.Module) -> Iterable[str]:
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        for target in targets:
            parts = target.elts if isinstance(target, ast.Tuple) else [target]
            yield from (part.id for part in parts if isinstance(part, ast.Name))


class Program:
    """One LLVM module in the making."""

    def __init__(self, names: Names, width: int):
        self.names, self.width = names, width
        self.module = ir.Module(name="kernel")
        self.made: dict[tuple[str, tuple[Kind, ...]], tuple[ir.Function, Kind]] = {}
        self.tables: dict[str, ir.GlobalVariable] = {}
        self.under_way: list[str] = []

    def call(self, name: str, kinds: tuple[Kind, ...]) -> tuple[ir.Function, Kind]:
        """The function `name` for arguments of these kinds, compiled now if it is new, and the kind it returns."""
        key = (name, kinds)
        if key not in self.made:
            if name in self.under_way:
                raise LanguageError(f"`{name}` calls itself")
            self.under_way.append(name)
            self.made[key] = self._compiled(self.names.functions[name], kinds)
            self.under_way.pop()
        return self.made[key]

    def _compiled(self, text: Text, kinds: tuple[Kind, ...]) -> tuple[ir.Function, Kind]:
        widened: dict[str, Kind] = {}
        while True:
            returned = widened.get("return", NOTHING)
            function = self._declared(text, kinds, returned)
            try:
                FunctionCompiler(self, text, function, kinds, widened).emit()
                return function, returned
            except Widened as found:
                widened[found.name] = found.kind
                del self.module.globals[function.name]

    def _declared(self, text: Text, kinds: tuple[Kind, ...], returned: Kind) -> ir.Function:
        arguments = [machine_type(kind, self.width) for kind in kinds]
        kind = ir.FunctionType(machine_type(returned, self.width), arguments)
        function = ir.Function(self.module, kind, self.module.get_unique_name(text.node.name))
        function.linkage = "internal"
        function.attributes.add("nounwind")
        apart = "alwaysinline" if text.statements <= COPIED else "noinline"
        function.attributes.add(apart if text.apart else "inlinehint")
        for argument, own in zip(function.args, kinds, strict=True):
            if text.apart and own == LANES_OF:
                argument.add_attribute("noalias")
        return function

    def table(self, name: str) -> ir.GlobalVariable:
        """A constant array of numbers or whole numbers, flat."""
        if name not in self.tables:
            values = np.asarray(self.names.constants[name])
            whole = values.dtype.kind in "iu"
            element = WORD if whole else ir.DoubleType()
            kind = ir.ArrayType(element, values.size)
            variable: Any = ir.GlobalVariable(self.module, kind, f"table_{name}")
            variable.linkage, variable.global_constant = "internal", True
            flat = [int(x) if whole else float(x) for x in values.ravel()]
            variable.initializer = ir.Constant(kind, flat)
            self.tables[name] = variable
        return self.tables[name]

    def export(self, name: str, kinds: tuple[Kind, ...], alias: str | None = None) -> None:
        """Make a function callable from outside under its own name (or `alias`); every argument is one 64-bit word."""
        inner, returned = self.call(name, kinds)
        if returned != NOTHING and returned != WHOLE:
            raise LanguageError(f"`{name}` returns a {returned} to the outside")
        kind = ir.FunctionType(machine_type(returned, self.width), [WORD] * len(kinds))
        outer = ir.Function(self.module, kind, alias or f"remission_{name}")
        builder = ir.IRBuilder(outer.append_basic_block())
        words = [_from_word(builder, word, own) for word, own in zip(outer.args, kinds, strict=True)]
        result = builder.call(inner, words)
        if returned == NOTHING:
            builder.ret_void()
        else:
            builder.ret(result)


def _from_word(builder: ir.IRBuilder, word, kind: Kind):
    if isinstance(kind, (LaneArray, Record)):
        return builder.inttoptr(word, machine_type(kind, 1))
    if kind == WHOLE:
        return word
    raise LanguageError(f"an argument of kind {kind} from the outside")


def parts_of(kind: Kind) -> tuple[Kind, ...]:
    """The kinds inside a tuple, or the kind itself."""
    return kind.kinds if isinstance(kind, Several) else (kind,)
