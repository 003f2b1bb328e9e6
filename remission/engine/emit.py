"""From nodes to source text: loops over lesions and clones instead of writing each out.

A sum over lesions ends one loop over lesions, a sum over clones one loop over clones; what a later loop needs of an earlier one
is computed again there. Values of patient scope are computed once, before the loop that first needs them. A value that is used
once, where it is computed, stands in the expression that uses it; any other has a name.

A vector of patients runs the text in step, and a patient with fewer lesions than others has nothing in the rest of the loop:
`alive` says who has lesion `l`, and what those without it would add to a sum or store is left out.
"""

from __future__ import annotations

from collections import Counter

from remission.engine.places import INDENT
from remission.engine.sinks import Function, Sink
from remission.model.derivatives import all_nodes
from remission.model.expression import BINARY, Node, is_constant

LONGEST = 110
STRENGTH = {"add": 1, "subtract": 1, "multiply": 2, "divide": 2}
CALL, PRODUCT, SUM = 4, 2, 1


def depth(node: Node, barrier: str, known: dict[int, int]) -> int:
    """How many sums of this kind lie below a node, one inside the other."""
    if node.number not in known:
        for inner in all_nodes(node):
            step = 1 if inner.op == barrier else 0
            known[inner.number] = max((known[a.number] for a in inner.args), default=0) + step
    return known[node.number]


def body_of(function: Function) -> list[str]:
    """The lines of a function."""
    return _Body(function).lines()


