"""One function of the lane language, from its syntax tree to LLVM instructions: statements.

Every name is a place on the stack that LLVM turns into registers. A name takes the widest kind that is assigned to it; when that is
found out too late, the function is begun again (`Widened`).
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from llvmlite import ir

from remission.engine.language.expressions import Expressions
from remission.engine.language.kinds import (
    NOTHING,
    TRUTH,
    WHOLE,
    WORD,
    Kind,
    LanguageError,
    Scalar,
    Several,
    joined,
    machine_type,
)
from remission.engine.language.values import Machine, Value, known

if TYPE_CHECKING:
    from remission.engine.language.program import Program, Text


class Widened(Exception):
    """A name (or what is returned) needs a wider kind than it was given."""

    def __init__(self, name: str, kind: Kind):
        super().__init__(name)
        self.name, self.kind = name, kind


class FunctionCompiler(Expressions):
    """Emits one function for arguments of known kinds."""

    def __init__(self, program: Program, text: Text, function: ir.Function, kinds: tuple[Kind, ...], widened: dict[str, Kind]):
        self.program, self.text, self.function, self.widened = program, text, function, widened
        self.entry = function.append_basic_block("entry")
        self.builder: Any = ir.IRBuilder(function.append_basic_block("body"))
        self.machine = Machine(self.builder, program.width, exact=_is_exact(text.node))
        self.places: dict[str, tuple[Any, Kind]] = {}
        self.static: dict[str, Any] = {}
        self.loops: list[tuple[ir.Block, ir.Block]] = []
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
        return LanguageError(f"{self.text.place}, `{self.text.node.name}`, line {line}: {message}: {ast.unparse(node)[:120]}")

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
                raise error if "line" in str(error) else self.fault(statement, str(error)) from error

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
        ways = 0
        for block, body in ((yes, node.body), (no, node.orelse)):
            self.builder.position_at_end(block)
            self.block(body)
            if not self.builder.block.is_terminated:
                self.builder.branch(after)
                ways += 1
        self.builder.position_at_end(after)
        if ways == 0:
            self.builder.unreachable()

    def do_While(self, node: ast.While) -> None:
        test, body, after = (self.function.append_basic_block(name) for name in ("test", "turn", "after"))
        self.builder.branch(test)
        self.builder.position_at_end(test)
        forever = self.decided(node.test)
        if forever:
            self.builder.branch(body)
        else:
            self.builder.cbranch(self.truth(node.test), body, after)
        self.turn(node.body, body, test, after)
        if forever and not any(isinstance(inner, ast.Break) for inner in ast.walk(node)):
            self.builder.unreachable()

    def turn(self, statements: list[ast.stmt], body: ir.Block, again: ir.Block, after: ir.Block) -> None:
        self.loops.append((again, after))
        self.builder.position_at_end(body)
        self.block(statements)
        if not self.builder.block.is_terminated:
            self.builder.branch(again)
        self.loops.pop()
        self.builder.position_at_end(after)

    def do_For(self, node: ast.For) -> None:
        call = node.iter
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and isinstance(node.target, ast.Name)):
            raise self.fault(node.iter, "loops run over `range` or `static(range(...))`")
        if call.func.id == "static":
            self.static_loop(node, node.target.id, call)
            return
        if call.func.id != "range":
            raise self.fault(node.iter, "loops run over `range`")
        bounds = [self.machine.held(self.value(a), WHOLE) for a in call.args]
        first, last = (ir.Constant(WORD, 0), bounds[0]) if len(bounds) == 1 else bounds[:2]
        step = bounds[2] if len(bounds) == 3 else ir.Constant(WORD, 1)
        counter = self.stack(WORD)
        self.builder.store(first, counter)
        test, body, again, after = (self.function.append_basic_block(name) for name in ("test", "turn", "again", "after"))
        self.builder.branch(test)
        self.builder.position_at_end(test)
        count = self.builder.load(counter)
        self.builder.cbranch(self.builder.icmp_signed("<", count, last), body, after)
        self.builder.position_at_end(again)
        self.builder.store(self.builder.add(self.builder.load(counter), step, flags=("nsw",)), counter)
        self.builder.branch(test)
        self.builder.position_at_end(body)
        self.set(node.target.id, Value(WHOLE, count))
        self.turn(node.body, body, again, after)

    def static_loop(self, node: ast.For, name: str, call: ast.Call) -> None:
        """A loop that is written out, its variable known each time."""
        inner = call.args[0]
        if not isinstance(inner, ast.Call):
            raise self.fault(node.iter, "`static` takes a `range`")
        bounds = [self.value(a) for a in inner.args]
        if not all(bound.is_known for bound in bounds):
            raise self.fault(node.iter, "the bounds of a static loop must be constants")
        for number in range(*(int(bound.constant) for bound in bounds)):
            self.static[name] = number
            self.block(node.body)
        self.static.pop(name, None)

    def do_Break(self, node: ast.Break) -> None:
        self.builder.branch(self.loops[-1][1])

    def do_Continue(self, node: ast.Continue) -> None:
        self.builder.branch(self.loops[-1][0])

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
