"""One function of the lane language, from its syntax tree to LLVM instructions: statements.

Every name is a place on the stack that LLVM turns into registers. A name takes the widest kind that is assigned to it; when that is
found out too late, the function is begun again (`Widened`).
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from llvmlite import ir

from remission.engine.language.kinds import (
    NOTHING,
    TRUTH,
    WHOLE,
    Kind,
    LanguageError,
    Scalar,
    Several,
    joined,
    machine_type,
)
from remission.engine.language.loops import Loop, Loops
from remission.engine.language.values import Machine, Value, known

if TYPE_CHECKING:
    from remission.engine.language.program import Program, Text


class Widened(Exception):
    """A name (or what is returned) needs a wider kind than it was given."""

    def __init__(self, name: str, kind: Kind):
        super().__init__(name)
        self.name, self.kind = name, kind


class Placed(LanguageError):
    """An error that says where it is."""


class FunctionCompiler(Loops):
    """Emits one function for arguments of known kinds."""

    def __init__(self, program: Program, text: Text, function: ir.Function, kinds: tuple[Kind, ...], widened: dict[str, Kind]):
        self.program, self.text, self.function, self.widened = program, text, function, widened
        self.entry = function.append_basic_block("entry")
        self.builder: Any = ir.IRBuilder(function.append_basic_block("body"))
        self.machine = Machine(self.builder, program.width, exact=_is_exact(text.node))
        self.places: dict[str, tuple[Any, Kind]] = {}
        self.static: dict[str, Any] = {}
        self.loops: list[Loop | None] = []
        self.sure: set[str] = set()
        names = [a.arg for a in text.node.args.args]
        if len(names) != len(kinds):
            raise LanguageError(f"`{text.node.name}` takes {len(names)} arguments, not {len(kinds)}")
        for name, kind, argument in zip(names, kinds, function.args, strict=True):
            self.set(name, Value(kind, argument))

    def emit(self) -> None:
        """Write the body."""
        self.block(self.text.node.body)
        if not self.builder.block.is_terminated:
            self.give_back(None)
        first = self.function.blocks[1]
        ir.IRBuilder(self.entry).branch(first)

    def fault(self, node: ast.AST, message: str) -> LanguageError:
        line = getattr(node, "lineno", "?")
        return Placed(f"{self.text.place}, `{self.text.node.name}`, line {line}: {message}: {ast.unparse(node)[:120]}")

    # ---- names -----------------------------------------------------------------------------------------------------
    def set(self, name: str, value: Value) -> None:
        """Give a name a value."""
        if name in self.static:
            raise LanguageError(f"`{name}` is a static loop variable and cannot be assigned")
        if name not in self.places:
            kind = self.widened.get(name, value.kind)
            self.places[name] = (self.stack(machine_type(kind, self.program.width)), kind)
        place, kind = self.places[name]
        wider = joined(kind, value.kind)
        if wider != kind:
            raise Widened(name, wider)
        self.builder.store(self.machine.held(value, kind), place)
        self.sure.add(name)

    def stack(self, kind: ir.Type):
        """A place on the stack, made once at the beginning of the function."""
        builder = ir.IRBuilder(self.entry)
        builder.position_at_start(self.entry)
        return builder.alloca(kind)

    # ---- statements ------------------------------------------------------------------------------------------------
    def block(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            if self.builder.block.is_terminated:
                return
            handler = getattr(self, f"do_{type(statement).__name__}", None)
            if handler is None:
                raise self.fault(statement, "no such statement in the lane language")
            try:
                handler(statement)
            except LanguageError as error:
                raise error if isinstance(error, Placed) else self.fault(statement, str(error)) from error

    def do_Pass(self, node: ast.Pass) -> None:
        return

    def do_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.value(node.value)

    def do_Assign(self, node: ast.Assign) -> None:
        if len(node.targets) != 1:
            raise self.fault(node, "one target per assignment")
        self.assign(node.targets[0], node.value)

    def assign(self, target: ast.expr, source: ast.expr) -> None:
        if isinstance(target, ast.Tuple):
            values = self.several(source)
            if len(values) != len(target.elts):
                raise self.fault(source, f"{len(values)} values for {len(target.elts)} names")
            for part, value in zip(target.elts, values, strict=True):
                self.put(part, value)
        else:
            self.put(target, self.value(source))

    def several(self, source: ast.expr) -> list[Value]:
        """The values of a tuple, all computed before any is assigned."""
        if isinstance(source, ast.Tuple):
            return [self.value(part) for part in source.elts]
        value = self.value(source)
        if not isinstance(value.kind, Several):
            raise self.fault(source, "not a tuple")
        return [Value(kind, self.builder.extract_value(value.held, i)) for i, kind in enumerate(value.kind.kinds)]

    def put(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            self.set(target.id, value)
        elif isinstance(target, ast.Subscript):
            self.store(target, value)
        else:
            raise self.fault(target, "cannot be assigned")

    def do_AugAssign(self, node: ast.AugAssign) -> None:
        load = ast.copy_location(ast.BinOp(_loaded(node.target), node.op, node.value), node)
        self.assign(node.target, load)

    def do_Return(self, node: ast.Return) -> None:
        self.give_back(node.value)

    def give_back(self, node: ast.expr | None) -> None:
        wanted = self.widened.get("return", NOTHING)
        if node is None:
            if wanted != NOTHING:
                raise LanguageError(f"`{self.text.node.name}` returns a value on some ways only")
            self.builder.ret_void()
            return
        values = self.several(node) if isinstance(node, ast.Tuple) else [self.value(node)]
        own = values[0].kind if len(values) == 1 else Several(tuple(_plain(value.kind) for value in values))
        kind = own if wanted == NOTHING else joined(wanted, own)
        if kind != wanted:
            raise Widened("return", kind)
        parts = kind.kinds if isinstance(kind, Several) and len(values) > 1 else (kind,)
        held = [self.machine.held(value, part) for value, part in zip(values, parts, strict=True)]
        self.builder.ret(held[0] if len(held) == 1 else self.packed(kind, held))

    def packed(self, kind: Kind, held: list):
        group = ir.Constant(machine_type(kind, self.program.width), ir.Undefined)
        for i, value in enumerate(held):
            group = self.builder.insert_value(group, value, i)
        return group

    def do_If(self, node: ast.If) -> None:
        decided = self.decided(node.test)
        if decided is not None:
            self.block(node.body if decided else node.orelse)
            return
        yes, no, after = (self.function.append_basic_block(name) for name in ("yes", "no", "after"))
        self.builder.cbranch(self.truth(node.test), yes, no)
        before, ways = self.sure, []
        for block, body in ((yes, node.body), (no, node.orelse)):
            self.builder.position_at_end(block)
            self.sure = set(before)
            self.block(body)
            if not self.builder.block.is_terminated:
                self.builder.branch(after)
                ways.append(self.sure)
        self.builder.position_at_end(after)
        self.sure = set.intersection(*ways) if ways else before
        if not ways:
            self.builder.unreachable()

    # ---- conditions ------------------------------------------------------------------------------------------------
    def truth(self, node: ast.expr):
        """A uniform condition."""
        value = self.value(node)
        if value.kind == WHOLE:
            value = self.compared("!=", value, known(0))
        if value.kind != TRUTH:
            raise self.fault(node, f"a {value.kind} as condition; ask `any(...)` or use `select`")
        return self.machine.held(value, TRUTH)

    def decided(self, node: ast.expr) -> bool | None:
        """Whether a condition holds, if that is known while compiling."""
        value = self.constant(node)
        return None if value is None else bool(value)


def _is_exact(node: ast.FunctionDef) -> bool:
    return any(isinstance(mark, ast.Name) and mark.id == "exact" for mark in node.decorator_list)


def _loaded(target: ast.expr) -> ast.expr:
    copied = ast.parse(ast.unparse(target), mode="eval").body
    return ast.copy_location(copied, target)


def _plain(kind: Kind):
    if not isinstance(kind, Scalar):
        raise LanguageError(f"a {kind} inside a returned tuple")
    return kind