class _Body:
    """One pass over the sinks; `memo` maps (node, clone variable) to the text that holds it and how strongly that text binds."""

    def __init__(self, function: Function):
        self.f, self.places, self.system = function, function.places, function.places.system
        self.levels: dict[int, int] = {}
        self.sublevels: dict[int, int] = {}
        self.patient_memo: dict = {}
        self.patient_lines: list[str] = []
        self.counter = 0
        self.zero = "0.0" if self.places.lane else "lane_of(0.0)"
        self.single = set() if function.late else self._single()

    def _single(self) -> set[int]:
        """Nodes that are used once, by something computed in the same loop."""
        uses: Counter = Counter()
        for node in self._reached():
            if node.number in self.places.stored:
                continue
            inner = {"total_lesion": 2, "total_clone": 3, "shift": 0}.get(node.op, node.scope)
            uses.update({a.number: 1 if a.scope == inner else 2 for a in node.args} if len(set(node.args)) == len(node.args) else {})
            if len(set(node.args)) < len(node.args):
                uses.update(a.number for a in node.args)
        for sink in self.f.sinks:
            for node in (sink.node, sink.right):
                if node is not None:
                    uses[node.number] += 1 if node.scope == sink.scope else 2
        return {number for number, count in uses.items() if count == 1}

    def _reached(self) -> list[Node]:
        """What the sinks need, down to what is stored."""
        order, seen, stack = [], set(), list(self.f.nodes())
        while stack:
            node = stack.pop()
            if node.number not in seen:
                seen.add(node.number)
                order.append(node)
                stack.extend(() if node.number in self.places.stored else node.args)
        return order

    # ---- the order of loops ----------------------------------------------------------------------------------------
    def lines(self) -> list[str]:
        totals = self._totals(self.f.nodes(), "total_lesion")
        last = max([self._level(n) for n in self.f.nodes()], default=0)
        inner = [s for s in self.f.sinks if s.scope > 1]
        for k in range(last + 1):
            ends = [t for t in totals if self._level(t) == k + 1]
            here = [s for s in inner if (last if self.f.late or self.f.gathered else self._sink_level(s)) == k]
            if k == last:
                self._patient_stores(first=True)
                self.patient_lines += self.f.before
            opening = self.f.opening if k == 0 else []
            if ends or here or opening:
                self._lesion_loop(ends, here, opening)
        self._patient_stores(first=False)
        return self.patient_lines

    def _patient_stores(self, first: bool) -> None:
        sinks = [s for s in self.f.sinks if s.scope == 1 and s.first == first]
        if self.f.late:
            self.patient_lines += [line for s, value in [(s, self.text(s.node)) for s in sinks] for line in s.store(value).splitlines()]
            return
        for s in sinks:
            value = self.text(s.node)
            self.patient_lines += s.store(value).splitlines()

    def _totals(self, nodes: list[Node], op: str) -> list[Node]:
        return [n for n in all_nodes(*nodes) if n.op == op] if nodes else []

    def _level(self, node: Node) -> int:
        return depth(node, "total_lesion", self.levels)

    def _sink_level(self, sink: Sink) -> int:
        return max(self._level(n) for n in (sink.node, sink.right) if n is not None)

    def _sublevel(self, node: Node) -> int:
        return depth(node, "total_clone", self.sublevels)

    def _lesion_loop(self, ends: list[Node], sinks: list[Sink], opening: list[str]) -> None:
        self.lesion_memo, self.lesion_lines = {}, list(opening)
        targets = [t.args[0] for t in ends] + [n for s in sinks for n in (s.node, s.right) if n is not None]
        sums = self._totals(targets, "total_clone")
        last = max([self._sublevel(t) for t in targets], default=0)
        deep = [s for s in sinks if s.scope > 2]
        for j in range(last + 1):
            closing = [t for t in sums if self._sublevel(t) == j + 1]
            here = [s for s in deep if (last if self.f.late else self._pair_sublevel(s)) == j]
            if closing or here:
                self._clone_loop(closing, here)
        for total in ends:
            self._close(total)
        self._lesion_stores([s for s in sinks if s.scope == 2])
        self.lesion_lines += self.f.closing if sinks else []
        guard = "if lesion < 0 or lesion == l:" if self.f.only_lesion and sinks else None
        body = [guard, *(INDENT + line for line in self.lesion_lines)] if guard else self.lesion_lines
        opened = self.places.opening(body)
        if any("alive" in line for line in body):
            opened.append("alive = l < lesions")
        self.patient_lines += ["for l in range(L):", *(INDENT + line for line in (*opened, *body))]

    def _lesion_stores(self, sinks: list[Sink]) -> None:
        if self.f.late:
            values = [self.text(s.node) for s in sinks]
            self.lesion_lines += [s.store(value) for s, value in zip(sinks, values, strict=True)]
            return
        for s in sinks:
            value = self.text(s.node)
            self.lesion_lines += s.store(value).splitlines()

    def _close(self, total: Node) -> None:
        """Adds what one lesion gives to a sum over lesions."""
        name, value = self._fresh("s"), self.value(total.args[0])
        self.patient_lines.append(f"{name} = {self.zero}")
        self.patient_memo[total.number, ""] = name, CALL
        added = f"{name} + {self._bound(value, SUM)}"
        self.lesion_lines.append(f"{name} = select(alive, {added}, {name})" if self.f.masked else f"{name} = {added}")

    def _pair_sublevel(self, sink: Sink) -> int:
        return max(self._sublevel(n) for n in (sink.node, sink.right) if n is not None)

    def _clone_loop(self, closing: list[Node], sinks: list[Sink]) -> None:
        self.clone_memo, self.clone_lines = {}, []
        names = []
        for total in closing:
            name = self._fresh("s")
            names.append(name)
            self.lesion_lines.append(f"{name} = {self.zero}")
            self.clone_lines.append(f"{name} = {name} + {self._bound(self.value(total.args[0]), SUM)}")
        for s in sinks:
            if s.scope == 3 and not self.f.late:
                self.clone_lines.append(s.store(self.text(s.node)))
        late = [s.store(self.text(s.node)) for s in sinks if s.scope == 3 and self.f.late]
        pairs = [line for s in sinks if s.right is not None for line in self._pair_loop(s, s.right)]
        self.clone_lines += late + pairs
        self.lesion_lines += [f"for j in range({self.system.n_clones}):", *(INDENT + line for line in self.clone_lines)]
        self.lesion_memo.update({(t.number, ""): (name, CALL) for t, name in zip(closing, names, strict=True)})

    def _pair_loop(self, sink: Sink, other: Node) -> list[str]:
        left = self._bound(self.value(sink.node), PRODUCT)
        outer = self.clone_lines
        self.clone_lines = []
        right = self._bound(self.value(other, "k"), PRODUCT + 1)
        lines = [f"for k in range({self.system.n_clones}):", *(INDENT + x for x in (*self.clone_lines, sink.store(f"{left} * {right}")))]
        self.clone_lines = outer
        for key in [key for key in self.clone_memo if key[1] == "k"]:
            del self.clone_memo[key]
        return lines

    # ---- values ----------------------------------------------------------------------------------------------------
    def _fresh(self, letter: str = "v") -> str:
        self.counter += 1
        return f"{letter}{self.counter}"

    def _place(self, node: Node) -> tuple[dict, list[str]]:
        if node.scope <= 1:
            return self.patient_memo, self.patient_lines
        return (self.lesion_memo, self.lesion_lines) if node.scope == 2 else (self.clone_memo, self.clone_lines)

    def text(self, node: Node, clone: str = "j") -> str:
        return self.value(node, clone)[0]

    def value(self, node: Node, clone: str = "j") -> tuple[str, int]:
        """The text that holds a node and how strongly it binds, computing what is missing on the way."""
        for inner in self._pending(node, clone):
            self._write(inner, clone)
        return self._held(node, clone)

    def _pending(self, node: Node, clone: str) -> list[Node]:
        """Nodes below this one that have no text yet, arguments first; a shift hides what is below it."""
        order, seen, stack = [], set(), [(node, False)]
        while stack:
            current, expanded = stack.pop()
            if expanded:
                order.append(current)
                continue
            if current.number in seen or is_constant(current) or self._key(current, clone) in self._place(current)[0]:
                continue
            seen.add(current.number)
            stack.append((current, True))
            if current.op != "shift" and current.number not in self.places.stored:
                stack.extend((a, False) for a in reversed(current.args))
        return order

    def _key(self, node: Node, clone: str) -> tuple[int, str]:
        return (node.number, clone if node.scope == 3 else "")

    def _held(self, node: Node, clone: str) -> tuple[str, int]:
        if is_constant(node):
            return repr(node.data), CALL if node.data >= 0 else PRODUCT
        return self._place(node)[0][self._key(node, clone)]

    def _write(self, node: Node, clone: str) -> None:
        memo, _ = self._place(node)
        text, strength = self._text(node, clone)
        if node.number in self.single and len(text) <= LONGEST:
            memo[self._key(node, clone)] = text, strength
            return
        name = self._fresh()
        self._place(node)[1].append(f"{name} = {text}")
        memo[self._key(node, clone)] = name, CALL

    def _bound(self, held: tuple[str, int], strength: int) -> str:
        """A text in brackets unless it binds at least this strongly."""
        return held[0] if held[1] >= strength else f"({held[0]})"

    def _text(self, node: Node, clone: str) -> tuple[str, int]:
        if node.number in self.places.stored or not node.args:
            return self.places.symbol(node, clone), CALL
        if node.op == "shift":
            return self._shift(node, clone), CALL
        held = [self._held(x, clone) for x in node.args]
        if node.op in BINARY:
            strength = STRENGTH[node.op]
            right = strength if node.op == "add" and held[1][1] == CALL else strength + 1
            return f"{self._bound(held[0], strength)} {BINARY[node.op]} {self._bound(held[1], right)}", strength
        if node.op == "negate":
            return f"-{self._bound(held[0], CALL)}", PRODUCT
        name = f"select_{node.data}" if node.op == "where" else node.op
        return f"{name}({', '.join(text for text, _ in held)})", CALL

    def _shift(self, node: Node, clone: str) -> str:
        """The value in the clone one trait away, computed there; 0 where there is none."""
        table = self.places.shift(node)
        other = self._fresh("m")
        self.clone_lines.append(f"{other} = {table}_AT[{clone}]")
        inner = self.text(node.args[0], other)
        return f"({inner} if {table}[{clone}] >= 0 else 0.0)"
