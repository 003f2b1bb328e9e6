"""Loops of the lane language: over counted ranges, written out, or while a condition holds.

After a loop a name has a value only if it has one on every way that leads out of it.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from llvmlite import ir

from remission.engine.language.expressions import Expressions
from remission.engine.language.kinds import WHOLE, WORD
from remission.engine.language.values import Value


@dataclass
class Loop:
    """Where `continue` and `break` go, and the names that had values wherever the loop was left by `break`."""

    again: ir.Block
    after: ir.Block
    left: list[set[str]] = field(default_factory=list)


class Loops(Expressions):
    """What `FunctionCompiler` knows of loops."""

    loops: list[Loop | None]

    def set(self, name: str, value: Value) -> None:
        raise NotImplementedError

    def block(self, statements: list[ast.stmt]) -> None:
        raise NotImplementedError

    def decided(self, node: ast.expr) -> bool | None:
        raise NotImplementedError

    def do_While(self, node: ast.While) -> None:
        self.without_else(node)
        test, body, after = (self.function.append_basic_block(name) for name in ("test", "turn", "after"))
        self.builder.branch(test)
        self.builder.position_at_end(test)
        forever = bool(self.decided(node.test))
        if forever:
            self.builder.branch(body)
        else:
            self.builder.cbranch(self.truth(node.test), body, after)
        left = self.turn(node.body, body, Loop(test, after), [] if forever else [set(self.sure)])
        if not left:
            self.builder.unreachable()

    def turn(self, statements: list[ast.stmt], body: ir.Block, loop: Loop, left: list[set[str]]) -> list[set[str]]:
        """The body of a loop; `left`: names that have values where the loop ends by its own condition. Returns one set for each
        way that leads out of it."""
        before = set(self.sure)
        self.loops.append(loop)
        self.builder.position_at_end(body)
        self.block(statements)
        if not self.builder.block.is_terminated:
            self.builder.branch(loop.again)
        self.loops.pop()
        self.builder.position_at_end(loop.after)
        ways = left + loop.left
        self.sure = set.intersection(*ways) if ways else before
        return ways

    def do_For(self, node: ast.For) -> None:
        self.without_else(node)
        call = node.iter
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and isinstance(node.target, ast.Name)):
            raise self.fault(node.iter, "loops run over `range` or `static(range(...))`")
        if call.func.id == "static":
            self.static_loop(node, node.target.id, call)
            return
        if call.func.id != "range" or not 1 <= len(call.args) <= 3:
            raise self.fault(node.iter, "loops run over `range`")
        self.counted_loop(node, node.target.id, call)

    def counted_loop(self, node: ast.For, name: str, call: ast.Call) -> None:
        """A loop over a range that counts upward."""
        bounds = [self.machine.held(self.value(a), WHOLE) for a in call.args[:2]]
        first, last = (ir.Constant(WORD, 0), bounds[0]) if len(bounds) == 1 else bounds
        step, counter = ir.Constant(WORD, self.step(call)), self.stack(WORD)
        self.builder.store(first, counter)
        test, body, again, after = (self.function.append_basic_block(name) for name in ("test", "turn", "again", "after"))
        self.builder.branch(test)
        self.builder.position_at_end(test)
        count = self.builder.load(counter)
        self.builder.cbranch(self.builder.icmp_signed("<", count, last), body, after)
        self.builder.position_at_end(again)
        self.builder.store(self.builder.add(self.builder.load(counter), step, flags=("nsw",)), counter)
        self.builder.branch(test)
        before = set(self.sure)
        self.builder.position_at_end(body)
        self.set(name, Value(WHOLE, count))
        self.turn(node.body, body, Loop(again, after), [before])

    def step(self, call: ast.Call) -> int:
        """The step of a range, which has to be known."""
        step = self.constant(call.args[2]) if len(call.args) == 3 else 1
        if not isinstance(step, int) or step < 1:
            raise self.fault(call, "the step of a range is a constant above 0; count upward and take the place from the end")
        return step

    def static_loop(self, node: ast.For, name: str, call: ast.Call) -> None:
        """A loop that is written out, its variable known each time."""
        inner = call.args[0] if len(call.args) == 1 else None
        if not (isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id == "range"):
            raise self.fault(node.iter, "`static` takes a `range`")
        bounds = [self.value(a) for a in inner.args]
        if not all(bound.is_known for bound in bounds):
            raise self.fault(node.iter, "the bounds of a static loop must be constants")
        if name in self.static:
            raise self.fault(node, f"`{name}` counts a static loop around this one")
        self.loops.append(None)
        for number in range(*(int(bound.constant) for bound in bounds)):
            self.static[name] = number
            self.block(node.body)
        self.loops.pop()
        self.static.pop(name, None)
        self.sure.discard(name)

    def without_else(self, node: ast.For | ast.While) -> None:
        if node.orelse:
            raise self.fault(node.orelse[0], "`else` of a loop; write it after the loop, under a condition")

    def do_Break(self, node: ast.Break) -> None:
        loop = self.innermost(node)
        loop.left.append(set(self.sure))
        self.builder.branch(loop.after)

    def do_Continue(self, node: ast.Continue) -> None:
        self.builder.branch(self.innermost(node).again)

    def innermost(self, node: ast.stmt) -> Loop:
        """The loop that a `break` or `continue` acts on."""
        loop = self.loops[-1] if self.loops else None
        if loop is None:
            raise self.fault(node, "no loop to leave or to go on with; a `static` loop is written out, use a plain one")
        return loop
